"""Grids: the cells of a table by the boxes of its symbols."""

import dataclasses
import math

import pytest

from webapp.command.grid import GUTTER, Grid, grid_of
from webapp.recognition import Box, Digit, Reading, Sign
from webapp.recognition.results import Alternative

HEIGHT = 20.0
"""Height of a digit, in pixels."""


def symbols(text, x, y, slope=0.0, spacing=12.0):
    """Return the symbols of a text and their boxes, 10 wide, from its left and its top."""
    return [
        (symbol, Box(left, y + slope * left, 10, HEIGHT))
        for symbol, left in zip(text, (x + spacing * n for n in range(len(text))), strict=True)
    ]


def reading(*lines, unsure=(), **changes):
    """Return a reading of lines of symbols. `unsure` has the indices of unsure lines."""
    digits, signs = [], []
    for line, marks in enumerate(lines):
        for index, (symbol, box) in enumerate(marks):
            if symbol.isdigit():
                digits.append(Digit(int(symbol), line, 0.9, (0.1,) * 10, 1, box, None, None, index))
            else:
                signs.append(Sign(symbol, line, index, 0.9, box, None))
    statuses = tuple("unsure" if line in unsure else "ok" for line in range(len(lines)))
    read = Reading(
        status="ok",
        lines=tuple("".join(symbol for symbol, _ in marks) for marks in lines),
        confidence=0.9,
        digits=tuple(digits),
        alternatives=(),
        signs=tuple(signs),
        line_confidences=tuple(0.9 - 0.01 * line for line in range(len(lines))),
        line_statuses=statuses,
    )
    return dataclasses.replace(read, **changes)


def table(rows, step=120.0, pitch=30.0, slope=0.0, **changes):
    """Return the reading of a table, a line per cell, as the reader has lines far apart."""
    return reading(
        *(
            symbols(text, step * column, pitch * row, slope)
            for row, texts in enumerate(rows)
            for column, text in enumerate(texts)
            if text
        ),
        **changes,
    )


def turned(read, turn):
    """Return a reading with its boxes turned about the origin by an angle, in degrees."""
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))

    def moved(box):
        x, y = box.x + box.width / 2, box.y + box.height / 2
        width = abs(cosine) * box.width + abs(sine) * box.height
        height = abs(sine) * box.width + abs(cosine) * box.height
        middle = cosine * x - sine * y, sine * x + cosine * y
        return Box(middle[0] - width / 2, middle[1] - height / 2, width, height)

    return dataclasses.replace(
        read,
        digits=tuple(dataclasses.replace(d, box=moved(d.box)) for d in read.digits),
        signs=tuple(dataclasses.replace(s, box=moved(s.box)) for s in read.signs),
        ignored=tuple(map(moved, read.ignored)),
    )


SQUARE = [["12", "7", "340"], ["5", "28", "61"], ["17", "35", "401"]]
HOLES = [["", "7", ""], ["5", "", "61"], ["", "", "401"], ["1", "", ""]]
COLUMN = [["12"], ["5"], ["340"], ["357"]]
TABLES = pytest.mark.parametrize(
    "rows", [SQUARE, HOLES, COLUMN, [["12", "5", "17"]], [["7"]], [["-3.5"], ["12.50"]]]
)


@TABLES
def test_it_works(rows):
    """Each text is in its place, and a place where nothing is written is empty."""
    grid = grid_of(table(rows))
    assert grid.texts() == rows
    assert (grid.rows, grid.columns, grid.outside) == (len(rows), len(rows[0]), 0)
    assert [cell.text for cell in grid.cells] == [text for texts in rows for text in texts if text]
    assert not any(cell.is_doubtful for cell in grid.cells)


def test_without_a_text_there_is_no_table():
    """No ink gives no cells, and ink that is not read is counted."""
    assert grid_of(Reading("empty", (), 1.0, (), ())) == Grid()
    refused = Reading("not_a_number", (), 0.9, (), (), ignored=(Box(0, 0, 5, 5),))
    assert grid_of(refused) == Grid(outside=1)


@TABLES
@pytest.mark.parametrize("slope", [-0.03, 0.03])
def test_rows_may_slope(rows, slope):
    """A row stays one row if it falls or rises a little, also over places without a number."""
    assert grid_of(table(rows, slope=slope)).texts() == rows


@pytest.mark.parametrize("slope", [-0.08, 0.08])
def test_long_rows_may_slope(slope):
    """A row may fall or rise by more than the height of a row, a part of a height at a time."""
    rows = [["12", "7", "34", "5", "28"], ["61", "17", "35", "40", "8"]]
    assert grid_of(table(rows, slope=slope)).texts() == rows


@pytest.mark.parametrize("turn", [-3, 3])
def test_a_page_may_be_askew(turn):
    """Rows and columns of a long page are found if it is turned a little, gutters and all."""
    rows = [[str(11 + row), str(31 + row)] for row in range(40)]
    tight = table(rows, step=22 + 1.3 * HEIGHT)
    assert grid_of(turned(tight, turn)).texts() == rows


@pytest.mark.parametrize("turn", [90, 180, 270, 88, 182])
def test_a_page_may_lie_on_its_side(turn):
    """A page whose lines run downwards, upwards or to the left is turned."""
    read = dataclasses.replace(table(SQUARE), ignored=(Box(125, 31, 10, 20),))
    grid = grid_of(turned(read, turn))
    assert grid.texts() == SQUARE
    assert [cell.text for cell in grid.cells if cell.is_doubtful] == ["28"]


def test_a_line_over_several_columns_is_parted():
    """Where the reader took a row for one line, its columns part it, by a gap in all rows."""
    rows = [["12", "7"], ["5", "128"]]
    lines = [
        [*symbols(left, 0, 30 * row), *symbols(right, 60, 30 * row)]
        for row, (left, right) in enumerate(rows)
    ]
    grid = grid_of(reading(*lines, unsure=[1]))
    assert grid.texts() == rows
    assert [(cell.confidence, cell.is_doubtful) for cell in grid.cells] == [
        (0.9, False), (0.9, False), (0.89, True), (0.89, True),
    ]  # fmt: skip


@pytest.mark.parametrize(("gap", "columns"), [(GUTTER - 0.05, 1), (GUTTER + 0.05, 2)])
def test_a_gutter_has_a_width(gap, columns):
    """A gap is a gutter from one height of a digit on."""
    spacing = 10 + gap * HEIGHT
    assert grid_of(reading(symbols("12", 0, 0, spacing=spacing))).columns == columns


def test_a_row_that_crosses_a_gutter_joins_its_columns():
    """Numbers in one column of a row have a space between, and are doubtful."""
    grid = grid_of(table([["123456789012", ""], ["12", "7"]]))
    assert grid.texts() == [["123456789012"], ["12 7"]]
    assert [cell.is_doubtful for cell in grid.cells] == [False, True]
    assert [cell.confidence for cell in grid.cells] == [0.9, 0.88]


def test_ink_that_is_not_read_is_told():
    """Ink in a place makes it doubtful, also an empty one. Other ink is counted."""
    rows = [["12", "7"], ["5", ""]]
    ignored = (Box(2, 2, 5, 5), Box(122, 35, 6, 6), Box(300, 0, 5, 5), Box(0, 90, 5, 5))
    grid = grid_of(table(rows, ignored=ignored))
    assert grid.texts() == rows
    assert grid.outside == 2
    assert [(cell.text, cell.is_doubtful) for cell in grid.cells] == [
        ("12", True), ("7", False), ("5", False), ("", True),
    ]  # fmt: skip
    assert grid.cells[-1].confidence == 0


def test_a_cell_has_the_other_readings_of_its_place():
    """Other readings of a cell are those that leave the rest of its line as it is."""
    lines = [[*symbols("12", 0, 0), *symbols("7", 60, 0)], symbols("5", 0, 30)]
    others = ["172\n5", "127\n3", "121\n5", "17\n5", "12\n75\n5", "12\n5", "727\n3"]
    alternatives = tuple(Alternative(text, 0.01) for text in others)
    grid = grid_of(reading(*lines, alternatives=alternatives))
    assert grid.texts() == [["12", "7"], ["5", ""]]
    assert [cell.others for cell in grid.cells] == [("1", "72"), ("1",), ("3",)]
