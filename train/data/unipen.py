"""UNIPEN's original distribution, read into a stroke file (docs/training.md).

The format is that of I. Guyon, UNIPEN 1.0 Format Definition, 1994: statements that start with a dot
in the first column, each with the text up to the next one. Files below `data` name segments and
include the ink and its documentation from below `include`.
"""

import gzip
import json
import lzma
import math
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..errors import DataError

ABOUT = {
    "authors": "International Unipen Foundation",
    "licence": "CC BY 4.0 at Zenodo, doi:10.5281/zenodo.1195803; the text of the CD-ROM says for "
    "research",
    "citation": "Guyon, Schomaker, Plamondon, Liberman, Janet: UNIPEN project of on-line data "
    "exchange and recognizer benchmarks. Proceedings of ICPR, 1994",
}
"""What a model's card says of data imported here."""

CHARACTER = "CHARACTER"
"""The level of single characters; WORD and TEXT are others."""

FILE_BYTES = 64 * 2**20
"""The largest file that is read; the distribution's are a few MB."""

MM_PER_INCH = 25.4

FAMILIES = {
    "ap": ("apa", "apb", "apc", "apd", "ape", "app"),  # Apple
    "ce": ("cea", "ceb", "cec", "ced", "cee", "cef"),  # CEDAR, Buffalo
}
"""Contributions of one institution that share writers, whose names differ in case between them."""

BLANK = ["0", "0"]
"""What NIST put in place of ink that no segment of the release names."""

UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,  # a zip that has a password
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
)
"""What Python's archive modules raise at what is no archive, or a damaged one."""

STATEMENT = re.compile(r"^\.([A-Z][A-Z_0-9]*)", re.MULTILINE)
SEGMENT = re.compile(
    r'\s*\S+\s+(?P<where>[\d:-]+(?:\s*,\s*[\d:-]+)*)\s+(?:(?P<quality>[^\s"]+)\s+)?'
    r'"(?P<label>(?:[^"\\]|\\.)*)"',
    re.DOTALL,
)
RANGE = re.compile(r"(\d+)(?::(\d+))?(?:-(\d+)(?::(\d+))?)?")
ESCAPE = re.compile(r'\\(["\\])')

NO_INK = "without coordinates"
NO_COMPONENT = "of components that are not there"
NO_LABEL = "without a label"
NO_WRITER = "by nobody named"

Point = list[float]
Files = Mapping[str, Callable[[], bytes]]
"""What a file's name, such as `data/1a/gmd/monu.dat`, is read by."""


@dataclass
class Tally:
    """What an import made, and what it left out and why."""

    files: int = 0
    samples: int = 0
    writers: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    """How often each file was to be included that is not there."""
    broken: list[str] = field(default_factory=list)
    """What was wrong with each file that was skipped."""


def import_unipen(
    source: Path,
    output: Path,
    level: str = CHARACTER,
    parts: tuple[str, ...] = (),
    skip_broken: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Tally:
    """Write the segments of one level as a stroke file, in the order of the files' names.

    Args:
        source: the distribution, as a folder, a tar (zipped or not) or a zip; an archive is read
            in memory, never unpacked.
        output: written beside and moved over when it is whole.
        level: of the hierarchy: CHARACTER, WORD, TEXT.
        parts: the folders of `data` to read, such as 1a; none means all.
        skip_broken: go on after a file that is not in the format.
        progress: told how many files of how many have been read.

    Raises:
        DataError: the distribution cannot be read, is not in its format or has no such segments,
            or the stroke file cannot be written.
    """
    files = _distribution(source)
    names = _documents(source, files, parts)
    tally = Tally()
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".import-") as folder:
            built = Path(folder) / output.name
            with built.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as lines:
                for done, name in enumerate(names):
                    progress(done, len(names))
                    for row in _rows(name, files, level, tally, skip_broken):
                        lines.write(f"{json.dumps(row, ensure_ascii=False)}\n".encode())
            if not tally.samples:
                raise DataError(f"{source} has no {level} segments with ink")
            built.replace(output)
    except OSError as error:
        raise DataError(f"{output} cannot be written: {error}") from error
    return tally


def _rows(
    name: str, files: Files, level: str, tally: Tally, skip_broken: bool
) -> list[dict[str, Any]]:
    """The samples of one file below `data`, all or none."""
    document = _Document(files, level)
    try:
        document.read(name)
        rows = [row for row in (_row(name, s, document) for s in document.segments) if row]
    except DataError as error:
        if not skip_broken:
            raise
        tally.broken.append(str(error))
        return []
    tally.files += 1
    tally.samples += len(rows)
    tally.writers.update(row["writer"] for row in rows)
    tally.left_out.update(document.left_out)
    tally.missing.update(document.missing)
    return rows


# The distribution's files


def _distribution(source: Path) -> Files:
    """Its files by their names below its root, which is where `data` and `include` are."""
    try:
        if source.is_dir():
            found: dict[str, Callable[[], bytes]] = {
                path.relative_to(source).as_posix(): partial(_read, path)
                for path in source.rglob("*")
                if path.is_file()
            }
        else:
            # An archive is gone through once; its files wait packed, since all of them would fill
            # the memory of a small machine.
            found = {
                PurePosixPath(name).as_posix(): partial(zlib.decompress, zlib.compress(content, 1))
                for name, content in _members(source)
            }
    except UNREADABLE as error:
        raise DataError(f"{source} cannot be read: {error}") from error
    paths = [PurePosixPath(name).parts for name in found]
    tops = [
        {path[:at] for path in paths for at, part in enumerate(path[:-1]) if part == folder}
        for folder in ("data", "include")
    ]
    roots = sorted(tops[0] & tops[1], key=len)
    if not roots:
        raise DataError(f"{source} is no UNIPEN distribution: no folders data and include in it")
    root = "".join(f"{part}/" for part in roots[0])
    return {name.removeprefix(root): read for name, read in found.items() if name.startswith(root)}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the plain files of an archive; links and devices are passed over."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                if not entry.is_dir():
                    with zipped.open(entry) as file:
                        yield entry.filename, _content(archive, entry.filename, file)
        return
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            opened = tar.extractfile(member) if member.isreg() else None
            if opened:
                with opened as file:
                    yield member.name, _content(archive, member.name, file)


def _content(archive: Path, name: str, file: IO[bytes]) -> bytes:
    content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise DataError(f"{archive}: {name} has more than {FILE_BYTES:,} bytes")
    return content


def _documents(source: Path, files: Files, parts: tuple[str, ...]) -> list[str]:
    """Names of the form data/PART/CONTRIBUTOR/…, sorted."""
    names = sorted(n for n in files if n.startswith("data/") and n.count("/") >= 3)
    there = {name.split("/")[1] for name in names}
    for part in parts:
        if part not in there:
            raise DataError(f"{source} has no part {part}, only {', '.join(sorted(there))}")
    return [name for name in names if not parts or name.split("/")[1] in parts]


# One document: a file below `data`, with all it includes


@dataclass(frozen=True)
class _Place:
    """Where a statement's text starts."""

    file: str
    text: str
    at: int

    def error(self, message: str, lines: int = 0) -> DataError:
        line = self.text.count("\n", 0, self.at) + 1 + lines
        return DataError(f"{self.file}, line {line}: {message}")


@dataclass(frozen=True)
class _Settings:
    """What the statements before some ink say of it."""

    columns: tuple[str, ...] = ("X", "Y")
    ppmm: tuple[float | None, float | None] = (None, None)
    hz: float | None = None
    writer: str | None = None


@dataclass(frozen=True)
class _Component:
    """What the pen did between two events; a lifted pen that is recorded counts as one."""

    place: _Place
    down: bool
    text: str
    settings: _Settings

    def points(self) -> list[Point]:
        """[x, y] as in the file; none of what was blanked out."""
        words = self.text.split()
        columns = self.settings.columns
        if words == BLANK:
            return []
        try:
            numbers = [_number(word) for word in words]
        except ValueError as error:
            raise self._not_numbers() from error
        if len(numbers) % len(columns):
            raise self.place.error(
                f"{len(numbers)} numbers are no rows of {len(columns)} ({' '.join(columns)})"
            )
        x, y = columns.index("X"), columns.index("Y")
        step = len(columns)
        return [list(point) for point in zip(numbers[x::step], numbers[y::step], strict=True)]

    def _not_numbers(self) -> DataError:
        for lines, line in enumerate(self.text.split("\n")):
            for word in line.split():
                try:
                    _number(word)
                except ValueError:
                    return self.place.error(f"a coordinate is a number, got {word[:40]!r}", lines)
        raise AssertionError("some word is no number")


@dataclass(frozen=True)
class _Segment:
    where: str
    ranges: tuple[tuple[int, int, int, int | None], ...]
    """First component, its first point, last component, its last point (None: to its end)."""
    quality: str
    label: str


class _Document:
    """The components and the segments of one level, in the order of the statements."""

    def __init__(self, files: Files, level: str) -> None:
        self.components: list[_Component] = []
        self.segments: list[_Segment] = []
        self.left_out: Counter[str] = Counter()
        self.missing: Counter[str] = Counter()
        self._files = files
        self._level = level
        self._settings = _Settings()

    def read(self, name: str, within: tuple[str, ...] = ()) -> None:
        """Go through a file of the distribution and, where it says so, through others."""
        text = self._files[name]().decode("latin-1")
        found = list(STATEMENT.finditer(text))
        ends = [*(following.start() for following in found[1:]), len(text)]
        for statement, end in zip(found, ends, strict=False):  # a file may have no statements
            place = _Place(name, text, statement.end())
            self._take(statement[1], text[statement.end() : end], place, (*within, name))

    def _take(self, keyword: str, text: str, place: _Place, within: tuple[str, ...]) -> None:
        match keyword:
            case "INCLUDE":
                self._include(text.strip(), place, within)
            case "PEN_DOWN" | "PEN_UP":
                if text.strip():  # one without points is an event, not a component
                    down = keyword == "PEN_DOWN"
                    self.components.append(_Component(place, down, text, self._settings))
            case "SEGMENT":
                self._segment(text, place)
            case "COORD":
                columns = tuple(text.split())
                if not {"X", "Y"} <= set(columns):
                    raise place.error(f"ink has columns X and Y, got {text.strip()[:40]!r}")
                self._settings = replace(self._settings, columns=columns)
            case "WRITER_ID":
                writer = text.split()[0] if text.strip() else None
                self._settings = replace(self._settings, writer=writer)
            case "POINTS_PER_SECOND":
                self._settings = replace(self._settings, hz=_setting(text, place))
            case "X_POINTS_PER_MM" | "Y_POINTS_PER_MM" | "X_POINTS_PER_INCH" | "Y_POINTS_PER_INCH":
                value = _setting(text, place)
                if value is not None and keyword.endswith("INCH"):
                    value /= MM_PER_INCH
                x, y = self._settings.ppmm
                ppmm = (value, y) if keyword.startswith("X") else (x, value)
                self._settings = replace(self._settings, ppmm=ppmm)

    def _include(self, path: str, place: _Place, within: tuple[str, ...]) -> None:
        # Only ever looked up among the distribution's own files, so no path leads out of it.
        name = f"include/{path}"
        if name in within:
            raise place.error(f"{path} includes itself")
        if name in self._files:
            self.read(name, within)
        else:
            self.missing[path] += 1

    def _segment(self, text: str, place: _Place) -> None:
        if text.split(maxsplit=1)[:1] != [self._level]:
            return
        if '"' not in text:
            self.left_out[NO_LABEL] += 1
            return
        found = SEGMENT.match(text)
        if not found:
            raise place.error(f"no segment: {' '.join(text.split())[:60]}")
        where = "".join(found["where"].split())
        self.segments.append(
            _Segment(where, _ranges(where, place), found["quality"] or "?", _label(found["label"]))
        )

    def strokes(self, segment: _Segment) -> list[list[Point]]:
        """What the pen drew of a segment, stroke by stroke.

        Raises:
            IndexError: the segment names a component that is not there.
        """
        drawn = []
        for first, first_point, last, last_point in segment.ranges:
            for number in range(first, last + 1):
                component = self.components[number]
                if component.down:
                    start = first_point if number == first else 0
                    end = last_point + 1 if number == last and last_point is not None else None
                    drawn.append(component.points()[start:end])
        return [stroke for stroke in drawn if stroke]


def _row(name: str, segment: _Segment, document: _Document) -> dict[str, Any] | None:
    """A line of the stroke file, or None, counted, where there is nothing to draw."""
    try:
        strokes = document.strokes(segment)
    except IndexError:
        document.left_out[NO_COMPONENT] += 1
        return None
    settings = document.components[segment.ranges[0][0]].settings
    if not strokes or not settings.writer:
        document.left_out[NO_INK if settings.writer else NO_WRITER] += 1
        return None
    provider = name.split("/")[2]
    return {
        "label": segment.label,
        "writer": _writer(provider, settings.writer),
        "strokes": _downwards(strokes),
        "provider": provider,
        "ppmm": [None if value is None else round(float(value), 3) for value in settings.ppmm],
        "hz": settings.hz,
        "src": f"{name}#{segment.where}",
        "quality": segment.quality,
    }


def _writer(provider: str, writer: str) -> str:
    """A name that is the same wherever the same hand wrote: it decides the split."""
    for family, providers in FAMILIES.items():
        if provider in providers:
            return f"{family}-{writer.lower()}"
    return f"{provider}-{writer}"


def _downwards(strokes: list[list[Point]]) -> list[list[Point]]:
    """UNIPEN's y grows upwards: turned over, and moved so that the box's corner is (0, 0)."""
    left = min(x for stroke in strokes for x, _ in stroke)
    top = max(y for stroke in strokes for _, y in stroke)
    return [[[x - left, top - y] for x, y in stroke] for stroke in strokes]


def _ranges(where: str, place: _Place) -> tuple[tuple[int, int, int, int | None], ...]:
    """`3`, `1-2`, `4:10-5:3`, `3,5`: components, or points of them, each end included."""
    ranges = []
    for part in where.split(","):
        found = RANGE.fullmatch(part)
        if not found:
            raise place.error(f"a segment has components such as 3 or 4:10-5:3, got {part[:40]!r}")
        single = found[3] is None  # a component, or a point of one
        first, last = int(found[1]), int(found[1] if single else found[3])
        end = found[2] if single else found[4]
        first_point, last_point = int(found[2] or 0), None if end is None else int(end)
        if last < first or (last == first and last_point is not None and last_point < first_point):
            raise place.error(f"a segment runs forwards, got {part[:40]!r}")
        ranges.append((first, first_point, last, last_point))
    return tuple(ranges)


def _label(text: str) -> str:
    return ESCAPE.sub(r"\1", " ".join(text.splitlines()))


def _number(word: str) -> float:
    try:
        return int(word)
    except ValueError:
        value = float(word)
        if not math.isfinite(value):
            raise
        return value


def _setting(text: str, place: _Place) -> float | None:
    """A positive number; None where the file itself says that it is not known."""
    word = (text.split() or ["?"])[0]
    if word == "?":
        return None
    try:
        value = _number(word)
    except ValueError:
        value = 0
    if value <= 0:
        raise place.error(f"a resolution is a number above 0, got {word[:40]!r}")
    return value
