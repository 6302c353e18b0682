"""Two digits that touch, read at once by a network of their own: where no cut parts them well,
their ink together still tells both.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .blobs import patch_of
from .budget import Budget
from .calibration import Calibration
from .classifier import CLASSES, Classifier
from .errors import ModelError
from .glyph import SIDE, Stroke

PAIR_WIDTH = 48
"""Width of a pair's glyph, in pixels; its height is that of a digit's, `SIDE`."""

PAIR_BOX = (22, 42)
"""Height and width that the ink fills at most, its aspect kept."""

PAIR_CLASSES = CLASSES**2
"""00 to 99."""


def glyph_of_pair(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pixels of what may be two digits, as the network of pairs takes them.

    Args:
        ink: (H, W), ink 255 on 0; its box is that of every pixel above 0.

    Returns:
        (28, 48, 1): the box of the ink in the middle, its darkest 255.

    Raises:
        ValueError: there is no ink.
    """
    x, y, width, height = cv2.boundingRect(ink)
    if width == 0:
        raise ValueError("a glyph needs ink, got an empty image")
    scale = min(PAIR_BOX[0] / height, PAIR_BOX[1] / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    patch = ink[y : y + height, x : x + width].astype(np.float32)
    small = cv2.resize(patch, size, interpolation=method)
    glyph = np.zeros((SIDE, PAIR_WIDTH, 1), np.uint8)
    left, top = (PAIR_WIDTH - size[0]) // 2, (SIDE - size[1]) // 2
    scaled = np.rint(small * (255 / float(small.max())))
    glyph[top : top + size[1], left : left + size[0], 0] = scaled.clip(0, 255)
    return glyph


class PairReader:
    """A network of pairs and the constants that it is believed by. As safe to call from any thread
    as its classifier.
    """

    def __init__(self, classifier: Classifier, calibration: Calibration | None = None) -> None:
        """Without a calibration, the classifier is taken at its word."""
        self._classifier = classifier
        self._calibration = calibration or Calibration()

    def read(
        self,
        pieces: Sequence[Sequence[Stroke]],
        ink: NDArray[np.uint8],
        budget: Budget | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each of N groups of a page's connected ink is, if it is a pair, and whether it is.

        Returns:
            P(first digit) and P(second digit), (N, 2, 10), and P(is a pair), (N,).

        Raises:
            BudgetError, GoneError: see `Budget.check`.
            Exception: the model is none of pairs.
        """
        glyphs = np.stack([glyph_of_pair(patch_of(group, ink, budget)) for group in pieces])
        outputs = self._classifier.classify(glyphs)
        both = self._calibration.probabilities(outputs).reshape(-1, CLASSES, CLASSES)
        judged = self._calibration.is_digit(outputs)
        if judged is None:
            raise ModelError("the model of pairs does not say whether something is one")
        return np.stack([both.sum(axis=2), both.sum(axis=1)], axis=1), judged
