"""Reading of sets of lines with fits of the line reader, on all cores."""

import multiprocessing
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from webapp.ops.capacity import cores_here
from webapp.recognition import (
    Calibration,
    Confidence,
    LanguageModel,
    LiteRTClassifier,
    LiteRTEyes,
    LiteRTLineReader,
    Recognizer,
    load_model,
)

from ..errors import TrainError
from ..measure.evaluate import EYES_MODEL, MODELS
from ..progress import watched
from .calibrate import Outcome, outcomes
from .sets import LineSample

STROKES, PICTURES = "pen", "ink"
"""The shipped networks of single digits, which give the second opinion."""

CHUNK = 50
"""Samples per task of a process. Small, so that all processes finish together."""

WORKERS = cores_here()
"""Number of reading processes. With 1, the current process reads."""

Outcomes = Mapping[str, Sequence[Outcome]]
"""Outcomes by set."""

Set = tuple[str, Sequence[LineSample]]
"""Name and samples of a set."""


@dataclass(frozen=True)
class Setup:
    """Networks and constants that lines are read with."""

    content: bytes
    """LiteRT file of the line reader."""
    strokes: Confidence
    pictures: Confidence
    ngrams: Mapping[str, int]
    """N-gram counts of the language model."""
    models: Path = MODELS
    """Folder of the other networks."""

    def recognizer(self, name: str) -> Recognizer:
        """Build a recognizer with one of the networks of single digits."""
        model = load_model(self.models, name)
        return Recognizer(
            LiteRTClassifier(model.content),
            line_reader=LiteRTLineReader(self.content),
            language_model=LanguageModel(self.ngrams),
            eyes=LiteRTEyes(load_model(self.models, EYES_MODEL).content),
            calibration=Calibration.of_card(model.card),
            confidence=self.strokes,
            picture_confidence=self.pictures,
        )


def read_sets(setup: Setup, sets: Iterable[Set]) -> Outcomes:
    """Read sets. Empty sets are left out of the result.

    Raises:
        ModelError: a network is missing or broken.
        TrainError: a reading process died.
    """
    chunks = [
        (kind, samples[start : start + CHUNK])
        for kind, samples in sets
        for start in range(0, len(samples), CHUNK)
    ]
    found: dict[str, list[Outcome]] = {}
    if WORKERS == 1:
        for kind, samples in watched(chunks, "sets, in parts"):
            found.setdefault(kind, []).extend(_read(setup, kind, samples))
        return found
    try:
        coming = [_pool().submit(_read, setup, kind, samples) for kind, samples in chunks]
        for (kind, _), future in zip(watched(chunks, "sets, in parts"), coming, strict=True):
            found.setdefault(kind, []).extend(future.result())
    except BrokenProcessPool as error:
        raise TrainError(f"a process that reads ended: {error}") from error
    return found


def _read(setup: Setup, kind: str, samples: Sequence[LineSample]) -> list[Outcome]:
    return outcomes(setup.recognizer(STROKES), setup.recognizer(PICTURES), kind, samples)


@cache
def _pool() -> ProcessPoolExecutor:
    # Spawned, because TensorFlow does not survive a fork. Cached, because processes take seconds to
    # start.
    return ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn"))
