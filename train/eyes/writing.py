"""Handwriting as a pen leaves it on a sheet: the cover of its ink, and the bodies of its lines."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Stroke

from ..line.inks import Inks
from ..line.placement import SCALE, Item, placed, random_hand
from ..line.texts import DOODLE, LETTER, random_text
from .surfaces import Cover, Rng, noise

BODY_TOP, BODY_BOTTOM = 0.725, 0.275
"""Top and bottom of a line's body, in heights above the baseline: the middle 45 % of the height."""

WORD_GAP = 1.0
"""Width of the gaps that divide the body of a line, at least, in heights."""

THINNEST = 0.45
"""Width of the thinnest pen, in pixels: a hairline in a large picture that was reduced."""

LEAST_INK = 0.9
"""Least width of the ink to find, in pixels: a hairline is a line of one pixel."""

ONES = 0.12
"""Share of lines with mostly 1s. A bare 1 looks like a rule of the paper, and one digit in ten is
too few to learn the difference."""


@dataclass(frozen=True)
class Pen:
    """Properties of a pen's stroke."""

    width: float
    """Width, in heights of the writing."""
    pressure: float
    """Standard deviation of the width along a stroke, as a share."""
    grain: float
    """Variation of the ink by the paper's texture, 0 to 1."""
    fading: float
    """Fading of the ink in places, 0 to 1."""
    outline: bool = False
    """Whether borders are darker than the inside, like a felt pen's or a ballpoint's two lines."""


def random_pen(rng: Rng) -> Pen:
    """Return a random pen, from a hairline to a marker."""
    width = float(np.exp(rng.uniform(np.log(0.01), np.log(0.2))))
    rough = rng.random() < 0.25
    return Pen(
        width,
        pressure=float(rng.uniform(0, 0.3)),
        grain=float(rng.uniform(0.2, 0.9)) if rough else 0.0,
        fading=float(rng.uniform(0, 0.6)) if rng.random() < 0.4 else 0.0,
        outline=bool(width > 0.1 and rng.random() < 0.1),
    )


@dataclass(frozen=True)
class WrittenLine:
    """A line of writing, in heights. The baseline starts at (0, 0)."""

    items: Sequence[Item]
    slope: float
    """Fall of the baseline per length."""

    @property
    def width(self) -> float:
        """Right end of the ink."""
        return max(self.ends(item)[1] for item in self.items)

    @staticmethod
    def ends(item: Item) -> tuple[float, float]:
        """Return the left and right end of a symbol's ink."""
        across = item.points()[:, 0]
        return float(across.min()), float(across.max())


def random_written(inks: Inks, rng: Rng, words: float = 0.0) -> WrittenLine:
    """Return a random line by a random writer, of pen strokes or of MNIST's ink.

    Args:
        words: share of lines that are words or drawings instead of a text of `texts`.
    """
    while True:
        text = random_text(rng)
        if rng.random() < ONES:
            text = "".join("1" if c.isdigit() and rng.random() < 0.6 else c for c in text)
        if rng.random() < words:
            text = DOODLE if rng.random() < 0.25 else LETTER * int(rng.integers(1, 10))
        line = written(text, inks, len(inks.glyph_rows) > 0 and rng.random() < 0.2, rng)
        if line.items:
            return line


def written(text: str, inks: Inks, from_pixels: bool, rng: Rng) -> WrittenLine:
    """Return a text by a random writer, of pen strokes or of MNIST's ink."""
    hand = random_hand(rng)
    return WrittenLine(placed(text, inks, hand, from_pixels, rng), hand.slope)


def write(
    shape: tuple[int, int],
    lines: Sequence[tuple[WrittenLine, NDArray[np.float64]]],
    pen: Pen,
    rng: Rng,
) -> tuple[Cover, Cover, Cover]:
    """Draw lines. Return the ink's cover, the ink to find, and the bodies: (H, W) each, 0 to 1.

    Args:
        lines: each with the matrix, (2, 3), from its heights to pixels.
        pen: the pen of all lines.
    """
    height, width = shape
    canvas, least = np.zeros((2, 2 * height, 2 * width), np.uint8)
    pasted = np.zeros(shape, np.float32)
    bodies = np.zeros(shape, np.uint8)
    for line, matrix in lines:
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        for item in line.items:
            for stroke in item.strokes:
                pixels = stroke @ matrix[:, :2].T + matrix[:, 2]
                _draw(canvas, pixels, max(pen.width * scale, THINNEST), pen.pressure, rng)
                if pen.width * scale < LEAST_INK:
                    _draw(least, pixels, LEAST_INK, 0.0, rng)
            if item.patch is not None and item.corner is not None:
                _paste(pasted, item.patch, item.corner, matrix)
        for polygon in _bodies(line):
            pixels = (polygon @ matrix[:, :2].T + matrix[:, 2]) * 16 - 8
            cv2.fillConvexPoly(bodies, np.rint(pixels).astype(np.int32), 255, cv2.LINE_AA, 4)
    np.maximum(least, canvas, out=least)
    ink, wanted = (
        np.maximum(
            cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA) / np.float32(255),
            pasted,
        )
        for drawn in (canvas, least)
    )
    if pen.outline:
        inner = cv2.erode(ink, np.ones((3, 3), np.uint8))
        ink = np.maximum(ink - np.float32(0.5) * inner, 0)
    return ink, wanted, np.asarray(bodies / np.float32(255), np.float32)


def uneven(cover: Cover, pen: Pen, rng: Rng) -> Cover:
    """Return the darkness of ink: fainter where the pen fails and on the paper's texture."""
    dark = cover
    if pen.grain:
        tooth = noise(cover.shape, rng.uniform(0.8, 3), rng)
        dark = dark * (1 - np.float32(pen.grain) * (0.5 + 0.5 * tooth)).clip(0.1, 1)
    if pen.fading:
        clouds = noise(cover.shape, rng.uniform(10, 80), rng)
        dark = dark * (1 - np.float32(pen.fading) * (0.5 + 0.5 * clouds)).clip(0.25, 1)
    return np.asarray(dark, np.float32)


def _draw(
    canvas: NDArray[np.uint8], stroke: Stroke, width: float, pressure: float, rng: Rng
) -> None:
    """Draw a stroke at twice the size. Its width, in pixels, varies along the way."""
    pixels = np.rint((2 * stroke - 0.5) * 16).astype(np.int32)
    if len(pixels) == 1:
        pixels = np.repeat(pixels, 2, axis=0)
    runs = 1 if pressure < 0.05 else min(len(pixels) - 1, 6)
    cuts = np.linspace(0, len(pixels) - 1, runs + 1).astype(int)
    for start, end in itertools.pairwise(cuts.tolist()):
        own = max(1, round(2 * width * float(np.exp(rng.normal(0, pressure)))))
        cv2.polylines(canvas, [pixels[start : end + 1]], False, 255, own, cv2.LINE_8, 4)


def _paste(
    canvas: Cover,
    patch: NDArray[np.uint8],
    corner: NDArray[np.float64],
    matrix: NDArray[np.float64],
) -> None:
    """Paste a patch of MNIST's ink onto the canvas."""
    own = matrix[:, :2] / SCALE
    moved = np.column_stack([own, matrix[:, :2] @ corner + matrix[:, 2]])
    zoom = float(np.sqrt(abs(np.linalg.det(own))))
    if zoom < 0.6:
        patch = np.asarray(cv2.GaussianBlur(patch, (0, 0), 0.4 / zoom), np.uint8)
    size = canvas.shape[::-1]
    warped = cv2.warpAffine(patch, moved, size, flags=cv2.INTER_LINEAR)
    np.maximum(canvas, warped / np.float32(255), out=canvas)


def _bodies(line: WrittenLine) -> list[NDArray[np.float64]]:
    """Return quadrilaterals in heights, one per run of symbols without a wide gap."""
    spans = sorted(line.ends(item) for item in line.items)
    runs = [list(spans[0])]
    for start, end in spans[1:]:
        if start - runs[-1][1] > WORD_GAP:
            runs.append([start, end])
        else:
            runs[-1][1] = max(runs[-1][1], end)
    found = []
    for start, end in runs:
        if end - start < 0.3:  # a single 1 has a body, too
            start, end = (start + end) / 2 - 0.15, (start + end) / 2 + 0.15
        across = np.array([start, end, end, start])
        down = np.array([-BODY_TOP, -BODY_TOP, -BODY_BOTTOM, -BODY_BOTTOM])
        found.append(np.stack([across, down + line.slope * across], 1))
    return found
