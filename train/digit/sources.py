"""Sources of training samples. Each yields glyphs that never repeat."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import CHANNELS, SIDE, Stroke, glyph_of_ink, glyph_of_strokes

from ..augment.digit_styles import drawn
from ..augment.pixels import Augmentation, augment, roughen
from ..augment.strokes import Warp, turned, warp
from ..data.nondigits import GENERATED, NOT_A_DIGIT, NonDigit, blot, generated
from ..data.strokes import StrokeSample


class Source(Protocol):
    """Labelled samples that are requested by row."""

    labels: NDArray[np.int64]
    """(N,), 0 to 9, or NOT_A_DIGIT."""

    def glyphs(
        self, rows: NDArray[np.int64], rng: np.random.Generator, strength: float = 1.0
    ) -> NDArray[np.uint8]:
        """Return varied glyphs of these rows, (n, 28, 28, 5) uint8.

        Args:
            strength: strength of the pixels' augmentation, 1 for the full amount. Strokes ignore
                it.
        """
        ...


@dataclass(frozen=True)
class Rendering:
    """Rendering of varied strokes as glyphs."""

    pen: tuple[float, float] = (1.5, 3.4)
    """Least and largest width of the redrawn pen, in pixels of the 20x20 box."""
    undirected: float = 0.3
    """Share of glyphs with empty direction maps, like those of a picture."""
    rough: float = 0.0
    """Share of glyphs with pale, soft or grainy ink, like that of a picture."""

    def glyphs(
        self, drawn: Sequence[Sequence[Stroke]], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Render drawings as glyphs, (N, 28, 28, 5) uint8."""
        directed = (rng.random(len(drawn)) >= self.undirected).tolist()
        pens = rng.uniform(*self.pen, len(drawn)).tolist()
        glyphs = np.stack(
            [glyph_of_strokes(*one) for one in zip(drawn, pens, directed, strict=True)]
        )
        rough = rng.random(len(glyphs)) < self.rough
        if rough.any():
            glyphs[rough] = roughen(glyphs[rough], rng)
        return glyphs


class GlyphSource:
    """Ready glyphs, such as MNIST's, varied as pixels. They have ink and no direction."""

    def __init__(
        self, glyphs: NDArray[np.uint8], labels: NDArray[np.int64], amount: Augmentation
    ) -> None:
        """Take glyphs of shape (N, 28, 28, 1) uint8."""
        self.labels = labels
        self._glyphs = glyphs
        self._amount = amount

    def glyphs(
        self, rows: NDArray[np.int64], rng: np.random.Generator, strength: float = 1.0
    ) -> NDArray[np.uint8]:
        """See `Source.glyphs`."""
        return _augmented(self._glyphs[rows], self._amount.times(strength), rng)


class SpoiltGlyphSource:
    """Pictures of non-digits: two of MNIST's digits as one, and blots."""

    def __init__(self, glyphs: NDArray[np.uint8], count: int, amount: Augmentation) -> None:
        self.labels = np.full(count, NOT_A_DIGIT, np.int64)
        self._glyphs = glyphs[..., 0]
        self._amount = amount

    def glyphs(
        self, rows: NDArray[np.int64], rng: np.random.Generator, strength: float = 1.0
    ) -> NDArray[np.uint8]:
        """See `Source.glyphs`."""
        spoilt = [self._pair(rng) if rng.random() < 0.6 else blot(rng) for _ in rows]
        glyphs = np.stack([glyph_of_ink(ink) for ink in spoilt])
        return _augmented(glyphs[..., :1], self._amount.times(strength), rng)

    def _pair(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return the ink of two digits side by side, apart, touching or overlapping."""
        canvas = np.zeros((SIDE + 8, 2 * SIDE), np.uint8)
        for left in (0, int(rng.integers(12, 24))):
            top = int(rng.integers(0, 9))
            part = canvas[top : top + SIDE, left : left + SIDE]
            np.maximum(part, self._glyphs[rng.integers(len(self._glyphs))], out=part)
        return canvas


class StrokeSource:
    """Pen strokes, varied as vectors and rendered by the server's own code."""

    def __init__(
        self,
        samples: Sequence[StrokeSample],
        amount: Warp,
        rendering: Rendering,
        styled: float = 0.0,
    ) -> None:
        """Take samples, and the share of glyphs, 0 to 1, that `digit_styles` draws instead.

        A styled glyph shows the sample's digit, drawn anew each time.
        """
        self.labels = np.array([int(sample.label) for sample in samples], np.int64)
        self._samples = samples
        self._amount = amount
        # A style has its own flag, bar or slash. A second one would spoil it.
        self._amount_of_styles = replace(amount, styles=0.0)
        self._rendering = rendering
        self._styled = styled

    def glyphs(
        self, rows: NDArray[np.int64], rng: np.random.Generator, strength: float = 1.0
    ) -> NDArray[np.uint8]:
        """See `Source.glyphs`."""
        styled = rng.random(len(rows)) < self._styled
        warped = [
            self._in_a_style(int(self.labels[row]), rng)
            if by_style
            else self._as_written(self._samples[row], rng)
            for row, by_style in zip(rows, styled, strict=True)
        ]
        return self._rendering.glyphs(warped, rng)

    def _as_written(self, sample: StrokeSample, rng: np.random.Generator) -> list[Stroke]:
        return warp(sample.strokes, int(sample.label), self._amount, rng)

    def _in_a_style(self, digit: int, rng: np.random.Generator) -> list[Stroke]:
        return warp(drawn(digit, rng), digit, self._amount_of_styles, rng)


MIX = {"letters": 2, "doodles": 2, "pairs": 2}
"""Relative frequency of each kind of non-digit, 1 if it is not listed. Two in five of the
non-digits from files are letters, although nine in ten samples are. Two in five of the generated
ones are pairs."""

TURNED = 0.5
"""Share of doodles that are mirrored and rotated by any angle. They stay what they are. A letter
would not: a P turns into a 9."""


class NonDigitSource:
    """Letters, symbols and doodles from files, and generated drawings."""

    def __init__(
        self,
        samples: Sequence[NonDigit],
        digits: Sequence[StrokeSample],
        count: int,
        drawn: int,
        amount: Warp,
        rendering: Rendering,
    ) -> None:
        """Take the samples and the rows per epoch: `count` in all, `drawn` of them generated.

        Some generated drawings are made of `digits`. The other rows are a random sample each time.
        `MIX` sets the frequency of the kinds.
        """
        self.labels = np.full(count, NOT_A_DIGIT, np.int64)
        self._drawn = drawn
        kinds = sorted({sample.kind for sample in samples})
        self._mix = [kind for kind in kinds for _ in range(MIX.get(kind, 1))]
        self._ours = [kind for kind in GENERATED for _ in range(MIX.get(kind, 1))]
        self._by_kind = {kind: [s for s in samples if s.kind == kind] for kind in kinds}
        self._digits = digits
        self._amount = amount
        self._rendering = rendering

    def glyphs(
        self, rows: NDArray[np.int64], rng: np.random.Generator, strength: float = 1.0
    ) -> NDArray[np.uint8]:
        """See `Source.glyphs`."""
        warped = []
        for row in rows:
            if row < self._drawn:
                kind = self._ours[row % len(self._ours)]
                strokes: Sequence[Stroke] = generated(kind, 1, rng, self._digits)[0]
            else:
                theirs = self._by_kind[self._mix[row % len(self._mix)]]
                sample = theirs[int(rng.integers(len(theirs)))]
                turn = sample.kind == "doodles" and rng.random() < TURNED
                strokes = turned(sample.strokes, rng) if turn else sample.strokes
            warped.append(warp(strokes, None, self._amount, rng))
        return self._rendering.glyphs(warped, rng)


def _augmented(
    ink: NDArray[np.uint8], amount: Augmentation, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Augment ink, (N, 28, 28, 1), as pixels, and add empty direction maps: (N, 28, 28, 5)."""
    glyphs = np.zeros((*ink.shape[:3], CHANNELS), np.uint8)
    glyphs[..., :1] = augment(ink, amount, rng)
    return glyphs


class Written(Protocol):
    """A sample with a writer."""

    @property
    def writer(self) -> str:
        """Name of the writer."""
        ...


Sample = TypeVar("Sample", bound=Written)


def balanced(samples: Sequence[Sample], cap: int, per_epoch: int, seed: int) -> list[Sample]:
    """Return `per_epoch` samples from whole passes with at most `cap` samples per writer.

    A few writers hold most of UNIPEN's digits. Without a cap, the network would learn their hands.
    """
    rng = np.random.default_rng(seed)
    by_writer: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_writer[sample.writer].append(sample)
    chosen: list[Sample] = []
    while len(chosen) < per_epoch:
        for writer in sorted(by_writer):
            theirs = by_writer[writer]
            rows = rng.permutation(len(theirs))[:cap]
            chosen.extend(theirs[row] for row in rows)
    order = rng.permutation(len(chosen))[:per_epoch]
    return [chosen[row] for row in order]
