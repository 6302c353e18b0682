"""Grouping of ink into lines and parts, by geometry alone."""

import numpy as np
import pytest

from support import hand
from webapp.recognition.ink.lines import NEAR, WIDE_GAP, lines_of, parts_of
from webapp.recognition.ink.strip import boxes_of


def rows(strokes):
    """Return the strokes of each line, sorted."""
    return [sorted(line) for line in lines_of(boxes_of(strokes))]


def bar(x, y, width, height):
    """Return a straight stroke from one corner of a box to the other."""
    return np.array([[x, y], [x + width, y + height]], np.float64)


def test_digits_side_by_side_are_one_line():
    """Digits side by side are one line from left to right, even if one of them is lower."""
    strokes = hand.number("1987")
    strokes[1] = strokes[1] + [0, 20]
    assert lines_of(boxes_of(strokes)) == [[0, 1, 2, 3]]
    assert lines_of(boxes_of(strokes[::-1])) == [[3, 2, 1, 0]]


def test_many_strokes_in_two_lines():
    """The strokes of two scribbled lines, linked in any order, are two lines."""
    rng = np.random.default_rng(1)
    places = rng.uniform(0, 900, 400)
    strokes = [bar(x, 300 * (n % 2) + rng.uniform(0, 20), 30, 100) for n, x in enumerate(places)]
    assert rows(strokes) == [[*range(0, 400, 2)], [*range(1, 400, 2)]]


def test_one_piece_is_a_line():
    """A single stroke, even a point, is a line."""
    assert rows([np.array([[3.0, 4.0]])]) == [[0]]
    assert rows([bar(0, 0, 5, 100)]) == [[0]]


def test_points_alone_are_one_line():
    """Points without any tall ink are in a line too."""
    points = [np.array([[float(x), 0.0]]) for x in range(3)]
    assert sorted(index for line in rows(points) for index in line) == [0, 1, 2]


def test_stacked_ink_is_lines_from_the_top():
    """Stacked ink gives lines from the top, in any order of drawing."""
    assert rows(hand.number("12", "36", "89")) == [[0, 1], [2, 3], [4, 5]]
    below, above = hand.number("1"), [s - [0, 150] for s in hand.number("8")]
    assert rows([*below, *above]) == [[1], [0]]


@pytest.mark.parametrize("digit", range(10))
def test_the_strokes_of_one_digit_are_one_line(digit):
    """The strokes of one digit are one line, also the top bar of a 5."""
    assert len(rows(hand.strokes(digit))) == 1


def test_a_low_piece_follows_the_nearest_tall_one():
    """Low ink belongs to the nearest line: a comma to the one above, a bar to the one below."""
    strokes = hand.number("12", "36")
    comma, above = bar(30, 90, 3, 8), bar(10, 112, 20, 1)
    assert rows([*strokes, comma, above]) == [[0, 1, 4], [2, 3, 5]]


@pytest.mark.parametrize("gap", [16, 40, 300])
def test_low_ink_below_is_in_lines_of_its_own(gap):
    """Low ink far below a line is a line of its own."""
    above = hand.number("12")
    below = max(float(stroke[:, 1].max()) for stroke in above) + gap
    small = [bar(x, below, 3, 30) for x in (10, 30, 50)]
    assert rows([*above, *small]) == [[0, 1], [2, 3, 4]]
    assert rows([*above, bar(0, below, 90, 1)]) == [[0, 1], [2]]
    assert rows([*above, bar(20, below - gap + 5, 3, 10)]) == [[0, 1, 2]]  # a comma


def test_each_line_may_be_lower_than_the_one_before():
    """Lines that each start lower than the previous one lose no ink."""
    strokes, top = [], 0.0
    for height in 1000.0 * 0.4 ** np.arange(20):
        strokes.append(bar(0, top, height / 3, height))
        top += 1.5 * height
    assert rows(strokes) == [[n] for n in range(20)]


def test_a_sloping_line_is_one():
    """A line that slopes by a third of a digit's height per digit is one line."""
    strokes = [bar(60 * i, 30 * i, 5, 100) for i in range(8)]
    assert rows(strokes) == [list(range(8))]


def test_two_words_are_one_line():
    """Two words at any distance are one line."""
    strokes = [*hand.number("12"), *(s + np.array([2000, 5]) for s in hand.number("36"))]
    assert NEAR * 100 < 2000
    assert rows(strokes) == [[0, 1, 2, 3]]


def test_a_line_far_to_the_right_and_lower_is_another():
    """Ink far to the right is another line if it is lower than a slope would lead."""
    strokes = [*hand.number("12"), *(s + np.array([2000, 60]) for s in hand.number("36"))]
    assert rows(strokes) == [[0, 1], [2, 3]]


@pytest.mark.parametrize("unit", [1e-9, 37.5, 1e6])
def test_size_and_place_change_no_line(unit):
    """Scale and place do not change the lines."""
    strokes = hand.number("4075", "12")
    assert rows([s * unit - 4 * unit for s in strokes]) == rows(strokes)


def test_every_piece_is_in_one_line():
    """Each of five hundred scribbles is in exactly one line."""
    rng = np.random.default_rng(0)
    strokes = [rng.uniform(0, 100, (5, 2)) for _ in range(500)]
    assert sorted(index for line in rows(strokes) for index in line) == list(range(500))


def test_a_wide_gap_parts_a_line():
    """A gap just above the limit splits a line, and a gap at the limit does not."""
    boxes = boxes_of([bar(0, 0, 10, 100), bar(20, 0, 10, 100), bar(30 + WIDE_GAP * 100, 0, 10, 1)])
    assert parts_of(boxes, [0, 1, 2], 100.0) == [[0, 1, 2]]
    assert parts_of(boxes, [0, 1, 2], 99.0) == [[0, 1], [2]]


def test_a_gap_is_measured_from_all_ink_before_it():
    """A gap is measured from all ink before it, so that a stroke below the line bridges it."""
    boxes = boxes_of([bar(0, 0, 10, 100), bar(900, 0, 10, 100), bar(0, 110, 910, 1)])
    assert parts_of(boxes, [1, 0], 100.0) == [[0], [1]]
    assert [sorted(part) for part in parts_of(boxes, [2, 1, 0], 100.0)] == [[0, 1, 2]]
