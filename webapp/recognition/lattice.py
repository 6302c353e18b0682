"""The likeliest ways to cover a line of ink with digits: a search over groups of strokes.

A beam search over exact covers: what is not covered yet and stands leftmost is covered next. So a
group need not be a run, and a late bar costs nothing.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .budget import Budget
from .glyph import Stroke
from .segment import Group, Piece

BEAM = 24
"""Partial covers that are kept at each piece."""

HOPELESS = 16.0
"""Groups whose shape costs more than this, in nats, are not looked at, ..."""

UNLIKELY = 8.0
"""... nor those that cost more than this and are made of sure digits: two of them side by side."""

SURE = 0.9
"""P(digit) times P(is a digit) from which on a piece is a digit by itself."""

TALL = 0.85
"""... if it is so high, as a share of the writing, ..."""

BAND = 0.06
"""Ink is compared row by row, in rows so high, in heights."""

MOST_BANDS = 100
"""Rows, at most, that ink is compared in."""

MOST_SAMPLES = 20 * MOST_BANDS
"""Points that are put between those of one stroke, at most: enough to meet each row twenty times.
A flat stroke may be a million times as long as the writing is high."""

FLOOR = 1e-4
"""Probabilities count as at least this: one certain refusal decides nothing alone."""


@dataclass(frozen=True)
class Weights:
    """What counts how much, in nats. Chosen on train writers (docs/training.md)."""

    is_digit: float = 26.0
    """Multiplies log P(is a digit)."""
    digit: float = 26.0
    """Multiplies log P(digit)."""
    more: float = 2.6
    """Subtracted for each digit: fewer are likelier where all else is equal."""
    gap: float = 9.0
    """Per height of the writing of empty width inside a digit."""
    width: float = 9.0
    """Per height of the writing by which a digit is wider than `width_free` of them."""
    width_free: float = 1.4
    abreast: float = 9.0
    """For two pieces of a digit that stand abreast, each as high as the line."""
    two: float = 8.0
    """For a digit made of two that were read as well, each by itself, and stand side by side."""
    overlap: float = 0.5
    """Per share of its width by which a digit stands over its neighbour."""
    across: float = 32.0
    """Per height by which a digit's ink reaches across its neighbour's, beyond `across_free`."""
    across_free: float = 0.12
    height: float = 5.0
    """Per factor e by which a digit's height differs from the line's, beyond `height_free`."""
    height_free: float = 0.125
    base: float = 11.5
    """Per height by which the middles of neighbours differ, beyond `base_free`."""
    base_free: float = 0.18
    late: float = 1.5
    """Subtracted where other ink was drawn between the strokes of a digit."""
    crumb: float = 9.0
    """Subtracted for small or flat ink, standing alone, that is left out."""
    ink: float = 54.0
    """Subtracted for any other ink that is left out."""
    part: float = 0.8
    """Subtracted for a digit that is part of a stroke that was cut: two for each cut."""


@dataclass(frozen=True)
class Cover:
    """One way to read a line's ink."""

    score: float
    digits: tuple[int, ...]
    """Indices of the groups that are digits, from left to right."""
    ignored: tuple[int, ...]
    """Indices of the pieces that are left out."""


class Edges:
    """Where pieces of ink begin and end in each row of theirs."""

    def __init__(self, pieces: Sequence[Piece], height: float) -> None:
        """Of ink whose digits have this height."""
        self.height = height
        self._pieces = pieces
        self._known: dict[tuple[int, ...], tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    @functools.cached_property
    def _ends(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest x, each (pieces, rows); inf and -inf where there is no ink."""
        top = min(float(p.low[1]) for p in self._pieces)
        bottom = max(float(p.high[1]) for p in self._pieces)
        band = max(BAND * self.height, (bottom - top) / MOST_BANDS) or 1.0
        shape = len(self._pieces), 1 + int((bottom - top) / band)
        left, right = np.full(shape, np.inf), np.full(shape, -np.inf)
        for number, own in enumerate(self._pieces):
            points = _dense(own.points, band)
            rows = ((points[:, 1] - top) / band).astype(np.intp)
            np.minimum.at(left[number], rows, points[:, 0])
            np.maximum.at(right[number], rows, points[:, 0])
        return left, right

    def across(self, one: tuple[int, ...], other: tuple[int, ...]) -> float:
        """How far the ink of some pieces reaches over that of others, in heights, in the row where
        it does most; below 0 where there is paper between them, -inf where they share no row.
        """
        (left, right), (other_left, other_right) = self._of(one), self._of(other)
        ways = (right - other_left).max(), (other_right - left).max()
        return float(min(ways)) / self.height if self.height > 0 else 0.0

    def _of(self, pieces: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest x of all of some pieces, each (rows,)."""
        if pieces not in self._known:
            left, right = self._ends
            own = list(pieces)
            self._known[pieces] = left[own].min(axis=0), right[own].max(axis=0)
        return self._known[pieces]


_Partial = tuple[float, int, tuple[int, ...], tuple[int, ...]]
"""Score, the pieces covered as bits, groups that are digits, pieces left out."""


def covers_of(
    line: Sequence[Piece],
    groups: Sequence[Group],
    height: float,
    crumbs: Sequence[bool],
    probabilities: NDArray[np.float64],
    is_digit: NDArray[np.float64] | None,
    weights: Weights,
    budget: Budget,
) -> list[Cover]:
    """The best covers, the best first, at least one and at most `BEAM`.

    Args:
        line: pieces, by the middle of their box.
        groups: with each piece alone among them; one may come again, judged otherwise.
        height: of the line's digits.
        crumbs: of each piece, see `crumbs_of`.
        probabilities: (G, 10), calibrated.
        is_digit: (G,), calibrated; None where the model has no such output.
        budget: checked at each piece.

    Raises:
        BudgetError, GoneError: see `Budget.check`.
    """
    alone = [
        _own(line, groups, g, height, probabilities, is_digit, weights) for g in range(len(groups))
    ]
    sure = _sure_alone(groups, probabilities, is_digit)
    edges = Edges(line, height)
    alone = [
        own - weights.two * _is_two(line, group, sure, edges, weights)
        for own, group in zip(alone, groups, strict=True)
    ]

    @functools.cache
    def beside(one: int, other: int) -> float:
        return _beside(groups[one], groups[other], edges, weights)

    masks = [group.mask for group in groups]
    starting: list[list[int]] = [[] for _ in line]
    for index, group in enumerate(groups):
        starting[group.members[0]].append(index)
    dropped = [weights.crumb if crumb else weights.ink for crumb in crumbs]
    by_stroke: dict[int, list[int]] = {}
    for index, own in enumerate(line):
        by_stroke.setdefault(own.stroke, []).append(index)
    siblings = [by_stroke[own.stroke] for own in line]
    reached: list[dict[tuple[int, int], _Partial]] = [{} for _ in range(len(line) + 1)]
    reached[0][0, -1] = (0.0, 0, (), ())
    ended: list[_Partial] = []
    for place in range(len(line) + 1):
        best = sorted(reached[place].values(), key=lambda p: -p[0])[:BEAM]
        if place == len(line):
            ended = best
            break
        budget.check()
        for score, mask, digits, ignored in best:
            # A stroke that was cut may be left out as a whole, for the price of one.
            rest = tuple(i for i in siblings[place] if not mask >> i & 1)
            steps: list[_Partial] = [
                (score - dropped[place], mask | sum(1 << i for i in out), digits, (*ignored, *out))
                for out in ({(place,), rest})
            ]
            for g in starting[place]:
                if masks[g] & mask:
                    continue
                cost = beside(digits[-1], g) if digits else 0.0
                steps.append((score + alone[g] - cost, mask | masks[g], (*digits, g), ignored))
            for step in steps:
                following = place
                while step[1] >> following & 1:
                    following += 1
                key = (
                    step[1],
                    step[2][-1] if step[2] else -1,
                )
                kept = reached[following].get(key)
                if kept is None or kept[0] < step[0]:
                    reached[following][key] = step
    return [
        Cover(
            score,
            tuple(sorted(digits, key=lambda g: float(groups[g].low[0] + groups[g].high[0]))),
            ignored,
        )
        for score, _, digits, ignored in ended
    ]


def likely(
    line: Sequence[Piece],
    groups: Sequence[Group],
    height: float,
    sure: Sequence[float],
    weights: Weights,
) -> list[Group]:
    """The groups that are worth a look; each piece alone is always one of them.

    Args:
        sure: of each piece, how certain it is that it is a digit by itself.
    """

    def is_likely(group: Group) -> bool:
        if len(group.members) == 1:
            return True
        made_of_digits = all(sure[i] >= SURE for i in group.members)
        most = UNLIKELY if made_of_digits else HOPELESS
        return shape_cost(line, group, height, weights) <= most

    return [group for group in groups if is_likely(group)]


def _own(
    line: Sequence[Piece],
    groups: Sequence[Group],
    index: int,
    height: float,
    probabilities: NDArray[np.float64],
    is_digit: NDArray[np.float64] | None,
    weights: Weights,
) -> float:
    """What a group is worth as a digit, whatever stands beside it."""
    group = groups[index]
    score = weights.digit * math.log(max(float(probabilities[index].max()), FLOOR)) - weights.more
    if is_digit is not None:
        score += weights.is_digit * math.log(max(float(is_digit[index]), FLOOR))
    return score - shape_cost(line, group, height, weights)


def _sure_alone(
    groups: Sequence[Group],
    probabilities: NDArray[np.float64],
    is_digit: NDArray[np.float64] | None,
) -> dict[int, float]:
    """How sure it is that a piece is a digit by itself, and which."""
    # Where a group comes again, as half of a pair, the first is what the network says of it alone.
    alone: dict[int, int] = {}
    for g, group in enumerate(groups):
        if len(group.members) == 1:
            alone.setdefault(group.members[0], g)
    return {
        i: float(probabilities[g].max()) * (1.0 if is_digit is None else float(is_digit[g]))
        for i, g in alone.items()
    }


def _is_two(
    line: Sequence[Piece],
    group: Group,
    sure: dict[int, float],
    edges: Edges,
    weights: Weights,
) -> bool:
    """Whether two of its pieces are digits of their own, as high as the writing and side by side:
    a 1 that touches a 6; not a 0 and its slash, the strokes of a 4, or a stroke drawn twice.
    """
    digits = [i for i in group.members if sure[i] >= SURE and line[i].height >= TALL * edges.height]
    return any(
        line[one].stroke != line[other].stroke
        and edges.across((one,), (other,)) <= weights.across_free
        for one, other in itertools.combinations(digits, 2)
    )


def _dense(stroke: Stroke, step: float) -> Stroke:
    """A stroke's points and others between them, one step apart where `MOST_SAMPLES` allow it, in
    any order.
    """
    moves = np.hypot(*np.diff(stroke, axis=0).T)
    if not len(moves) or moves.max() <= step:
        return stroke
    along = np.concatenate([[0.0], np.cumsum(moves)])
    # The quotient may overflow to infinity, hence not int() first.
    places = np.linspace(0, along[-1], 2 + int(min(along[-1] / step, MOST_SAMPLES)))
    between = np.stack([np.interp(places, along, stroke[:, axis]) for axis in (0, 1)], 1)
    return np.concatenate([stroke, between])


def shape_cost(line: Sequence[Piece], group: Group, height: float, weights: Weights) -> float:
    """What speaks against a digit of these pieces, whatever they look like."""
    cost = weights.late * group.late + weights.part * group.partial
    if height <= 0:
        return cost
    width, own = (group.high - group.low).tolist()
    cost += weights.gap * group.gap / height
    cost += weights.abreast * _abreast([line[i] for i in group.members], height)
    cost += weights.width * max(0.0, width / height - weights.width_free)
    unlike = abs(math.log(max(own / height, 1e-3)))
    return float(cost + weights.height * max(0.0, unlike - weights.height_free))


def _abreast(pieces: Sequence[Piece], height: float) -> float:
    """How much pieces look like digits of their own: 0 where one is small or over the other, 1
    where both are as high as the writing and share no column. Parts of one stroke do not.
    """
    most = 0.0
    for place, one in enumerate(pieces):
        for other in pieces[place + 1 :]:
            if one.stroke == other.stroke:
                continue
            narrower = max(min(one.width, other.width), 0.1 * height)
            shared = min(one.high[0], other.high[0]) - max(one.low[0], other.low[0])
            lower = min(1.0, one.height / height, other.height / height)
            most = max(most, lower * (1 - min(1.0, max(0.0, float(shared)) / narrower)))
    return most


def _beside(left: Group, right: Group, edges: Edges, weights: Weights) -> float:
    """What it costs that one digit stands beside another."""
    height = edges.height
    if height <= 0:
        return 0.0
    widths = (left.high[0] - left.low[0], right.high[0] - right.low[0])
    shared = min(left.high[0], right.high[0]) - max(left.low[0], right.low[0])
    overlap = max(0.0, float(shared)) / max(float(min(widths)), 0.15 * height)
    middles = abs(float(left.low[1] + left.high[1] - right.low[1] - right.high[1])) / 2 / height
    cost = weights.overlap * overlap + weights.base * max(0.0, middles - weights.base_free)
    if weights.across and shared > weights.across_free * height:
        across = edges.across(left.members, right.members)
        cost += weights.across * max(0.0, across - weights.across_free)
    return cost


def crumbs_of(line: Sequence[Piece], height: float) -> list[bool]:
    """Which pieces are points, commas or bars that stand alone: no part of a digit."""
    low = np.array([own.low for own in line])
    high = np.array([own.high for own in line])
    size = high - low
    small = size.max(axis=1) <= 0.35 * height
    flat = size[:, 1] <= 0.25 * np.maximum(size[:, 0], 0.5 * height)
    crumbs = small | flat
    for index in np.flatnonzero(crumbs):
        apart = np.maximum(low - high[index], low[index] - high).max(axis=1)
        apart[index] = np.inf
        crumbs[index] = apart.min() > 0.05 * height
    return [bool(crumb) for crumb in crumbs]
