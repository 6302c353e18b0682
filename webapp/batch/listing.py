"""The files of a run: those of a folder, or those that a manifest names."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from ..files import SUFFIXES, Source, files_below, is_read, is_visible
from .errors import BatchError
from .store import is_local, located

COLUMN = "file"
"""Column of a manifest that names the files. A manifest of one column may call it otherwise."""


def files_of(source: str) -> list[str]:
    """Return the addresses of the files of a run, in their order. A row without a name has none.

    Args:
        source: a folder, or a manifest: `.csv` with a header, or `.parquet`. Both may be local or
            at any address that fsspec knows. A relative name in a manifest counts from its folder.

    Raises:
        BatchError: there is no such source, it has no files, or it does not name them.
        OSError and others: see `store.from_store`.
    """
    system, path = located(source)
    lower = path.lower()
    if lower.endswith(".csv"):
        names = _of_csv(system, path)
    elif lower.endswith((".parquet", ".pq")):
        names = _of_parquet(system, path)
    elif system.isdir(path):
        if is_local(system):
            names = sorted(files_below(path, _fail))
        else:
            names = sorted(map(system.unstrip_protocol, _below(system, path)))
    else:
        raise BatchError(f"{source} is no folder, and no manifest in CSV or Parquet.")
    if not any(names):
        raise BatchError(f"{source} has no pictures or drawings.")
    base = system._parent(path)
    base = base if is_local(system) else system.unstrip_protocol(base)
    return [name if not name or _is_absolute(name) else f"{base}/{name}" for name in names]


def _fail(folder: Source) -> None:
    """End the run: otherwise it would go on without the files of a folder, for ever."""
    raise BatchError(f"{folder.path}: {folder.error}")


def _below(system: Any, path: str) -> Iterator[str]:
    """Yield the files of a folder of a store, as `files_below` does.

    fsspec's own walk leaves out folders that cannot be listed, but for the first.
    """
    folders = [path]
    while folders:
        folder = folders.pop()
        for info in system.ls(folder, detail=True):
            whole = info["name"].rstrip("/")
            name = whole.rpartition("/")[2]
            if whole == folder.rstrip("/"):  # some stores list a folder in itself
                continue
            if info["type"] == "directory":
                if is_visible(name):
                    folders.append(whole)
            elif is_read(name):
                yield whole


_ENDINGS = tuple(SUFFIXES)


def _is_absolute(name: str) -> bool:
    return "://" in name or name.startswith("/")


def _of_csv(system: Any, path: str) -> list[str]:
    with system.open(path, "rb") as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            table = csv.reader(text, strict=True)
            heads = next(table, [])
            column = heads.index(_column(heads, path))
            rows = [(table.line_num, row) for row in table if row]
        except (UnicodeDecodeError, csv.Error) as error:
            raise BatchError(f"{path} is no CSV in UTF-8: {error}") from error
    for line, row in rows:
        if len(row) != len(heads):
            raise BatchError(
                f"{path}, line {line}: {len(row)} values, the header has {len(heads)}."
            )
    return [row[column] for _, row in rows]


def _of_parquet(system: Any, path: str) -> list[str]:
    import pyarrow
    import pyarrow.parquet

    with system.open(path, "rb") as file:
        try:
            table = pyarrow.parquet.ParquetFile(file)
            column = _column(table.schema_arrow.names, path)
            names = table.read(columns=[column], use_threads=False).column(column).to_pylist()
        except pyarrow.ArrowException as error:
            raise BatchError(f"{path} is no Parquet file: {error}") from error
    if not all(name is None or isinstance(name, str) for name in names):
        raise BatchError(f"{path}: the column {column} has values that are no names of files.")
    return [name or "" for name in names]


def _column(names: Any, path: str) -> str:
    if COLUMN in names:
        return COLUMN
    if len(names) == 1 and not str(names[0]).lower().endswith(_ENDINGS) and ";" not in names[0]:
        return str(names[0])
    raise BatchError(f"{path} has no column {COLUMN}; it has: {', '.join(names) or 'none'}.")
