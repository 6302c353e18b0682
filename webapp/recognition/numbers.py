"""Whole numbers from strokes: groups are proposed, judged in one batch, and the best kept."""

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .glyph import Glyph, Stroke
from .lattice import Cover, Weights, covers_of, is_crumb, likely
from .segment import (
    MAX_CUT_STROKES,
    MAX_GROUPS,
    TOO_WIDE,
    Group,
    Piece,
    cut,
    groups_of,
    height_of,
    lines_of,
    piece,
)

Judge = Callable[
    [list[list[Stroke]]], tuple[list[Glyph], NDArray[np.float64], NDArray[np.float64] | None]
]
"""N groups of strokes to their glyphs, calibrated P(digit), (N, 10), and P(is a digit), (N,) or
None."""

NEGLIGIBLE = 1e-4
"""Covers less likely than this, as a share of the best, are no other reading."""

WHOLE_STROKES = 4
"""Ink in several lines may still be one digit if it has at most so many strokes."""

REFUSED = 0.5
"""P(is a digit) below which a wide stroke is cut."""

CONSIDERED = 6
"""Covers of a line, at most, that other readings are made of."""

OTHERS = 3
"""Digits at one place, at most, that other readings are made of."""


@dataclass(frozen=True)
class Found:
    """One digit of a reading."""

    line: int
    strokes: tuple[int, ...]
    glyph: Glyph
    probabilities: NDArray[np.float64]
    is_digit: float | None
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def digit(self) -> int:
        """The likeliest."""
        return int(self.probabilities.argmax())


@dataclass(frozen=True)
class Ink:
    """Ink that is no digit."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    crumb: bool
    """It is small or flat and stands alone: a point, a comma, a sign."""
    length: float
    """Of the pen's way."""


TANGLED = 0.3
"""Share of the narrower of two digits that its neighbour may stand over: 98 % of the numbers of
train writers that are read right have less, half the letters that are taken for numbers more."""


@dataclass(frozen=True)
class Numbers:
    """The best reading, and how it compares."""

    digits: tuple[Found, ...]
    """Line by line, from left to right."""
    ignored: tuple[Ink, ...]
    readings: tuple[tuple[tuple[str, ...], float], ...]
    """Lines and the probability that they are right among all readings, each digit being one; the
    best first, which is that of `digits`."""
    cuts: int
    """Strokes that were cut into several digits."""
    ink_length: float
    """Of all the pen's ways."""

    @property
    def tangled(self) -> bool:
        """Digits stand over each other, or above or below a point or a bar: an X, a T, a ?."""
        for left, right in itertools.pairwise(self.digits):
            narrower = min(left.high[0] - left.low[0], right.high[0] - right.low[0])
            height = max(left.high[1] - left.low[1], right.high[1] - right.low[1])
            shared = min(left.high[0], right.high[0]) - max(left.low[0], right.low[0])
            if left.line == right.line and shared > TANGLED * max(narrower, 0.15 * height):
                return True
        return len({digit.line for digit in self.digits}) <= 1 and any(
            ink.low[0] < digit.high[0] and digit.low[0] < ink.high[0]
            for ink in self.ignored
            for digit in self.digits
        )


@dataclass
class _Line:
    pieces: list[Piece]
    height: float
    groups: list[Group]
    glyphs: list[Glyph]
    probabilities: NDArray[np.float64]
    is_digit: NDArray[np.float64] | None
    covers: list[Cover]
    cut: frozenset[int] = frozenset()


def read_numbers(
    strokes: Sequence[Stroke], judge: Judge, weights: Weights | None = None
) -> Numbers:
    """The best readings of all ink.

    Args:
        strokes: arrays of shape (N, 2), N >= 1, at least one.
        judge: called once, and once more where a stroke has to be cut.
    """
    weights = weights or Weights()
    pieces = [piece(number, points) for number, points in enumerate(strokes)]
    rows = lines_of(pieces)
    lines = _judged(_proposed(rows, weights), judge, weights)
    lines = _with_cuts(lines, judge, weights)
    if len(rows) > 1 and len(strokes) <= WHOLE_STROKES:
        # Two lines, or the two strokes of one digit, one above the other?
        whole = _judged([_one_digit(pieces)], judge, weights)
        if whole[0].covers[0].score > sum(line.covers[0].score for line in lines):
            lines = whole
    if not any(line.covers[0].digits for line in lines):
        # A dot, a bar: left out as part of a number, but alone it is what is to be judged.
        lines = _judged([_one_digit(pieces)], judge, weights)
        lines[0].covers = [Cover(0.0, (len(lines[0].groups) - 1,), ())]
    return _numbers(lines)


def _proposed(
    rows: Sequence[list[Piece]], weights: Weights
) -> list[tuple[list[Piece], float, list[Group]]]:
    most = MAX_GROUPS
    total = sum(map(len, rows))
    proposed = []
    for row in rows:
        height = height_of(row)
        groups = groups_of(row, height, max(1, most * len(row) // total))
        proposed.append((row, height, likely(row, groups, height, weights)))
    return proposed


def _one_digit(pieces: list[Piece]) -> tuple[list[Piece], float, list[Group]]:
    """All pieces as one line whose digits are as high as all of it."""
    low = np.min([p.low for p in pieces], axis=0)
    high = np.max([p.high for p in pieces], axis=0)
    height = float(max(high - low))
    return pieces, height, groups_of(pieces, height, 1)


def _judged(
    proposed: Sequence[tuple[list[Piece], float, list[Group]]], judge: Judge, weights: Weights
) -> list[_Line]:
    glyphs, probabilities, is_digit = judge(
        [[row[i].points for i in g.members] for row, _, groups in proposed for g in groups]
    )
    lines, start = [], 0
    for row, height, groups in proposed:
        part = slice(start, start + len(groups))
        start += len(groups)
        sure = None if is_digit is None else is_digit[part]
        covers = covers_of(row, groups, height, probabilities[part], sure, weights)
        lines.append(_Line(row, height, groups, glyphs[part], probabilities[part], sure, covers))
    return lines


def _with_cuts(lines: list[_Line], judge: Judge, weights: Weights) -> list[_Line]:
    """The lines, those with a wide stroke that was refused read anew with it in pieces."""
    left = MAX_CUT_STROKES
    again: list[int] = []
    proposed = []
    cuts: list[frozenset[int]] = []
    for number, line in enumerate(lines):
        wide = _refused(line)[:left]
        left -= len(wide)
        cut_strokes, row = set(), []
        for index, whole in enumerate(line.pieces):
            parts = cut(whole.points, line.height) if index in wide else [whole.points]
            if len(parts) > 1:
                cut_strokes.add(whole.stroke)
            row += [piece(whole.stroke, points) for points in parts]
        if cut_strokes:
            row.sort(key=lambda p: float(p.low[0] + p.high[0]))
            again.append(number)
            cuts.append(frozenset(cut_strokes))
            groups = groups_of(row, line.height, MAX_GROUPS)
            proposed.append((row, line.height, likely(row, groups, line.height, weights)))
    if not again:
        return lines
    lines = list(lines)
    for number, strokes, fresh in zip(again, cuts, _judged(proposed, judge, weights), strict=True):
        price = weights.cut * len(strokes)
        if fresh.covers[0].score - price > lines[number].covers[0].score:
            fresh.cut = strokes
            lines[number] = fresh
    return lines


def _refused(line: _Line) -> list[int]:
    """Indices of wide pieces that the best cover has no good use for."""
    best = line.covers[0]
    bad = set(best.ignored)
    for g in best.digits:
        sure = line.probabilities[g].max() if line.is_digit is None else line.is_digit[g]
        if sure < REFUSED:
            bad.update(line.groups[g].members)
    return [i for i in sorted(bad) if line.pieces[i].width >= TOO_WIDE * line.height > 0]


def _numbers(lines: Sequence[_Line]) -> Numbers:
    digits: list[Found] = []
    ignored: list[Ink] = []
    texts: list[list[tuple[str, float]]] = []
    for number, line in enumerate(lines):
        best = line.covers[0]
        for g in best.digits:
            group = line.groups[g]
            used = tuple(sorted({line.pieces[i].stroke for i in group.members}))
            sure = None if line.is_digit is None else float(line.is_digit[g])
            digits.append(
                Found(
                    number, used, line.glyphs[g], line.probabilities[g], sure, group.low, group.high
                )
            )
        for i in best.ignored:
            own = line.pieces[i]
            crumb = is_crumb(line.pieces, i, line.height)
            ignored.append(Ink(own.low, own.high, crumb, _length(own.points)))
        texts.append(_texts(line))
    total = sum(_length(p.points) for line in lines for p in line.pieces)
    return Numbers(
        tuple(digits), tuple(ignored), _joined(texts), sum(len(line.cut) for line in lines), total
    )


def _length(points: Stroke) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _texts(line: _Line) -> list[tuple[str, float]]:
    """Readings of one line with their probabilities, the best cover's own first."""
    covers = line.covers[:CONSIDERED]
    shares = np.exp([cover.score - covers[0].score for cover in covers])
    shares = shares[shares >= NEGLIGIBLE]
    shares /= shares.sum()
    found: dict[str, float] = {}
    for cover, share in zip(covers, shares.tolist(), strict=False):
        for text, probability in _of_cover([line.probabilities[g] for g in cover.digits]):
            found[text] = found.get(text, 0.0) + share * probability
    first = "".join(str(int(line.probabilities[g].argmax())) for g in covers[0].digits)
    rest = sorted((t for t in found if t != first), key=lambda t: -found[t])
    return [(t, found[t]) for t in (first, *rest[:10])]


def _of_cover(rows: Sequence[NDArray[np.float64]], most: int = 11) -> list[tuple[str, float]]:
    """The likeliest texts of digits side by side."""
    texts = [("", 1.0)]
    for row in rows:
        best = np.argsort(-row)[: most if len(rows) == 1 else OTHERS]
        longer = [(t + str(d), p * float(row[d])) for t, p in texts for d in best.tolist()]
        texts = heapq.nlargest(most, longer, key=lambda pair: pair[1])
    return texts


def _joined(
    texts: Sequence[Sequence[tuple[str, float]]], most: int = 11
) -> tuple[tuple[tuple[str, ...], float], ...]:
    """Readings of all lines together; lines without a digit are left out."""
    joined: list[tuple[tuple[str, ...], float]] = [((), 1.0)]
    for line in texts:
        longer = [
            ((*lines, text) if text else lines, p * share)
            for (lines, p), (text, share) in itertools.product(joined, line)
        ]
        first, *rest = longer
        joined = [first, *heapq.nlargest(most - 1, rest, key=lambda pair: pair[1])]
    return tuple(joined)
