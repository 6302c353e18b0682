"""`flask --app wsgi read FILE…`: the recogniser from the command line."""

from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from .engine import current_engine
from .recognition import RecognitionError


def init_app(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(read)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
@with_appcontext
def read(context: click.Context, files: tuple[Path, ...]) -> None:
    """Read the digit in each picture and print it, one line a file."""
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
            sure = f"{reading.confidence:.1%}" if reading.digits else "no ink"
            click.echo(f"{path}: {reading.text or '-'} ({sure})")
    if failed:
        context.exit(1)
