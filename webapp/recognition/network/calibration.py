"""Calibration: from a network's outputs to probabilities, with constants from its model card.

The constants are fitted on dev writers (train/digit/calibrate.py), never on a test set.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .classifier import Outputs

TINY = 1e-12
"""Lower bound on probabilities, which keeps logarithms finite."""


@dataclass(frozen=True)
class Calibration:
    """Constants that turn a model's outputs into probabilities, and its thresholds.

    The defaults leave the outputs unchanged.
    """

    temperature: float = 1.0
    """Divisor of the logarithms of P(digit | glyph). Above 1 lowers confidence (Guo et al., ICML
    2017)."""
    scale: float = 1.0
    """Factor of the log-odds of P(is a digit); with `offset`, Platt scaling."""
    offset: float = 0.0
    """Offset of the log-odds of P(is a digit)."""
    not_a_number: float = 0.0
    """Threshold of P(is a digit) below which the ink is rejected as a non-digit."""
    unsure: float = 0.0
    """Threshold of confidence below which a reading is unsure."""

    @classmethod
    def of_card(cls, card: Mapping[str, Any]) -> "Calibration":
        """Return the constants of a model's card.

        Raises:
            ModelError: they are not finite numbers, or the temperature is not above 0.
        """
        said = card.get("calibration", {})
        try:
            found = cls(**{f.name: float(said[f.name]) for f in fields(cls) if f.name in said})
        except (TypeError, ValueError) as error:
            raise ModelError(f"the calibration in the model card is broken: {error}") from error
        if not np.isfinite(astuple(found)).all() or found.temperature <= 0:
            raise ModelError(f"the calibration in the model card is broken: {found}")
        return found

    def probabilities(self, outputs: Outputs) -> NDArray[np.float64]:
        """Return calibrated P(digit | glyph, it is a digit): (N, 10), each row sums to 1."""
        return tempered(outputs.digits, self.temperature)

    def is_digit(self, outputs: Outputs) -> NDArray[np.float64] | None:
        """Return calibrated P(is a digit): (N,), or None if the model has no such output."""
        if outputs.is_digit is None:
            return None
        odds = self.scale * log_odds(outputs.is_digit) + self.offset
        return np.asarray(1 / (1 + np.exp(-odds)))


def tempered(digits: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Return rows of probabilities with their logits divided by a temperature."""
    logits = np.log(np.maximum(np.asarray(digits, np.float64), TINY)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def log_odds(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return log p / (1 - p) of probabilities p, finite also at 0 and 1."""
    p = np.clip(np.asarray(probabilities, np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p) - np.log1p(-p))
