"""`inkling read`: what is written in files, as a table, JSON or CSV."""

import csv
import json
import sys
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from typing import Any, Literal, get_args

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from ..batch import PART, Asked
from ..config import MAX_VALUE
from ..files import STANDARD_INPUT, Row, Source, listed, plain, quiet_reader, read_files
from ..forms import Check, PatternError, Wanted, wanted_of
from ..library import Reader
from ..processes import readers
from ..recognition import Expect
from .manifest import read_manifest

FAILED = 1
"""Exit status if a file could not be read."""

CHUNK = 8
"""Most files per task of a process. Handing a task over takes less than reading a drawing."""

AHEAD = 4
"""Tasks per process that wait, so that a million files need no more memory than a hundred."""

COLUMNS = ("file", "text", "status", "confidence", "error", "fits")
"""Columns of CSV."""

VALUE = click.FloatRange(-MAX_VALUE, MAX_VALUE)
"""Values of bounds, as in the HTTP interface."""

Form = Literal["table", "json", "jsonl", "csv"]


@click.command()
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one array of JSON.")
@click.option("--jsonl", "as_jsonl", is_flag=True, help="Print an object of JSON per line.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option(
    "--expect",
    type=click.Choice(get_args(Expect)),
    help="What is written: number (digits and signs), digits, or digit (one).",
)
@click.option("--pattern", help="Form of each line, such as 0{4} or 0+.00 (docs/api.md).")
@click.option("--min", "least", type=VALUE, help="Least value of each line.")
@click.option("--max", "most", type=VALUE, help="Largest value of each line.")
@click.option("--check", type=click.Choice(get_args(Check)), help="Check digits of each line.")
@click.option("--sum-of", help="Numbers, with spaces between, whose sum each line must be.")
@click.option(
    "--manifest",
    type=click.Path(),
    help="Read the files that a CSV or Parquet file or a folder lists.",
)
@click.option(
    "--out", type=click.Path(), help="Folder for the parts of the result, with --manifest."
)
@click.option(
    "--part-size",
    type=click.IntRange(1, 100_000),
    help=f"Files of a part of the result, with --manifest (default: {PART}).",
)
@click.option("--cluster", help="Read on the Ray cluster of this node: auto or host:port.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes that read (default: 1).")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.pass_context
def read(
    context: click.Context,
    files: tuple[str, ...],
    as_json: bool,
    as_jsonl: bool,
    as_csv: bool,
    expect: Expect | None,
    pattern: str | None,
    least: float | None,
    most: float | None,
    check: Check | None,
    sum_of: str | None,
    manifest: str | None,
    out: str | None,
    part_size: int | None,
    cluster: str | None,
    jobs: int | None,
    quiet: bool,
) -> None:
    """Read the number in each of FILES.

    FILES are pictures (PNG, JPEG, WebP), drawings (JSON, as the HTTP interface takes them), folders
    of them, or - for the standard input. In a terminal the result is a table, else a line per file
    with tabs.

    With --manifest, the files of a list go into a folder as Parquet. A run that was interrupted
    goes on where it was (docs/scale.md).

    Exit status: 0 all files were read; 1 a file could not be read, the others were; 2 wrong usage.
    """
    addends = None if sum_of is None else sum_of.split()
    wanted = _wanted(pattern, least, most, check, addends)
    if wanted is not None and expect not in (None, "number"):
        raise click.UsageError(
            f"--pattern, --min, --max, --check and --sum-of do not go with {expect}"
        )
    forms: dict[Form, bool] = {"json": as_json, "jsonl": as_jsonl, "csv": as_csv}
    if sum(forms.values()) > 1:
        raise click.UsageError("--json, --jsonl and --csv exclude each other")
    form = next((form for form, is_asked in forms.items() if is_asked), None)
    if any(option is not None for option in (manifest, out, cluster, part_size)):
        if manifest is None or out is None:
            raise click.UsageError(
                "--manifest, --out, --cluster and --part-size go together: say the first two"
            )
        if files or form is not None:
            raise click.UsageError("--manifest goes neither with files nor with a form of output")
        asked = Asked(
            source=manifest,
            expect=expect,
            pattern=pattern,
            least=least,
            most=most,
            check=check,
            sum_of=addends,
            part=part_size or PART,
        )
        if read_manifest(out, asked, cluster, jobs, quiet):
            context.exit(FAILED)
        return
    if not files:
        raise click.UsageError("name files, folders, or - for the standard input")
    jobs = jobs or 1
    if files.count(STANDARD_INPUT) > 1:
        raise click.UsageError("the standard input can be read once only")
    if STANDARD_INPUT in files and jobs > 1:
        raise click.UsageError("only one process can read the standard input: leave out --jobs")
    sources = listed(files)
    # A file name may have bytes that no text has. They come out as they came in.
    sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    if jobs == 1:
        read_rows = read_files(quiet_reader(), sources, expect, wanted)
    else:
        quiet_reader()  # a wrong setting is told once, before there are processes
        read_rows = _in_processes(sources, expect, wanted, jobs)
    rows: Iterable[Row] = read_rows
    if not quiet and sys.stderr.isatty() and len(sources) > 1:
        console = Console(stderr=True)
        rows = track(
            rows, "Reading", total=len(sources), console=console, transient=True, update_period=0.5
        )
    failed = False
    write = _WRITERS[form or "table"]
    try:
        with closing(read_rows):  # at once, so that Ctrl-C ends the processes, too
            failed = write(rows)
    except BrokenProcessPool as error:
        raise click.ClickException(f"a process that reads ended: {error}") from error
    if failed:
        context.exit(FAILED)


def _wanted(
    pattern: str | None,
    least: float | None,
    most: float | None,
    check: Check | None,
    sum_of: list[str] | None,
) -> Wanted | None:
    """Return the bounds that options give.

    Raises:
        click.UsageError: they are invalid.
    """
    try:
        return wanted_of(pattern, least, most, check, sum_of)
    except PatternError as error:
        raise click.UsageError(f"--pattern: {error}") from error
    except ValueError as error:
        raise click.UsageError(f"--min, --max and --sum-of: {error}") from error


def _in_processes(
    sources: list[Source], expect: Expect | None, wanted: Wanted | None, jobs: int
) -> Generator[Row, None, None]:
    """Read files in several processes. The order stays."""
    size = min(CHUNK, max(1, len(sources) // (AHEAD * jobs)))
    chunks = (sources[start : start + size] for start in range(0, len(sources), size))
    with readers(jobs) as processes:
        coming: list[Future[list[Row]]] = []
        for chunk in chunks:
            coming.append(processes.submit(_read_chunk, chunk, expect, wanted))
            if len(coming) >= AHEAD * jobs:
                yield from coming.pop(0).result()
        for future in coming:
            yield from future.result()


def _read_chunk(
    reader: Reader, sources: list[Source], expect: Expect | None, wanted: Wanted | None
) -> list[Row]:
    return [*read_files(reader, sources, expect, wanted)]


def _table(rows: Iterable[Row]) -> bool:
    """Print a table, in a pipe lines with tabs. Errors go to the standard error."""
    console = Console()
    table = Table("file", "text", "confidence")
    failed = False
    for row in rows:
        if row.error is not None:
            click.echo(plain(f"{row.file}: {row.error}"), err=True)
            failed = True
            continue
        text, said = _text(row), _said(row)
        if console.is_terminal:
            table.add_row(Text(plain(row.file)), text, said)
        else:
            click.echo(f"{plain(row.file)}\t{text}\t{said}")
    if table.row_count:
        console.print(table)
    return failed


def _json(rows: Iterable[Row]) -> bool:
    return _each(rows, lambda said, number: click.echo(("," if number else "[") + said), "]", "[]")


def _jsonl(rows: Iterable[Row]) -> bool:
    return _each(rows, lambda said, number: click.echo(said), None, None)


def _each(
    rows: Iterable[Row], say: Callable[[str, int], None], end: str | None, none: str | None
) -> bool:
    """Print each row as soon as it is there, then the end."""
    failed, number = False, -1
    for number, row in enumerate(rows):
        # The same value without what steers a terminal
        say(json.dumps(row.as_dict(), ensure_ascii=sys.stdout.isatty()), number)
        failed |= row.error is not None
    if (last := none if number < 0 else end) is not None:
        click.echo(last)
    return failed


def _csv(rows: Iterable[Row]) -> bool:
    failed = False
    table = csv.writer(sys.stdout, lineterminator="\n")
    # In a terminal it is for people. In a pipe or a file, names stay as they are.
    shown = plain if sys.stdout.isatty() else str
    table.writerow(COLUMNS)
    for row in rows:
        answer: dict[str, Any] = row.answer or {}
        said = [answer.get(name, "") for name in COLUMNS[1:4]]
        fits = {True: "true", False: "false", None: ""}[answer.get("fits")]
        table.writerow([shown(row.file), *said, shown(row.error or ""), fits])
        failed |= row.error is not None
    return failed


_WRITERS: dict[Form, Callable[[Iterable[Row]], bool]] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
}


def _text(row: Row) -> str:
    """Return the lines of a row on one line."""
    return "; ".join((row.answer or {})["lines"]) or "-"


def _said(row: Row) -> str:
    """Return the confidence, the status unless it is ok, and whether bounds are missed."""
    answer = row.answer or {}
    sure = f"{answer['confidence']:.1%}"
    said = {"unsure": f"unsure, {sure}", "not_a_number": f"not a number, {sure}", "empty": "no ink"}
    missed = ", does not fit" if answer.get("fits") is False else ""
    return said.get(answer["status"], sure) + missed
