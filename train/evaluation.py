"""Measuring: how many are right, how sure that figure is, and which digits are mixed up."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Classifier, Recognizer

from .strokes import StrokeSample

CLASSES = 10
BATCH = 500
"""Glyphs classified at once while measuring."""

Z95 = 1.959964
"""Two-sided 95 % quantile of the normal distribution."""


@dataclass(frozen=True)
class Figures:
    """The result on one data set."""

    data: str
    count: int
    correct: int
    confusion: list[list[int]]
    """Rows: what was written; columns: what was read."""
    writers: int | None = None
    per_writer: float | None = None
    """Mean over writers of each one's accuracy; None where writers are not known."""

    @property
    def accuracy(self) -> float:
        """Share of samples read right, 0 to 1."""
        return self.correct / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy (Wilson 1927)."""
        n, p, z = self.count, self.accuracy, Z95
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return middle - half, middle + half

    def as_dict(self) -> dict[str, Any]:
        """For the model's card."""
        return {**asdict(self), "accuracy": self.accuracy, "interval95": list(self.interval)}


def evaluate_glyphs(
    data: str, classifier: Classifier, glyphs: NDArray[np.uint8], labels: NDArray[np.int64]
) -> Figures:
    """Figures on ready glyphs, (N, 28, 28, 1) uint8, such as MNIST's."""
    read = np.concatenate(
        [
            classifier.probabilities(glyphs[start : start + BATCH]).argmax(axis=1)
            for start in range(0, len(glyphs), BATCH)
        ]
    )
    return _figures(data, labels, read)


def evaluate_strokes(
    data: str, recognizer: Recognizer, samples: Iterable[StrokeSample]
) -> Figures | None:
    """Figures on pen strokes through the server's own path; None without samples.

    Samples whose label is not one digit are passed over.
    """
    digits = [s for s in samples if len(s.label) == 1 and s.label in "0123456789"]
    if not digits:
        return None
    written = np.array([int(s.label) for s in digits], np.int64)
    # What is no single digit of a reading counts as wrong: -1 is nobody's label.
    texts = [recognizer.read_strokes(s.strokes, alternatives=0).text for s in digits]
    read = np.array([int(t) if len(t) == 1 else -1 for t in texts], np.int64)
    return _figures(data, written, read, [s.writer for s in digits])


def _figures(
    data: str,
    written: NDArray[np.int64],
    read: NDArray[np.int64],
    writers: Sequence[str] | None = None,
) -> Figures:
    right = written == read
    confusion = np.zeros((CLASSES, CLASSES), np.int64)
    answered = read >= 0
    np.add.at(confusion, (written[answered], read[answered]), 1)
    names = per_writer = None
    if writers is not None:
        column = np.array(writers)
        names = sorted(set(writers))
        per_writer = float(np.mean([right[column == name].mean() for name in names]))
    return Figures(
        data,
        len(written),
        int(right.sum()),
        confusion.tolist(),
        len(names) if names is not None else None,
        per_writer,
    )


def table(rows: Sequence[Figures]) -> str:
    """One line a data set, for people."""
    form = "{:<34} {:>8} {:>8} {:>9}  {:<17}  {}"
    lines = [form.format("data", "samples", "right", "accuracy", "95 % interval", "per writer")]
    for row in rows:
        low, high = row.interval
        mean = "-" if row.per_writer is None else f"{row.per_writer:.2%} of {row.writers}"
        interval = f"{low:.2%} to {high:.2%}"
        lines.append(
            form.format(row.data, row.count, row.correct, f"{row.accuracy:.2%}", interval, mean)
        )
    return "\n".join(lines)


def worst_confusions(figures: Figures, most: int = 5) -> list[tuple[int, int, int]]:
    """(written, read, how often), the commonest first."""
    pairs = [
        (written, read, count)
        for written, row in enumerate(figures.confusion)
        for read, count in enumerate(row)
        if written != read and count
    ]
    return sorted(pairs, key=lambda pair: -pair[2])[:most]


def name_of(path: Path, split: str) -> str:
    """How a stroke file's figures are headed."""
    return f"{path.name.split('.')[0]} ({split} writers)"
