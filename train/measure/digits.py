"""Measurement of single digits: accuracy, its interval, and the quality of the confidence.

Figures are computed from results. A result is a reader's answer to one sample. The reader may be
the recogniser of this process or a server that is called over HTTP.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import (
    CHANNELS,
    Calibration,
    Classifier,
    Expect,
    Limits,
    Outputs,
    Reading,
    Status,
    Stroke,
)

from ..data.strokes import StrokeSample, file_name
from .statistics import auroc, calibration_error, negative_log_likelihood, over_writers, wilson

CLASSES = 10

BATCH = 500
"""Glyphs per call of the classifier."""

LIMITS = Limits(pixels=25_000_000, side=20_000)
"""Limits of pictures. The pictures made here are far smaller."""

MNIST_TEST = "MNIST test"
"""Name of the figures on MNIST's test set. Every card has them."""

DIGITS = "digits"
"""Kind of the samples that are digits."""


class Reader(Protocol):
    """A `Recognizer`, or a server with the same two methods."""

    def read_strokes(
        self, strokes: Sequence[Stroke], alternatives: int = 3, expect: Expect = "number"
    ) -> Reading:
        """See `Recognizer.read_strokes`."""
        ...

    def read_image(
        self, data: bytes, limits: Limits, alternatives: int = 3, expect: Expect = "number"
    ) -> Reading:
        """See `Recognizer.read_image`."""
        ...


@dataclass(frozen=True)
class Picture:
    """A digit as the bytes of a picture file."""

    label: int
    data: bytes
    writer: str | None = None


@dataclass(frozen=True)
class Result:
    """A reader's answer to one sample."""

    kind: str
    """`digits`, or the kind of non-digit."""
    label: int | None
    """The digit written, 0 to 9. None for a non-digit."""
    writer: str | None
    """None if writers are unknown."""
    status: Status
    text: str
    confidence: float
    """Calibrated probability, 0 to 1, that `text`, or the status if there is no text, is right."""
    probabilities: tuple[float, ...]
    """Calibrated probabilities of the digits 0 to 9, for any status. Empty if no ink was found."""
    is_digit: float | None
    """Calibrated P(is a digit). None if the model has no such output."""
    glyph: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)
    """The ink that the network saw, (28, 28), 255 on 0. None if no ink was found."""

    @property
    def read(self) -> int:
        """The most probable digit, for any status. -1, which is no label, if no ink was found."""
        if not self.probabilities:
            return -1
        return max(range(CLASSES), key=self.probabilities.__getitem__)

    @property
    def belief(self) -> float:
        """Probability that the best digit is right, even if rejected. It ranks the answers."""
        sure = 1.0 if self.is_digit is None else self.is_digit
        return sure * max(self.probabilities, default=0.0)

    @property
    def answered(self) -> bool:
        """Whether there is a text: the status is `ok` or `unsure`."""
        return self.status in ("ok", "unsure")


@dataclass(frozen=True)
class Figures:
    """The result on one set of digits. Shares are 0 to 1."""

    data: str
    count: int
    correct: int
    """Samples whose best digit is right, for any status."""
    confusion: list[list[int]]
    """Rows: the digit written; columns: the best digit."""
    way: str = ""
    """Input of the network: `glyphs`, `strokes` or `pictures`."""
    writers: int | None = None
    per_writer: float | None = None
    """Mean of the writers' accuracies. None if writers are unknown."""
    per_writer95: tuple[float, float] | None = None
    """95 % interval of that mean, by a bootstrap over writers."""
    accuracy95: tuple[float, float] | None = None
    """95 % interval of the accuracy by a bootstrap over writers. Wilson's interval ignores that one
    writer's samples are similar."""
    ece: float | None = None
    """Expected calibration error of the readings' confidence. None without a reading."""
    nll: float | None = None
    """Mean negative log-likelihood of the label, in nats."""
    ok: float | None = None
    """Share with the status `ok`."""
    unsure: float | None = None
    """Share with the status `unsure`."""
    rejected: float | None = None
    """False rejects: share with the status `not_a_number`. None if the model cannot reject."""
    ok_accuracy: float | None = None
    """Accuracy of the `ok` readings. None without any."""
    results: tuple[Result, ...] = field(default=(), compare=False, repr=False)
    """The results behind the figures, which are not stored."""

    @property
    def accuracy(self) -> float:
        """Share of samples read right, 0 to 1."""
        return self.correct / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy (Wilson 1927)."""
        return wilson(self.correct, self.count)

    @property
    def scores(self) -> NDArray[np.float64] | None:
        """P(is a digit) of every sample. None if the model has no such output."""
        return _scores(self.results)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for the model's card."""
        stored = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "results"}
        return {**stored, "accuracy": self.accuracy, "interval95": list(self.interval)}


@dataclass(frozen=True)
class NonDigitFigures:
    """The result on one set of non-digits. Shares are 0 to 1."""

    data: str
    count: int
    auroc: float | None
    """Probability that a digit has a higher P(is a digit) than a non-digit of the set. None if the
    model has no such output."""
    ok: float
    """False accepts: share with the status `ok`."""
    unsure: float
    """Share with the status `unsure`."""
    rejected: float | None
    """Share with the status `not_a_number`. None if the model cannot reject."""
    against: int = 0
    """Number of digits in the AUROC."""
    way: str = ""
    """See `Figures.way`."""
    results: tuple[Result, ...] = field(default=(), compare=False, repr=False)
    """The results behind the figures, which are not stored."""

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for the model's card."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "results"}


def evaluate_glyphs(
    data: str,
    classifier: Classifier,
    glyphs: NDArray[np.uint8],
    labels: NDArray[np.int64],
    calibration: Calibration | None = None,
) -> Figures:
    """Measure a classifier on ready glyphs, such as MNIST's.

    Args:
        glyphs: (N, 28, 28, C) uint8, N at least 1, C at most 5. Missing channels are 0.
        calibration: None leaves the classifier's outputs as they are.
    """
    calibration = calibration or Calibration()
    results: list[Result] = []
    for start in range(0, len(glyphs), BATCH):
        batch = glyphs[start : start + BATCH]
        batch = np.pad(batch, [(0, 0)] * 3 + [(0, CHANNELS - batch.shape[3])])
        decisions = decide(classifier.classify(batch), calibration)
        results += [
            Result(DIGITS, int(label), None, *answer, glyph=glyph[..., 0].copy())
            for label, answer, glyph in zip(
                labels[start : start + BATCH], decisions.answers(), batch, strict=True
            )
        ]
    return figures_of(data, results, "glyphs")


def evaluate_strokes(data: str, reader: Reader, samples: Iterable[StrokeSample]) -> Figures | None:
    """Measure a reader on pen strokes, through the server's own path. Return None without samples.

    Samples with another label than a single digit are skipped.
    """
    results = [
        _result(reader.read_strokes(s.strokes, 0, "digit"), DIGITS, int(s.label), s.writer)
        for s in samples
        if s.is_digit
    ]
    return figures_of(data, results, "strokes") if results else None


def evaluate_pictures(data: str, reader: Reader, pictures: Iterable[Picture]) -> Figures | None:
    """Measure a reader on picture files of one digit each, through the server's own path.

    Return None without samples.
    """
    results = [
        _result(reader.read_image(p.data, LIMITS, 0, "digit"), DIGITS, p.label, p.writer)
        for p in pictures
    ]
    return figures_of(data, results, "pictures") if results else None


def evaluate_nondigits(
    data: str,
    reader: Reader,
    drawings: Iterable[Sequence[Stroke]],
    digit_scores: NDArray[np.float64] | None,
    kind: str = "",
    expect: Expect = "digit",
) -> NonDigitFigures | None:
    """Measure a reader on drawings of non-digits. Return None without drawings.

    Args:
        digit_scores: P(is a digit) of digits that the same reader read in the same way
            (`Figures.scores`). The AUROC compares the drawings with them.
        kind: kind of non-digit. Empty stands for the name of the data.
        expect: see `Recognizer.read_strokes`.
    """
    results = tuple(
        _result(reader.read_strokes(strokes, 0, expect), kind or data, None, None)
        for strokes in drawings
    )
    if not results:
        return None
    scores = _scores(results)
    statuses = [result.status for result in results]
    return NonDigitFigures(
        data,
        len(results),
        None if scores is None or digit_scores is None else auroc(digit_scores, scores),
        ok=_share(statuses, "ok"),
        unsure=_share(statuses, "unsure"),
        rejected=None if scores is None else _share(statuses, "not_a_number"),
        against=0 if digit_scores is None else len(digit_scores),
        way="strokes",
        results=results,
    )


@dataclass(frozen=True)
class Decisions:
    """A `Recognizer`'s answers to N glyphs."""

    probabilities: NDArray[np.float64]
    """Calibrated, (N, 10)."""
    is_digit: NDArray[np.float64] | None
    """Calibrated, (N,)."""
    belief: NDArray[np.float64]
    """(N,) probability that the best digit is right, for any status."""
    rejected: NDArray[np.bool_]
    """(N,) whether the status is `not_a_number`."""
    unsure: NDArray[np.bool_]
    """(N,) whether the status is `unsure`."""

    def answers(self) -> Iterator[tuple[Status, str, float, tuple[float, ...], float | None]]:
        """Yield status, text, confidence, probabilities and is_digit of each, as in a `Result`."""
        for row, probabilities in enumerate(self.probabilities):
            best, belief = str(int(probabilities.argmax())), float(self.belief[row])
            is_digit = None if self.is_digit is None else float(self.is_digit[row])
            status: Status = "unsure" if self.unsure[row] else "ok"
            if self.rejected[row]:
                # Only a model with this output can reject.
                status, best, belief = "not_a_number", "", 1 - (is_digit or 0.0)
            yield status, best, belief, tuple(probabilities.tolist()), is_digit


def decide(outputs: Outputs, calibration: Calibration) -> Decisions:
    """Decide what becomes of a network's outputs. A test compares it with `Recognizer`."""
    probabilities = calibration.probabilities(outputs)
    is_digit = calibration.is_digit(outputs)
    sure = np.ones(len(probabilities)) if is_digit is None else is_digit
    belief = probabilities.max(axis=1) * sure
    rejected = sure < calibration.not_a_number
    unsure = ~rejected & (belief < calibration.unsure)
    return Decisions(probabilities, is_digit, belief, rejected, unsure)


def figures_of(data: str, results: Sequence[Result], way: str) -> Figures:
    """Compute all figures of one set of digits, at least one sample."""
    written = np.array([result.label for result in results], np.int64)
    read = np.array([result.read for result in results], np.int64)
    right = written == read
    confusion = np.zeros((CLASSES, CLASSES), np.int64)
    seen = read >= 0
    np.add.at(confusion, (written[seen], read[seen]), 1)
    statuses = [result.status for result in results]
    ok = np.array([status == "ok" for status in statuses])
    answered = np.array([result.answered for result in results])
    confidence = np.array([result.confidence for result in results])
    # Without ink, all digits are equally probable.
    nothing = (1 / CLASSES,) * CLASSES
    probabilities = np.array([result.probabilities or nothing for result in results])
    names = [result.writer for result in results if result.writer is not None]
    by_writer = over_writers(names, right) if len(names) == len(results) else None
    can_reject = any(result.is_digit is not None for result in results)
    return Figures(
        data,
        len(results),
        int(right.sum()),
        confusion.tolist(),
        way,
        writers=by_writer.writers if by_writer else None,
        per_writer=by_writer.mean if by_writer else None,
        per_writer95=by_writer.mean95 if by_writer else None,
        accuracy95=by_writer.accuracy95 if by_writer else None,
        ece=calibration_error(confidence[answered], right[answered]) if answered.any() else None,
        nll=negative_log_likelihood(probabilities, written),
        ok=float(ok.mean()),
        unsure=_share(statuses, "unsure"),
        rejected=_share(statuses, "not_a_number") if can_reject else None,
        ok_accuracy=float(right[ok].mean()) if ok.any() else None,
        results=tuple(results),
    )


def name_of(path: Path, split: str) -> str:
    """Return the name of a stroke file's figures."""
    return f"{file_name(path).split('.')[0]} ({split} writers)"


def _result(reading: Reading, kind: str, label: int | None, writer: str | None) -> Result:
    seen = reading.digits[0] if reading.digits else None
    return Result(
        kind,
        label,
        writer,
        reading.status,
        reading.text,
        reading.confidence,
        seen.probabilities if seen else (),
        seen.is_digit if seen else None,
        seen.glyph[..., 0].copy() if seen else None,
    )


def _scores(results: Sequence[Result]) -> NDArray[np.float64] | None:
    """Return P(is a digit) of each result, 0 without ink. None if the model has no such output."""
    if all(result.is_digit is None for result in results):
        return None
    return np.array([0.0 if r.is_digit is None else r.is_digit for r in results])


def _share(statuses: Sequence[Status], status: Status) -> float:
    return statuses.count(status) / len(statuses)
