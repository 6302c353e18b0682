"""Views of handwriting on paper, with their exact ink."""

from collections import Counter

import cv2
import numpy as np
import pytest

from tests.ink_files import inks_in
from train.eyes import views
from train.eyes.fonts import printed_text
from train.eyes.prints import PARTS, with_print
from train.eyes.surfaces import desk, noise, paper
from train.eyes.views import View, random_view, visible
from train.eyes.writing import Pen, random_pen, random_written, write, written

SEEDS = range(60)


@pytest.fixture(scope="module")
def inks(tmp_path_factory):
    """Ink of two contributors."""
    return inks_in(tmp_path_factory.mktemp("inks"))


@pytest.fixture(scope="module")
def found(inks):
    """A view for each seed."""
    return [random_view(inks, np.random.default_rng(seed), 128) for seed in SEEDS]


def test_it_works(found):
    """A view has a picture and two masks of its size."""
    for view in found:
        assert view.picture.shape == (128, 128, 3)
        for mask in (view.ink, view.body):
            assert mask.shape == (128, 128)
            assert set(np.unique(mask)) <= {0, 255}


def test_the_same_seed_gives_the_same_view(inks, found):
    """The same seed gives the same view, byte for byte."""
    again = random_view(inks, np.random.default_rng(7), 128)
    for name in ("picture", "ink", "body"):
        assert np.array_equal(getattr(again, name), getattr(found[7], name))


def test_ink_can_be_seen(found):
    """The ink of every view is visible, and most views have ink."""
    written = [view for view in found if view.ink.any()]
    assert len(found) * 0.7 < len(written) < len(found)
    assert all(visible(view) for view in written)


def test_bodies_lie_on_the_writing(found):
    """Bodies lie on or near ink, except for one view in twenty, which may cut the ink off."""
    shares = [
        float((cv2.dilate(view.ink, np.ones((61, 61), np.uint8))[view.body > 0] > 0).mean())
        for view in found
        if view.body.any()
    ]
    assert np.quantile(shares, 0.05) > 0.75


def test_views_are_of_all_kinds(found):
    """Views vary from dark to light, and from little ink to much."""
    levels = [float(view.picture.mean()) for view in found]
    shares = [float((view.ink > 0).mean()) for view in found]
    assert min(levels) < 80 < 180 < max(levels)
    assert min(shares) == 0
    assert max(shares) > 0.1


def test_what_cannot_be_seen_is_made_anew(inks, monkeypatch):
    """A view with invisible ink is generated again."""
    grey = np.full((32, 32, 3), 128, np.uint8)
    ink = np.zeros((32, 32), np.uint8)
    ink[10:20, 15:17] = 255
    faint = grey.copy()
    faint[ink > 0] += 3
    plain = grey.copy()
    plain[ink > 0] = 40
    coming = iter([View(faint, ink, ink), View(plain, ink, ink)])
    monkeypatch.setattr(views, "_view", lambda *taken: next(coming))
    assert random_view(inks, np.random.default_rng(0)).picture is plain


@pytest.mark.parametrize("make", [paper, desk])
@pytest.mark.parametrize("seed", range(12))
def test_surfaces_are_pictures(make, seed):
    """Surfaces are finite pictures of three colours and of the requested shape."""
    surface = make((60, 80), np.random.default_rng(seed))
    assert surface.shape == (60, 80, 3)
    assert surface.dtype == np.float32
    assert np.isfinite(surface).all()


@pytest.mark.parametrize("part", [part for _, part in PARTS], ids=lambda part: part.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_parts_cover_some_of_the_paper(part, seed):
    """The cover of a part is 0 to 1 and leaves some of the paper bare."""
    cover = part((128, 128), 30.0, np.random.default_rng(seed))
    assert cover.shape == (128, 128)
    assert cover.min() >= 0
    assert cover.max() <= 1 + 1e-6
    assert cover.mean() < 0.9


def test_every_part_comes_about():
    """Each part changes the sheet for some seed."""
    sheet = np.full((96, 96, 3), 240, np.float32)
    changed = [
        bool((with_print(sheet, 20.0, np.random.default_rng(seed)) != sheet).any())
        for seed in range(30)
    ]
    assert 15 < sum(changed) <= 30
    for _, part in PARTS:
        assert any(part((96, 96), 20.0, np.random.default_rng(seed)).any() for seed in range(6))


def test_noise_has_mean_0_and_deviation_1():
    """Noise has mean 0 and deviation 1 at any scale that fits."""
    for scale in (0.5, 1, 4, 15):
        one = noise((200, 300), scale, np.random.default_rng(1))
        assert one.shape == (200, 300)
        assert abs(float(one.mean())) < 0.35
        assert 0.6 < float(one.std()) < 1.4


def test_print_has_words_and_numbers():
    """Printed texts include many words and many numbers, and none is empty."""
    texts = [printed_text(np.random.default_rng(seed)) for seed in range(200)]
    assert all(text.strip() for text in texts)
    assert 40 < sum(any(c.isdigit() for c in text) for text in texts) < 160


def test_writing_is_where_it_was_put(inks):
    """The ink is between the ends of its line, and the body in the middle of its height."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        line = random_written(inks, rng)
        size = 40.0
        matrix = np.array([[size, 0, 30.0], [0, size, 120.0]])
        shape = (240, round(60 + size * max(line.width, 1)))
        ink, wanted, body = write(shape, [(line, matrix)], Pen(0.08, 0.0, 0.0, 0.0), rng)
        assert ink.max() > 0.9
        assert np.array_equal(wanted, ink)
        columns = np.flatnonzero((ink > 0.5).any(axis=0))
        assert columns.min() > 30 - 0.3 * size
        assert columns.max() < 30 + (line.width + 0.3) * size
        assert body.any()


def test_a_hairline_is_faint_and_still_to_be_found(inks):
    """A line thinner than a pixel has a faint cover, but the ink to find is its whole width."""
    rng = np.random.default_rng(0)
    line = written("305", inks, False, rng)
    matrix = np.array([[30.0, 0, 20.0], [0, 30.0, 100.0]])
    ink, wanted, _ = write((200, 900), [(line, matrix)], Pen(0.01, 0, 0, 0), rng)
    assert (wanted >= ink).all()
    assert wanted[ink > 0].mean() > 1.4 * ink[ink > 0].mean()


def test_a_wide_gap_parts_a_body(inks):
    """A wide gap divides a body."""
    rng = np.random.default_rng(0)
    counts = Counter()
    for _ in range(60):
        line = random_written(inks, rng)
        matrix = np.array([[20.0, 0, 20.0], [0, 20.0, 100.0]])
        body = write((200, 900), [(line, matrix)], Pen(0.1, 0, 0, 0), rng)[2]
        counts[cv2.connectedComponents((body > 0.5).astype(np.uint8))[0] - 1] += 1
    assert counts[1] > 30
    assert counts[2] > 0


def test_pens_are_of_all_widths():
    """The widths of pens range from a hairline to a marker."""
    widths = [random_pen(np.random.default_rng(seed)).width for seed in range(200)]
    assert min(widths) < 0.012
    assert max(widths) > 0.18
