"""Where training samples come from: each source gives glyphs that are never twice the same."""

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
    """Samples with labels that can be asked for by row."""

    labels: NDArray[np.int64]
    """(N,), 0 to 9, or NOT_A_DIGIT."""

    def glyphs(
        self, rows: NDArray[np.int64], rng: np.random.Generator, strength: float = 1.0
    ) -> NDArray[np.uint8]:
        """Varied glyphs of these rows, (n, 28, 28, 5) uint8.

        Args:
            strength: of what is done to pixels, 1 as far as was set. Strokes do not heed it.
        """
        ...


@dataclass(frozen=True)
class Rendering:
    """How varied strokes become glyphs."""

    pen: tuple[float, float] = (1.5, 3.4)
    """Width of the redrawn pen, in pixels of the 20x20 box, evenly between."""
    undirected: float = 0.3
    """Share of glyphs whose direction maps are emptied, as a picture's are."""
    rough: float = 0.0
    """Share of glyphs whose ink is made pale, soft or grainy, as a picture's is."""

    def glyphs(
        self, drawn: Sequence[Sequence[Stroke]], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """(N, 28, 28, 5) uint8."""
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
    """Ready glyphs, such as MNIST's, varied as pixels. They have ink, and no direction."""

    def __init__(
        self, glyphs: NDArray[np.uint8], labels: NDArray[np.int64], amount: Augmentation
    ) -> None:
        """Glyphs of shape (N, 28, 28, 1) uint8."""
        self.labels = labels
        self._glyphs = glyphs
        self._amount = amount

    def glyphs(
        self, rows: NDArray[np.int64], rng: np.random.Generator, strength: float = 1.0
    ) -> NDArray[np.uint8]:
        """See `Source.glyphs`."""
        return _augmented(self._glyphs[rows], self._amount.times(strength), rng)


class SpoiltGlyphSource:
    """Pictures of no digit: two of MNIST's digits as one, and blots."""

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
        """Ink of two digits beside each other, apart, touching or overlapping."""
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
        """Of the glyphs asked for, a share, 0 to 1, is drawn by `digit_styles.py` in place of what
        the writer wrote: the same digit, and another one each time.
        """
        self.labels = np.array([int(sample.label) for sample in samples], np.int64)
        self._samples = samples
        self._amount = amount
        # A style has its own flag, bar or slash: a second one would spoil it.
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
"""How often a kind of non-digit comes, where it is not once: two in five of those from files are
letters, though nine in ten samples are; two in five that we draw are pairs."""

TURNED = 0.5
"""Share of doodles that are mirrored and turned by any angle: what they show stays what it is. A
letter would not: a P turns into a 9."""


class NonDigitSource:
    """Letters, symbols and doodles, and beside them what we draw ourselves."""

    def __init__(
        self,
        samples: Sequence[NonDigit],
        digits: Sequence[StrokeSample],
        count: int,
        drawn: int,
        amount: Warp,
        rendering: Rendering,
    ) -> None:
        """Of `count` rows an epoch, `drawn` are drawn by us, some from `digits`; each of the others
        is another sample every time. Both are of kinds mixed by `MIX`.
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
    """Ink, (N, 28, 28, 1), varied as pixels; with empty direction maps, (N, 28, 28, 5)."""
    glyphs = np.zeros((*ink.shape[:3], CHANNELS), np.uint8)
    glyphs[..., :1] = augment(ink, amount, rng)
    return glyphs


class Written(Protocol):
    """Anything that somebody wrote."""

    @property
    def writer(self) -> str:
        """Who."""
        ...


Sample = TypeVar("Sample", bound=Written)


def balanced(samples: Sequence[Sample], cap: int, per_epoch: int, seed: int) -> list[Sample]:
    """As many samples as asked for, whole passes first, no writer with more than `cap` a pass.

    A few writers hold most of UNIPEN's digits; without a cap theirs would be the hand learnt.
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
