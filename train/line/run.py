"""One fit of the line reader: from data to a folder with the network and its log."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fit import artefacts
from ..measure.evaluate import LINE_MODEL
from ..progress import watched
from .compose import Line, random_line
from .fit import LineHyperparameters, fit_line
from .inks import Source, inks_of, load_inks
from .rounds import batches

NAME = LINE_MODEL

DEV_LINES = 1500
"""Number of composed lines of dev writers that are read during the fit."""

DEV_SEED = 5
"""Seed of these lines, fixed so that all fits are measured on the same ones."""

EXAMPLES, EXAMPLES_SEED = 400, 7
"""Number and seed of the lines of the source that give the ranges of the export's integers."""


def run(source: Source, settings: LineHyperparameters, folder: Path) -> dict[str, Any]:
    """Fit the line reader. Write line.keras, line.tflite and line.run.json to a folder.

    Returns:
        The content of line.run.json.

    Raises:
        DataError, TrainError: see `load_inks` and `rounds`; or the folder cannot be written to.
    """
    with artefacts.workplace(folder):
        pass  # fails before the fit, not after it
    trained = fit_line(source, settings, folder / "checkpoint", _dev_lines(source))
    log = {
        "name": NAME,
        "created": artefacts.today(),
        "hyperparameters": asdict(settings),
        "without": list(source.without),
        "mnist": source.mnist is not None,
        "seconds": round(trained.seconds),
        "versions": artefacts.environment(),
        "files": artefacts.hashes(source.files.every),
        "curves": trained.history,
    }
    artefacts.keep_run(trained.network, log, folder, examples_of(source))
    return log


def examples_of(source: Source) -> list[NDArray[np.float32]]:
    """Compose the strips that the export's ranges are taken from."""
    rng = np.random.default_rng(EXAMPLES_SEED)
    lines = [random_line(inks_of(source), rng) for _ in range(EXAMPLES)]
    return [batch.strips for batch in batches(lines, 1, rng)]


def _dev_lines(source: Source) -> list[Line]:
    """Compose the dev lines, the same for every fit."""
    inks = load_inks(replace(source, splits=("dev",), without=()))
    rng = np.random.default_rng(DEV_SEED)
    return [random_line(inks, rng) for _ in watched(range(DEV_LINES), "dev lines")]
