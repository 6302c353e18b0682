"""Glyphs: what moves, grows or thickens a drawing must not change what the network sees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests import hand
from webapp.recognition.glyph import (
    BOX,
    CENTRE,
    SIDE,
    glyph_of_ink,
    glyph_of_strokes,
    network_input,
    normalise,
)


def barycentre(glyph):
    """Centre of mass (x, y), in pixels from the glyph's left and top edges."""
    ink = glyph[..., 0].astype(float)
    middles = np.arange(SIDE) + 0.5
    return (ink.sum(0) @ middles / ink.sum(), ink.sum(1) @ middles / ink.sum())


def extent(glyph):
    """Width and height of the ink's box, in pixels."""
    rows, columns = np.nonzero(glyph[..., 0])
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


@pytest.mark.parametrize("digit", range(10))
def test_it_works(digit):
    """A digit becomes a (28, 28, 1) uint8 glyph: darkest 255, 20 pixels long, mass on pixel 14."""
    glyph = glyph_of_strokes(hand.strokes(digit))
    assert glyph.shape == (SIDE, SIDE, 1)
    assert glyph.dtype == np.uint8
    assert glyph.max() == 255
    assert max(extent(glyph)) == BOX
    assert [int(place) for place in barycentre(glyph)] == [CENTRE, CENTRE]


@pytest.mark.parametrize("digit", range(10))
def test_moving_and_scaling_the_strokes_do_not_move_the_glyph(digit):
    """Place, size and unit of a drawing do not matter."""
    glyph = glyph_of_strokes(hand.strokes(digit))
    for scale, shift in ((1.0, 4096.0), (0.0625, 0.0), (1024.0, -65536.0)):
        moved = [stroke * scale + shift for stroke in hand.strokes(digit)]
        # A coordinate may round to the neighbouring sixteenth of a canvas pixel.
        assert np.abs(glyph_of_strokes(moved).astype(int) - glyph).max() <= 12


@pytest.mark.parametrize("digit", range(10))
def test_the_order_of_strokes_does_not_matter(digit):
    """Ink is ink, whichever stroke came first and whichever way it went."""
    strokes = hand.strokes(digit)
    turned = [stroke[::-1] for stroke in reversed(strokes)]
    assert np.abs(glyph_of_strokes(turned).astype(int) - glyph_of_strokes(strokes)).max() <= 12


@pytest.mark.parametrize("digit", range(10))
def test_an_mnist_image_passes_unchanged(digit):
    """A glyph read back as ink is the same glyph, to the last grey level."""
    glyph = glyph_of_strokes(hand.strokes(digit))
    assert np.array_equal(glyph_of_ink(glyph[..., 0]), glyph)


def test_moving_the_ink_does_not_move_the_glyph():
    """Where on a picture the ink is does not matter."""
    ink = np.zeros((300, 200), np.uint8)
    ink[40:120, 30:45] = 200
    moved = np.roll(ink, (150, 90), (0, 1))
    assert np.array_equal(glyph_of_ink(moved), glyph_of_ink(ink))


def test_pictures_and_strokes_agree():
    """The same digit, drawn with a pen of the redrawn pen's width, gives nearly the same glyph."""
    drawn = hand.picture(3, 224, ink=255, paper=0, pen=20)
    difference = glyph_of_ink(drawn).astype(int) - glyph_of_strokes(hand.strokes(3))
    assert np.abs(difference).mean() < 4


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
    """Ink without extent is ink, and stays small."""
    glyph = glyph_of_strokes(strokes)
    width, height = extent(glyph)
    assert 3 <= width <= 6
    assert 3 <= height <= 6
    assert glyph.max() == 255
    assert all(abs(place - CENTRE - 0.5) <= 0.5 for place in barycentre(glyph))


def test_a_dot_beside_a_stroke_is_drawn():
    """A stroke of one point adds ink where it is."""
    line = np.array([[0.0, 0.0], [0.0, 100.0]])
    alone = glyph_of_strokes([line])
    dotted = glyph_of_strokes([line, np.array([[60.0, 50.0]])])
    assert extent(dotted)[0] > extent(alone)[0] + 5


def test_a_straight_line_keeps_its_width():
    """A vertical line is 20 pixels tall and as wide as the pen."""
    width, height = extent(glyph_of_strokes([np.array([[3.0, 0.0], [3.0, 9.0]])]))
    assert height == BOX
    assert width <= 4


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e-9, 1e6, 1e300])
def test_no_unit_overflows(scale):
    """Even absurd units give a glyph with ink."""
    stroke = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]) * scale
    assert glyph_of_strokes([stroke]).max() == 255


def test_it_rejects_no_points():
    """Nothing has no glyph."""
    with pytest.raises(ValueError, match="at least one point"):
        glyph_of_strokes([])


def test_it_rejects_no_ink():
    """An empty picture has no glyph."""
    with pytest.raises(ValueError, match="needs ink"):
        glyph_of_ink(np.zeros((9, 9), np.uint8))


def test_enlarging_is_smooth():
    """Ink smaller than the box grows by interpolation, not by repeating pixels."""
    ink = np.zeros((28, 28), np.uint8)
    ink[10:15, 12:14] = [[40, 200]]
    levels = np.unique(glyph_of_ink(ink))
    assert len(levels) > 5


def test_normalise_keeps_all_ink_inside():
    """However lopsided its mass, a patch is pasted whole."""
    patch = np.full((BOX, BOX, 1), 1, np.float32)
    patch[0, 0] = 10_000
    glyph = normalise(patch)
    assert glyph.max() == 255
    assert barycentre(glyph)[0] < CENTRE + 1


def test_further_channels_follow_the_ink():
    """Channels beside the ink are pasted to the same place."""
    patch = np.zeros((BOX, BOX, 5), np.float32)
    patch[4:16, 9:11] = 128
    glyph = normalise(patch)
    assert glyph.shape == (SIDE, SIDE, 5)
    assert np.array_equal(glyph[..., 0], glyph[..., 4])


def test_the_network_sees_zero_to_one():
    """255 is 1, exactly: what is trained on is what is served."""
    levels = np.array([0, 51, 255], np.uint8)
    assert network_input(levels).tolist() == [0.0, np.float32(0.2), 1.0]


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
    assert glyph.shape == (SIDE, SIDE, 1)
    assert glyph.max() == 255
