"""The recogniser: a drawing or a picture in, a reading out."""

import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .budget import Budget
from .errors import Bound, BudgetError
from .ink.drawing import Stroke
from .ink.glyph import Glyph, glyph_of_ink, glyph_of_strokes, glyphs_of_strokes
from .ink.pieces import PictureInk, StrokeInk, patch_of, with_pen
from .network.calibration import Calibration
from .network.classifier import Classifier
from .network.confidence import Confidence, Evidence
from .network.language_model import LanguageModel
from .network.line_reader import LineReader
from .picture.eyes import Eyes
from .picture.image import Limits, decode_reduced
from .picture.page import LARGEST_SIDE, Page, page_of
from .transcribe import Judge, Medium, Symbol, Transcript, transcribe

Status = Literal["ok", "unsure", "not_a_number", "empty"]

Expect = Literal["number", "digits", "digit"]
"""`number`: digits and the signs of numbers; `digits`: digits only; `digit`: all ink is one."""

POOR, WELL = 0.5, 0.9
"""A page that is read worse than this, by `Transcript.quality`, is tried turned by quarters; it is
taken so if it is read that well. Both are guesses: words upside down may look like numbers."""

SMALLEST = math.sqrt(sys.float_info.min)
"""Ink that is smaller is a point: squares of its size would be no numbers any more."""

FINEST = 2.0**-40
"""Ink is as coarse as this share of its extent where it has finer detail: a tablet's step is 2e-5
of its width, and the rounding of a 64-bit number 2e-16."""


@dataclass(frozen=True)
class Box:
    """A rectangle in the unit of the request, y downwards."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Digit:
    """One digit of a reading."""

    digit: int
    line: int
    """Index of the line it stands in, from the top."""
    confidence: float
    """Calibrated probability, 0 to 1, that `digit` is right if this is a digit at all."""
    probabilities: tuple[float, ...]
    """Of the digits 0 to 9; they sum to 1."""
    is_digit: float | None
    """Calibrated probability that this ink is a digit; None if the model has no such output."""
    box: Box
    strokes: tuple[int, ...] | None
    """Indices of the strokes it is made of; None for a picture."""
    glyph: Glyph
    """What the network saw."""
    index: int = 0
    """Its place in the text of its line."""


@dataclass(frozen=True)
class Sign:
    """A sign of numbers in a reading, such as a decimal point."""

    sign: str
    line: int
    """Index of the line it stands in, from the top."""
    index: int
    """Its place in the text of its line."""
    confidence: float
    """Probability, 0 to 1, that this sign stands here."""
    box: Box
    strokes: tuple[int, ...] | None
    """Indices of the strokes it is made of; None for a picture."""


@dataclass(frozen=True)
class Alternative:
    """Another reading of the same ink."""

    text: str
    confidence: float


@dataclass
class Timing:
    """Milliseconds spent in each stage."""

    ink: float = 0.0
    segment: float = 0.0
    classify: float = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = time.perf_counter()
        yield
        setattr(self, name, getattr(self, name) + 1000 * (time.perf_counter() - start))


@dataclass(frozen=True)
class Reading:
    """What was read."""

    status: Status
    """`unsure` is still a reading; `not_a_number` and `empty` (no ink) are none."""
    lines: tuple[str, ...]
    confidence: float
    """Calibrated probability that the text, or the status where there is none, is right."""
    digits: tuple[Digit, ...]
    """Those of the text; where it is `not_a_number`, what was considered."""
    alternatives: tuple[Alternative, ...]
    signs: tuple[Sign, ...] = ()
    """Those of the text."""
    ignored: tuple[Box, ...] = ()
    """Ink that is not part of the text."""
    surface: tuple[float, float] | None = None
    """Width and height of what `box` refers to: of an upright picture, in pixels."""
    limit: Bound | None = None
    """The bound of the budget that ended the reading early; it is then never `ok`."""
    evidence: Evidence | None = None
    """What `confidence` was made of; None where single digits were expected."""
    timing: Timing = field(default_factory=Timing, compare=False)

    @property
    def text(self) -> str:
        """The lines, joined."""
        return "\n".join(self.lines)


class Recognizer:
    """Reads numbers. Safe to call from any thread when its classifier is."""

    def __init__(
        self,
        classifier: Classifier,
        *,
        line_reader: LineReader | None = None,
        language_model: LanguageModel | None = None,
        eyes: Eyes | None = None,
        calibration: Calibration | None = None,
        confidence: Confidence | None = None,
        picture_confidence: Confidence | None = None,
    ) -> None:
        """Without their calibrations, the networks are taken at their word.

        Args:
            classifier: of single digits; gives a second opinion on each digit of a line.
            line_reader: without one, only single digits are read.
            language_model: what texts are likely; without one, all are alike.
            eyes: without them, no pictures are read.
            confidence: of readings of strokes, and what their texts are chosen with.
            picture_confidence: of pictures; None takes that of strokes.
        """
        self._classifier = classifier
        self._line_reader = line_reader
        self._language_model = language_model or LanguageModel({})
        self._eyes = eyes
        self._calibration = calibration or Calibration()
        self._confidence = confidence or Confidence()
        self._picture_confidence = picture_confidence or self._confidence

    def read_strokes(
        self,
        strokes: Sequence[Stroke],
        alternatives: int = 3,
        expect: Expect = "number",
        budget: Budget | None = None,
    ) -> Reading:
        """Read a drawing.

        Args:
            strokes: arrays of shape (N, 2), finite, N >= 1, y downwards, any unit.
            alternatives: how many other readings to give, at most, 0 to 10.
            expect: `number`, digits and signs in one or several lines; `digits`, the same without
                the signs; or `digit`.
            budget: what the reading may cost; without one, nothing ends it.

        Raises:
            BudgetError: the budget ended before there was any reading.
            GoneError: see `Budget.check`.
        """
        timing = Timing()
        budget = budget or Budget()
        budget.check()
        if not strokes:
            return _nothing(None, timing)
        if expect != "digit":
            return self._read_number(strokes, alternatives, expect, timing, budget)
        with timing.stage("ink"):
            glyph = glyph_of_strokes(strokes)
            points = np.concatenate(strokes)
            box = _box(points.min(axis=0), points.max(axis=0))
        return self._read_one(glyph, box, tuple(range(len(strokes))), None, alternatives, timing)

    def read_image(
        self,
        data: bytes,
        limits: Limits,
        alternatives: int = 3,
        expect: Expect = "number",
        budget: Budget | None = None,
    ) -> Reading:
        """Read a PNG, JPEG or WebP file; see `read_strokes`.

        Raises:
            UnsupportedImageError, ImageTooLargeError, UndecodableImageError: see `image.decode`.
            BudgetError, GoneError: see `read_strokes`.
        """
        timing = Timing()
        budget = budget or Budget()
        budget.check()
        if expect != "digit":
            return self._read_page(data, limits, alternatives, expect, timing, budget)
        with timing.stage("ink"):
            picture, (width, height) = decode_reduced(data, limits, LARGEST_SIDE)
        page = self._page(picture, (width, height), timing, budget)
        if not page.pieces:
            return _nothing((width, height), timing)
        box = _box_on(page, np.array([width, height], np.float64), page.pieces)
        with timing.stage("ink"):
            (glyph,) = glyphs_in(page.ink, budget)([page.pieces])
        return self._read_one(glyph, box, None, (width, height), alternatives, timing)

    def _read_number(
        self,
        strokes: Sequence[Stroke],
        alternatives: int,
        expect: Expect,
        timing: Timing,
        budget: Budget,
    ) -> Reading:
        with timing.stage("segment"):
            medium = self._medium(self._confidence, glyphs_of_strokes, timing, budget)
            found = transcribe(StrokeInk(without_dust(strokes)), medium)
        timing.segment -= timing.ink + timing.classify

        def box_of(points: Sequence[Stroke]) -> Box:
            every = np.concatenate(points)
            return _box(every.min(axis=0), every.max(axis=0))

        return self._reading(found, box_of, None, alternatives, expect, timing)

    def _read_page(
        self,
        data: bytes,
        limits: Limits,
        alternatives: int,
        expect: Expect,
        timing: Timing,
        budget: Budget,
    ) -> Reading:
        with timing.stage("ink"):
            picture, (width, height) = decode_reduced(data, limits, LARGEST_SIDE)
        page = self._page(picture, (width, height), timing, budget)
        if not page.pieces:
            return _nothing((width, height), timing)
        found = self._transcribed(page, timing, budget)
        if found.quality < POOR:
            page, found = self._upright(picture, (width, height), page, found, timing, budget)
        box_of = partial(_box_on, page, np.array([width, height], np.float64))
        return self._reading(found, box_of, (width, height), alternatives, expect, timing)

    def _upright(
        self,
        picture: NDArray[np.uint8],
        size: tuple[int, int],
        page: Page,
        found: Transcript,
        timing: Timing,
        budget: Budget,
    ) -> tuple[Page, Transcript]:
        """The page as it was read, or turned by quarters if it reads well so."""
        for quarters in (1, 3, 2):
            try:
                turned = self._page(picture, size, timing, budget, quarters)
                if not turned.pieces:
                    continue
                other = self._transcribed(turned, timing, budget)
            except BudgetError as error:
                return page, replace(found, limit=error.bound)
            a_bar = [symbol.char for symbol in other.symbols] == ["1"]  # as any line on its side
            if not a_bar and other.quality > max(found.quality, WELL):
                page, found = turned, other
        return page, found

    def _page(
        self,
        picture: NDArray[np.uint8],
        size: tuple[int, int],
        timing: Timing,
        budget: Budget,
        quarters: int = 0,
    ) -> Page:
        """What the eyes see in a picture, in pixels of the whole one, of a width and height."""
        if self._eyes is None:
            raise ValueError("reading pictures needs eyes, got none")
        with timing.stage("ink"):
            page = page_of(picture, self._eyes, budget, quarters)
        factor = np.array(size)[:, np.newaxis] / np.array([picture.shape[1::-1]]).T
        return replace(page, back=page.back * factor)

    def _transcribed(self, page: Page, timing: Timing, budget: Budget) -> Transcript:
        before = timing.ink + timing.classify
        with timing.stage("segment"):
            glyphs_of = glyphs_in(page.ink, budget)
            medium = self._medium(self._picture_confidence, glyphs_of, timing, budget)
            found = transcribe(PictureInk(page.ink, page.pieces, budget), medium, page.rows)
        timing.segment -= timing.ink + timing.classify - before
        return found

    def _medium(
        self,
        constants: Confidence,
        glyphs_of: Callable[[list[list[Stroke]]], list[Glyph]],
        timing: Timing,
        budget: Budget,
    ) -> Medium:
        if self._line_reader is None:
            raise ValueError("reading numbers needs a line reader, got none")
        judge = judge_of(self._classifier, self._calibration, glyphs_of, timing, budget)
        return Medium(self._line_reader, judge, constants, budget, self._language_model)

    def _reading(
        self,
        found: Transcript,
        box_of: Callable[[Sequence[Stroke]], Box],
        surface: tuple[float, float] | None,
        alternatives: int,
        expect: Expect,
        timing: Timing,
    ) -> Reading:
        # Strokes have no surface, pictures do.
        constants = self._confidence if surface is None else self._picture_confidence
        ignored = [box_of(points) for points in found.ignored]
        symbols = found.symbols
        readings = list(found.readings)
        if expect == "digits":
            signs = [s for s in symbols if not s.char.isdigit()]
            ignored += [box_of(s.points) for s in signs]
            symbols = _renumbered([s for s in symbols if s.char.isdigit()])
            readings = _digits_only(readings)
        digits = [s for s in symbols if s.char.isdigit()]
        # Digits that touch are cut apart: alone, they need not look like digits.
        foreign = len(digits) == 1 and found.evidence.is_digit < self._calibration.not_a_number
        refused = found.limit is None and (foreign or not digits)
        pieces = surface is None
        confidence = constants.of(found.evidence) if digits else 1 - found.no_number
        if foreign:
            confidence = min(confidence, found.evidence.is_digit)
        # Alternatives keep the search's ratios. Together they are no likelier than what the best
        # leaves; of what is no number, all readings are as likely as that it is one.
        best = readings[0][1]
        readings = [one for one in readings if any(map(str.isdigit, "".join(one[0])))]
        rest = sum(share for _, share in readings[0 if refused else 1 :])
        if refused:
            scale = confidence / max(rest, 1e-300)
        else:
            scale = min(confidence / max(best, 1e-300), (1 - confidence) / max(rest, 1e-300))
        texts = [Alternative("\n".join(lines), min(s, best) * scale) for lines, s in readings]
        reading = Reading(
            status="not_a_number",
            lines=(),
            confidence=1 - confidence,
            digits=tuple(_digit(s, box_of, pieces) for s in digits),
            alternatives=tuple(texts[:alternatives]),
            signs=(),
            ignored=tuple(ignored),
            surface=surface,
            limit=found.limit,
            evidence=found.evidence,
            timing=timing,
        )
        if refused:
            return reading
        lines = readings[0][0] if digits else ()
        unsure = confidence < constants.unsure or found.evidence.left_out or found.limit
        return replace(
            reading,
            status="unsure" if unsure else "ok",
            lines=lines,
            confidence=confidence,
            alternatives=tuple(texts[1 : 1 + alternatives]),
            signs=tuple(_sign(s, box_of, pieces) for s in symbols if not s.char.isdigit()),
        )

    def _read_one(
        self,
        glyph: Glyph,
        box: Box,
        strokes: tuple[int, ...] | None,
        surface: tuple[float, float] | None,
        alternatives: int,
        timing: Timing,
    ) -> Reading:
        with timing.stage("classify"):
            outputs = self._classifier.classify(glyph[np.newaxis])
        probabilities = self._calibration.probabilities(outputs)[0].tolist()
        judged = self._calibration.is_digit(outputs)
        is_digit = None if judged is None else float(judged[0])
        ranking = sorted(range(len(probabilities)), key=lambda d: -probabilities[d])
        best = ranking[0]
        digit = Digit(
            best, 0, probabilities[best], tuple(probabilities), is_digit, box, strokes, glyph
        )
        # Right is only who reads the right digit where there was one.
        sure = 1.0 if is_digit is None else is_digit
        readings = [Alternative(str(d), probabilities[d] * sure) for d in ranking]
        confidence = readings[0].confidence
        if sure < self._calibration.not_a_number:
            status: Status = "not_a_number"
            lines: tuple[str, ...] = ()
            confidence = 1 - sure
        else:
            status = "unsure" if confidence < self._calibration.unsure else "ok"
            lines = (readings.pop(0).text,)
        return Reading(
            status=status,
            lines=lines,
            confidence=confidence,
            digits=(digit,),
            alternatives=tuple(readings[:alternatives]),
            surface=surface,
            timing=timing,
        )


def judge_of(
    classifier: Classifier,
    calibration: Calibration,
    glyphs_of: Callable[[list[list[Stroke]]], list[Glyph]],
    timing: Timing,
    budget: Budget | None = None,
) -> Judge:
    """What a classifier says of groups of ink, calibrated. The budget is charged for each group."""
    budget = budget or Budget()

    def judge(
        groups: list[list[Stroke]],
    ) -> tuple[list[Glyph], NDArray[np.float64], NDArray[np.float64] | None]:
        with timing.stage("ink"):
            budget.spend(groups=len(groups))
            glyphs = glyphs_of(groups)
        with timing.stage("classify"):
            outputs = classifier.classify(np.stack(glyphs))
        return glyphs, calibration.probabilities(outputs), calibration.is_digit(outputs)

    return judge


def glyphs_in(
    ink: NDArray[np.uint8], budget: Budget | None = None
) -> Callable[[list[list[Stroke]]], list[Glyph]]:
    """What makes glyphs of groups of a page's connected ink."""
    return lambda groups: [glyph_of_ink(with_pen(patch_of(one, ink, budget))) for one in groups]


def _nothing(surface: tuple[float, float] | None, timing: Timing) -> Reading:
    return Reading("empty", (), 1.0, (), (), surface=surface, timing=timing)


def _digit(symbol: Symbol, box_of: Callable[[Sequence[Stroke]], Box], pieces: bool) -> Digit:
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
        symbol.pieces if pieces else None,
        seen.glyph,
        symbol.index,
    )


def _sign(symbol: Symbol, box_of: Callable[[Sequence[Stroke]], Box], pieces: bool) -> Sign:
    return Sign(
        symbol.char,
        symbol.line,
        symbol.index,
        symbol.confidence,
        box_of(symbol.points),
        symbol.pieces if pieces else None,
    )


def _renumbered(symbols: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """Symbols of lines from which others were taken, at their places in what is left."""
    lines = sorted({symbol.line for symbol in symbols})
    counts = [itertools.count() for _ in lines]
    return tuple(
        replace(s, line=lines.index(s.line), index=next(counts[lines.index(s.line)]))
        for s in symbols
    )


def _digits_only(
    readings: Sequence[tuple[tuple[str, ...], float]],
) -> list[tuple[tuple[str, ...], float]]:
    """Readings without their signs, the same texts together; the best stays first."""
    found: dict[tuple[str, ...], float] = {}
    for lines, share in readings:
        bare = ("".join(filter(str.isdigit, line)) for line in lines)
        kept = tuple(line for line in bare if line)
        found[kept] = found.get(kept, 0.0) + share
    first, *rest = found
    return [(lines, found[lines]) for lines in (first, *sorted(rest, key=lambda r: -found[r]))]


def without_dust(strokes: Sequence[Stroke]) -> Sequence[Stroke]:
    """Strokes without differences that no pen makes: shares of them would overflow."""
    points = np.concatenate(strokes)
    low = points.min(axis=0)
    away = points - low
    extent = float(away.max())
    if extent < SMALLEST:
        return [np.tile(low, (len(own), 1)) for own in strokes]
    step = extent * FINEST
    if not away[away < step].any():
        return strokes
    return [low + np.rint((own - low) / step) * step for own in strokes]


def _box(low: NDArray[np.float64], high: NDArray[np.float64]) -> Box:
    width, height = (high - low).tolist()
    return Box(float(low[0]), float(low[1]), width, height)


def _box_on(page: Page, size: NDArray[np.float64], points: Sequence[Stroke]) -> Box:
    """The box of pixels of a page's ink, in the picture of a size."""
    pixels = np.concatenate(points)
    corners = np.concatenate([pixels - 0.5, pixels + 0.5])
    found = corners @ page.back[:, :2].T + page.back[:, 2] + 0.5
    return _box(found.min(axis=0).clip(0, size), found.max(axis=0).clip(0, size))
