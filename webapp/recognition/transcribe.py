"""Transcription: lines of ink to symbols and whose ink is whose.

A line becomes a strip; the line reader spells what its columns show; a beam finds the likeliest
texts. Each symbol of a text takes its ink back, and the ink of each digit goes to the network of
single digits for a second opinion. Works the same on strokes and on a picture's connected
components (`Ink`).
"""

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .budget import Budget
from .errors import Bound, BudgetError
from .ink.drawing import Stroke
from .ink.glyph import Glyph
from .ink.lines import Boxes, lines_of, parts_of
from .ink.strip import BODY, ROWS, Frame, Strip, frame_in, frame_of
from .network.beam_search import Hypothesis, align, prefix_beam_search
from .network.confidence import TINY, Confidence, Evidence
from .network.language_model import LanguageModel
from .network.line_reader import OTHER, SYMBOLS, Columns, LineReader

BEAM = 16
"""Texts that a search keeps, of a line at each column, then of all lines: with 16, a torn line of
ten digits loses at most 0.006 of a text's probability, with 8 up to 0.02 (on synthetic columns)."""

CONSIDERED = 5
"""Texts of a line, at most, whose ink gets a second opinion, ..."""

NEGLIGIBLE = 0.005
"""... if their probability is at least this share of the best's: a second opinion rarely closes a
wider gap."""

SLACK = 5.0
"""A symbol also holds ink up to this far outside its extent, in pixels of the strip (writing is 20
high): four times the mean error of an extent on train lines."""

SPILL = 6.0
"""A piece of ink runs through two symbols if it reaches so far beyond its own symbol's extent, in
pixels of the strip, ..."""

COVERED = 0.5
"""... and covers at least this share of the other's."""

UNLIKELY = 1e-4
"""A second opinion counts no less than this: one odd digit does not outweigh a line."""

MOST_LEFT_OUT = 0.5
"""With more of its ink left out, by the pen's way or in pixels, a line is no line of a number."""

WHOLE_PIECES = 4
"""Ink in several lines may still be one symbol if it has at most so many pieces."""

Judge = Callable[
    [list[list[Stroke]]], tuple[list[Glyph], NDArray[np.float64], NDArray[np.float64] | None]
]
"""N digits' ink to their glyphs, calibrated P(digit), (N, 10), and P(is a digit), (N,) or None."""


class Ink(Protocol):
    """Strokes, or connected components of a picture."""

    @property
    def pieces(self) -> Sequence[Stroke]:
        """Points of strokes, or pixels of components: (N, 2) each."""
        ...

    @property
    def boxes(self) -> Boxes:
        """Of the pieces, (N, 4)."""
        ...

    def strip(self, members: Sequence[int], frame: Frame) -> Strip:
        """The strip of some pieces."""
        ...

    def amount(self, points: Stroke) -> float:
        """How much ink that is: the pen's way, or pixels."""
        ...

    def divided(
        self, points: Stroke, owner: Callable[[Stroke], NDArray[np.intp]]
    ) -> list[tuple[int, Stroke]]:
        """A piece in parts, each with the number that `owner` gives its points."""
        ...


@dataclass(frozen=True)
class Opinion:
    """What the network of single digits says of a digit, and both together."""

    glyph: Glyph
    probability: float
    """P(digit) of the digit that was read, by the network of single digits alone."""
    probabilities: NDArray[np.float64]
    """(10,), by both; they sum to 1."""
    is_digit: float | None
    """P(is a digit); None where the network does not say."""

    @property
    def believed(self) -> float:
        """P(is a digit), 1 where the network does not say."""
        return 1.0 if self.is_digit is None else self.is_digit


@dataclass(frozen=True)
class Symbol:
    """One symbol of a transcript, and its ink."""

    char: str
    line: int
    index: int
    """Its place in the text of the line."""
    confidence: float
    """Of this symbol here, among all: the line reader's, of a digit with the second opinion."""
    pieces: tuple[int, ...]
    """Indices of the pieces that it is made of, or a part of; empty where its ink is unknown."""
    points: tuple[Stroke, ...]
    sure: float
    """The line reader's P(symbol)."""
    opinion: Opinion | None = None
    """Of a digit."""

    @property
    def believed(self) -> float:
        """P(it is this symbol), and a digit at all."""
        return self.confidence * (1.0 if self.opinion is None else self.opinion.believed)


@dataclass(frozen=True)
class Transcript:
    """The best reading of all ink."""

    symbols: tuple[Symbol, ...]
    """Line by line, from left to right; digits and signs."""
    ignored: tuple[tuple[Stroke, ...], ...]
    """Ink that is no part of the text: other ink, and what no symbol holds."""
    readings: tuple[tuple[tuple[str, ...], float], ...]
    """Lines, and the probability that they are right; the best first, which is that of
    `symbols`, or, where these have no digit, no line."""
    evidence: Evidence
    no_number: float
    """Probability that a line has no digit, or the share of it that is left out if that is most of
    it; of the line that is likeliest to have one."""
    quality: float
    """0 to 1: the share of the ink that is read, weighted by how sure it is. Comparable between
    transcripts of the same ink."""
    limit: Bound | None = None
    """The bound of the budget that ended the reading early."""


@dataclass(frozen=True)
class Medium:
    """What strokes, or pictures, are read with."""

    reader: LineReader
    judge: Judge
    constants: Confidence
    """Its weights and its cost choose the text."""
    budget: Budget
    language_model: LanguageModel = field(default_factory=lambda: LanguageModel({}))


@dataclass(frozen=True)
class _Line:
    """A line as the search found it."""

    texts: Sequence["_Text"]
    """Those that are considered, at least one."""
    others: Sequence[Hypothesis]
    """Those that are too unlikely."""
    judged: "_Judged"
    """The ink of all digits of the texts."""


@dataclass
class _Text:
    """One text of a part."""

    symbols: Sequence[int]
    log_probability: float
    ink: Sequence[list[tuple[int, Stroke]]]
    """Of each symbol: pieces and their points."""
    loose: Sequence[tuple[int, Stroke]]
    spread: NDArray[np.float64]
    """(N, 24), P(class) of each symbol's likeliest column."""
    misfit: float
    rows: Sequence[int | None] = ()
    """Of each symbol, its row among the glyphs that were judged; None where there is none."""
    score: float = 0.0

    @property
    def visible(self) -> str:
        """Without other ink."""
        return _visible(self.symbols)


@dataclass(frozen=True)
class _Judged:
    """What the network of single digits says of the ink of N digits."""

    glyphs: Sequence[Glyph]
    probabilities: NDArray[np.float64]
    is_digit: NDArray[np.float64] | None

    def of(self, symbol: int, row: int) -> float:
        """P(digit); for other ink P(no digit), or 1 if the network has no such output."""
        is_digit = 1.0 if self.is_digit is None else float(self.is_digit[row])
        if symbol == OTHER:
            return 1.0 if self.is_digit is None else 1 - is_digit
        return is_digit * float(self.probabilities[row, symbol])


def transcribe(ink: Ink, medium: Medium, rows: Sequence[list[int]] | None = None) -> Transcript:
    """Read all ink, in one line or several.

    Args:
        rows: the pieces of each row; None finds them. What is in none of them is ignored.

    Raises:
        BudgetError: the budget ended before any line was read.
        GoneError: see `Budget.check`.
    """
    given = rows is not None
    rows = lines_of(ink.boxes) if rows is None else rows
    lines = list(_lines(ink.boxes, rows))
    found: list[_Line] = []
    limit: Bound | None = None
    for members, frame in lines:
        try:
            found.append(_line(ink, members, frame, medium))
        except BudgetError as error:
            if not found:
                raise
            limit = error.bound
            break
    unread = [members for members, _ in lines[len(found) :]]
    if given:
        held = {piece for row in rows for piece in row}
        unread += [[piece] for piece in range(len(ink.pieces)) if piece not in held]
    best = _transcript(ink, found, medium.constants.second_opinion, limit, unread)
    if len(rows) > 1 and len(ink.pieces) <= WHOLE_PIECES and limit is None:
        # Two lines, or a symbol of two pieces, one above the other: an 8 of two rings?
        try:
            one = _line(ink, range(len(ink.pieces)), frame_of(ink.boxes), medium)
        except BudgetError as error:
            return replace(best, limit=error.bound)
        whole = _transcript(ink, [one], medium.constants.second_opinion)
        # One digit is drawn far more often than two lines of one each, and read that well.
        if len(whole.symbols) == 1 and whole.quality > min(best.quality, 0.9):
            return whole
    return best


def _lines(boxes: Boxes, rows: Sequence[list[int]]) -> Iterator[tuple[list[int], Frame]]:
    """The pieces and the frame of each line, from the top; a row with wide gaps is several."""
    for row in rows:
        whole = frame_of(boxes[row])
        for members in parts_of(boxes, row, whole.height):
            yield members, frame_in(whole, boxes[members])


def _line(ink: Ink, members: Sequence[int], frame: Frame, medium: Medium) -> _Line:
    medium.budget.spend(pixels=ROWS * frame.width)
    members = sorted(members)  # as they were written: the strip tells one stroke from the next
    columns = medium.reader.read(ink.strip(members, frame), medium.budget)
    columns = _adjusted(columns, medium.constants.other_cost)
    found = prefix_beam_search(columns.log_probabilities, BEAM, medium.budget)
    found = _weighed(found, medium)
    least = found[0].log_probability + math.log(NEGLIGIBLE)
    count = sum(one.log_probability >= least for one in found[:CONSIDERED])
    texts = [_text(ink, members, frame, columns, one, medium.budget) for one in found[:count]]
    return _Line(texts, found[count:], _second_opinions(texts, medium))


def _adjusted(columns: Columns, other_cost: float) -> Columns:
    """Columns for a writer who has less other ink than the lines of the training.

    The logits of this class are lowered, then normalised anew (Menon et al., "Long-tail learning
    via logit adjustment", ICLR 2021).
    """
    scores = columns.log_probabilities.copy()
    scores[:, OTHER] -= other_cost
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return replace(columns, log_probabilities=scores)


def _weighed(found: Sequence[Hypothesis], medium: Medium) -> list[Hypothesis]:
    """Hypotheses with the language model's log probabilities added, the best first.

    Together they are as likely as before: what the search lost stays lost.
    """
    before = np.array([one.log_probability for one in found])
    if not np.isfinite(before).all():  # nothing is possible
        return [*found]
    shapes = [medium.language_model.log_probability(_visible(one.symbols)) for one in found]
    after = before + medium.constants.language_model * np.array(shapes)
    after += np.logaddexp.reduce(before) - np.logaddexp.reduce(after)
    return [
        replace(found[row], log_probability=min(0.0, float(after[row])))
        for row in np.argsort(-after, kind="stable")
    ]


def _text(
    ink: Ink,
    members: Sequence[int],
    frame: Frame,
    columns: Columns,
    found: Hypothesis,
    budget: Budget,
) -> _Text:
    placed = align(columns.log_probabilities, found.symbols, budget)
    peaks = [symbol.peak for symbol in placed]
    spans = columns.extents[peaks].astype(np.float64)
    owned, loose, misfit = _owned(ink, members, frame, spans)
    spread = np.exp(columns.log_probabilities[peaks].astype(np.float64))
    return _Text(found.symbols, found.log_probability, owned, loose, spread, misfit)


def _owned(
    ink: Ink, members: Sequence[int], frame: Frame, spans: NDArray[np.float64]
) -> tuple[list[list[tuple[int, Stroke]]], list[tuple[int, Stroke]], float]:
    """The ink of each symbol, what no symbol holds, and how badly they fit, in heights.

    A piece goes to the symbol whose extent is most like its own; one that was written through
    several is divided between them.

    Args:
        spans: (K, 2), where each symbol's ink begins and ends, in pixels of the strip.
    """
    owned: list[list[tuple[int, Stroke]]] = [[] for _ in spans]
    pieces = [(index, ink.pieces[index]) for index in members]
    if len(spans) == 0:
        return owned, pieces, 0.0
    boxes = ink.boxes[list(members)]
    begins, ends = ((boxes[:, [0, 2]] - frame.left) * frame.scale).T[..., np.newaxis]
    starts, stops = np.minimum(*spans.T), np.maximum(*spans.T)
    shared = np.minimum(ends, stops) - np.maximum(begins, starts)
    union = np.maximum(ends, stops) - np.minimum(begins, starts)
    alike = (shared + SLACK) / (union + SLACK)
    owner = alike.argmax(axis=1)
    every = np.arange(len(members))
    held = alike[every, owner] > 0
    spills = np.maximum(starts[owner] - begins[:, 0], ends[:, 0] - stops[owner])
    covers = shared >= COVERED * np.maximum(stops - starts, 1.0)
    without = np.ones(len(spans), bool)
    without[owner[held]] = False
    claims = covers & ((spills > SPILL)[:, np.newaxis] | without)
    claims[every, owner] = held
    # A symbol without ink of its own takes some of the piece that covers most of it.
    loose: list[tuple[int, Stroke]] = []
    misfit = 0.0
    for row, (index, points) in enumerate(pieces):
        claimants = np.flatnonzero(claims[row])
        if len(claimants) == 0:
            loose.append((index, points))
        elif len(claimants) == 1:
            owned[claimants[0]].append((index, points))
            misfit = max(misfit, float(spills[row]))
        else:
            for number, part in ink.divided(
                points, _nearest(frame, starts[claimants], stops[claimants])
            ):
                owned[claimants[number]].append((index, part))
    for number, own in enumerate(owned):
        if not own:  # the reader sees two where the ink is one's: both have it
            own.append(pieces[int(alike[:, number].argmax())])
    return owned, loose, misfit / BODY


def _nearest(
    frame: Frame, starts: NDArray[np.float64], stops: NDArray[np.float64]
) -> Callable[[Stroke], NDArray[np.intp]]:
    """Which of some extents each point is nearest to: their middles, by their widths."""
    middles, halves = (starts + stops) / 2, np.maximum((stops - starts) / 2, 1.0)

    def owner(points: Stroke) -> NDArray[np.intp]:
        # Thousands of pixels share a column.
        across, place = np.unique(points[:, 0], return_inverse=True)
        x = (across[:, np.newaxis] - frame.left) * frame.scale
        return np.asarray((np.abs(x - middles) / halves).argmin(axis=1)[place])

    return owner


def _transcript(
    ink: Ink,
    lines: Sequence[_Line],
    weight: float,
    limit: Bound | None = None,
    unread: Sequence[Sequence[int]] = (),
) -> Transcript:
    symbols: list[Symbol] = []
    ignored: list[tuple[Stroke, ...]] = []
    kept: list[list[tuple[str, float]]] = []
    dropped: list[list[tuple[str, float]]] = []
    share, no_number, misfit = 1.0, 1.0, 0.0
    for line in lines:
        best, texts = _ranked(line.texts, line.others)
        share *= texts[0][1]
        misfit = max(misfit, best.misfit)
        left = _left_out(best)
        ignored += left
        own = _symbols(best, len(kept), line.judged, weight)
        lost = _share_lost(ink, own, left)
        none = sum(p for text, p in texts if not any(map(str.isdigit, text)))
        has_digit = any(symbol.char.isdigit() for symbol in own)
        mostly_lost = has_digit and lost > MOST_LEFT_OUT
        no_number = min(no_number, max(none, lost if mostly_lost else 0.0))
        if has_digit and not mostly_lost:  # a bar or a word is no line of a number
            symbols += own
            kept.append(texts)
        else:
            ignored += [symbol.points for symbol in own]
            dropped.append(texts)
    ignored += [tuple(ink.pieces[piece] for piece in line) for line in unread]
    held = [sum(map(ink.amount, symbol.points)) for symbol in symbols]
    left_out = sum(ink.amount(points) for some in ignored for points in some)
    total = max(sum(held) + left_out, 1e-300)
    # A dot has no length, but it is ink.
    share_left_out = max(left_out / total, TINY) if ignored else 0.0
    opinions = [symbol.opinion for symbol in symbols if symbol.opinion is not None]
    believed = [max(one.believed, UNLIKELY) for one in opinions]
    return Transcript(
        tuple(symbols),
        tuple(ignored),
        _joined(kept or dropped),
        Evidence(
            share,
            min((symbol.sure for symbol in symbols), default=0.0),
            min((one.probability for one in opinions), default=0.0),
            min(believed, default=0.0),
            misfit,
            len(symbols),
            len({piece for symbol in symbols for piece in symbol.pieces}),
            share_left_out if symbols else 1.0,
        ),
        no_number,
        sum(amount * s.believed for amount, s in zip(held, symbols, strict=True)) / total,
        limit,
    )


def _share_lost(ink: Ink, symbols: Sequence[Symbol], left: Sequence[tuple[Stroke, ...]]) -> float:
    """The share of a line's ink that its symbols do not hold."""
    held, lost = (
        sum(map(ink.amount, itertools.chain(*points)))
        for points in ([symbol.points for symbol in symbols], left)
    )
    return lost / max(held + lost, 1e-300)


def _symbols(text: _Text, line: int, judged: _Judged, weight: float) -> list[Symbol]:
    """The symbols of a text that are not other ink."""
    found: list[Symbol] = []
    for symbol, own, spread, row in zip(
        text.symbols, text.ink, text.spread, text.rows, strict=True
    ):
        if symbol == OTHER:
            continue
        sure = float(spread[symbol])
        seen = Symbol(
            SYMBOLS[symbol],
            line,
            len(found),
            sure,
            tuple(sorted({piece for piece, _ in own})),
            tuple(points for _, points in own),
            sure,
        )
        if row is not None:
            both = spread[:10] * judged.probabilities[row] ** weight
            both = both / max(both.sum(), 1e-300)
            seen = replace(
                seen,
                confidence=float(both[symbol]),
                opinion=Opinion(
                    judged.glyphs[row],
                    float(judged.probabilities[row, symbol]),
                    both,
                    None if judged.is_digit is None else float(judged.is_digit[row]),
                ),
            )
        found.append(seen)
    return found


def _left_out(text: _Text) -> list[tuple[Stroke, ...]]:
    """Ink of a text that is other ink, or that no symbol holds."""
    others = [
        tuple(points for _, points in own)
        for symbol, own in zip(text.symbols, text.ink, strict=True)
        if symbol == OTHER and own
    ]
    return [*others, *((points,) for _, points in text.loose)]


def _second_opinions(texts: Sequence[_Text], medium: Medium) -> _Judged:
    """Judge the ink of digits and other ink of a line's texts at once, each ink once; fill in
    `_Text.rows` and `_Text.score`.
    """
    groups: list[list[Stroke]] = []
    rows: dict[tuple[tuple[int, int, int], ...], int] = {}
    for text in texts:
        found: list[int | None] = []
        for symbol, own in zip(text.symbols, text.ink, strict=True):
            if (symbol >= 10 and symbol != OTHER) or not own:
                found.append(None)
                continue
            name = tuple((piece, len(points), hash(points.tobytes())) for piece, points in own)
            if name not in rows:
                rows[name] = len(groups)
                groups.append([points for _, points in own])
            found.append(rows[name])
        text.rows = found
    judged = _Judged(*medium.judge(groups)) if groups else _Judged([], np.zeros((0, 10)), None)
    for text in texts:
        said = [
            max(judged.of(symbol, row), UNLIKELY)
            for symbol, row in zip(text.symbols, text.rows, strict=True)
            if row is not None
        ]
        text.score = text.log_probability + medium.constants.second_opinion * sum(
            map(math.log, said)
        )
    return judged


def _visible(symbols: Sequence[int]) -> str:
    return "".join(SYMBOLS[symbol] for symbol in symbols if symbol != OTHER)


def _ranked(
    texts: Sequence[_Text], others: Sequence[Hypothesis]
) -> tuple[_Text, list[tuple[str, float]]]:
    """The best way to the likeliest text, and P(text) of all, that one first.

    Args:
        texts: those with a second opinion, at least one.
        others: those without.
    """
    known = min(1.0, sum(math.exp(text.log_probability) for text in texts))
    highest = max(text.score for text in texts)
    powers = [math.exp(text.score - highest) for text in texts]
    found: dict[str, float] = {}
    for text, power in zip(texts, powers, strict=True):
        found[text.visible] = found.get(text.visible, 0.0) + known * power / sum(powers)
    best = max(texts, key=lambda text: (found[text.visible], text.score))
    for other in others:
        name = _visible(other.symbols)
        found[name] = found.get(name, 0.0) + math.exp(other.log_probability)
    first = best.visible
    return best, [(first, found.pop(first)), *found.items()]


def _joined(
    texts: Sequence[Sequence[tuple[str, float]]],
) -> tuple[tuple[tuple[str, ...], float], ...]:
    """Readings of all lines together."""
    joined: list[tuple[tuple[str, ...], float]] = [((), 1.0)]
    for line in texts:
        found: dict[tuple[str, ...], float] = {}
        for (lines, p), (text, share) in itertools.product(joined, line):
            longer = (*lines, text) if text else lines
            found[longer] = found.get(longer, 0.0) + p * share
        first, *rest = found
        best = heapq.nlargest(BEAM - 1, rest, key=lambda lines: found[lines])
        joined = [(lines, found[lines]) for lines in (first, *best)]
    return tuple(joined)
