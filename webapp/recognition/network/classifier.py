"""The network behind one call: glyphs in, probabilities out."""

import hashlib
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ..errors import ModelError
from ..ink.glyph import AT_ONCE, network_input

CLASSES = 10
"""The digits 0 to 9."""


@dataclass(frozen=True)
class Outputs:
    """What a network says of N glyphs."""

    digits: NDArray[np.float32]
    """P(digit | glyph): (N, 10), each row sums to 1."""
    is_digit: NDArray[np.float32] | None
    """P(is a digit | glyph): (N,); None where the network has no such output."""


class Classifier(Protocol):
    """Anything that tells digits apart."""

    def classify(self, glyphs: NDArray[np.uint8]) -> Outputs:
        """Glyphs, (N, 28, 28, 5) uint8, of which the network may look at the ink alone."""
        ...


def sorted_outputs(tensors: Sequence[NDArray[np.float32]]) -> Outputs:
    """A network's outputs, in any order, told apart by their shape: (N, 10) or more, and (N, 1)."""
    by_width = {tensor.shape[1]: np.asarray(tensor, np.float32) for tensor in tensors}
    return Outputs(by_width[max(by_width)], by_width[1][:, 0] if 1 in by_width else None)


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

    An interpreter is neither thread safe nor does it survive a fork. So none is made here: a call
    takes one that no other call uses, or makes one, which a server does after its workers are
    forked. There are as many as there ever were calls at once, however many threads call.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._idle: deque[_Network] = deque()

    def classify(self, glyphs: NDArray[np.uint8]) -> Outputs:
        """See `Classifier.classify`."""
        parts = [
            self._some(glyphs[i : i + AT_ONCE]) for i in range(0, max(1, len(glyphs)), AT_ONCE)
        ]
        judged = [part.is_digit for part in parts if part.is_digit is not None]
        return Outputs(
            np.concatenate([part.digits for part in parts]),
            np.concatenate(judged) if judged else None,
        )

    def reserve(self, count: int) -> None:
        """Make the interpreters for so many calls at once, and all the room that each ever takes.

        Raises:
            Exception: the model does not run.
        """
        # Those that wait already, where it was done before, are kept.
        networks = [_Network(self._content) for _ in range(count - len(self._idle))]
        for network in networks:
            network.classify(network.blank(AT_ONCE))
        self._idle.extend(networks)

    def _some(self, glyphs: NDArray[np.uint8]) -> Outputs:
        """`classify`, of at most `AT_ONCE` glyphs."""
        try:
            network = self._idle.pop()
        except IndexError:
            network = _Network(self._content)
        try:
            return network.classify(glyphs)
        finally:
            self._idle.append(network)


class _Network:
    """One interpreter, for one call at a time."""

    def __init__(self, content: bytes) -> None:
        # One thread: a web server has requests, not cores, to spread over.
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        taken = self._interpreter.get_input_details()[0]
        self._input, self._shape = taken["index"], tuple(taken["shape"][1:].tolist())
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]
        self._batch = 0

    def classify(self, glyphs: NDArray[np.uint8]) -> Outputs:
        """See `Classifier.classify`."""
        self._allocate(max(1, len(glyphs)))
        # An interpreter takes no empty batch: one blank glyph then, whose answer is cut off.
        batch = glyphs if len(glyphs) else self.blank(1)
        interpreter = self._interpreter
        interpreter.set_tensor(self._input, network_input(batch, self._shape[-1]))
        interpreter.invoke()
        return sorted_outputs([interpreter.get_tensor(i)[: len(glyphs)] for i in self._outputs])

    def blank(self, count: int) -> NDArray[np.uint8]:
        """So many glyphs without ink."""
        return np.zeros((count, *self._shape), np.uint8)

    def _allocate(self, batch: int) -> None:
        """Make room for so many glyphs."""
        if self._batch != batch:
            self._interpreter.resize_tensor_input(self._input, (batch, *self._shape))
            self._interpreter.allocate_tensors()
            self._batch = batch
