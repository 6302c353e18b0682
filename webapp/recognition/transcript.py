"""Transcripts: the symbols of all lines, their ink, and the probabilities of their texts."""

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
"""Texts that a search keeps, of a line at each column, then of all lines. With 16, a torn line of
ten digits loses at most 0.006 of a text's probability, with 8 up to 0.02 (on synthetic columns)."""

UNLIKELY = 1e-4
"""Least probability of a second opinion. It keeps one odd digit from outweighing a line."""

MOST_LEFT_OUT = 0.5
"""Share of left-out ink, by the pen's path or in pixels, above which a line is rejected."""


@dataclass(frozen=True)
class Opinion:
    """The second opinion on a digit, alone and combined with the line reader."""

    glyph: Glyph
    probability: float
    """P(digit) of the digit that was read, by the network of single digits alone."""
    probabilities: NDArray[np.float64]
    """(10,), by both networks; they sum to 1."""
    is_digit: float | None
    """P(is a digit); None if the network has no such output."""

    @property
    def believed(self) -> float:
        """P(is a digit), or 1 if the network has no such output."""
        return 1.0 if self.is_digit is None else self.is_digit


@dataclass(frozen=True)
class Symbol:
    """One symbol of a transcript, and its ink."""

    char: str
    line: int
    index: int
    """Index in the text of its line."""
    confidence: float
    """P(symbol) by the line reader, for a digit combined with the second opinion."""
    pieces: tuple[int, ...]
    """Indices of the pieces that hold its ink; empty if its ink is unknown."""
    points: tuple[Stroke, ...]
    sure: float
    """The line reader's P(symbol)."""
    opinion: Opinion | None = None
    """Second opinion on a digit; None for a sign."""

    @property
    def believed(self) -> float:
        """P(symbol), for a digit times P(is a digit)."""
        return self.confidence * (1.0 if self.opinion is None else self.opinion.believed)


@dataclass(frozen=True)
class Transcript:
    """The best reading of all ink."""

    symbols: tuple[Symbol, ...]
    """Digits and signs, line by line, from left to right."""
    ignored: tuple[tuple[Stroke, ...], ...]
    """Ink that is not part of the text: other ink, and ink without a symbol."""
    readings: tuple[tuple[tuple[str, ...], float], ...]
    """Lines, and the probability that they are right, the best first. The best has the text of
    `symbols`, or no lines if these have no digit."""
    evidence: Evidence
    no_number: float
    """Probability that a line has no digit. If most of its ink is left out, at least that share.
    The least over the lines."""
    quality: float
    """Share of the ink that is read, weighted by P(symbol), 0 to 1. Comparable between transcripts
    of the same ink."""
    limit: Bound | None = None
    """The bound of the budget that ended the reading early."""
    fits: float | None = None
    """The least `Line.fits` of the lines of the text."""
    line_evidence: tuple[Evidence, ...] = ()
    """Evidence for each line of the text by itself."""


@dataclass(frozen=True)
class Line:
    """The result of the search for one line."""

    texts: Sequence["Text"]
    """Texts with a second opinion, at least one."""
    others: Sequence[Hypothesis]
    """Texts too unlikely for a second opinion."""
    opinions: "Opinions"
    """Second opinions on the ink of the texts."""
    fits: float | None = None
    """Probability that the text is wanted, before only wanted ones were kept. 0 if none is. None if
    nothing is wanted."""


@dataclass
class Text:
    """One text of a line."""

    symbols: Sequence[int]
    log_probability: float
    ink: Sequence[list[tuple[int, Stroke]]]
    """Pieces and their points, for each symbol."""
    loose: Sequence[tuple[int, Stroke]]
    spread: NDArray[np.float64]
    """(N, 24), P(class) at each symbol's likeliest column."""
    misfit: float
    rows: Sequence[int | None] = ()
    """For each symbol its row among the classified glyphs, or None."""
    score: float = 0.0

    @property
    def visible(self) -> str:
        """The text without other ink."""
        return visible_text(self.symbols)


@dataclass(frozen=True)
class Opinions:
    """Outputs of the network of single digits for the ink of N symbols."""

    glyphs: Sequence[Glyph]
    probabilities: NDArray[np.float64]
    is_digit: NDArray[np.float64] | None

    def of(self, symbol: int, row: int) -> float:
        """Return P(digit). For other ink, return P(non-digit), or 1 without such an output."""
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
    """Combine the best texts of all lines.

    Args:
        weight: weight of the second opinion on a digit.
        limit: the bound of the budget that ended the reading early.
        unread: pieces of lines that were not read.
    """
    symbols: list[Symbol] = []
    ignored: list[tuple[Stroke, ...]] = []
    kept: list[list[tuple[str, float]]] = []
    dropped: list[list[tuple[str, float]]] = []
    share, no_number, misfit = 1.0, 1.0, 0.0
    fits: float | None = None
    line_evidence: list[Evidence] = []
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
        if has_digit and not mostly_lost:  # rejects a bar or a word
            symbols += own
            kept.append(texts)
            lost = max(lost, TINY) if left else 0.0
            line_evidence.append(_evidence(own, texts[0][1], best.misfit, lost))
            if line.fits is not None:
                fits = min(line.fits, 1.0 if fits is None else fits)
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
        fits,
        tuple(line_evidence),
    )


def _evidence(
    symbols: Sequence[Symbol], share: float, misfit: float, share_left_out: float
) -> Evidence:
    """Return the evidence for a text. The weakest symbol counts."""
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
    """Return the share of a line's ink outside its symbols."""
    held, lost = (
        sum(map(ink.amount, itertools.chain(*points)))
        for points in ([symbol.points for symbol in symbols], left)
    )
    return lost / max(held + lost, 1e-300)


def _symbols(text: Text, line: int, opinions: Opinions, weight: float) -> list[Symbol]:
    """Return the symbols of a text, without other ink."""
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
    """Return the ink of a text that is other ink, or has no symbol."""
    others = [
        tuple(points for _, points in own)
        for symbol, own in zip(text.symbols, text.ink, strict=True)
        if symbol == OTHER and own
    ]
    return [*others, *((points,) for _, points in text.loose)]


def visible_text(symbols: Sequence[int]) -> str:
    """Return the text of symbols, without other ink."""
    return "".join(SYMBOLS[symbol] for symbol in symbols if symbol != OTHER)


def _ranked(
    texts: Sequence[Text], others: Sequence[Hypothesis]
) -> tuple[Text, list[tuple[str, float]]]:
    """Return the best alignment of the likeliest text, and P(text) of all texts, that one first.

    Args:
        texts: texts with a second opinion, at least one.
        others: texts without.
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
    """Return the readings of all lines together."""
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
