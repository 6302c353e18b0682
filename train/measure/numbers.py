"""Measurement of whole numbers: share read exactly, and errors of digits and signs."""

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from webapp.recognition import Reading, Status
from webapp.recognition.symbols import SIGNS

from ..data.photo_sets import PhotoSample
from ..data.strokes import StrokeSample
from .digits import LIMITS, Reader
from .statistics import RESAMPLES, over_writers
from .tables import percent

HEADS = (
    *("data", "numbers", "writers", "exact", "95 % by writers", "digit errors", "95 % by writers"),
    *("over", "under", "ok", "unsure", "rejected", "wrong though ok", "wrong of ok"),
)
"""Headings of the table's columns."""

DIGITS = set("0123456789")


@dataclass(frozen=True)
class NumberFigures:
    """The result on one set of numbers. Shares are 0 to 1."""

    data: str
    count: int
    writers: int
    exact: float
    """Share with a text that equals the label without spaces and line breaks. Rejected and empty
    readings have no text."""
    exact95: tuple[float, float]
    """95 % interval by a bootstrap over writers."""
    by_length: dict[int, tuple[int, int]]
    """For each length, how many numbers there are and how many are exact."""
    digit_errors: float
    """Edit distance between text and label, summed, as a share of the digits and signs written."""
    digit_errors95: tuple[float, float]
    over: float
    """Share read as more digits and signs than were written."""
    under: float
    """Share read as fewer digits and signs than were written."""
    ok: float
    unsure: float
    rejected: float
    """Share with the status `not_a_number`."""
    ok_exact: float | None
    """Share of the `ok` readings that are exact. None without any."""
    wrong_though_ok: float
    """Share that is `ok` and not exact: errors without a warning."""
    wrong_of_ok: float | None
    """Share of the `ok` readings that are not exact. None without any."""
    wrong: tuple[tuple[str, str], ...]
    """Label and text of each number that differs."""
    lines: tuple[int, int]
    """Number of lines written, and number of lines read exactly."""

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for a JSON file."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def is_number(sample: StrokeSample) -> bool:
    """Check whether the label is digits, with or without spaces and the signs of numbers."""
    symbols = set(written(sample))
    return bool(symbols & DIGITS) and symbols <= DIGITS | set(SIGNS)


def written(sample: StrokeSample) -> str:
    """Return the digits and signs of a label, without its spaces."""
    return "".join(sample.label.split())


def evaluate_numbers(
    data: str, reader: Reader, samples: Iterable[StrokeSample]
) -> NumberFigures | None:
    """Measure a reader on numbers, through the server's own path. Return None without samples."""
    return figures_of_numbers(
        data, ((s.label, s.writer, reader.read_strokes(s.strokes, alternatives=0)) for s in samples)
    )


def evaluate_photos(
    data: str, reader: Reader, photos: Iterable[PhotoSample]
) -> NumberFigures | None:
    """Measure a reader on picture files, through the server's own path. Return None without any."""
    return figures_of_numbers(
        data, ((p.label, p.writer, reader.read_image(p.data, LIMITS, 0)) for p in photos)
    )


def figures_of_numbers(
    data: str, answers: Iterable[tuple[str, str, Reading]]
) -> NumberFigures | None:
    """Compute the figures from triples of label, writer and reading. Return None without any."""
    pairs: list[tuple[str, str]] = []
    names: list[str] = []
    statuses: list[Status] = []
    lines = [0, 0]
    for label, writer, reading in answers:
        rows = ["".join(line.split()) for line in label.splitlines()]
        lines[0] += len(rows)
        lines[1] += _in_common(rows, reading.lines)
        pairs.append(("".join(rows), "".join(reading.lines)))
        names.append(writer)
        statuses.append(reading.status)
    if not pairs:
        return None
    right = np.array([label == text for label, text in pairs])
    ok = np.array([status == "ok" for status in statuses])
    edits = np.array([edit_distance(label, text) for label, text in pairs])
    lengths = np.array([len(label) for label, _ in pairs])
    longer = np.array([len(text) - len(label) for label, text in pairs])
    by_writer = over_writers(names, right)
    every = Counter(lengths.tolist())
    return NumberFigures(
        data,
        len(pairs),
        by_writer.writers,
        float(right.mean()),
        by_writer.accuracy95,
        {length: (every[length], int(right[lengths == length].sum())) for length in sorted(every)},
        float(edits.sum() / lengths.sum()),
        _errors95(names, edits, lengths),
        over=float((longer > 0).mean()),
        under=float((longer < 0).mean()),
        ok=statuses.count("ok") / len(pairs),
        unsure=statuses.count("unsure") / len(pairs),
        rejected=statuses.count("not_a_number") / len(pairs),
        ok_exact=float(right[ok].mean()) if ok.any() else None,
        wrong_though_ok=float((ok & ~right).mean()),
        wrong_of_ok=float(1 - right[ok].mean()) if ok.any() else None,
        wrong=tuple(pair for pair in pairs if pair[0] != pair[1]),
        lines=(lines[0], lines[1]),
    )


def numbers_table(rows: Sequence[NumberFigures]) -> str:
    """Format the figures, one line per set, then the exact rate by length."""
    lines = [HEADS, *map(_line, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    for row in rows:
        if len(row.by_length) > 1:
            each = ", ".join(
                f"{length}: {exact} of {count}" for length, (count, exact) in row.by_length.items()
            )
            text.append(f"{row.data}, exact by length: {each}")
        written, exact = row.lines
        if written > row.count:
            text.append(f"{row.data}, lines exact: {exact} of {written} ({exact / written:.1%})")
    return "\n".join(text)


def _in_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Count the lines that both have, in the same order."""
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


def edit_distance(one: str, other: str) -> int:
    """Return the fewest insertions, deletions and replacements (Levenshtein 1966)."""
    above = list(range(len(other) + 1))
    for row, character in enumerate(one, 1):
        here = [row]
        for column, against in enumerate(other, 1):
            replaced = above[column - 1] + (character != against)
            here.append(min(here[-1] + 1, above[column] + 1, replaced))
        above = here
    return above[-1]


def _errors95(
    names: Sequence[str], edits: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any]
) -> tuple[float, float]:
    """Return the 95 % interval of the digit error rate by a bootstrap over writers."""
    distinct, rows = np.unique(np.array(names), return_inverse=True)
    wrong = np.bincount(rows, weights=edits)
    digits = np.bincount(rows, weights=lengths)
    drawn = np.random.default_rng(0).integers(0, len(distinct), (RESAMPLES, len(distinct)))
    low, high = np.percentile(wrong[drawn].sum(axis=1) / digits[drawn].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _line(row: NumberFigures) -> tuple[str, ...]:
    return (
        row.data,
        f"{row.count:,}",
        str(row.writers),
        percent(row.exact),
        _range(row.exact95),
        percent(row.digit_errors),
        _range(row.digit_errors95),
        *(percent(share) for share in (row.over, row.under, row.ok, row.unsure, row.rejected)),
        percent(row.wrong_though_ok),
        percent(row.wrong_of_ok),
    )


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.2%} to {interval[1]:.2%}"
