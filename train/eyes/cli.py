"""Commands of the eyes: `fit-eyes` and `ship-eyes`."""

import argparse
import math
from pathlib import Path
from typing import Any

from ..arguments import positive, seed
from ..line.cli import RUNS, add_data, source_of
from ..measure.evaluate import MODELS


def add_commands(commands: Any) -> None:
    """Add the commands of the eyes to those of `python -m train`."""
    fit = commands.add_parser(
        "fit-eyes",
        help="fit the eyes, or go on with a fit that was cut short",
        description="Fit the eyes on generated views of handwriting. The same command goes on with "
        "a fit that was cut short.",
    )
    fit.set_defaults(run=_fit)
    add_data(fit)
    fit.add_argument("--seed", type=seed, default=1, help="random seed (default: 1)")
    fit.add_argument("--rounds", type=positive, help="of fresh views (default: of a whole fit)")
    ship = commands.add_parser(
        "ship-eyes",
        help="ship a fit of the eyes",
        description="Measure a fit of the eyes on views of dev writers' ink, and ship it.",
    )
    ship.set_defaults(run=_ship)
    add_data(ship)
    ship.add_argument("fit", type=Path, metavar="RUN", help=f"a folder of {RUNS}")
    ship.add_argument("--output", type=Path, default=MODELS, help=f"default: {MODELS}")


def _fit(options: argparse.Namespace) -> int:
    from ..digit.fit import quieten_tensorflow

    quieten_tensorflow()
    from .fit import EyesHyperparameters
    from .run import NAME, run

    settings = EyesHyperparameters(seed=options.seed)
    if options.rounds:
        settings = EyesHyperparameters(seed=options.seed, rounds=options.rounds)
    folder = RUNS / f"{NAME}-{options.seed}"
    log = run(source_of(options, "train"), settings, folder)
    print(f"Fitted for {math.ceil(log['seconds'] / 60)} min: {folder}")
    return 0


def _ship(options: argparse.Namespace) -> int:
    from ..digit.fit import quieten_tensorflow

    quieten_tensorflow()
    from .run import ship

    ship(options.fit, source_of(options, "dev"), options.output)
    return 0
