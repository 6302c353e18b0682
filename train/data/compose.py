"""Composed numbers: digits of a stroke file side by side, as they might have been written.

What was written in one go is scarce; digits are not. One writer's digits make one number.
"""

import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np

from webapp.recognition import Stroke

from ..errors import DataError
from .strokes import StrokeSample

Spacing = Literal["apart", "touching", "kissing"]

SPACINGS: tuple[Spacing, ...] = ("apart", "touching")
"""Of strokes. In pictures nobody can tell what crosses what, so that they have digits that kiss."""

APART = (0.08, 0.45)
"""Empty width between two digits, in heights: from close to wide."""

OVERLAP = (0.0, 0.1)
"""How far the ink of touching digits reaches into each other, in heights."""

KISS = (-0.06, 0.0)
"""The same, of digits that kiss: their ink meets because the pen has a width."""

NOOK = 0.25
"""How far a digit moves under or over its neighbour to touch it, in heights, at most: nobody writes
a 1 under the roof of a 7."""

OWN_SHARE = 0.5
"""Of a digit's ink, so much at least is its own where a picture is to show it. By eye: of a contact
sheet, what has less could not be read."""

BLOT = 1.25
"""Lines whose middles are nearer than this, in widths of the pen, are one blot in a picture."""

HEIGHT_NOISE = 0.08
"""Standard deviation of a digit's height, as a share."""

BASE_NOISE = 0.05
"""Standard deviation of where a digit stands, in heights."""


def composed(
    samples: Sequence[StrokeSample],
    count: int,
    length: int,
    spacing: Spacing,
    rng: np.random.Generator,
    pen: float = 0.0,
) -> list[StrokeSample]:
    """So many numbers of so many digits, each by one writer; the same seed gives the same ones.

    Args:
        samples: single digits, of which every writer who gives a number has at least `length`.
        pen: of the pictures that are to show the numbers; see `side_by_side`.

    Raises:
        DataError: no writer has as many digits.
    """
    by_writer: dict[str, list[StrokeSample]] = {}
    for sample in samples:
        by_writer.setdefault(sample.writer, []).append(sample)
    writers = sorted(name for name, own in by_writer.items() if len(own) >= length)
    if not writers:
        raise DataError(f"no writer has {length} digits to make a number of")
    numbers = []
    for _ in range(count):
        writer = writers[int(rng.integers(len(writers)))]
        own = by_writer[writer]
        chosen = [own[i] for i in rng.choice(len(own), length, replace=False)]
        numbers.append(
            StrokeSample(
                "".join(sample.label for sample in chosen),
                writer,
                tuple(side_by_side([sample.strokes for sample in chosen], spacing, rng, pen)),
            )
        )
    return numbers


def side_by_side(
    digits: Sequence[Sequence[Stroke]],
    spacing: Spacing,
    rng: np.random.Generator,
    pen: float = 0.0,
) -> list[Stroke]:
    """Strokes of digits from left to right, about 1 high and standing on y = 0.

    Apart, there is an empty column between the boxes of two digits. Touching, ink meets ink or
    crosses a little, wherever the two come nearest: boxes may overlap by far. Kissing, it hardly
    crosses.

    Args:
        pen: width of the pen of a picture, in heights, in which no digit is to vanish in its
            neighbour; 0 for strokes, which say how they were written.
    """
    placed: list[Stroke] = []
    last: list[Stroke] = []
    for strokes in digits:
        drawn = _unit(strokes, rng)
        if last:
            right = max(float(stroke[:, 0].max()) for stroke in last)
            if spacing == "apart":
                shift = right + rng.uniform(*APART)
            else:
                overlap = OVERLAP if spacing == "touching" else KISS
                shift = right - _room(last, drawn) - rng.uniform(*overlap)
            drawn = [stroke + np.array([shift, 0.0]) for stroke in drawn]
            if pen:
                step = clearance(_points(last), _points(drawn), pen)
                drawn = [stroke + np.array([step, 0.0]) for stroke in drawn]
        placed += drawn
        last = drawn
    return placed


def _unit(strokes: Sequence[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """About 1 high, its left edge at x = 0, its foot about y = 0; flat ink is 1 wide."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    size = max(float(high[1] - low[1]), float(high[0] - low[0]) / 2, 1e-9)
    scale = max(0.5, rng.normal(1, HEIGHT_NOISE)) / size
    foot = np.array([low[0], high[1]])
    shift = np.array([0.0, rng.normal(0, BASE_NOISE)])
    return [(stroke - foot) * scale + shift for stroke in strokes]


def _room(left: Sequence[Stroke], right: Sequence[Stroke], rows: int = 25) -> float:
    """How far ink may move left from box beside box until it meets the ink there."""
    edge = max(float(stroke[:, 0].max()) for stroke in left)
    one, other = _points(left), _points(right)
    heights = np.linspace(-1.2, 0.2, rows + 1)
    room = np.inf
    for top, bottom in itertools.pairwise(heights):
        a = one[(one[:, 1] >= top) & (one[:, 1] < bottom), 0]
        b = other[(other[:, 1] >= top) & (other[:, 1] < bottom), 0]
        if len(a) and len(b):
            room = min(room, edge - float(a.max()) + float(b.min()))
    return min(room, NOOK)


def _points(strokes: Sequence[Stroke]) -> Stroke:
    """Points of strokes that are about 1 high, (N, 2), close to each other."""
    return np.concatenate([dense(stroke, 0.02) for stroke in strokes])


def clearance(left: Stroke, right: Stroke, pen: float) -> float:
    """How far ink moves to the right so that a picture of it and its neighbour shows two digits.

    Nobody can tell a 1 in the stem of a 9, or right beside it, from a thick stem: each of the two
    keeps `OWN_SHARE` of its ink to itself.

    Args:
        left, right: points of the ink, (N, 2), close to each other.
        pen: its width, in the unit of the points.
    """
    across, down = (np.subtract.outer(right[:, axis], left[:, axis]) for axis in (0, 1))
    step = pen / 2
    for count in range(int(2 * NOOK / step)):
        blot = np.hypot(across + count * step, down) < BLOT * pen
        if max(blot.any(axis=0).mean(), blot.any(axis=1).mean()) <= 1 - OWN_SHARE:
            return count * step
    return 2 * NOOK


def dense(stroke: Stroke, step: float) -> Stroke:
    """Points along a stroke, at most a step apart, in the stroke's unit."""
    moves = stroke[1:] - stroke[:-1]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(moves[:, 0], moves[:, 1]))])
    places = np.linspace(0, along[-1], 2 + int(along[-1] / step))
    return np.stack([np.interp(places, along, stroke[:, i]) for i in (0, 1)], 1)
