"""Digits drawn by hand, as strokes. The tests read them instead of external data."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Points = list[tuple[float, float]]


def arc(
    cx: float, cy: float, rx: float, ry: float, start: float, end: float, steps: int = 16
) -> Points:
    """Return points of an ellipse's arc. Angles are degrees clockwise from the right."""
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


DIGITS: dict[int, list[Points]] = {
    0: [arc(0.5, 0.5, 0.24, 0.36, -80, 285)],
    1: [[(0.5, 0.14), (0.49, 0.5), (0.48, 0.86)]],
    2: [[*arc(0.48, 0.34, 0.2, 0.19, -165, 40), (0.45, 0.62), (0.28, 0.83), (0.73, 0.82)]],
    3: [arc(0.46, 0.32, 0.2, 0.18, -150, 80) + arc(0.46, 0.67, 0.23, 0.18, -80, 150)],
    4: [[(0.38, 0.15), (0.28, 0.52), (0.72, 0.5)], [(0.62, 0.3), (0.6, 0.86)]],
    5: [
        [(0.36, 0.18), (0.33, 0.46), *arc(0.47, 0.64, 0.21, 0.2, -110, 150)],
        [(0.36, 0.18), (0.7, 0.17)],
    ],
    6: [[(0.62, 0.14), (0.42, 0.36), (0.34, 0.56), *arc(0.5, 0.66, 0.17, 0.18, 180, -170)]],
    7: [[(0.28, 0.2), (0.5, 0.19), (0.72, 0.2), (0.56, 0.5), (0.44, 0.86)]],
    8: [
        [
            *arc(0.5, 0.32, 0.17, 0.16, -30, -270),
            *arc(0.5, 0.66, 0.2, 0.18, -90, 270),
            *arc(0.5, 0.32, 0.17, 0.16, 90, -30),
        ]
    ],
    9: [[*arc(0.48, 0.34, 0.18, 0.18, -20, -340), (0.66, 0.3), (0.62, 0.6), (0.55, 0.86)]],
}
"""Strokes of each digit in a unit square, y downwards."""


def unsure(*values: object) -> Any:
    """Mark a parameter that the line reader reads correctly but is unsure of.

    Its confidence in a bare 1 is below its threshold. The marks are strict, so a better reader
    makes them obsolete.
    """
    reason = "the line reader is unsure of it"
    return pytest.param(*values, marks=pytest.mark.xfail(reason=reason, strict=True))


EACH = [0, unsure(1), *range(2, 10)]
"""All ten digits, for tests that expect `ok`."""


def strokes(digit: int, size: float = 280) -> list[np.ndarray]:
    """Return the digit as the recogniser takes it: arrays of shape (N, 2)."""
    return [np.array(points, np.float64) * size for points in DIGITS[digit]]


def number(*lines: str, gap: float = 0.1, size: float = 100) -> list[np.ndarray]:
    """Return digits side by side, in lines from the top, in reading order. `gap` is in heights."""
    placed = []
    for row, line in enumerate(lines):
        x = 0.0
        for digit in line:
            drawn = strokes(int(digit), size)
            points = np.concatenate(drawn)
            placed += [stroke + np.array([x - points[:, 0].min(), row * size]) for stroke in drawn]
            x += np.ptp(points[:, 0]) + gap * size
    return placed


def columns(digit: int, size: float = 280) -> list[dict[str, list[float]]]:
    """Return the digit as the API takes it."""
    return [{"x": s[:, 0].tolist(), "y": s[:, 1].tolist()} for s in strokes(digit, size)]


def picture(
    digit: int, size: int = 280, ink: int = 20, paper: int = 255, pen: int = 16
) -> NDArray[np.uint8]:
    """Return the digit as grey pixels, (size, size) uint8."""
    import cv2

    image = np.full((size, size), paper, np.uint8)
    for stroke in strokes(digit, size):
        points = np.rint(stroke * 16).astype(np.int32)
        cv2.polylines(image, [points], False, ink, pen, cv2.LINE_AA, 4)
    return image


def sheet(
    rows: Sequence[Sequence[str]], step: float = 4.0, slope: float = 0.0, size: float = 60
) -> NDArray[np.uint8]:
    """Return a table of whole numbers as grey pixels, empty where a text is empty.

    Args:
        step: from the left of a column to that of the next, in heights.
        slope: how far rows fall per distance to the right.
    """
    import cv2

    width = (max(map(len, rows)) * step + 1) * size
    height = (len(rows) * 1.6 + 2) * size + abs(slope) * width
    image = np.full((round(height), round(width)), 255, np.uint8)
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            left = (column * step + 1) * size
            fall = slope * (left if slope > 0 else left - width)
            corner = np.array([left, (row * 1.6 + 1) * size + fall])
            drawn = [np.rint((s + corner) * 16).astype(np.int32) for s in number(text, size=size)]
            cv2.polylines(image, drawn, False, 20, round(size / 15), cv2.LINE_AA, 4)
    return image


def png(image: np.ndarray) -> bytes:
    """Encode an OpenCV picture as a PNG file."""
    import cv2

    _, encoded = cv2.imencode(".png", image)
    return encoded.tobytes()
