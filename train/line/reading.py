"""Reading sets of lines with fits of the line reader, on all cores."""

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
"""Samples that a core reads at a time: few, so that all cores end together."""

WORKERS = cores_here()
"""Processes that read; with one, this one does."""

Outcomes = Mapping[str, Sequence[Outcome]]
"""By the set."""

Set = tuple[str, Sequence[LineSample]]
"""Its name, and its samples."""


@dataclass(frozen=True)
class Setup:
    """What lines are read with."""

    content: bytes
    """The line reader's LiteRT file."""
    strokes: Confidence
    pictures: Confidence
    ngrams: Mapping[str, int]
    """Of the language model."""
    models: Path = MODELS
    """Folder of the other networks."""

    def recognizer(self, name: str) -> Recognizer:
        """A recognizer with one of the networks of single digits."""
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
    """What is read in some sets; empty ones are left out.

    Raises:
        ModelError: a network is not there, or broken.
        TrainError: a process that reads ended.
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
    # Fresh interpreters: TensorFlow does not survive a fork. Kept, for they take seconds to start.
    return ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn"))
