"""Strokes made of lines, arcs and splines through a few points."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Stroke

Piece = NDArray[np.float64]
"""Part of a stroke between two corners: shape (N, 2), N >= 2."""

Point = tuple[float, float]

SPACING = 0.055
"""Distance between points along a stroke, in heights of the digit, as on a tablet."""

FEWEST, MOST = 12, 40
"""Least and largest number of points of a stroke."""

CHORDS = 8
"""Points of a curve per pair of control points."""

ARC_STEP = 12
"""Degrees between two points of an arc."""


def digit_of(rounding: int, *strokes: Sequence[Piece]) -> list[Stroke]:
    """Sample and scale strokes as `drawn` returns them.

    Args:
        rounding: number of passes that smooth the corners.
        strokes: the pieces of each stroke.
    """
    sampled = [_sampled(stroke, rounding) for stroke in strokes]
    points = np.concatenate(sampled)
    low, high = points.min(axis=0), points.max(axis=0)
    return [(stroke - (low + high) / 2) / (high - low).max() for stroke in sampled]


def _sampled(pieces: Sequence[Piece], rounding: int) -> Stroke:
    """Join pieces with nearly evenly spaced points, one of them on every corner."""
    alongs = [_along(piece) for piece in pieces]
    total = sum(float(along[-1]) for along in alongs)
    step = total / min(max(total / SPACING, FEWEST), MOST - 1)
    parts: list[Piece] = []
    for piece, along in zip(pieces, alongs, strict=True):
        places = np.linspace(0, along[-1], 1 + max(1, round(along[-1] / step)))
        part = np.stack([np.interp(places, along, piece[:, axis]) for axis in (0, 1)], 1)
        parts.append(part[1:] if parts else part)
    stroke = np.concatenate(parts)
    for _ in range(rounding):
        stroke[1:-1] = (stroke[:-2] + 2 * stroke[1:-1] + stroke[2:]) / 4
    return stroke


def _along(piece: Piece) -> NDArray[np.float64]:
    """Return the distance of each point along the piece, (N,)."""
    moves = piece[1:] - piece[:-1]
    return np.concatenate([[0.0], np.cumsum(np.hypot(moves[:, 0], moves[:, 1]))])


_PLACES = np.linspace(0, 1, 9)[:, np.newaxis]
"""Positions along a line, as shares of its length."""


def straight(start: Point, end: Point, bow: float = 0.0) -> Piece:
    """Return a line that bulges to the left of its direction by a share of its length."""
    a, b = np.array(start), np.array(end)
    way = b - a
    side = np.array([way[1], -way[0]])
    return np.asarray(a + _PLACES * way + 4 * _PLACES * (1 - _PLACES) * bow * side)


def arc_of(
    centre: Point, radii: tuple[float, float], start: float, end: float, shrink: float = 1.0
) -> Piece:
    """Return part of an ellipse, or of a spiral with radii that shrink by a factor."""
    steps = 2 + round(abs(end - start) / ARC_STEP)
    angles = np.deg2rad(np.linspace(start, end, steps))
    scale = np.linspace(1, shrink, steps)
    x = centre[0] + radii[0] * scale * np.cos(angles)
    y = centre[1] + radii[1] * scale * np.sin(angles)
    return np.stack([x, y], 1)


def _catmull_rom() -> NDArray[np.float64]:
    """Return weights of four control points at places between the inner two, (CHORDS, 4)."""
    t = np.arange(CHORDS)[:, np.newaxis] / CHORDS
    basis = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    return np.asarray(t ** np.arange(4) @ basis)


_WEIGHTS = _catmull_rom()


def spline(*points: Point) -> Piece:
    """Return a smooth curve through points.

    Catmull and Rom, "A class of local interpolating splines", 1974.
    """
    knots = np.array(points)
    padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    spans = np.stack([padded[i : i + len(knots) - 1] for i in range(4)], 1)
    return np.concatenate([(_WEIGHTS @ spans).reshape(-1, 2), knots[-1:]])


def towards(start: Point, degrees: float, length: float) -> Point:
    """Return the point at a distance and an angle from another."""
    angle = np.deg2rad(degrees)
    return start[0] + length * float(np.cos(angle)), start[1] + length * float(np.sin(angle))


def end_of(piece: Piece) -> Point:
    """Return the end of a piece."""
    return float(piece[-1, 0]), float(piece[-1, 1])
