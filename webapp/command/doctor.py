"""`inkling doctor`: whether an installation works, and what it consists of."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from ..config import MIB, SECRETS, ConfigError, Settings, load_settings, variable_of
from ..files import WARM_UP, quiet_reader
from ..ops.capacity import cores_here, memory_here
from ..recognition import ModelError, load_model

PACKAGES = ("inkling", "ai-edge-litert", "numpy", "opencv-python-headless", "flask", "gunicorn")


@click.command()
def doctor() -> None:
    """Check versions, models, settings and a reading. Exit status 1 if something is wrong."""
    try:
        settings = load_settings()
        for line in _lines(settings):
            click.echo(line)
        text = quiet_reader().read_strokes([WARM_UP]).text
    except (ConfigError, ModelError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"reading    a drawn 7 is read as {text!r}")
    if text != "7":
        raise click.ClickException("the drawn 7 is misread")
    click.echo("All is well.")


def _lines(settings: Settings) -> Iterator[str]:
    yield f"python     {platform.python_version()}, {platform.machine()}"
    yield f"machine    {cores_here()} cores, {memory_here() // MIB} MiB of memory"
    for name in PACKAGES:
        try:
            yield f"package    {name} {version(name)}"
        except PackageNotFoundError:
            yield f"package    {name} is not installed"
    names = (settings.stroke_model, settings.model, settings.line_model, settings.eyes_model)
    for name in dict.fromkeys(names):
        model = load_model(Path(settings.models), name)
        yield f"model      {name} {model.version}: the file matches its card"
    defaults = Settings()
    for field in Settings.__struct_fields__:
        value = getattr(settings, field)
        if value != getattr(defaults, field):
            shown = "(hidden)" if field in SECRETS else value
            yield f"setting    {variable_of(field)} = {shown}"
