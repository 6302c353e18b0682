"""Engines: the recognisers of this process, made from the settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from flask import Flask, current_app

from .access.gate import Gate
from .backend import classifier_of, eyes_of, line_reader_of, recognizer_of
from .config import Settings
from .models import Kind, model_of, served_models
from .ops import metrics
from .ops.capacity import PICTURES
from .recognition import (
    CHANNELS,
    SIDE,
    Bounds,
    Budget,
    Classifier,
    Expect,
    Limits,
    LineReader,
    LiteRTClassifier,
    LiteRTLineReader,
    Model,
    Reading,
    Recognizer,
    Stroke,
)

WAITING_DRAWINGS = 2
"""Waiting drawings for each drawing that is read, at most."""

WAITING_PICTURES = 3
"""Waiting pictures, at most. Each is held in memory as it was sent."""


@dataclass(frozen=True)
class Lines:
    """The line model and its reader."""

    model: Model
    reader: LineReader
    places: int
    """Concurrent readings, of strokes and of pictures."""


@dataclass(frozen=True)
class Engine:
    """One model and its recogniser."""

    model: Model
    classifier: Classifier
    recognizer: Recognizer
    limits: Limits
    """Limits of images."""
    gate: Gate
    """Bounds the concurrent readings."""

    kind: Kind
    """Input that it reads."""

    lines: Lines
    """The line reader for its ink."""

    eyes: Model
    """The model that finds handwriting in pictures."""

    def read_strokes(
        self,
        strokes: Sequence[Stroke],
        alternatives: int = 3,
        expect: Expect = "number",
        budget: Budget | None = None,
        wanted: Bounds | None = None,
    ) -> Reading:
        """Read a drawing, count it and time it; see `Recognizer.read_strokes`."""
        read = self.recognizer.read_strokes
        return self._counted(partial(read, strokes, alternatives, expect, budget, wanted))

    def read_image(
        self,
        data: bytes,
        alternatives: int = 3,
        expect: Expect = "number",
        budget: Budget | None = None,
        wanted: Bounds | None = None,
    ) -> Reading:
        """Read a picture, count it and time it; see `Recognizer.read_image`."""
        read = self.recognizer.read_image
        return self._counted(partial(read, data, self.limits, alternatives, expect, budget, wanted))

    def _counted(self, read: Callable[[], Reading]) -> Reading:
        with metrics.timed(self.kind):
            reading = read()
        metrics.count_reading(self.kind, reading.status)
        return reading

    def warm_up(self) -> None:
        """Run the model once, and make the interpreters for all concurrent readings.

        One complete reading imports all modules that libraries import at their first use. Later
        there may be no descriptor left to open a module.

        Raises:
            Exception: the model does not run.
        """
        if isinstance(self.classifier, LiteRTClassifier):
            self.classifier.reserve(self.gate.places)
        if isinstance(self.lines.reader, LiteRTLineReader):
            self.lines.reader.reserve(self.lines.places)
        self.classifier.classify(np.zeros((1, SIDE, SIDE, CHANNELS), np.uint8))
        if self.kind == "strokes":
            self.recognizer.read_strokes([np.array([[0.0, 0.0], [0.0, 9.0], [9.0, 9.0]])])
        else:
            picture = np.full((SIDE, SIDE), 255, np.uint8)
            picture[4:24, 12:16] = 0
            self.recognizer.read_image(cv2.imencode(".png", picture)[1].tobytes(), self.limits)


def init_app(app: Flask) -> None:
    """Load and check the models. Nothing is made yet that does not survive a fork."""
    # OpenCV would log a line for every broken upload. The client gets the error instead.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    settings: Settings = app.config["SETTINGS"]
    # A request has one thread, and its budget counts that thread's processor time.
    cv2.setNumThreads(1)
    drawings = _gate(settings.readings, WAITING_DRAWINGS * settings.readings)
    pictures = _gate(PICTURES, WAITING_PICTURES)
    lines = _lines(settings, drawings.places + pictures.places)
    eyes = model_of(settings, settings.eyes_model)
    images = _engine(settings, settings.model, "image", pictures, lines, eyes)
    strokes = _engine(settings, settings.stroke_model, "strokes", drawings, lines, eyes)
    app.extensions["engine"], app.extensions["stroke_engine"] = images, strokes
    served_models(app).update({engine.kind: engine.model for engine in (images, strokes)})


def _gate(places: int, waiting: int) -> Gate:
    """Return a gate that keeps one of several places free of heavy entries."""
    return Gate(places, waiting, heavy=max(1, places - 1))


def current_engine() -> Engine:
    """Return the engine for pictures of the app that handles this request."""
    engine: Engine = current_app.extensions["engine"]
    return engine


def current_stroke_engine() -> Engine:
    """Return the engine for strokes of the app that handles this request."""
    engine: Engine = current_app.extensions["stroke_engine"]
    return engine


def _engine(
    settings: Settings, name: str, kind: Kind, gate: Gate, lines: Lines, eyes: Model
) -> Engine:
    model = model_of(settings, name)
    classifier = classifier_of(settings, model)
    limits = Limits(
        pixels=settings.max_image_pixels,
        side=settings.max_image_side,
        decoded_bytes=settings.max_decoded_bytes,
    )
    recognizer = recognizer_of(
        model, classifier, lines.model, lines.reader, eyes_of(settings, eyes)
    )
    return Engine(model, classifier, recognizer, limits, gate, kind, lines, eyes)


def _lines(settings: Settings, places: int) -> Lines:
    model = model_of(settings, settings.line_model)
    return Lines(model, line_reader_of(settings, model), places)
