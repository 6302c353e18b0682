"""Pieces of ink: strokes of a drawing, connected components of a picture, and their parts."""

import itertools
import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..budget import Budget
from .drawing import Stroke
from .lines import Boxes
from .strip import Frame, Strip, boxes_of, strip_of_ink, strip_of_strokes

MOST_PIECES = 300
"""Connected components kept of a picture, at most. The largest are kept."""

CUT_POINTS = 200
"""Points that a stroke is resampled to before it is divided: a tenth of a height apart in a stroke
that runs through ten digits."""

PEN_WIDTH = 0.1
"""Width that a thin pen is thickened to, as a share of the glyph's longer side."""

PEN_THIN = 0.075
"""Width below which a pen is thin, as a share of the glyph's longer side."""

PEN_SIDE = 80
"""Least side of a patch to thicken, in pixels, since the pen's width is a whole number of them."""

PEN_MOST = 320
"""Longest side of a patch to thicken, in pixels. The time of dilation grows with the fourth power
of the side, and a glyph has 20 pixels."""

PEN_LEVEL = 100
"""Least level of ink that counts towards the pen's width, of 255."""

Owner = Callable[[Stroke], NDArray[np.intp]]
"""Function from points to the number of the symbol that owns each."""


class StrokeInk:
    """Strokes of a drawing; see `ownership.Ink`."""

    def __init__(self, strokes: Sequence[Stroke]) -> None:
        self.pieces = strokes
        self.boxes: Boxes = boxes_of(strokes)

    def strip(self, members: Sequence[int], frame: Frame) -> Strip:
        """Return the strip of some strokes."""
        return strip_of_strokes([self.pieces[i] for i in members], frame)

    def amount(self, points: Stroke) -> float:
        """Return the length of the pen's path."""
        moves = points[1:] - points[:-1]
        return float(np.hypot(moves[:, 0], moves[:, 1]).sum())

    def divided(self, points: Stroke, owner: Owner) -> list[tuple[int, Stroke]]:
        """Return the runs of a stroke by symbol. Neighbouring runs share their end."""
        moves = points[1:] - points[:-1]
        along = np.concatenate([[0.0], np.cumsum(np.hypot(moves[:, 0], moves[:, 1]))])
        places = np.linspace(0, along[-1], CUT_POINTS)
        dense = np.stack([np.interp(places, along, points[:, axis]) for axis in (0, 1)], 1)
        owners = owner(dense)
        cuts = [0, *(np.flatnonzero(np.diff(owners)) + 1).tolist(), len(dense)]
        return [(int(owners[a]), dense[max(0, a - 1) : b]) for a, b in itertools.pairwise(cuts)]


class PictureInk:
    """Connected components of a picture's ink; see `ownership.Ink`."""

    def __init__(
        self, ink: NDArray[np.uint8], pieces: Sequence[Stroke], budget: Budget | None = None
    ) -> None:
        """Take the ink, (H, W), and the pixels of its components."""
        self.pieces = pieces
        self.boxes: Boxes = boxes_of(pieces) + np.array([0.0, 0.0, 1.0, 1.0])
        self._ink = ink
        self._budget = budget

    def strip(self, members: Sequence[int], frame: Frame) -> Strip:
        """Return the strip of some components alone."""
        own = [self.pieces[i] for i in members]
        patch = patch_of(own, self._ink, self._budget)
        low = self.boxes[list(members), :2].min(axis=0)
        return strip_of_ink(patch, frame.moved(-low))

    def amount(self, points: Stroke) -> float:
        """Return the number of pixels."""
        return float(len(points))

    def divided(self, points: Stroke, owner: Owner) -> list[tuple[int, Stroke]]:
        """Return the pixels of each symbol."""
        owners = owner(points + 0.5)
        return [(int(n), points[owners == n]) for n in np.unique(owners)]


def pieces_of(ink: NDArray[np.uint8]) -> list[Stroke]:
    """Return the pixels of each connected component, from left to right, at most `MOST_PIECES`.

    Args:
        ink: (H, W) uint8, 0 is background.

    Returns:
        Arrays (N, 2) float64 of x and y.
    """
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(
        (ink > 0).astype(np.uint8), connectivity=8
    )
    if count == 1:
        return []
    rows, columns = np.nonzero(labels)
    names = labels[rows, columns]
    order = np.argsort(names, kind="stable")
    points = np.stack([columns, rows], 1).astype(np.float64)[order]
    areas = statistics[1:, cv2.CC_STAT_AREA]
    parts = np.split(points, np.cumsum(areas)[:-1])
    kept = np.argsort(-areas, kind="stable")[:MOST_PIECES]
    middles = statistics[1:, cv2.CC_STAT_LEFT] + statistics[1:, cv2.CC_STAT_WIDTH] / 2
    return [parts[i] for i in sorted(kept.tolist(), key=lambda i: float(middles[i]))]


def patch_of(
    pieces: Sequence[Stroke], ink: NDArray[np.uint8], budget: Budget | None = None
) -> NDArray[np.uint8]:
    """Return the ink of some pieces, cropped to their box, and charge its pixels to the budget.

    Raises:
        BudgetError, GoneError: see `Budget.check`.
    """
    pixels = np.concatenate(pieces).astype(np.intp)
    low = pixels.min(axis=0)
    width, height = (pixels.max(axis=0) - low + 1).tolist()
    if budget is not None:
        budget.spend(pixels=width * height)
    patch = np.zeros((height, width), np.uint8)
    x, y = (pixels - low).T
    patch[y, x] = ink[pixels[:, 1], pixels[:, 0]]
    return patch


def pen_width(ink: NDArray[np.uint8]) -> float:
    """Estimate the width of the strokes in some ink, in pixels; 0 without strokes."""
    contours, _ = cv2.findContours(
        (ink >= PEN_LEVEL).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    length = sum(cv2.arcLength(contour, True) for contour in contours) / 2
    if length < max(ink.shape) / 2:
        return 0.0
    return float(ink.sum()) / max(1, int(ink.max())) / length


def with_pen(patch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the patch, with the strokes of a thin pen thickened to the width the network expects.

    A glyph keeps the pen's width relative to the digit, and a ballpoint's is a third of MNIST's.
    """
    width = pen_width(patch)
    if width == 0:
        return patch
    side = max(patch.shape)
    missing = PEN_WIDTH - width / side
    if missing <= PEN_WIDTH - PEN_THIN:
        return patch
    if side > PEN_MOST:
        factor = PEN_MOST / side
        rows, columns = (max(1, round(n * factor)) for n in patch.shape)
        resized = cv2.resize(patch, (columns, rows), interpolation=cv2.INTER_AREA)
    else:
        factor = max(1, math.ceil(PEN_SIDE / side))
        resized = cv2.resize(patch, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    size = 1 + round(missing * side * factor)
    margin = size // 2 + 1
    padded = np.pad(resized, margin)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(padded, kernel), np.uint8)
