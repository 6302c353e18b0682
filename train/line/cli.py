"""Commands of the line reader: `fit-lines`, `ship-lines`, `evaluate-lines`, `figures`."""

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..arguments import positive, seed
from ..data.folds import FOLDS
from ..errors import TrainError
from ..measure.evaluate import LINE_MODEL, MODELS
from .inks import Files, Source

RUNS = Path("build/runs")
"""Folder where each fit writes its network and its checkpoint."""

FIGURES = Path("docs/figures.md")

FOLD_ROUNDS = 12
"""Rounds of a fit that leaves a group out. Such fits only calibrate, so they are shorter."""


def add_commands(commands: Any) -> None:
    """Add the line reader's commands to those of `python -m train`."""
    fit = commands.add_parser(
        "fit-lines",
        help="fit the line reader, or go on with a fit that was cut short",
        description="Fit the line reader on composed lines. The same command goes on with a fit "
        "that was cut short.",
    )
    fit.set_defaults(run=_fit)
    add_data(fit)
    fit.add_argument("--seed", type=seed, default=1, help="random seed (default: 1)")
    fit.add_argument(
        "--rounds",
        type=positive,
        help=f"of fresh lines (default: those of a whole fit; {FOLD_ROUNDS} with --fold)",
    )
    fit.add_argument(
        "--fold",
        type=int,
        choices=range(len(FOLDS)),
        help=f"leave a group of contributors out (train/data/folds.py), for {FOLD_ROUNDS} rounds",
    )
    ship = commands.add_parser(
        "ship-lines",
        help="of several fits, ship the one that reads dev best",
        description="Calibrate on folds, measure fits of several seeds on dev, ship the one that "
        "reads dev best.",
    )
    ship.set_defaults(run=_ship)
    add_data(ship)
    ship.add_argument("runs", type=Path, nargs="+", metavar="RUN", help=f"folders of {RUNS}")
    ship.add_argument(
        "--folds",
        type=Path,
        nargs="+",
        required=True,
        metavar="RUN",
        help="fits that left out a fold: what they read of it is calibrated on",
    )
    ship.add_argument(
        "--keep-weights",
        action="store_true",
        help="keep the constants that decide the text, of the model in --output",
    )
    ship.add_argument("--output", type=Path, default=MODELS, help=f"default: {MODELS}")
    figures = commands.add_parser(
        "figures",
        help="write the line reader's figures into docs/figures.md",
        description="Write the table of docs/figures.md from the card of the line reader.",
    )
    figures.set_defaults(run=_figures)
    figures.add_argument("--models", type=Path, default=MODELS, help=f"default: {MODELS}")
    figures.add_argument("--document", type=Path, default=FIGURES, help=f"default: {FIGURES}")
    patterns = commands.add_parser(
        "evaluate-patterns",
        help="measure what a known form of a field adds",
        description="Read sets of dev with and without a pattern, and write the table of "
        "docs/figures.md.",
    )
    patterns.set_defaults(run=_patterns)
    add_data(patterns)
    patterns.add_argument("--models", type=Path, default=MODELS, help=f"default: {MODELS}")
    patterns.add_argument("--document", type=Path, default=FIGURES, help=f"default: {FIGURES}")
    measure = commands.add_parser(
        "evaluate-lines",
        help="measure the shipped line reader and hold it to its card",
        description="Measure the served files on lines of every kind, through the server's path.",
    )
    measure.set_defaults(run=_evaluate)
    add_data(measure)
    measure.add_argument("--models", type=Path, default=MODELS, help=f"default: {MODELS}")
    measure.add_argument(
        "--renew",
        action="store_true",
        help="write the figures into the card: after a change of the eyes or of the networks of "
        "single digits",
    )
    measure.add_argument(
        "--folder",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="also read a folder: photos with labels.jsonl, or JSON files with `request`, the body "
        "of a request, and `expected`, what was written; may be given again",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the options that name data."""
    parser.add_argument(
        "--mnist", type=Path, metavar="DIR", help="MNIST's folder, with QMNIST's writers.npz"
    )
    for name, text in (
        ("digits", "single digits"),
        ("numbers", "numbers that were written in one go"),
        ("symbols", "symbols, letters or doodles: signs, and other ink"),
    ):
        parser.add_argument(
            f"--{name}",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help=f"a stroke file of {text}; may be given again",
        )


def source_of(options: argparse.Namespace, *splits: str) -> Source:
    """Return the data that the options name, of the writers of some splits."""
    files = Files(tuple(options.digits), tuple(options.numbers), tuple(options.symbols))
    return Source(files, options.mnist, splits)


def _fit(options: argparse.Namespace) -> int:
    from ..digit.fit import quieten_tensorflow

    quieten_tensorflow()
    from .fit import LineHyperparameters
    from .run import run

    settings = LineHyperparameters(seed=options.seed)
    source = source_of(options, "train")
    folder = RUNS / f"{LINE_MODEL}-{options.seed}"
    if options.fold is not None:
        settings = replace(settings, rounds=FOLD_ROUNDS)
        source = replace(source, without=FOLDS[options.fold])
        folder = RUNS / f"{LINE_MODEL}-fold-{options.fold}"
    if options.rounds:
        settings = replace(settings, rounds=options.rounds)
    log = run(source, settings, folder)
    print(f"Fitted for {math.ceil(log['seconds'] / 60)} min: {folder}")
    return 0


def _ship(options: argparse.Namespace) -> int:
    from ..digit.fit import quieten_tensorflow

    quieten_tensorflow()
    from .ship import ship

    dev = source_of(options, "dev")
    ship(options.runs, options.folds, dev, options.output, options.keep_weights)
    return 0


def _figures(options: argparse.Namespace) -> int:
    from ..digit.fit import quieten_tensorflow

    quieten_tensorflow()
    from .report import rewrite

    rewrite(options.document, options.models)
    return 0


def _patterns(options: argparse.Namespace) -> int:
    from .patterns import BEGIN, END, measure
    from .report import between

    table = measure(options.models, source_of(options, "dev"))
    print(table)
    between(options.document, BEGIN, END, table)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from ..digit.fit import quieten_tensorflow

    quieten_tensorflow()
    from .evaluate import evaluate

    worse = evaluate(options.models, source_of(options, "dev"), options.folder, options.renew)
    if worse:
        raise TrainError(f"worse than the card says: {'; '.join(worse)}")
    return 0
