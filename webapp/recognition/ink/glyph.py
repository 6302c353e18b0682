"""Glyphs: candidates, normalised as MNIST normalises digits.

Training, evaluation, server and command line all make their glyphs here, so the network reads what
it was trained on.

MNIST's method (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"; reconstructed
by Yadav and Bottou, "Cold Case: The Lost MNIST Digits", 2019): the box of the ink is resampled by
area into 20x20 pixels with its aspect kept, then placed in 28x28 pixels with its centre of mass at
pixel 14 of each axis.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .drawing import CHANNELS, Stroke, draw

Glyph = NDArray[np.uint8]
"""Shape (28, 28, 5), 0 to 255. Channel 0 is the ink, 255 on 0. Channels 1 to 4 hold the pen's
movement to the right, left, down and up, drawn like the ink. Without strokes they are 0."""

SIDE = 28
"""Side of a glyph, in pixels."""

BOX = 20
"""Longest side of the ink in a glyph, in pixels."""

CENTRE = 14
"""Pixel index of the centre of mass, on both axes."""

PEN = 2.4
"""Width of the redrawn pen, in pixels of the 20x20 box (see docs/training.md for the choice)."""

AT_ONCE = 24
"""Glyphs per canvas and per batch of a network, at most. Each takes 60 KB on the canvas and some
100 KB in the network, which keeps the memory of its largest batch."""


def glyph_of_strokes(strokes: Sequence[Stroke], pen: float = PEN, directed: bool = True) -> Glyph:
    """Return the glyph of strokes, redrawn as vectors at a normalised scale.

    The direction maps tell a 1 with a flag, which goes up and then down, from a 7, which goes right
    and then down. The pen's width is relative to the drawing and independent of the brush on
    screen, so the size and the unit of the drawing do not change the glyph. Ink without extent (a
    dot) becomes a disc as wide as the pen.

    Args:
        strokes: one or more arrays of shape (N, 2), N >= 1, finite.
        pen: width of the pen, in pixels of the 20x20 box.
        directed: False leaves the direction maps empty, as for a picture.

    Raises:
        ValueError: the strokes have no points.
    """
    return glyphs_of_strokes([strokes], pen, directed)[0]


def glyphs_of_strokes(
    groups: Sequence[Sequence[Stroke]], pen: float = PEN, directed: bool = True
) -> list[Glyph]:
    """Return the glyph of each group of strokes, much faster than `glyph_of_strokes` one by one."""
    glyphs: list[Glyph] = []
    for start in range(0, len(groups), AT_ONCE):
        some = [_placed(strokes, pen) for strokes in groups[start : start + AT_ONCE]]
        glyphs += map(normalise, draw(some, BOX, BOX, pen, directed))
    return glyphs


def _placed(strokes: Sequence[Stroke], pen: float) -> list[Stroke]:
    """Scale strokes to the 20x20 box and centre them.

    Raises:
        ValueError: the strokes have no points.
    """
    if not any(len(stroke) for stroke in strokes):
        raise ValueError("a glyph needs at least one point, got none")
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    if extent == 0:
        return [np.full((1, 2), BOX / 2)]
    # Dividing by the extent first avoids overflow in any unit.
    centre = low + (high - low) / 2
    return [(stroke - centre) / extent * (BOX - pen) + BOX / 2 for stroke in strokes]


def glyph_of_ink(ink: NDArray[np.uint8]) -> Glyph:
    """Return the glyph of one candidate's pixels.

    Args:
        ink: shape (H, W), ink 255 on 0. Every pixel above 0 counts for its box.

    Raises:
        ValueError: there is no ink.

    Example:
        >>> ink = np.zeros((90, 60), np.uint8)
        >>> ink[10:80, 28:34] = 255
        >>> glyph = glyph_of_ink(ink)
        >>> glyph.shape, int(glyph.max())
        ((28, 28, 5), 255)
    """
    x, y, width, height = cv2.boundingRect(ink)
    if width == 0:
        raise ValueError("a glyph needs ink, got an empty image")
    side = max(width, height)
    square = np.zeros((side, side), np.uint8)
    left, top = (side - width) // 2, (side - height) // 2
    square[top : top + height, left : left + width] = ink[y : y + height, x : x + width]
    return normalise(_resample(square))


def normalise(patch: NDArray[np.float32] | NDArray[np.uint8]) -> Glyph:
    """Finish a glyph: scale the darkest ink to 255 and move the centre of mass to pixel 14.

    Args:
        patch: shape (20, 20, C), C at most 5, not negative. Channel 0 is the ink and has a value
            above 0. Missing channels become 0.

    Returns:
        uint8 of shape (28, 28, 5).
    """
    ink = patch[..., 0].astype(np.float32)
    offsets = []
    for axis in (0, 1):
        mass = ink.sum(axis=1 - axis)
        barycentre = float((mass * (np.arange(BOX) + 0.5)).sum() / mass.sum())
        shift = CENTRE - BOX // 2 + round(BOX / 2 + 0.5 - barycentre)
        offsets.append(min(max(shift, 0), SIDE - BOX))
    top, left = offsets
    glyph = np.zeros((SIDE, SIDE, CHANNELS), np.uint8)
    scaled = np.rint(patch * (255 / ink.max())).clip(0, 255)
    glyph[top : top + BOX, left : left + BOX, : patch.shape[2]] = scaled.astype(np.uint8)
    return glyph


def network_input(glyphs: NDArray[np.uint8], channels: int) -> NDArray[np.float32]:
    """Return the first channels of glyphs as a network's input: float32 in 0 to 1.

    This is the only place that scales them.
    """
    return glyphs[..., :channels].astype(np.float32) / np.float32(255)


def _resample(square: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Resample a square of ink to (20, 20, 1), by area to shrink it, linearly to enlarge it.

    OpenCV's INTER_AREA is nearest-neighbour when it enlarges, hence the second method.
    """
    method = cv2.INTER_AREA if len(square) >= BOX else cv2.INTER_LINEAR
    patch = cv2.resize(square.astype(np.float32), (BOX, BOX), interpolation=method)
    return patch[..., np.newaxis].astype(np.float32, copy=False)
