"""`python -m train`: train the network and ship it. `python -m train evaluate`: measure it."""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from webapp.recognition import LiteRTClassifier, ModelError, Recognizer, load_model

from .errors import CardError, TrainError
from .evaluation import (
    Figures,
    evaluate_glyphs,
    evaluate_strokes,
    name_of,
    table,
    worst_confusions,
)
from .mnist import SHA256, Mnist, load_mnist
from .strokes import read_stroke_file

NAME = "digits"
MODELS = Path("models")
QUICK_OUTPUT = Path("build/quick")

QUICK_ROWS = 10_000
"""Training images that --quick looks at."""

MNIST_TEST = "MNIST test"

ROUNDING = 2
"""Samples that may fall the other way on another processor, whose arithmetic rounds differently."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what it returns is the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    try:
        return int(options.run(options))
    except (TrainError, ModelError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the shipped model is as it was.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.set_defaults(run=train)
    _data_option(parser)
    parser.add_argument("--seed", type=int, default=1, help="of all randomness (default: 1)")
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
    return parser


def _data_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mnist",
        type=Path,
        metavar="DIR",
        help="folder of the official idx files (default: download through Keras, kept in ~/.keras)",
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


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
        glyphs, labels = mnist.train_glyphs[:rows], mnist.train_labels[:rows]
        dev = (glyphs[kept:], labels[kept:]) if options.dev_rows else None
        start = time.monotonic()
        trained = fit(glyphs[:kept], labels[:kept], settings, dev)
        seconds = time.monotonic() - start

        trained.network.save(built / f"{NAME}.keras")
        artefacts.export(trained.network, built / f"{NAME}.tflite")
        # Measured on the file that is served, not on the network in memory.
        served = LiteRTClassifier((built / f"{NAME}.tflite").read_bytes())
        figures = evaluate_glyphs(MNIST_TEST, served, mnist.test_glyphs, mnist.test_labels)
        plots.plot_curves(trained.history, built / f"{NAME}-curves.svg")
        plots.plot_confusion(figures, built / f"{NAME}-confusion.svg")
        card = {
            "name": NAME,
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
            "data": [_mnist_entry(mnist, kept, options.dev_rows)],
            "hyperparameters": asdict(settings),
            "seconds": round(seconds),
            "versions": artefacts.environment(),
            "figures": [figures.as_dict()],
            "curves": trained.history,
            "limits": [
                "Trained on MNIST alone: digits of American writers, pen on paper.",
                "Always answers with one of ten digits, also when shown something else.",
                "Probabilities are the network's own, not calibrated.",
            ],
            "files": {
                path.name: {"bytes": path.stat().st_size, "sha256": artefacts.sha256(path)}
                for path in (built / f"{NAME}.keras", built / f"{NAME}.tflite")
            },
        }
        artefacts.write_card(built / f"{NAME}.json", card)
        artefacts.publish(built, folder)
    print(table([figures]))
    print(f"Shipped to {folder} after {math.ceil(seconds / 60)} min of training.")
    return 0


def _mnist_entry(mnist: Mnist, kept: int, dev: int) -> dict[str, Any]:
    return {
        "name": "MNIST",
        "authors": "Y. LeCun, C. Cortes, C. J. C. Burges",
        "citation": "LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document "
        "recognition. Proceedings of the IEEE 86(11), 1998",
        "train": kept,
        "dev": dev,
        "test": len(mnist.test_labels),
        "sha256": SHA256,
    }


def evaluate(options: argparse.Namespace) -> int:
    """Measure the served file; fail where it is not what the card says."""
    model = load_model(options.models, NAME)
    classifier = LiteRTClassifier(model.content)
    mnist = load_mnist(options.mnist)
    rows = [evaluate_glyphs(MNIST_TEST, classifier, mnist.test_glyphs, mnist.test_labels)]
    recognizer = Recognizer(classifier)
    for path in options.strokes:
        samples = (s for s in read_stroke_file(path) if s.split == options.split)
        row = evaluate_strokes(name_of(path, options.split), recognizer, samples)
        if row is None:
            raise TrainError(f"{path} has no digits by {options.split} writers")
        rows.append(row)
    print(f"{NAME} {model.version}, {options.models / NAME}.tflite")
    print(table(rows))
    for row in rows:
        worst = ", ".join(f"{w} as {r} ({n})" for w, r, n in worst_confusions(row))
        print(f"{row.data}: most often misread {worst or 'nothing'}")
    _hold_to_card(model.card["figures"], rows)
    print("MNIST's figure is that of the card.")
    return 0


def _hold_to_card(said: Sequence[dict[str, Any]], found: Sequence[Figures]) -> None:
    measured = {row.data: row for row in found}
    for figure in said:
        row = measured.get(figure["data"])
        if row is not None and abs(row.correct - figure["correct"]) > ROUNDING:
            raise CardError(
                f"{row.data}: {row.correct} of {row.count} right, "
                f"but the card says {figure['correct']} of {figure['count']}"
            )
