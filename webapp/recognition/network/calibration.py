"""From what a network says to what may be believed: the constants that a model's card holds.

They are fitted on dev writers (train/digit/calibrate.py), never on a test set.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .classifier import Outputs

TINY = 1e-12
"""Keeps logarithms finite."""


@dataclass(frozen=True)
class Calibration:
    """How a model's outputs become probabilities, and which of them are too low.

    The defaults change nothing: a model without the constants is taken at its word.
    """

    temperature: float = 1.0
    """Divides the logarithms of P(digit | glyph): above 1, less sure (Guo et al., ICML 2017)."""
    scale: float = 1.0
    """Multiplies the log-odds of P(is a digit); with `offset`, Platt's scaling."""
    offset: float = 0.0
    """Added to the log-odds of P(is a digit)."""
    not_a_number: float = 0.0
    """P(is a digit) below this: no digit."""
    unsure: float = 0.0
    """Confidence below this: a reading that is given, and called unsure."""

    @classmethod
    def of_card(cls, card: Mapping[str, Any]) -> "Calibration":
        """The constants of a model's card.

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
        """Calibrated P(digit | glyph, it is a digit): (N, 10), each row sums to 1."""
        return tempered(outputs.digits, self.temperature)

    def is_digit(self, outputs: Outputs) -> NDArray[np.float64] | None:
        """Calibrated P(is a digit): (N,), or None where the model has no such output."""
        if outputs.is_digit is None:
            return None
        odds = self.scale * log_odds(outputs.is_digit) + self.offset
        return np.asarray(1 / (1 + np.exp(-odds)))


def tempered(digits: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Rows of probabilities with the logits behind them divided by a temperature."""
    logits = np.log(np.maximum(np.asarray(digits, np.float64), TINY)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def log_odds(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Of probabilities p, log p / (1 - p), finite also at 0 and 1."""
    p = np.clip(np.asarray(probabilities, np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p) - np.log1p(-p))
