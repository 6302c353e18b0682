"""The network behind one call: glyphs in, probabilities out."""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from .errors import ModelError
from .glyph import SIDE, network_input

CLASSES = 10
"""The digits 0 to 9."""


class Classifier(Protocol):
    """Anything that tells digits apart."""

    def probabilities(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """P(digit | glyph): (N, 28, 28, 1) uint8 in, (N, 10) float32 out, each row sums to 1."""
        ...


@dataclass(frozen=True)
class Model:
    """A shipped model: its card, and the file that is served, both checked."""

    name: str
    card: Mapping[str, Any]
    content: bytes
    version: str
    """The first 12 hexadecimal digits of the served file's SHA-256."""


def load_model(folder: Path, name: str) -> Model:
    """Read NAME.json and NAME.tflite from a folder and check that they belong together.

    Raises:
        ModelError: a file is missing or unreadable, or the SHA-256 is not the card's.
    """
    path = folder / f"{name}.json"
    try:
        card = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"the model file {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"the model card {path} is not a model card: {error}") from error
    content = read_checked(folder / f"{name}.tflite", card)
    return Model(name, card, content, hashlib.sha256(content).hexdigest()[:12])


def read_checked(path: Path, card: Mapping[str, Any]) -> bytes:
    """Read a model's file and hold it to the SHA-256 in its card.

    Raises:
        ModelError: the file is missing, or is not the one that the card speaks of.
    """
    try:
        expected = card["files"][path.name]["sha256"]
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"the model file {path} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError) as error:
        card_path = path.with_suffix(".json")
        raise ModelError(f"the model card {card_path} is not a model card: {error!r}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelError(f"the model file {path} has SHA-256 {found}, but its card says {expected}")
    return content


class LiteRTClassifier:
    """A LiteRT model, safe to call from any thread.

    An interpreter is neither thread safe nor does it survive a fork. So none is made here: each
    thread makes its own on its first call, which a server makes after its workers are forked.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._local = threading.local()

    def probabilities(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Classifier.probabilities`."""
        if len(glyphs) == 0:
            return np.zeros((0, CLASSES), np.float32)
        interpreter = self._interpreter(len(glyphs))
        interpreter.set_tensor(self._local.input, network_input(glyphs))
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(self._local.output), np.float32)

    def _interpreter(self, batch: int) -> Interpreter:
        """This thread's interpreter, its tensors allocated for the batch."""
        local = self._local
        if not hasattr(local, "interpreter"):
            # One thread: a web server has requests, not cores, to spread over.
            local.interpreter = Interpreter(model_content=self._content, num_threads=1)
            local.input = local.interpreter.get_input_details()[0]["index"]
            local.output = local.interpreter.get_output_details()[0]["index"]
            local.batch = 0
        if local.batch != batch:
            local.interpreter.resize_tensor_input(local.input, (batch, SIDE, SIDE, 1))
            local.interpreter.allocate_tensors()
            local.batch = batch
        return local.interpreter
