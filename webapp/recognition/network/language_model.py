"""Language model: how likely people write a text, by its shape alone.

All digits are alike to it: 12.50 and 98.76 have one shape. It tells an upright slash from a 1,
which look alike, by what else stands in the line. It is an n-gram model with the smoothing of
Witten and Bell, "The Zero-Frequency Problem", IEEE Transactions on Information Theory, 1991; its
counts stand in the card of the line reader.
"""

import math
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..errors import ModelError
from ..symbols import SIGNS

START, END, DIGIT = "<", ">", "0"
CLASSES = len(SIGNS) + 2
"""A digit, the signs, and the end of a text."""

REMEMBERED = 4096
"""Texts whose probability is kept: most drawings have one of a few shapes."""


class LanguageModel:
    """An n-gram model of shapes of texts. Safe to use from several threads."""

    def __init__(self, ngrams: Mapping[str, int]) -> None:
        """An empty mapping gives a model that calls all texts equally likely.

        Args:
            ngrams: how often each was met; all have one length, and end in the symbol that follows
                the others.
        """
        self._order = len(next(iter(ngrams), ""))
        self._counts: Counter[str] = Counter()
        self._contexts: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        for ngram, count in ngrams.items():
            for start in range(self._order):
                self._counts[ngram[start:]] += count
        for ngram, count in self._counts.items():
            self._contexts[ngram[:-1]] += count
            self._kinds[ngram[:-1]] += 1
        self._of_shape = lru_cache(REMEMBERED)(self._log_probability)

    @classmethod
    def of_card(cls, card: Mapping[str, Any]) -> "LanguageModel":
        """The language model of a line reader's card, an empty one if it has none.

        Raises:
            ModelError: its n-grams are not of one length, or their counts are no whole numbers.
        """
        ngrams = card.get("language_model", {})
        try:
            alike = len({len(ngram) for ngram in ngrams}) <= 1
            counted = all(type(count) is int and count > 0 for count in ngrams.values())
        except (AttributeError, TypeError) as error:
            raise ModelError(f"the language model in the model card is broken: {error}") from error
        if not alike or not counted:
            raise ModelError("the language model in the model card is broken: no counts of n-grams")
        return cls(ngrams)

    def log_probability(self, text: str) -> float:
        """Natural logarithm of the probability of a text's shape; 0 if the model is empty."""
        return self._of_shape(shape_of(text)) if self._order else 0.0

    def _log_probability(self, shape: str) -> float:
        return sum(math.log(self._follows(n[:-1], n[-1])) for n in ngrams_of(shape, self._order))

    def _follows(self, context: str, symbol: str) -> float:
        """P(symbol | context), from the shortest context to the longest that was met."""
        found = 1 / CLASSES
        for start in range(len(context), -1, -1):
            seen = self._contexts[context[start:]]
            if not seen:
                break
            kinds = self._kinds[context[start:]]
            found = (self._counts[context[start:] + symbol] + kinds * found) / (seen + kinds)
        return found


def shape_of(text: str) -> str:
    """A text with all its digits alike."""
    return "".join(DIGIT if char.isdigit() else char for char in text)


def ngrams_of(shape: str, order: int) -> list[str]:
    """Every symbol of a shape, and its end, with what stands before it."""
    padded = START * (order - 1) + shape + END
    return [padded[start : start + order] for start in range(len(padded) - order + 1)]
