"""Sources: samples by row, never twice the same, no writer too often."""

from collections import Counter

import numpy as np
import pytest

from tests import hand
from train.augment import Augmentation
from train.sources import GlyphSource, StrokeSource, balanced
from train.strokes import StrokeSample
from train.warp import Warp
from webapp.recognition import glyph_of_strokes


def samples(writers):
    """As many samples of each writer as asked for."""
    return [
        StrokeSample(str(number % 10), writer, tuple(hand.strokes(number % 10)))
        for writer, count in writers.items()
        for number in range(count)
    ]


@pytest.fixture
def sources():
    """The ten digits as ready glyphs and as strokes."""
    ten = samples({"a": 10})
    glyphs = np.stack([glyph_of_strokes(sample.strokes) for sample in ten])
    return [GlyphSource(glyphs, np.arange(10), Augmentation()), StrokeSource(ten, Warp())]


def test_both_kinds_give_varied_glyphs(sources):
    """Rows come in the order asked for, as (n, 28, 28, 1) uint8, different each time."""
    for source in sources:
        assert source.labels.tolist() == list(range(10))
        random = np.random.default_rng(0)
        rows = np.array([3, 3, 1])
        first, second = source.glyphs(rows, random), source.glyphs(rows, random)
        assert first.shape == (3, 28, 28, 1)
        assert first.dtype == np.uint8
        assert not np.array_equal(first, second)
        # A one has far less ink than a three, however varied.
        assert first[2].sum() < min(first[0].sum(), first[1].sum())


def test_the_same_generator_gives_the_same_glyphs(sources):
    """All randomness is passed in."""
    for source in sources:
        one, same = (source.glyphs(np.arange(10), np.random.default_rng(4)) for _ in range(2))
        assert np.array_equal(one, same)


def test_a_busy_writer_is_capped():
    """One who wrote a thousand digits counts little more than one who wrote ten."""
    chosen = balanced(samples({"busy": 1000, "quiet": 10}), cap=20, per_epoch=300, seed=0)
    counts = Counter(sample.writer for sample in chosen)
    assert len(chosen) == 300
    assert counts["busy"] == pytest.approx(200, abs=25)


def test_samples_come_evenly():
    """Asked for more than there are, each comes about equally often."""
    ten = samples({"a": 10})
    chosen = balanced(ten, cap=99, per_epoch=500, seed=1)
    assert set(Counter(sample.label for sample in chosen).values()) == {50}


def test_the_seed_decides_the_choice():
    """The same seed chooses the same samples."""
    many = samples({"a": 50, "b": 50})
    one, same, other = (
        [id(s) for s in balanced(many, cap=10, per_epoch=20, seed=seed)] for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
