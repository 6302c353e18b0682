"""Composed lines: digits of one writer, signs and other ink, placed as in handwriting.

Numbers written in one go are scarce, single digits are not. Symbols are varied as vectors, placed
on a line, and drawn by the server's own code. Lengths are in heights of a digit: x to the right, y
downwards, the baseline at y = 0. All randomness comes from the generator passed in.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Stroke
from webapp.recognition.ink.strip import Strip, boxes_of, frame_of, strip_of_ink, strip_of_strokes

from ..augment.strokes import warp
from ..errors import TrainError
from .degrade import boxes_of_ink, degraded
from .inks import Inks
from .placement import SCALE, WARP, Hand, Item, Rng, placed, random_hand
from .texts import random_text

LIGATURES = 0.05
"""Share of lines in which the pen stays down between some neighbouring digits."""

OUT_OF_ORDER = 0.1
"""Share of drawn lines with strokes in random order, like bars and dots that are added later."""


@dataclass(frozen=True)
class Line:
    """A line to train on."""

    strip: Strip
    target: NDArray[np.int8]
    """(N,) classes of the reader, without blanks."""
    extents: NDArray[np.float32] | None
    """(N, 2) first and last pixel column of each symbol's ink. None if unknown."""


def random_line(inks: Inks, rng: Rng) -> Line:
    """Return a line of random text by a random writer, as strokes or as a picture of any kind.

    Raises:
        TrainError: twenty lines in a row are wider than `WIDEST`.
    """
    for _ in range(20):
        kind = rng.random()
        if kind < 0.05 and inks.strings:
            line = _of_string(inks, rng)
        else:
            from_pixels = kind > 0.77 and len(inks.glyph_rows) > 0
            line = _composed(random_text(rng), inks, random_hand(rng), from_pixels, rng)
        if len(line.target) and line.strip.shape[1] <= WIDEST:
            return line
    raise TrainError(f"twenty lines in a row are wider than {WIDEST} pixels")


WIDEST = 512
"""Pixels of the widest line to train on. Wider ones (long numbers, wide gaps) are dropped."""


def composed_line(
    text: str, inks: Inks, rng: Rng, mode: str | None = None
) -> list[tuple[int, list[Stroke]]]:
    """Return the class and the strokes of each symbol of a text, left to right.

    The figures are measured on such lines.

    Args:
        text: made of `SYMBOLS` and the tokens of `texts`.
        mode: spacing: `apart`, `close`, `touching` or `mixed`. None draws one at random.
    """
    hand = random_hand(rng)
    hand = replace(hand, mode=mode or hand.mode, slope=hand.slope / 2)
    items = placed(text, inks, hand, False, rng)
    return [(item.label, item.strokes) for item in items]


def _composed(text: str, inks: Inks, hand: Hand, from_pixels: bool, rng: Rng) -> Line:
    items = placed(text, inks, hand, from_pixels, rng)
    target = np.array([item.label for item in items], np.int8)
    if from_pixels:
        return _as_picture(items, target, rng)
    if rng.random() < LIGATURES:
        _join(items, rng)
    if rng.random() < 0.25:
        return _as_picture(items, target, rng)
    strokes = [stroke for item in items for stroke in item.strokes]
    if rng.random() < OUT_OF_ORDER:
        strokes = [strokes[row] for row in rng.permutation(len(strokes)).tolist()]
    strip, left, scale = _drawn(strokes, rng)
    spans = np.array(
        [
            [min(s[:, 0].min() for s in item.strokes), max(s[:, 0].max() for s in item.strokes)]
            for item in items
        ]
    )
    return Line(strip, target, ((spans - left) * scale).astype(np.float32))


def _of_string(inks: Inks, rng: Rng) -> Line:
    """Return a number that somebody wrote in one go, varied as a whole."""
    text, strokes = inks.strings[int(rng.integers(len(inks.strings)))]
    amount = replace(WARP, rotation=5, slant=0.3, aspect=0.2, apart=0.004, ends=0.01, bend=0.01)
    varied = warp(strokes, None, amount, rng)
    target = np.array([int(d) for d in text], np.int8)
    if rng.random() < 0.3:
        points = np.concatenate(varied)
        low, high = points.min(0), points.max(0)
        size = max(float(high[1] - low[1]), 0.2 * float(high[0] - low[0]) / len(text), 1e-9)
        item = Item(0, [(stroke - low) / size for stroke in varied])
        line = _as_picture([item], target, rng)
        return replace(line, extents=None)
    strip, _, _ = _drawn(varied, rng)
    return Line(strip, target, None)


def _drawn(strokes: Sequence[Stroke], rng: Rng) -> tuple[Strip, float, float]:
    """Return a strip of strokes, and the left end and the scale of its frame."""
    frame = frame_of(boxes_of(strokes), rng.uniform(17, 22.5))
    strip = strip_of_strokes(strokes, frame, rng.uniform(1.2, 3.2), bool(rng.random() < 0.8))
    if not strip[..., 1:].any() and rng.random() < 0.5:
        ink = degraded(np.ascontiguousarray(strip[..., 0]), 20.0, rng)
        strip = np.dstack([ink[..., np.newaxis], strip[..., 1:]])
    return strip, frame.left, frame.scale


def _as_picture(items: Sequence[Item], target: NDArray[np.int8], rng: Rng) -> Line:
    """Draw or paste the line as ink, degrade it, and cut it out again like a picture's line."""
    body = SCALE
    if all(item.patch is None for item in items):
        body = float(rng.uniform(16, 56))
    points = np.concatenate([item.points() for item in items])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.3
    width, height = (np.ceil((high - low + 2 * margin) * body)).astype(int).tolist()
    # A thin pen's ink is a pixel wide. A marker's is a third of the digit's height.
    pen = body * float(np.exp(rng.uniform(np.log(0.035), np.log(0.17))))
    if body == SCALE:
        pen = body * rng.uniform(0.08, 0.17)
    canvas = np.zeros((2 * height, 2 * width), np.uint8)
    spans = np.zeros((len(items), 2))
    patches = np.zeros((height, width), np.uint8)
    for row, item in enumerate(items):
        own = item.points()[:, 0] - low[0] + margin
        spans[row] = own.min() * body, own.max() * body
        for stroke in item.strokes:
            pixels = np.rint(((stroke - low + margin) * body * 2 - 0.5) * 16).astype(np.int32)
            if len(pixels) == 1:
                pixels = np.repeat(pixels, 2, axis=0)
            cv2.polylines(canvas, [pixels], False, 255, max(1, round(2 * pen)), cv2.LINE_8, 4)
        if item.patch is not None and item.corner is not None:
            _paste(patches, item.patch, (item.corner - low + margin) * body)
    ink = np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    ink = np.maximum(ink, patches)
    if rng.random() < 0.75:
        ink = degraded(ink, body, rng)
    frame = frame_of(boxes_of_ink(ink), rng.uniform(17, 22.5))
    extents = ((spans - frame.left) * frame.scale).astype(np.float32)
    return Line(strip_of_ink(ink, frame), target, extents)


def _paste(canvas: NDArray[np.uint8], patch: NDArray[np.uint8], corner: Stroke) -> None:
    """Paste a patch onto the canvas, the darker ink on top, clipped to the canvas."""
    left, top = np.rint(corner).astype(int).tolist()
    rows, columns = patch.shape
    own = patch[max(0, -top) : canvas.shape[0] - top, max(0, -left) : canvas.shape[1] - left]
    if own.size == 0:
        return
    part = canvas[max(0, top) : top + rows, max(0, left) : left + columns]
    np.maximum(part, own, out=part)


def _join(items: list[Item], rng: Rng) -> None:
    """Join some neighbouring digits by a dragged pen."""
    for left, right in itertools.pairwise(items):
        if left.label > 9 or right.label > 9 or rng.random() < 0.4:
            continue
        start, end = left.strokes[-1][-1], right.strokes[0][0]
        if np.hypot(*(end - start)) > 1.2:
            continue
        bow = (start + end) / 2 + rng.normal(0, 0.06, 2)
        left.strokes[-1] = np.concatenate([left.strokes[-1], [bow]])
        right.strokes[0] = np.concatenate([[bow], right.strokes[0]])
