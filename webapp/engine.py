"""The recogniser of this process, made from the settings."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from flask import Flask, current_app

from .config import ConfigError, Settings
from .recognition import (
    CHANNELS,
    SIDE,
    Calibration,
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
    """One model and what reads with it."""

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
        self.classifier.classify(np.zeros((1, SIDE, SIDE, CHANNELS), np.uint8))


def init_app(app: Flask) -> None:
    """Load and check the model. Nothing that a fork would break is made yet."""
    # OpenCV would write a line for every broken upload; whoever sent it is told instead.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    settings: Settings = app.config["SETTINGS"]
    app.extensions["engine"] = _engine(settings, settings.model)
    app.extensions["stroke_engine"] = _engine(settings, settings.stroke_model)


def current_engine() -> Engine:
    """What reads pictures in the app that handles this request."""
    engine: Engine = current_app.extensions["engine"]
    return engine


def current_stroke_engine() -> Engine:
    """What reads strokes in the app that handles this request."""
    engine: Engine = current_app.extensions["stroke_engine"]
    return engine


def _engine(settings: Settings, name: str) -> Engine:
    model = load_model(Path(settings.models), name)
    classifier = _classifier(settings, model)
    limits = Limits(pixels=settings.max_image_pixels, side=settings.max_image_side)
    recognizer = Recognizer(classifier, Calibration.of_card(model.card))
    return Engine(model, classifier, recognizer, limits)


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
    path = Path(settings.models) / f"{model.name}.keras"
    read_checked(path, model.card)
    return KerasClassifier(path)
