"""The recogniser of this process, made from the settings."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from flask import Flask, current_app

from .config import ConfigError, Settings
from .recognition import (
    SIDE,
    Classifier,
    Limits,
    LiteRTClassifier,
    Model,
    Recognizer,
    load_model,
    read_checked,
)


@dataclass(frozen=True)
class Engine:
    """What the routes read with."""

    model: Model
    classifier: Classifier
    recognizer: Recognizer
    limits: Limits
    """Of images."""

    def warm_up(self) -> None:
        """Make this thread's interpreter and let it answer once.

        Raises:
            Exception: the model does not run.
        """
        self.classifier.probabilities(np.zeros((1, SIDE, SIDE, 1), np.uint8))


def init_app(app: Flask) -> None:
    """Load and check the model. Nothing that a fork would break is made yet."""
    # OpenCV would write a line for every broken upload; whoever sent it is told instead.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    settings: Settings = app.config["SETTINGS"]
    model = load_model(Path(settings.models), settings.model)
    classifier = _classifier(settings, model)
    limits = Limits(pixels=settings.max_image_pixels, side=settings.max_image_side)
    app.extensions["engine"] = Engine(model, classifier, Recognizer(classifier), limits)


def current_engine() -> Engine:
    """The engine of the app that handles this request."""
    engine: Engine = current_app.extensions["engine"]
    return engine


def _classifier(settings: Settings, model: Model) -> Classifier:
    if settings.backend == "litert":
        return LiteRTClassifier(model.content)
    try:
        # Imported only here: TensorFlow takes ten times the memory of everything else.
        from .keras_backend import KerasClassifier
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"INKLING_BACKEND is 'keras', but {error.name} is not installed; "
            "install requirements/train.txt"
        ) from error
    path = Path(settings.models) / f"{settings.model}.keras"
    read_checked(path, model.card)
    return KerasClassifier(path)
