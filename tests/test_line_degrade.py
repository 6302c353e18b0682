"""Degraded ink."""

import cv2
import numpy as np
import pytest

from train.line.degrade import degraded

SEEDS = range(300)


def clean(rows=40, columns=90):
    """Return a bar and a ring, ink 255 on 0."""
    ink = np.zeros((rows, columns), np.uint8)
    cv2.line(ink, (10, 5), (10, rows - 6), 255, 3)
    cv2.circle(ink, (columns // 2, rows // 2), rows // 3, 255, 3)
    return ink


def of_seed(ink, seed, body=30.0):
    """Return the ink as a seed degrades it."""
    return degraded(ink, body, np.random.default_rng(seed))


@pytest.mark.parametrize("shape", [(40, 90), (32, 16), (17, 200)])
def test_it_works(shape):
    """Shape and dtype are kept, the input is not modified, and most of the ink remains."""
    ink = clean(*shape)
    before = ink.copy()
    kept = []
    for seed in SEEDS:
        found = of_seed(ink, seed)
        assert found.shape == ink.shape
        assert found.dtype == np.uint8
        kept.append(found[ink > 0].mean() / 255)
    assert np.array_equal(ink, before)
    assert np.median(kept) > 0.5


def test_it_changes_most_ink():
    """Most ink changes, and differently for each seed."""
    ink = clean()
    found = {of_seed(ink, seed).tobytes() for seed in SEEDS}
    assert len(found) > 0.75 * len(SEEDS)


def test_the_same_seed_gives_the_same_ink():
    """The same seed gives the same ink, and another seed gives other ink."""
    ink = clean()
    assert np.array_equal(of_seed(ink, 1), of_seed(ink, 1))
    assert not np.array_equal(of_seed(ink, 1), of_seed(ink, 2))


@pytest.mark.parametrize("level", [1, 2, 255])
def test_it_is_never_empty(level):
    """A single pixel of any level remains ink."""
    ink = np.zeros((33, 33), np.uint8)
    ink[16, 16] = level
    assert all(of_seed(ink, seed).any() for seed in SEEDS)


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 40)])
def test_the_smallest_ink_is_degraded_too(shape):
    """The smallest shapes can be degraded."""
    ink = np.full(shape, 255, np.uint8)
    for seed in SEEDS:
        found = of_seed(ink, seed, 1.0)
        assert found.shape == shape
        assert found.any()


def test_the_writing_stands_out():
    """On average, the writing remains darker than noise, rules and specks."""
    ink = clean()
    means = np.array([[found[ink == 0].mean(), found[ink > 0].mean()]
                      for found in (of_seed(ink, seed) for seed in SEEDS)])  # fmt: skip
    assert (means[:, 0] < means[:, 1]).all()
    assert np.median(means[:, 0]) < 25
