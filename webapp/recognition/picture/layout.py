"""Pages: the ink of a picture and the lines that the eyes find in it."""

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
"""Longest side of the first look, in pixels. Smaller pictures are enlarged to at least half."""

LARGEST_SIDE = 1800
"""Longest side of the second look, in pixels. It uses a picture of 12 megapixels at half its
size."""

ENLARGED = 4.0
"""Factor by which small pictures are enlarged, at most. Writing of 11 pixels is just readable."""

HEIGHTS = (24.0, 160.0)
"""Heights of writing, in pixels, that need no second look at another size. The eyes are trained on
9 to 240 pixels."""

WANTED = (48.0, 100.0)
"""Heights that the second look scales low and high writing to, in pixels. A strip has 20."""

BODY_SHARE = 0.45
"""Height of a body, as a share of the height of the writing."""

SURE, BODY_SURE = 160, 96
"""Thresholds of ink and of bodies, of 255. Among levels from 64 to 190, these read the most of 600
generated numbers of dev writers."""

SPECK = 0.05
"""Connected components with a longer side below this, in writing heights, are dropped."""

LEVEL = 4.0
"""Angle above which turned lines are levelled, in degrees. A strip levels the rest."""

LONG = 4.0
"""Least ratio of width to height, as a mean over the bodies by area, at which bodies show the slope
of lines. The body of one digit does not."""

HIGH = 0.4
"""Bodies at least this high, as a share of the highest, define rows before lower ones do."""

ABOVE, BESIDE = 0.5, 0.75
"""Ink belongs to a line if it is at most this far from its writing, in heights of that writing,
from above or below, and from the side."""

CLEAR = 230
"""Connected components are dropped if all their levels are below this, of 255."""


@dataclass(frozen=True)
class Page:
    """The writing on a picture."""

    ink: NDArray[np.uint8]
    """(H, W), ink 255 on 0, of the picture at some scale, turned upright."""
    pieces: list[Stroke]
    """Pixels of each connected component, (N, 2), as x and y."""
    rows: list[list[int]]
    """Indices of the pieces of each line, from the top."""
    back: NDArray[np.float64]
    """(2, 3), transform from pixels of `ink` to those of the picture."""


View = tuple[NDArray[np.uint8], NDArray[np.float64]]
"""Pixels, and the transform, (2, 3), from them to those of the whole picture."""


@dataclass(frozen=True)
class _Look:
    """A part of the picture at some scale, and the eyes' output for it."""

    seen: Seen
    picture: NDArray[np.uint8]
    back: NDArray[np.float64]
    """(2, 3), transform from its pixels to those of the whole picture."""
    bodies: Boxes
    """Boxes of the writing around each body, (N, 4)."""
    angle: float
    """Clockwise angle of the lines, in degrees."""
    long: bool
    """Whether the bodies are long enough to show lines; see `LONG`."""

    @property
    def height(self) -> float:
        """Height of the writing, in pixels: the bodies' median by area; 0 without bodies."""
        if len(self.bodies) == 0:
            return 0.0
        widths, heights = (self.bodies[:, 2:] - self.bodies[:, :2]).T
        order = np.argsort(heights)
        areas = (widths * heights)[order].cumsum()
        return float(heights[order][np.searchsorted(areas, areas[-1] / 2)])

    @property
    def ink_height(self) -> float:
        """Height of the largest connected component, in pixels; 0 without ink."""
        sure = (self.seen.ink >= SURE).astype(np.uint8)
        found = cv2.connectedComponentsWithStats(sure, connectivity=8)[2][1:]
        heights, areas = found[:, cv2.CC_STAT_HEIGHT], found[:, cv2.CC_STAT_AREA]
        return float(heights[areas.argmax()]) if len(found) else 0.0


def page_of(
    picture: NDArray[np.uint8], eyes: Eyes, budget: Budget | None = None, quarters: int = 0
) -> Page:
    """Return the writing on a picture.

    Args:
        picture: (H, W) or (H, W, 3) uint8, of any colours.
        budget: the budget of the reading.
        quarters: number of counterclockwise turns of the picture, by 90 degrees each.

    Raises:
        BudgetError, GoneError: see `Budget.check`.
    """
    budget = budget or Budget()
    picture, upright = _by_quarters(picture, quarters)
    rows, columns = picture.shape[:2]
    side = max(rows, columns)
    factor = min(ENLARGED, max(min(1.0, FIRST_SIDE / side), FIRST_SIDE / 2 / side))
    look = _look(_scaled(picture, factor, (0, 0, columns, rows)), eyes, budget)
    # Levelling comes first, because turned lines may run together and seem too high.
    look, angle = _levelled(look, eyes, budget)
    if look.height and not HEIGHTS[0] <= look.height <= HEIGHTS[1]:
        height, wanted = look.height, WANTED[0]
        if height > HEIGHTS[1]:  # high writing, or lines that ran together
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
    """Return the turned picture, and the transform back."""
    back = np.eye(3)
    for _ in range(quarters):
        back = back @ np.array([[0, -1, picture.shape[1] - 1], [1, 0, 0], [0, 0, 1]])
        picture = np.rot90(picture)
    return np.ascontiguousarray(picture), back[:2]


def _scaled(picture: NDArray[np.uint8], factor: float, box: tuple[int, int, int, int]) -> View:
    """Return a part of the picture, (left, top, right, bottom), at another scale."""
    left, top, right, bottom = box
    part = picture[top:bottom, left:right]
    size = (max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(part, size, interpolation=way), np.uint8)
    across, down = (right - left) / size[0], (bottom - top) / size[1]
    back = [[across, 0, left + (across - 1) / 2], [0, down, top + (down - 1) / 2]]
    return resized, np.array(back, np.float64)


def _levelled(look: _Look, eyes: Eyes, budget: Budget) -> tuple[_Look, float]:
    """Return a look with level lines, and its turn in degrees.

    It is the same look if the lines are level, or if neither look shows lines.
    """
    if abs(look.angle) <= LEVEL:
        return look, 0.0
    other = _look(_turned((look.picture, look.back), look.angle), eyes, budget)
    return (other, look.angle) if other.long or (look.long and other.height) else (look, 0.0)


def _turned(view: View, angle: float) -> View:
    """Return a view turned so that lines at this clockwise angle, in degrees, are level."""
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
    if picture.ndim == 2:  # only now: colour takes three times the memory
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    seen = eyes.see(picture, budget)
    return _Look(seen, picture, back, *_bodies(seen))


def _bodies(seen: Seen) -> tuple[Boxes, float, bool]:
    """Return the boxes of the writing around the bodies, their angle, and whether they are long.

    Bodies without ink are dropped: specks between two lines would link them. Angle and length are
    means weighted by area.
    """
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(
        (seen.body >= BODY_SURE).astype(np.uint8), connectivity=8
    )
    inked = np.zeros(labels.shape, np.uint8)
    rows, columns = np.nonzero(seen.ink >= SURE)
    inked[rows // BODY_STEP, columns // BODY_STEP] = 1
    _, pieces, extents, _ = cv2.connectedComponentsWithStats(inked, connectivity=8)
    kept = np.setdiff1d(labels[inked > 0], [0])
    boxes: list[tuple[float, ...]] = []
    slopes, ratios = np.zeros((2, len(kept)))
    for row, label in enumerate(kept.tolist()):
        left, top, width, height = statistics[label, : cv2.CC_STAT_AREA].tolist()
        own = labels[top : top + height, left : left + width] == label
        counts = own.sum(axis=0)
        thick = float(np.median(counts))
        middles = (own * np.arange(height)[:, np.newaxis]).sum(axis=0) / np.maximum(counts, 1)
        ratios[row] = width / thick
        if width > 2 * thick:
            slopes[row] = np.polyfit(np.arange(width), middles, 1, w=counts)[0]
        tall = thick * math.cos(math.atan(slopes[row])) / BODY_SHARE
        middle = top + float(np.average(middles, weights=counts)) + 0.5
        rise = abs(slopes[row]) * width / 2
        box = left, middle - tall / 2 - rise, left + width, middle + tall / 2 + rise
        there = pieces[top : top + height, left : left + width][own]
        boxes += _within_ink(box, extents[np.setdiff1d(there, [0])])
    areas = statistics[kept, cv2.CC_STAT_AREA] / max(1, statistics[kept, cv2.CC_STAT_AREA].sum())
    angle = math.degrees(math.atan(float(slopes @ areas)))
    found = BODY_STEP * np.array(boxes, np.float64).reshape(-1, 4)
    return found, angle, float(ratios @ areas) >= LONG


def _within_ink(box: tuple[float, ...], pieces: NDArray[np.int32]) -> list[tuple[float, ...]]:
    """Return the boxes of the writing in a body, from its own box and the statistics of its ink.

    Between the digits of a column, bodies grow and run together. Their ink does not.
    """
    tops = pieces[:, cv2.CC_STAT_TOP]
    spans: list[tuple[float, float]] = []
    for piece in np.argsort(tops).tolist():
        top, bottom = float(tops[piece]), float(tops[piece] + pieces[piece, cv2.CC_STAT_HEIGHT])
        if spans and top < spans[-1][1]:
            top, bottom = spans[-1][0], max(spans.pop()[1], bottom)
        spans.append((top, bottom))
    tallest = max(bottom - top for top, bottom in spans)
    lines = [span for span in spans if span[1] - span[0] >= HIGH * tallest]
    left, top, right, bottom = box
    if len(lines) == 1:
        # The box is an estimate, and may miss the ink. Every box must have a height.
        inked = spans[0][0], spans[-1][1]
        both = max(top, inked[0]), min(bottom, inked[1])
        lines = [both if both[1] - both[0] >= HIGH * (inked[1] - inked[0]) else inked]
    return [(left, top, right, bottom) for top, bottom in lines]


def _around(look: _Look, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the part of the picture with writing, with a margin of 1.5 heights."""
    margin = 1.5 * look.height
    low = look.bodies[:, :2].min(axis=0) - margin
    high = look.bodies[:, 2:].max(axis=0) + margin
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    corners = corners @ look.back[:, :2].T + look.back[:, 2]
    left, top = np.floor(corners.min(axis=0)).clip(0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)), size).astype(int).tolist()
    return left, top, right, bottom


def _page(look: _Look) -> Page:
    """Return the connected components, each in the row of the nearest body."""
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
            # Boxes of close lines overlap: among those that a piece is in, the middle decides.
            middles = np.abs(box[1] + box[3] - look.bodies[:, 1] - look.bodies[:, 3])
            members[row_of[int(np.lexsort((middles, away))[0])]].append(index)
    return Page(ink, pieces, [row for row in members if row], look.back)


def _gaps(boxes: Boxes, others: Boxes) -> Boxes:
    """Return the gaps between boxes, (..., 4), and others, (..., 4), across and down: (..., 2)."""
    apart = np.maximum(others[..., :2] - boxes[..., 2:], boxes[..., :2] - others[..., 2:])
    return np.asarray(np.maximum(0, apart), np.float64)


def _far(gaps: NDArray[np.float64], bodies: Boxes) -> NDArray[np.bool_]:
    """Return whether gaps to the writing of bodies are too large for their lines."""
    heights = (bodies[..., 3] - bodies[..., 1])[..., np.newaxis]
    return np.asarray((gaps > heights * np.array([BESIDE, ABOVE])).any(axis=-1))


def _rows(bodies: Boxes) -> list[list[int]]:
    """Return the indices of the bodies of each row, from the top.

    Much lower writing that is not beside the rest forms rows of its own.
    """
    heights = bodies[:, 3] - bodies[:, 1]
    rest = np.arange(len(bodies))
    rows: list[list[int]] = []
    while len(rest):  # heights are positive, so each turn takes at least the tallest
        tall = rest[heights[rest] >= HIGH * heights[rest].max()]
        gaps = _gaps(bodies[rest, np.newaxis], bodies[tall])
        near = ~_far(gaps, bodies[tall]).all(axis=1)
        rows += [rest[near][row].tolist() for row in lines_of(bodies[rest[near]])]
        rest = rest[~near]
    middles = bodies[:, 1] + heights / 2
    return sorted(rows, key=lambda row: float(np.median(middles[row])))
