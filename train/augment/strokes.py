"""Augmentation of strokes, as by other pens and other hands.

It changes the vectors before the server's own code renders them. Slant, size and tremor then look
as on paper, and the pen keeps its width. All randomness comes from the generator passed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Stroke


@dataclass(frozen=True)
class Warp:
    """Amounts of variation. Lengths are shares of the drawing's longer side."""

    rotation: float = 10.0
    """Rotation in degrees, uniform from minus to plus."""
    slant: float = 0.3
    """Shift sideways per height, uniform from minus to plus."""
    aspect: float = 0.25
    """Natural logarithm of width over height, uniform from minus to plus."""
    bend: float = 0.035
    """Amplitude of slow sine displacements."""
    tremor: float = 0.01
    """Standard deviation of the displacement by a shaking hand."""
    stairs: float = 0.1
    """Share of drawings snapped to a coarse grid, like those of old tablets."""
    sparse: float = 0.25
    """Share of drawings that lose points, like those of a slow mouse."""
    ends: float = 0.06
    """Largest distance by which strokes start and end too early or too late."""
    apart: float = 0.03
    """Standard deviation of each stroke's own displacement, in drawings of several strokes."""
    styles: float = 0.25
    """Share of 1s, 7s and 0s that gain a flag, foot, bar or slash, or lose a bar or slash."""
    rounded: float = 0.2
    """Share of drawings with rounded corners, like those of a quick hand."""
    gaps: float = 0.08
    """Share of drawings with a short gap in a stroke."""
    backwards: float = 0.1
    """Share of drawings with strokes in random order, each in either direction."""
    retraced: float = 0.03
    """Share of drawings in which the pen retraces the end of a stroke."""


def warp(
    strokes: Sequence[Stroke], label: int | None, amount: Warp, rng: np.random.Generator
) -> list[Stroke]:
    """Vary one drawing. The strokes passed in are not modified.

    Args:
        label: the digit, which determines the styles that may be added. None for a non-digit.

    Returns:
        Strokes centred on the origin, with a longer side near 1.
    """
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    if extent == 0:
        return list(strokes)
    centred = [(stroke - (low + high) / 2) / extent for stroke in strokes]
    if rng.random() < amount.styles:
        centred = _restyle(centred, label, rng)
    if rng.random() < amount.rounded:
        times = int(rng.integers(1, 5))
        centred = [_rounded(stroke, times) for stroke in centred]
    if rng.random() < amount.gaps:
        centred = _interrupted(centred, rng)
    if rng.random() < amount.sparse:
        centred = [_decimated(stroke, rng) for stroke in centred]
    centred = [_ends(stroke, amount.ends, rng) for stroke in centred]
    if len(centred) > 1:
        centred = [stroke + rng.normal(0, amount.apart, 2) for stroke in centred]
    matrix = _affine(amount, rng)
    bend = _slow_waves(amount.bend, rng)
    warped = []
    for stroke in centred:
        moved = stroke @ matrix.T
        moved = moved + bend(moved)
        if len(moved) > 2:
            moved = moved + _tremor(len(moved), amount.tremor, rng)
        warped.append(moved)
    if rng.random() < amount.retraced:
        row = int(rng.integers(len(warped)))
        back = warped[row][-int(rng.integers(1, len(warped[row]) + 1)) :][::-1]
        warped[row] = np.concatenate([warped[row], back])
    if rng.random() < amount.backwards:
        warped = [warped[row][:: rng.choice([-1, 1])] for row in rng.permutation(len(warped))]
    if rng.random() < amount.stairs:
        step = 1 / rng.uniform(14, 40)
        warped = [np.round(stroke / step) * step for stroke in warped]
    return warped


def turned(strokes: Sequence[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Rotate the drawing about the origin by a random angle, and mirror half of the drawings."""
    angle = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.diag([rng.choice([-1.0, 1.0]), 1.0])
    return [stroke @ matrix.T for stroke in strokes]


def _affine(amount: Warp, rng: np.random.Generator) -> NDArray[np.float64]:
    angle = np.deg2rad(rng.uniform(-amount.rotation, amount.rotation))
    slant = rng.uniform(-amount.slant, amount.slant)
    stretch = np.exp(rng.uniform(-amount.aspect, amount.aspect) / 2)
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, -sin], [sin, cos]])
    shape = np.array([[stretch, -slant], [0, 1 / stretch]])
    return np.asarray(rotation @ shape)


def _slow_waves(
    bound: float, rng: np.random.Generator
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return a displacement field of two sines with at most about one period across the drawing."""
    frequency = rng.uniform(-7, 7, (2, 2))
    phase = rng.uniform(0, 2 * np.pi, 2)
    height = rng.uniform(0, bound, 2)

    def displacement(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(height * np.sin(points @ frequency + phase))

    return displacement


def _tremor(length: int, deviation: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return noise that is smoothed along the stroke."""
    noise = rng.normal(0, 1, (length + 4, 2))
    kernel = np.ones(5) / np.sqrt(5)
    smooth = np.stack([np.convolve(noise[:, axis], kernel, "valid") for axis in (0, 1)], 1)
    return np.asarray(smooth * rng.uniform(0, deviation))


def _decimated(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """Keep every second to fourth point, and the last one."""
    step = int(rng.integers(2, 5))
    if len(stroke) < 3 * step:
        return stroke
    return np.concatenate([stroke[:-1:step], stroke[-1:]])


def _rounded(stroke: Stroke, times: int) -> Stroke:
    """Smooth each point with its neighbours, several times. Both ends stay."""
    smooth = stroke.copy()
    for _ in range(times):
        smooth[1:-1] = (smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]) / 4
    return smooth


def _interrupted(strokes: list[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Split the longest stroke in two, and drop up to an eighth of its points between them."""
    row = max(range(len(strokes)), key=lambda i: len(strokes[i]))
    stroke = strokes[row]
    if len(stroke) < 16:
        return strokes
    lost = int(rng.integers(1, len(stroke) // 8 + 1))
    start = int(rng.integers(4, len(stroke) - lost - 4))
    return [*strokes[:row], stroke[:start], stroke[start + lost :], *strokes[row + 1 :]]


def _ends(stroke: Stroke, bound: float, rng: np.random.Generator) -> Stroke:
    """Move both ends along their own direction: overshoot, or ink that starts late."""
    if len(stroke) < 6:
        return stroke
    moved = stroke.copy()
    for end, inner in ((0, 3), (-1, -4)):
        direction = stroke[end] - stroke[inner]
        length = np.hypot(*direction)
        if length > 0:
            moved[end] = stroke[end] + direction / length * rng.uniform(-bound / 2, bound)
    return moved


def _restyle(strokes: list[Stroke], label: int | None, rng: np.random.Generator) -> list[Stroke]:
    """Add or remove a part that is a matter of style: flag, foot, bar or slash."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = high - low
    if label in (0, 7) and len(strokes) == 2:
        return _without_bar(strokes, float(low[1]), float(height))
    if label == 1 and len(strokes) == 1 and width < 0.5 * height:
        return _restyled_one(strokes[0], rng)
    if label == 7 and len(strokes) == 1:
        # The bar crosses the stem, which hangs from the top right.
        middle = points[len(points) * 2 // 3]
        half = rng.uniform(0.15, 0.3)
        tilt = rng.uniform(-0.08, 0.04)
        bar = np.array([[-half, -tilt], [0.0, 0.0], [half, tilt]]) + middle
        return [*strokes, bar]
    if label == 0 and len(strokes) == 1 and width > 0.3 * height:
        # From below left to above right, sometimes beyond the ring.
        reach = rng.uniform(0.25, 0.55) * np.array([width, -height])
        slash = np.linspace(-reach, reach, 5) + (low + high) / 2
        return [*strokes, slash[:: rng.choice([-1, 1])]]
    return strokes


def _without_bar(strokes: list[Stroke], top: float, height: float) -> list[Stroke]:
    """Remove the bar of a 7 or the slash of a 0: a short stroke across the middle.

    A stroke above the middle, like the top of a 7 written in two strokes, stays.
    """
    lengths = [float(np.hypot(*np.diff(stroke, axis=0).T).sum()) for stroke in strokes]
    bar = int(np.argmin(lengths))
    middle = float(strokes[bar][:, 1].min() + strokes[bar][:, 1].max()) / 2
    if lengths[bar] > 0.5 * lengths[1 - bar] or not 0.3 < (middle - top) / height < 0.7:
        return strokes
    return [strokes[1 - bar]]


def _restyled_one(stroke: Stroke, rng: np.random.Generator) -> list[Stroke]:
    """Add a flag, a foot, or both to a plain 1."""
    top, bottom = (stroke[0], stroke[-1]) if stroke[0, 1] < stroke[-1, 1] else stroke[[-1, 0]]
    drawn = [stroke]
    kind = rng.random()
    if kind < 0.75:
        # Steep: a flat flag turns it into a 7.
        length, steepness = rng.uniform(0.15, 0.42), np.deg2rad(rng.uniform(35, 70))
        start = top + length * np.array([-np.cos(steepness), np.sin(steepness)])
        flag = np.linspace(start, top, 5)
        if stroke[0, 1] < stroke[-1, 1]:
            drawn = [np.concatenate([flag[:-1], stroke])]
        else:
            drawn = [stroke, flag]
    if kind > 0.6:
        half = rng.uniform(0.15, 0.35)
        drawn.append(bottom + np.array([[-half, 0.0], [0.0, 0.0], [half, 0.0]]))
    return drawn
