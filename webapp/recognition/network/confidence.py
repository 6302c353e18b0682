"""Confidence: the probability that a transcript is right, from its evidence.

A logistic model, fitted on writers and sources that no network was trained on (train/line/). Its
constants are in the line reader's model card.
"""

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any

from ..errors import ModelError

TINY = 1e-6
"""Lower bound on probabilities, which keeps log-odds finite: at most a million to one."""


@dataclass(frozen=True)
class Evidence:
    """The evidence for a transcript. Probabilities and shares are 0 to 1."""

    share: float
    """Share of the best text among all texts."""
    weakest: float
    """P(symbol) of the symbol that the line reader is least certain of."""
    opinion: float
    """Least P(digit) by the network of single digits, over the digits."""
    is_digit: float
    """The least P(is a digit); 1 if the network has no such output, 0 without a digit."""
    misfit: float
    """How far ink reaches beyond the extent of its symbol, at worst, in heights of the writing."""
    symbols: int
    """Number of digits and signs."""
    pieces: int
    """Number of strokes, or connected components, that they are made of."""
    left_out: float
    """Share of the ink that is not part of the text."""

    def features(self) -> dict[str, float]:
        """Return the logistic model's features, by the names of the weights in `Confidence`."""
        return {
            "share": _log_odds(self.share),
            "weakest": _log_odds(self.weakest),
            "opinion": _log_odds(self.opinion),
            "is_digit": _log_odds(self.is_digit),
            "misfit": min(self.misfit, 1.0),
            "symbols": math.log(max(1, self.symbols)),
            "pieces_over": math.log1p(max(0, self.pieces - self.symbols)),
            "pieces_under": math.log1p(max(0, self.symbols - self.pieces)),
            "alone": float(self.symbols == 1),
            "alone_is_digit": _log_odds(self.is_digit) * (self.symbols == 1),
        }


@dataclass(frozen=True)
class Confidence:
    """Weights of the logistic model over `Evidence.features`, and constants that use its result.

    The defaults return the line reader's own probability.
    """

    bias: float = 0.0
    share: float = 1.0
    weakest: float = 0.0
    opinion: float = 0.0
    is_digit: float = 0.0
    misfit: float = 0.0
    symbols: float = 0.0
    pieces_over: float = 0.0
    """Weight of the pieces beyond one per symbol. A symbol with more may have swallowed another."""
    pieces_under: float = 0.0
    """Weight of the symbols beyond one per piece. Divided ink may have been divided wrongly."""
    alone: float = 0.0
    """Weight of a single symbol. Letters and drawings are mostly read as one."""
    alone_is_digit: float = 0.0
    """Additional weight of P(is a digit) of a single symbol. Digits that touch are cut apart and
    need not look like digits."""
    unsure: float = 0.5
    """Threshold of confidence below which a reading is unsure."""
    language_model: float = 0.0
    """Weight of the language model's log probabilities, relative to 1 for the line reader's."""
    other_cost: float = 0.0
    """Subtracted from the logits of other ink, in nats, because training lines contain more of it
    than real ones."""
    second_opinion: float = 0.3
    """Weight of the log probabilities of the network of single digits, relative to the same 1."""

    @classmethod
    def of_card(cls, card: Mapping[str, Any], pictures: bool = False) -> "Confidence":
        """Return the constants of a line reader's card.

        Args:
            pictures: True takes those of pictures, if the card has them, because connected
                components give other evidence than strokes.

        Raises:
            ModelError: they are not finite numbers.
        """
        said = card.get("confidence", {})
        try:
            if pictures and "pictures" in said:
                said = said["pictures"]
            found = cls(**{f.name: float(said[f.name]) for f in fields(cls) if f.name in said})
        except (TypeError, ValueError) as error:
            raise ModelError(f"the confidence in the model card is broken: {error}") from error
        if not all(map(math.isfinite, astuple(found))):
            raise ModelError(f"the confidence in the model card is broken: {found}")
        return found

    def of(self, evidence: Evidence) -> float:
        """Return the probability, 0 to 1, that the best text is right.

        It is the logistic model's, times the share of the ink that is read. That factor is not
        fitted.
        """
        weighed = (getattr(self, name) * value for name, value in evidence.features().items())
        odds = self.bias + sum(weighed)
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds)))) * (1 - evidence.left_out)


def _log_odds(p: float) -> float:
    p = min(max(p, TINY), 1 - TINY)
    return math.log(p) - math.log1p(-p)
