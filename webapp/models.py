"""Models of this process: prepared before it started, or read from the disk.

Workers inherit the models that `ops/preload.py` prepared. A worker that starts later therefore does
not depend on changes to the files.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from flask import Flask

from .config import Settings
from .recognition import Model, load_model

Kind = Literal["strokes", "image"]
"""What a model of single digits reads: strokes or pictures."""

Models = Mapping[tuple[str, str], Model]
"""Models by folder and name."""

_prepared: Models = {}


def model_of(settings: Settings, name: str) -> Model:
    """Return the prepared model of this name, or read it from the disk.

    Raises:
        ModelError: see `load_model`.
    """
    return _prepared.get((settings.models, name)) or load_model(Path(settings.models), name)


def prepared() -> Models:
    """Return the prepared models, for `restore`."""
    return _prepared


def restore(models: Models) -> None:
    """Set the models of the workers that start from now on."""
    global _prepared
    _prepared = models


def served_models(app: Flask) -> dict[Kind, Model]:
    """Return the models of single digits that a site serves, by what they read."""
    served: dict[Kind, Model] = app.extensions.setdefault("served_models", {})
    return served
