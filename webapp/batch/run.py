"""A run: its files, what was asked of it, and its parts."""

import io
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import load_settings
from ..files import PARTIAL, Row, read_data, text_of
from ..forms import Check, Wanted, wanted_of
from ..library import Reader
from ..recognition import Expect, load_model
from .errors import BatchError, UnreadableError
from .listing import files_of
from .store import absolute, from_store, is_local, located, read_bytes, write_whole

if TYPE_CHECKING:
    import pyarrow

PART = 500
"""Files of a part. A kill costs the parts that are being read, some seconds each, and a million
files become 2,000 parts of some 20 kB."""

ABOUT, LISTING = "_run.json", "_files.parquet"
"""Programs that read Parquet skip names that begin with an underscore: the folder is one table."""

LEFT = re.compile(rf"\.(part-\d+\.parquet|_run\.json|_files\.parquet)\.[0-9a-f]{{32}}{PARTIAL}")
"""Names of what a kill leaves behind."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What each file is read for."""

    source: str
    expect: Expect | None = None
    pattern: str | None = None
    least: float | None = None
    most: float | None = None
    check: Check | None = None
    sum_of: list[str] | None = None
    part: int = PART
    """Files of a part."""

    def wanted(self) -> Wanted | None:
        """Return the bounds on each line.

        Raises:
            PatternError, ValueError: see `wanted_of`.
        """
        return wanted_of(self.pattern, self.least, self.most, self.check, self.sum_of)


@dataclass(frozen=True)
class Run:
    """A run in its folder. It is sent to the processes that read."""

    out: str
    """Address of the folder."""
    asked: Asked
    count: int
    """Number of files."""

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.count // self.asked.part)

    def address(self, number: int) -> str:
        """Return the address of a part's file."""
        return f"{self.out}/{_name(number)}"

    def missing(self) -> list[int]:
        """Return the numbers of the parts that are not read yet.

        Raises:
            BatchError: the folder cannot be read.
        """
        with from_store():
            system, path = located(self.out)
            system.invalidate_cache()
            there = {name.rpartition("/")[2] for name in system.ls(path, detail=False)}
        return [number for number in range(self.parts) if _name(number) not in there]

    def files(self) -> list[str]:
        """Return the addresses of all files.

        Raises:
            BatchError: the listing cannot be read.
        """
        with from_store():
            names = [*map(os.fsdecode, _column_of(f"{self.out}/{LISTING}", "file"))]
        if len(names) != self.count:
            raise BatchError(
                f"{self.out}/{LISTING} has {len(names)} files, {ABOUT} says {self.count}: two runs "
                "began there at once. Name another folder."
            )
        return names

    def part_of(self, files: Sequence[str], number: int) -> list[str]:
        """Return the files of a part."""
        return list(files[number * self.asked.part : (number + 1) * self.asked.part])

    def size(self, number: int) -> int:
        """Return the number of files of a part."""
        return min(self.asked.part, self.count - number * self.asked.part)

    def read_part(self, reader: Reader, files: Sequence[str], number: int) -> None:
        """Read a part and write it. A file that cannot be read becomes a row with its error.

        Raises:
            BatchError: the result cannot be written.
        """
        wanted = self.asked.wanted()
        rows = [_read(reader, name, self.asked.expect, wanted) for name in files]
        first = number * self.asked.part
        with from_store():
            write_whole(self.address(number), _as_parquet(_table(rows, first)))


def opened(out: str, asked: Asked) -> Run:
    """Begin a run in a folder, or find the one that was begun there.

    Raises:
        ConfigError, ModelError: a setting or a model is wrong.
        BatchError: the source cannot be listed, the folder cannot be written to, or it has a run
            for which something else was asked.
    """
    settings = load_settings()
    names = (settings.model, settings.stroke_model, settings.line_model, settings.eyes_model)
    models = {name: load_model(Path(settings.models), name).version for name in names}
    with from_store():
        # Other processes and nodes may have another working directory.
        out, asked = absolute(out), replace(asked, source=absolute(asked.source))
        system, path = located(out)
        if system.exists(f"{path}/{ABOUT}"):
            return _resumed(out, asked, models)
        if system.isdir(path) and system.glob(f"{path}/part-*.parquet"):
            raise BatchError(f"{out} has parts of a run but no {ABOUT}: name another folder.")
        files = files_of(asked.source)
        import pyarrow

        # As bytes: a local name need not be text.
        listing = pyarrow.table({"file": [*map(os.fsencode, files)]})
        write_whole(f"{out}/{LISTING}", _as_parquet(listing))
        about = {"asked": asdict(asked), "models": models, "count": len(files)}
        # Last, because it says that the listing is complete.
        write_whole(f"{out}/{ABOUT}", (json.dumps(about, indent=1) + "\n").encode())
    return Run(out, asked, len(files))


def _resumed(out: str, asked: Asked, models: dict[str, str]) -> Run:
    same = {"asked": asdict(asked), "models": models}
    try:
        about = json.loads(read_bytes(f"{out}/{ABOUT}", 1_000_000))
        differs = [
            name
            for kind, values in same.items()
            for name in values
            if about[kind].get(name) != values[name]
        ]
        count = int(about["count"])
    except UnreadableError as error:
        raise BatchError(f"{out}/{ABOUT}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BatchError(f"{out}/{ABOUT} is damaged: {error!r}") from error
    if differs:
        raise BatchError(
            f"{out} has a run that began with another {', '.join(differs)}. Ask for the same, or "
            "name another folder."
        )
    return Run(out, asked, count)


def summary(run: Run) -> dict[str, int]:
    """Count the statuses of a finished run, and files `not read`. Remove what kills left behind.

    Raises:
        BatchError: a part cannot be read.
    """
    counts: Counter[str] = Counter()
    with from_store():
        system, path = located(run.out)
        system.invalidate_cache()  # other processes wrote
        if is_local(system):
            for name in system.ls(path, detail=False):
                if LEFT.fullmatch(name.rpartition("/")[2]):
                    Path(name).unlink(missing_ok=True)
        for number in range(run.parts):
            found = _column_of(run.address(number), "status")
            counts.update("not read" if status is None else status for status in found)
    return dict(counts)


def _column_of(address: str, name: str) -> list[Any]:
    """Return the values of a column of a Parquet file.

    In this thread alone: threads of Arrow that outlive the interpreter end the process badly.
    """
    import pyarrow.parquet

    system, path = located(address)
    try:
        with system.open(path, "rb") as file:
            table = pyarrow.parquet.ParquetFile(file).read(columns=[name], use_threads=False)
    except pyarrow.ArrowException as error:
        raise BatchError(f"{address} is damaged; remove it: {error}") from error
    values: list[Any] = table.column(name).to_pylist()
    return values


def _name(number: int) -> str:
    return f"part-{number:07d}.parquet"


def _read(reader: Reader, name: str, expect: Expect | None, wanted: Wanted | None) -> Row:
    def content(most: int) -> bytes:
        # A store that does not answer ends the run: its part is then read again.
        with from_store():
            return read_bytes(name, most)

    if not name:
        return Row(name, None, "The list names no file.")
    try:
        return read_data(reader, name, content, expect, wanted)
    except UnreadableError as error:
        return Row(name, None, str(error))


def _table(rows: Sequence[Row], first: int) -> "pyarrow.Table":
    """Return rows as a table; docs/scale.md describes its columns."""
    import pyarrow

    answers: list[dict[str, Any]] = [row.answer or {} for row in rows]
    columns = {
        "index": (pyarrow.int64(), [first + number for number in range(len(rows))]),
        "file": (pyarrow.string(), [text_of(row.file) for row in rows]),
        "text": (pyarrow.string(), [answer.get("text") for answer in answers]),
        "status": (pyarrow.string(), [answer.get("status") for answer in answers]),
        "confidence": (pyarrow.float64(), [answer.get("confidence") for answer in answers]),
        "lines": (pyarrow.list_(pyarrow.string()), [answer.get("lines") for answer in answers]),
        "fits": (pyarrow.bool_(), [answer.get("fits") for answer in answers]),
        "error": (pyarrow.string(), [row.error for row in rows]),
    }
    return pyarrow.table(
        {name: pyarrow.array(values, kind) for name, (kind, values) in columns.items()}
    )


def _as_parquet(table: "pyarrow.Table") -> bytes:
    import pyarrow.parquet

    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
