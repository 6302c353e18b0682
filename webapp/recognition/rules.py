"""The printed lines of ruled and squared paper: long, thin and straight, across the picture."""

import itertools
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .budget import Budget

THIN = 0.006
"""A rule is at most so thick, as a share of the picture's longer side, ..."""

THIN_PIXELS = 4
"""... or so many pixels where that is more."""

STEEPEST = 28
"""Rules may be turned by so many degrees from level or upright."""

LONG = 0.45
"""Share of a picture's width or height that a rule covers at least."""

ALONE = 0.7
"""... and that it covers if there are not several: the tops of digits stand in line too."""

SEVERAL = 3
"""So many make a pattern."""

MOST_RULES = 120
"""Rules that are looked at, at most."""


def find_rules(
    marks: NDArray[np.bool_], budget: Budget | None = None
) -> tuple[NDArray[np.bool_], float | None]:
    """Which marks are printed lines, without the strokes that cross them.

    Args:
        marks: (H, W), what differs from the paper.
        budget: checked at each line.

    Returns:
        (H, W), and how far the rules are turned clockwise, in degrees; None without any.

    Raises:
        BudgetError, GoneError: see `Budget.check`.
    """
    budget = budget or Budget()
    found = np.zeros_like(marks)
    angles: list[float] = []
    mask = marks.astype(np.uint8)
    thick = max(THIN_PIXELS, round(THIN * max(marks.shape))) + 1
    for level in (True, False):
        across = (1, thick) if level else (thick, 1)
        opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(across[::-1], np.uint8))
        thin = mask - np.asarray(opened, np.uint8)
        turned = np.ascontiguousarray(thin if level else thin.T)
        lines = _straight(turned, budget)
        if not lines:
            continue
        band = np.zeros_like(turned)
        for rho, theta in lines:
            _draw(band, rho, theta, 2 + thick // 2)
        hit = (band & turned) > 0
        found |= hit if level else hit.T
        tilt = math.degrees(float(np.median([theta for _, theta in lines]))) - 90
        angles.append(tilt if level else -tilt)
    return found, (angles[0] if angles else None)


def _straight(thin: NDArray[np.uint8], budget: Budget) -> list[tuple[float, float]]:
    """Rules in a mask, level ones: rho and theta of `cv2.HoughLines`."""
    width = thin.shape[1]
    if width < 50 or cv2.countNonZero(thin) < LONG * width:
        return []
    reach = math.radians(STEEPEST)
    lines = cv2.HoughLines(
        thin,
        1.5,
        math.radians(0.4),
        max(20, int(LONG * 0.6 * width)),
        min_theta=math.pi / 2 - reach,
        max_theta=math.pi / 2 + reach,
    )
    if lines is None:
        return []
    kept: list[tuple[float, float]] = []
    shares: list[float] = []
    for rho, theta in lines.reshape(-1, lines.shape[-1])[:MOST_RULES, :2].tolist():
        budget.check()
        band = np.zeros_like(thin)
        _draw(band, rho, theta, 3)
        share = float(((band & thin) > 0).any(axis=0).mean())
        if share >= LONG:
            kept.append((rho, theta))
            shares.append(share)
    if not kept:
        return []
    # Many lines in the accumulator are one rule: count those that stand apart.
    places = sorted(rho for rho, _ in kept)
    apart = 1 + sum(b - a > 6 for a, b in itertools.pairwise(places))
    return kept if apart >= SEVERAL or max(shares) >= ALONE else []


def _draw(band: NDArray[np.uint8], rho: float, theta: float, thickness: int) -> None:
    """A line of `cv2.HoughLines` across a mask."""
    x, y = rho * math.cos(theta), rho * math.sin(theta)
    far = 2 * max(band.shape)
    away = (-far * math.sin(theta), far * math.cos(theta))
    start = (round(x + away[0]), round(y + away[1]))
    end = (round(x - away[0]), round(y - away[1]))
    cv2.line(band, start, end, 1, thickness)
