"""A picture of any amount of writing: its ink and the lines that the eyes see in it."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..budget import Budget
from ..ink.drawing import Stroke
from ..ink.lines import DOWN, Boxes, lines_of
from ..ink.pieces import pieces_of
from .eyes import BODY_STEP, Eyes, Seen

FIRST_SIDE = 640
"""Longest side of the first look, in pixels; what is less than half as large is enlarged."""

LARGEST_SIDE = 1800
"""... and of the second: a picture of 12 megapixels is decoded at half its size for it."""

ENLARGED = 4.0
"""Small pictures are enlarged so many times, at most: writing of 11 pixels can just be read."""

HEIGHTS = (24.0, 160.0)
"""Lower or higher writing is looked at again at another size: the eyes learnt 9 to 240 pixels."""

WANTED = (48.0, 100.0)
"""Height, in pixels, at which low and high writing is looked at again; a strip has 20."""

BODY_SHARE = 0.45
"""Height of a body, in heights of the writing."""

SURE, BODY_SURE = 160, 96
"""Ink, and bodies, from that level of 255 on are taken for such: of levels from 64 to 190, most of
600 generated numbers of dev writers are read at these."""

SPECK = 0.05
"""Connected ink that is smaller than this, in heights squared, is none."""

LEVEL = 4.0
"""Lines that are turned by more degrees are levelled; a strip levels the rest."""

LONG = 4.0
"""Bodies so many times as long as high, on the mean, show how lines slope; one digit's do not."""

HIGH = 0.4
"""Bodies at least this high, as a share of the highest, define rows before lower ones do."""

ABOVE, BESIDE = 0.5, 0.75
"""Ink belongs to a line if it reaches so near, in heights of the line's writing, from above or
below, or from the side."""

CLEAR = 230
"""Connected ink that is nowhere surer than this, of 255, is none."""


@dataclass(frozen=True)
class Page:
    """What was written on a picture."""

    ink: NDArray[np.uint8]
    """(H, W), ink 255 on 0, of the picture at some size, turned upright."""
    pieces: list[Stroke]
    """Pixels, (N, 2) each, of connected ink, as x and y."""
    rows: list[list[int]]
    """Indices of the pieces of each line, from the top."""
    back: NDArray[np.float64]
    """(2, 3), from pixels of `ink` to those of the picture."""


View = tuple[NDArray[np.uint8], NDArray[np.float64]]
"""Pixels, and the way back, (2, 3), from them to those of the whole picture."""


@dataclass(frozen=True)
class _Look:
    """A part of the picture at some size, and what the eyes see in it."""

    seen: Seen
    picture: NDArray[np.uint8]
    back: NDArray[np.float64]
    """(2, 3), from its pixels to those of the whole picture."""
    bodies: Boxes
    """Of the writing around each body, (N, 4)."""
    angle: float
    """How far the lines are turned clockwise, in degrees."""
    long: bool
    """Whether the bodies are those of lines: see `LONG`."""

    @property
    def height(self) -> float:
        """Of the writing, in pixels: the median of the bodies by area; 0 without any."""
        if len(self.bodies) == 0:
            return 0.0
        widths, heights = (self.bodies[:, 2:] - self.bodies[:, :2]).T
        order = np.argsort(heights)
        areas = (widths * heights)[order].cumsum()
        return float(heights[order][np.searchsorted(areas, areas[-1] / 2)])

    @property
    def ink_height(self) -> float:
        """Of the largest piece of ink, in pixels; 0 without any."""
        sure = (self.seen.ink >= SURE).astype(np.uint8)
        found = cv2.connectedComponentsWithStats(sure, connectivity=8)[2][1:]
        heights, areas = found[:, cv2.CC_STAT_HEIGHT], found[:, cv2.CC_STAT_AREA]
        return float(heights[areas.argmax()]) if len(found) else 0.0


def page_of(
    picture: NDArray[np.uint8], eyes: Eyes, budget: Budget | None = None, quarters: int = 0
) -> Page:
    """What is written on a picture.

    Args:
        picture: (H, W) or (H, W, 3) uint8, of any colours.
        budget: of the reading.
        quarters: how often the picture is turned, by 90 degrees against the clock.

    Raises:
        BudgetError, GoneError: see `Budget.check`.
    """
    budget = budget or Budget()
    picture, upright = _by_quarters(picture, quarters)
    rows, columns = picture.shape[:2]
    side = max(rows, columns)
    factor = min(ENLARGED, max(min(1.0, FIRST_SIDE / side), FIRST_SIDE / 2 / side))
    look = _look(_scaled(picture, factor, (0, 0, columns, rows)), eyes, budget)
    # First: lines that are turned may run together, and seem higher than they are.
    look, angle = _levelled(look, eyes, budget)
    if look.height and not HEIGHTS[0] <= look.height <= HEIGHTS[1]:
        height, wanted = look.height, WANTED[0]
        if height > HEIGHTS[1]:  # or lines ran together
            wanted = WANTED[1]
            height = min(height, max(look.ink_height, wanted))
        box = _around(look, (columns, rows))
        longest = max(box[2] - box[0], box[3] - box[1])
        most = min(1.0 if side > FIRST_SIDE else ENLARGED, LARGEST_SIDE / longest)
        again = min(most, factor * wanted / height)
        if not 0.8 < again / factor < 1.25:
            view = _scaled(picture, again, box)
            other = _look(_turned(view, angle) if angle else view, eyes, budget)
            look = other if other.height else look
    look, _ = _levelled(look, eyes, budget)
    page = _page(look)
    return replace(page, back=upright @ np.vstack([page.back, [0, 0, 1]]))


def _by_quarters(
    picture: NDArray[np.uint8], quarters: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The picture turned; and the way back."""
    back = np.eye(3)
    for _ in range(quarters):
        back = back @ np.array([[0, -1, picture.shape[1] - 1], [1, 0, 0], [0, 0, 1]])
        picture = np.rot90(picture)
    return np.ascontiguousarray(picture), back[:2]


def _scaled(picture: NDArray[np.uint8], factor: float, box: tuple[int, int, int, int]) -> View:
    """A part of the picture, (left, top, right, bottom), at another size."""
    left, top, right, bottom = box
    part = picture[top:bottom, left:right]
    size = (max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(part, size, interpolation=way), np.uint8)
    across, down = (right - left) / size[0], (bottom - top) / size[1]
    back = [[across, 0, left + (across - 1) / 2], [0, down, top + (down - 1) / 2]]
    return resized, np.array(back, np.float64)


def _levelled(look: _Look, eyes: Eyes, budget: Budget) -> tuple[_Look, float]:
    """A look with its lines level, and the degrees of the turn; the same if neither shows lines."""
    if abs(look.angle) <= LEVEL:
        return look, 0.0
    other = _look(_turned((look.picture, look.back), look.angle), eyes, budget)
    return (other, look.angle) if other.long or (look.long and other.height) else (look, 0.0)


def _turned(view: View, angle: float) -> View:
    """A view turned so that lines of such an angle, clockwise in degrees, are level."""
    picture, back = view
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    mode = cv2.BORDER_REPLICATE
    turned = cv2.warpAffine(picture, matrix, size, borderMode=mode)
    there = np.vstack([cv2.invertAffineTransform(matrix), [0, 0, 1]])
    return np.asarray(turned, np.uint8), back @ there


def _look(view: View, eyes: Eyes, budget: Budget) -> _Look:
    picture, back = view
    if picture.ndim == 2:  # not before: colour takes three times the memory
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    seen = eyes.see(picture, budget)
    return _Look(seen, picture, back, *_bodies(seen.body))


def _bodies(body: NDArray[np.uint8]) -> tuple[Boxes, float, bool]:
    """Boxes of the writing around the bodies; their mean angle, and whether they are long, both by
    area.
    """
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(
        (body >= BODY_SURE).astype(np.uint8), connectivity=8
    )
    boxes = np.zeros((count - 1, 4))
    slopes, ratios = np.zeros((2, count - 1))
    for row, (left, top, width, height, _) in enumerate(statistics[1:].tolist()):
        own = labels[top : top + height, left : left + width] == row + 1
        counts = own.sum(axis=0)
        thick = float(np.median(counts))
        middles = (own * np.arange(height)[:, np.newaxis]).sum(axis=0) / np.maximum(counts, 1)
        ratios[row] = width / thick
        if width > 2 * thick:
            slopes[row] = np.polyfit(np.arange(width), middles, 1, w=counts)[0]
        tall = thick * math.cos(math.atan(slopes[row])) / BODY_SHARE
        middle = top + float(np.average(middles, weights=counts)) + 0.5
        rise = abs(slopes[row]) * width / 2
        boxes[row] = left, middle - tall / 2 - rise, left + width, middle + tall / 2 + rise
    areas = statistics[1:, cv2.CC_STAT_AREA] / max(1, statistics[1:, cv2.CC_STAT_AREA].sum())
    angle = math.degrees(math.atan(float(slopes @ areas)))
    return BODY_STEP * boxes, angle, float(ratios @ areas) >= LONG


def _around(look: _Look, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of the picture that has writing, with a margin of a height and more."""
    margin = 1.5 * look.height
    low = look.bodies[:, :2].min(axis=0) - margin
    high = look.bodies[:, 2:].max(axis=0) + margin
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    corners = corners @ look.back[:, :2].T + look.back[:, 2]
    left, top = np.floor(corners.min(axis=0)).clip(0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)), size).astype(int).tolist()
    return left, top, right, bottom


def _page(look: _Look) -> Page:
    """Connected ink, each piece in the row of the body that is nearest."""
    least = SPECK * look.height
    ink = np.where(look.seen.ink >= SURE, look.seen.ink, 0).astype(np.uint8)
    pieces = [
        piece
        for piece in pieces_of(ink)
        if np.ptp(piece, axis=0).max() + 1 >= least
        and ink[piece[:, 1].astype(int), piece[:, 0].astype(int)].max() >= CLEAR
    ]
    rows = _rows(look.bodies)
    members: list[list[int]] = [[] for _ in rows]
    row_of = {body: number for number, row in enumerate(rows) for body in row}
    for index, piece in enumerate(pieces):
        box = np.concatenate([piece.min(axis=0), piece.max(axis=0) + 1])
        gaps = _gaps(box, look.bodies)
        away = np.hypot(gaps[:, 0], DOWN * gaps[:, 1])
        away[_far(gaps, look.bodies)] = np.inf
        if np.isfinite(away).any():
            members[row_of[int(away.argmin())]].append(index)
    return Page(ink, pieces, [row for row in members if row], look.back)


def _gaps(boxes: Boxes, others: Boxes) -> Boxes:
    """How far boxes, (..., 4), are from others, (..., 4), across and down: (..., 2)."""
    apart = np.maximum(others[..., :2] - boxes[..., 2:], boxes[..., :2] - others[..., 2:])
    return np.asarray(np.maximum(0, apart), np.float64)


def _far(gaps: NDArray[np.float64], bodies: Boxes) -> NDArray[np.bool_]:
    """Whether what is so far from the writing of bodies is of no line of theirs."""
    heights = (bodies[..., 3] - bodies[..., 1])[..., np.newaxis]
    return np.asarray((gaps > heights * np.array([BESIDE, ABOVE])).any(axis=-1))


def _rows(bodies: Boxes) -> list[list[int]]:
    """Indices of the bodies of each row, from the top. Writing that is much lower than other, and
    not beside it, is in rows of its own.
    """
    heights = bodies[:, 3] - bodies[:, 1]
    rest = np.arange(len(bodies))
    rows: list[list[int]] = []
    while len(rest):
        tall = rest[heights[rest] >= HIGH * heights[rest].max()]
        gaps = _gaps(bodies[rest, np.newaxis], bodies[tall])
        near = ~_far(gaps, bodies[tall]).all(axis=1)
        rows += [rest[near][row].tolist() for row in lines_of(bodies[rest[near]])]
        rest = rest[~near]
    middles = bodies[:, 1] + heights / 2
    return sorted(rows, key=lambda row: float(np.median(middles[row])))
