"""Glyphs do not depend on the place, size or pen width of a drawing."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from support import hand
from webapp.recognition.ink.drawing import DIRECTIONS, PIXELS_PER_CHORD
from webapp.recognition.ink.glyph import (
    AT_ONCE,
    BOX,
    CENTRE,
    CHANNELS,
    PEN,
    SIDE,
    glyph_of_ink,
    glyph_of_strokes,
    glyphs_of_strokes,
    network_input,
    normalise,
)

INK, RIGHT, LEFT, DOWN, UP = range(CHANNELS)


def barycentre(glyph):
    """Return the centre of mass (x, y), in pixels from the glyph's left and top edges."""
    ink = glyph[..., 0].astype(float)
    middles = np.arange(SIDE) + 0.5
    return (ink.sum(0) @ middles / ink.sum(), ink.sum(1) @ middles / ink.sum())


def extent(glyph):
    """Return width and height of the ink's box, in pixels."""
    rows, columns = np.nonzero(glyph[..., 0])
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def line(*points):
    """Return the glyph of one stroke through these points."""
    return glyph_of_strokes([np.array(points, np.float64)])


def difference(one, other):
    """Return the absolute difference of two glyphs in grey levels, by pixel."""
    return np.abs(one.astype(int) - other)


def moved_difference(one, other):
    """Return the least difference of two glyphs, one of them moved by up to a pixel.

    A centre of mass halfway between two pixels may be rounded to either.
    """
    moves = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return min((difference(np.roll(one, move, (0, 1)), other) for move in moves), key=np.sum)


def resampled(stroke, places):
    """Resample a polyline at fractional indices of its points."""
    own = np.arange(len(stroke))
    return np.stack([np.interp(places, own, stroke[:, axis]) for axis in (0, 1)], axis=1)


@pytest.mark.parametrize("digit", range(10))
def test_it_works(digit):
    """A glyph is (28, 28, 5) uint8, at most 255, 20 pixels long, with its mass on pixel 14."""
    glyph = glyph_of_strokes(hand.strokes(digit))
    assert glyph.shape == (SIDE, SIDE, CHANNELS)
    assert glyph.dtype == np.uint8
    assert glyph[..., INK].max() == 255
    assert max(extent(glyph)) == BOX
    assert [int(place) for place in barycentre(glyph)] == [CENTRE, CENTRE]


@pytest.mark.parametrize("digit", range(10))
def test_moving_and_scaling_the_strokes_do_not_move_the_glyph(digit):
    """Place, size and unit of a drawing change no channel, up to the largest coordinates."""
    glyph = glyph_of_strokes(hand.strokes(digit))
    for scale, shift in (
        (1.0, 4096.0),
        (0.0625, 0.0),
        (1024.0, -65536.0),
        (0.001, 999_999.0),
        (1.0, [999_700.0, -999_900.0]),
    ):
        moved = [stroke * scale + shift for stroke in hand.strokes(digit)]
        # A coordinate may round to the neighbouring sixteenth of a canvas pixel.
        assert difference(glyph_of_strokes(moved), glyph).max() <= 12


@pytest.mark.parametrize("digit", range(10))
def test_the_order_of_strokes_does_not_matter(digit):
    """Order and direction of strokes do not change the ink."""
    strokes = hand.strokes(digit)
    turned = [stroke[::-1] for stroke in reversed(strokes)]
    before, after = glyph_of_strokes(strokes), glyph_of_strokes(turned)
    assert difference(before, after)[..., INK].max() <= 12


@pytest.mark.parametrize("digit", range(10))
def test_an_mnist_image_passes_unchanged(digit):
    """A glyph read back as ink has exactly the same ink, and no directions."""
    ink = glyph_of_strokes(hand.strokes(digit))[..., INK]
    again = glyph_of_ink(ink)
    assert np.array_equal(again[..., INK], ink)
    assert not again[..., RIGHT:].any()


def test_moving_the_ink_does_not_move_the_glyph():
    """The place of the ink in a picture does not change the glyph."""
    ink = np.zeros((300, 200), np.uint8)
    ink[40:120, 30:45] = 200
    moved = np.roll(ink, (150, 90), (0, 1))
    assert np.array_equal(glyph_of_ink(moved), glyph_of_ink(ink))


def test_pictures_and_strokes_agree():
    """A picture of a digit with the redrawn pen's width gives nearly the glyph of its strokes."""
    drawn = hand.picture(3, 224, ink=255, paper=0, pen=20)
    seen, written = glyph_of_ink(drawn), glyph_of_strokes(hand.strokes(3))
    assert difference(seen, written)[..., INK].mean() < 4


@pytest.mark.parametrize(
    "strokes",
    [
        [np.array([[5.0, 5.0]])],
        [np.array([[5.0, 5.0], [5.0, 5.0]])],
        [np.array([[-1e6, 1e6]]), np.array([[-1e6, 1e6]])],
    ],
    ids=["one_point", "two_equal_points", "two_dots_on_one_place"],
)
def test_a_dot_is_a_small_disc_at_the_centre(strokes):
    """A dot becomes a small disc."""
    glyph = glyph_of_strokes(strokes)
    width, height = extent(glyph)
    assert 3 <= width <= 6
    assert 3 <= height <= 6
    assert glyph[..., INK].max() == 255
    assert all(abs(place - CENTRE - 0.5) <= 0.5 for place in barycentre(glyph))
    assert not glyph[..., RIGHT:].any()


def test_a_dot_beside_a_stroke_is_drawn():
    """A stroke of one point adds ink."""
    stroke = np.array([[0.0, 0.0], [0.0, 100.0]])
    alone = glyph_of_strokes([stroke])
    dotted = glyph_of_strokes([stroke, np.array([[60.0, 50.0]])])
    assert extent(dotted)[0] > extent(alone)[0] + 5


def test_a_straight_line_keeps_its_width():
    """A vertical line is 20 pixels tall and as wide as the pen."""
    width, height = extent(line((3, 0), (3, 9)))
    assert height == BOX
    assert width <= 4


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e-9, 1e6, 1e300])
def test_no_unit_overflows(scale):
    """Extreme units give a glyph with ink."""
    stroke = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]) * scale
    assert glyph_of_strokes([stroke])[..., INK].max() == 255


# ---- directions ----


@pytest.mark.parametrize(
    ("end", "filled"),
    [
        ((9, 0), {RIGHT}),
        ((-9, 0), {LEFT}),
        ((0, 9), {DOWN}),
        ((0, -9), {UP}),
        ((9, 9), {RIGHT, DOWN}),
        ((-9, -9), {LEFT, UP}),
    ],
    ids=["right", "left", "down", "up", "right_and_down", "left_and_up"],
)
def test_a_stroke_fills_the_maps_of_its_direction(end, filled):
    """A stroke along an axis fills one map, and a diagonal fills two, by the sine of its angle."""
    glyph = line((0, 0), end)
    for channel in (RIGHT, LEFT, DOWN, UP):
        share = 1 / len(filled) ** 0.5 if channel in filled else 0
        assert glyph[..., channel].max() == pytest.approx(255 * share, abs=1)


def test_a_seven_goes_right_and_then_down():
    """Each part of a stroke has its own direction."""
    glyph = line((0, 0), (60, 0), (60, 100))
    rows, columns = np.nonzero(glyph[..., INK])
    top, right = rows.min(), columns.max()
    assert glyph[top + 1, columns.min() + 3, RIGHT] > 200
    assert glyph[top + 1, columns.min() + 3, DOWN] == 0
    assert glyph[top + 10, right - 1, DOWN] > 200
    assert glyph[top + 10, right - 1, RIGHT] == 0
    assert not glyph[..., [LEFT, UP]].any()


@pytest.mark.parametrize("digit", range(10))
def test_a_reversed_stroke_swaps_the_directions(digit):
    """Reversed strokes swap right with left and down with up, except where ink crosses ink."""
    strokes = hand.strokes(digit)
    glyph = glyph_of_strokes(strokes)
    turned = glyph_of_strokes([stroke[::-1] for stroke in reversed(strokes)])
    swapped = turned[..., [INK, LEFT, RIGHT, UP, DOWN]]
    assert difference(swapped, glyph)[..., RIGHT:].mean() < 8
    assert difference(turned, glyph)[..., RIGHT:].mean() > 8


@pytest.mark.parametrize("digit", range(10))
def test_the_directions_lie_where_the_ink_is(digit):
    """The maps are together as strong as the ink, and lie within it."""
    glyph = glyph_of_strokes(hand.strokes(digit))
    ink, maps = glyph[..., INK].astype(float), glyph[..., RIGHT:].astype(float)
    assert np.abs(np.linalg.norm(maps, axis=2) - ink).mean() < 3
    # Ink and maps are anti-aliased at different scales, so the edges of maps may extend a little.
    assert maps[ink == 0].max() < 0.1 * 255
    assert not (np.minimum(maps[..., 0], maps[..., 1]) > 0.75 * 255).any()


@pytest.mark.parametrize("digit", range(10))
def test_the_sampling_rate_does_not_change_the_directions(digit):
    """Additional points on the same lines do not change the maps."""
    strokes = hand.strokes(digit)
    glyph = glyph_of_strokes(strokes)
    rng = np.random.default_rng(digit)
    for times in (2, 40):
        dense = [resampled(s, np.arange(times * (len(s) - 1) + 1) / times) for s in strokes]
        assert moved_difference(glyph_of_strokes(dense), glyph)[..., RIGHT:].max() <= 12
    more = [np.concatenate([range(len(s)), rng.uniform(0, len(s) - 1, 30)]) for s in strokes]
    uneven = [resampled(s, np.sort(places)) for s, places in zip(strokes, more, strict=True)]
    assert moved_difference(glyph_of_strokes(uneven), glyph)[..., RIGHT:].max() <= 12


def test_tremble_between_two_samples_does_not_show():
    """Stair-steps finer than a chord keep the overall direction."""
    steps = np.repeat(np.linspace(0, 100, 201), 2)
    stairs = line(*zip(steps[1:], steps[:-1], strict=True))
    straight = line((0, 0), (100, 100))
    assert moved_difference(stairs, straight)[..., RIGHT:].mean() < 1


def test_where_ink_crosses_ink_one_of_them_counts():
    """Where strokes cross, the maps have the direction of one of them, not a mixture."""
    across, along = np.array([[0.0, 50], [100, 50]]), np.array([[50.0, 0], [50, 100]])
    for strokes in ([across, along], [along, across]):
        middle = glyph_of_strokes(strokes)[CENTRE, CENTRE, [RIGHT, DOWN]]
        assert sorted(middle.tolist()) == [0, 255]


def test_a_dot_beside_a_stroke_has_no_direction():
    """A dot has no direction, and does not change the maps of a stroke."""
    glyph = glyph_of_strokes([np.array([[0.0, 0.0], [0.0, 100.0]]), np.array([[60.0, 50.0]])])
    columns = np.flatnonzero(glyph[..., INK].any(axis=0))
    assert not glyph[:, columns[-3] :, RIGHT:].any()
    assert glyph[..., DOWN].max() == 255


def test_the_pen_s_width_is_that_of_the_directions():
    """A thicker pen draws thicker maps."""
    strokes = hand.strokes(3)
    thin, usual, thick = (glyph_of_strokes(strokes, pen) for pen in (1.2, PEN, 4.0))
    sums = [glyph[..., RIGHT:].astype(int).sum() for glyph in (thin, usual, thick)]
    assert sums == sorted(sums)


def test_pictures_have_no_directions():
    """Pictures have empty direction maps."""
    assert not glyph_of_ink(hand.picture(3, ink=255, paper=0))[..., RIGHT:].any()


def test_many_at_once_are_those_one_by_one():
    """Glyphs drawn together equal those drawn alone, also a scribble, a dot and a wide stroke."""
    rng = np.random.default_rng(4)
    odd = [[rng.random((3000, 2))], [np.array([[5.0, 5.0]])], [np.array([[0.0, 0.0], [90.0, 1.0]])]]
    groups = [group for digit in range(10) for group in (hand.strokes(digit), *odd)]
    together = glyphs_of_strokes(groups)
    assert len(together) == len(groups) > AT_ONCE
    for glyph, group in zip(together, groups, strict=True):
        assert np.array_equal(glyph, glyph_of_strokes(group))
    assert glyphs_of_strokes([]) == []


# ---- the last steps ----


def test_it_rejects_no_points():
    """A drawing without points raises an error."""
    with pytest.raises(ValueError, match="at least one point"):
        glyph_of_strokes([])


def test_it_rejects_no_ink():
    """Ink without pixels raises an error."""
    with pytest.raises(ValueError, match="needs ink"):
        glyph_of_ink(np.zeros((9, 9), np.uint8))


def test_enlarging_is_smooth():
    """Ink smaller than the box is enlarged by interpolation, not by repeated pixels."""
    ink = np.zeros((28, 28), np.uint8)
    ink[10:15, 12:14] = [[40, 200]]
    levels = np.unique(glyph_of_ink(ink)[..., INK])
    assert len(levels) > 5


def test_normalise_keeps_all_ink_inside():
    """A patch is pasted whole, however lopsided its mass."""
    patch = np.full((BOX, BOX, 1), 1, np.float32)
    patch[0, 0] = 10_000
    glyph = normalise(patch)
    assert glyph[..., INK].max() == 255
    assert barycentre(glyph)[0] < CENTRE + 1


def test_further_channels_follow_the_ink():
    """Further channels are pasted to the same place as the ink."""
    patch = np.zeros((BOX, BOX, CHANNELS), np.float32)
    patch[4:16, 9:11] = 128
    glyph = normalise(patch)
    assert glyph.shape == (SIDE, SIDE, CHANNELS)
    assert np.array_equal(glyph[..., INK], glyph[..., UP])


def test_channels_that_are_not_there_are_left_empty():
    """Missing channels are empty."""
    glyph = normalise(np.ones((BOX, BOX, 1), np.float32))
    assert glyph.shape == (SIDE, SIDE, CHANNELS)
    assert not glyph[..., RIGHT:].any()


def test_the_network_sees_zero_to_one():
    """The network's input is 0 to 1, and 255 is exactly 1, in training as in serving."""
    levels = np.array([[0, 9, 9], [51, 9, 9], [255, 9, 9]], np.uint8)
    given = network_input(levels, 1)
    assert given.dtype == np.float32
    assert given.tolist() == [[0.0], [np.float32(0.2)], [1.0]]


def test_the_network_sees_as_many_channels_as_it_looks_at():
    """The network's input has as many channels as it reads."""
    glyphs = glyph_of_strokes(hand.strokes(7))[np.newaxis]
    for channels in (1, CHANNELS):
        given = network_input(glyphs, channels)
        assert np.array_equal(np.rint(given * 255), glyphs[..., :channels])


coordinates = st.floats(-1e6, 1e6, allow_subnormal=False)
some_strokes = st.lists(
    st.integers(1, 12).flatmap(lambda n: arrays(np.float64, (n, 2), elements=coordinates)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=200, deadline=None)
@given(some_strokes)
def test_whatever_is_drawn_gives_a_glyph(strokes):
    """Any finite strokes give a glyph with ink that reaches 255."""
    glyph = glyph_of_strokes(strokes)
    assert glyph.shape == (SIDE, SIDE, CHANNELS)
    assert glyph[..., INK].max() == 255


def test_much_ink_costs_no_more_than_little():
    """A scribble of 20,000 points is drawn in a few calls with a bounded number of pieces."""
    zigzag = np.stack([np.linspace(0, 1, 20_000), np.arange(20_000) % 2], 1)
    pieces = []
    polylines = cv2.polylines

    def counted(canvas, lines, *others):
        pieces.append(len(lines))
        return polylines(canvas, lines, *others)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cv2, "polylines", counted)
        glyph_of_strokes([zigzag])
        assert 0 < sum(pieces) < 2 * BOX * BOX / PIXELS_PER_CHORD
        glyph_of_strokes(list(np.random.default_rng(0).random((500, 40, 2))))
    assert len(pieces) <= 2 * (DIRECTIONS + 1)
    assert sum(pieces) < 2000
