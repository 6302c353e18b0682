"""Eyes: the network that finds handwriting in a picture, and the bodies of its lines."""

import math
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ..budget import Budget
from ..errors import ModelError

STEP = 32
"""The network's input has a multiple of this many pixels on either side, ..."""

SIDE = 256
"""... and at least this many. In a picture of one line alone, without paper around it, bold writing
was taken for print. Among 32 to 320, numbers of dev writers as pictures are read as well from this
on."""

BODY_STEP = 4
"""Pixels of the picture per pixel of the map of bodies."""

AT_ONCE = 400_000
"""Pixels per call of the network, which takes some 120 bytes for each. Larger pictures are
processed in bands, ..."""

OVERLAP = 64
"""... which overlap by twice this many rows. Each band discards this many at an inner edge."""

LEAST_CONTRAST = 8.0
"""Least standard deviation of grey levels that a picture is normalised by. Pictures with less
contrast are not stretched further."""


@dataclass(frozen=True)
class Seen:
    """The network's output for a picture of (H, W) pixels: probabilities, 255 for 1."""

    ink: NDArray[np.uint8]
    """(H, W), probability that a pixel is handwriting."""
    body: NDArray[np.uint8]
    """(H / 4, W / 4), rounded up, probability that a place is in the body of a line. The body is
    the middle 45 % of the height of the writing."""


class Eyes(Protocol):
    """A network that finds handwriting."""

    def see(self, picture: NDArray[np.uint8], budget: Budget | None = None) -> Seen:
        """Find the handwriting in a picture, (H, W, 3) uint8, blue, green and red.

        Raises:
            BudgetError, GoneError: see `Budget.check`.
        """
        ...


def eyes_input(
    picture: NDArray[np.uint8], whole: NDArray[np.uint8] | None = None
) -> NDArray[np.float32]:
    """Return a picture as the network's input: (1, H, W, 3) float32, of mean 0 and deviation 1.

    Args:
        picture: (H, W, 3) uint8, blue, green and red.
        whole: the picture that `picture` is part of; it gives the mean and the deviation.
    """
    mean, deviation = cv2.meanStdDev((picture if whole is None else whole).reshape(-1, 1))
    scale = 1 / max(float(deviation[0, 0]), LEAST_CONTRAST)
    scaled = picture.astype(np.float32)
    scaled -= np.float32(mean[0, 0])
    scaled *= np.float32(scale)
    return scaled[np.newaxis]


class LiteRTEyes:
    """A LiteRT model, safe to call from any thread.

    Each call makes its own interpreter and frees its memory.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def see(self, picture: NDArray[np.uint8], budget: Budget | None = None) -> Seen:
        """See `Eyes.see`."""
        height, width = picture.shape[:2]
        padded, (above, left) = padded_to_steps(picture)
        rows, columns = padded.shape[:2]
        band = max(2 * OVERLAP + STEP, AT_ONCE // columns // STEP * STEP)
        ink = np.zeros(padded.shape[:2], np.uint8)
        body = np.zeros((rows // BODY_STEP, columns // BODY_STEP), np.uint8)
        for top in range(0, max(1, rows - 2 * OVERLAP), band - 2 * OVERLAP):
            if budget is not None:
                budget.check()
            end = min(rows, top + band)
            own_ink, own_body = self._look(eyes_input(padded[top:end], padded))
            skip = OVERLAP if top else 0
            ink[top + skip : end] = own_ink[skip:]
            body[(top + skip) // BODY_STEP : end // BODY_STEP] = own_body[skip // BODY_STEP :]
        ink = ink[above : above + height, left : left + width]
        above, left = above // BODY_STEP, left // BODY_STEP
        height, width = math.ceil(height / BODY_STEP), math.ceil(width / BODY_STEP)
        return Seen(ink, body[above : above + height, left : left + width])

    def _look(self, seen: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        outputs = sorted(self._outputs(seen), key=lambda output: -output.size)
        (rows, columns), shapes = seen.shape[1:3], [output.shape for output in outputs]
        if shapes != [(1, rows, columns, 1), (1, rows // BODY_STEP, columns // BODY_STEP, 1)]:
            raise ModelError(f"the model does not find handwriting: its outputs are of {shapes}")
        ink, body = (_probability(output[0, ..., 0]) for output in outputs)
        return ink, body

    def _outputs(self, seen: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the network's outputs, in any order."""
        try:
            interpreter = Interpreter(model_content=self._content, num_threads=1)
            place = interpreter.get_input_details()[0]["index"]
            interpreter.resize_tensor_input(place, seen.shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(place, np.ascontiguousarray(seen))
            interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"the model does not find handwriting: {error}") from error
        return [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]


def padded_to_steps(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return a picture as the network's input, and the place of its corner in it.

    The picture's edge is repeated: on both sides up to `SIDE`, at the end up to a full step. The
    corner, (top, left), is a multiple of `BODY_STEP`.
    """
    rest = [max(SIDE - side, -side % STEP) for side in picture.shape[:2]]
    above, left = (0 if side < STEP else side // 2 // BODY_STEP * BODY_STEP for side in rest)
    padded = cv2.copyMakeBorder(
        picture, above, rest[0] - above, left, rest[1] - left, cv2.BORDER_REPLICATE
    )
    return np.asarray(padded, np.uint8), (above, left)


def _probability(logits: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the sigmoid of logits, 255 for 1."""
    return np.asarray(np.rint(255 / (1 + cv2.exp(-logits))), np.uint8)
