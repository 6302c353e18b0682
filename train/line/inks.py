"""The ink that lines are composed of: digits by writer, signs, and other ink."""

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
"""Largest number of samples per writer. A few writers hold most of UNIPEN's digits."""

NO_MARKS = frozenset([*SIGNS, *"|_`\\^?", "\\@"])
"""Symbols that do not serve as other ink: the signs, and those too similar to a sign or to a 1."""

STRAIGHT = 0.15
"""Largest width of a bar, as a share of its length. 233 of UNIPEN's 32,870 train letters are bars,
and all of them are pieces of letters."""

Strokes = Sequence[Stroke]
"""One symbol or one number as written: arrays of shape (N, 2), y downwards, any unit."""


@dataclass(frozen=True)
class Writer:
    """The digits of one writer, by value."""

    digits: Mapping[int, Sequence[Strokes]]
    """Samples of each value 0 to 9. Values may be missing."""

    @property
    def count(self) -> int:
        """Number of samples."""
        return sum(map(len, self.digits.values()))


@dataclass(frozen=True)
class Inks:
    """The ink of the writers of one split, which lines are composed of."""

    writers: Sequence[Writer]
    """Digits written with a pen, by writer."""
    signs: Mapping[str, Sequence[Strokes]]
    """Samples of each of `SIGNS`, at least one."""
    marks: Sequence[Strokes]
    """Symbols other than the signs of numbers."""
    letters: Sequence[Strokes]
    doodles: Sequence[Strokes]
    strings: Sequence[tuple[str, Strokes]]
    """Numbers written in one go, and their digits."""
    glyphs: NDArray[np.uint8]
    """MNIST's digits, (N, 28, 28), ink 255 on 0. N may be 0."""
    glyph_rows: Sequence[Mapping[int, NDArray[np.int64]]]
    """For each writer, the rows of `glyphs` by value."""


@dataclass(frozen=True)
class Files:
    """The stroke files that the inks come from."""

    digits: tuple[Path, ...]
    """Files of single digits."""
    strings: tuple[Path, ...]
    """Files of numbers written in one go."""
    symbols: tuple[Path, ...]
    """Files of signs, letters and doodles."""

    @property
    def every(self) -> tuple[Path, ...]:
        """All files."""
        return self.digits + self.strings + self.symbols


@dataclass(frozen=True)
class Source:
    """Selection of inks by file, split and contributor, which is sent to the composing process."""

    files: Files
    mnist: Path | None = None
    """MNIST's folder. Its training images are composed by writer. None leaves them out."""
    splits: tuple[str, ...] = ("train",)
    without: tuple[str, ...] = ()
    """Contributors that are left out."""
    only: tuple[str, ...] = ()
    """Contributors that are kept. Empty keeps all. Doodles are always kept."""
    doodles: tuple[str, ...] = ()
    """Splits of the doodles, which have no contributor. Empty stands for `splits`."""

    def samples(self, path: Path) -> list[StrokeSample]:
        """Return the selected samples of a stroke file.

        Raises:
            DataError: the file cannot be read.
        """
        return [
            sample
            for sample in read_stroke_file(path)
            if sample.strokes and sample.split in self.splits and self._takes(sample.provider)
        ]

    def others(self, path: Path) -> list[NonDigit]:
        """Return the letters, symbols and doodles of a stroke file that serve as other ink.

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
    """Return `load_inks(source)`, cached per process."""
    return load_inks(source)


def is_bar(strokes: Strokes) -> bool:
    """Check whether ink is one straight bar in any direction, or a point."""
    points = np.concatenate(strokes)
    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    wide, long = np.ptp(centred @ axes, axis=0).tolist()
    return bool(wide <= STRAIGHT * long)


def is_whole(sign: str, strokes: Strokes) -> bool:
    """Check whether ink can be a complete sign.

    Some of UNIPEN's signs were cut out between their strokes: a + that is a bar, a % that is a
    ring, a $ that is an S. They would teach the network that any bar may be any sign. So would
    brackets as straight as a slash.
    """
    if sign in "+=:%$#()" and is_bar(strokes):
        # A long point above another makes a bar too, in a colon.
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
    """Return MNIST's rows by writer and digit. Its dev writers are those of `mnist.dev_rows`.

    Raises:
        DataError: the file of the writers cannot be read.
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
