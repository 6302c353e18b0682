"""Composed lines for the rounds of a fit, and batches of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import network_input
from webapp.recognition.ink.strip import BODY, ROWS, STRIP_CHANNELS
from webapp.recognition.network.line_reader import COLUMN

from .compose import Line, random_line
from .inks import Source, inks_of

WIDTH_STEP = 16
"""Width, in pixels, that strips of a batch are padded to a multiple of."""

WIDTH_JITTER = 0.15
"""Standard deviation, as a share, of the noise added to widths before lines of similar width are
batched. It varies which lines share a batch."""

UNDIRECTED = 0.1
"""Share of strips that lose their direction maps, in addition to those without any."""

NOTHING = -1
"""Padding of the targets of a batch."""


@dataclass(frozen=True)
class Batch:
    """A batch of lines of similar width."""

    strips: NDArray[np.float32]
    """(N, 32, W, 7), 0 to 1."""
    targets: NDArray[np.int32]
    """(N, L) classes, padded with `NOTHING`."""
    centres: NDArray[np.int32]
    """(N, L) column in the middle of each symbol's ink. `NOTHING` if unknown."""
    extents: NDArray[np.float32]
    """(N, W / 2, 3): how far a column's symbol reaches to the left and to the right, in heights of
    the writing (20 pixels), then 1. Zeros where there is no symbol or it is unknown. Where two
    symbols overlap, the one with the nearer middle counts."""


def composed_round(source: Source, count: int, seed: int, number: int) -> list[Line]:
    """Compose the lines of a round. The same seed and number give the same lines."""
    rng = np.random.default_rng([seed, number])
    inks = inks_of(source)
    return [random_line(inks, rng) for _ in range(count)]


def batches(lines: Sequence[Line], size: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Yield all lines once, in batches of similar width, in random order."""
    widths = np.array([line.strip.shape[1] for line in lines])
    order = np.argsort(widths * np.exp(rng.normal(0, WIDTH_JITTER, len(widths))))
    starts = rng.permutation(np.arange(0, len(order), size))
    for start in starts.tolist():
        yield _batch([lines[row] for row in order[start : start + size]], rng)


def _batch(lines: Sequence[Line], rng: np.random.Generator) -> Batch:
    widest = max(line.strip.shape[1] for line in lines) + COLUMN
    width = -(-widest // WIDTH_STEP) * WIDTH_STEP
    strips = np.zeros((len(lines), ROWS, width, STRIP_CHANNELS), np.uint8)
    longest = max(len(line.target) for line in lines)
    targets = np.full((len(lines), longest), NOTHING, np.int32)
    centres = np.full_like(targets, NOTHING)
    extents = np.zeros((len(lines), width // COLUMN, 3), np.float32)
    for row, line in enumerate(lines):
        # Shift by half a column at random: a symbol's position relative to the columns carries no
        # information.
        left = int(rng.integers(COLUMN))
        strip = line.strip if rng.random() >= UNDIRECTED else line.strip[..., :1]
        strips[row, :, left : left + strip.shape[1], : strip.shape[2]] = strip
        targets[row, : len(line.target)] = line.target
        if line.extents is not None:
            spans = line.extents + left
            extents[row] = extent_targets(spans, width // COLUMN)
            middles = centre_columns(spans, line.target)
            centres[row, : len(middles)] = middles.clip(0, width // COLUMN - 1)
    return Batch(network_input(strips, STRIP_CHANNELS), targets, centres, extents)


def centre_columns(spans: NDArray[np.float32], target: NDArray[np.int8]) -> NDArray[np.int32]:
    """Return the column that should emit each symbol, near the middle of its ink.

    A column emits one symbol, and CTC needs a blank between two equal symbols. A symbol that is too
    near to the previous one moves to the next possible column.

    Args:
        spans: (N, 2), first and last pixel of each symbol's ink.
        target: (N,) classes.
    """
    middles: NDArray[np.int32] = (spans.mean(axis=1) / COLUMN).astype(np.int32)
    for place in range(1, len(middles)):
        apart = 2 if target[place] == target[place - 1] else 1
        middles[place] = max(middles[place], middles[place - 1] + apart)
    return middles


def extent_targets(extents: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Return `Batch.extents` of one line, (columns, 3), from its `Line.extents`, at least one."""
    centres = (np.arange(columns, dtype=np.float32) + 0.5)[:, np.newaxis] * COLUMN
    before: NDArray[np.float32] = centres - extents[:, 0]
    after: NDArray[np.float32] = extents[:, 1] - centres
    inside = (before >= 0) & (after >= 0)
    off = np.where(inside, np.abs(before - after), np.inf)
    nearest = off.argmin(axis=1)
    every = np.arange(columns)
    known = np.asarray(inside.any(axis=1))
    found = np.stack([before[every, nearest], after[every, nearest]], 1) / BODY
    return np.column_stack([np.where(known.reshape(-1, 1), found, 0), known]).astype(np.float32)
