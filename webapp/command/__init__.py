"""The command `inkling`, a thin layer over the library."""

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
            return super().invoke(context)
        except click.ClickException as error:
            error.message = plain(error.message)  # type: ignore[misc]  # click's errors are final
            raise


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version())
def main() -> None:
    """Read handwritten numbers from pictures and drawings."""


for command in (read, sheet, show, serve, doctor):
    main.add_command(command)
