"""Where training samples come from: each source gives glyphs that are never twice the same."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import glyph_of_strokes

from .augment import Augmentation, augment
from .strokes import StrokeSample
from .warp import Warp, warp


class Source(Protocol):
    """Samples with labels that can be asked for by row."""

    labels: NDArray[np.int64]
    """(N,), 0 to 9."""

    def glyphs(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Varied glyphs of these rows, (n, 28, 28, 1) uint8."""
        ...


class GlyphSource:
    """Ready glyphs, such as MNIST's, varied as pixels."""

    def __init__(
        self, glyphs: NDArray[np.uint8], labels: NDArray[np.int64], amount: Augmentation
    ) -> None:
        self.labels = labels
        self._glyphs = glyphs
        self._amount = amount

    def glyphs(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint8]:
        """See `Source.glyphs`."""
        return augment(self._glyphs[rows], self._amount, rng)


class StrokeSource:
    """Pen strokes, varied as vectors and rendered by the server's own code."""

    def __init__(self, samples: Sequence[StrokeSample], amount: Warp) -> None:
        self.labels = np.array([int(sample.label) for sample in samples], np.int64)
        self._samples = samples
        self._amount = amount

    def glyphs(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint8]:
        """See `Source.glyphs`."""
        drawn = []
        for row in rows:
            sample = self._samples[row]
            strokes = warp(sample.strokes, int(sample.label), self._amount, rng)
            drawn.append(glyph_of_strokes(strokes, rng.uniform(*self._amount.pen)))
        return np.stack(drawn)


def balanced(
    samples: Sequence[StrokeSample], cap: int, per_epoch: int, seed: int
) -> list[StrokeSample]:
    """As many samples as asked for, whole passes first, no writer with more than `cap` a pass.

    A few writers hold most of UNIPEN's digits; without a cap theirs would be the hand learnt.
    """
    rng = np.random.default_rng(seed)
    by_writer: dict[str, list[StrokeSample]] = defaultdict(list)
    for sample in samples:
        by_writer[sample.writer].append(sample)
    chosen: list[StrokeSample] = []
    while len(chosen) < per_epoch:
        for writer in sorted(by_writer):
            theirs = by_writer[writer]
            rows = rng.permutation(len(theirs))[:cap]
            chosen.extend(theirs[row] for row in rows)
    order = rng.permutation(len(chosen))[:per_epoch]
    return [chosen[row] for row in order]
