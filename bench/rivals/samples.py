"""What the readers are given and what they answer.

Nothing heavy is imported here: each reader's process imports it, and its memory is measured.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

SIGNS = "-+.,/:%=()#$"
"""Signs of numbers that every reader is asked for, with the digits."""

Kind = Literal["digit", "line", "page"]
"""Kind of a set: one digit a picture; one line; a photo in which lines have to be found."""

DASHES = dict.fromkeys("‐‑‒–—−_", "-")
"""What readers of text say for a minus."""


@dataclass(frozen=True)
class Sample:
    """Handwriting to read."""

    label: str | None
    """The written text, without spaces. None if it is not a number."""
    picture: bytes
    """The picture as a file. Of a drawing, the strokes drawn black on white."""
    strokes: Sequence[np.ndarray] | None = None
    """A drawing's strokes, (N, 2). None for a photo."""


@dataclass(frozen=True)
class Answer:
    """What a reader says about a sample."""

    text: str
    """Digits and signs, without spaces. Empty if the reader finds no number."""
    sure: bool
    """Whether the reader's confidence reaches its threshold."""


def plain(text: str) -> str:
    """Return a text without spaces, with ASCII digits and signs: full width and dashes differ."""
    folded = unicodedata.normalize("NFKC", "".join(text.split()))
    return "".join(DASHES.get(char, char) for char in folded)
