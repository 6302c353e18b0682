"""Feature maps: the outputs of a network's convolutions for one glyph."""

import re
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from .errors import ModelError
from .ink.glyph import Glyph, network_input

CONVOLUTION = re.compile(r"(?:^|/)(conv\d+)(?:_\d+)?/")
"""The convolution's name within a tensor's name, as the exporter writes it:
digits_1/conv1_1/Relu;…"""

COLUMNS = 8
"""Feature maps per row of a picture, at most."""


@dataclass(frozen=True)
class Layer:
    """The output of one layer."""

    name: str
    maps: NDArray[np.float32]
    """(H, W, C), after the activation."""

    def picture(self) -> NDArray[np.uint8]:
        """Return all maps as one grey picture, `COLUMNS` a row, without gaps.

        The layer's highest value is white. 0 and negative values are black.
        """
        height, width, count = self.maps.shape
        across = min(COLUMNS, count)
        down = -(-count // across)
        scaled = np.clip(self.maps / max(float(self.maps.max()), 1e-9), 0, 1)
        tiles = np.zeros((down * across, height, width), np.float32)
        tiles[:count] = np.moveaxis(scaled, 2, 0)
        rows = tiles.reshape(down, across, height, width).swapaxes(1, 2)
        grid = rows.reshape(down * height, across * width)
        picture: NDArray[np.uint8] = np.rint(255 * grid).astype(np.uint8)
        return picture


def explain(content: bytes, glyph: Glyph) -> tuple[Layer, ...]:
    """Return the network's input, named `glyph`, and the maps of its convolutions, in order.

    The call makes an interpreter that keeps every tensor, and drops it afterwards. That takes some
    two milliseconds and holds no memory between calls (docs/decisions/0007).

    Args:
        content: a LiteRT file.
        glyph: (28, 28, 5) uint8.

    Raises:
        ModelError: the file names no convolution.
    """
    # A delegate fuses layers and does not keep the tensors between them.
    interpreter = Interpreter(
        model_content=content,
        num_threads=1,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    taken = interpreter.get_input_details()[0]
    given = network_input(glyph[np.newaxis], int(taken["shape"][3]))
    interpreter.resize_tensor_input(taken["index"], given.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(taken["index"], given)
    interpreter.invoke()
    found: dict[str, NDArray[np.float32]] = {}
    for tensor in interpreter.get_tensor_details():
        name = CONVOLUTION.search(tensor["name"])
        # Weights have the same name, but their first axis is the number of filters.
        if name and len(tensor["shape"]) == 4 and tensor["shape"][0] == 1:
            found[name[1]] = np.asarray(interpreter.get_tensor(tensor["index"])[0], np.float32)
    if not found:
        raise ModelError("the model's file names no convolution")
    convolutions = [Layer(name, found[name]) for name in sorted(found)]
    return (Layer("glyph", np.asarray(given[0], np.float32)), *convolutions)
