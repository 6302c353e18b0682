"""Import of UNIPEN's original distribution into a stroke file (docs/training.md).

The format is that of I. Guyon, UNIPEN 1.0 Format Definition, 1994: statements that start with a dot
in the first column, each followed by text up to the next one. Files below `data` list segments and
include the ink and its documentation from below `include`.
"""

import gzip
import json
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..errors import DataError
from .unipen_format import Document, Files, Point, Segment

ABOUT = {
    "authors": "International Unipen Foundation",
    "licence": "CC BY 4.0 at Zenodo, doi:10.5281/zenodo.1195803; the text of the CD-ROM says for "
    "research",
    "citation": "Guyon, Schomaker, Plamondon, Liberman, Janet: UNIPEN project of on-line data "
    "exchange and recognizer benchmarks. Proceedings of ICPR, 1994",
}
"""Entry of a model's card for data imported here."""

CHARACTER = "CHARACTER"
"""Level of single characters. WORD and TEXT are other levels."""

FILE_BYTES = 64 * 2**20
"""Largest file that is read, in bytes. The distribution's files have a few MB."""

UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,  # a zip with a password
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
)
"""Exceptions that Python's archive modules raise for a damaged archive or another file."""

FAMILIES = {
    "ap": ("apa", "apb", "apc", "apd", "ape", "app"),  # Apple
    "ce": ("cea", "ceb", "cec", "ced", "cee", "cef"),  # CEDAR, Buffalo
}
"""Contributions of one institution that share writers. Their names differ in case between them."""

NO_INK = "without coordinates"

NO_COMPONENT = "with missing components"

NO_WRITER = "without a writer"


@dataclass
class Tally:
    """Counts of an import: what was written, and what was left out and why."""

    files: int = 0
    samples: int = 0
    writers: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    """Number of INCLUDE statements for each missing file."""
    broken: list[str] = field(default_factory=list)
    """Error of each skipped file."""


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
        source: the distribution, as a folder, a tar (zipped or not) or a zip. An archive is read in
            memory and never unpacked.
        output: replaced atomically when it is complete.
        level: CHARACTER, WORD or TEXT.
        parts: folders of `data` to read, such as 1a. Empty reads all.
        skip_broken: continue after a file that is not in the format.
        progress: called with the number of files read and the number of all files.

    Raises:
        DataError: the distribution cannot be read, is not in its format or has no such segments, or
            the stroke file cannot be written.
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
    """Return the samples of one file below `data`, all or none."""
    document = Document(files, level)
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


def _distribution(source: Path) -> Files:
    """Return the files by their names below the root, the folder with `data` and `include`."""
    try:
        if source.is_dir():
            found: dict[str, Callable[[], bytes]] = {
                path.relative_to(source).as_posix(): partial(_read, path)
                for path in source.rglob("*")
                if path.is_file()
            }
        else:
            # An archive is read once, front to back. Its files are kept compressed, because all of
            # them would fill the memory of a small machine.
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
    """Yield names and contents of the plain files of an archive, without links and devices."""
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
    """Return the names of the form data/PART/CONTRIBUTOR/…, sorted."""
    names = sorted(n for n in files if n.startswith("data/") and n.count("/") >= 3)
    there = {name.split("/")[1] for name in names}
    for part in parts:
        if part not in there:
            raise DataError(f"{source} has no part {part}, only {', '.join(sorted(there))}")
    return [name for name in names if not parts or name.split("/")[1] in parts]


def _row(name: str, segment: Segment, document: Document) -> dict[str, Any] | None:
    """Return a line of the stroke file, or None if there is nothing to draw. Count why."""
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
    """Return the same name for all samples of a writer, because it determines the split."""
    for family, providers in FAMILIES.items():
        if provider in providers:
            return f"{family}-{writer.lower()}"
    return f"{provider}-{writer}"


def _downwards(strokes: list[list[Point]]) -> list[list[Point]]:
    """Flip UNIPEN's upward y axis and move the box's corner to (0, 0)."""
    left = min(x for stroke in strokes for x, _ in stroke)
    top = max(y for stroke in strokes for _, y in stroke)
    return [[[x - left, top - y] for x, y in stroke] for stroke in strokes]
