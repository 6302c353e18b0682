"""The command `flask --app wsgi read FILE…`, which reads pictures."""

from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from ..engine import current_engine
from ..recognition import Reading, RecognitionError


def init_app(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(read)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
@with_appcontext
def read(context: click.Context, files: tuple[Path, ...]) -> None:
    """Read the number in each picture and print it, one line a file; several lines as 407; 12."""
    engine = current_engine()
    failed = False
    for path in files:
        try:
            reading = engine.recognizer.read_image(path.read_bytes(), engine.limits)
        except (OSError, RecognitionError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            click.echo(f"{path}: {reason}", err=True)
            failed = True
        else:
            click.echo(f"{path}: {'; '.join(reading.lines) or '-'} ({_said(reading)})")
    if failed:
        context.exit(1)


def _said(reading: Reading) -> str:
    """Return the confidence, and the status unless it is ok."""
    sure = f"{reading.confidence:.1%}"
    said = {"unsure": f"unsure, {sure}", "not_a_number": f"not a number, {sure}", "empty": "no ink"}
    return said.get(reading.status, sure)
