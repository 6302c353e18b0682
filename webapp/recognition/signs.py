"""Signs of several strokes, each of which may look like a digit: the per cent sign is 90, or 010.

Nothing that is learnt knows them as a whole: a digit and a small one are a number, too. Thresholds
were chosen on train writers.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .glyph import Stroke
from .segment import MOST_TO_CUT, Piece

RING = 0.1, 0.55
"""Size of a ring, in heights of its slash, least and most: a 0 is larger, ..."""

RING_OF_ONE = 0.65
"""... and the most of what is drawn with the slash, with the way from ring to slash."""

SHORT = 0.3
"""Lowest slash, as a share of the line's highest stroke."""

FLAT = 0.3
"""Narrowest ring, as a share of its longer side."""

ROUND = 1.4
"""Way of a ring, at least, by the diagonal of its box: of a comma it is 1."""

LEAN = 0.08
"""How far a slash leans to the right, in heights, ..."""

LEAN_OF_ONE = 0.22
"""... and if a ring is drawn with it: a 9 is more upright."""

BENT = 0.15
"""How far a slash is off the straight line, in lengths, at most."""

INTO = 0.06
"""How far a ring reaches into its slash, in heights, at most."""

BESIDE = 0.7
"""How far the middle of a ring is from the slash's end, across, in heights, at most, ..."""

BESIDE_OF_ONE = 0.2
"""... and if the other ring is drawn with the slash: a small 0 after a 9 stands further right."""

BEYOND = 0.4
"""How far a ring reaches over or under the slash's end, in heights, at most."""


class _Slash(NamedTuple):
    """A straight way down and to the left."""

    before: Stroke
    """What was drawn before it in one go."""
    top: NDArray[np.float64]
    foot: NDArray[np.float64]


def percent_signs(line: Sequence[Piece]) -> list[tuple[int, ...]]:
    """Indices of the strokes of each per cent sign of a line: a slash, and a small ring on either
    side, the upper of which may be one stroke with the slash.
    """
    if len(line) > MOST_TO_CUT:
        return []
    highest = max(own.height for own in line)
    rings = {
        number: own
        for number, own in enumerate(line)
        if max(own.width, own.height) <= RING[1] * highest
        and min(own.width, own.height) >= FLAT * max(own.width, own.height)
        and _is_round(own.points)
    }
    found: list[tuple[int, ...]] = []
    for index, own in enumerate(line):
        if not rings or own.height < SHORT * highest or any(index in sign for sign in found):
            continue
        for slash in filter(None, map(_slash, (own.points, own.points[::-1]))):
            own_rings = _rings_of(slash, {n: ring for n, ring in rings.items() if n != index})
            if own_rings:
                found.append(tuple(sorted([index, *own_rings])))
                rings = {n: ring for n, ring in rings.items() if n not in found[-1]}
                break
    return found


def _rings_of(slash: _Slash, rings: Mapping[int, Piece]) -> list[int]:
    """Which rings make a per cent sign of a slash; empty if none do."""
    before, top, foot = slash
    height = float(foot[1] - top[1])
    is_one = (
        foot[0] <= top[0] - LEAN_OF_ONE * height
        and RING[0] <= np.ptp(before[:, 1]) / height <= RING_OF_ONE
        and _is_round(before)
    )
    rings = {
        number: own
        for number, own in rings.items()
        if RING[0] * height <= max(own.width, own.height) <= RING[1] * height
    }
    reach = BESIDE_OF_ONE if is_one else BESIDE
    lower = [n for n, ring in rings.items() if _stands(ring, "lower", slash, reach)]
    upper = [n for n, ring in rings.items() if _stands(ring, "upper", slash, BESIDE)]
    if not lower or not (is_one or upper):
        return []
    return lower[:1] if is_one else [upper[0], lower[0]]


def _slash(points: Stroke) -> _Slash | None:
    """The way down to the lowest point; None if it is bent or does not lean to the right."""
    least, height = points[:, 1].min(), np.ptp(points[:, 1])
    end = int(points[:, 1].argmax())
    is_high = points[:end, 1] <= least + 0.3 * height
    if height <= 0 or not is_high.any():
        return None
    start = int(np.flatnonzero(is_high)[-1])
    while start and is_high[start - 1] and points[start - 1, 0] > points[start, 0]:
        start -= 1
    top, foot = points[start], points[end]
    if foot[0] > top[0] - LEAN * height or foot[1] <= top[1]:
        return None
    way = foot - top
    length = np.hypot(*way)
    off = (points[start:end] - top) @ np.array([way[1], -way[0]]) / length
    if np.abs(off).max() > BENT * length:
        return None
    return _Slash(points[: start + 1], top, foot)


def _is_round(points: Stroke) -> bool:
    """Whether a way leads about and not along."""
    way = np.hypot(*np.diff(points, axis=0).T).sum()
    return bool(way >= ROUND * np.hypot(*np.ptp(points, axis=0)) > 0)


def _stands(
    ring: Piece,
    where: Literal["lower", "upper"],
    slash: _Slash,
    reach: float,
) -> bool:
    """Whether a ring stands under a slash, to the right, or over it, to the left."""
    _, top, foot = slash
    height = float(foot[1] - top[1])
    x, y = (ring.low + ring.high) / 2
    slope = (foot[0] - top[0]) / (foot[1] - top[1])
    off = ring.points[:, 0] - top[0] - slope * (ring.points[:, 1] - top[1])
    middle = (top[1] + foot[1]) / 2
    if where == "lower":
        near = x <= top[0] + reach * height and ring.high[1] <= foot[1] + BEYOND * height
        return bool(y > middle and off.min() > -INTO * height and near)
    near = x >= foot[0] - reach * height and ring.low[1] >= top[1] - BEYOND * height
    return bool(y < middle and off.max() < INTO * height and near)
