"""Strokes and connected components: their strips, parts and patches."""

import itertools

import cv2
import numpy as np
import pytest

from support import hand
from webapp.recognition import Budget, BudgetError, glyph_of_ink
from webapp.recognition.ink.pieces import (
    MOST_PIECES,
    PEN_MOST,
    PictureInk,
    StrokeInk,
    patch_of,
    pen_width,
    pieces_of,
    with_pen,
)
from webapp.recognition.ink.strip import frame_of


def bars(*columns, height=60, width=6, size=200):
    """Return upright bars at these columns."""
    ink = np.zeros((height + 20, size), np.uint8)
    for x in columns:
        ink[10 : 10 + height, x : x + width] = 255
    return ink


def halves(middle):
    """Return an owner: 0 to the left of the middle, 1 to its right."""
    return lambda points: (points[:, 0] >= middle).astype(np.intp)


# ---- components ----


def test_it_works():
    """Components come from left to right with all their pixels, and a patch has their ink alone."""
    ink = bars(90, 20)
    left, right = pieces_of(ink)
    assert (left[:, 0].min(), left[:, 0].max()) == (20, 25)
    assert (right[:, 1].min(), right[:, 1].max()) == (10, 69)
    assert len(left) == 6 * 60
    assert patch_of([left], ink).shape == (60, 6)
    assert patch_of([left, right], ink).shape == (60, 76)
    assert patch_of([left], ink).all()


def test_a_blank_picture_has_no_pieces():
    """A blank picture has no components."""
    assert pieces_of(np.zeros((5, 5), np.uint8)) == []


def test_pieces_touch_at_corners():
    """Two pixels that meet at a corner are one component, and two that do not meet are two."""
    ink = np.zeros((4, 8), np.uint8)
    ink[1, 1] = ink[2, 2] = ink[1, 5] = 9
    assert [len(piece) for piece in pieces_of(ink)] == [2, 1]


def test_the_largest_pieces_are_kept():
    """If there are too many components, the smallest are dropped."""
    ink = np.zeros((100, 100), np.uint8)
    ink[::4, ::4] = 255
    ink[50:53, 50:53] = 255
    found = pieces_of(ink)
    assert len(found) == MOST_PIECES < 25 * 25
    assert max(map(len, found)) >= 9


def test_a_patch_is_charged_for():
    """Each copy of a patch's pixels is charged to the budget."""
    ink = bars(20)
    (piece,) = pieces_of(ink)
    budget = Budget(pixels=6 * 60)
    patch_of([piece], ink, budget)
    with pytest.raises(BudgetError, match="pixels"):
        patch_of([piece], ink, budget)


# ---- the ink of a picture ----


def test_a_component_has_its_box_and_its_amount():
    """A component's box ends after its last pixel, and its amount is in pixels."""
    ink = bars(20, 90)
    found = PictureInk(ink, pieces_of(ink))
    assert found.boxes.tolist() == [[20, 10, 26, 70], [90, 10, 96, 70]]
    assert found.amount(found.pieces[0]) == 360


def test_the_strip_of_some_components_leaves_the_others_out():
    """In the strip of one component, it has the place that it has in the strip of all."""
    ink = bars(20, 90)
    found = PictureInk(ink, pieces_of(ink))
    frame = frame_of(found.boxes)
    every = found.strip([0, 1], frame)
    alone = [found.strip([index], frame) for index in (0, 1)]
    assert [one.shape for one in alone] == [every.shape] * 2
    middle = every.shape[1] // 2
    assert alone[0][:, :middle].any()
    assert not alone[0][:, middle:].any()
    assert not alone[1][:, :middle].any()
    assert np.abs(np.maximum(*alone).astype(int) - every).mean() < 1


def test_a_strip_of_a_picture_is_charged_for():
    """The pixels copied for a strip are charged to the budget."""
    ink = bars(20, 90)
    found = PictureInk(ink, pieces_of(ink), Budget(pixels=100))
    with pytest.raises(BudgetError, match="pixels"):
        found.strip([0, 1], frame_of(found.boxes))


def test_a_component_is_divided_pixel_by_pixel():
    """Each pixel of a divided component goes to the owner of its middle, exactly once."""
    ink = np.zeros((40, 60), np.uint8)
    ink[10:14, 5:45] = 255
    (piece,) = pieces_of(ink)
    (first, left), (second, right) = PictureInk(ink, [piece]).divided(piece, halves(20.5))
    assert (first, second) == (0, 1)
    assert (left[:, 0].max(), right[:, 0].min()) == (19, 20)
    together = np.concatenate([left, right])
    assert sorted(map(tuple, together.tolist())) == sorted(map(tuple, piece.tolist()))


# ---- the ink of strokes ----


def test_a_stroke_has_its_box_and_its_amount():
    """A stroke's amount is its length, whatever its points, and a dot's is zero."""
    corner = np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 40.0]])
    dot = np.array([[5.0, 5.0]])
    found = StrokeInk([corner, dot])
    assert found.boxes.tolist() == [[0, 0, 30, 40], [5, 5, 5, 5]]
    assert found.amount(corner) == 70
    assert found.amount(dot) == 0


def test_the_strip_of_some_strokes_leaves_the_others_out():
    """In the strip of one stroke, it has the place that it has in the strip of all."""
    strokes = [np.array([[x, 0.0], [x, 100.0]]) for x in (0.0, 200.0)]
    found = StrokeInk(strokes)
    frame = frame_of(found.boxes)
    every, alone = found.strip([0, 1], frame), found.strip([1], frame)
    middle = every.shape[1] // 2
    assert every[:, :middle].any()
    assert not alone[:, :middle].any()
    # Except for the maps of every other stroke.
    np.testing.assert_array_equal(alone[:, middle:, :5], every[:, middle:, :5])


def test_a_stroke_is_divided_where_its_owner_changes():
    """A stroke is divided where its owner changes, into runs in order that share their ends."""
    stroke = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 50.0], [0.0, 50.0]])
    found = StrokeInk([stroke])
    parts = found.divided(stroke, halves(40.0))
    assert [number for number, _ in parts] == [0, 1, 0]
    for (_, before), (_, after) in itertools.pairwise(parts):
        assert before[-1].tolist() == after[0].tolist()
    way = sum(found.amount(part) for _, part in parts)
    # Corners are cut by at most the distance of two sampled points.
    assert found.amount(stroke) * 0.98 < way <= found.amount(stroke)


def test_an_undivided_stroke_is_one_part():
    """A stroke with one owner, even a dot, is not divided."""
    for stroke in (np.array([[0.0, 0.0], [9.0, 9.0]]), np.array([[5.0, 5.0]])):
        ((number, part),) = StrokeInk([stroke]).divided(stroke, halves(-1.0))
        assert number == 1
        assert part[0].tolist() == stroke[0].tolist()
        assert part[-1].tolist() == stroke[-1].tolist()


# ---- pens ----


@pytest.mark.parametrize("width", [3, 6, 12])
def test_the_width_of_a_pen(width):
    """The width of a bar's pen is the bar's width."""
    (bar,) = pieces_of(ink := bars(50, width=width))
    assert pen_width(patch_of([bar], ink)) == pytest.approx(width, rel=0.3)


def test_a_thin_pen_is_thickened_and_a_thick_one_left_alone():
    """Hairline ink is thickened to a share of the glyph's side, and thick ink is unchanged."""
    thin = 255 - hand.picture(3, 200, ink=0, pen=2)
    thick = 255 - hand.picture(3, 200, ink=0, pen=20)
    (hair,), (felt,) = ([patch_of([p], ink) for p in pieces_of(ink)] for ink in (thin, thick))
    found = with_pen(hair)
    assert pen_width(found) > 2 * pen_width(hair) * max(found.shape) / (max(hair.shape) + 20)
    assert np.array_equal(with_pen(felt), felt)


@pytest.mark.parametrize("shape", [(3, 2000), (2000, 3), (1, 20_000)])
def test_ink_far_longer_than_it_is_thick_has_a_patch(shape):
    """Very long and thin ink is thickened at a smaller size and does not disappear."""
    assert with_pen(np.full(shape, 255, np.uint8)).any()


def test_a_large_thin_pen_is_thickened_as_a_small_one():
    """Large thin ink gives the same glyph at full size and reduced to `PEN_MOST`."""
    large = 255 - hand.picture(3, 1500, ink=0, pen=30)
    small = cv2.resize(large, (PEN_MOST, PEN_MOST), interpolation=cv2.INTER_AREA)
    one, other = (glyph_of_ink(with_pen(patch)).astype(int) for patch in (large, small))
    assert np.abs(one - other).mean() < 2
