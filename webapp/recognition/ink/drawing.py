"""Drawing: strokes rendered as vectors, with the direction of the pen.

Both glyphs and strips are drawn here.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]
"""One stroke, from pen down to pen up: shape (N, 2), columns x and y, y downwards, any unit."""

CHANNELS = 5
"""Channels of a drawing: the ink, and the pen's movement to the right, left, down and up."""

SUPERSAMPLE = 5
"""Factor by which strokes are drawn larger before they are reduced by area, for anti-aliasing."""

SUBPIXEL_BITS = 4
"""Fractional bits of the coordinates passed to OpenCV's line drawing."""

CHORD = 1.2
"""Length of the chords that give the pen's direction, in pixels. They hide a tablet's sampling rate
and the tremble between two samples."""

PIXELS_PER_CHORD = 4
"""Pixels of the drawing for each chord, at least. A digit has some 60 chords in 400 pixels. Longer
drawings get longer chords, which bounds the cost of a scribble."""

GUTTER = 1
"""Empty pixels beside each drawing on a shared canvas. Rounding the pen's width adds less."""

DIRECTIONS = 16
"""Number of directions that chords are quantised to."""


def draw(
    drawings: Sequence[Sequence[Stroke]],
    width: int,
    height: int,
    pen: float,
    directed: bool = True,
    alternating: bool = False,
) -> NDArray[np.uint8]:
    """Draw strokes with round ends. A stroke of one point becomes a disc.

    Several small drawings share a canvas, side by side, and take little longer than one.

    Args:
        drawings: N >= 1 drawings, each of at least one stroke, in pixels of the drawing, with its
            corner at (0, 0). A single drawing is clipped to its bounds. Several must lie within
            them, up to the rounding of the pen.
        pen: width of the pen, in pixels.
        directed: False leaves out the directions.
        alternating: adds two channels, the ink of the 1st, 3rd, 5th … stroke and that of the 2nd,
            4th …, which keep crossing strokes apart.

    Returns:
        (N, height, width, C), 0 to 255, ink 255 on 0: the ink, 4 channels of directions, 2 of
        alternating strokes.
    """
    count = len(drawings)
    cell = width + 2 * GUTTER
    canvas = np.zeros((height * SUPERSAMPLE, count * cell * SUPERSAMPLE), np.uint8)
    thickness = max(1, round(pen * SUPERSAMPLE))
    starts, ends, strokes = _chords(drawings, width * height // PIXELS_PER_CHORD, cell)
    moves = ends - starts
    turns = np.arctan2(moves[:, 1], moves[:, 0]) * (DIRECTIONS / (2 * np.pi))
    # A chord's number stands for its direction, so one channel is drawn instead of four.
    numbers = np.rint(turns).astype(np.intp) % DIRECTIONS + 1
    numbers[(moves == 0).all(axis=1)] = DIRECTIONS + 1
    pixels = _fixed_point(np.stack([starts, ends], 1))
    for number in np.unique(numbers).tolist():
        own = pixels[numbers == number]
        cv2.polylines(canvas, own, False, number, thickness, cv2.LINE_8, SUBPIXEL_BITS)
    canvases = [cv2.LUT(canvas, part) for part in (_PARTS if directed else _PARTS[:1])]
    for parity in (0, 1) if alternating else ():
        canvas = np.zeros_like(canvas)
        own = pixels[strokes % 2 == parity]
        cv2.polylines(canvas, own, False, 255, thickness, cv2.LINE_8, SUBPIXEL_BITS)
        canvases.append(canvas)
    size = (count * cell, height)
    # OpenCV resizes single channels twice as fast as all of them together.
    drawn = cv2.merge([cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in canvases])
    cells = np.asarray(drawn, np.uint8).reshape(height, count, cell, -1).swapaxes(0, 1)
    return cells[:, :, GUTTER : GUTTER + width]


def _chords(
    drawings: Sequence[Sequence[Stroke]], most: int, cell: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return the chords of strokes: starts (N, 2), ends (N, 2) and indices of strokes (N,).

    A dot is a chord of length 0. Each stroke has at least one chord. Beyond that, each drawing has
    about `most`. Each drawing is moved to its cell on the canvas.
    """
    strokes = [stroke for drawing in drawings for stroke in drawing]
    points = np.concatenate(strokes)
    counts = np.array([len(stroke) for stroke in strokes])
    lasts = np.cumsum(counts) - 1
    firsts = lasts - counts + 1
    # All strokes form one path, with gaps of one pixel between them.
    steps = np.hypot(*np.diff(points, axis=0).T)
    steps[lasts[:-1]] = 1.0
    along = np.concatenate([[0.0], np.cumsum(steps)])
    begins = along[firsts]
    lengths = along[lasts] - begins
    drawn_with = np.repeat(np.arange(len(drawings)), [len(drawing) for drawing in drawings])
    ways = np.bincount(drawn_with, lengths)
    chords = np.maximum(1, np.rint(lengths / np.maximum(CHORD, ways / most)[drawn_with]))
    each = chords.astype(np.intp)
    own = np.repeat(np.arange(len(strokes)), each + 1)
    number = np.arange(len(own)) - np.repeat(np.cumsum(each + 1) - each - 1, each + 1)
    places = begins[own] + lengths[own] * (number / chords[own])
    found = np.stack([np.interp(places, along, axis) for axis in points.T], 1)
    found[:, 0] += (drawn_with * cell + GUTTER)[own]
    is_last = number == each[own]
    begun = np.flatnonzero(~is_last)
    return found[begun], found[begun + 1], own[begun]


def _fixed_point(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return points in OpenCV's fixed-point coordinates, which count from the centres of pixels."""
    placed = (points * SUPERSAMPLE - 0.5) * (1 << SUBPIXEL_BITS)
    return np.asarray(np.rint(placed.clip(-(2**24), 2**24)), np.int32)


def _parts() -> NDArray[np.uint8]:
    """Return the lookup tables of the channels: (5, 256), ink, right, left, down and up."""
    turns = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
    units = np.stack([np.cos(turns), np.sin(turns)], 1)
    parts = np.zeros((CHANNELS, 256), np.uint8)
    parts[0, 1 : DIRECTIONS + 2] = 255
    moves = np.stack([units, -units], 2).reshape(-1, 4).T
    parts[1:, 1 : DIRECTIONS + 1] = np.rint(255 * np.maximum(moves, 0))
    return parts


_PARTS = _parts()
