"""Results: readings and their parts, as frozen dataclasses."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from .errors import Bound
from .ink.glyph import Glyph
from .network.confidence import Evidence

Status = Literal["ok", "unsure", "not_a_number", "empty"]

Expect = Literal["number", "digits", "digit"]
"""Expected content: `number`, digits and signs; `digits`, digits only; `digit`, one digit."""


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
    """Index of its line, from the top."""
    confidence: float
    """Calibrated probability, 0 to 1, that `digit` is right if the ink is a digit."""
    probabilities: tuple[float, ...]
    """Probabilities of the digits 0 to 9; they sum to 1."""
    is_digit: float | None
    """Calibrated probability that the ink is a digit; None if the model has no such output."""
    box: Box
    strokes: tuple[int, ...] | None
    """Indices of its strokes; None for a picture."""
    glyph: Glyph
    """Input of the network."""
    index: int = 0
    """Index in the text of its line."""


@dataclass(frozen=True)
class Sign:
    """A sign of a number, such as a decimal point."""

    sign: str
    line: int
    """Index of its line, from the top."""
    index: int
    """Index in the text of its line."""
    confidence: float
    """Probability, 0 to 1, that this sign is here."""
    box: Box
    strokes: tuple[int, ...] | None
    """Indices of its strokes; None for a picture."""


@dataclass(frozen=True)
class Alternative:
    """Another reading of the same ink."""

    text: str
    confidence: float


@dataclass
class Timing:
    """Milliseconds spent in each stage. An inner stage pauses the outer one."""

    ink: float = 0.0
    segment: float = 0.0
    classify: float = 0.0
    _running: str | None = field(default=None, repr=False)
    _since: float = field(default=0.0, repr=False)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block for a stage."""
        outer = self._running
        self._switch(name)
        try:
            yield
        finally:
            self._switch(outer)

    def _switch(self, name: str | None) -> None:
        now = time.perf_counter()
        if self._running is not None:
            spent = getattr(self, self._running)
            setattr(self, self._running, spent + 1000 * (now - self._since))
        self._running, self._since = name, now


@dataclass(frozen=True)
class Reading:
    """The result of a request."""

    status: Status
    """Outcome. `unsure` has a text, unless the budget ended before the reading began;
    `not_a_number` and `empty` (no ink) have none."""
    lines: tuple[str, ...]
    confidence: float
    """Calibrated probability that the text is right, or the status if there is no text."""
    digits: tuple[Digit, ...]
    """Digits of the text; for `not_a_number`, the rejected digit, if any."""
    alternatives: tuple[Alternative, ...]
    signs: tuple[Sign, ...] = ()
    """Signs of the text."""
    ignored: tuple[Box, ...] = ()
    """Boxes of ink that is not part of the text."""
    surface: tuple[float, float] | None = None
    """Width and height that boxes refer to: those of an upright picture, in pixels."""
    limit: Bound | None = None
    """The bound of the budget that ended the reading early. The status is then never `ok`."""
    fits: bool | None = None
    """Whether every line is wanted; None if nothing is, or there is no text."""
    line_confidences: tuple[float, ...] = ()
    """Calibrated probability that each line is right by itself."""
    line_statuses: tuple[Status, ...] = ()
    """Outcome of each line by itself: `ok` or `unsure`."""
    evidence: Evidence | None = None
    """Evidence for `confidence`; None if a single digit was expected."""
    timing: Timing = field(default_factory=Timing, compare=False)

    @property
    def text(self) -> str:
        """The lines, joined by newlines."""
        return "\n".join(self.lines)
