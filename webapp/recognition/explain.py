"""What a network saw of one glyph: the maps of its convolutions."""

import re
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from .errors import ModelError
from .ink.glyph import Glyph, network_input

CONVOLUTION = re.compile(r"(?:^|/)(conv\d+)(?:_\d+)?/")
"""A convolution's name in the name that the exporter gives a tensor: digits_1/conv1_1/Relu;…"""

COLUMNS = 8
"""Maps side by side in a picture of them, at most."""


@dataclass(frozen=True)
class Layer:
    """What came out of one layer."""

    name: str
    maps: NDArray[np.float32]
    """(H, W, C), after its activation."""

    def picture(self) -> NDArray[np.uint8]:
        """All maps, `COLUMNS` side by side, row by row, without gaps; the layer's highest value is
        white, 0 and less are black.
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
    """The network's input, named `glyph`, and the maps of its convolutions, in order.

    An interpreter of the served file that keeps every tensor is made for this call and dropped
    after it: that takes some two milliseconds, and no memory in between (docs/decisions/0007).

    Args:
        content: a LiteRT file.
        glyph: (28, 28, 5) uint8.

    Raises:
        ModelError: no convolution can be found in the file.
    """
    # Fused into a delegate's own program, what is between the layers would not be kept.
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
        # Weights bear the name too, but their first axis is that of the filters.
        if name and len(tensor["shape"]) == 4 and tensor["shape"][0] == 1:
            found[name[1]] = np.asarray(interpreter.get_tensor(tensor["index"])[0], np.float32)
    if not found:
        raise ModelError("the model's file names no convolution")
    convolutions = [Layer(name, found[name]) for name in sorted(found)]
    return (Layer("glyph", np.asarray(given[0], np.float32)), *convolutions)
