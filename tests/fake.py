"""Fake networks, recognisers and sites with outputs that a test sets."""

import dataclasses
import itertools
import types
from collections.abc import Mapping

import numpy as np

from webapp import create_app
from webapp.config import Settings
from webapp.forms import Wanted
from webapp.recognition import (
    Box,
    Calibration,
    Columns,
    Confidence,
    Digit,
    Outputs,
    Reading,
    Recognizer,
    Seen,
    Sign,
)
from webapp.recognition.ink.strip import MARGIN
from webapp.recognition.network.line_reader import COLUMN
from webapp.recognition.picture.eyes import BODY_STEP
from webapp.recognition.symbols import BLANK, CLASSES, OTHER, SYMBOLS

ROW = (0.02, 0.5, 0.01, 0.03, 0.04, 0.05, 0.06, 0.2, 0.07, 0.02)
"""Probabilities of the ten digits: most likely a 1, perhaps a 7."""

OTHERS = {"7": 0.2, "8": 0.07, "6": 0.06}
"""Probabilities of the digits other than 1 in `ROW`."""

THRESHOLDS = Calibration(not_a_number=0.2, unsure=0.4)

BY_IS_DIGIT = Confidence(share=0.0, is_digit=1.0, unsure=0.75)
"""A confidence that equals the least P(is a digit) of a number's digits."""

IS_DIGIT = {"ok": 0.9, "unsure": 0.6, "not_a_number": 0.1}
"""P(is a digit) for each status: of `ROW` with `THRESHOLDS`, of a number with `BY_IS_DIGIT`."""


class Says:
    """A classifier that gives every glyph the same outputs."""

    def __init__(self, is_digit: float | None = None) -> None:
        self._is_digit = is_digit

    def classify(self, glyphs) -> Outputs:
        """Return `ROW` for each glyph."""
        count = len(glyphs)
        is_digit = None if self._is_digit is None else np.full(count, self._is_digit, np.float32)
        return Outputs(np.tile(np.float32(ROW), (count, 1)), is_digit)


class Sees:
    """Eyes that take the darker half of all greys for writing, one line between empty rows."""

    def see(self, picture, budget=None) -> Seen:
        """Return a body through the middle of each line."""
        grey = picture.mean(axis=2)
        dark = grey < (grey.min() + grey.max()) / 2
        rows, columns = (-(-side // BODY_STEP) for side in dark.shape)
        body = np.zeros((rows, columns), np.uint8)
        edges = np.flatnonzero(np.diff(dark.any(axis=1), prepend=False, append=False))
        for top, bottom in edges.reshape(-1, 2):
            across = np.flatnonzero(dark[top:bottom].any(axis=0))
            middle, half = (top + bottom) / 2, 0.45 * (bottom - top) / 2
            places = np.round(np.array([middle - half, middle + half]) / BODY_STEP).astype(int)
            body[slice(*places), across[0] // BODY_STEP : across[-1] // BODY_STEP + 1] = 255
        return Seen(np.where(dark, 255, 0).astype(np.uint8), body)


class Spells:
    """A line reader that reads these texts: one per strip, in turn, over and over.

    Each symbol has an equal share of the strip. It is emitted in the column in the middle of its
    share, and its ink fills the share. All other columns are blank. Characters that are not
    symbols, such as `?`, are other ink.
    """

    def __init__(self, *texts: str, others: Mapping[str, float] = types.MappingProxyType({})):
        """Take the texts, and the probabilities of other symbols in the place of each symbol."""
        self._texts = itertools.cycle(texts)
        self._others = {_class_of(char): share for char, share in others.items()}
        self.strips: list[np.ndarray] = []
        """The strips it was called with."""

    def read(self, strip, budget=None) -> Columns:
        """Return the columns that spell the next text.

        Raises:
            ValueError: the strip has too few columns for it.
        """
        self.strips.append(strip)
        text = next(self._texts)
        width = strip.shape[1]
        count = (width + COLUMN - 1) // COLUMN
        if 2 * len(text) > count:
            raise ValueError(f"{text!r} needs {2 * len(text)} columns, got {count}")
        edges = np.linspace(MARGIN, width - MARGIN, len(text) + 1)
        shares = np.full((count, CLASSES), 1e-9)
        extents = np.tile(np.arange(count)[:, np.newaxis] * COLUMN + COLUMN / 2, (1, 2))
        shares[:, BLANK] = 1
        for place, char in enumerate(text):
            column = count * (2 * place + 1) // (2 * len(text))
            shares[column, BLANK] = 1e-9
            for other, share in self._others.items():
                shares[column, other] = share
            shares[column, _class_of(char)] = 1 - sum(self._others.values())
            extents[column] = edges[place : place + 2]
        shares /= shares.sum(axis=1, keepdims=True)
        return Columns(np.log(shares).astype(np.float32), extents.astype(np.float32))


def _class_of(char: str) -> int:
    return SYMBOLS.find(char) if char in SYMBOLS else OTHER


def reading_of(*lines: str, drawn: bool = True, **changes) -> Reading:
    """Return a reading of these lines: symbols of 10 by 20 side by side, one stroke each."""
    digits, signs = [], []
    for line, text in enumerate(lines):
        for index, symbol in enumerate(text):
            box = Box(10 * index, 30 * line, 10, 20)
            strokes = (len(digits) + len(signs),) if drawn else None
            if symbol.isdigit():
                glyph = np.full((28, 28, 5), 10 * len(digits), np.uint8)
                shares = tuple(0.91 if value == int(symbol) else 0.01 for value in range(10))
                place = (box, strokes, glyph, index)
                digits.append(Digit(int(symbol), line, 0.91, shares, 1.0, *place))
            else:
                signs.append(Sign(symbol, line, index, 0.97, box, strokes))
    surface = None if drawn else (100.0, 100.0)
    read = Reading("ok", lines, 0.9, tuple(digits), (), tuple(signs), surface=surface)
    return dataclasses.replace(read, **changes)


class Reads:
    """A recogniser that reads the same lines in every drawing and picture."""

    def __init__(self, *lines: str, **changes) -> None:
        self._lines, self._changes = lines, changes
        self.hints: list[str] = []
        """The values of `expect`, by request."""
        self.wanted: list[Wanted | None] = []
        """The bounds, by request."""

    def read_strokes(
        self, strokes, alternatives=3, expect="number", budget=None, wanted=None
    ) -> Reading:
        """Return the lines for any drawing."""
        self.hints.append(expect)
        self.wanted.append(wanted)
        return reading_of(*self._lines, **self._changes)

    def read_image(
        self, data, limits, alternatives=3, expect="number", budget=None, wanted=None
    ) -> Reading:
        """Return the lines for any picture."""
        self.hints.append(expect)
        self.wanted.append(wanted)
        return reading_of(*self._lines, drawn=False, **self._changes)

    def evidence(self, digit, budget=None):
        """Return that no ink matters."""
        return np.zeros(digit.glyph.shape[:2])


def site(status: str):
    """A site that reads all ink as a 1 with this status."""
    recognizer = Recognizer(
        Says(IS_DIGIT[status]),
        line_reader=Spells("1", others=OTHERS),
        eyes=Sees(),
        calibration=THRESHOLDS,
        confidence=BY_IS_DIGIT,
    )
    return site_of(recognizer)


def site_of(recognizer):
    """A site with this recogniser."""
    app = create_app(Settings())
    for name in ("engine", "stroke_engine"):
        app.extensions[name] = dataclasses.replace(app.extensions[name], recognizer=recognizer)
    return app
