"""The line reader's language model: n-gram counts of the texts that lines are composed of."""

from collections import Counter

import numpy as np

from webapp.recognition.network.language_model import ngrams_of, shape_of
from webapp.recognition.symbols import SYMBOLS

from .texts import random_text

ORDER = 7
"""Symbols of an n-gram, enough for two parts of a date with both slashes."""

TEXTS, LEAST = 150_000, 15
"""Number of texts to count, and the lowest count of an n-gram that is kept."""


def count_ngrams(seed: int = 1, texts: int = TEXTS, least: int = LEAST) -> dict[str, int]:
    """Count the n-grams of the shapes of random texts, without other ink."""
    rng = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    for _ in range(texts):
        visible = "".join(char for char in random_text(rng) if char in SYMBOLS)
        found.update(ngrams_of(shape_of(visible), ORDER))
    return {ngram: count for ngram, count in sorted(found.items()) if count >= least}
