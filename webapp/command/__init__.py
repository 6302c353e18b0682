"""The command `inkling`, a thin layer over the library."""

import click

from .doctor import doctor
from .read import read
from .serve import serve
from .show import show


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="inkling")
def main() -> None:
    """Read handwritten numbers from pictures and drawings."""


for command in (read, show, serve, doctor):
    main.add_command(command)
