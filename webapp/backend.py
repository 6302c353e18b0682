"""Networks that run and recognizers of them, by the setting INKLING_BACKEND."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from .config import ConfigError, Settings
from .recognition import (
    Calibration,
    Classifier,
    Confidence,
    Eyes,
    LanguageModel,
    LineReader,
    LiteRTClassifier,
    LiteRTEyes,
    LiteRTLineReader,
    Model,
    Recognizer,
    read_checked,
)

Network = TypeVar("Network")


def classifier_of(settings: Settings, model: Model) -> Classifier:
    """Return the network of single digits.

    Raises:
        ConfigError, ModelError: Keras is set, and it or the model's reference file is missing.
    """
    return _network(settings, model, LiteRTClassifier, "KerasClassifier")


def line_reader_of(settings: Settings, model: Model) -> LineReader:
    """Return the network that reads lines. See `classifier_of`."""
    return _network(settings, model, LiteRTLineReader, "KerasLineReader")


def eyes_of(settings: Settings, model: Model) -> Eyes:
    """Return the network that finds handwriting. See `classifier_of`."""
    return _network(settings, model, LiteRTEyes, "KerasEyes")


def recognizer_of(
    model: Model, classifier: Classifier, lines: Model, line_reader: LineReader, eyes: Eyes
) -> Recognizer:
    """Return a recognizer of networks, calibrated as the cards of the models say."""
    return Recognizer(
        classifier,
        line_reader=line_reader,
        eyes=eyes,
        language_model=LanguageModel.of_card(lines.card),
        calibration=Calibration.of_card(model.card),
        confidence=Confidence.of_card(lines.card),
        picture_confidence=Confidence.of_card(lines.card, pictures=True),
    )


def _network(
    settings: Settings, model: Model, lite: Callable[[bytes], Network], name: str
) -> Network:
    if settings.backend == "litert":
        return lite(model.content)
    load: Callable[[Path], Network] = getattr(_keras_backend(), name)
    # The checked file that the served model was exported from
    reference = Path(settings.models) / f"{model.name}.keras"
    read_checked(reference, model.card)
    return load(reference)


def _keras_backend() -> ModuleType:
    try:
        # Imported only here, because TensorFlow takes ten times the memory of everything else.
        from . import keras_backend
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"INKLING_BACKEND is 'keras', but {error.name} is not installed; "
            "install requirements/train.txt"
        ) from error
    return keras_backend
