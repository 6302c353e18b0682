"""Grids: the cells of a table, from the boxes of a reading's symbols."""

import cmath
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..recognition import Box, Reading

GUTTER = 1.0
"""Least gap between two columns, in heights of a digit: some twice the largest gap between digits
of a number that the line reader learns (train/data/compose.py, APART)."""

SAME_ROW = 0.5
"""Least overlap of the heights of two neighbours in a row, as a share of the lower one."""

NOWHERE = -1
"""Index of no row or column."""

Span = tuple[float, float]
"""Begin and end of a row or a column, in the unit of the boxes."""


@dataclass(frozen=True)
class Cell:
    """A place of a table where something is written."""

    row: int
    """From the top, from 0."""
    column: int
    """From the left, from 0."""
    text: str
    """The symbols as read, with a space at each gap as wide as a gutter. Empty if none is read."""
    confidence: float
    """Calibrated probability that its line is right; 0 if no symbol is read."""
    is_doubtful: bool
    """Its line is unsure, its text has a space, or it has ink that is not read."""
    others: tuple[str, ...] = ()
    """Other readings, the likeliest first."""


@dataclass(frozen=True)
class Grid:
    """A table."""

    rows: int = 0
    columns: int = 0
    cells: tuple[Cell, ...] = ()
    """Row by row, from left to right. A place where nothing is written has none."""
    outside: int = 0
    """Pieces of ink beside the table that are not read."""

    def texts(self) -> list[list[str]]:
        """Return the texts of all places, row by row, empty where nothing is read."""
        texts = [[""] * self.columns for _ in range(self.rows)]
        for cell in self.cells:
            texts[cell.row][cell.column] = cell.text
        return texts


@dataclass(frozen=True)
class _Mark:
    """A symbol, or ink that is not read, with its box."""

    x: float
    y: float
    """Middle of the box."""
    width: float
    height: float
    line: int = -1
    index: int = -1
    is_digit: bool = False

    @property
    def across(self) -> Span:
        return self.x - self.width / 2, self.x + self.width / 2

    @property
    def down(self) -> Span:
        return self.y - self.height / 2, self.y + self.height / 2


@dataclass(frozen=True)
class _Part:
    """The marks of a line that are in one column."""

    column: int
    marks: Sequence[_Mark]

    @property
    def down(self) -> Span:
        return _hull(mark.down for mark in self.marks)

    @property
    def y(self) -> float:
        return sum(self.down) / 2


def grid_of(reading: Reading) -> Grid:
    """Return the table of a reading; without a text, one without rows and columns.

    Gaps of `GUTTER` that no row crosses part the columns. What stands side by side is a row. Rows
    may slope, and a page that was read turned is turned here, too.
    """
    if not reading.lines:
        return Grid(outside=len(reading.ignored))
    marks, ink = _upright(reading)
    digits = [mark for mark in marks if mark.is_digit]
    gutter = GUTTER * statistics.median(digit.height for digit in digits)
    slope = _slope(digits)
    # The columns of a page that is askew slope with its rows, those of free writing do not.
    slant = max((0.0, slope), key=lambda slant: len(_columns(_level(marks, slope, slant), gutter)))
    marks, ink = _level(marks, slope, slant), _level(ink, slope, slant)
    columns = _columns(marks, gutter)
    lines: dict[tuple[int, int], list[_Mark]] = {}
    for mark in marks:
        lines.setdefault((mark.line, _place(columns, mark.x)), []).append(mark)
    rows = _rows([_Part(column, members) for (_, column), members in lines.items()])
    spans = [_hull(part.down for part in row) for row in rows]
    inked = [(_place(spans, mark.y), _place(columns, mark.x)) for mark in ink]
    places = set(inked)
    cells = []
    for row, parts in enumerate(rows):
        for column in range(len(columns)):
            own = [part for part in parts if part.column == column]
            has_ink = (row, column) in places
            if own or has_ink:
                cells.append(_cell(reading, row, column, own, has_ink, gutter))
    outside = sum(NOWHERE in place for place in inked)
    return Grid(len(rows), len(columns), tuple(cells), outside)


def _upright(reading: Reading) -> tuple[list[_Mark], list[_Mark]]:
    """Return the symbols and the ink that is not read, turned so that lines run to the right."""
    symbols = [
        *((digit.line, digit.index, True, digit.box) for digit in reading.digits),
        *((sign.line, sign.index, False, sign.box) for sign in reading.signs),
    ]
    symbols.sort(key=lambda symbol: symbol[:2])
    steps = (
        _middle(box) - _middle(before)
        for (line, _, _, before), (same, _, _, box) in pairwise(symbols)
        if line == same
    )
    quarters = round(cmath.phase(sum(steps, 0j)) / (math.pi / 2))

    def turned(box: Box) -> tuple[float, float, float, float]:
        middle = _middle(box) * (-1j) ** quarters
        sides = (box.width, box.height) if quarters % 2 == 0 else (box.height, box.width)
        return middle.real, middle.imag, *sides

    marks = [_Mark(*turned(box), line, index, digit) for line, index, digit, box in symbols]
    return marks, [_Mark(*turned(box)) for box in reading.ignored]


def _middle(box: Box) -> complex:
    return complex(box.x + box.width / 2, box.y + box.height / 2)


def _slope(digits: Sequence[_Mark]) -> float:
    """Return how far rows fall per distance to the right, from each digit and the next beside it.

    Distant pairs count more: least squares.
    """
    x, y, height = np.array(sorted((d.x, d.y, d.height) for d in digits)).T
    fall = run = 0.0
    for place in range(len(x) - 1):
        rest = slice(place + 1, None)
        overlap = (height[place] + height[rest]) / 2 - abs(y[rest] - y[place])
        beside = np.flatnonzero(overlap >= SAME_ROW * np.minimum(height[place], height[rest]))
        if len(beside):
            right, down = (values[rest][beside[0]] - values[place] for values in (x, y))
            fall, run = fall + right * down, run + right * right
    return float(fall / run) if run else 0.0


def _level(marks: Iterable[_Mark], slope: float, slant: float) -> list[_Mark]:
    """Return marks with rows and columns made straight."""
    return [replace(m, x=m.x + slant * m.y, y=m.y - slope * m.x) for m in marks]


def _columns(marks: Iterable[_Mark], gutter: float) -> list[Span]:
    """Return the columns, from the left."""
    columns: list[Span] = []
    for left, right in sorted(mark.across for mark in marks):
        if columns and left < columns[-1][1] + gutter:
            columns[-1] = columns[-1][0], max(right, columns[-1][1])
        else:
            columns.append((left, right))
    return columns


def _rows(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Return the rows, from the top. A row ends at the mean of the ends of its parts."""
    rows: list[list[_Part]] = []
    for part in sorted(parts, key=lambda part: part.y):
        if rows and part.y < statistics.mean(other.down[1] for other in rows[-1]):
            rows[-1].append(part)
        else:
            rows.append([part])
    return rows


def _hull(spans: Iterable[Span]) -> Span:
    begins, ends = zip(*spans, strict=True)
    return min(begins), max(ends)


def _place(spans: Sequence[Span], where: float) -> int:
    """Return the index of the row or column at a place, or `NOWHERE`."""
    found = (index for index, (begin, end) in enumerate(spans) if begin <= where <= end)
    return next(found, NOWHERE)


def _cell(
    reading: Reading, row: int, column: int, parts: list[_Part], has_ink: bool, gutter: float
) -> Cell:
    parts = sorted(parts, key=lambda part: _hull(mark.across for mark in part.marks))
    marks = [mark for part in parts for mark in part.marks]
    text, end = "", math.inf
    for mark in marks:
        text += " " if mark.across[0] >= end + gutter else ""
        text += reading.lines[mark.line][mark.index]
        end = mark.across[1]
    lines = {mark.line for mark in marks}
    is_unsure = any(reading.line_statuses[line] != "ok" for line in lines)
    return Cell(
        row,
        column,
        text,
        min((reading.line_confidences[line] for line in lines), default=0.0),
        has_ink or is_unsure or " " in text,
        _others(reading, marks) if len(lines) == 1 else (),
    )


def _others(reading: Reading, marks: Sequence[_Mark]) -> tuple[str, ...]:
    """Return what other readings have in the place of neighbours in a line, the rest unchanged."""
    line = marks[0].line
    text = reading.lines[line]
    before, after = text[: marks[0].index], text[marks[-1].index + 1 :]
    found = []
    for alternative in reading.alternatives:
        lines = alternative.text.split("\n")
        other = lines[line] if len(lines) == len(reading.lines) else text
        if other != text and other.startswith(before) and other.endswith(after):
            found.append(other[len(before) : len(other) - len(after)])
    return tuple(dict.fromkeys(filter(None, found)))
