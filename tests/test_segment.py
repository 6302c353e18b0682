"""Lines, groups and cuts: geometry alone."""

import numpy as np
import pytest

from tests import hand
from webapp.recognition.segment import (
    MAX_CUTS,
    MAX_GROUPS,
    cut,
    groups_of,
    height_of,
    lines_of,
    piece,
)


def pieces(strokes):
    """Each stroke as a piece."""
    return [piece(number, points) for number, points in enumerate(strokes)]


def rows(strokes):
    """The strokes of each line."""
    return [sorted(p.stroke for p in line) for line in lines_of(pieces(strokes))]


def groups(strokes, most=MAX_GROUPS):
    """The strokes of each group, all ink being one line."""
    line = sorted(pieces(strokes), key=lambda p: p.low[0] + p.high[0])
    found = groups_of(line, height_of(line), most)
    return [tuple(sorted(line[i].stroke for i in group.members)) for group in found]


def bar(x, y, width, height):
    """A straight stroke from one corner of a box to the other."""
    return np.array([[x, y], [x + width, y + height]], np.float64)


def test_digits_side_by_side_are_one_line():
    """Also where one is lower than its neighbours."""
    strokes = hand.number("1987")
    strokes[1] = strokes[1] + [0, 20]
    assert rows(strokes) == [[0, 1, 2, 3]]


def test_stacked_ink_is_lines_from_the_top():
    """Whatever was drawn first."""
    assert rows(hand.number("12", "36", "89")) == [[0, 1], [2, 3], [4, 5]]
    below, above = hand.number("1"), [s - [0, 150] for s in hand.number("8")]
    assert rows([*below, *above]) == [[1], [0]]


@pytest.mark.parametrize("digit", range(10))
def test_the_strokes_of_one_digit_are_one_line(digit):
    """A bar on top of a 5 is no line of its own."""
    assert len(rows(hand.strokes(digit))) == 1


def test_a_sloping_line_is_one():
    """Each digit a third of its height below the one before."""
    strokes = [bar(60 * i, 30 * i, 5, 100) for i in range(8)]
    assert rows(strokes) == [list(range(8))]


def test_two_words_are_one_line():
    """However far apart."""
    strokes = [*hand.number("12"), *(s + np.array([2000, 5]) for s in hand.number("36"))]
    assert rows(strokes) == [[0, 1, 2, 3]]


def test_a_late_bar_is_grouped_with_its_digit():
    """The second stroke of a 4, drawn after the whole number."""
    first, second, *others = hand.number("407")
    found = groups([first, *others, second])
    assert (0, len(others) + 1) in found


def test_neighbours_far_apart_are_no_group():
    """Each digit alone, and all ink."""
    assert sorted(groups(hand.number("123", gap=0.8))) == [(0,), (0, 1, 2), (1,), (2,)]


def test_size_and_place_change_no_group():
    """Nor does the unit."""
    strokes = hand.number("4075")
    assert groups(strokes) == groups([s * 37.5 - 400 for s in strokes])


def test_five_hundred_strokes_are_few_groups():
    """Each stroke alone is one; the others are bounded."""
    rng = np.random.default_rng(0)
    strokes = [rng.uniform(0, 100, (5, 2)) for _ in range(500)]
    found = groups(strokes)
    assert len(found) <= MAX_GROUPS
    assert {(i,) for i in range(500)} <= set(found)


def test_a_cut_is_where_the_pen_goes_on():
    """Two zeros in one go come apart between the circles; no point is lost."""
    circle = np.array(hand.arc(0, 0, 40, 50, 90, 450, 40))
    joined = np.concatenate([circle, circle + np.array([120, 0])])
    parts = cut(joined, 100)
    ends = [(part[:, 0].min(), part[:, 0].max()) for part in parts]
    assert len(parts) == 2
    assert ends[0][1] == pytest.approx(60, abs=25)
    assert ends[1][0] == pytest.approx(60, abs=25)
    assert np.array_equal(parts[0][-1], parts[1][0])


def test_cuts_are_few():
    """A wave of twenty crests gives a handful of pieces."""
    x = np.linspace(0, 2000, 800)
    wave = np.stack([x + 80 * np.sin(x / 8), 50 * np.sin(x / 16)], 1)
    assert 1 <= len(cut(wave, 100)) <= MAX_CUTS + 1


def test_a_dot_has_a_height():
    """Nothing divides by it: ink without extent is one line, one group."""
    dot = [np.array([[3.0, 4.0]])]
    assert height_of(pieces(dot)) == 0
    assert groups(dot) == [(0,)]
