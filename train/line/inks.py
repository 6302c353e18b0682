"""What composed lines are made of: digits by writer, signs, and other ink."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Stroke
from webapp.recognition.symbols import SIGNS

from ..data.mnist import WRITERS, dev_rows, load_mnist
from ..data.nondigits import LOOK_ALIKES, NonDigit, read_nondigits
from ..data.strokes import StrokeSample, read_stroke_file
from ..errors import TrainError

WRITER_CAP = 150
"""Samples of one writer, at most: a few writers hold most of UNIPEN's digits."""

NO_MARKS = frozenset([*SIGNS, *"|_`\\^?", "\\@"])
"""Symbols that are no other ink: signs themselves, or so like one or a 1 that nobody can tell."""

STRAIGHT = 0.15
"""Ink is a bar if it is at most this share as wide as long: 233 of UNIPEN's 32,870 train letters
are, all of them pieces of letters."""

Strokes = Sequence[Stroke]
"""One symbol, or one number, as it was written: arrays of shape (N, 2), y downwards, any unit."""


@dataclass(frozen=True)
class Writer:
    """The digits of one writer, by what they are."""

    digits: Mapping[int, Sequence[Strokes]]
    """Of each value 0 to 9; some may be missing."""

    @property
    def count(self) -> int:
        """Of all digits."""
        return sum(map(len, self.digits.values()))


@dataclass(frozen=True)
class Inks:
    """What lines are composed of, of the writers of one split."""

    writers: Sequence[Writer]
    """Of pen strokes."""
    signs: Mapping[str, Sequence[Strokes]]
    """Of each of `SIGNS`, at least one."""
    marks: Sequence[Strokes]
    """Symbols that are no sign of numbers."""
    letters: Sequence[Strokes]
    doodles: Sequence[Strokes]
    strings: Sequence[tuple[str, Strokes]]
    """Numbers that were written in one go, and their digits."""
    glyphs: NDArray[np.uint8]
    """MNIST's, (N, 28, 28), ink 255 on 0; N may be 0."""
    glyph_rows: Sequence[Mapping[int, NDArray[np.int64]]]
    """Rows of `glyphs` by what they are, for each writer."""


@dataclass(frozen=True)
class Files:
    """Where the inks come from: stroke files."""

    digits: tuple[Path, ...]
    """Single digits."""
    strings: tuple[Path, ...]
    """Numbers that were written in one go."""
    symbols: tuple[Path, ...]
    """Signs, letters and doodles."""

    @property
    def every(self) -> tuple[Path, ...]:
        """All of them."""
        return self.digits + self.strings + self.symbols


@dataclass(frozen=True)
class Source:
    """Whose ink is taken; sent to the process that composes lines."""

    files: Files
    mnist: Path | None = None
    """MNIST's folder; its training images are cut into lines by writer. None leaves them out."""
    splits: tuple[str, ...] = ("train",)
    without: tuple[str, ...] = ()
    """Contributors whose samples are left out."""
    only: tuple[str, ...] = ()
    """If any, samples of other contributors are left out, doodles apart."""
    doodles: tuple[str, ...] = ()
    """Splits of doodles, which no contributor is left out of; those of `splits` if empty."""

    def samples(self, path: Path) -> list[StrokeSample]:
        """The samples of a stroke file that are taken.

        Raises:
            DataError: the file cannot be read.
        """
        return [
            sample
            for sample in read_stroke_file(path)
            if sample.strokes and sample.split in self.splits and self._takes(sample.provider)
        ]

    def others(self, path: Path) -> list[NonDigit]:
        """The letters, symbols and doodles of a stroke file that are other ink.

        Raises:
            DataError: the file cannot be read.
        """
        return [
            other
            for split in dict.fromkeys((*self.splits, *self.doodles))
            for other in read_nondigits(path, split)
            if _is_other(other)
            and not is_bar(other.strokes)
            and (
                split in (self.doodles or self.splits)
                if other.kind == "doodles"
                else split in self.splits and self._takes(other.provider)
            )
        ]

    def _takes(self, provider: str) -> bool:
        return provider not in self.without and (not self.only or provider in self.only)


def load_inks(source: Source) -> Inks:
    """Load the inks.

    Raises:
        DataError: a file cannot be read.
        TrainError: a digit, a sign, letters or other symbols are missing.
    """
    by_writer: dict[str, list[StrokeSample]] = defaultdict(list)
    for path in source.files.digits:
        for sample in source.samples(path):
            if sample.is_digit:
                by_writer[sample.writer].append(sample)
    signs: dict[str, list[Strokes]] = {sign: [] for sign in SIGNS}
    others: dict[str, list[Strokes]] = {"letters": [], "symbols": [], "doodles": []}
    for path in source.files.symbols:
        for sample in source.samples(path):
            if sample.label in signs and is_whole(sample.label, sample.strokes):
                signs[sample.label].append(sample.strokes)
        for other in source.others(path):
            others[other.kind].append(other.strokes)
    if not by_writer:
        raise TrainError(f"no digits by {' or '.join(source.splits)} writers to compose lines of")
    for sign, found in signs.items():
        if not found:
            raise TrainError(f"no {sign} by these writers to compose lines with")
    writers = [_writer(by_writer[name]) for name in sorted(by_writer)]
    for digit in range(10):
        if not any(digit in writer.digits for writer in writers):
            raise TrainError(f"no {digit} by these writers to compose lines of")
    for kind in ("letters", "symbols"):
        if not others[kind]:
            raise TrainError(f"no {kind} by these writers to compose other ink of")
    glyphs = np.zeros((0, 28, 28), np.uint8)
    rows: list[dict[int, NDArray[np.int64]]] = []
    if source.mnist is not None:
        mnist = load_mnist(source.mnist)
        glyphs = mnist.train_glyphs[..., 0]
        for split in source.splits:
            rows += _rows_by_writer(mnist.train_labels, source.mnist, split)
    return Inks(
        writers,
        signs,
        others["symbols"],
        others["letters"],
        others["doodles"],
        [
            (sample.label, sample.strokes)
            for path in source.files.strings
            for sample in source.samples(path)
            if sample.label.isdecimal()
        ],
        glyphs,
        rows,
    )


@cache
def inks_of(source: Source) -> Inks:
    """`load_inks`, once a process."""
    return load_inks(source)


def is_bar(strokes: Strokes) -> bool:
    """Whether ink is one straight bar, or a point, whichever way it lies."""
    points = np.concatenate(strokes)
    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    wide, long = np.ptp(centred @ axes, axis=0).tolist()
    return bool(wide <= STRAIGHT * long)


def is_whole(sign: str, strokes: Strokes) -> bool:
    """Whether ink can be all of a sign.

    UNIPEN's signs were cut from what was written, some of them between their strokes: a + that is
    a bar, a % that is a ring, a $ that is an S. They would teach that any bar may be any sign.
    Brackets as straight as a slash would teach the same.
    """
    if sign in "+=:%$#()" and is_bar(strokes):
        # Of colons, a long point above another makes a bar too.
        return sign == ":" and len(strokes) > 1
    if sign in "=:%$":
        return len(strokes) >= 2
    if sign == "#":
        return len(strokes) >= 3
    if sign in "()":
        return len(strokes) == 1
    return True


def _is_other(sample: NonDigit) -> bool:
    return sample.label not in LOOK_ALIKES and not (
        sample.kind == "symbols" and sample.label in NO_MARKS
    )


def _writer(samples: Sequence[StrokeSample]) -> Writer:
    digits: dict[int, list[Strokes]] = defaultdict(list)
    step = max(1.0, len(samples) / WRITER_CAP)
    for place in np.arange(0, len(samples), step).astype(int).tolist():
        digits[int(samples[place].label)].append(samples[place].strokes)
    return Writer(dict(digits))


def _rows_by_writer(
    labels: NDArray[np.int64], folder: Path, split: str
) -> list[dict[int, NDArray[np.int64]]]:
    """MNIST's rows by writer and digit; its dev writers are those of `mnist.dev_rows`.

    Raises:
        DataError: the file that knows the writers cannot be read.
    """
    dev = dev_rows(folder, len(labels))
    everyone = np.load(folder / WRITERS)["train"][:, 2].astype(np.int64)
    everyone = np.where(dev == (split == "dev"), everyone, -1)
    order = np.lexsort((labels, everyone))
    writers: list[dict[int, NDArray[np.int64]]] = []
    for rows in np.split(order, np.flatnonzero(np.diff(everyone[order])) + 1):
        if everyone[rows[0]] >= 0:
            own = labels[rows]
            writers.append({int(d): rows[own == d] for d in np.unique(own)})
    return writers
