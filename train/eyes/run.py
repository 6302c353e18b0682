"""Fits of the eyes, and the shipping of one."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import LiteRTEyes, eyes_input
from webapp.recognition.picture.eyes import Eyes
from webapp.recognition.picture.layout import CLEAR, SURE

from ..fit import artefacts
from ..line.inks import Source, inks_of
from ..line.ship import data_entries
from ..measure import plots
from ..progress import watched
from .fit import EyesHyperparameters, fit_eyes, views_of_round
from .views import View, random_view

NAME = "eyes"

DEV_VIEWS, DEV_SEED = 200, 6
"""Number and seed of the views of dev writers' ink that are measured during the fit."""

TEST_VIEWS, TEST_SEED = 1000, 2030
"""Number and seed of the other views of dev writers' ink, for the card's figures."""

EXAMPLES, EXAMPLES_SEED = 150, 7
"""Number and seed of the views of the source that give the ranges of the export's integers."""

LIMITS = [
    "Everything that it learnt from was generated: paper, print, light and camera.",
    "It is shown writing of 9 to 240 pixels, turned by some 15 degrees.",
]


def run(source: Source, settings: EyesHyperparameters, folder: Path) -> dict[str, Any]:
    """Fit the eyes. Write eyes.keras, eyes.tflite and eyes.run.json to a folder.

    Returns:
        The content of eyes.run.json.

    Raises:
        DataError, TrainError: see `load_inks` and `rounds`; or the folder cannot be written to.
    """
    with artefacts.workplace(folder):
        pass  # fails before the fit, not after it
    dev = dev_views(source, DEV_VIEWS, DEV_SEED, settings.side)
    trained = fit_eyes(source, settings, folder / "checkpoint", dev)
    log = {
        "name": NAME,
        "created": artefacts.today(),
        "hyperparameters": asdict(settings),
        "mnist": source.mnist is not None,
        "seconds": round(trained.seconds),
        "versions": artefacts.environment(),
        "files": artefacts.hashes(source.files.every),
        "curves": trained.history,
    }
    artefacts.keep_run(trained.network, log, folder, examples_of(source, settings.side))
    return log


def examples_of(source: Source, side: int) -> list[NDArray[np.float32]]:
    """Generate the pictures that the export's ranges are taken from."""
    views = views_of_round(source, EXAMPLES, side, EXAMPLES_SEED, 0)
    return [eyes_input(view.picture) for view in views]


def ship(folder: Path, dev: Source, output: Path) -> None:
    """Publish a run with its card.

    Raises:
        DataError, TrainError: the run is missing, or the folder cannot be written to.
    """
    log, network = artefacts.read_run(folder, NAME)
    views = dev_views(dev, TEST_VIEWS, TEST_SEED, log["hyperparameters"]["side"])
    with artefacts.workplace(output) as built:
        for suffix in ("keras", "tflite"):
            content = (folder / f"{NAME}.{suffix}").read_bytes()
            (built / f"{NAME}.{suffix}").write_bytes(content)
        curves = built / f"{NAME}-curves.svg"
        plots.plot_losses(log["curves"], "Ink missed or made up, by the Dice coefficient", curves)
        files = (built / f"{NAME}.keras", built / f"{NAME}.tflite")
        card = {
            "name": NAME,
            "created": log["created"],
            "task": "Which pixels of a picture are handwriting, and where the bodies of lines are.",
            "network": {
                "parameters": network.count_params(),
                "input": "(1, H, W, 3) float32, H and W multiples of 32: blue, green and red, "
                "standardised over the picture",
                "output": "(1, H, W, 1) float32, logit that a pixel is handwriting; (1, H / 4, "
                "W / 4, 1), that it is in the body of a line",
                "layers": [
                    f"{layer.name} {list(layer.output.shape[1:])}" for layer in network.layers[1:]
                ],
            },
            "data": data_entries(log, dev),
            "hyperparameters": log["hyperparameters"],
            "seconds": log["seconds"],
            "versions": log["versions"],
            "figures": figures_of(LiteRTEyes(files[1].read_bytes()), views),
            "curves": log["curves"],
            "limits": LIMITS,
            "files": artefacts.described(files),
        }
        artefacts.write_card(built / f"{NAME}.json", card)
        artefacts.publish(built, output)
    for row in card["figures"]:
        print(f"{row['data']}: {row['accuracy']:.2%}")
    print(f"Written to {output}.")


def figures_of(eyes: Eyes, views: Sequence[View]) -> list[dict[str, Any]]:
    """Return the card's figures.

    These are the mean Dice coefficient of the views with ink, and the share of the other views in
    which no ink is seen.
    """
    found: dict[str, list[float]] = {}
    for view in watched(views, "views"):
        seen, written = seen_ink(eyes.see(view.picture).ink), view.ink > 127
        if written.any():
            both = 2 * float((seen & written).sum()) / float(seen.sum() + written.sum())
            found.setdefault("Dice coefficient", []).append(both)
        else:
            found.setdefault("empty ones seen empty", []).append(float(not seen.any()))
    return [
        {
            "data": f"ink of generated views, {what}",
            "way": "views",
            "count": len(own),
            "accuracy": float(np.mean(own)),
        }
        for what, own in found.items()
    ]


def seen_ink(levels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the pixels that the server takes for ink, from the eyes' levels, (H, W)."""
    sure = levels >= SURE
    _, labels = cv2.connectedComponents(sure.astype(np.uint8), connectivity=8)
    return np.isin(labels, np.unique(labels[levels >= CLEAR])) & sure


def dev_views(source: Source, count: int, seed: int, side: int) -> list[View]:
    """Generate views of dev writers' ink, the same for every fit."""
    inks = inks_of(replace(source, splits=("dev",), without=()))
    rng = np.random.default_rng(seed)
    return [random_view(inks, rng, side) for _ in watched(range(count), "dev views")]
