"""Line reader: a fully convolutional network from a strip to class scores per column."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ..budget import Budget
from ..errors import ModelError
from ..ink.glyph import network_input
from ..ink.strip import BODY, MARGIN, ROWS, STRIP_CHANNELS, Strip
from ..symbols import CLASSES

COLUMN = 2
"""Pixels of a strip per column of the reader."""

WIDTHS = (48, 256)
"""Widths that strips are padded to, in pixels: for one digit, and for ten. Resizing an interpreter
takes longer than reading a digit, so each width keeps its own, with 3 MB of weights. A third does
not fit on the smallest machine. Wider strips are read in windows of the last width."""

OVERLAP = 144
"""Pixels that two windows share. A column's receptive field is 70 pixels to either side."""


@dataclass(frozen=True)
class Columns:
    """The reader's output for each column of a strip."""

    log_probabilities: NDArray[np.float32]
    """(T, 24), for each class."""
    extents: NDArray[np.float32]
    """(T, 2), in pixels of the strip: left and right end of the ink of the column's symbol."""


class LineReader(Protocol):
    """A network that reads strips."""

    def read(self, strip: Strip, budget: Budget | None = None) -> Columns:
        """Return the columns of a strip, (W + 1) // 2 of them.

        Raises:
            BudgetError, GoneError: see `Budget.check`.
        """
        ...


def columns_of(logits: NDArray[np.float32], extents: NDArray[np.float32], width: int) -> Columns:
    """Return a network's outputs, (T, 24) and (T, 2), as columns of a strip `width` pixels wide."""
    count = (width + COLUMN - 1) // COLUMN
    scores = logits[:count]
    scores = scores - scores.max(axis=1, keepdims=True)
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    centres = (np.arange(count, dtype=np.float32) + np.float32(0.5)) * COLUMN
    reach = extents[:count] * np.float32(BODY)
    return Columns(scores, np.stack([centres - reach[:, 0], centres + reach[:, 1]], 1))


def width_of(strip: Strip) -> int:
    """Return the width that a strip, or a window of one, is padded to."""
    return next(width for width in WIDTHS if width >= strip.shape[1])


def in_windows(
    strip: Strip,
    window: Callable[[Strip], tuple[NDArray[np.float32], NDArray[np.float32]]],
    budget: Budget | None = None,
) -> Columns:
    """Return the columns of a strip, read in windows.

    Args:
        window: maps a window no wider than the last of `WIDTHS` to logits, (T, 24), and extents,
            (T, 2). Its padding affects the last columns.
        budget: checked before each window.
    """
    # Nearly all training strips end in empty columns. Strips that do not are misread.
    padded = np.pad(strip, ((0, 0), (0, MARGIN), (0, 0)))
    width = padded.shape[1]
    last = WIDTHS[-1]
    step = last - OVERLAP
    logits, extents = [], []
    # Each of two windows supplies the half of their overlap that is further from its edge.
    for start in range(0, max(1, width - OVERLAP), step):
        if budget is not None:
            budget.check()
        found, reach = window(padded[:, start : start + last])
        begin = OVERLAP // 2 // COLUMN if start else 0
        end = None if start + last >= width else (last - OVERLAP // 2) // COLUMN
        logits.append(found[begin:end])
        extents.append(reach[begin:end])
    return columns_of(np.concatenate(logits), np.concatenate(extents), strip.shape[1])


class LiteRTLineReader:
    """A LiteRT line reader, safe to call from any thread; see `LiteRTClassifier`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._idle: dict[int, deque[_Network]] = defaultdict(deque)

    def read(self, strip: Strip, budget: Budget | None = None) -> Columns:
        """See `LineReader.read`."""
        return in_windows(strip, self._window, budget)

    def reserve(self, count: int) -> None:
        """Make the interpreters for this many concurrent calls.

        Raises:
            ModelError: the model is not a line reader.
        """
        for width in WIDTHS:
            own = self._idle[width]
            own.extend(_Network(self._content, width) for _ in range(count - len(own)))

    def _window(self, strip: Strip) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        width = width_of(strip)
        try:
            network = self._idle[width].pop()
        except IndexError:
            network = _Network(self._content, width)
        try:
            return network.read(strip)
        finally:
            self._idle[width].append(network)


class _Network:
    """One interpreter for strips of one width, for one call at a time."""

    def __init__(self, content: bytes, width: int) -> None:
        shape = (1, ROWS, width, STRIP_CHANNELS)
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=1)
            self._input = self._interpreter.get_input_details()[0]["index"]
            self._interpreter.resize_tensor_input(self._input, shape)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"the model is no line reader: {error}") from error
        outputs = self._interpreter.get_output_details()
        by_size = {int(output["shape"][-1]): output["index"] for output in outputs}
        if by_size.keys() != {CLASSES, 2}:
            raise ModelError(
                f"the model is no line reader: it has outputs of {sorted(by_size)} numbers, "
                f"not of 2 and {CLASSES}"
            )
        self._logits, self._extents = by_size[CLASSES], by_size[2]
        self._padded = np.zeros(shape, np.uint8)

    def read(self, strip: Strip) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return logits, (width / 2, 24), and extents, (width / 2, 2), of the strip, padded."""
        self._padded[:] = 0
        self._padded[0, :, : strip.shape[1]] = strip
        self._interpreter.set_tensor(self._input, network_input(self._padded, STRIP_CHANNELS))
        self._interpreter.invoke()
        return (
            np.asarray(self._interpreter.get_tensor(self._logits)[0], np.float32),
            np.asarray(self._interpreter.get_tensor(self._extents)[0], np.float32),
        )
