"""Classifier: the network of single digits, from glyphs to probabilities."""

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
"""Number of digits, 0 to 9."""


@dataclass(frozen=True)
class Outputs:
    """A network's outputs for N glyphs."""

    digits: NDArray[np.float32]
    """P(digit | glyph): (N, 10), each row sums to 1."""
    is_digit: NDArray[np.float32] | None
    """P(is a digit | glyph): (N,); None if the network has no such output."""


class Classifier(Protocol):
    """A classifier of single digits."""

    def classify(self, glyphs: NDArray[np.uint8]) -> Outputs:
        """Classify glyphs, (N, 28, 28, 5) uint8. The network may use the ink alone."""
        ...


def sorted_outputs(tensors: Sequence[NDArray[np.float32]]) -> Outputs:
    """Sort a network's outputs by their shape: (N, 10) or more columns, and (N, 1)."""
    by_width = {tensor.shape[1]: np.asarray(tensor, np.float32) for tensor in tensors}
    return Outputs(by_width[max(by_width)], by_width[1][:, 0] if 1 in by_width else None)


@dataclass(frozen=True)
class Model:
    """A shipped model: its card and the contents of its file, both checked."""

    name: str
    card: Mapping[str, Any]
    content: bytes
    version: str
    """The first 12 hexadecimal digits of the file's SHA-256."""


def load_model(folder: Path, name: str) -> Model:
    """Read NAME.json and NAME.tflite from a folder and check that they match.

    Raises:
        ModelError: a file is missing or unreadable, or its SHA-256 differs from the card's.
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
    """Read a model file and check its SHA-256 against its card.

    Raises:
        ModelError: the file is missing, or does not match the card.
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
    """A LiteRT classifier, safe to call from any thread.

    An interpreter is not thread-safe and does not survive a fork. The constructor therefore makes
    none. A call takes an idle interpreter or makes one, which a server does after it forks its
    workers. There are as many interpreters as there were concurrent calls, however many threads
    call.
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
        """Make the interpreters for this many concurrent calls, and allocate their largest batch.

        Raises:
            Exception: the model does not run.
        """
        # Idle interpreters of an earlier call are kept.
        networks = [_Network(self._content) for _ in range(count - len(self._idle))]
        for network in networks:
            network.classify(network.blank(AT_ONCE))
        self._idle.extend(networks)

    def _some(self, glyphs: NDArray[np.uint8]) -> Outputs:
        """Classify at most `AT_ONCE` glyphs."""
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
        # A web server spreads requests over its cores, so a request uses one thread.
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        taken = self._interpreter.get_input_details()[0]
        self._input, self._shape = taken["index"], tuple(taken["shape"][1:].tolist())
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]
        self._batch = 0

    def classify(self, glyphs: NDArray[np.uint8]) -> Outputs:
        """See `Classifier.classify`."""
        self._allocate(max(1, len(glyphs)))
        # An interpreter takes no empty batch, so it gets a blank glyph with outputs that are cut
        # off.
        batch = glyphs if len(glyphs) else self.blank(1)
        interpreter = self._interpreter
        interpreter.set_tensor(self._input, network_input(batch, self._shape[-1]))
        interpreter.invoke()
        return sorted_outputs([interpreter.get_tensor(i)[: len(glyphs)] for i in self._outputs])

    def blank(self, count: int) -> NDArray[np.uint8]:
        """Return this many glyphs without ink."""
        return np.zeros((count, *self._shape), np.uint8)

    def _allocate(self, batch: int) -> None:
        """Allocate tensors for this many glyphs."""
        if self._batch != batch:
            self._interpreter.resize_tensor_input(self._input, (batch, *self._shape))
            self._interpreter.allocate_tensors()
            self._batch = batch
