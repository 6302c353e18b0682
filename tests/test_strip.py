"""Strips: lines of writing scaled by the height of the writing."""

import numpy as np
import pytest

from train.line.degrade import boxes_of_ink
from webapp.recognition.ink.strip import (
    BODY,
    FULL,
    LEAST_BODY,
    MARGIN,
    ROWS,
    STRIP_CHANNELS,
    WIDEST,
    boxes_of,
    frame_of,
    strip_of_ink,
    strip_of_strokes,
)


def bar(x: float, top: float = 0.0, bottom: float = 1.0) -> np.ndarray:
    """Return a stem at x."""
    return np.array([[x, top], [x, bottom]])


def rows_of(strip: np.ndarray) -> np.ndarray:
    """Return the rows with ink above half of its darkness."""
    return np.flatnonzero((strip[..., 0] > 127).any(axis=1))


def test_it_works() -> None:
    """Two stems of one height are in the middle of the strip, 20 pixels high."""
    strip = strip_of_strokes([bar(0.0), bar(0.5)])
    assert strip.shape == (ROWS, 10 + 2 * MARGIN, STRIP_CHANNELS)
    rows = rows_of(strip)
    assert abs((rows[-1] - rows[0] + 1) - (BODY + 2)) <= 1  # a pen 2.4 pixels wide
    assert abs((rows[-1] + rows[0] + 1) / 2 - ROWS / 2) <= 0.5


@pytest.mark.parametrize("unit", [1e-6, 1.0, 300.0, 1e6])
def test_neither_unit_nor_place_matters(unit: float) -> None:
    """The strip does not depend on unit and place of the line."""
    rng = np.random.default_rng(1)
    strokes = [rng.random((12, 2)) + np.array([n, 0]) for n in range(4)]
    moved = [stroke * unit + np.array([7, -3]) * unit for stroke in strokes]
    one, other = strip_of_strokes(strokes), strip_of_strokes(moved)
    assert one.shape == other.shape
    assert np.abs(one.astype(int) - other).mean() < 1


def test_strokes_over_each_other_stay_apart() -> None:
    """A 1 over the side of a 0 does not change the ink, but the map of every other stroke."""
    turn = np.linspace(0, 2 * np.pi, 80)
    ring = np.stack([0.3 * np.cos(turn), 0.5 * np.sin(turn) + 0.5], 1)
    side = bar(0.3, 0.3, 0.7)
    alone, both = strip_of_strokes([ring]), strip_of_strokes([ring, side])
    *_, even, odd = np.moveaxis(both, 2, 0)
    assert np.array_equal(even, alone[..., 5])
    assert (even > 127).sum() > 3 * (odd > 127).sum() > 0
    assert np.ptp(np.nonzero(odd > 127)[1]) <= 2
    assert not alone[..., 6].any()
    assert not strip_of_strokes([ring, side], directed=False)[..., 1:].any()


def test_a_descender_or_a_dot_does_not_shrink_the_others() -> None:
    """The scale is set by the height of the writing, not by the box of all ink."""
    plain = frame_of(boxes_of([bar(n * 0.6) for n in range(6)]))
    dotted = frame_of(
        boxes_of([*(bar(n * 0.6) for n in range(6)), bar(4.0, 0.9, 1.0), bar(5.0, 0.2, 1.35)])
    )
    assert dotted.scale == pytest.approx(plain.scale, rel=0.01)


def test_what_is_too_high_shrinks_the_line_down_to_a_bound() -> None:
    """High ink shrinks the line to fit in, down to 13 pixels of writing."""
    for rise, body in ((0.2, BODY), (0.8, FULL / 1.8), (1.5, LEAST_BODY)):
        boxes = boxes_of([*(bar(n * 0.6) for n in range(6)), bar(1.5, -rise, 0.0)])
        frame = frame_of(boxes)
        assert frame.scale == pytest.approx(body, rel=0.02)
        tops = (boxes[:, 1] - frame.top) * frame.scale
        ends = (boxes[:, 3] - frame.top) * frame.scale
        assert (ends[:6] <= ROWS).all()
        assert rise == 1.5 or tops.min() >= 0


@pytest.mark.parametrize("away", [2, 3, 4.5, 20, -3, -20])
def test_what_is_far_away_moves_no_writing_out_of_the_strip(away) -> None:
    """A dot far above or below is cut off, and the digits are not."""
    dot = np.array([[1.0, 0.5 + away]])
    boxes = boxes_of([*(bar(n * 0.6) for n in range(6)), dot])
    frame = frame_of(boxes)
    rows = (boxes[:6, [1, 3]] - frame.top) * frame.scale
    assert rows.min() >= 0
    assert rows.max() <= ROWS
    assert rows.mean() == pytest.approx(ROWS / 2, abs=0.1)


def test_a_slope_is_levelled() -> None:
    """A sloping line is levelled."""
    falling = [bar(n * 0.6, n * 0.15, n * 0.15 + 1) for n in range(9)]
    frame = frame_of(boxes_of(falling))
    assert frame.slope == pytest.approx(0.25)
    assert frame.scale == pytest.approx(BODY)
    rows = rows_of(strip_of_strokes(falling, frame))
    assert len(rows) <= BODY + 3


def test_few_strokes_have_no_slope() -> None:
    """The strokes of one digit do not determine a slope."""
    four = [np.array([[0.0, 0.0], [0.0, 0.6], [0.6, 0.6]]), bar(0.5, 0.3, 1.0), bar(0.4)]
    assert frame_of(boxes_of(four)).slope == 0


def test_a_dash_is_not_blown_up() -> None:
    """A single flat stroke stays flat, and a point stays a point."""
    dash = strip_of_strokes([np.array([[0.0, 0.0], [1.0, 0.01]])])
    assert len(rows_of(dash)) <= 4
    assert dash.shape[1] > 100
    point = strip_of_strokes([np.array([[5.0, 5.0]])])
    assert point.shape == (ROWS, 2 * MARGIN, STRIP_CHANNELS)
    assert point[..., 0].any()
    assert not point[..., 1:5].any()


@pytest.mark.parametrize("far", [0.0, 1e-300, 5.0, -1e6])
def test_a_point_is_in_the_middle(far: float) -> None:
    """A point at any place is drawn whole, between the margins."""
    point = strip_of_strokes([np.array([[far, 3 * far]])])[..., 0].astype(float)
    rows, columns = point.sum(axis=1), point.sum(axis=0)
    assert np.average(np.arange(ROWS) + 0.5, weights=rows) == pytest.approx(ROWS / 2, abs=0.2)
    assert np.average(np.arange(2 * MARGIN) + 0.5, weights=columns) == pytest.approx(
        MARGIN, abs=0.2
    )


def test_no_line_is_wider_than_the_bound() -> None:
    """The width of a strip is bounded for lines of any length."""
    frame = frame_of(boxes_of([bar(0.0), bar(1e7)]))
    assert frame.width <= WIDEST + 2 * MARGIN
    assert strip_of_strokes([bar(0.0), bar(1e7)], frame).shape[1] == frame.width


def test_direction_is_the_pens() -> None:
    """A stroke and its reverse differ in the direction maps only."""
    right = strip_of_strokes([np.array([[0.0, 0.0], [1.0, 0.0]]), bar(2.0)])
    left = strip_of_strokes([np.array([[1.0, 0.0], [0.0, 0.0]]), bar(2.0)])
    np.testing.assert_array_equal(right[..., 0], left[..., 0])
    np.testing.assert_array_equal(right[..., 1], left[..., 2])
    assert right[..., 1].any()
    bare = strip_of_strokes([bar(0.0)], directed=False)
    assert bare[..., 0].any()
    assert not bare[..., 1:].any()


@pytest.mark.parametrize("body", [12, 30, 57])
def test_a_picture_gives_the_same_ink(body: int) -> None:
    """The ink of a picture of any size is placed like that of strokes."""
    ink = np.zeros((2 * body, 4 * body), np.uint8)
    wide = max(1, round(0.12 * body))
    for x in (0.5, 1.5, 2.5):
        left = round(x * body) - wide // 2
        ink[body // 2 : body // 2 + body, left : left + wide] = 255
    strip = strip_of_ink(ink, frame_of(boxes_of_ink(ink)))
    stems = strip_of_strokes([bar(0.5), bar(1.5), bar(2.5)])
    assert abs(len(rows_of(strip)) - BODY) <= 2
    columns = [np.flatnonzero((s[..., 0] > 127).any(axis=0)) for s in (strip, stems)]
    assert abs(columns[0].mean() - columns[1].mean()) < 2.5


def test_ink_in_a_slope_is_levelled() -> None:
    """A picture's sloping line is levelled too."""
    ink = np.zeros((200, 400), np.uint8)
    for n in range(9):
        ink[20 + 8 * n : 60 + 8 * n, 20 + 40 * n : 26 + 40 * n] = 255
    frame = frame_of(boxes_of_ink(ink))
    assert frame.slope == pytest.approx(0.2)
    assert len(rows_of(strip_of_ink(ink, frame))) <= BODY + 4


def test_a_frame_moves_with_its_ink() -> None:
    """The frame of shifted ink is the shifted frame."""
    strokes = [bar(n * 0.6, n * 0.15, n * 0.15 + 1) for n in range(9)]
    by = np.array([3.0, -2.0])
    moved = frame_of(boxes_of([stroke + by for stroke in strokes]))
    ours = frame_of(boxes_of(strokes)).moved(by)
    np.testing.assert_allclose(ours.pixels(strokes[4] + by), moved.pixels(strokes[4] + by))
