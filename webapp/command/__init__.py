"""The command `inkling`, a thin layer over the library."""

import errno
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from ..files import plain
from .doctor import doctor
from .read import read
from .serve import serve
from .sheet import sheet
from .show import show


def _version() -> str:
    try:
        return version("inkling")
    except PackageNotFoundError:
        return "of a checkout"


class Commands(click.Group):
    """Commands whose errors are plain text, whatever the names of the files in them."""

    def invoke(self, context: click.Context) -> Any:
        """Run a command.

        Raises:
            click.ClickException: it cannot be run.
        """
        try:
            try:
                return super().invoke(context)
            finally:
                sys.stdout.flush()  # here, an error can still be told
        except click.ClickException as error:
            error.message = plain(error.message)  # type: ignore[misc]  # click's errors are final
            raise
        except OSError as error:
            # That of a file has its name. click itself ends without a word if nobody reads.
            if error.filename is not None or error.errno == errno.EPIPE:
                raise
            _discard_output()
            raise click.ClickException(f"the result cannot be written: {error.strerror}") from error


def _discard_output() -> None:
    """Send what waits to be printed nowhere. Python would try again at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version())
def main() -> None:
    """Read handwritten numbers from pictures and drawings."""


for command in (read, sheet, show, serve, doctor):
    main.add_command(command)
