"""Ownership: the assignment of a line's ink to its symbols."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .ink.drawing import Stroke
from .ink.lines import Boxes
from .ink.strip import BODY, Frame, Strip

SLACK = 5.0
"""Distance beyond its extent within which a symbol owns ink, in pixels of the strip (the writing is
20 high): four times the mean error of an extent on train lines."""

SPILL = 6.0
"""A piece of ink runs through two symbols if it reaches this far beyond its own symbol's extent, in
pixels of the strip, ..."""

COVERED = 0.5
"""... and covers at least this share of the other's."""


class Ink(Protocol):
    """Strokes, or connected components of a picture."""

    @property
    def pieces(self) -> Sequence[Stroke]:
        """Points of strokes, or pixels of components: (N, 2) each."""
        ...

    @property
    def boxes(self) -> Boxes:
        """Boxes of the pieces, (N, 4)."""
        ...

    def strip(self, members: Sequence[int], frame: Frame) -> Strip:
        """Return the strip of some pieces."""
        ...

    def amount(self, points: Stroke) -> float:
        """Return the amount of ink: the length of the pen's path, or the number of pixels."""
        ...

    def divided(
        self, points: Stroke, owner: Callable[[Stroke], NDArray[np.intp]]
    ) -> list[tuple[int, Stroke]]:
        """Divide a piece into parts, each with the number that `owner` gives its points."""
        ...


def owned_ink(
    ink: Ink, members: Sequence[int], frame: Frame, spans: NDArray[np.float64]
) -> tuple[list[list[tuple[int, Stroke]]], list[tuple[int, Stroke]], float]:
    """Return the ink of each symbol, the ink without a symbol, and the misfit, in heights.

    A piece goes to the symbol with the extent most like its own. A piece that runs through several
    symbols is divided between them.

    Args:
        spans: (K, 2), the left and right end of each symbol's ink, in pixels of the strip.
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
    # A symbol without ink of its own takes part of the pieces that cover it.
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
        if not own:  # the reader sees two symbols in one piece: both own it
            own.append(pieces[int(alike[:, number].argmax())])
    return owned, loose, misfit / BODY


def _nearest(
    frame: Frame, starts: NDArray[np.float64], stops: NDArray[np.float64]
) -> Callable[[Stroke], NDArray[np.intp]]:
    """Return the function from points to the nearest extent, in widths from its middle."""
    middles, halves = (starts + stops) / 2, np.maximum((stops - starts) / 2, 1.0)

    def owner(points: Stroke) -> NDArray[np.intp]:
        # Thousands of pixels share a column, so each column is computed once.
        across, place = np.unique(points[:, 0], return_inverse=True)
        x = (across[:, np.newaxis] - frame.left) * frame.scale
        return np.asarray((np.abs(x - middles) / halves).argmin(axis=1)[place])

    return owner
