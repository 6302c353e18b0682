"""`inkling read --manifest`: very many files, read in parts that are kept."""

import sys
from collections.abc import Iterator
from contextlib import closing

import click
from rich.console import Console
from rich.progress import Progress

from ..batch import (
    Asked,
    BatchError,
    Run,
    check_address,
    opened,
    read_here,
    read_on_cluster,
    summary,
)
from ..files import plain, quiet_reader


def read_manifest(
    out: str, asked: Asked, cluster: str | None, jobs: int | None, quiet: bool
) -> bool:
    """Read the files of a manifest into a folder, or go on with it. Say what was found.

    Returns:
        Whether a file could not be read.

    Raises:
        click.ClickException: the run cannot start or go on. It can be started again.
    """
    quiet_reader()  # a wrong setting or model is told once, before there are processes
    try:
        if cluster is not None:
            check_address(cluster)
        run = opened(out, asked)
        numbers = (
            read_here(run, jobs or 1) if cluster is None else read_on_cluster(run, cluster, jobs)
        )
        with closing(numbers):  # at once, so that Ctrl-C ends the processes, too
            _followed(run, numbers, quiet)
        counts = summary(run)
    except BatchError as error:
        raise click.ClickException(str(error)) from error
    said = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    files, parts = _counted(run.count, "file"), _counted(run.parts, "part")
    click.echo(f"{files} in {parts} in {plain(run.out)}: {said}", err=True)
    return "not read" in counts


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}" + "s" * (count != 1)


def _followed(run: Run, numbers: Iterator[int], quiet: bool) -> None:
    """Show the progress in files, with those that were read before."""
    missing = sum(run.size(number) for number in run.missing())
    if 0 < missing < run.count:
        click.echo(
            f"{plain(run.out)}: {run.count - missing:,} of {run.count:,} are read already",
            err=True,
        )
    shown = not quiet and sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=not shown) as progress:
        task = progress.add_task("Reading", total=run.count, completed=run.count - missing)
        for number in numbers:
            progress.advance(task, run.size(number))
