"""Shipping of a network of single digits: measurement, calibration, choice of a seed, card."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import (
    Calibration,
    LiteRTClassifier,
    Outputs,
    Recognizer,
    Stroke,
    glyph_of_strokes,
)

from ..data.mnist import ABOUT as MNIST
from ..data.mnist import Mnist
from ..data.nondigits import ABOUT_DOODLES, GENERATED, generated, read_nondigits
from ..data.strokes import ABOUT_PENDIGITS, file_name, imported_from_unipen, of_pendigits
from ..data.unipen import ABOUT as UNIPEN
from ..errors import DataError, TrainError
from ..fit import artefacts
from ..measure import plots
from ..measure.digits import (
    MNIST_TEST,
    Figures,
    NonDigitFigures,
    decide,
    evaluate_glyphs,
    evaluate_nondigits,
    evaluate_strokes,
    name_of,
)
from ..measure.guard import is_less_apart, surely_worse
from ..measure.tables import table
from ..measure.variants import glyph_in_picture
from ..progress import watched
from .calibrate import calibrate, rates
from .runs import Data

GENERATED_COUNT = 500
"""Generated drawings of each kind, for the calibration."""

GENERATED_SEED = 1
"""Seed of these drawings, different from the evaluation's."""

UNTESTED = [
    "Children's and shaking hands, left-handed writers as a group, other scripts' digits.",
    "Photographs in quantity: the few at hand are a smoke test, generated ones are not photos.",
]


@dataclass(frozen=True)
class Candidate:
    """One run, exported, calibrated and measured."""

    folder: Path
    log: Mapping[str, Any]
    network: keras.Model
    calibration: dict[str, Any]
    figures: list[Figures]
    nondigits: list[NonDigitFigures]

    @property
    def right_on_dev(self) -> int:
        """Number of dev samples read right. The best run is chosen by it, without test sets."""
        return sum(row.correct for row in self.figures if row.data != MNIST_TEST)


def ship(
    name: str, runs: Sequence[Path], data: Data, mnist: Mnist, output: Path, replace: bool
) -> None:
    """Publish the run that reads dev best, or the first run if there is no dev.

    Raises:
        TrainError: a run is missing, or the shipped model is better and `replace` is false.
    """
    drawn = _nondigits(data)
    candidates = [_candidate(name, folder, data, mnist, drawn) for folder in runs]
    best = max(candidates, key=lambda candidate: candidate.right_on_dev)
    for candidate in candidates:
        print(f"\n{candidate.folder}" + (", chosen" if candidate is best else ""))
        print(table([*candidate.figures, *candidate.nondigits]))
    if not replace:
        _guard(output / f"{name}.json", best)
    with artefacts.workplace(output) as built:
        best.network.save(built / f"{name}.keras")
        artefacts.export(best.network, built / f"{name}.tflite")
        plots.plot_curves(best.log["curves"], built / f"{name}-curves.svg")
        # MNIST's matrix for models of pictures, dev's for models of strokes.
        shown = best.figures[min(best.network.input_shape[-1] - 1, len(best.figures) - 1, 1)]
        plots.plot_confusion(shown, built / f"{name}-confusion.svg")
        plots.plot_reliability(best.figures, built / f"{name}-reliability.svg")
        plots.plot_risk(best.figures, built / f"{name}-risk.svg")
        files = (built / f"{name}.keras", built / f"{name}.tflite")
        card = _card(best, candidates, data, mnist) | {"files": artefacts.described(files)}
        artefacts.write_card(built / f"{name}.json", card)
        artefacts.publish(built, output)
    print(f"\nWritten to {output}.")


def dev_figures(name: str, folder: Path, data: Data) -> list[Figures]:
    """Return a trial's figures on the held-out data, uncalibrated, without test sets."""
    _, network = artefacts.read_run(folder, name)
    served = _exported(network, folder, name)
    rows = [evaluate_glyphs("MNIST dev writers", served, data.dev_glyphs, data.dev_labels)]
    for path, samples in data.digits.items():
        theirs = [s for s in samples if s.split == "dev"]
        row = evaluate_strokes(name_of(path, "dev"), Recognizer(served), theirs)
        rows += [row] if row else []
    return rows


def _exported(network: keras.Model, folder: Path, name: str) -> LiteRTClassifier:
    """Export the network as it is served: figures are measured on that file."""
    with artefacts.workplace(folder) as place:
        artefacts.export(network, place / f"{name}.tflite")
        return LiteRTClassifier((place / f"{name}.tflite").read_bytes())


def _nondigits(data: Data) -> dict[str, list[Sequence[Stroke]]]:
    """Return the dev drawings of each kind, and generated ones."""
    if not data.others:
        return {}
    drawn: dict[str, list[Sequence[Stroke]]] = {}
    for path in data.others:
        for sample in read_nondigits(path, "dev"):
            if sample.provider in data.without:
                continue
            drawn.setdefault(f"{sample.kind} (dev)", []).append(sample.strokes)
    digits = data.of("dev")
    for number, kind in enumerate(GENERATED if digits else ()):
        rng = np.random.default_rng([GENERATED_SEED, number])
        drawn[f"{kind} (generated)"] = [*generated(kind, GENERATED_COUNT, rng, digits)]
    return drawn


def _candidate(
    name: str,
    folder: Path,
    data: Data,
    mnist: Mnist,
    drawn: Mapping[str, Sequence[Sequence[Stroke]]],
) -> Candidate:
    log, network = artefacts.read_run(folder, name)
    trained_on = log.get("rows", {}).keys()
    given = {"MNIST", *(file_name(path) for path in (*data.digits, *data.others))}
    if trained_on != given:
        raise TrainError(
            f"{folder} was trained on {', '.join(sorted(trained_on))}, not on "
            f"{', '.join(sorted(given))}"
        )
    left_out = tuple(log.get("without", ()))
    if left_out != data.without:
        raise TrainError(
            f"{folder} was trained without {', '.join(left_out) or 'nobody'}, not without "
            f"{', '.join(data.without) or 'nobody'}: give the same --without"
        )
    served = _exported(network, folder, name)
    report = _calibration(served, data, drawn, network.input_shape[-1])
    calibration = Calibration.of_card({"calibration": report})
    figures = [
        evaluate_glyphs(MNIST_TEST, served, mnist.test_glyphs, mnist.test_labels, calibration)
    ]
    reader = Recognizer(served, calibration=calibration)
    for path, samples in data.digits.items():
        theirs = [s for s in samples if s.split == "dev"]
        found = evaluate_strokes(name_of(path, "dev"), reader, watched(theirs, path.name))
        figures += [found] if found else []
    scores = [row.scores for row in figures[1:] if row.scores is not None]
    nondigits = []
    for kind, drawings in drawn.items():
        against = np.concatenate(scores) if scores else None
        row = evaluate_nondigits(kind, reader, watched(drawings, kind), against)
        nondigits += [row] if row else []
    return Candidate(folder, log, network, report, figures, nondigits)


def _calibration(
    served: LiteRTClassifier,
    data: Data,
    drawn: Mapping[str, Sequence[Sequence[Stroke]]],
    channels: int,
) -> dict[str, Any]:
    """Fit the calibration on dev. Empty without dev."""
    digits = data.of("dev")
    if not digits:
        return {}
    labels = np.array([int(sample.label) for sample in digits], np.int64)
    said = _outputs(served, [sample.strokes for sample in digits], channels)
    strokes = [strokes for drawings in drawn.values() for strokes in drawings]
    others = _outputs(served, strokes, channels) if strokes else None
    _, report = calibrate(said, labels, others)
    # Each half of the writers is measured with constants fitted on the other half. Figures on the
    # half that was fitted would be too good.
    half = np.array([zlib.crc32(sample.writer.encode()) // 4 % 2 == 0 for sample in digits])
    if half.any() and not half.all():
        folds = []
        for fitted in (half, ~half):
            constants, _ = calibrate(_some(said, fitted), labels[fitted], others)
            folds.append(rates(decide(_some(said, ~fitted), constants), labels[~fitted]))
        shares = (float((~half).mean()), float(half.mean()))
        report["held_out"] = {
            key: sum(fold[key] * n for fold, n in zip(folds, shares, strict=True))
            for key in ("ece", "nll", "rejected", "unsure")
        }
    return report


def _some(outputs: Outputs, rows: NDArray[np.bool_]) -> Outputs:
    is_digit = outputs.is_digit
    return Outputs(outputs.digits[rows], None if is_digit is None else is_digit[rows])


def _outputs(
    served: LiteRTClassifier, drawings: Sequence[Sequence[Stroke]], channels: int
) -> Outputs:
    """Return the outputs for strokes, or for pictures of them if the model reads ink alone."""
    if channels > 1:
        return served.classify(np.stack([glyph_of_strokes(strokes) for strokes in drawings]))
    rng = np.random.default_rng(GENERATED_SEED)
    seen = [glyph_in_picture(strokes, rng) for strokes in watched(drawings, "pictures")]
    return served.classify(np.stack(seen))


def _guard(card: Path, best: Candidate) -> None:
    """Raise a TrainError if the card's model is better on any set by more than chance."""
    if not card.exists():
        return
    try:
        said = artefacts.read_card(card)
        shipped = {row["data"]: row for row in said["figures"]}
        promised = {*shipped, *(row["data"] for row in said.get("nondigits", ()))}
        measured = {row.data for row in best.figures} | {row.data for row in best.nondigits}
        missing = promised - measured
        worse = [f"{data}: not measured" for data in sorted(missing)]
        areas = {row["data"]: row for row in said.get("nondigits", ()) if row["auroc"] is not None}
        worse += [
            f"{row.data}: AUROC {row.auroc or 0:.4f}, shipped {areas[row.data]['auroc']:.4f}"
            for row in best.nondigits
            if row.data in areas and is_less_apart(row, areas[row.data], same_model=False)
        ]
        worse += [
            f"{row.data}: {row.accuracy:.2%}, shipped {shipped[row.data]['accuracy']:.2%}"
            for row in best.figures
            if row.data in shipped
            and surely_worse(
                (row.correct, row.count),
                (shipped[row.data]["correct"], shipped[row.data]["count"]),
            )
        ]
    except (KeyError, TypeError) as error:
        raise DataError(f"{card} is not a model card: {error!r}") from error
    if worse:
        raise TrainError(
            f"the shipped model is better and stays ({'; '.join(worse)}). The new one is in "
            f"{best.folder}; --replace ships it nonetheless"
        )


def _card(
    best: Candidate, candidates: Sequence[Candidate], data: Data, mnist: Mnist
) -> dict[str, Any]:
    channels = best.network.input_shape[-1]
    tells_digits = "is_digit" in best.network.output
    return {
        "name": best.log["name"],
        "created": best.log["created"],
        "task": "Which digit, 0 to 9, a glyph of 28x28 pixels shows"
        + (", and whether it is one." if tells_digits else "."),
        "network": {
            "parameters": best.network.count_params(),
            "input": f"(N, 28, 28, {channels}) float32, 0 to 1: ink 1"
            + (", then how far the pen moved right, left, down and up" if channels > 1 else ""),
            "output": "(N, 10) float32, probabilities of 0 to 9"
            + ("; (N, 1) float32, P(is a digit)" if tells_digits else ""),
            "layers": [
                f"{layer.name} {list(layer.output.shape[1:])}" for layer in best.network.layers[1:]
            ],
        },
        "data": _data_entries(best.log["rows"], data, mnist),
        **({"without": list(data.without)} if data.without else {}),
        "hyperparameters": best.log["hyperparameters"],
        "seconds": best.log["seconds"],
        "versions": best.log["versions"],
        "figures": [row.as_dict() for row in best.figures],
        "nondigits": [row.as_dict() for row in best.nondigits],
        "calibration": best.calibration,
        "seeds": [
            {
                "seed": candidate.log["hyperparameters"]["seed"],
                "figures": [
                    {"data": row.data, "accuracy": row.accuracy} for row in candidate.figures
                ],
            }
            for candidate in candidates
        ],
        "curves": best.log["curves"],
        "limits": limits(strokes=bool(data.digits), tells_digits=tells_digits, channels=channels),
        "untested": UNTESTED,
    }


def limits(*, strokes: bool, tells_digits: bool, channels: int) -> list[str]:
    """Return what a model cannot do, given its training data, its outputs and its input."""
    writers = "MNIST's writers are American"
    if strokes:
        writers += (
            "; pen strokes by a few hundred, most of them European and American, of the 1990s"
        )
    said = [
        f"One glyph at a time; {writers}. Other hands and other digits than 0 to 9 were not seen."
    ]
    if tells_digits:
        said.append(
            "Letters that look like digits (O, I, l, S, Z, B, b, q, g …) are read as digits."
        )
    else:
        said.append("Always answers with one of ten digits, also when shown something else.")
    if channels == 1:
        said.append("Without the pen's direction a 1 with a long flag and a 7 can be the same ink.")
    return said


def _data_entries(
    rows: Mapping[str, Mapping[str, Any]], data: Data, mnist: Mnist
) -> list[dict[str, Any]]:
    """List the training data with licences and citations."""
    entries = [
        {"name": "MNIST", **MNIST, **rows["MNIST"]}
        | {"test": len(mnist.test_labels), "sha256": mnist.sha256}
    ]
    for path in data.digits:
        entries.append({**origin(path), **rows[file_name(path)]})
    for path, samples in data.others.items():
        about = origin(path)
        if samples[0].kind == "doodles":
            about = {"name": f"Quick, Draw!, {path.name.split('.')[0]}", **ABOUT_DOODLES}
        entries.append({**about, "name": f"{about['name']} (no digits)", **rows[file_name(path)]})
    return entries


def origin(path: Path) -> dict[str, str]:
    """Return a file's name, with licence and citation if it is of UNIPEN or pendigits."""
    title = file_name(path).split(".")[0]
    if of_pendigits(path):
        return {"name": "Pen-Based Recognition of Handwritten Digits (UCI)", **ABOUT_PENDIGITS}
    if imported_from_unipen(path):
        return {"name": f"UNIPEN train_r01_v07, {title}", **UNIPEN}
    return {"name": title}
