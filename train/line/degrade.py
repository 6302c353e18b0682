"""Degradation of ink by cameras, scanners, paper and binarisation."""

import cv2
import numpy as np
from numpy.typing import NDArray

Ink = NDArray[np.uint8]
"""(H, W), 0 to 255, ink 255 on 0."""


def degraded(ink: Ink, body: float, rng: np.random.Generator) -> Ink:
    """Degrade the ink of a line as a picture might. The result is never empty.

    Args:
        ink: a clean rendering.
        body: height of the writing in it, in pixels.
    """
    levels = ink.astype(np.float32)
    if rng.random() < 0.3:
        levels = _pen(levels, rng)
    if rng.random() < 0.15:
        levels = _ruled(levels, body, rng)
    if rng.random() < 0.1:
        levels = _grain(levels, body, rng)
    if rng.random() < 0.65:
        blur = body * rng.uniform(0.01, 0.05)
        levels = np.asarray(cv2.GaussianBlur(levels, (0, 0), blur), np.float32)
    if rng.random() < 0.3:
        levels = _faded(levels, rng)
    if rng.random() < 0.15:
        levels += rng.normal(0, rng.uniform(3, 15), levels.shape).astype(np.float32)
    peak = max(float(levels.max()), 1.0)
    floor = peak * rng.uniform(0.04, 0.25)
    if rng.random() < 0.3:
        # Binarised, at a random threshold.
        levels = np.where(levels > peak * rng.uniform(0.15, 0.45), 255.0, 0.0)
    else:
        levels = (levels - floor) * (255 / max(peak * rng.uniform(0.7, 1.0) - floor, 1.0))
    if rng.random() < 0.1:
        levels = _specks(levels, body, rng)
    found = levels.clip(0, 255).astype(np.uint8)
    return found if found.any() else ink


def _pen(levels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Make the ink a little thicker or thinner."""
    kernel = np.ones((3, 3), np.uint8)
    changed = cv2.dilate(levels, kernel) if rng.random() < 0.5 else cv2.erode(levels, kernel)
    share = np.float32(rng.uniform(0, 1))
    return np.asarray(levels + share * (changed - levels), np.float32)


def _ruled(
    levels: NDArray[np.float32], body: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Add a printed line under or through the writing, or erase one together with the ink on it."""
    ruled = levels.copy()
    rows, columns = ruled.shape
    thick = max(1, round(body * rng.uniform(0.02, 0.07)))
    row = int(rng.integers(rows // 4, rows))
    tilt = rng.normal(0, 0.01) * columns
    ends = (0, row), (columns, round(row + tilt))
    if rng.random() < 0.5:
        cv2.line(ruled, *ends, 0.0, thick)
    else:
        start = 0 if rng.random() < 0.6 else int(rng.integers(columns))
        line = np.zeros_like(ruled)
        cv2.line(line, (start, ends[0][1]), ends[1], float(rng.uniform(60, 255)), thick)
        ruled = np.maximum(ruled, line)
    return ruled


def _grain(
    levels: NDArray[np.float32], body: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Break up the ink like pencil on rough paper."""
    rows, columns = levels.shape
    size = max(1.0, body * rng.uniform(0.03, 0.12))
    coarse = rng.normal(0, 1, (2 + int(rows / size), 2 + int(columns / size))).astype(np.float32)
    grain = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(levels * (0.9 + rng.uniform(0.1, 0.4) * grain).clip(0, 1), np.float32)


def _faded(levels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Vary the ink's level along the line, like pressure or light."""
    columns = levels.shape[1]
    stops = np.linspace(0, columns, int(rng.integers(2, 6)))
    weights = np.interp(np.arange(columns), stops, rng.uniform(0.6, 1.0, len(stops)))
    return np.asarray(levels * weights.astype(np.float32), np.float32)


def _specks(
    levels: NDArray[np.float32], body: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Add up to five specks of dirt or noise."""
    rows, columns = levels.shape
    for _ in range(int(rng.integers(1, 6))):
        place = int(rng.integers(columns)), int(rng.integers(rows))
        radius = int(body * rng.uniform(0.0, 0.035))
        cv2.circle(levels, place, radius, float(rng.uniform(80, 255)), -1)
    return levels


def boxes_of_ink(ink: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the boxes of the connected components of ink, (N, 4): left, top, right, bottom."""
    _, _, statistics, _ = cv2.connectedComponentsWithStats(
        (ink > 0).astype(np.uint8), connectivity=8
    )
    left, top, width, height, _ = statistics[1:].T.astype(np.float64)
    return np.stack([left, top, left + width, top + height], 1)
