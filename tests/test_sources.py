"""Sources of training samples: by row, never the same, and balanced by writer."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from support import hand
from train.augment.pixels import Augmentation
from train.augment.strokes import Warp
from train.data.nondigits import GENERATED, NOT_A_DIGIT, NonDigit
from train.data.strokes import StrokeSample
from train.digit import sources as sources_module
from train.digit.sources import (
    GlyphSource,
    NonDigitSource,
    Rendering,
    SpoiltGlyphSource,
    StrokeSource,
    balanced,
)
from webapp.recognition import glyph_of_strokes


def samples(writers):
    """Return samples, the given number by each writer."""
    return [
        StrokeSample(str(number % 10), writer, tuple(hand.strokes(number % 10)))
        for writer, count in writers.items()
        for number in range(count)
    ]


@pytest.fixture
def sources():
    """The ten digits as ready glyphs and as strokes."""
    ten = samples({"a": 10})
    ink = np.stack([glyph_of_strokes(sample.strokes) for sample in ten])[..., :1]
    return [
        GlyphSource(ink, np.arange(10), Augmentation()),
        StrokeSource(ten, Warp(), Rendering()),
    ]


@pytest.fixture
def spoilt():
    """Sources of non-digits: made of MNIST's pixels, and of strokes."""
    ten = samples({"a": 10})
    ink = np.stack([glyph_of_strokes(sample.strokes) for sample in ten])[..., :1]
    cross = NonDigit("letters", "X", "a", (np.eye(2), 1 - np.eye(2)))
    return [
        SpoiltGlyphSource(ink, 8, Augmentation()),
        NonDigitSource([cross] * 4, ten, 12, 2 * len(GENERATED), Warp(), Rendering()),
    ]


def test_both_kinds_give_varied_glyphs(sources):
    """Glyphs come in the order of the rows as (n, 28, 28, 5) uint8, and differ each time."""
    for source in sources:
        assert source.labels.tolist() == list(range(10))
        random = np.random.default_rng(0)
        rows = np.array([3, 3, 1])
        first, second = source.glyphs(rows, random), source.glyphs(rows, random)
        assert first.shape == (3, 28, 28, 5)
        assert first.dtype == np.uint8
        assert not np.array_equal(first, second)
        # A one has far less ink than a three, however varied.
        assert first[2, ..., 0].sum() < min(glyph[..., 0].sum() for glyph in first[:2])


def test_the_same_generator_gives_the_same_glyphs(sources):
    """The same generator gives the same glyphs."""
    for source in sources:
        one, same = (source.glyphs(np.arange(10), np.random.default_rng(4)) for _ in range(2))
        assert np.array_equal(one, same)


def test_a_busy_writer_is_capped():
    """A writer of a thousand digits counts little more than a writer of ten."""
    chosen = balanced(samples({"busy": 1000, "quiet": 10}), cap=20, per_epoch=300, seed=0)
    counts = Counter(sample.writer for sample in chosen)
    assert len(chosen) == 300
    assert counts["busy"] == pytest.approx(200, abs=25)


def test_samples_come_evenly():
    """If more samples are requested than there are, each occurs about equally often."""
    ten = samples({"a": 10})
    chosen = balanced(ten, cap=99, per_epoch=500, seed=1)
    assert set(Counter(sample.label for sample in chosen).values()) == {50}


def test_the_seed_decides_the_choice():
    """The same seed selects the same samples."""
    many = samples({"a": 50, "b": 50})
    one, same, other = (
        [id(s) for s in balanced(many, cap=10, per_epoch=20, seed=seed)] for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_what_is_no_digit_is_labelled_so(spoilt):
    """Every non-digit has ink and the label NOT_A_DIGIT."""
    for source in spoilt:
        assert set(source.labels) == {NOT_A_DIGIT}
        rows = np.arange(len(source.labels))
        glyphs = source.glyphs(rows, np.random.default_rng(2))
        assert glyphs.shape == (len(rows), 28, 28, 5)
        assert (glyphs[..., 0].max(axis=(1, 2)) > 0).all()


def test_pictures_have_no_direction(sources, spoilt):
    """Glyphs of MNIST have empty direction maps, glyphs of strokes mostly do not."""
    random = np.random.default_rng(0)
    for source in (sources[0], spoilt[0]):
        assert not source.glyphs(np.arange(8), random)[..., 1:].any()
    strokes = StrokeSource(samples({"a": 10}), Warp(), Rendering(undirected=0.5))
    directed = np.concatenate([strokes.glyphs(np.arange(10), random) for _ in range(10)])
    assert 30 < sum(glyph[..., 1:].any() for glyph in directed) < 70


def test_a_share_is_drawn_in_a_style(monkeypatch):
    """Half of the rows are drawn in a style, with the digit of the row."""
    asked = []

    def vertical(digit, random):
        asked.append(digit)
        return [np.array([[0.0, -0.5], [0.0, 0.5]])]

    monkeypatch.setattr(sources_module, "drawn", vertical)
    monkeypatch.setattr(sources_module, "warp", lambda strokes, *_: list(strokes))
    zeros_and_threes = [StrokeSample(d, "a", tuple(hand.strokes(int(d)))) for d in "03" * 50]
    source = StrokeSource(zeros_and_threes, Warp(), Rendering(), styled=0.5)
    rows = np.arange(100)
    glyphs = source.glyphs(rows, np.random.default_rng(0))
    narrow = (glyphs[..., 0] > 0).any(axis=1).sum(axis=1) < 10
    assert asked == [int(zeros_and_threes[row].label) for row in rows[narrow]]
    assert 30 < narrow.sum() < 70


@pytest.mark.parametrize("share", [0, 1])
def test_styles_get_no_second_flag(monkeypatch, share):
    """A digit drawn in a style gets no second flag or bar, a writer's digit may."""
    amounts = []

    def noted(strokes, label, amount, random):
        amounts.append(amount)
        return list(strokes)

    monkeypatch.setattr(sources_module, "warp", noted)
    amount = Warp(rotation=3, styles=0.25)
    source = StrokeSource(samples({"a": 10}), amount, Rendering(), styled=share)
    source.glyphs(np.arange(10), np.random.default_rng(0))
    assert amounts == [replace(amount, styles=0.0) if share else amount] * 10


def test_roughened_ink_keeps_its_maps():
    """Roughening makes ink paler and grainier, and keeps the direction maps."""
    ten = samples({"a": 10})
    still = Warp(*[0] * 10, backwards=0, retraced=0)
    clean, rough = (
        StrokeSource(ten, still, Rendering(pen=(2, 2), undirected=0, rough=share)).glyphs(
            np.arange(10), np.random.default_rng(1)
        )
        for share in (0, 1)
    )
    assert np.array_equal(clean[..., 1:], rough[..., 1:])
    assert not np.array_equal(clean[..., 0], rough[..., 0])
    assert np.abs(clean.astype(float) - rough)[..., 0].mean() < 30
