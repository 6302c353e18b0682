"""Glyphs: one candidate as MNIST would have stored it.

Trainer, evaluator, server and command line all come through here, so that the network is asked
about exactly what it was taught.

MNIST was made so (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"; retraced
by Yadav and Bottou, "Cold Case: The Lost MNIST Digits", 2019): the box of the ink is resampled by
area into 20x20 pixels with its aspect kept, then pasted into 28x28 pixels so that its centre of
mass falls on pixel 14 of each axis.
"""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]
"""One pen-down movement: shape (N, 2), columns x and y, y downwards, any unit."""

Glyph = NDArray[np.uint8]
"""Shape (28, 28, 5), 0 to 255. Channel 0 is the ink, 255 on 0; 1 to 4 are how far the pen moved to
the right, left, down and up there, drawn as the ink is; without strokes they are 0."""

CHANNELS = 5
"""Of a glyph: the ink, and four directions of the pen."""

SIDE = 28
"""Side of a glyph, in pixels."""

BOX = 20
"""Longest side of the ink inside a glyph, in pixels."""

CENTRE = 14
"""Pixel index, on both axes, that the centre of mass falls on."""

PEN = 2.4
"""Width of the redrawn pen, in pixels of the 20x20 box (docs/training.md: how it was chosen)."""

DOT = 4.0
"""Diameter of ink without extent, in pixels of the 20x20 box: a full stop beside a digit."""

SUPERSAMPLE = 8
"""Strokes are drawn this many times larger than the box, then reduced by area: anti-aliasing."""

SUBPIXEL_BITS = 4
"""Fractional bits of the coordinates handed to OpenCV's line drawing."""

DIRECTION_SUPERSAMPLE = 4
"""As SUPERSAMPLE, for the direction maps: drawn piece by piece, they need less detail."""

DIRECTION_STEP = 0.8
"""The pen's direction is taken over chords of this length, in pixels of the 20x20 box: neither a
tablet's sampling rate nor the tremble between two samples shows in it."""

MOST_CHORDS = 400
"""Of a glyph, however much ink it has: a digit has some 70, and each costs time. More ink is cut
into longer chords."""


def glyph_of_strokes(
    strokes: Sequence[Stroke],
    pen: float = PEN,
    directed: bool = True,
    most_chords: int = MOST_CHORDS,
) -> Glyph:
    """Redraw strokes as vectors at their own scale and normalise them.

    Beside the ink stands which way the pen moved: a 1 with a flag goes up and then down, where a 7
    goes right and then down. The pen's width is relative to the drawing, never the visitor's
    brush, so that neither the size of the drawing nor its unit changes the glyph. Ink without
    extent (a dot) becomes a small disc.

    Args:
        strokes: one or more arrays of shape (N, 2), N >= 1, finite.
        pen: width of the pen, in pixels of the 20x20 box.
        directed: False leaves the direction maps empty, as a picture's are.
        most_chords: bounds the time that the direction maps of much ink take.

    Raises:
        ValueError: there is no point at all.
    """
    if not any(len(stroke) for stroke in strokes):
        raise ValueError("a glyph needs at least one point, got none")
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    size = BOX * SUPERSAMPLE
    canvas = np.zeros((size, size), np.uint8)
    if extent == 0:
        _draw(canvas, np.zeros((1, 2)), DOT)
        return normalise(_resample(canvas))
    # Relative to the extent first: no unit, however small or large, can overflow.
    centre = low + (high - low) / 2
    placed = [(stroke - centre) / extent * (BOX - pen) for stroke in strokes]
    for stroke in placed:
        _draw(canvas, stroke, pen)
    ink = _resample(canvas)
    return normalise(np.dstack([ink, _directions(placed, pen, most_chords)]) if directed else ink)


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


def normalise(patch: NDArray[np.float32]) -> Glyph:
    """The last step of every glyph: darkest ink to 255, centre of mass to pixel 14.

    Args:
        patch: shape (20, 20, C), C at most 5, not negative, ink in channel 0 and somewhere above
            0; channels that are not there are left 0.

    Returns:
        uint8 of shape (28, 28, 5).
    """
    ink = patch[..., 0]
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


def _directions(strokes: Sequence[Stroke], pen: float, most_chords: int) -> NDArray[np.float32]:
    """The right, left, down and up parts of the pen's direction, (20, 20, 4), 0 to 255.

    Strokes about the centre, in pixels of the box. Where ink crosses ink, the later counts.
    """
    side = BOX * DIRECTION_SUPERSAMPLE
    thickness = max(1, round(pen * DIRECTION_SUPERSAMPLE))
    lengths = [_lengths(stroke) for stroke in strokes]
    way = sum(float(own.sum()) for own in lengths)
    step = max(DIRECTION_STEP, way / most_chords)
    drawn = [
        _evenly_spaced(stroke, own, step) for stroke, own in zip(strokes, lengths, strict=True)
    ]
    moves = np.concatenate([points[1:] - points[:-1] for points in drawn])
    units = moves / np.maximum(np.hypot(moves[:, 0], moves[:, 1]), 1e-9)[:, np.newaxis]
    parts = np.zeros((1 + len(units), 4), np.float32)
    parts[1:] = 255 * np.maximum(np.stack([units, -units], 2).reshape(-1, 4), 0)
    # Each chord is drawn as a number that stands for its direction: one channel, not four.
    chords = np.zeros((side, side), np.uint8 if len(parts) <= 256 else np.uint16)
    numbers = itertools.count(1)
    for points in drawn:
        pixels = _fixed_point(points, DIRECTION_SUPERSAMPLE).tolist()
        for (start, end), number in zip(itertools.pairwise(pixels), numbers, strict=False):
            cv2.line(chords, start, end, number, thickness, cv2.LINE_8, SUBPIXEL_BITS)
    canvas = np.take(parts, chords, axis=0)  # ten times as fast as parts[chords]
    return np.asarray(cv2.resize(canvas, (BOX, BOX), interpolation=cv2.INTER_AREA), np.float32)


def _lengths(stroke: Stroke) -> NDArray[np.float64]:
    """The distances between the points of a stroke, (N - 1,)."""
    moves = stroke[1:] - stroke[:-1]
    return np.asarray(np.hypot(moves[:, 0], moves[:, 1]), np.float64)


def _evenly_spaced(
    stroke: Stroke, lengths: NDArray[np.float64], step: float
) -> NDArray[np.float64]:
    """Points along a stroke, about a step apart, both ends kept; `lengths` as of `_lengths`."""
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    places = np.linspace(0, along[-1], 1 + max(1, round(along[-1] / step)))
    return np.array([np.interp(places, along, stroke[:, axis]) for axis in (0, 1)]).T


def _fixed_point(points: NDArray[np.float64], supersample: int) -> NDArray[np.int32]:
    """Points about the centre, in pixels of the box, as OpenCV's fixed-point pixel coordinates."""
    middle = BOX * supersample / 2 - 0.5  # OpenCV's integers are the centres of pixels
    return np.rint((points * supersample + middle) * (1 << SUBPIXEL_BITS)).astype(np.int32)


def _draw(canvas: NDArray[np.uint8], stroke: Stroke, pen: float) -> None:
    """Draw one stroke with round ends; a stroke of one point is a disc."""
    points = _fixed_point(stroke, SUPERSAMPLE)
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)
    thickness = max(1, round(pen * SUPERSAMPLE))
    cv2.polylines(canvas, [points], False, 255, thickness, cv2.LINE_8, SUBPIXEL_BITS)
