"""A picture of any amount of writing: where the ink is, at a size at which digits differ, and how
far the lines are turned.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .budget import Budget
from .drawing import Stroke
from .image import STRIP_ROWS
from .ink import (
    WORKING_SIDE,
    flat_level,
    ink_on_flat,
    ink_on_paper,
    ink_threshold,
    plane_of,
    reduced,
    slope_at_edges,
)
from .pieces import pen_width
from .rules import find_rules

DIGIT_HEIGHT = 44
"""Writing lower than this, in pixels, is looked at again in the picture at a larger size, if it has
one: a glyph has 20 pixels, and a stroke should keep two or three."""

WORTH_IT = 1.25
"""... if that is so many times the size at least."""

ENLARGED_SIDE = 1800
"""Longest side of what is looked at again, in pixels."""

SHEET_SHARE = 0.12
"""Share of the picture that a sheet on a desk takes at least."""

SHEET_FULL = 0.85
"""Share of the least rectangle around it that a sheet fills at least."""

SHEET_CONTRAST = 0.17
"""Share of its level by which a sheet is lighter than the desk at least, ..."""

SHEET_LIGHTER = 12
"""... and so many levels."""

SHEET_LEVELS = (0.0, 0.25, 0.5, -0.5)
"""Where a sheet's level may begin, from the threshold (Otsu's), 0, to the mean of what is lighter,
1, or darker, -1: the desk may have light spots, and a shadow may lie on the sheet."""

SHEET_LARGE = 0.5
"""A light part that is no rectangle, for the picture cuts it off, is a sheet from this share of the
picture on ..."""

SHEET_SHARP = 0.1
"""... if along three quarters of its outline the light rises by at least this share of the contrast
a pixel: generated sheets have 0.2 and more, shadows 0.03."""

SHADE_INK = 0.6
"""What is darker than this share of the dark part's level, ..."""

SHADE_DARKER = 30
"""... and by so many levels, is ink in the shade, ..."""

SHADE_WRITTEN = 0.01
"""... if it is this share of the dark part: then that is paper, too, and no desk."""

SHEET_SIDE = 16
"""Pixels that it is wide and high, at least, without its edge."""

SHEET_MARGIN = 0.012
"""Width of a sheet's edge that is passed over, as a share of the picture's longer side."""

MARK_MULTIPLE = 3
"""The lines of the paper are at least this many standard deviations away from it, ..."""

MARK_CONTRAST = 8
"""... and at least this many levels."""

EDGE_ROUNDS = 3
"""How often what reaches the picture's edge is taken away."""

SPECK = 0.12
"""Pieces smaller than this share of the writing's height are specks."""

DRAWING = 3.5
"""Pieces so many times as high as the writing are none of it."""

EDGE_MARGIN = 1
"""Pieces that come so near to the picture's edge, in pixels, run out of it."""

EDGE_NEAR = 0.12
"""The edge of a sheet lies so near to the picture's, as a share of its width or height, ..."""

EDGE_STEEP = 0.3
"""... is so narrow for its length, ..."""

EDGE_THIN = 0.6
"""... and so thin beside the pen."""


@dataclass(frozen=True)
class Page:
    """What was written on a picture."""

    ink: NDArray[np.uint8]
    """(H, W), ink 255 on 0, of a part of the picture, reduced."""
    left: float
    top: float
    """Of the part, in pixels of the picture."""
    scale: float
    """Pixels of the picture to one of the ink."""
    angle: float | None
    """How far the paper is turned clockwise, in degrees, where it shows."""


def page_of(picture: NDArray[np.uint8], budget: Budget | None = None) -> Page:
    """The ink of a picture, whole numbers or not; see `ink.ink_of_image` for one digit's.

    Args:
        picture: (H, W) or (H, W, 3) uint8, white 255, dark on light or light on dark.
        budget: of the reading.

    Raises:
        BudgetError, GoneError: see `Budget.check`.
    """
    budget = budget or Budget()
    first = _page(picture, WORKING_SIDE, budget)
    box = cv2.boundingRect(first.ink)
    height = writing_height(first.ink)
    if height == 0 or height >= DIGIT_HEIGHT or first.scale <= 1:
        return first
    margin = max(8.0, height)
    low = np.maximum(np.array(box[:2]) - margin, 0) * first.scale
    high = (np.array(box[:2]) + np.array(box[2:]) + margin) * first.scale
    x, y = low.astype(int).tolist()
    part = picture[y : math.ceil(high[1]), x : math.ceil(high[0])]
    wanted = max(part.shape[:2]) / first.scale * DIGIT_HEIGHT / height
    side = min(ENLARGED_SIDE, max(part.shape[:2]), math.ceil(wanted))
    if side < WORTH_IT * max(part.shape[:2]) / first.scale:
        return first
    again = _page(part, side, budget)
    if not again.ink.any():
        return first
    angle = first.angle if again.angle is None else again.angle
    return Page(again.ink, x + again.left, y + again.top, again.scale, angle)


def writing_height(ink: NDArray[np.uint8]) -> float:
    """How high the writing is, roughly, in pixels: the median of its pieces by their ink; 0
    without any.
    """
    _, _, statistics, _ = cv2.connectedComponentsWithStats(
        (ink > 0).astype(np.uint8), connectivity=8
    )
    return _typical(statistics[1:])


def turned(ink: NDArray[np.uint8], angle: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Ink turned counter-clockwise by so many degrees, and the (2, 3) matrix that turns it back."""
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    straight = np.asarray(cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
    return straight, np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def slope_of(pieces: list[Stroke]) -> float | None:
    """How far lines of writing are turned clockwise, in degrees; None where there is too little.

    At the right angle the middles of the pieces gather in few rows.
    """
    boxes = np.array([[*p.min(axis=0), *p.max(axis=0)] for p in pieces])
    sizes = boxes[:, 3] - boxes[:, 1]
    tall = sizes >= 0.5 * np.median(sizes[sizes >= 0.3 * sizes.max()])
    middles = (boxes[tall, :2] + boxes[tall, 2:]) / 2
    height = float(np.median(sizes[tall]))
    if len(middles) < 4 or height <= 0:
        return None
    angles = np.arange(-30, 31) * 1.0
    near = np.hypot(*(middles[:, np.newaxis] - middles[np.newaxis]).transpose(2, 0, 1)) < 8 * height
    gathered = np.empty(len(angles))
    for place, angle in enumerate(np.radians(angles)):
        rows = (middles[:, 1] * np.cos(angle) - middles[:, 0] * np.sin(angle)) / height
        apart = rows[:, np.newaxis] - rows
        gathered[place] = (np.exp(-((apart / 0.2) ** 2)) * near).sum()
    gathered -= 0.002 * len(middles) * np.abs(angles)
    return float(angles[int(gathered.argmax())])


def _page(picture: NDArray[np.uint8], side: int, budget: Budget) -> Page:
    budget.check()
    small = reduced(picture, side)
    grey = plane_of(small)
    scale = picture.shape[1] / grey.shape[1]
    level = flat_level(grey)
    if level is not None:
        return Page(_without_specks(ink_on_flat(grey, level)), 0.0, 0.0, scale, None)
    sheet = _sheet(grey)
    left, top, angle = 0, 0, None
    if sheet is not None:
        mask, angle = sheet
        left, top, width, height = cv2.boundingRect(mask)
        part = slice(top, top + height), slice(left, left + width)
        on_sheet = mask[part] > 0
        grey = grey[part].copy()
        # Beside the sheet, more paper as it is near: neither the desk nor an edge is ink.
        near = cv2.inpaint(
            cv2.resize(grey, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA),
            cv2.resize((~on_sheet).astype(np.uint8), None, fx=0.125, fy=0.125),
            1,
            cv2.INPAINT_TELEA,
        )
        paper = cv2.resize(near, (width, height), interpolation=cv2.INTER_LINEAR)
        grey[~on_sheet] = paper[~on_sheet]
    tilts: list[float] = []

    def cleared(strength: NDArray[np.uint8], noise: float) -> NDArray[np.uint8]:
        rules, tilt = find_rules(strength > max(MARK_MULTIPLE * noise, MARK_CONTRAST), budget)
        if tilt is not None:
            tilts.append(tilt)
        return _without_edges(np.where(rules, 0, strength).astype(np.uint8), noise)

    ink = ink_on_paper(grey, _without_surroundings, cleared)
    if sheet is not None:
        ink[~on_sheet] = 0
    return Page(ink, left * scale, top * scale, scale, tilts[0] if tilts else angle)


def _sheet(grey: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float | None] | None:
    """A light sheet on a darker desk: its mask, without its edge, and how far it is turned, where
    enough of it shows.

    None where the light part of the picture has neither the shape of one nor as sharp an edge: a
    shadow, a lamp; or fills it.
    """
    if min(grey.shape) < SHEET_SIDE:
        return None
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = np.asarray(cv2.medianBlur(small, 5), np.uint8)
    threshold, _ = cv2.threshold(small, 0, 1, cv2.THRESH_OTSU)
    lit = small > threshold
    if not lit.any() or lit.all():
        return None
    light, dark = float(small[lit].mean()), float(small[~lit].mean())
    if light - dark < max(SHEET_CONTRAST * light, SHEET_LIGHTER):
        return None
    slope = cache(lambda: slope_at_edges(grey))
    for share in SHEET_LEVELS:
        towards = light - threshold if share > 0 else threshold - dark
        part = _light_part(small > threshold + share * towards)
        found = None if part is None else _as_sheet(*part, grey, slope, light - dark)
        if found is not None:
            filled, angle = found
            mask = cv2.resize(filled, grey.shape[::-1], interpolation=cv2.INTER_NEAREST)
            margin = 2 * max(2, round(SHEET_MARGIN * max(grey.shape))) + 1
            inner = cv2.erode(mask, np.ones((margin, margin), np.uint8))
            sheet = np.asarray(np.ascontiguousarray(inner), np.uint8)
            # Of a narrow strip there is nothing left beside its edge.
            return (sheet, angle) if min(cv2.boundingRect(sheet)[2:]) >= SHEET_SIDE else None
    return None


def _light_part(light: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.int32]] | None:
    """The largest light part of a picture, filled, and its hull; None if it is hollow or small."""
    opened = cv2.morphologyEx(light.astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    outline = max(contours, key=cv2.contourArea)
    hull = np.asarray(cv2.convexHull(outline), np.int32)
    area = cv2.contourArea(hull)
    if area < SHEET_SHARE * light.size or cv2.contourArea(outline) < SHEET_FULL * area:
        return None
    filled = np.zeros(light.shape, np.uint8)
    cv2.fillConvexPoly(filled, hull, 1)
    return filled, hull


def _as_sheet(
    filled: NDArray[np.uint8],
    hull: NDArray[np.int32],
    grey: NDArray[np.uint8],
    slope_of_picture: Callable[[], NDArray[np.float32]],
    contrast: float,
) -> tuple[NDArray[np.uint8], float | None] | None:
    """A light part of the picture, and how far it is turned, if it looks like a sheet.

    Args:
        filled: a quarter of the size of `grey`.
        slope_of_picture: see `slope_at_edges`; called where shape alone does not tell.
    """
    # A shadow or a lamp's light reaches three sides of the picture, or all four.
    edges = (filled[0], filled[-1], filled[:, 0], filled[:, -1])
    sides = sum(float(edge.mean()) > 0.25 for edge in edges)
    _, (width, height), degrees = cv2.minAreaRect(hull)
    if sides <= 2 and cv2.contourArea(hull) >= SHEET_FULL * width * height:
        return filled, float((degrees + 45) % 90 - 45)
    # So does a sheet that the picture cuts off, but hardly a light or a shade ends as sharply.
    outline = filled - cv2.erode(filled, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero(outline)
    if len(rows) == 0 or filled.mean() < SHEET_LARGE:
        return None
    slope = cv2.dilate(slope_of_picture(), np.ones((13, 13), np.uint8))
    last = np.array(slope.shape) - 1
    along = slope[np.minimum(4 * rows + 2, last[0]), np.minimum(4 * columns + 2, last[1])]
    if np.percentile(along, 25) < SHEET_SHARP * contrast:
        return None
    # But a shadow in the sun. What is written in it tells.
    beside = grey[cv2.resize(filled, grey.shape[::-1], interpolation=cv2.INTER_NEAREST) == 0]
    level = float(np.median(beside))
    written = (beside < min(SHADE_INK * level, level - SHADE_DARKER)).mean()
    return None if written > SHADE_WRITTEN else (filled, None)


def _without_edges(strength: NDArray[np.uint8], noise: float) -> NDArray[np.uint8]:
    """Marks without the strong ones that reach the picture's edge, unless there are no others: the
    desk beside the paper would set the measure for the ink.
    """
    first = strength
    for _ in range(EDGE_ROUNDS):
        strong = (strength > ink_threshold(strength, noise)).astype(np.uint8)
        if not strong.any():
            return first
        count, labels = cv2.connectedComponents(strong, connectivity=8)
        edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        names = np.unique(edge[edge > 0])
        if len(names) == 0:
            break
        reaches_edge = np.zeros(count, np.uint8)
        reaches_edge[names] = 1
        outside = reaches_edge[labels]
        del labels
        strength = np.where(cv2.dilate(outside, np.ones((7, 7), np.uint8)), 0, strength)
        strength = strength.astype(np.uint8)
    return strength


def _without_surroundings(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ink without what runs out of the picture, where something does not, and without specks."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(
        (ink > 0).astype(np.uint8), connectivity=8
    )
    if len(statistics) == 1:
        return ink
    left, top, width, height, _ = statistics[1:].T
    rows, columns = ink.shape
    inside = (
        (left > EDGE_MARGIN)
        & (top > EDGE_MARGIN)
        & (left + width < columns - EDGE_MARGIN)
        & (top + height < rows - EDGE_MARGIN)
    )
    substantial = inside & (np.maximum(width, height) >= 0.02 * max(rows, columns))
    if substantial.any():
        inside &= ~_sheet_edges(ink, labels, statistics)
        ink = np.where(np.concatenate([[False], inside])[labels], ink, 0).astype(np.uint8)
    del labels  # 13 MB of the largest page, and the next has as many
    return _without_specks(ink)


def _sheet_edges(
    ink: NDArray[np.uint8], labels: NDArray[Any], statistics: NDArray[Any]
) -> NDArray[np.bool_]:
    """Which pieces are lines near the picture's edge, far thinner than the pen: a sheet's own edge
    where shade hides which part is the desk.
    """
    left, top, width, height, _ = statistics[1:].T
    rows, columns = ink.shape
    long, short = np.maximum(width, height), np.minimum(width, height)
    near = np.where(
        height > width,
        np.minimum(left, columns - left - width) < EDGE_NEAR * columns,
        np.minimum(top, rows - top - height) < EDGE_NEAR * rows,
    )
    lines = near & (short <= EDGE_STEEP * long)
    if not lines.any() or lines.all():
        return np.zeros(len(lines), np.bool_)
    amount = np.zeros(len(statistics))
    for start in range(0, rows, STRIP_ROWS):  # np.bincount takes 16 bytes a pixel
        strip = slice(start, start + STRIP_ROWS)
        amount += np.bincount(labels[strip].ravel(), ink[strip].ravel(), len(statistics))
    amount = amount[1:] / 255
    pen = pen_width(np.where(np.concatenate([[False], ~lines])[labels], ink, 0).astype(np.uint8))
    return np.asarray(lines & (amount < EDGE_THIN * pen * np.hypot(width, height)), np.bool_)


def _without_specks(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ink without pieces far smaller or higher than most of it."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(
        (ink > 0).astype(np.uint8), connectivity=8
    )
    if len(statistics) == 1:
        return ink
    typical = _typical(statistics[1:])
    width, height = statistics[1:, cv2.CC_STAT_WIDTH], statistics[1:, cv2.CC_STAT_HEIGHT]
    kept = (np.maximum(width, height) >= SPECK * typical) & (height <= DRAWING * typical)
    return np.where(np.concatenate([[False], kept])[labels], ink, 0).astype(np.uint8)


def _typical(statistics: NDArray[Any]) -> float:
    """The height of pieces of ink below which half of it is, each counted by its own."""
    if len(statistics) == 0:
        return 0.0
    heights = np.maximum(statistics[:, cv2.CC_STAT_HEIGHT], 0.3 * statistics[:, cv2.CC_STAT_WIDTH])
    order = np.argsort(heights)
    weights = np.cumsum(statistics[order, cv2.CC_STAT_AREA])
    return float(heights[order[int(np.searchsorted(weights, weights[-1] / 2))]])
