"""Results: what a reading says, as frozen dataclasses."""

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
"""`number`: digits and the signs of numbers; `digits`: digits only; `digit`: all ink is one."""


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
    """Milliseconds spent in each stage. A stage inside another one pauses the outer one."""

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
