"""Augmentation of glyphs as images."""

import numpy as np
import pytest

from support import hand
from train.augment.pixels import Augmentation, augment, roughen
from webapp.recognition import glyph_of_strokes

NOTHING = Augmentation(rotation=0, shear=0, scale=0, shift=0, elastic=0, pen=0)


@pytest.fixture(scope="module")
def glyphs():
    """Ten hand-drawn digits."""
    return np.stack([glyph_of_strokes(hand.strokes(digit)) for digit in range(10)])[..., :1]


def rng(seed=0):
    """Return a new generator."""
    return np.random.default_rng(seed)


def test_it_works(glyphs):
    """Shape and dtype are kept, every glyph changes, and its ink remains."""
    varied = augment(glyphs, Augmentation(), rng())
    assert varied.shape == glyphs.shape
    assert varied.dtype == np.uint8
    for before, after in zip(glyphs, varied, strict=True):
        assert not np.array_equal(before, after)
        assert 0.4 < after.sum() / before.sum() < 2.2


def test_the_input_is_left_alone(glyphs):
    """The input is not modified."""
    before = glyphs.copy()
    augment(glyphs, Augmentation(), rng())
    assert np.array_equal(glyphs, before)


def test_the_same_seed_gives_the_same_glyphs(glyphs):
    """The same seed gives the same glyphs."""
    assert np.array_equal(
        augment(glyphs, Augmentation(), rng(3)), augment(glyphs, Augmentation(), rng(3))
    )
    assert not np.array_equal(
        augment(glyphs, Augmentation(), rng(3)), augment(glyphs, Augmentation(), rng(4))
    )


def test_no_amount_changes_nothing(glyphs):
    """With every bound at 0, the glyphs do not change."""
    assert np.array_equal(augment(glyphs, NOTHING, rng()), glyphs)


def test_neighbours_in_the_batch_stay_apart(glyphs):
    """A blank glyph between full ones stays blank, however far they are moved."""
    full = np.full((3, 28, 28, 1), 255, np.uint8)
    full[1] = 0
    for seed in range(20):
        varied = augment(full, Augmentation(shift=6), rng(seed))
        assert not varied[1].any()


@pytest.mark.parametrize("name", ["rotation", "shear", "scale", "shift", "elastic", "pen"])
def test_each_amount_does_something(glyphs, name):
    """Each setting alone varies the glyphs, and its default varies them mildly."""
    values = dict.fromkeys(vars(NOTHING), 0.0) | {name: getattr(Augmentation(), name)}
    varied = augment(glyphs, Augmentation(**values), rng())
    difference = np.abs(varied.astype(int) - glyphs).mean()
    assert 0.5 < difference < 60


def test_a_pure_shift_moves_the_ink(glyphs):
    """A shift keeps the amount of ink and moves its centre by at most the bound."""
    varied = augment(glyphs, Augmentation(**(vars(NOTHING) | {"shift": 3.0})), rng())
    ys = np.arange(28)
    for before, after in zip(
        glyphs[..., 0].astype(float), varied[..., 0].astype(float), strict=True
    ):
        assert after.sum() == pytest.approx(before.sum(), rel=0.05)  # some may be cut off
        moved = ys @ after.sum(1) / after.sum() - ys @ before.sum(1) / before.sum()
        assert abs(moved) <= 3.1


def test_roughened_ink_is_still_the_digit(glyphs):
    """Roughened glyphs stay in range, keep most of their ink, and differ."""
    rough = roughen(glyphs, rng())
    assert rough.shape == glyphs.shape
    assert rough.dtype == np.uint8
    for before, after in zip(glyphs.astype(float), rough.astype(float), strict=True):
        assert np.abs(before - after).max() > 0
        assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.85
    assert not np.array_equal(rough, roughen(glyphs, rng(1)))
