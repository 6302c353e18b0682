"""Files to read: pictures, and drawings as the HTTP interface takes them."""

import codecs
import errno
import os
import stat
import sys
import unicodedata
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
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

DRAWING = ".json"
"""Ending of drawings."""

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", DRAWING}
"""Endings of the files of a folder that are read."""

UNREADABLE = (OSError, RecognitionError, ProblemError)
"""Errors of a file that cannot be read."""


class NotAFileError(OSError):
    """A path leads to a folder, a pipe or a device."""

    def __init__(self) -> None:
        super().__init__("It is no file.")


@dataclass(frozen=True)
class Source:
    """A file to read."""

    path: str
    is_named: bool = True
    """It is named, not found in a folder. It may then be a pipe, or `-` for the standard input."""
    error: str | None = None
    """Why it cannot be read: of a folder that cannot be listed."""


@dataclass(frozen=True)
class Row:
    """The result for one file."""

    file: str
    answer: dict[str, Any] | None
    """The API's answer, without `request_id`, `timing_ms` and `model`; None after an error."""
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as an object of JSON."""
        return {"file": text_of(self.file)} | (self.answer or {"error": self.error})


def plain(text: str) -> str:
    """Return a text for people, such as a file name, without what ends a line or a column, steers a
    terminal, or changes the direction of writing: `?` takes its place.
    """
    return "".join("?" if unicodedata.category(c) in _STEERING else c for c in text)


_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of Unicode: controls, formats (U+202E), surrogates, ends of lines and paragraphs."""


PARTIAL = ".partial"
"""Ending of files that are being written."""


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file so that it is never seen in part, whatever ends this process.

    Raises:
        OSError: it cannot be written. The error names the path.
    """
    place = Path(os.path.realpath(path))  # a link stays one
    # Of a long name only the end, because names have at most 255 bytes
    partial = place.parent / f".{place.name[-40:]}.{uuid.uuid4().hex}{PARTIAL}"
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(place)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def text_of(name: str) -> str:
    """Return the name of a file as text. Bytes that are none become U+FFFD."""
    return os.fsencode(name).decode("utf-8", "replace")


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


def listed(paths: Sequence[str]) -> list[Source]:
    """Return the files to read. A folder stands for the files in it, at any depth, by name.

    A folder that cannot be listed is there with its error.
    """
    found: list[Source] = []
    for path in paths:
        if path == STANDARD_INPUT or not os.path.isdir(path):  # noqa: PTH112  raises nothing
            found.append(Source(path))
            continue
        failed: list[Source] = []
        inside = [Source(name, is_named=False) for name in files_below(path, failed.append)]
        if not inside and not failed:
            click.echo(f"{plain(path)}: no pictures or drawings", err=True)
        found += sorted(inside + failed, key=lambda source: source.path)
    return found


def files_below(folder: str, fail: Callable[[Source], object]) -> Iterator[str]:
    """Yield the files of a folder that are read, at any depth. Links to folders are not followed.

    Args:
        fail: is called with each folder that cannot be listed.
    """
    rest = [folder]  # os.walk calls itself for each folder, and ends at some thousand
    while rest:
        place = rest.pop()
        try:
            with os.scandir(place) as entries:
                found = [*entries]
        except OSError as error:
            fail(Source(place, is_named=False, error=reason_of(error)))
            continue
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                rest += [entry.path] if is_visible(entry.name) else []
            elif is_read(entry.name) and not os.path.isdir(entry.path):  # noqa: PTH112
                yield entry.path


def is_visible(name: str) -> bool:
    """Check whether what is in a folder is looked at: hidden files and folders are not."""
    return not name.startswith(".")


def is_read(name: str) -> bool:
    """Check whether a file of a folder is read, by its name. The files of runs are not."""
    return is_visible(name) and not name.startswith("_") and name.lower().endswith(_ENDINGS)


_ENDINGS = tuple(sorted(SUFFIXES))


def read_file(reader: Reader, source: Source, expect: Expect | None, wanted: Wanted | None) -> Row:
    """Read a file. An error becomes a row.

    Args:
        expect: None takes what a drawing says, else `number`.
        wanted: None takes what a drawing says, else no bounds.
    """
    if source.error is not None:
        return Row(source.path, None, source.error)
    return read_data(reader, source.path, content_of(source), expect, wanted)


def content_of(source: Source) -> Callable[[int], bytes]:
    """Return a function that returns at most so many bytes of a file, or of the standard input."""

    def content(most: int) -> bytes:
        if source.is_named and source.path == STANDARD_INPUT:
            return sys.stdin.buffer.read(most)
        return bytes_of_file(source.path, most, is_named=source.is_named)

    return content


def bytes_of_file(path: str, most: int, is_named: bool = False) -> bytes:
    """Return at most so many bytes of a file. One that is named may be a pipe or a device.

    Raises:
        NotAFileError: it is no file.
        OSError: it cannot be read.
    """
    # A pipe that nobody writes to would be waited for when it is opened.
    waits = 0 if is_named else os.O_NONBLOCK
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | waits)) as file:
            if not is_named and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise NotAFileError
            return file.read(most)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise NotAFileError from error
        raise


def read_data(
    reader: Reader,
    name: str,
    content: Callable[[int], bytes],
    expect: Expect | None,
    wanted: Wanted | None,
) -> Row:
    """Read what a function returns: at most so many bytes of a file. See `read_file`."""
    try:
        return Row(name, _answer(reading_of(reader, name, content, expect, wanted)))
    except UNREADABLE as error:
        return Row(name, None, reason_of(error))


def reason_of(error: Exception) -> str:
    """Return why a file cannot be read."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def read_files(
    reader: Reader, sources: Sequence[Source], expect: Expect | None, wanted: Wanted | None
) -> Generator[Row, None, None]:
    """Read files one after the other."""
    for source in sources:
        yield read_file(reader, source, expect, wanted)


def reading_of(
    reader: Reader,
    name: str,
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
    data = data.removeprefix(codecs.BOM_UTF8)
    # No picture begins like a drawing. What is called a drawing gets the errors of one.
    if data.lstrip()[:1] != b"{" and not name.lower().endswith(DRAWING):
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
