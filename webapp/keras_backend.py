"""The reference network itself instead of its export; only for comparing the two.

Needs requirements/train.txt. `webapp.engine` imports this module when INKLING_BACKEND is `keras`.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow
from numpy.typing import NDArray

from .recognition import network_input


class KerasClassifier:
    """See `webapp.recognition.Classifier`. Safe to call from any thread."""

    def __init__(self, path: Path) -> None:
        network = keras.saving.load_model(path, compile=False)
        # A traced function: `network.predict` spends 50 ms a call on its own bookkeeping.
        self._call = tensorflow.function(network)

    def probabilities(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """P(digit | glyph), (N, 10) float32."""
        return np.asarray(self._call(network_input(glyphs)), np.float32)
