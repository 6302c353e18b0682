"""The command `inkling`, a thin layer over the library."""

from importlib.metadata import PackageNotFoundError, version

import click

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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version())
def main() -> None:
    """Read handwritten numbers from pictures and drawings."""


for command in (read, sheet, show, serve, doctor):
    main.add_command(command)
