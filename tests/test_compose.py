"""Composed numbers."""

import numpy as np
import pytest

from support import hand
from train.data.compose import NOOK, clearance, composed, dense, side_by_side
from train.data.strokes import StrokeSample
from train.errors import DataError

SAMPLES = [StrokeSample(str(digit), "me", tuple(hand.strokes(digit))) for digit in range(10)]


def boxes(strokes):
    """Return the left and right end of each stroke."""
    return [(s[:, 0].min(), s[:, 0].max()) for s in strokes]


def test_it_works():
    """A composed number has the label and the writer of its digits."""
    for sample in composed(SAMPLES, 5, 4, "apart", np.random.default_rng(1)):
        assert len(sample.label) == 4
        assert sample.writer == "me"
        assert len(sample.strokes) == sum(len(hand.DIGITS[int(d)]) for d in sample.label)


def test_the_same_seed_gives_the_same_numbers():
    """The same seed gives the same numbers, and another seed gives others."""
    one, same, other = (
        composed(SAMPLES, 3, 4, "touching", np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert [s.label for s in one] == [s.label for s in same] != [s.label for s in other]
    assert np.array_equal(one[0].strokes[0], same[0].strokes[0])


def test_apart_is_apart_and_touching_is_not():
    """Boxes of digits that are apart have a gap, boxes of touching digits do not."""
    digits = [hand.strokes(0), hand.strokes(8)]
    for seed in range(20):
        left, right = boxes(side_by_side(digits, "apart", np.random.default_rng(seed)))
        assert right[0] > left[1]
        left, right = boxes(side_by_side(digits, "touching", np.random.default_rng(seed)))
        assert right[0] <= left[1]


def test_a_digit_does_not_vanish_in_its_neighbour():
    """A bar moves away from a bar beside it, but not from crossing or distant ink."""
    bar = dense(np.array([[0.0, 0.0], [0.0, 1.0]]), 0.02)
    lying = dense(np.array([[-0.5, 0.5], [0.5, 0.5]]), 0.02)
    right = np.array([1.0, 0.0])
    step = clearance(bar, bar + 0.05 * right, 0.1)
    assert 0.075 - 1e-9 <= step < 0.125
    assert clearance(bar, bar + 0.2 * right, 0.1) == 0
    assert clearance(bar, lying, 0.1) == 0
    wide = np.concatenate([bar + shift * right for shift in np.arange(0, 2, 0.05)])
    assert clearance(wide, bar, 0.1) == 2 * NOOK  # the distance is bounded


def test_in_a_picture_digits_part():
    """With a pen, digits keep a distance, which strokes do not need."""
    ones = [hand.strokes(1), hand.strokes(1)]
    for seed in range(20):
        close, parted = (
            boxes(side_by_side(ones, "touching", np.random.default_rng(seed), pen))
            for pen in (0.0, 0.12)
        )
        assert parted[0] == close[0]
        assert parted[1][0] > close[1][0]


def test_it_rejects_too_few_digits():
    """Without a writer with enough digits, composing fails."""
    with pytest.raises(DataError, match="no writer has 11 digits"):
        composed(SAMPLES, 1, 11, "apart", np.random.default_rng(0))
