"""Confidence: from the evidence of a transcript to the probability that it is right.

A logistic model, fitted on writers and sources that no network was trained on (train/line/); its
constants stand in the card of the line reader.
"""

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any

from ..errors import ModelError

TINY = 1e-6
"""Keeps log-odds finite: nothing is surer than a million to one."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a transcript. Probabilities and shares are 0 to 1."""

    share: float
    """Of the best text, among all texts."""
    weakest: float
    """P(symbol) of the symbol that the line reader is least sure of."""
    opinion: float
    """P(digit) of the digit that the network of single digits believes least."""
    is_digit: float
    """The least P(is a digit); 1 where the network does not say, 0 without a digit."""
    misfit: float
    """How far ink reaches out of the extent of its symbol, at worst, in heights of the writing."""
    symbols: int
    """Digits and signs."""
    pieces: int
    """Strokes, or connected components, that they are made of."""
    left_out: float
    """Share of the ink that is no part of the text."""

    def features(self) -> dict[str, float]:
        """What the logistic model weighs, by the names of its weights in `Confidence`."""
        return {
            "share": _log_odds(self.share),
            "weakest": _log_odds(self.weakest),
            "opinion": _log_odds(self.opinion),
            "is_digit": _log_odds(self.is_digit),
            "misfit": min(self.misfit, 1.0),
            "symbols": math.log(max(1, self.symbols)),
            "pieces_over": math.log1p(max(0, self.pieces - self.symbols)),
            "pieces_under": math.log1p(max(0, self.symbols - self.pieces)),
        }


@dataclass(frozen=True)
class Confidence:
    """The logistic model's weights of `Evidence.features`, and what is made of its result.

    The defaults take the line reader at its word.
    """

    bias: float = 0.0
    share: float = 1.0
    weakest: float = 0.0
    opinion: float = 0.0
    is_digit: float = 0.0
    misfit: float = 0.0
    symbols: float = 0.0
    pieces_over: float = 0.0
    """Of the pieces beyond one a symbol: a symbol with more may have swallowed another."""
    pieces_under: float = 0.0
    """Of the symbols beyond one a piece: ink that was divided may have been divided wrongly."""
    unsure: float = 0.5
    """Confidence below this: a reading that is given, and called unsure."""
    language_model: float = 0.0
    """Weight of the language model's log probabilities, beside 1 for the line reader's."""
    other_cost: float = 0.0
    """Subtracted from the logits of other ink, in nats: there is more in training lines than in
    real ones."""
    second_opinion: float = 0.3
    """Weight of the log probabilities of the network of single digits, beside the same 1."""

    @classmethod
    def of_card(cls, card: Mapping[str, Any], pictures: bool = False) -> "Confidence":
        """The constants of a line reader's card.

        Args:
            pictures: those of pictures, where the card has them: pieces of strokes say what pieces
                of ink do not.

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
        """The probability, 0 to 1, that the best text is right: that of the logistic model, times
        the share of the ink that is read (a guess that nobody fitted).
        """
        weighed = (getattr(self, name) * value for name, value in evidence.features().items())
        odds = self.bias + sum(weighed)
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds)))) * (1 - evidence.left_out)


def _log_odds(p: float) -> float:
    p = min(max(p, TINY), 1 - TINY)
    return math.log(p) - math.log1p(-p)
