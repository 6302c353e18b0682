"""Connected ink of a picture: its pieces, cuts through touching digits, and patches for glyphs.

A piece is the coordinates of its pixels, so that what groups strokes groups it too (`segment`).
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .budget import Budget
from .glyph import Stroke

MOST_PIECES = 300
"""Pieces of a picture, at most: the largest."""

SEAM_ROWS = 48
"""Height at which seams are looked for, in pixels, at least: half a pen's width or finer."""

MAX_SEAMS = 14
"""Cuts through one piece, at most: it gives some hundred hypotheses, ..."""

WIDE_SEAMS = 9
"""... or so many a height of its width, where that is more: several digits are in a row, ..."""

MOST_SEAMS = 32
"""... but no more than these, ..."""

ALL_SEAMS = 96
"""... nor than these in all pieces of a picture: of more parts, wide groups would be more than are
looked at (`numbers.MAX_PARTS`)."""

SEAM_STEP = 0.08
"""Distance of the columns at which seams are tried, in heights of the writing."""

SEAM_REACH = 0.08
"""How far a seam may go to the left or right of its column, in heights."""

SEAM_APART = 0.07
"""Seams are at least so far from each other and from the ends of the piece, in heights."""

SEAM_INK = 0.5
"""Ink that a seam may cross, in heights, at most: less than along a 1."""

PAPER_COST = 0.02
"""Of a seam's pixel that is paper, as a share of one that is ink: short ways are preferred."""


SHARED = 0.4
"""Parts of a piece share the ink beside a cut as far as this, in widths of the pen."""

PEN_WIDTH = 0.1
"""Width that a thin pen is thickened to, as a share of the glyph's longer side."""

PEN_THIN = 0.075
"""... and the width below which it is thin."""

PEN_SIDE = 80
"""Side of what is thickened, in pixels, at least: its width is a whole number of them."""

PEN_MOST = 320
"""... and at most: dilating takes time by the fourth power of the side. A glyph has 20 pixels."""

PEN_LEVEL = 100
"""Ink from this level on is counted as the stroke's."""


def pieces_of(ink: NDArray[np.uint8]) -> list[Stroke]:
    """The pixels of each connected piece of ink, from left to right; the largest `MOST_PIECES`.

    Args:
        ink: (H, W) uint8, 0 where there is none.

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
    """The ink of some pieces alone, cropped to their box, whose pixels the budget is charged for.

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


def cut_ink(points: Stroke, height: float, pieces: int = 1) -> list[Stroke]:
    """A piece in parts, along the seams from top to bottom that cross the least ink.

    A seam is the cheapest way down near one column (dynamic programming, as in seam carving); kept
    are those that are cheaper than their neighbours.

    Args:
        points: (N, 2), pixels.
        height: of the writing, in pixels, above 0.
        pieces: how many are cut.

    Returns:
        One to `MOST_SEAMS` + 1 parts, from left to right.
    """
    low = points.min(axis=0)
    factor = max(1, int(height / SEAM_ROWS))
    cells = ((points - low) // factor).astype(np.intp)
    columns, rows = (cells.max(axis=0) + 1).tolist()
    filled = np.zeros((rows, columns), np.float64)
    np.add.at(filled, (cells[:, 1], cells[:, 0]), 1 / factor**2)
    unit = height / factor
    margin = max(1.0, SEAM_APART * unit)
    tried = np.arange(margin, columns - margin, max(1.0, SEAM_STEP * unit)).round().astype(np.intp)
    if len(tried) == 0:
        return [points]
    costs, seams = _seams(np.minimum(filled, 1), tried, max(1, round(SEAM_REACH * unit)))
    most = max(MAX_SEAMS, min(MOST_SEAMS, ALL_SEAMS // pieces, round(WIDE_SEAMS * columns / unit)))
    chosen: list[int] = []
    for index in np.argsort(costs, kind="stable").tolist():
        far = all(abs(tried[index] - tried[other]) >= margin for other in chosen)
        if far and costs[index] <= SEAM_INK * unit and len(chosen) < most:
            chosen.append(index)
    ways = np.sort(seams[chosen], axis=0)  # (seams, rows), so that they never cross
    names = (cells[:, 0] >= ways[:, cells[:, 1]]).sum(axis=0) if chosen else np.zeros(len(points))
    parts = [points[names == name] for name in range(len(chosen) + 1)]
    return _shared([part for part in parts if len(part)], points)


def _shared(parts: list[Stroke], points: Stroke) -> list[Stroke]:
    """Parts of a piece, each with the ink beside it as far as a pen's width goes: where two digits
    touch, it belongs to both.
    """
    low = points.min(axis=0)
    x, y = (points - low).astype(np.intp).T
    whole = np.zeros((y.max() + 3, x.max() + 3), np.uint8)
    whole[y + 1, x + 1] = 255
    reach = round(SHARED * pen_width(whole))
    if len(parts) < 2 or reach < 1:
        return parts
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    wider = []
    for part in parts:
        own = np.zeros_like(whole)
        x, y = (part - low).astype(np.intp).T
        own[y + 1, x + 1] = 255
        rows, columns = np.nonzero(cv2.dilate(own, kernel) & whole)
        wider.append(np.stack([columns - 1, rows - 1], 1) + low)
    return wider


def pen_width(ink: NDArray[np.uint8]) -> float:
    """Width of the strokes of some ink, in pixels, roughly; 0 where there are none."""
    contours, _ = cv2.findContours(
        (ink >= PEN_LEVEL).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    length = sum(cv2.arcLength(contour, True) for contour in contours) / 2
    if length < max(ink.shape) / 2:
        return 0.0
    return float(ink.sum()) / max(1, int(ink.max())) / length


def _seams(
    filled: NDArray[np.float64], columns: NDArray[np.intp], reach: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Cost and way of the cheapest seam near each of C columns: (C,), and (C, rows) of columns."""
    rows, width = filled.shape
    band = columns[:, np.newaxis] + np.arange(-reach, reach + 1)
    outside = (band < 0) | (band >= width)
    # The further from its column, the dearer, so that neighbours do not all find the same seam.
    bias = 0.5 * PAPER_COST * np.abs(np.arange(-reach, reach + 1)) / reach
    cost = filled[:, band.clip(0, width - 1)] + PAPER_COST + bias  # (rows, C, band)
    cost[:, outside] = 1e6
    total = cost[0]
    steps = np.zeros((rows, *total.shape), np.int8)
    edge = np.full((len(columns), 1), 1e6)
    for row in range(1, rows):
        aside = total + PAPER_COST
        ways = np.stack([np.hstack([edge, aside[:, :-1]]), total, np.hstack([aside[:, 1:], edge])])
        best = ways.argmin(axis=0)
        steps[row] = best - 1
        total = np.take_along_axis(ways, best[np.newaxis], 0)[0] + cost[row]
    place = total.argmin(axis=1)
    every = np.arange(len(columns))
    costs = total[every, place]
    seams = np.zeros((len(columns), rows), np.intp)
    for row in range(rows - 1, -1, -1):
        seams[:, row] = band[every, place]
        place = (place + steps[row][every, place]).clip(0, 2 * reach)
    return costs, seams


def with_pen(patch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ink of a thin pen, thickened to what the network knows; other ink as it is.

    A glyph keeps the pen's width relative to the digit, and a ballpoint's is a third of what MNIST
    has.
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
