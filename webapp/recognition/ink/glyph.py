"""Glyphs: one candidate as MNIST would have stored it.

Trainer, evaluator, server and command line all come through here, so that the network is asked
about exactly what it was taught.

MNIST was made so (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"; retraced
by Yadav and Bottou, "Cold Case: The Lost MNIST Digits", 2019): the box of the ink is resampled by
area into 20x20 pixels with its aspect kept, then pasted into 28x28 pixels so that its centre of
mass falls on pixel 14 of each axis.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .drawing import CHANNELS, Stroke, draw

Glyph = NDArray[np.uint8]
"""Shape (28, 28, 5), 0 to 255. Channel 0 is the ink, 255 on 0; 1 to 4 are how far the pen moved to
the right, left, down and up there, drawn as the ink is; without strokes they are 0."""

SIDE = 28
"""Side of a glyph, in pixels."""

BOX = 20
"""Longest side of the ink inside a glyph, in pixels."""

CENTRE = 14
"""Pixel index, on both axes, that the centre of mass falls on."""

PEN = 2.4
"""Width of the redrawn pen, in pixels of the 20x20 box (docs/training.md: how it was chosen)."""

AT_ONCE = 24
"""Glyphs that are drawn on one canvas, or that go through a network, at most: each takes 60 KB on
the one and some 100 KB in the other, which keeps what its largest batch took."""


def glyph_of_strokes(strokes: Sequence[Stroke], pen: float = PEN, directed: bool = True) -> Glyph:
    """Redraw strokes as vectors at their own scale and normalise them.

    Beside the ink stands which way the pen moved: a 1 with a flag goes up and then down, where a 7
    goes right and then down. The pen's width is relative to the drawing, never the visitor's
    brush, so that neither the size of the drawing nor its unit changes the glyph. Ink without
    extent (a dot) becomes a disc as wide as the pen.

    Args:
        strokes: one or more arrays of shape (N, 2), N >= 1, finite.
        pen: width of the pen, in pixels of the 20x20 box.
        directed: False leaves the direction maps empty, as a picture's are.

    Raises:
        ValueError: there is no point at all.
    """
    return glyphs_of_strokes([strokes], pen, directed)[0]


def glyphs_of_strokes(
    groups: Sequence[Sequence[Stroke]], pen: float = PEN, directed: bool = True
) -> list[Glyph]:
    """`glyph_of_strokes` of each of some groups of strokes, in much less time than one by one."""
    glyphs: list[Glyph] = []
    for start in range(0, len(groups), AT_ONCE):
        some = [_placed(strokes, pen) for strokes in groups[start : start + AT_ONCE]]
        glyphs += map(normalise, draw(some, BOX, BOX, pen, directed))
    return glyphs


def _placed(strokes: Sequence[Stroke], pen: float) -> list[Stroke]:
    """Strokes in the middle of the 20x20 box, as large as fits.

    Raises:
        ValueError: there is no point at all.
    """
    if not any(len(stroke) for stroke in strokes):
        raise ValueError("a glyph needs at least one point, got none")
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    if extent == 0:
        return [np.full((1, 2), BOX / 2)]
    # Relative to the extent first: no unit, however small or large, can overflow.
    centre = low + (high - low) / 2
    return [(stroke - centre) / extent * (BOX - pen) + BOX / 2 for stroke in strokes]


def glyph_of_ink(ink: NDArray[np.uint8]) -> Glyph:
    """Normalise the pixels of one candidate.

    Args:
        ink: shape (H, W), ink 255 on 0; its box is that of every pixel above 0.

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
    """The last step of every glyph: darkest ink to 255, centre of mass to pixel 14.

    Args:
        patch: shape (20, 20, C), C at most 5, not negative, ink in channel 0 and somewhere above
            0; channels that are not there are left 0.

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
    """Glyphs as a network takes them that looks at their first channels: float32 in 0 to 1.

    The only place that scales them.
    """
    return glyphs[..., :channels].astype(np.float32) / np.float32(255)


def _resample(square: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A square of ink as (20, 20, 1): by area when it shrinks, linear when it grows.

    OpenCV's INTER_AREA is nearest-neighbour when enlarging, hence the second method.
    """
    method = cv2.INTER_AREA if len(square) >= BOX else cv2.INTER_LINEAR
    patch = cv2.resize(square.astype(np.float32), (BOX, BOX), interpolation=method)
    return patch[..., np.newaxis].astype(np.float32, copy=False)
