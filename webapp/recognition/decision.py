"""Readings: the answer for a transcript, or for the outputs of one digit."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from .ink.drawing import Stroke
from .ink.glyph import Glyph
from .network.bounds import trust
from .network.calibration import Calibration
from .network.classifier import Outputs
from .network.confidence import Confidence, Evidence
from .results import Alternative, Box, Digit, Expect, Reading, Sign, Status, Timing
from .transcript import Symbol, Transcript

BoxOf = Callable[[Sequence[Stroke]], Box]
"""Function that returns the box of some ink in the unit of the request."""

Texts = tuple[tuple[str, ...], float]
"""Lines, and the probability that they are right."""


def empty_reading(surface: tuple[float, float] | None, timing: Timing) -> Reading:
    """Return the reading of a drawing or a picture without ink."""
    return Reading("empty", (), 1.0, (), (), surface=surface, timing=timing)


def reading_of_transcript(
    found: Transcript,
    confidence: Confidence,
    not_a_number: float,
    box_of: BoxOf,
    surface: tuple[float, float] | None,
    alternatives: int,
    expect: Expect,
    timing: Timing,
) -> Reading:
    """Return the reading of a transcript.

    Args:
        confidence: gives the probability that the best text is right.
        not_a_number: a single digit is rejected if P(is a digit) is below this.
        surface: width and height of a picture; None for strokes.
        alternatives: number of alternatives, at most.
    """
    ignored = [box_of(points) for points in found.ignored]
    digits = [s for s in found.symbols if s.char.isdigit()]
    signs = [s for s in found.symbols if not s.char.isdigit()]
    texts = list(found.readings)
    if expect == "digits":
        ignored += [box_of(s.points) for s in signs]
        digits, signs = _renumbered(digits), []
        texts = _digits_only(texts)
    # Digits that touch are cut apart and need not look like digits alone.
    is_foreign = len(digits) == 1 and found.evidence.is_digit < not_a_number
    is_refused = found.limit is None and (is_foreign or not digits)
    sure = trust(found.fits) * (confidence.of(found.evidence) if digits else 1 - found.no_number)
    sure = min(sure, found.evidence.is_digit) if is_foreign else sure
    others = _alternatives(texts, sure, is_refused)
    has_pieces = surface is None
    reading = Reading(
        status="not_a_number",
        lines=(),
        confidence=1 - sure,
        digits=tuple(_digit(s, box_of, has_pieces) for s in digits),
        alternatives=tuple(others[:alternatives]),
        ignored=tuple(ignored),
        surface=surface,
        limit=found.limit,
        evidence=found.evidence,
        timing=timing,
    )
    if is_refused:
        return reading
    lines = texts[0][0] if digits else ()
    each = [trust(found.fits) * confidence.of(one) for one in found.line_evidence[: len(lines)]]
    return replace(
        reading,
        status=_status(found, confidence, sure, found.evidence),
        lines=lines,
        confidence=sure,
        line_confidences=tuple(each),
        line_statuses=tuple(map(partial(_status, found, confidence), each, found.line_evidence)),
        alternatives=tuple(others[1 : 1 + alternatives]),
        signs=tuple(_sign(s, box_of, has_pieces) for s in signs),
        fits=None if found.fits is None else found.fits > 0,
    )


def _status(found: Transcript, confidence: Confidence, sure: float, evidence: Evidence) -> Status:
    """Return the status of a text, of all lines or of one, that is read with this confidence."""
    # The reader alone would rather read a text that is not wanted.
    is_doubted = bool(found.limit) or (found.fits is not None and found.fits < 1 - found.fits)
    return "unsure" if is_doubted or sure < confidence.unsure or evidence.left_out else "ok"


def _alternatives(texts: Sequence[Texts], sure: float, is_refused: bool) -> list[Alternative]:
    """Return texts with a digit and their confidences, which keep the ratios of the search.

    The alternatives sum to at most 1 minus the confidence of the best text. If the ink is rejected,
    all texts sum to the probability that there is a number.
    """
    best = texts[0][1]
    kept = [one for one in texts if any(map(str.isdigit, "".join(one[0])))]
    rest = sum(share for _, share in kept[0 if is_refused else 1 :])
    if is_refused:
        scale = sure / max(rest, 1e-300)
    else:
        scale = min(sure / max(best, 1e-300), (1 - sure) / max(rest, 1e-300))
    return [Alternative("\n".join(lines), min(share, best) * scale) for lines, share in kept]


def reading_of_digit(
    outputs: Outputs,
    calibration: Calibration,
    glyph: Glyph,
    box: Box,
    strokes: tuple[int, ...] | None,
    surface: tuple[float, float] | None,
    alternatives: int,
    timing: Timing,
) -> Reading:
    """Return the reading of ink expected to be one digit.

    Args:
        outputs: the outputs of the network of single digits for this glyph.
    """
    probabilities = calibration.probabilities(outputs)[0].tolist()
    beliefs = calibration.is_digit(outputs)
    is_digit = None if beliefs is None else float(beliefs[0])
    ranking = sorted(range(len(probabilities)), key=lambda d: -probabilities[d])
    best = ranking[0]
    digit = Digit(best, 0, probabilities[best], tuple(probabilities), is_digit, box, strokes, glyph)
    # The text is right only if the ink is a digit, and this one.
    sure = 1.0 if is_digit is None else is_digit
    readings = [Alternative(str(d), probabilities[d] * sure) for d in ranking]
    confidence = readings[0].confidence
    if sure < calibration.not_a_number:
        status: Status = "not_a_number"
        lines: tuple[str, ...] = ()
        confidence = 1 - sure
    else:
        status = "unsure" if confidence < calibration.unsure else "ok"
        lines = (readings.pop(0).text,)
    return Reading(
        status=status,
        lines=lines,
        confidence=confidence,
        digits=(digit,),
        alternatives=tuple(readings[:alternatives]),
        surface=surface,
        line_confidences=(confidence,) * len(lines),
        line_statuses=(status,) * len(lines),
        timing=timing,
    )


def _digit(symbol: Symbol, box_of: BoxOf, has_pieces: bool) -> Digit:
    seen = symbol.opinion
    if seen is None:
        raise ValueError(f"{symbol.char} has no second opinion: it is no digit")
    return Digit(
        int(symbol.char),
        symbol.line,
        symbol.confidence,
        tuple(seen.probabilities.tolist()),
        seen.is_digit,
        box_of(symbol.points),
        symbol.pieces if has_pieces else None,
        seen.glyph,
        symbol.index,
    )


def _sign(symbol: Symbol, box_of: BoxOf, has_pieces: bool) -> Sign:
    return Sign(
        symbol.char,
        symbol.line,
        symbol.index,
        symbol.confidence,
        box_of(symbol.points),
        symbol.pieces if has_pieces else None,
    )


def _renumbered(symbols: Sequence[Symbol]) -> list[Symbol]:
    """Return the remaining symbols of lines, with their lines and places numbered anew."""
    lines = sorted({symbol.line for symbol in symbols})
    counts = [itertools.count() for _ in lines]
    return [
        replace(s, line=lines.index(s.line), index=next(counts[lines.index(s.line)]))
        for s in symbols
    ]


def _digits_only(readings: Sequence[Texts]) -> list[Texts]:
    """Return readings without signs. Equal texts are merged, and the best stays first."""
    found: dict[tuple[str, ...], float] = {}
    for lines, share in readings:
        bare = ("".join(filter(str.isdigit, line)) for line in lines)
        kept = tuple(line for line in bare if line)
        found[kept] = found.get(kept, 0.0) + share
    first, *rest = found
    return [(lines, found[lines]) for lines in (first, *sorted(rest, key=lambda r: -found[r]))]
