"""Keras backend: the networks before their export, for comparison with the served ones.

It needs requirements/train.txt. `webapp.backend` imports this module if INKLING_BACKEND is `keras`.

Each worker reads NAME.keras from the disk when it starts, unlike the served models
(`webapp.models`). If the file changes later, workers cannot start until it is restored.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow
from numpy.typing import NDArray

from .recognition import (
    Budget,
    Columns,
    LiteRTEyes,
    Outputs,
    network_input,
    sorted_outputs,
)
from .recognition.ink.strip import STRIP_CHANNELS, Strip
from .recognition.network.line_reader import in_windows, width_of


class KerasClassifier:
    """A Keras classifier, safe to call from any thread; see `webapp.recognition.Classifier`."""

    def __init__(self, path: Path) -> None:
        network = keras.saving.load_model(path, compile=False)
        self._channels = network.input_shape[-1]
        # A traced function, because `network.predict` has an overhead of 50 ms per call.
        self._call = tensorflow.function(network)

    def classify(self, glyphs: NDArray[np.uint8]) -> Outputs:
        """See `webapp.recognition.Classifier.classify`."""
        said = self._call(network_input(glyphs, self._channels))
        tensors = said.values() if isinstance(said, dict) else said
        if not isinstance(said, dict | list | tuple):
            tensors = [said]
        return sorted_outputs([np.asarray(tensor) for tensor in tensors])


class KerasLineReader:
    """A Keras line reader, safe to call from any thread; see `webapp.recognition.LineReader`."""

    def __init__(self, path: Path) -> None:
        network = keras.saving.load_model(path, compile=False)
        self._call = tensorflow.function(network, reduce_retracing=True)

    def read(self, strip: Strip, budget: Budget | None = None) -> Columns:
        """See `webapp.recognition.LineReader.read`."""
        return in_windows(strip, self._window, budget)

    def _window(self, strip: Strip) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        missing = width_of(strip) - strip.shape[1]
        padded = np.pad(strip, ((0, 0), (0, missing), (0, 0)))
        said = self._call(network_input(padded[np.newaxis], STRIP_CHANNELS))
        logits, extents = (np.asarray(said[name])[0] for name in ("logits", "extent"))
        return logits, extents


class KerasEyes(LiteRTEyes):
    """A Keras network that finds handwriting, safe to call from any thread; see `LiteRTEyes`."""

    def __init__(self, path: Path) -> None:
        self._network = keras.saving.load_model(path, compile=False)

    def _outputs(self, seen: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        said = self._network(seen, training=False)
        return [np.asarray(tensor) for tensor in said.values()]
