"""Whole numbers from strokes or from a picture's ink: groups are proposed, judged in one batch, and
the best kept.
"""

import heapq
import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .blobs import cut_ink
from .budget import Budget
from .errors import Bound, BudgetError
from .glyph import Glyph, Stroke
from .lattice import Cover, Edges, Weights, covers_of, crumbs_of, likely
from .segment import (
    MAX_CUT_STROKES,
    MAX_GROUPS,
    MOST_TO_CUT,
    TOO_WIDE,
    Group,
    Piece,
    cut,
    group_of,
    groups_of,
    height_of,
    lines_of,
    piece,
    whole_group,
)
from .signs import percent_signs

Judge = Callable[
    [list[list[Stroke]]], tuple[list[Glyph], NDArray[np.float64], NDArray[np.float64] | None]
]
"""N groups of strokes to their glyphs, calibrated P(digit), (N, 10), and P(is a digit), (N,) or
None."""

Pairs = Callable[[Sequence[list[Stroke]]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""N groups of connected ink to P(first digit) and P(second digit), (N, 2, 10), and P(it is a pair),
(N,), all calibrated."""


@dataclass(frozen=True)
class Told:
    """What was said of pairs, by the names of groups of pieces (`_name_of`)."""

    halves: dict[frozenset[int], list[tuple[NDArray[np.float64], float]]] = field(
        default_factory=dict
    )
    """P(digit), (10,), and P(is a digit), each time that a group was half of a pair."""
    pairs: dict[frozenset[int], float] = field(default_factory=dict)
    """P(it is a pair) of those that were taken for one: less likely so much, they are one digit."""
    parts: set[int] = field(default_factory=set)
    """What whole pieces were cut into that surely are a pair, by `id`."""


PAIR_WIDTH, PAIR_REACH = 1.5, 1.1
"""Width of two digits that touch, in heights, and how far they are from it at most."""

MOST_RUNS = 400
"""Runs of parts that the reader of pairs is shown, at most, whole pieces first: ten digits that all
touch have some 370, which take a third of a second, ..."""

MOST_RUN_PIXELS = 4_000_000
"""... and pixels of ink in all of these: they take a third of a second, too."""

A_PAIR = 0.5
"""P(it is a pair) from which on it may be one, ..."""

SURELY_A_PAIR = 0.95
"""... and from which on it is the less likely one digit: of 563 single digits of train writers one
reaches this, of pairs that kiss nine in ten, ..."""

CERTAINLY_A_PAIR = 0.99
"""... and from which on it is cut though the network of single digits has no doubt: a 9 with a 1
close by. Of 1,370 single digits of dev writers one reaches this."""

AS_A_PART = 0.8
"""Of what is surely a pair and nothing more, what single parts look like counts so much less than
the pair: a stroke more or less makes a 5 of a 6."""

CHAIN = 3
"""Digits that one piece of a picture's ink makes, from which on they are a guess: such are often
read wrong, mostly one digit short (docs/training.md), ..."""

CHAIN_WIDTH = 1.9
"""... and so are two, where they are so many times as wide as high."""

MAX_CUT_PIECES = 32
"""Pieces of a picture's ink that are cut, at most."""

MAX_PARTS = 1400
"""Hypotheses of a picture's pieces in parts, at most: of eight long pieces they are as wide as a
digit, and judged in half a second. Halves of what `pairs` took for two digits come with them."""

TINY = 1e-150
"""Ink that is no larger is a point: shares of its size would be no numbers any more."""

FINEST = 2.0**-40
"""Ink is as coarse as this share of its extent where it has finer detail: a tablet's step is 2e-5
of its width, and the rounding of a 64-bit number 2e-16."""

NEGLIGIBLE = 1e-4
"""Covers less likely than this, as a share of the best, are no other reading."""

WHOLE_STROKES = 4
"""Ink in several lines may still be one digit if it has at most so many strokes."""

WORD_GAP = 0.8
"""Empty width between words, in heights."""

LETTERS = 3
"""So many refused pieces make a word of letters, not a number whose digits touch, ..."""

LETTER_SHARE = 0.4
"""... if they are such a share of its pieces."""

GOOD = 0.85
"""Geometric mean of its digits' probability from which on a word is a number for certain ..."""

POOR = 0.7
"""... and below which, beside such a one, it is none: numbers of train writers have 0.93 and more,
most letters less than this."""

MOST_REFUSED = 0.34
"""Share of a word's ink that may be no digit; with more, it is a word, or a drawing."""

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
    points: tuple[Stroke, ...]
    """Of its pieces."""

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
    """It is small or flat and stands alone, a point or a comma, or it is a sign."""
    passed: bool
    """It is part of a word without a number, beside others that are numbers."""
    amount: float
    """How much ink: see `Medium.amount`."""
    points: Stroke


PICTURE_WEIGHTS = Weights(
    is_digit=22.1,
    digit=31.2,
    more=4.25,
    gap=0.0,
    width=18.0,
    width_free=1.4,
    abreast=0.0,
    two=8.0,
    overlap=1.0,
    across=0.0,
    across_free=0.12,
    height=3.0,
    height_free=0.106,
    base=11.5,
    base_free=0.09,
    late=0.0,
    crumb=9.0,
    ink=54.0,
    part=2.0,
)
"""Of a picture, by `python -m train --name ink tune --pictures` on train writers; without `late`
and `across`: nobody knows what was drawn when, and connected ink crosses no other."""

ACROSS = 0.1
"""How far digits may reach across each other, in heights, in one row, ..."""

TANGLED = 0.6
"""... and what share of the narrower its neighbour may stand over. With both, 66 % of the touching
numbers composed of train writers' digits are sure, 15 % where boxes alone counted (0.3); of their
capital letters 4.7 instead of 3.6 % are taken for numbers."""


@dataclass(frozen=True)
class Numbers:
    """The best reading, and how it compares."""

    digits: tuple[Found, ...]
    """Line by line, from left to right."""
    ignored: tuple[Ink, ...]
    readings: tuple[tuple[tuple[str, ...], float], ...]
    """Lines and the probability that they are right among all readings, each digit being one; the
    best first, which is that of `digits`."""
    score: float
    """Of the best covers, in nats: comparable between readings of the same ink."""
    amount: float
    """Of ink that was not passed over."""
    tangled: bool
    """Digits stand over each other, or above or below a point or a bar: an X, a T, a ?; or several
    are of one piece of a picture's ink."""
    limit: Bound | None = None
    """The bound of the budget that ended the reading early."""


def _is_tangled(digits: Sequence[Found], ignored: Sequence[Ink], across: float) -> bool:
    """See `Numbers.tangled`; `across` as in `Medium`."""
    if any(_are_tangled(left, right, across) for left, right in itertools.pairwise(digits)):
        return True
    if across == np.inf and _has_chain(digits):
        return True
    return len({digit.line for digit in digits}) <= 1 and any(
        ink.low[0] < digit.high[0] and digit.low[0] < ink.high[0]
        for ink in ignored
        if not ink.passed
        for digit in digits
    )


def _has_chain(digits: Sequence[Found]) -> bool:
    """Whether so much of a picture's ink hangs together that digits may be missing in it."""
    pieces: dict[int, list[Found]] = {}
    for digit in digits:
        for number in digit.strokes:
            pieces.setdefault(number, []).append(digit)
    return any(
        len(own) >= CHAIN or (len(own) > 1 and _aspect(own) > CHAIN_WIDTH)
        for own in pieces.values()
    )


def _aspect(digits: Sequence[Found]) -> float:
    """Width of the box of some digits by its height."""
    width, height = np.max([d.high for d in digits], axis=0) - np.min(
        [d.low for d in digits], axis=0
    )
    return float(width / max(height, TINY))


def _are_tangled(left: Found, right: Found, across: float) -> bool:
    """Whether neighbours stand over each other as digits seldom do."""
    shared = min(left.high[0], right.high[0]) - max(left.low[0], right.low[0])
    if left.line != right.line or shared <= 0:
        return False
    narrower = min(left.high[0] - left.low[0], right.high[0] - right.low[0])
    height = float(max(left.high[1] - left.low[1], right.high[1] - right.low[1]))
    if shared > TANGLED * max(narrower, 0.15 * height):
        return True
    if across == np.inf:
        return False
    pieces = [piece(0, points) for points in (*left.points, *right.points)]
    own = range(len(left.points))
    edges = Edges(pieces, height)
    return edges.across(tuple(own), tuple(range(len(own), len(pieces)))) > across


@dataclass(frozen=True)
class Medium:
    """What strokes and pictures differ in."""

    judge: Judge
    cut: Callable[[Stroke, float, int], list[Stroke]]
    """Of a wide piece's points, the height of the writing and how many are cut, its parts from left
    to right."""
    amount: Callable[[Stroke], float]
    """How much ink a piece is."""
    weights: Weights
    wide: float
    """A piece is cut from this width on, in heights, ..."""
    refused: float
    """... if its P(is a digit) is below this."""
    words: bool
    """Whether words that are no numbers are passed over."""
    across: float
    """How far digits may reach across each other, in heights; see `ACROSS`."""
    cuts: int = MAX_CUT_STROKES
    """Pieces that are cut, at most."""
    groups: int = MAX_GROUPS
    """Hypotheses of what was cut, at most."""
    pairs: Pairs | None = None
    """What reads two digits at once; None where nothing does."""
    signs: Callable[[Sequence[Piece]], Sequence[tuple[int, ...]]] = lambda _: ()
    """Indices of a line's pieces that together are a sign, for each sign."""
    budget: Budget = field(default_factory=Budget)
    """Of the reading."""


def stroke_medium(
    judge: Judge, weights: Weights | None = None, budget: Budget | None = None
) -> Medium:
    """Of a drawing. The amount of ink is the pen's way."""
    return Medium(
        judge,
        cut,
        _length,
        weights or Weights(),
        TOO_WIDE,
        0.5,
        False,
        ACROSS,
        signs=percent_signs,
        budget=budget or Budget(),
    )


def picture_medium(
    judge: Judge,
    weights: Weights | None = None,
    pairs: Pairs | None = None,
    budget: Budget | None = None,
) -> Medium:
    """Of a picture's connected ink, whose parts share what is beside a cut: how far they reach
    across each other says nothing. The amount of ink is its pixels.
    """
    weights = weights or PICTURE_WEIGHTS
    return Medium(
        judge,
        cut_ink,
        len,
        weights,
        0.4,
        0.97,
        True,
        np.inf,
        MAX_CUT_PIECES,
        MAX_PARTS,
        pairs,
        budget=budget or Budget(),
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
    crumbs: list[bool]
    """Of each piece: see `crumbs_of`."""
    passed: frozenset[int] = frozenset()
    """Indices of pieces that are passed over."""


def read_numbers(inks: Sequence[Stroke], medium: Medium) -> Numbers:
    """The best readings of all ink.

    Args:
        inks: strokes, or the pixels of each connected ink, (N, 2), N >= 1, at least one.
        medium: its `judge` is called for the pieces, then for groups of them; once more for both
            where something has to be cut. Where its `budget` ends after the first look at the
            lines, that look is the reading, and `Numbers.limit` names the bound.

    Raises:
        BudgetError: the budget ended before that.
        GoneError: see `Budget.check`.
    """
    medium = replace(medium, judge=_once(medium.judge))
    inks = _without_dust(inks)
    pieces = [piece(number, points) for number, points in enumerate(inks)]
    rows, signs = _without_signs(lines_of(pieces), medium)
    lines: list[_Line] = []
    limit: Bound | None = None
    if rows:
        lines = _judged(_proposed(rows, [height_of(row) for row in rows], medium), medium)
    try:
        lines = _with_cuts(lines, medium)
        if len(rows) > 1 and len(inks) <= WHOLE_STROKES and not _is_column(lines):
            # Two lines, or the two strokes of one digit, one above the other?
            whole = _judged([_one_digit(pieces)], medium)
            best = whole[0].covers[0]
            # Beside the height of all of it, each digit of a page is a crumb that may be left out.
            is_one = best.digits and not best.ignored
            if is_one and best.score > sum(line.covers[0].score for line in lines):
                lines, signs = whole, []
    except BudgetError as error:
        if not any(line.covers[0].digits for line in lines):
            raise
        limit = error.bound
    if medium.words:
        lines = _without_words(lines, medium)
    if not any(line.covers[0].digits for line in lines):
        # A dot, a bar, a sign: left out beside a number, but alone it is what is to be judged.
        signs = []
        glyphs, probabilities, is_digit = medium.judge([[p.points for p in pieces]])
        # What it cost to leave all of it out: comparable with other readings.
        cover = Cover(sum(line.covers[0].score for line in lines), (0,), ())
        group = whole_group(pieces)
        height = float(max(group.high - group.low))
        crumbs = crumbs_of(pieces, height)
        lines = [_Line(pieces, height, [group], glyphs, probabilities, is_digit, [cover], crumbs)]
    return _numbers(lines, signs, medium, limit)


def _without_dust(inks: Sequence[Stroke]) -> Sequence[Stroke]:
    """The ink, without differences between coordinates that no pen makes: shares of them would
    overflow.
    """
    points = np.concatenate(inks)
    low = points.min(axis=0)
    away = points - low
    extent = float(away.max())
    if extent < TINY:
        return [np.tile(low, (len(own), 1)) for own in inks]
    step = extent * FINEST
    if not away[away < step].any():
        return inks
    return [low + np.rint((own - low) / step) * step for own in inks]


def _without_signs(
    rows: list[list[Piece]], medium: Medium
) -> tuple[list[list[Piece]], list[Piece]]:
    """The lines without signs, and the pieces of these."""
    found = [{i for sign in medium.signs(row) for i in sign} for row in rows]
    kept = [
        [own for i, own in enumerate(row) if i not in out]
        for row, out in zip(rows, found, strict=True)
    ]
    signs = [row[i] for row, out in zip(rows, found, strict=True) for i in sorted(out)]
    return [row for row in kept if row], signs


def _is_column(lines: Sequence[_Line]) -> bool:
    """Whether there are more than two lines, each of digits that are sure: no tall 1."""

    def is_sure(line: _Line) -> bool:
        return bool(line.covers[0].digits) and all(
            line.probabilities[g].max() * (1 if line.is_digit is None else line.is_digit[g]) >= GOOD
            for g in line.covers[0].digits
        )

    return len(lines) > 2 and all(map(is_sure, lines))


def remembering(judge: Judge, key_of: Callable[[list[Stroke]], Hashable]) -> Judge:
    """The same, but groups of one key are judged once."""
    known: dict[Hashable, tuple[Glyph, NDArray[np.float64], float | None]] = {}

    def judged(
        groups: list[list[Stroke]],
    ) -> tuple[list[Glyph], NDArray[np.float64], NDArray[np.float64] | None]:
        keys = [key_of(group) for group in groups]
        fresh = {key: group for key, group in zip(keys, groups, strict=True) if key not in known}
        if fresh:
            glyphs, rows, sure = judge(list(fresh.values()))
            for place, key in enumerate(fresh):
                own = None if sure is None else float(sure[place])
                known[key] = glyphs[place], rows[place], own
        found = [known[key] for key in keys]
        said = [own for _, _, own in found if own is not None]
        return (
            [glyph for glyph, _, _ in found],
            np.stack([row for _, row, _ in found]),
            np.array(said) if said else None,
        )

    return judged


def _once(judge: Judge) -> Judge:
    """The same, but each group of the same pieces is judged once."""
    alive = []  # an array's identity is its own while it lives

    def key_of(group: list[Stroke]) -> frozenset[int]:
        alive.append(group)
        return _name_of(group)

    return remembering(judge, key_of)


def _name_of(group: Iterable[Stroke]) -> frozenset[int]:
    """What tells groups of pieces apart while these live."""
    return frozenset(map(id, group))


def _proposed(
    rows: Sequence[list[Piece]], heights: Sequence[float], medium: Medium, most: int = MAX_GROUPS
) -> list[tuple[list[Piece], float, list[Group]]]:
    """Lines with the groups that are worth a look, in the light of what each piece is alone."""
    total = sum(map(len, rows))
    _, probabilities, is_digit = medium.judge([[p.points] for row in rows for p in row])
    sure = probabilities.max(axis=1) * (1.0 if is_digit is None else is_digit)
    proposed, start = [], 0
    for row, height in zip(rows, heights, strict=True):
        groups = groups_of(row, height, max(1, most * len(row) // total))
        theirs = sure[start : start + len(row)].tolist()
        proposed.append((row, height, likely(row, groups, height, theirs, medium.weights)))
        start += len(row)
    return proposed


def _one_digit(pieces: list[Piece]) -> tuple[list[Piece], float, list[Group]]:
    """All pieces as one line whose digits are as high as all of it."""
    low = np.min([p.low for p in pieces], axis=0)
    high = np.max([p.high for p in pieces], axis=0)
    height = float(max(high - low))
    return pieces, height, groups_of(pieces, height, 1)


def _judged(
    proposed: Sequence[tuple[list[Piece], float, list[Group]]],
    medium: Medium,
    told: Told = Told(),
) -> list[_Line]:
    """Lines read. What was told of a group counts beside what the judge says of it."""
    glyphs, probabilities, is_digit = medium.judge(
        [[row[i].points for i in g.members] for row, _, groups in proposed for g in groups]
    )
    lines, start = [], 0
    for row, height, groups in proposed:
        part = slice(start, start + len(groups))
        start += len(groups)
        seen, rows = glyphs[part], probabilities[part]
        sure = None if is_digit is None else is_digit[part]
        if told.halves:
            names = [_name_of(row[i].points for i in g.members) for g in groups]
            # Also where the network of digits does not say whether something is one.
            judged = np.ones(len(groups)) if sure is None else sure
            judged = judged * [
                (1 - told.pairs.get(name, 0.0)) * (AS_A_PART if name & told.parts else 1.0)
                for name in names
            ]
            more = [
                (place, *said)
                for place, name in enumerate(names)
                for said in told.halves.get(name, ())
            ]
            groups = [*groups, *(groups[place] for place, _, _ in more)]
            seen = [*seen, *(seen[place] for place, _, _ in more)]
            rows = np.stack([*rows, *(digit for _, digit, _ in more)])
            sure = np.append(judged, [believed for _, _, believed in more])
        crumbs = crumbs_of(row, height)
        covers = covers_of(row, groups, height, crumbs, rows, sure, medium.weights, medium.budget)
        lines.append(_Line(row, height, groups, seen, rows, sure, covers, crumbs))
    return lines


def _with_cuts(lines: list[_Line], medium: Medium) -> list[_Line]:
    """The lines, those with a wide piece that was refused read anew with it in parts."""
    if sum(len(line.pieces) for line in lines) > MOST_TO_CUT:
        return lines
    left = medium.cuts
    to_cut = []
    for line in lines:
        to_cut.append(_to_cut(line, medium)[:left])
        left -= len(to_cut[-1])
    pieces = medium.cuts - left
    again: list[int] = []
    rows: list[list[Piece]] = []
    heights: list[float] = []
    cuts: list[tuple[Stroke, list[Stroke], float]] = []
    for number, (line, wide) in enumerate(zip(lines, to_cut, strict=True)):
        row: list[Piece] = []
        for index, whole in enumerate(line.pieces):
            parts = [whole.points]
            if index in wide:
                medium.budget.check()
                parts = medium.cut(whole.points, line.height, pieces)
            row += [piece(whole.stroke, points) for points in parts]
            if len(parts) > 1:
                cuts.append((whole.points, parts, line.height))
        if len(row) > len(line.pieces):
            row.sort(key=lambda p: float(p.low[0] + p.high[0]))
            again.append(number)
            rows.append(row)
            heights.append(line.height)
    if not again:
        return lines
    lines = list(lines)
    told = Told()
    if medium.pairs is not None:
        told = _told_by_pairs(cuts, medium.pairs, medium.judge)
        as_before = [(lines[n].pieces, lines[n].height, lines[n].groups) for n in again]
        for number, line in zip(again, _judged(as_before, medium, told), strict=True):
            lines[number] = line
    proposed = _proposed(rows, heights, medium, medium.groups)
    for row, _, groups in proposed:
        groups += _groups_told(row, groups, told)
    in_parts = _judged(proposed, medium, told)
    for number, fresh in zip(again, in_parts, strict=True):
        if fresh.covers[0].score > lines[number].covers[0].score:
            lines[number] = fresh
    return lines


def _told_by_pairs(
    cuts: Sequence[tuple[Stroke, list[Stroke], float]], pairs: Pairs, judge: Judge
) -> Told:
    """Which runs of parts together are two digits, and what these are: all of their ink says that,
    and cuts no more than which ink is whose: there, where each half looks most like its digit.

    Args:
        cuts: pieces, their parts, and the height of the writing.
    """
    likely_first = sorted(
        (
            (abs(_width(parts[start:end]) / height - PAIR_WIDTH), whole, parts, start, end)
            for whole, parts, height in cuts
            for start in range(len(parts))
            for end in range(start + 2, len(parts) + 1)
        ),
        key=lambda run: (run[4] - run[3] < len(run[2]), run[0]),
    )
    runs: list[tuple[Stroke | None, list[Stroke]]] = []
    pixels = 0
    for off, points, parts, start, end in likely_first:
        run = parts[start:end]
        if off > PAIR_REACH:
            continue
        pixels += sum(map(len, run))
        if len(runs) == MOST_RUNS or pixels > MOST_RUN_PIXELS:
            break
        runs.append((points if len(run) == len(parts) else None, run))
    told = Told()
    if not runs:
        return told
    probabilities, is_pair = pairs([run for _, run in runs])
    for (whole, run), (first, second), believed in zip(
        runs, probabilities, is_pair.tolist(), strict=True
    ):
        if believed < A_PAIR:
            continue
        if believed >= SURELY_A_PAIR:
            told.pairs[_name_of(run)] = believed
            if whole is not None:
                told.pairs[_name_of([whole])] = believed
                told.parts.update(map(id, run))
        halves = [half for k in range(1, len(run)) for half in (run[:k], run[k:])]
        _, looks, _ = judge(halves)
        best = int(((looks[::2] @ first) * (looks[1::2] @ second)).argmax())
        for half, own in ((halves[2 * best], first), (halves[2 * best + 1], second)):
            told.halves.setdefault(_name_of(half), []).append((own, math.sqrt(believed)))
    return told


def _groups_told(row: list[Piece], groups: list[Group], told: Told) -> list[Group]:
    """The halves of pairs that are not yet among the groups: of a page with much to cut, not all
    that are as wide as a digit are.
    """
    places = {id(p.points): place for place, p in enumerate(row)}
    there = {g.members for g in groups}
    halves = (
        tuple(sorted(places[name] for name in half))
        for half in told.halves
        if half <= places.keys()
    )
    return [group_of(row, half) for half in halves if half not in there]


def _width(parts: Sequence[Stroke]) -> float:
    """Of the box of neighbouring parts."""
    return max(float(part[:, 0].max()) for part in parts) - min(
        float(part[:, 0].min()) for part in parts
    )


def _to_cut(line: _Line, medium: Medium) -> list[int]:
    """Indices of wide pieces that the best cover has no good use for, or that are certainly two
    digits.
    """
    best = line.covers[0]
    bad = set(best.ignored)
    for g in best.digits:
        sure = line.probabilities[g].max() if line.is_digit is None else line.is_digit[g]
        if sure < medium.refused:
            bad.update(line.groups[g].members)
    wide = [i for i, own in enumerate(line.pieces) if own.width >= medium.wide * line.height > 0]
    is_pair: dict[int, float] = {}
    if medium.pairs is not None and wide:
        _, believed = medium.pairs([[line.pieces[i].points] for i in wide])
        is_pair = dict(zip(wide, believed.tolist(), strict=True))
    foreign: set[int] = set()
    if medium.words:
        likely_pairs = {i for i, believed in is_pair.items() if believed >= A_PAIR}
        foreign = _foreign(line, bad - likely_pairs)
    bad.update(i for i, believed in is_pair.items() if believed >= CERTAINLY_A_PAIR)
    return [i for i in wide if i in bad - foreign]


def _words(line: _Line) -> list[list[int]]:
    """Indices of the pieces of each word: runs without a wide gap."""
    words: list[list[int]] = []
    end = -np.inf
    for index in sorted(range(len(line.pieces)), key=lambda i: float(line.pieces[i].low[0])):
        own = line.pieces[index]
        if own.low[0] > end + WORD_GAP * line.height:
            words.append([])
        words[-1].append(index)
        end = max(end, float(own.high[0]))
    return words


def _foreign(line: _Line, refused: set[int]) -> set[int]:
    """Indices of the pieces of words in which so much is refused that they are letters."""
    bad = {i for i in refused if not line.crumbs[i]}
    return {
        i
        for word in _words(line)
        if len(bad & set(word)) >= max(LETTERS, LETTER_SHARE * len(word))
        for i in word
    }


def _without_words(lines: Sequence[_Line], medium: Medium) -> list[_Line]:
    """The lines without the digits of words that are no numbers: the l of "all"."""
    words = [
        (n, word, _quality(line, word, medium))
        for n, line in enumerate(lines)
        for word in _words(line)
    ]
    least = POOR if any(quality >= GOOD for _, _, quality in words) else 0.0
    passed: list[set[int]] = [set() for _ in lines]
    for number, word, quality in words:
        if quality < least or quality == 0:
            passed[number].update(word)
    return [
        _without(line, over) if over else line for line, over in zip(lines, passed, strict=True)
    ]


def _quality(line: _Line, word: Sequence[int], medium: Medium) -> float:
    """How much a word looks like a number: the geometric mean of its digits' probability; 0 where
    too much of its ink is no digit.
    """
    best = line.covers[0]
    amounts = {i: medium.amount(line.pieces[i].points) for i in word}
    refused = sum(amounts[i] for i in set(word) & set(best.ignored) if not line.crumbs[i])
    groups = [g for g in best.digits if set(line.groups[g].members) & set(word)]
    if not groups or refused > MOST_REFUSED * sum(amounts.values()):
        return 0.0
    sure = np.log(np.maximum([line.probabilities[g].max() for g in groups], 1e-12))
    if line.is_digit is not None:
        sure = sure + np.log(np.maximum(line.is_digit[groups], 1e-12))
    return float(np.exp(sure.mean()))


def _without(line: _Line, passed: set[int]) -> _Line:
    """The line, some pieces in no digit of any cover."""
    covers = []
    for cover in line.covers:
        digits = tuple(g for g in cover.digits if not passed & set(line.groups[g].members))
        used = {i for g in digits for i in line.groups[g].members}
        left = tuple(i for i in range(len(line.pieces)) if i not in used)
        covers.append(Cover(cover.score, digits, left))
    return replace(line, covers=covers, passed=frozenset(passed))


def _numbers(
    lines: Sequence[_Line], signs: Sequence[Piece], medium: Medium, limit: Bound | None
) -> Numbers:
    digits: list[Found] = []
    ignored: list[Ink] = []
    texts: list[list[tuple[str, float]]] = []
    total = 0.0
    row = 0
    for line in lines:
        best = line.covers[0]
        for g in best.digits:
            group = line.groups[g]
            members = [line.pieces[i] for i in group.members]
            used = tuple(sorted({p.stroke for p in members}))
            sure = None if line.is_digit is None else float(line.is_digit[g])
            points = tuple(p.points for p in members)
            total += sum(map(medium.amount, points))
            digits.append(
                Found(
                    row,
                    used,
                    line.glyphs[g],
                    line.probabilities[g],
                    sure,
                    group.low,
                    group.high,
                    points,
                )
            )
        for i in best.ignored:
            own = line.pieces[i]
            crumb = line.crumbs[i]
            passed = i in line.passed
            amount = medium.amount(own.points)
            total += 0.0 if passed else amount
            ignored.append(Ink(own.low, own.high, crumb, passed, amount, own.points))
        texts.append(_texts(line))
        row += bool(best.digits)
    for own in signs:
        amount = medium.amount(own.points)
        total += amount
        ignored.append(Ink(own.low, own.high, True, False, amount, own.points))
    return Numbers(
        tuple(digits),
        tuple(ignored),
        _joined(texts),
        score=sum(line.covers[0].score for line in lines),
        amount=total,
        tangled=_is_tangled(digits, ignored, medium.across),
        limit=limit,
    )


def _length(points: Stroke) -> float:
    moves = points[1:] - points[:-1]
    return float(np.hypot(moves[:, 0], moves[:, 1]).sum())


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
