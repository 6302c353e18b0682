"""Recogniser: from a drawing or a picture to a reading."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .budget import Budget
from .decision import empty_reading, reading_of_digit, reading_of_transcript
from .errors import BudgetError
from .explain import evidence_map
from .ink.drawing import Stroke
from .ink.glyph import Glyph, glyph_of_ink, glyph_of_strokes, glyphs_of_strokes
from .ink.pieces import PictureInk, StrokeInk, patch_of, with_pen
from .network.bounds import Bounds
from .network.calibration import Calibration
from .network.classifier import Classifier
from .network.confidence import Confidence
from .network.language_model import LanguageModel
from .network.line_reader import LineReader
from .picture.decode import Limits, decode_reduced
from .picture.eyes import Eyes
from .picture.layout import LARGEST_SIDE, Page, page_of
from .results import Box, Digit, Expect, Reading, Status, Timing
from .transcribe import SecondOpinion, Tools, transcribe
from .transcript import Transcript

POOR, WELL = 0.5, 0.9
"""Thresholds of a page's `Transcript.quality`. Below the first, quarter turns are tried. Above the
second, the best turn is taken. Both are estimates: words upside down may look like numbers."""

SMALLEST = math.sqrt(sys.float_info.min)
"""Extent below which ink is a point. Squares of smaller extents underflow."""

FINEST = 2.0**-40
"""Resolution of ink, as a share of its extent; finer detail is rounded. A tablet's step is 2e-5 of
its width, and the rounding of a 64-bit number 2e-16."""


class Recognizer:
    """Reads numbers. Safe to call from any thread if its classifier is."""

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
        """Take the networks and their constants. Without constants, outputs are unchanged.

        Args:
            classifier: classifies single digits; gives a second opinion on each digit of a line.
            line_reader: None reads single digits only.
            language_model: None makes all texts equally likely.
            eyes: None reads no pictures.
            confidence: constants that choose texts of strokes and give their confidence.
            picture_confidence: the same for pictures; None takes those of strokes.
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
        wanted: Bounds | None = None,
    ) -> Reading:
        """Read a drawing.

        Args:
            strokes: arrays of shape (N, 2), finite, N >= 1, y downwards, any unit.
            alternatives: number of alternatives, at most, 0 to 10.
            expect: `number`, digits and signs in one or several lines; `digits`, the same without
                the signs; or `digit`.
            budget: bounds on the cost; None is unlimited.
            wanted: bounds on each line of the text. A single digit has none.

        Raises:
            BudgetError: the budget ended before there was a reading.
            GoneError: see `Budget.check`.
        """
        timing = Timing()
        budget = budget or Budget()
        budget.check()
        if not strokes:
            return empty_reading(None, timing)
        if expect != "digit":
            return self._read_number(strokes, alternatives, expect, timing, budget, wanted)
        with timing.stage("ink"):
            glyph = glyph_of_strokes(strokes)
            points = np.concatenate(strokes)
            box = _box(points.min(axis=0), points.max(axis=0))
        owner = tuple(range(len(strokes)))
        return self._read_glyph(glyph, box, owner, None, alternatives, timing)

    def read_image(
        self,
        data: bytes,
        limits: Limits,
        alternatives: int = 3,
        expect: Expect = "number",
        budget: Budget | None = None,
        wanted: Bounds | None = None,
    ) -> Reading:
        """Read a PNG, JPEG or WebP file; see `read_strokes`.

        Raises:
            UnsupportedImageError, ImageTooLargeError, UndecodableImageError: see `decode_reduced`.
            BudgetError, GoneError: see `read_strokes`.
        """
        timing = Timing()
        budget = budget or Budget()
        budget.check()
        if expect != "digit":
            return self._read_page(data, limits, alternatives, expect, timing, budget, wanted)
        with timing.stage("ink"):
            picture, (width, height) = decode_reduced(data, limits, LARGEST_SIDE)
        page = self._page(picture, (width, height), timing, budget)
        if not page.pieces:
            return empty_reading((width, height), timing)
        box = _box_on(page, np.array([width, height], np.float64), page.pieces)
        with timing.stage("ink"):
            (glyph,) = glyphs_in(page.ink, budget)([page.pieces])
        return self._read_glyph(glyph, box, None, (width, height), alternatives, timing)

    def evidence(self, digit: Digit, budget: Budget | None = None) -> NDArray[np.float64]:
        """Return the ink that speaks for a digit of a reading, (28, 28); see `evidence_map`."""
        return evidence_map(self._classifier, self._calibration, digit.glyph, digit.digit, budget)

    def _read_number(
        self,
        strokes: Sequence[Stroke],
        alternatives: int,
        expect: Expect,
        timing: Timing,
        budget: Budget,
        wanted: Bounds | None,
    ) -> Reading:
        with timing.stage("segment"):
            tools = self._tools(self._confidence, glyphs_of_strokes, timing, budget, wanted)
            found = transcribe(StrokeInk(without_dust(strokes)), tools)

        def box_of(points: Sequence[Stroke]) -> Box:
            every = np.concatenate(points)
            return _box(every.min(axis=0), every.max(axis=0))

        return reading_of_transcript(
            found,
            self._confidence,
            self._calibration.not_a_number,
            box_of,
            None,
            alternatives,
            expect,
            timing,
        )

    def _read_page(
        self,
        data: bytes,
        limits: Limits,
        alternatives: int,
        expect: Expect,
        timing: Timing,
        budget: Budget,
        wanted: Bounds | None,
    ) -> Reading:
        with timing.stage("ink"):
            picture, (width, height) = decode_reduced(data, limits, LARGEST_SIDE)
        page = self._page(picture, (width, height), timing, budget)
        if not page.pieces:
            return empty_reading((width, height), timing)
        as_it_is, found = page, self._transcribed(page, timing, budget, wanted)
        if found.quality < POOR:
            page, found = self._upright(
                picture, (width, height), page, found, timing, budget, wanted
            )
        box_of = partial(_box_on, page, np.array([width, height], np.float64))
        reading = reading_of_transcript(
            found,
            self._picture_confidence,
            self._calibration.not_a_number,
            box_of,
            (width, height),
            alternatives,
            expect,
            timing,
        )
        if page is as_it_is or not reading.lines:
            return reading
        # Only the reading itself says that the page was turned.
        unsure: Status = "unsure"
        return replace(reading, status=unsure, line_statuses=(unsure,) * len(reading.lines))

    def _upright(
        self,
        picture: NDArray[np.uint8],
        size: tuple[int, int],
        page: Page,
        found: Transcript,
        timing: Timing,
        budget: Budget,
        wanted: Bounds | None,
    ) -> tuple[Page, Transcript]:
        """Return the page as it is, or in the quarter turn that reads well."""
        for quarters in (1, 3, 2):
            try:
                turned = self._page(picture, size, timing, budget, quarters)
                if not turned.pieces:
                    continue
                other = self._transcribed(turned, timing, budget, wanted)
            except BudgetError as error:
                return page, replace(found, limit=error.bound)
            # One symbol does not show which way is up. W and E are turned 3s: 30 of 150 letters in
            # pictures were `ok` so.
            is_several = len(other.symbols) > 1
            if is_several and other.quality > max(found.quality, WELL):
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
        """Return the writing on a picture, in pixels of the whole picture of this size."""
        if self._eyes is None:
            raise ValueError("reading pictures needs eyes, got none")
        with timing.stage("ink"):
            page = page_of(picture, self._eyes, budget, quarters)
        factor = np.array(size)[:, np.newaxis] / np.array([picture.shape[1::-1]]).T
        return replace(page, back=page.back * factor)

    def _transcribed(
        self, page: Page, timing: Timing, budget: Budget, wanted: Bounds | None
    ) -> Transcript:
        with timing.stage("segment"):
            glyphs_of = glyphs_in(page.ink, budget)
            tools = self._tools(self._picture_confidence, glyphs_of, timing, budget, wanted)
            return transcribe(PictureInk(page.ink, page.pieces, budget), tools, page.rows)

    def _tools(
        self,
        constants: Confidence,
        glyphs_of: Callable[[list[list[Stroke]]], list[Glyph]],
        timing: Timing,
        budget: Budget,
        wanted: Bounds | None,
    ) -> Tools:
        if self._line_reader is None:
            raise ValueError("reading numbers needs a line reader, got none")
        opinion = second_opinion_of(self._classifier, self._calibration, glyphs_of, timing, budget)
        return Tools(self._line_reader, opinion, constants, budget, self._language_model, wanted)

    def _read_glyph(
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
        return reading_of_digit(
            outputs, self._calibration, glyph, box, strokes, surface, alternatives, timing
        )


def second_opinion_of(
    classifier: Classifier,
    calibration: Calibration,
    glyphs_of: Callable[[list[list[Stroke]]], list[Glyph]],
    timing: Timing,
    budget: Budget | None = None,
) -> SecondOpinion:
    """Return a function that classifies groups of ink. It charges the budget for each group."""
    budget = budget or Budget()

    def opinions_on(
        groups: list[list[Stroke]],
    ) -> tuple[list[Glyph], NDArray[np.float64], NDArray[np.float64] | None]:
        with timing.stage("ink"):
            budget.spend(groups=len(groups))
            glyphs = glyphs_of(groups)
        with timing.stage("classify"):
            outputs = classifier.classify(np.stack(glyphs))
        return glyphs, calibration.probabilities(outputs), calibration.is_digit(outputs)

    return opinions_on


def glyphs_in(
    ink: NDArray[np.uint8], budget: Budget | None = None
) -> Callable[[list[list[Stroke]]], list[Glyph]]:
    """Return a function that makes glyphs of groups of a page's connected components."""
    return lambda groups: [glyph_of_ink(with_pen(patch_of(one, ink, budget))) for one in groups]


def without_dust(strokes: Sequence[Stroke]) -> Sequence[Stroke]:
    """Return strokes without detail finer than any pen's, which would overflow in divisions."""
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
    """Return the box of pixels of a page's ink, in the picture of this size."""
    pixels = np.concatenate(points)
    corners = np.concatenate([pixels - 0.5, pixels + 0.5])
    found = corners @ page.back[:, :2].T + page.back[:, 2] + 0.5
    return _box(found.min(axis=0).clip(0, size), found.max(axis=0).clip(0, size))
