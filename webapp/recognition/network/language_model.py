"""Language model: how likely people write a text, by its shape alone.

The model treats all digits alike: 12.50 and 98.76 have one shape. It tells an upright slash from a
1, which look alike, by the rest of the line. It is an n-gram model with Witten-Bell smoothing
(Witten and Bell, "The Zero-Frequency Problem", IEEE Transactions on Information Theory, 1991). Its
counts are in the line reader's model card.
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
"""Number of classes: a digit, the signs, and the end of a text."""

REMEMBERED = 4096
"""Shapes with a cached probability. Most drawings have one of a few shapes."""


class LanguageModel:
    """An n-gram model of the shapes of texts. Safe to use from several threads."""

    def __init__(self, ngrams: Mapping[str, int]) -> None:
        """Build the model from counts. An empty mapping makes all texts equally likely.

        Args:
            ngrams: count of each n-gram. All n-grams have one length and end in the symbol that
                follows the others.
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
        """Return the language model of a line reader's card, or an empty one if it has none.

        Raises:
            ModelError: the n-grams differ in length, or a count is not a positive whole number.
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
        """Return ln P of a text's shape, or 0 if the model is empty."""
        return self._of_shape(shape_of(text)) if self._order else 0.0

    def _log_probability(self, shape: str) -> float:
        return sum(math.log(self._follows(n[:-1], n[-1])) for n in ngrams_of(shape, self._order))

    def _follows(self, context: str, symbol: str) -> float:
        """Return P(symbol | context), from the shortest context to the longest one seen."""
        found = 1 / CLASSES
        for start in range(len(context), -1, -1):
            seen = self._contexts[context[start:]]
            if not seen:
                break
            kinds = self._kinds[context[start:]]
            found = (self._counts[context[start:] + symbol] + kinds * found) / (seen + kinds)
        return found


def shape_of(text: str) -> str:
    """Return a text with 0 in place of every digit."""
    return "".join(DIGIT if char.isdigit() else char for char in text)


def ngrams_of(shape: str, order: int) -> list[str]:
    """Return the n-gram that ends in each symbol of a shape, and in its end."""
    padded = START * (order - 1) + shape + END
    return [padded[start : start + order] for start in range(len(padded) - order + 1)]
