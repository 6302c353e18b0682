"""`python -m train`: train a network and ship it. `python -m train evaluate`: measure it.
`python -m train import-unipen`: pen strokes to train on and to measure with.
"""

import argparse
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from webapp.recognition import ModelError

from .arguments import positive, seed
from .data.mnist import dev_rows, load_mnist
from .data.unipen import CHARACTER, Tally, import_unipen
from .errors import TrainError
from .eyes.cli import add_commands as add_eyes_commands
from .line.cli import add_commands as add_line_commands
from .measure.evaluate import MODELS
from .measure.evaluate import add_options as add_evaluate_options
from .measure.tables import table
from .progress import PROGRESS_SECONDS

NAMES = ("digits", "ink", "pen")
"""The shipped models of single digits: the seed network, one for pictures, and one for strokes."""
QUICK_OUTPUT = Path("build/quick")
RUNS = Path("build/runs")
"""Folder where each training writes its network, shipped or not."""

QUICK_ROWS = 10_000
"""Number of training images with --quick."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    # A termination by a scheduler cleans up like an interruption by hand.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(options.run(options))
    except (TrainError, ModelError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; nothing was changed.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.set_defaults(run=train)
    _data_option(parser, NAMES[0])
    _training_data(parser)
    parser.add_argument("--seed", type=seed, default=1, help="random seed (default: 1)")
    parser.add_argument(
        "--epochs", type=positive, help="passes over the data (default: the recipe's)"
    )
    parser.add_argument(
        "--mnist-dev",
        action="store_true",
        help="hold out MNIST's dev writers, to choose settings by (needs QMNIST's writers.npz "
        "beside the images)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"two epochs over {QUICK_ROWS:,} images, into {QUICK_OUTPUT}: to try that all works",
    )
    _shipping(parser)
    commands = parser.add_subparsers(title="other commands", metavar="")
    measure = commands.add_parser(
        "evaluate",
        help="measure a shipped model and hold it to its card",
        description="Measure the served file of a model and hold it to the figures in its card.",
    )
    _data_option(measure)
    add_evaluate_options(measure)
    choose = commands.add_parser(
        "ship",
        help="of several runs, ship the one that reads dev best",
        description="Measure runs of several seeds, ship the one that reads dev best, or the "
        "first one where there is no dev.",
    )
    choose.set_defaults(run=ship_runs, quick=False)
    choose.add_argument("runs", type=Path, nargs="+", metavar="RUN", help=f"folders of {RUNS}")
    _data_option(choose)
    _training_data(choose)
    _shipping(choose)
    _add_import(commands)
    add_line_commands(commands)
    add_eyes_commands(commands)
    return parser


def _training_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--strokes",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a stroke file of digits: its train writers are trained on, its dev writers are "
        "watched, calibrated with and measured; may be given again",
    )
    parser.add_argument(
        "--others",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a stroke file of letters, symbols or doodles: what is no digit; may be given again",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="leave out what this contributor (`provider`) gave to --strokes and --others, in "
        "training and in calibration; needs --output, since such a model only tells how unknown "
        "hands are read; may be given again",
    )


def _shipping(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=f"where the model goes (default: {MODELS}, or {QUICK_OUTPUT} with --quick)",
    )
    parser.add_argument(
        "--replace", action="store_true", help="even if the model that is there is better"
    )


def _add_import(commands: Any) -> None:
    command = commands.add_parser(
        "import-unipen",
        help="make a stroke file of the original UNIPEN distribution",
        description="Write the segments of a UNIPEN distribution as a stroke file.",
    )
    command.set_defaults(run=import_strokes)
    command.add_argument(
        "source",
        type=Path,
        metavar="DIR_OR_ARCHIVE",
        help="the distribution: a folder, a .tar.gz or a .zip, which is not unpacked",
    )
    command.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the stroke file, .jsonl.gz"
    )
    command.add_argument(
        "--level",
        default=CHARACTER,
        help=f"of the hierarchy: CHARACTER, WORD or TEXT (default: {CHARACTER})",
    )
    command.add_argument(
        "--part",
        action="append",
        default=[],
        metavar="NAME",
        help="a folder of data, such as 1a, isolated digits; may be given again (default: all)",
    )
    command.add_argument(
        "--skip-broken",
        action="store_true",
        help="pass over files that are not in the format, and list them, instead of stopping",
    )


def _data_option(parser: argparse.ArgumentParser, name: str = argparse.SUPPRESS) -> None:
    """Add options that may precede or follow a command. Only the first parser has defaults."""
    parser.add_argument(
        "--name", choices=NAMES, default=name, help=f"of the model (default: {NAMES[0]})"
    )
    parser.add_argument(
        "--mnist",
        type=Path,
        default=None if name != argparse.SUPPRESS else name,
        metavar="DIR",
        help="folder of the official idx files (default: download through Keras, kept in ~/.keras)",
    )


def import_strokes(options: argparse.Namespace) -> int:
    """Import a UNIPEN distribution, and report what was written and what was left out."""
    print(f"Reading {options.source} …", file=sys.stderr)
    tally = import_unipen(
        options.source,
        options.output,
        options.level,
        tuple(options.part),
        options.skip_broken,
        _progress(),
    )
    print(
        f"{tally.samples:,} samples by {len(tally.writers):,} writers "
        f"from {tally.files:,} files: {options.output}"
    )
    for line in _remarks(tally):
        print(line, file=sys.stderr)
    return 0


def _remarks(tally: Tally) -> Iterator[str]:
    for reason, count in tally.left_out.most_common():
        yield f"Left out: {count:,} segments {reason}."
    for path, count in sorted(tally.missing.items()):
        yield f"Not there: {path}, which {count:,} files include."
    for message in tally.broken:
        yield f"Skipped: {message}"


def _progress() -> Callable[[int, int], None]:
    """Return a function that prints the progress of a command from time to time."""
    said = time.monotonic()

    def say(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= PROGRESS_SECONDS:
            said = time.monotonic()
            print(f"{done:,} of {total:,} files", file=sys.stderr)

    return say


def train(options: argparse.Namespace) -> int:
    """Train, measure, calibrate, export and ship a network."""
    from .digit.fit import quieten_tensorflow

    quieten_tensorflow()
    from .digit.recipes import RECIPES, quick
    from .digit.runs import load_data, run
    from .digit.ship import dev_figures, ship
    from .fit import artefacts

    settings = replace(RECIPES[options.name], seed=options.seed)
    output = options.output or MODELS
    folder = RUNS / f"{options.name}-{options.seed}{'-trial' if options.mnist_dev else ''}"
    if options.without:
        folder = _elsewhere(options) / "run"
    if options.quick:
        settings = quick(settings)
        output = options.output or QUICK_OUTPUT
        folder = output / "run"
    if options.epochs:
        settings = replace(settings, epochs=options.epochs)
    mnist = load_mnist(options.mnist)
    held_out = np.zeros(len(mnist.train_labels), bool)
    if options.mnist_dev:
        held_out = dev_rows(options.mnist, len(held_out))
    data = load_data(mnist, options.strokes, options.others, held_out, options.without)
    if options.quick:
        data = replace(data, glyphs=data.glyphs[:QUICK_ROWS], labels=data.labels[:QUICK_ROWS])
    with artefacts.workplace(output):
        pass  # fails before the training, not after it
    log = run(options.name, data, settings, folder)
    print(f"Trained for {math.ceil(log['seconds'] / 60)} min: {folder}")
    if options.mnist_dev:
        # A trial serves to choose settings. It sees no test set and is never shipped.
        print(table(dev_figures(options.name, folder, data)))
        return 0
    ship(options.name, [folder], data, mnist, output, options.replace or options.quick)
    return 0


def ship_runs(options: argparse.Namespace) -> int:
    """Ship the best of several runs."""
    from .digit.fit import quieten_tensorflow

    quieten_tensorflow()
    from .digit.runs import load_data
    from .digit.ship import ship

    mnist = load_mnist(options.mnist)
    held_out = np.zeros(len(mnist.train_labels), bool)
    output = _elsewhere(options) if options.without else options.output or MODELS
    data = load_data(mnist, options.strokes, options.others, held_out, options.without)
    ship(options.name, options.runs, data, mnist, output, options.replace)
    return 0


def _elsewhere(options: argparse.Namespace) -> Path:
    """Return the output folder of a model that lacks contributors.

    Raises:
        TrainError: it would replace the shipped model.
    """
    output: Path | None = options.output
    if output is None or output.resolve() == MODELS.resolve():
        raise TrainError(f"--without needs --output DIR, another folder than {MODELS}")
    return output
