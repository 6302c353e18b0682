"""Composed numbers: digits of one writer side by side, as they might have been written.

Numbers written in one go are scarce, single digits are not.
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
"""Spacings of strokes. Only pictures have kissing digits: there, crossing lines are ambiguous."""

APART = (0.08, 0.45)
"""Least and largest gap between two digits that are apart, in heights."""

OVERLAP = (0.0, 0.1)
"""Least and largest overlap of the ink of touching digits, in heights."""

KISS = (-0.06, 0.0)
"""Least and largest overlap of kissing digits, in heights. The pen's width makes them meet."""

NOOK = 0.25
"""Largest distance that a digit moves under or over its neighbour to touch it, in heights. A 1 is
not written under the roof of a 7."""

OWN_SHARE = 0.5
"""Least share of a digit's ink outside its neighbour's ink, in a picture. Chosen by eye: on a
contact sheet, digits with less were illegible."""

BLOT = 1.25
"""Distance of the middles of two lines, in widths of the pen, below which they merge."""

HEIGHT_NOISE = 0.08
"""Standard deviation of a digit's height, as a share."""

BASE_NOISE = 0.05
"""Standard deviation of a digit's distance from the baseline, in heights."""


def composed(
    samples: Sequence[StrokeSample],
    count: int,
    length: int,
    spacing: Spacing,
    rng: np.random.Generator,
    pen: float = 0.0,
) -> list[StrokeSample]:
    """Compose numbers of `length` digits, each by one writer. The same seed gives the same numbers.

    Args:
        samples: single digits. Writers with fewer than `length` are skipped.
        pen: width of the pen of the pictures that will show the numbers. See `side_by_side`.

    Raises:
        DataError: no writer has `length` digits.
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
    """Place digits side by side. Each is about 1 high and stands on y = 0.

    `apart` leaves an empty column between the boxes of two digits. `touching` moves them until
    their ink meets or crosses a little where they are nearest, so that their boxes may overlap by
    far. `kissing` does the same with hardly any crossing.

    Args:
        pen: width of a picture's pen, in heights. No digit then disappears in its neighbour. 0 for
            strokes, which stay separate.
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
    """Scale ink to a height of about 1, its left edge at x = 0 and its foot near y = 0.

    Flat ink becomes about 2 wide at most.
    """
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    size = max(float(high[1] - low[1]), float(high[0] - low[0]) / 2, 1e-9)
    scale = max(0.5, rng.normal(1, HEIGHT_NOISE)) / size
    foot = np.array([low[0], high[1]])
    shift = np.array([0.0, rng.normal(0, BASE_NOISE)])
    return [(stroke - foot) * scale + shift for stroke in strokes]


def _room(left: Sequence[Stroke], right: Sequence[Stroke], rows: int = 25) -> float:
    """Return how far ink moves left, from box beside box, until it meets the ink there."""
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
    """Return dense points of strokes that are about 1 high, (N, 2)."""
    return np.concatenate([dense(stroke, 0.02) for stroke in strokes])


def clearance(left: Stroke, right: Stroke, pen: float) -> float:
    """Return how far ink moves to the right to stay legible beside its neighbour in a picture.

    In a picture, a 1 in the stem of a 9, or right beside it, looks like a thick stem. Each of the
    two keeps `OWN_SHARE` of its ink to itself.

    Args:
        left, right: dense points of the ink, (N, 2).
        pen: width of the pen, in the unit of the points.
    """
    across, down = (np.subtract.outer(right[:, axis], left[:, axis]) for axis in (0, 1))
    step = pen / 2
    for count in range(int(2 * NOOK / step)):
        blot = np.hypot(across + count * step, down) < BLOT * pen
        if max(blot.any(axis=0).mean(), blot.any(axis=1).mean()) <= 1 - OWN_SHARE:
            return count * step
    return 2 * NOOK


def dense(stroke: Stroke, step: float) -> Stroke:
    """Return points along a stroke, at most `step` apart, in the stroke's unit."""
    moves = stroke[1:] - stroke[:-1]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(moves[:, 0], moves[:, 1]))])
    places = np.linspace(0, along[-1], 2 + int(along[-1] / step))
    return np.stack([np.interp(places, along, stroke[:, i]) for i in (0, 1)], 1)
