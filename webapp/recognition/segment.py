"""Which ink may make a digit: lines, groups of neighbouring pieces, cuts through one stroke.

Pieces are strokes, or the connected ink of a picture (`blobs`), whose points are its pixels.

Everything here is geometry and proposes only; the network and `lattice` decide. Lengths are
compared with the height of the writing, so that neither size nor unit matters.
"""

import itertools
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .glyph import Stroke

MAX_GROUPS = 700
"""Hypotheses of a drawing, at most, before cuts: more than 100 strokes of two lines have, few
enough to be judged in half a second."""

MAX_CUT_STROKES = 8
"""Strokes of a drawing that may be cut, at most, ..."""

MOST_TO_CUT = 120
"""... if it has no more pieces than this: what has is hardly a number."""

MOST_PASSES = 3
"""How often a stroke passes a column at which it is cut, at most: once, or there and back."""

MAX_CUTS = 4
"""Places at which one stroke is cut, at most: it gives five pieces and fifteen hypotheses."""

LONGEST = 5
"""Pieces in one digit, at most, unless all ink or all of one stroke is one; fewer where there would
be too many."""

LONGEST_LINE = 12
"""Pieces of a line, at most, that may all be one digit."""

TALL = 0.4
"""Strokes at least so high, as a share of the highest, decide what is a line; a bar follows."""

SAME_LINE = 0.35
"""Two strokes whose heights overlap by this share of the lower one stand in one line."""

NEAR = 3.0
"""Strokes are compared where they are at most this many heights apart, so that lines may slope."""

WIDEST = 1.7
"""Width of a group of strokes, in heights, at most."""

WIDEST_GAP = 0.5
"""Empty width inside a group, in heights, at most."""

TOO_WIDE = 0.85
"""A stroke at least so wide, in heights, may be several digits in one go."""


@dataclass(frozen=True)
class Piece:
    """A stroke, or a picture's connected ink, or what a cut made of one."""

    stroke: int
    """Index of the stroke in the drawing, of connected ink in the picture."""
    points: Stroke
    """Of the stroke; of connected ink, its pixels."""
    low: NDArray[np.float64]
    """Left and top of its box."""
    high: NDArray[np.float64]
    """Right and bottom."""

    @property
    def width(self) -> float:
        """Of the box."""
        return float(self.high[0] - self.low[0])

    @property
    def height(self) -> float:
        """Of the box."""
        return float(self.high[1] - self.low[1])


@dataclass(frozen=True)
class Group:
    """Pieces that may be one digit."""

    members: tuple[int, ...]
    """Indices of the pieces in their line, ascending, not empty."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    gap: float
    """The widest empty column between two of its pieces; 0 without one."""
    late: bool
    """Another piece of the line was drawn between its first and its last."""
    partial: bool = False
    """It has some pieces of a stroke that was cut, and not all of them."""

    @property
    def mask(self) -> int:
        """The members as bits."""
        return sum(1 << member for member in self.members)


def piece(stroke: int, points: Stroke) -> Piece:
    """Points of a stroke, with their box."""
    return Piece(stroke, points, points.min(axis=0), points.max(axis=0))


def lines_of(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The lines of writing, from the top; in each, the pieces by the middle of their box.

    Tall strokes that overlap in height belong together; what is left (bars, dots) follows the
    nearest of them. Ink without a tall stroke is one line.
    """
    if len(pieces) == 1:
        return [list(pieces)]
    low = np.array([p.low for p in pieces])
    high = np.array([p.high for p in pieces])
    size = high - low
    tall = np.flatnonzero(size[:, 1] >= TALL * size[:, 1].max())
    height = float(np.median(size[tall, 1]))
    names = _linked(low, high, tall, NEAR * height)
    nearest = _nearest(low, high, tall)
    members: dict[int, list[int]] = {}
    for index in range(len(pieces)):
        members.setdefault(int(names[nearest[index]]), []).append(index)
    middles = (low + high) / 2
    rows = sorted(members.values(), key=lambda row: float(np.median(middles[row, 1])))
    return [[pieces[i] for i in sorted(row, key=lambda i: float(middles[i, 0]))] for row in rows]


def height_of(line: Sequence[Piece]) -> float:
    """How high the digits of a line are, roughly; above 0 unless all its ink is one point."""
    heights = np.array([p.height for p in line])
    widths = np.array([p.width for p in line])
    if heights.max() < 0.2 * widths.max():
        return float(max(heights.max(), 0.5 * widths.max()))
    # Of few numbers, a tenth of the time of NumPy's.
    return float(statistics.median(heights[heights >= 0.5 * heights.max()].tolist()))


def whole_group(line: Sequence[Piece]) -> Group:
    """All pieces as one digit."""
    return group_of(line, tuple(range(len(line))))


def group_of(line: Sequence[Piece], members: tuple[int, ...]) -> Group:
    """Some pieces, ascending, as one digit, none of them drawn late."""
    group = _group(line, members, {i: i for i in range(len(line))})
    return replace(group, partial=_is_partial(line, group, Counter(p.stroke for p in line)))


def groups_of(line: Sequence[Piece], height: float, most: int) -> list[Group]:
    """Runs of neighbours, in space or in the order of writing, that are no wider than a digit.

    All of a line that is not long is always one of them. Longer runs are left out where there would
    be more than `most`; each piece alone is always there, `most` or not.

    Args:
        line: pieces, by the middle of their box.
        height: of the line's digits.
        most: groups, at least 1.
    """
    written = sorted(range(len(line)), key=lambda i: (line[i].stroke, i))
    rank = {member: place for place, member in enumerate(written)}
    whole = tuple(range(len(line)))
    found: dict[tuple[int, ...], Group] = {(i,): _group(line, (i,), rank) for i in whole}
    pieces = Counter(p.stroke for p in line)
    for length in range(2, min(max(LONGEST, *pieces.values()), len(line)) + 1):
        longer: dict[tuple[int, ...], Group] = {}
        for start in range(len(line) - length + 1):
            for order in (whole, written):
                members = tuple(sorted(order[start : start + length]))
                if members not in longer and _is_narrow(line, members, height):
                    group = _group(line, members, rank)
                    if group.gap <= WIDEST_GAP * height:
                        longer[members] = group
            longer.update(_with_late(line, whole[start : start + length - 1], rank, height))
        if len(found) + len(longer) >= most:
            break
        found.update(longer)
    if len(line) <= LONGEST_LINE:
        found.setdefault(whole, _group(line, whole, rank))
    if len(pieces) == len(line):
        return list(found.values())
    return [replace(g, partial=_is_partial(line, g, pieces)) for g in found.values()]


def cut(stroke: Stroke, height: float, _: int = 1) -> list[Stroke]:
    """A stroke in pieces, at the places where a pen goes on from one digit to the next.

    Such a place is the middle of a range of columns that the stroke passes less often than those to
    both sides.

    Args:
        stroke: (N, 2).
        height: of the writing, above 0.
        _: how many strokes are cut, which makes no difference.

    Returns:
        One to `MAX_CUTS` + 1 pieces that share their end points.
    """
    moves = np.hypot(*np.diff(stroke, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(moves)])
    count = 1 + max(8, min(400, round(along[-1] / (0.03 * height))))
    places = np.linspace(0, along[-1], count)
    points = np.stack([np.interp(places, along, stroke[:, axis]) for axis in (0, 1)], 1)
    x = points[:, 0]
    columns = np.linspace(x.min(), x.max(), 2 + round(float(np.ptp(x)) / (0.05 * height)))
    middles = (columns[:-1] + columns[1:]) / 2
    below = x[:, np.newaxis] < middles
    passes = (below[1:] != below[:-1]).sum(axis=0)
    margin = 0.2 * height
    cuts: list[int] = []
    start = 0
    for end in range(1, len(middles) + 1):
        if end < len(middles) and passes[end] == passes[start]:
            continue
        middle = (start + end - 1) // 2
        inside = x.min() + margin < middles[middle] < x.max() - margin
        is_valley = 0 < start < end < len(middles) and (
            passes[start - 1] > passes[start] < passes[end]
        )
        if is_valley and passes[start] <= MOST_PASSES and inside:
            crossings = np.flatnonzero(below[1:, middle] != below[:-1, middle])
            cuts.append(int(crossings[len(crossings) // 2]) + 1)
        start = end
    cuts = sorted(set(cuts))[:MAX_CUTS]
    ends = [0, *cuts, len(points) - 1]
    return [points[a : b + 1] for a, b in itertools.pairwise(ends) if b > a]


def _linked(
    low: NDArray[np.float64], high: NDArray[np.float64], tall: NDArray[np.int64], near: float
) -> dict[int, int]:
    """A line's name for each tall stroke."""
    names = {int(i): int(i) for i in tall}

    def merge(one: int, other: int) -> None:
        old, new = names[one], names[other]
        if old != new:
            for key, name in names.items():
                if name == old:
                    names[key] = new

    for place, i in enumerate(tall):
        others = tall[place + 1 :]
        overlap = np.minimum(high[others, 1], high[i, 1]) - np.maximum(low[others, 1], low[i, 1])
        lower = np.minimum(high[others, 1] - low[others, 1], high[i, 1] - low[i, 1])
        apart = np.maximum(low[others, 0], low[i, 0]) - np.minimum(high[others, 0], high[i, 0])
        for j in others[(overlap > SAME_LINE * lower) & (apart < near)]:
            merge(int(i), int(j))
    # The parts of one line, further apart than that.
    rows: dict[int, list[int]] = {}
    for key, name in names.items():
        rows.setdefault(name, []).append(key)
    parts = list(rows.values())
    tops = np.array([np.median(low[part, 1]) for part in parts])
    ends = np.array([np.median(high[part, 1]) for part in parts])
    for place, part in enumerate(parts):
        rest = slice(place + 1, None)
        shared = np.minimum(ends[place], ends[rest]) - np.maximum(tops[place], tops[rest])
        lower = np.minimum(ends[place] - tops[place], ends[rest] - tops[rest])
        for other in np.flatnonzero(shared > 0.5 * lower).tolist():
            merge(part[0], parts[place + 1 + other][0])
    return names


def _nearest(
    low: NDArray[np.float64], high: NDArray[np.float64], tall: NDArray[np.int64]
) -> list[int]:
    """For each stroke the tall one whose box is nearest, itself if it is tall."""
    found = []
    kept = set(tall.tolist())
    for index in range(len(low)):
        if index in kept:
            found.append(index)
            continue
        gaps = np.maximum(0, np.maximum(low[tall] - high[index], low[index] - high[tall]))
        middles = np.abs((low[tall] + high[tall] - low[index] - high[index]) / 2).sum(axis=1)
        found.append(int(tall[np.lexsort((middles, np.hypot(gaps[:, 0], gaps[:, 1])))[0]]))
    return found


def _is_narrow(line: Sequence[Piece], members: Sequence[int], height: float) -> bool:
    left = min(line[i].low[0] for i in members)
    right = max(line[i].high[0] for i in members)
    return bool(right - left <= WIDEST * height)


def _with_late(
    line: Sequence[Piece], run: tuple[int, ...], rank: dict[int, int], height: float
) -> dict[tuple[int, ...], Group]:
    """A run and one more piece, not its neighbour, that stands over it: a bar drawn late."""
    left = min(line[i].low[0] for i in run)
    right = max(line[i].high[0] for i in run)
    found = {}
    for other in range(max(0, run[0] - 3), min(len(line), run[-1] + 4)):
        if run[0] - 1 <= other <= run[-1] + 1:
            continue
        shared = min(right, line[other].high[0]) - max(left, line[other].low[0])
        if shared > 0.3 * min(line[other].width, right - left):
            members = tuple(sorted((*run, other)))
            if _is_narrow(line, members, height):
                found[members] = _group(line, members, rank)
    return found


def _is_partial(line: Sequence[Piece], group: Group, pieces: Counter[int]) -> bool:
    """Whether it has some pieces of a stroke and not all."""
    own = {line[i].stroke for i in group.members}
    return sum(pieces[stroke] for stroke in own) > len(group.members)


def _group(line: Sequence[Piece], members: tuple[int, ...], rank: dict[int, int]) -> Group:
    low = np.min([line[i].low for i in members], axis=0)
    high = np.max([line[i].high for i in members], axis=0)
    gap, end = 0.0, -np.inf
    for left, right in sorted((float(line[i].low[0]), float(line[i].high[0])) for i in members):
        if end > -np.inf:
            gap = max(gap, left - end)
        end = max(end, right)
    ranks = [rank[i] for i in members]
    return Group(members, low, high, gap, max(ranks) - min(ranks) >= len(ranks))
