"""Shipping of the line reader: calibrate on folds, measure fits on dev, publish the best."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from webapp.recognition import Confidence, load_model

from ..data.mnist import ABOUT as MNIST
from ..data.nondigits import ABOUT_DOODLES, QUICK_DRAW_WRITER
from ..data.strokes import read_stroke_file
from ..digit.ship import origin
from ..errors import DataError, TrainError
from ..fit import artefacts
from ..measure import plots
from .calibrate import COSTS, WEIGHTS, figures_of, fitted
from .evaluate import HARSH, SEED, figures_in_card, table
from .inks import Source
from .language_model import count_ngrams
from .reading import Outcomes, Set, Setup, read_sets
from .run import NAME
from .sets import CALIBRATION, FULL, Amounts, group_of, line_sets

CHOICE_SHARE = 3
"""One in this many of the samples for the confidence is for the decoding constants."""

LIMITS = [
    "Digits and the signs . , - + / : % ( ) = $ # in rows; no fractions one above the other, no "
    "powers, no letters.",
    "Most of its lines are composed of single digits and signs: how hands join digits it has seen "
    "in a few hundred numbers.",
    "It looks at 3.5 heights of the writing to either side, not at the sense of a text.",
]

Confidences = tuple[Confidence, Confidence]
"""Confidence for strokes, and for pictures."""


@dataclass(frozen=True)
class Candidate:
    """One fit, measured on dev."""

    folder: Path
    log: Mapping[str, Any]
    found: Outcomes

    @property
    def exact(self) -> float:
        """Share of exact readings, mean over the sets of numbers. The best fit is chosen by it."""
        numbers = [own for own in self.found.values() if own[0].label is not None]
        return float(np.mean([np.mean([one.right for one in own]) for own in numbers]))


def ship(
    runs: Sequence[Path],
    folds: Sequence[Path],
    dev: Source,
    output: Path,
    keep_weights: bool = False,
) -> None:
    """Publish the run that reads dev best, calibrated on the folds.

    Args:
        keep_weights: whether the constants that decide the text are those of the model in `output`.
            Otherwise they are chosen on the folds.

    Raises:
        TrainError: a run is missing or left contributors out, a fold left no contributor out, or
            the folder cannot be written to.
        ModelError: `keep_weights`, and there is no model to keep them of.
    """
    # Check everything that can fail before hours of reading.
    found = [(folder, _log(folder), _exported(folder)) for folder in runs]
    with artefacts.workplace(output):
        pass
    ngrams = count_ngrams()
    kept = Confidence.of_card(load_model(output, NAME).card) if keep_weights else None
    confidences, report = calibrated(folds, dev, ngrams, kept)
    candidates = [
        Candidate(
            folder,
            log,
            read_sets(Setup(content, *confidences, ngrams), line_sets(dev, FULL, SEED)),
        )
        for folder, log, content in found
    ]
    best = max(candidates, key=lambda candidate: candidate.exact)
    for candidate in candidates:
        print(f"\n{candidate.folder}" + (", chosen" if candidate is best else ""))
        print(table(candidate.found))
    network = artefacts.read_run(best.folder, NAME)[1]
    with artefacts.workplace(output) as built:
        for suffix in ("keras", "tflite"):
            content = (best.folder / f"{NAME}.{suffix}").read_bytes()
            (built / f"{NAME}.{suffix}").write_bytes(content)
        curves = built / f"{NAME}-curves.svg"
        plots.plot_losses(best.log["curves"], "Misread lines of dev writers", curves)
        files = (built / f"{NAME}.keras", built / f"{NAME}.tflite")
        card = {
            "name": NAME,
            "created": best.log["created"],
            "task": "Which symbols, digits and signs, a line of writing shows, and where.",
            "network": {
                "parameters": network.count_params(),
                "input": "(1, 32, W, 7) float32, 0 to 1: ink 1, then how far the pen moved right, "
                "left, down and up, then the ink of every other stroke",
                "output": "(1, W / 2, 24) float32, logits of ten digits, twelve signs, other ink "
                "and the blank; (1, W / 2, 2), how far the symbol's ink reaches",
                "layers": [
                    f"{layer.name} {list(layer.output.shape[1:])}" for layer in network.layers[1:]
                ],
            },
            "data": data_entries(best.log, dev),
            "hyperparameters": best.log["hyperparameters"],
            "seconds": best.log["seconds"],
            "versions": best.log["versions"],
            **figures_in_card(best.found),
            "confidence": {
                **asdict(confidences[0]),
                "pictures": asdict(confidences[1]),
                **report,
            },
            "language_model": ngrams,
            "seeds": [
                {
                    "seed": candidate.log["hyperparameters"]["seed"],
                    "figures": [
                        {"data": kind, "accuracy": figures_of(own)["exact"]}
                        for kind, own in candidate.found.items()
                        if own[0].label is not None
                    ],
                }
                for candidate in candidates
            ],
            "curves": best.log["curves"],
            "limits": LIMITS,
            "files": artefacts.described(files),
        }
        artefacts.write_card(built / f"{NAME}.json", card)
        artefacts.publish(built, output)
    print(f"\nWritten to {output}.")


@dataclass(frozen=True, eq=False)
class Fold:
    """A fit that left contributors out, and lines of their dev writers.

    Neither this fit nor the networks of single digits have seen these writers.
    """

    folder: Path
    left_out: Sequence[str]
    choice: Sequence[Set]
    """Strokes that the constants of the decoding are chosen on."""
    fit: Sequence[Set]
    """Lines that the confidence is fitted on."""
    ngrams: Mapping[str, int]
    """N-gram counts of the language model."""
    found: dict[tuple[str, Confidence], Outcomes] = field(default_factory=dict)
    """Readings so far, by `choice` or `fit` and the constants."""

    def read(self, name: str, constants: Confidence) -> Outcomes:
        """Read the sets of `choice` or `fit`, once for each choice of constants."""
        key = name, constants
        if key not in self.found:
            setup = Setup(_exported(self.folder), constants, constants, self.ngrams)
            self.found[key] = read_sets(setup, getattr(self, name))
        return self.found[key]


def folds_of(folders: Sequence[Path], dev: Source, ngrams: Mapping[str, int]) -> list[Fold]:
    """Return the folds of some fits.

    Doodles have no contributor. Those of the folds are of classes outside train and dev.

    Raises:
        TrainError: a fit left no contributor out.
    """
    fewer = Amounts(*(amount // CHOICE_SHARE for amount in asdict(CALIBRATION).values()))
    strokes_alone = replace(fewer, pictures=0)
    found = []
    for folder in folders:
        without = artefacts.read_card(folder / f"{NAME}.run.json").get("without", [])
        if not without:
            raise TrainError(
                f"{folder} left no contributor out; pass fits that were made with --fold"
            )
        own = replace(dev, only=tuple(without), doodles=("test",))
        choice = [*line_sets(own, strokes_alone, SEED + 2)]
        fit = [*line_sets(own, CALIBRATION, SEED + 1)]
        found.append(Fold(folder, without, choice, fit, ngrams))
    return found


def calibrated(
    folders: Sequence[Path],
    dev: Source,
    ngrams: Mapping[str, int],
    kept: Confidence | None = None,
) -> tuple[Confidences, dict[str, Any]]:
    """Choose and fit the confidences on all folds, and report the figures of each fold.

    Each fold is read with the confidences of the other folds. A single fold is read with its own.
    Published figures of `ok` come from this report.

    Args:
        kept: has the constants that decide the text; None chooses them.

    Raises:
        TrainError: a fold left no contributor out.
    """
    folds = folds_of(folders, dev, ngrams)
    report: dict[str, Any] = {"folds": []}
    for fold in folds:
        others = [other for other in folds if other is not fold] or folds
        models = _fitted(others, kept)
        found = fold.read("fit", _deciding(models[0]))
        sets = {kind: figures_of(own, models[own[0].picture]) for kind, own in found.items()}
        report["folds"].append({"left_out": list(fold.left_out), "sets": sets})
    return _fitted(folds, kept), report


def _fitted(folds: Sequence[Fold], kept: Confidence | None) -> Confidences:
    """Fit the confidence for strokes and the one for pictures."""
    chosen = _chosen(folds) if kept is None else _deciding(kept)
    found = [one for fold in folds for own in fold.read("fit", chosen).values() for one in own]
    strokes, pictures = (
        fitted([one for one in found if one.picture == picture and one.kind not in HARSH], chosen)
        for picture in (False, True)
    )
    return strokes, pictures


def _deciding(model: Confidence) -> Confidence:
    """Return the constants that decide the text, with the defaults of all others."""
    return Confidence(
        unsure=0.0,
        second_opinion=model.second_opinion,
        language_model=model.language_model,
        other_cost=model.other_cost,
    )


def _chosen(folds: Sequence[Fold]) -> Confidence:
    """Choose the constants that decide the text.

    They are the weight of the second opinion, then that of the language model, then the cost of
    other ink. The score is the share of right readings, averaged over groups of sets (`group_of`),
    so that the many sets with signs count as one. A number must be read exactly, a non-number must
    be rejected. Pictures are read with the constants chosen on strokes. The other constants keep
    their defaults.
    """

    def right(confidence: Confidence) -> float:
        shares: dict[str, list[float]] = defaultdict(list)
        for fold in folds:
            for kind, own in fold.read("choice", confidence).items():
                name = "rejected" if own[0].label is None else "exact"
                shares[group_of(kind)].append(figures_of(own)[name])
        share = float(np.mean([np.mean(own) for own in shares.values()]))
        print(
            f"second opinion {confidence.second_opinion}, "
            f"language model {confidence.language_model}, other ink {confidence.other_cost}: "
            f"{share:.2%} right, mean over groups of sets"
        )
        return share

    best = Confidence(unsure=0.0)
    for name, values in (
        ("second_opinion", WEIGHTS),
        ("language_model", WEIGHTS),
        ("other_cost", COSTS),
    ):
        best = max((replace(best, **{name: value}) for value in values), key=right)
    return best


def _log(folder: Path) -> dict[str, Any]:
    """Return the log of a run that may be shipped.

    Raises:
        TrainError: the log is missing, or the run left contributors out.
    """
    log = artefacts.read_card(folder / f"{NAME}.run.json")
    if log.get("without"):
        raise TrainError(
            f"{folder} was trained without {', '.join(log['without'])}: it calibrates, with "
            "--folds, and is not shipped"
        )
    return log


def _exported(folder: Path) -> bytes:
    """Return the LiteRT file of a run.

    Raises:
        DataError: the file cannot be read.
    """
    path = folder / f"{NAME}.tflite"
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def data_entries(log: Mapping[str, Any], dev: Source) -> list[dict[str, Any]]:
    """List the training data of a run, with licences and citations of the files at hand."""
    entries: list[dict[str, Any]] = []
    if log.get("mnist", dev.mnist is not None):
        entries.append({"name": "MNIST", **MNIST})
    files = dev.files
    paths = {f"{p.parent.name}/{p.name}": p for p in files.every}
    for name, sha256 in log["files"].items():
        about = {"name": name.replace("/", ", ")}
        if name in paths:
            first = next(read_stroke_file(paths[name]), None)
            about = origin(paths[name])
            if first is not None and first.writer == QUICK_DRAW_WRITER:
                about = {"name": f"Quick, Draw!, {about['name']}", **ABOUT_DOODLES}
        entries.append({**about, "sha256": sha256})
    return entries
