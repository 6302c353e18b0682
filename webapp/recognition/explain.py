"""Explanations: a network's feature maps for one glyph, and the ink that speaks for a digit."""

import math
import re
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .budget import Budget
from .errors import ModelError
from .ink.glyph import Glyph, network_input
from .network.calibration import TINY, Calibration
from .network.classifier import Classifier

CONVOLUTION = re.compile(r"(?:^|/)(conv\d+)(?:_\d+)?/")
"""The convolution's name within a tensor's name, as the exporter writes it:
digits_1/conv1_1/Relu;…"""

COLUMNS = 8
"""Feature maps per row of a picture, at most."""

PATCH = 5
"""Side of an erased patch, in pixels: 8 to 18 ms a digit on one core, 26 ms for all 576 patches.
Erasing ink in the order of the map (deletion: Petsiuk et al., BMVC 2018) leaves `pen` log-odds of
0.95, 0.51, 0.29, 0.27 and 0.22 with sides of 3 to 7: from 5 on, a larger patch mostly blurs."""

MOST_EVIDENCE = -2 * math.log(TINY)
"""Largest evidence, in nats: from the least to the greatest log-odds."""


@dataclass(frozen=True)
class Layer:
    """The output of one layer."""

    name: str
    maps: NDArray[np.float32]
    """(H, W, C), after the activation."""
    parameters: int = 0
    """Number of weights and biases; 0 for the input."""

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
    parameters: dict[str, int] = {}
    for tensor in interpreter.get_tensor_details():
        name = CONVOLUTION.search(tensor["name"])
        if not name or len(tensor["shape"]) != 4:
            continue
        # Weights have the same name, but their first axis is the number of filters.
        if tensor["shape"][0] == 1:
            found[name[1]] = np.asarray(interpreter.get_tensor(tensor["index"])[0], np.float32)
        else:
            parameters[name[1]] = math.prod(tensor["shape"].tolist()) + int(tensor["shape"][0])
    if not found:
        raise ModelError("the model's file names no convolution")
    convolutions = [Layer(name, found[name], parameters[name]) for name in sorted(found)]
    return (Layer("glyph", np.asarray(given[0], np.float32)), *convolutions)


def evidence_map(
    classifier: Classifier,
    calibration: Calibration,
    glyph: Glyph,
    digit: int,
    budget: Budget | None = None,
) -> NDArray[np.float64]:
    """Return how much each pixel's ink speaks for a digit (above 0) or against it (below 0).

    Occlusion (Zeiler and Fergus, ECCV 2014, section 4.2): each patch with ink is erased, from all
    maps, and the loss of the digit's log-odds is put on its pixels; a pixel has the mean of its
    patches. The log of the probability would hardly change where the network is sure.

    Args:
        glyph: (28, 28, 5) uint8.
        budget: charged for each patch; None is unlimited.

    Returns:
        (28, 28), in nats, -`MOST_EVIDENCE` to `MOST_EVIDENCE`. 0 where there is no ink.

    Raises:
        BudgetError, GoneError: see `Budget.check`.
    """
    ink = glyph[..., 0] > 0
    corners = np.argwhere(sliding_window_view(ink, (PATCH, PATCH)).any(axis=(2, 3)))
    (budget or Budget()).spend(groups=1 + len(corners))
    patches = [(slice(top, top + PATCH), slice(left, left + PATCH)) for top, left in corners]
    glyphs = np.repeat(glyph[np.newaxis], 1 + len(patches), axis=0)
    for erased, patch in zip(glyphs[1:], patches, strict=True):
        erased[patch] = 0
    shares = np.maximum(calibration.probabilities(classifier.classify(glyphs)), TINY)
    # The sum of the others is exact where the digit's own share is rounded to 1.
    odds = np.log(shares[:, digit]) - np.log(np.delete(shares, digit, axis=1).sum(axis=1))
    losses, counts = np.zeros((2, *ink.shape))
    for loss, patch in zip(odds[0] - odds[1:], patches, strict=True):
        losses[patch] += loss
        counts[patch] += 1
    return np.where(ink, losses / np.maximum(counts, 1), 0)
