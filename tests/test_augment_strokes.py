"""Augmentation of strokes."""

import numpy as np
import pytest

from support import hand
from train.augment.strokes import Warp, turned, warp

NOTHING = Warp(
    rotation=0, slant=0, aspect=0, bend=0, tremor=0, stairs=0, sparse=0, ends=0, apart=0, styles=0,
    rounded=0, gaps=0, backwards=0, retraced=0,
)  # fmt: skip


def rng(seed=0):
    """Return a new generator."""
    return np.random.default_rng(seed)


def only(**amounts):
    """Return amounts of zero except for these."""
    return Warp(**(vars(NOTHING) | amounts))


@pytest.mark.parametrize("digit", range(10))
def test_it_works(digit):
    """Warped strokes are finite, centred, of a size near 1, and differ each time."""
    random = rng()
    first, second = (warp(hand.strokes(digit), digit, Warp(), random) for _ in range(2))
    for strokes in (first, second):
        points = np.concatenate(strokes)
        assert np.isfinite(points).all()
        assert 0.7 < np.ptp(points, axis=0).max() < 1.8
        assert np.abs(points).max() < 1.3
    assert len(first) != len(second) or not all(
        np.array_equal(a, b) for a, b in zip(first, second, strict=True)
    )


def test_the_strokes_are_left_alone():
    """The input is not modified."""
    strokes = hand.strokes(5)
    before = [stroke.copy() for stroke in strokes]
    for seed in range(20):
        warp(strokes, 5, Warp(stairs=1, sparse=1, styles=1), rng(seed))
    assert all(np.array_equal(a, b) for a, b in zip(strokes, before, strict=True))


def test_the_same_seed_gives_the_same_strokes():
    """The same seed gives the same strokes."""
    one, same, other = (np.concatenate(warp(hand.strokes(4), 4, Warp(), rng(s))) for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_no_amount_only_centres_and_scales():
    """With every amount at 0, the drawing is only centred and scaled to 1."""
    strokes = warp(hand.strokes(8), 8, NOTHING, rng())
    points = np.concatenate(strokes)
    assert np.ptp(points, axis=0).max() == pytest.approx(1)
    assert (points.min(axis=0) + points.max(axis=0)) == pytest.approx((0, 0))


@pytest.mark.parametrize("name", ["rotation", "slant", "aspect", "bend", "tremor", "ends", "apart"])
def test_each_amount_does_something_mild(name):
    """Each setting alone moves points, and none far."""
    plain = warp(hand.strokes(5), 5, NOTHING, rng())
    varied = warp(hand.strokes(5), 5, only(**{name: getattr(Warp(), name)}), rng())
    moved = np.abs(np.concatenate(varied) - np.concatenate(plain)).max()
    assert 0.001 < moved < 0.3


def test_stairs_put_points_on_a_grid():
    """Snapping to a grid leaves few different coordinates."""
    (stroke,) = warp(hand.strokes(0), 0, only(stairs=1.0), rng())
    steps = np.diff(np.unique(stroke[:, 0].round(9)))
    assert np.allclose(steps / steps.min(), np.round(steps / steps.min()), atol=1e-6)


def test_sparse_drawings_keep_their_ends():
    """Sparse strokes keep their first and last points."""
    (plain,) = warp(hand.strokes(3), 3, NOTHING, rng())
    (thin,) = warp(hand.strokes(3), 3, only(sparse=1.0), rng())
    assert len(thin) < len(plain)
    assert np.array_equal(thin[[0, -1]], plain[[0, -1]])


def test_a_seven_gains_a_bar_and_a_zero_a_slash():
    """A 7 gains a bar and a 0 a slash, a stroke that crosses the drawing."""
    for digit in (7, 0):
        strokes = warp(hand.strokes(digit), digit, only(styles=1.0), rng())
        assert len(strokes) == len(hand.strokes(digit)) + 1


def test_a_one_gains_a_flag_or_a_foot():
    """A 1 gains a steep flag at the left of its top, or a foot."""
    plain = warp(hand.strokes(1), 1, NOTHING, rng())
    kinds = set()

    def ink(strokes):
        return sum(np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in strokes)

    for seed in range(30):
        strokes = warp(hand.strokes(1), 1, only(styles=1.0), rng(seed))
        assert ink(strokes) > ink(plain) + 0.14
        if len(strokes) == 1:
            flag = strokes[0][0] - plain[0][0]
            assert flag[0] < 0
            assert flag[1] > 0.69 * -flag[0]
        kinds.add((len(strokes), len(strokes[0]) > 3))
    assert kinds == {(1, True), (2, True), (2, False)}


@pytest.mark.parametrize("digit", [0, 7])
def test_a_bar_or_a_slash_may_be_left_out(digit):
    """The bar of a 7 or the slash of a 0 is removed, and the rest is unchanged."""
    barred = warp(hand.strokes(digit), digit, only(styles=1.0), rng())
    assert len(barred) == 2
    (plain,) = warp(barred, digit, only(styles=1.0), rng())
    assert len(plain) == len(hand.strokes(digit)[0])


def test_the_upper_stroke_of_a_seven_stays():
    """The top of a 7 in two strokes is kept, because the rest would be a 1."""
    seven = [np.array([[0.0, 0.0], [0.6, 0.0]]), np.array([[0.6, 0.0], [0.2, 1.5]])]
    assert len(warp(seven, 7, only(styles=1.0), rng())) == 2


def test_rounded_corners_keep_the_ends():
    """Rounding moves corners inwards and keeps the ends."""
    corner = [np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [1.0, 0.5], [1.0, 1.0]])]
    (plain,), (rounded,) = (warp(corner, None, only(rounded=share), rng()) for share in (0, 1))
    assert np.array_equal(plain[[0, -1]], rounded[[0, -1]])
    assert rounded[2, 0] < plain[2, 0]
    assert rounded[2, 1] > plain[2, 1]


def test_a_gap_parts_the_longest_stroke():
    """A gap removes points from the middle of the longest stroke, which becomes two."""
    (plain,) = warp(hand.strokes(8), 8, NOTHING, rng())
    first, second = warp(hand.strokes(8), 8, only(gaps=1), rng())
    assert np.array_equal(first, plain[: len(first)])
    assert np.array_equal(second, plain[-len(second) :])
    assert 0 < len(plain) - len(first) - len(second) <= len(plain) // 8


def test_short_strokes_have_no_gap():
    """Short strokes get no gap."""
    assert len(warp(hand.strokes(1), 1, only(gaps=1), rng())) == 1


def test_turned_keeps_lengths():
    """Rotating and mirroring a doodle keeps its lengths."""
    strokes = warp(hand.strokes(5), 5, NOTHING, rng())
    for seed in range(5):
        for before, after in zip(strokes, turned(strokes, rng(seed)), strict=True):
            lengths = (np.hypot(*np.diff(stroke, axis=0).T) for stroke in (before, after))
            assert np.allclose(*lengths)


@pytest.mark.parametrize("digit", [2, 3, 4, 5, 6, 8, 9])
def test_other_digits_keep_their_style(digit):
    """Other digits gain no bar, flag or slash."""
    assert len(warp(hand.strokes(digit), digit, only(styles=1.0), rng())) == len(
        hand.strokes(digit)
    )


def test_a_dot_stays_a_dot():
    """A dot stays a dot."""
    (dot,) = warp([np.array([[3.0, 4.0]])], 1, Warp(), rng())
    assert dot.tolist() == [[3.0, 4.0]]


def test_backwards_keeps_the_ink():
    """Random order and direction keep the points."""
    drawn = hand.strokes(4)
    turned = [warp(drawn, 4, only(backwards=1), rng(seed)) for seed in range(20)]
    plain = warp(drawn, 4, NOTHING, rng())
    points = {tuple(point) for stroke in plain for point in stroke.round(9)}
    for strokes in turned:
        assert {tuple(point) for stroke in strokes for point in stroke.round(9)} == points
    starts = {tuple(strokes[0][0].round(9)) for strokes in turned}
    assert len(starts) == 4


def test_retraced_runs_back_over_itself():
    """A retraced stroke ends at an earlier point of its own."""
    (plain,), (retraced,) = (
        warp(hand.strokes(1), 1, only(retraced=share), rng(3)) for share in (0, 1)
    )
    extra = len(retraced) - len(plain)
    assert extra > 0
    assert np.array_equal(retraced[len(plain) :], plain[::-1][:extra])
