"""Files to read: pictures, and drawings as the HTTP interface takes them."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec
import numpy as np

from .api.answers import ModelAnswer, answer_of
from .api.requests import StrokesRequest, decode_json
from .config import ConfigError
from .forms import Wanted
from .library import Reader
from .problems import ProblemError
from .recognition import Expect, ModelError, Reading, RecognitionError

STANDARD_INPUT = "-"

WARM_UP = [(0, 0), (10, 0), (20, 0), (14, 16), (10, 30)]
"""A drawn 7."""

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".json"}
"""Files of a folder that are read."""


UNREADABLE = (OSError, RecognitionError, ProblemError)
"""Errors of a file that cannot be read."""


@dataclass(frozen=True)
class Row:
    """The result for one file."""

    file: str
    answer: dict[str, Any] | None
    """The API's answer, without `request_id`, `timing_ms` and `model`; None after an error."""
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as an object of JSON."""
        name = os.fsencode(self.file).decode("utf-8", "replace")
        return {"file": name} | (self.answer or {"error": self.error})


def quiet_reader() -> Reader:
    """Return a reader that has read once. LiteRT then prints its line about its delegate nowhere.

    Raises:
        click.ClickException: a setting is invalid, or a model is missing or broken.
    """
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        kept = nowhere
    os.dup2(nowhere, 2)
    try:
        reader = Reader()
        reader.read_strokes([WARM_UP])
        picture = np.full((28, 28), 255, np.uint8)
        picture[4:24, 12:16] = 0
        reader.read_image(picture)
    except (ConfigError, ModelError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        os.dup2(kept, 2)
        for descriptor in {kept, nowhere}:
            os.close(descriptor)
    return reader


def listed(paths: tuple[str, ...]) -> list[str]:
    """Return the files to read. A folder stands for the files in it, at any depth, by name."""
    found: list[str] = []
    for path in paths:
        if path and path != STANDARD_INPUT and Path(path).is_dir():
            inside = sorted(p for p in Path(path).rglob("*") if p.suffix.lower() in SUFFIXES)
            inside = [p for p in inside if not p.is_dir()]
            if not inside:
                click.echo(f"{path}: no pictures or drawings", err=True)
            found += map(str, inside)
        else:
            found.append(path)
    return found


def read_file(reader: Reader, path: str, expect: Expect | None, wanted: Wanted | None) -> Row:
    """Read a file, or the standard input for `-`. An error becomes a row.

    Args:
        expect: None takes what a drawing says, else `number`.
        wanted: None takes what a drawing says, else no bounds.
    """
    return read_data(reader, path, content_of(path), expect, wanted)


def content_of(path: str) -> Callable[[int], bytes]:
    """Return a function that returns at most so many bytes of a file, or of the standard input."""

    def content(most: int) -> bytes:
        if path == STANDARD_INPUT:
            return sys.stdin.buffer.read(most)
        with Path(path).open("rb") as file:
            return file.read(most)

    return content


def read_data(
    reader: Reader,
    name: str,
    content: Callable[[int], bytes],
    expect: Expect | None,
    wanted: Wanted | None,
) -> Row:
    """Read what a function returns: at most so many bytes of a file. See `read_file`."""
    try:
        return Row(name, _answer(reading_of(reader, content, expect, wanted)))
    except UNREADABLE as error:
        return Row(name, None, reason_of(error))


def reason_of(error: Exception) -> str:
    """Return why a file cannot be read."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def read_files(
    reader: Reader, paths: list[str], expect: Expect | None, wanted: Wanted | None
) -> Iterator[Row]:
    """Read files one after the other."""
    for path in paths:
        yield read_file(reader, path, expect, wanted)


def reading_of(
    reader: Reader,
    content: Callable[[int], bytes],
    expect: Expect | None = None,
    wanted: Wanted | None = None,
    alternatives: int | None = None,
) -> Reading:
    """Return the reading of a picture or a drawing; see `read_data`.

    Args:
        alternatives: number of alternatives, at most; None takes what a drawing says, else 3.

    Raises:
        OSError, RecognitionError, ProblemError: it cannot be read.
    """
    data = content(max(reader.settings.max_image_bytes, reader.settings.max_json_bytes) + 1)
    # No picture begins like this.
    if data.lstrip()[:1] != b"{":
        count = 3 if alternatives is None else alternatives
        return reader.read_image(data, expect or "number", count, wanted)
    if len(data) > reader.settings.max_json_bytes:
        raise ProblemError(
            413, f"The drawing has more than {reader.settings.max_json_bytes} bytes."
        )
    drawing = decode_json(data, StrokesRequest)
    asked = expect or drawing.expect
    bounds = wanted or drawing.wanted()
    if bounds is not None and asked != "number":
        raise ProblemError(422, f"pattern, min, max, check and sum_of do not go with {asked}.")
    count = drawing.alternatives if alternatives is None else alternatives
    return reader.read_strokes(drawing.as_strokes(), asked, count, bounds)


def _answer(reading: Reading) -> dict[str, Any]:
    model = ModelAnswer("", "")
    answer = answer_of(
        reading, surface=None, model=model, total_ms=0.0, request_id="", glyphs=False
    )
    found: dict[str, Any] = msgspec.to_builtins(answer)
    for name in ("request_id", "timing_ms", "model"):
        del found[name]
    return found
