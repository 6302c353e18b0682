"""`inkling sheet`: a picture of a table of numbers as a CSV file."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ..config import MAX_ALTERNATIVES
from ..files import (
    UNREADABLE,
    Source,
    content_of,
    quiet_reader,
    reading_of,
    reason_of,
    write_whole,
)
from ..forms import sum_exactly, value_of
from ..recognition import Reading
from .grid import Cell, Grid, grid_of

TOTAL_FAILED = 3
"""Exit status if, with --total, a total does not hold, cannot be checked or is missing."""

LEAST_NUMBERS = 3
"""Least numbers in a column that is searched for a total. In a column of two equal numbers, the
last one always is the sum of those above it, by chance."""

STANDARD_OUTPUT = "-"
"""Name of the standard output, for --output."""


@dataclass(frozen=True)
class Total:
    """The total of a column, beside the sum of the numbers above it."""

    column: int
    """From the left, from 0."""
    written: Decimal | None
    """Its value; None if none is written, or what is written has none."""
    summed: Decimal | None
    """The sum; None if not all of them are numbers."""
    is_there: bool = True
    """Whether something is written in its place."""

    @property
    def holds(self) -> bool:
        """Whether it is the sum."""
        return self.written is not None and self.written == self.summed

    def __str__(self) -> str:
        """Say whether it holds, in a sentence."""
        if not self.is_there:
            return f"column {self.column + 1} has no total"
        name = f"sum of column {self.column + 1}"
        if self.written is None or self.summed is None:
            return f"{name} cannot be checked: not all cells are numbers"
        if self.holds:
            return f"{name} holds: {self.written:f}"
        difference = sum_exactly([self.written, -self.summed])
        return (
            f"{name} is off by {difference:f}: "
            f"{self.written:f} is written, {self.summed:f} is the sum"
        )


@click.command()
@click.argument("picture", type=click.Path())
@click.option(
    "--output", "-o", required=True, type=click.Path(), metavar="FILE", help="CSV file, or -."
)
@click.option("--total", is_flag=True, help="The last row has the totals of the columns.")
@click.pass_context
def sheet(context: click.Context, picture: str, output: str, total: bool) -> None:
    """Write the table of numbers in PICTURE as CSV, each number in its place.

    PICTURE is a picture (PNG, JPEG, WebP), a drawing (JSON), or - for the standard input. Doubtful
    cells are listed on the standard output, the least certain first: row, column, text, confidence
    and other readings. With -o - the list goes to the standard error.

    If the last number of a column is the sum of those above it, this is said. Numbers are never
    changed to make a sum hold.

    Exit status: 0 the table is written; 1 the picture cannot be read or the file not be written; 2
    wrong usage; 3 the table is written, but with --total a total does not hold, cannot be
    checked or is missing.
    """
    if output != STANDARD_OUTPUT and Path(output).suffix.lower() != ".csv":
        raise click.UsageError(f"{output} does not end in .csv")
    try:
        reading = reading_of(
            quiet_reader(), picture, content_of(Source(picture)), alternatives=MAX_ALTERNATIVES
        )
    except UNREADABLE as error:
        raise click.ClickException(f"{picture}: {reason_of(error)}") from error
    grid = grid_of(reading)
    totals = [*totals_of(grid, total)]
    _write(grid, output)
    to_error = output == STANDARD_OUTPUT
    failed = {each.column for each in totals if not each.holds}
    doubtful = [cell for cell in grid.cells if cell.is_doubtful or cell.column in failed]
    _list(sorted(doubtful, key=lambda cell: cell.confidence), to_error)
    for line in (*map(str, totals), *_remarks(reading, grid)):
        click.echo(line, err=to_error)
    empty = grid.rows * grid.columns - len(grid.cells)
    counts = f"{grid.rows} by {grid.columns} cells, {len(doubtful)} doubtful, {empty} empty"
    click.echo(f"the table has {counts}", err=to_error)
    if total and (failed or not totals):
        context.exit(TOTAL_FAILED)


def totals_of(grid: Grid, has_totals: bool) -> Iterator[Total]:
    """Yield the totals of the columns.

    Args:
        has_totals: whether the last row has the totals; each column then has one, or lacks it.
            Otherwise, a last number that is the sum of at least two above it is a total.
    """
    for column in range(grid.columns):
        *above, last = (cell for cell in grid.cells if cell.column == column)
        values = [value_of(cell.text) for cell in above]
        numbers = [value for value in values if value is not None]
        summed = sum_exactly(numbers) if len(numbers) == len(values) else None
        total = Total(column, value_of(last.text), summed)
        if has_totals:
            yield total if last.row == grid.rows - 1 else Total(column, None, None, is_there=False)
        elif total.holds and len(numbers) + 1 >= LEAST_NUMBERS:
            yield total


def _write(grid: Grid, output: str) -> None:
    """Write the CSV.

    Raises:
        click.ClickException: the file cannot be written.
    """
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows(grid.texts())
    if output == STANDARD_OUTPUT:
        click.echo(content.getvalue(), nl=False)
        return
    try:
        write_whole(output, content.getvalue().encode())
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from error


def _list(cells: Sequence[Cell], to_error: bool) -> None:
    """Print cells as a table, in a pipe as lines with tabs."""
    console = Console(stderr=to_error)
    table = Table("row", "column", "text", "confidence", "other readings")
    for cell in cells:
        place = str(cell.row + 1), str(cell.column + 1)
        said = (*place, cell.text or "-", f"{cell.confidence:.1%}", "; ".join(cell.others))
        if console.is_terminal:
            table.add_row(*said)
        else:
            click.echo("\t".join(said), err=to_error)
    if table.row_count:
        console.print(table)


def _remarks(reading: Reading, grid: Grid) -> Iterator[str]:
    """Yield what else to know of a reading."""
    if not reading.lines:
        yield "there is no ink" if reading.status == "empty" else "no number is read"
    if grid.outside:
        yield f"pieces of ink beside the table that are not read: {grid.outside}"
    if reading.limit is not None:
        yield f"the reading ended early, by its bound of {reading.limit}"
