"""`python -m train`: train the network and ship it. `python -m train evaluate`: measure it.
`python -m train import-unipen`: pen strokes to train on and to measure with.
"""

import argparse
import hashlib
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from webapp.recognition import (
    LiteRTClassifier,
    ModelError,
    Recognizer,
    glyph_of_strokes,
    load_model,
)

from .errors import CardError, TrainError
from .evaluation import (
    Figures,
    evaluate_glyphs,
    evaluate_strokes,
    name_of,
    table,
    worst_confusions,
)
from .mnist import Mnist, load_mnist
from .sources import GlyphSource, Source, StrokeSource, balanced
from .strokes import StrokeSample, read_stroke_file
from .unipen import ABOUT as UNIPEN
from .unipen import CHARACTER, Tally, import_unipen

NAMES = ("digits", "pen")
"""The models that are shipped: what reads pictures, and what reads strokes."""
MODELS = Path("models")
QUICK_OUTPUT = Path("build/quick")

QUICK_ROWS = 10_000
"""Training images that --quick looks at."""

MNIST_TEST = "MNIST test"

PROGRESS_SECONDS = 5
"""How often a long command says how far it is."""

ROUNDING = 2
"""Samples that may fall the other way on another processor, whose arithmetic rounds differently."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what it returns is the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    # Whoever ends a run, by hand or by a scheduler: what is half-done is cleared away.
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
    _data_option(parser)
    parser.add_argument(
        "--strokes",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a stroke file imported from UNIPEN: its train writers are trained on, its dev "
        "writers are watched; may be given again",
    )
    parser.add_argument("--seed", type=_seed, default=1, help="of all randomness (default: 1)")
    parser.add_argument("--epochs", type=_positive, help="passes over the data (default: 60)")
    parser.add_argument(
        "--dev-rows",
        type=int,
        default=0,
        metavar="N",
        help="hold out the last N training images to choose settings by (default: 0, train on all)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"two epochs over {QUICK_ROWS:,} images, into {QUICK_OUTPUT}: to try that all works",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=f"where the model goes (default: {MODELS}, or {QUICK_OUTPUT} with --quick)",
    )
    commands = parser.add_subparsers(title="other commands", metavar="")
    measure = commands.add_parser(
        "evaluate",
        help="measure a shipped model and hold it to its card",
        description="Measure the served file of a model and hold it to the figures in its card.",
    )
    measure.set_defaults(run=evaluate)
    _data_option(measure)
    measure.add_argument(
        "--strokes",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a stroke file, read through the server's own path; may be given again",
    )
    measure.add_argument(
        "--split",
        choices=("train", "dev", "test"),
        default="dev",
        help="whose strokes (default: dev)",
    )
    measure.add_argument(
        "--models", type=Path, default=MODELS, metavar="DIR", help=f"default: {MODELS}"
    )
    _add_import(commands)
    return parser


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


def _data_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--name", choices=NAMES, default=NAMES[0], help=f"of the model (default: {NAMES[0]})"
    )
    parser.add_argument(
        "--mnist",
        type=Path,
        metavar="DIR",
        help="folder of the official idx files (default: download through Keras, kept in ~/.keras)",
    )


def _positive(text: str) -> int:
    return _bounded(text, 1, 10_000)


def _seed(text: str) -> int:
    return _bounded(text, 0, 2**32 - 1)


def _bounded(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"must be a number from {least} to {most}, got {text!r}")
    return int(text)


def import_strokes(options: argparse.Namespace) -> int:
    """Read a UNIPEN distribution; say what came of it, and what did not."""
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
    """Says how far a command is, once in a while."""
    said = time.monotonic()

    def say(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= PROGRESS_SECONDS:
            said = time.monotonic()
            print(f"{done:,} of {total:,} files", file=sys.stderr)

    return say


def train(options: argparse.Namespace) -> int:
    """Train, measure on the official test set at the last epoch, export, and ship."""
    from .training import Hyperparameters, fit, quieten_tensorflow

    quieten_tensorflow()
    from . import artefacts, plots

    folder = options.output or (QUICK_OUTPUT if options.quick else MODELS)
    settings = Hyperparameters(seed=options.seed)
    if options.quick:
        # So few steps need a shorter memory of the weights, and no long warm-up.
        settings = replace(settings, epochs=2, warmup_epochs=0.25, averaging=0.97)
    if options.epochs:
        settings = replace(settings, epochs=options.epochs)

    with artefacts.workplace(folder) as built:
        mnist = load_mnist(options.mnist)
        rows = min(QUICK_ROWS if options.quick else math.inf, len(mnist.train_labels))
        kept = rows - options.dev_rows
        if not 0 < kept <= rows:
            raise TrainError(f"--dev-rows must be 0 to {rows - 1}, got {options.dev_rows}")
        pen = {path: _digits(path) for path in options.strokes}
        sources: list[Source] = [
            GlyphSource(mnist.train_glyphs[:kept], mnist.train_labels[:kept], settings.augmentation)
        ]
        dev_glyphs = [mnist.train_glyphs[kept:rows]]
        dev_labels = [mnist.train_labels[kept:rows]]
        if pen:
            samples = [s for digits in pen.values() for s in digits]
            theirs = [s for s in samples if s.split == "train"]
            if not theirs:
                raise TrainError("the stroke files have no digits by train writers")
            per_epoch = len(mnist.train_labels[:kept]) * settings.strokes_share
            chosen = balanced(theirs, settings.writer_cap, round(per_epoch), settings.seed)
            sources.append(StrokeSource(chosen, settings.warp))
            watched = [s for s in samples if s.split == "dev"]
            dev_glyphs += [glyph_of_strokes(s.strokes)[np.newaxis] for s in watched]
            dev_labels.append(np.array([int(s.label) for s in watched], np.int64))
        dev = np.concatenate(dev_glyphs), np.concatenate(dev_labels)
        start = time.monotonic()
        trained = fit(sources, settings, dev if len(dev[1]) else None)
        seconds = time.monotonic() - start

        trained.network.save(built / f"{options.name}.keras")
        artefacts.export(trained.network, built / f"{options.name}.tflite")
        # Measured on the file that is served, not on the network in memory.
        served = LiteRTClassifier((built / f"{options.name}.tflite").read_bytes())
        figures = [evaluate_glyphs(MNIST_TEST, served, mnist.test_glyphs, mnist.test_labels)]
        for path, digits in pen.items():
            theirs = [s for s in digits if s.split == "dev"]
            row = evaluate_strokes(name_of(path, "dev"), Recognizer(served), theirs)
            figures += [row] if row else []
        plots.plot_curves(trained.history, built / f"{options.name}-curves.svg")
        plots.plot_confusion(figures[0], built / f"{options.name}-confusion.svg")
        card = {
            "name": options.name,
            "created": artefacts.today(),
            "task": "Which digit, 0 to 9, a glyph of 28x28 pixels shows.",
            "network": {
                "parameters": trained.network.count_params(),
                "input": "(N, 28, 28, 1) float32, 0 to 1, ink 1",
                "output": "(N, 10) float32, probabilities of 0 to 9",
                "layers": [
                    f"{layer.name} {list(layer.output.shape[1:])}"
                    for layer in trained.network.layers
                ],
            },
            "data": [
                _mnist_entry(mnist, kept, options.dev_rows),
                *(_strokes_entry(path, digits) for path, digits in pen.items()),
            ],
            "hyperparameters": asdict(settings),
            "seconds": round(seconds),
            "versions": artefacts.environment(),
            "figures": [row.as_dict() for row in figures],
            "curves": trained.history,
            "limits": [
                "Pen strokes by few writers, most of them European and American, of the 1990s."
                if pen
                else "Trained on MNIST alone: digits of American writers, pen on paper.",
                "Always answers with one of ten digits, also when shown something else.",
                "Probabilities are the network's own, not calibrated.",
            ],
            "files": {
                path.name: {"bytes": path.stat().st_size, "sha256": artefacts.sha256(path)}
                for path in (built / f"{options.name}.keras", built / f"{options.name}.tflite")
            },
        }
        artefacts.write_card(built / f"{options.name}.json", card)
        artefacts.publish(built, folder)
    print(table(figures))
    print(f"Written to {folder} after {math.ceil(seconds / 60)} min of training.")
    return 0


def _digits(path: Path) -> list[StrokeSample]:
    """The samples of a stroke file that are single digits."""
    return [s for s in read_stroke_file(path) if len(s.label) == 1 and s.label in "0123456789"]


def _strokes_entry(path: Path, digits: Sequence[StrokeSample]) -> dict[str, Any]:
    counts = {split: sum(s.split == split for s in digits) for split in ("train", "dev", "test")}
    return {
        "name": f"UNIPEN train_r01_v07, {path.name.split('.')[0]}",
        **UNIPEN,
        **counts,
        "writers": len({s.writer for s in digits if s.split == "train"}),
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()},
    }


def _mnist_entry(mnist: Mnist, kept: int, dev: int) -> dict[str, Any]:
    return {
        "name": "MNIST",
        "authors": "Y. LeCun, C. Cortes, C. J. C. Burges",
        "citation": "LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document "
        "recognition. Proceedings of the IEEE 86(11), 1998",
        "train": kept,
        "dev": dev,
        "test": len(mnist.test_labels),
        "sha256": mnist.sha256,
    }


def evaluate(options: argparse.Namespace) -> int:
    """Measure the served file; fail where it is not what the card says."""
    model = load_model(options.models, options.name)
    classifier = LiteRTClassifier(model.content)
    mnist = load_mnist(options.mnist)
    rows = [evaluate_glyphs(MNIST_TEST, classifier, mnist.test_glyphs, mnist.test_labels)]
    recognizer = Recognizer(classifier)
    for path in options.strokes:
        samples = [s for s in _digits(path) if s.split == options.split]
        row = evaluate_strokes(name_of(path, options.split), recognizer, samples)
        if row is None:
            raise TrainError(f"{path} has no digits by {options.split} writers")
        rows.append(row)
    print(f"{options.name} {model.version}, {options.models / options.name}.tflite")
    print(table(rows))
    for row in rows:
        worst = ", ".join(f"{w} as {r} ({n})" for w, r, n in worst_confusions(row))
        print(f"{row.data}: most often misread {worst or 'nothing'}")
    _hold_to_card(model.card["figures"], rows)
    print("The figures are those of the card, where it has them.")
    return 0


def _hold_to_card(said: Sequence[dict[str, Any]], found: Sequence[Figures]) -> None:
    """Raise a CardError where a figure is not the card's; MNIST's has to be in it."""
    promised = {figure["data"]: figure for figure in said}
    if MNIST_TEST not in promised:
        raise CardError(f"the card has no figure for {MNIST_TEST}")
    for row in found:
        figure = promised.get(row.data)
        if figure is not None and abs(row.correct - figure["correct"]) > ROUNDING:
            raise CardError(
                f"{row.data}: {row.correct} of {row.count} right, "
                f"but the card says {figure['correct']} of {figure['count']}"
            )
