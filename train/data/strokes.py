"""Stroke files: gzipped JSON Lines of pen strokes, one sample per line (docs/training.md)."""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from webapp.recognition import Stroke

from ..errors import DataError

SPLITS = {0: "test", 1: "dev", 2: "train", 3: "train"}
"""Split of a writer, by the CRC-32 of the name modulo 4. It has all samples of the writer."""

ABOUT_PENDIGITS = {
    "authors": "E. Alpaydin, F. Alimoglu",
    "licence": "CC BY 4.0",
    "citation": "Alpaydin, Alimoglu: Pen-Based Recognition of Handwritten Digits. UCI Machine "
    "Learning Repository, 1998",
}
"""Entry of a model's card for pendigits."""


@dataclass(frozen=True)
class StrokeSample:
    """A labelled sample of handwriting."""

    label: str
    writer: str
    strokes: tuple[Stroke, ...]
    provider: str = ""
    """Contributor of the sample. Empty if the file does not name one."""

    @property
    def is_digit(self) -> bool:
        """Whether the label is a single digit, 0 to 9."""
        return len(self.label) == 1 and self.label in "0123456789"

    @property
    def split(self) -> str:
        """`train`, `dev` or `test`, determined by the writer alone."""
        return SPLITS[zlib.crc32(self.writer.encode()) % 4]


def read_stroke_file(path: Path) -> Iterator[StrokeSample]:
    """Yield the samples of a stroke file, except those marked as suspect.

    Raises:
        DataError: the file cannot be read, or a line is not a sample.
    """
    number = 0  # line number, for the message
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                number += 1
                row = json.loads(line)
                if row.get("suspect"):
                    continue
                strokes = tuple(_stroke(points) for points in row["strokes"])
                yield StrokeSample(row["label"], row["writer"], strokes, row.get("provider", ""))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise DataError(f"the stroke file {path} cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}, line {number}: not a stroke sample: {error!r}") from error


def imported_from_unipen(path: Path) -> bool:
    """Check whether the first row names `import-unipen`, which means UNIPEN's licence."""
    return re.match(r"data/[1-8][a-d]?/", _source(path)) is not None


def of_pendigits(path: Path) -> bool:
    """Check whether the first row names pendigits as its source."""
    return _source(path).startswith("pendigits-orig.")


def file_name(path: Path) -> str:
    """Return the name of the file in a model's card.

    It is the file's own name, except for pendigits, whose file may share a name with one of
    UNIPEN's.
    """
    return "pendigits.jsonl.gz" if of_pendigits(path) else path.name


def _source(path: Path) -> str:
    """Return the source of the first row. Empty if the row or its source is missing.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            row = json.loads(next(lines, "{}"))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise DataError(f"the stroke file {path} cannot be read: {error}") from error
    except ValueError:
        return ""  # `read_stroke_file` reports the error
    return str(row.get("src", "")) if isinstance(row, dict) else ""


def _stroke(points: list[list[float]]) -> Stroke:
    stroke = np.asarray(points, np.float64)
    if stroke.ndim != 2 or stroke.shape[1] != 2 or not np.isfinite(stroke).all():
        raise ValueError(f"a stroke is a list of finite [x, y] pairs, got {str(points)[:60]}")
    return stroke
