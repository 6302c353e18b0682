"""Transcripts: the symbols of all lines, with their ink, and how likely each text is."""

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .errors import Bound
from .ink.drawing import Stroke
from .ink.glyph import Glyph
from .network.beam_search import Hypothesis
from .network.confidence import TINY, Evidence
from .ownership import Ink
from .symbols import OTHER, SYMBOLS

BEAM = 16
"""Texts that a search keeps, of a line at each column, then of all lines: with 16, a torn line of
ten digits loses at most 0.006 of a text's probability, with 8 up to 0.02 (on synthetic columns)."""

UNLIKELY = 1e-4
"""A second opinion counts no less than this: one odd digit does not outweigh a line."""

MOST_LEFT_OUT = 0.5
"""With more of its ink left out, by the pen's way or in pixels, a line is no line of a number."""


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
class Line:
    """A line as the search found it."""

    texts: Sequence["Text"]
    """Those that are considered, at least one."""
    others: Sequence[Hypothesis]
    """Those that are too unlikely."""
    opinions: "Opinions"
    """The ink of all digits of the texts."""


@dataclass
class Text:
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
        return visible_text(self.symbols)


@dataclass(frozen=True)
class Opinions:
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


def transcript_of(
    ink: Ink,
    lines: Sequence[Line],
    weight: float,
    limit: Bound | None = None,
    unread: Sequence[Sequence[int]] = (),
) -> Transcript:
    """Put the best texts of all lines together.

    Args:
        weight: of the second opinion on a digit.
        limit: the bound of the budget that ended the reading early.
        unread: pieces of lines that were not read.
    """
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
        own = _symbols(best, len(kept), line.opinions, weight)
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
    return Transcript(
        tuple(symbols),
        tuple(ignored),
        _joined(kept or dropped),
        _evidence(symbols, share, misfit, share_left_out),
        no_number,
        sum(amount * s.believed for amount, s in zip(held, symbols, strict=True)) / total,
        limit,
    )


def _evidence(
    symbols: Sequence[Symbol], share: float, misfit: float, share_left_out: float
) -> Evidence:
    """What speaks for a text and against it; the weakest symbol counts."""
    opinions = [symbol.opinion for symbol in symbols if symbol.opinion is not None]
    believed = [max(one.believed, UNLIKELY) for one in opinions]
    return Evidence(
        share,
        min((symbol.sure for symbol in symbols), default=0.0),
        min((one.probability for one in opinions), default=0.0),
        min(believed, default=0.0),
        misfit,
        len(symbols),
        len({piece for symbol in symbols for piece in symbol.pieces}),
        share_left_out if symbols else 1.0,
    )


def _share_lost(ink: Ink, symbols: Sequence[Symbol], left: Sequence[tuple[Stroke, ...]]) -> float:
    """The share of a line's ink that its symbols do not hold."""
    held, lost = (
        sum(map(ink.amount, itertools.chain(*points)))
        for points in ([symbol.points for symbol in symbols], left)
    )
    return lost / max(held + lost, 1e-300)


def _symbols(text: Text, line: int, opinions: Opinions, weight: float) -> list[Symbol]:
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
            both = spread[:10] * opinions.probabilities[row] ** weight
            both = both / max(both.sum(), 1e-300)
            seen = replace(
                seen,
                confidence=float(both[symbol]),
                opinion=Opinion(
                    opinions.glyphs[row],
                    float(opinions.probabilities[row, symbol]),
                    both,
                    None if opinions.is_digit is None else float(opinions.is_digit[row]),
                ),
            )
        found.append(seen)
    return found


def _left_out(text: Text) -> list[tuple[Stroke, ...]]:
    """Ink of a text that is other ink, or that no symbol holds."""
    others = [
        tuple(points for _, points in own)
        for symbol, own in zip(text.symbols, text.ink, strict=True)
        if symbol == OTHER and own
    ]
    return [*others, *((points,) for _, points in text.loose)]


def visible_text(symbols: Sequence[int]) -> str:
    """The text of symbols, without other ink."""
    return "".join(SYMBOLS[symbol] for symbol in symbols if symbol != OTHER)


def _ranked(
    texts: Sequence[Text], others: Sequence[Hypothesis]
) -> tuple[Text, list[tuple[str, float]]]:
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
        name = visible_text(other.symbols)
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
