"""`python -m train evaluate --only NAME`: figures of single contributors' digits."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp.recognition import Model

from ..data.strokes import read_stroke_file
from ..errors import TrainError
from ..progress import watched
from .digits import Figures, Reader, Result, evaluate_strokes, figures_of
from .tables import aligned, percent, range_of

HEADS = (
    *("contributor", "split", "samples", "writers", "right", "95 % by writers"),
    *("per writer", "refused", "wrong of ok"),
)
"""Headings of the table's columns."""


@dataclass(frozen=True)
class ContributorFigures:
    """The result on the digits of one contributor, or of all that were requested."""

    name: str
    splits: tuple[str, ...]
    """Splits of the writers that were measured."""
    figures: Figures
    refused: int
    """Number of digits without an answer: no ink, or P(is a digit) below the card's threshold."""
    wrong: int
    """Number of digits that are misread with the status `ok`."""
    ok: int
    """Number of digits with the status `ok`."""

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for the saved table."""
        return {
            "name": self.name,
            "splits": list(self.splits),
            "refused_count": self.refused,
            "wrong_though_ok": self.wrong,
            "ok_count": self.ok,
            **self.figures.as_dict(),
        }


def evaluate_contributors(options: argparse.Namespace, model: Model, reader: Reader) -> str:
    """Measure the digits of contributors, save the table and return it.

    If the model was trained without a contributor (`without` in its card), the contributor's train
    and dev writers are measured. Otherwise it is the writers of `--split`.

    Raises:
        TrainError: no contributor has digits, or the table cannot be saved.
    """
    left_out = frozenset(model.card.get("without", ()))
    every = [s for path in options.strokes for s in read_stroke_file(path) if s.is_digit]
    names = list(dict.fromkeys(options.only))
    rows: list[ContributorFigures] = []
    for name in names:
        splits = splits_of(name, left_out, options.split)
        samples = [s for s in every if s.provider == name and s.split in splits]
        found = evaluate_strokes(name, reader, watched(samples, name))
        rows += [_counted(name, splits, found.results)] if found else []
    if not rows:
        raise TrainError(f"the stroke files have no digits by {', '.join(names)} to measure")
    read = [row.name for row in rows]
    if len(rows) > 1:
        results = [result for row in rows for result in row.figures.results]
        rows.append(_counted("all of these", _splits(rows), results))
    silent = [name for name in names if name not in read]
    trained = [name for name in read if name not in left_out]
    lines = [f"{model.name} {model.version}", "", table(rows), ""]
    if silent:
        lines.append(f"No digits by {', '.join(silent)}.")
    if trained:
        lines.append(f"Not left out of training, by the card: {', '.join(trained)}.")
    text = "\n".join(lines).rstrip()
    _save(options.output, model.name, text, rows)
    return text


def splits_of(name: str, left_out: frozenset[str], split: str) -> tuple[str, ...]:
    """Return the splits to measure. Test writers are measured only on request."""
    return ("train", "dev") if name in left_out and split != "test" else (split,)


def table(rows: Sequence[ContributorFigures]) -> str:
    """Format the figures, one line per contributor."""
    return aligned([HEADS, *(_line(row) for row in rows)])


def _line(row: ContributorFigures) -> tuple[str, ...]:
    found = row.figures
    return (
        row.name,
        "+".join(row.splits),
        f"{found.count:,}",
        str(found.writers),
        percent(found.accuracy),
        range_of(found.accuracy95),
        percent(found.per_writer),
        f"{row.refused} ({percent(row.refused / found.count)})",
        f"{row.wrong} of {row.ok:,}",
    )


def _counted(name: str, splits: tuple[str, ...], results: Sequence[Result]) -> ContributorFigures:
    ok = [result for result in results if result.status == "ok"]
    return ContributorFigures(
        name,
        splits,
        figures_of(name, results, "strokes"),
        refused=sum(not result.answered for result in results),
        wrong=sum(result.read != result.label for result in ok),
        ok=len(ok),
    )


def _splits(rows: Sequence[ContributorFigures]) -> tuple[str, ...]:
    """Return every split in the rows, in the usual order."""
    measured = {split for row in rows for split in row.splits}
    return tuple(split for split in ("train", "dev", "test") if split in measured)


def _save(folder: Path, model: str, text: str, rows: Sequence[ContributorFigures]) -> None:
    """Save the table as text and as JSON.

    Raises:
        TrainError: the folder cannot be written to.
    """
    found = json.dumps([row.as_dict() for row in rows], indent=1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{model}-contributors.txt").write_text(text + "\n", encoding="utf-8")
        (folder / f"{model}-contributors.json").write_text(found + "\n", encoding="utf-8")
    except OSError as error:
        raise TrainError(f"{folder} cannot be written to: {error.strerror}") from error
    print(f"Tables: {folder}", file=sys.stderr)
