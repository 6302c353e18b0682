"""Texts that lines are composed of."""

import re

import numpy as np
import pytest

from train.line.texts import DOODLE, LETTER, MARK, PATTERNS, RAISED, SPACE, digits, random_text
from webapp.recognition.symbols import SIGNS, SYMBOLS

TOKENS = {*SYMBOLS, SPACE, LETTER, MARK, DOODLE, RAISED}

FORMS = {
    "single digits": r"\d",
    "numbers": r"\d{1,13}",
    "decimals": r"\d{0,4}[.,]\d{1,3}",
    "thousands": r"\d{1,3}((,\d{3})+(\.\d\d)?|(\.\d{3})+(,\d\d)?)",
    "signed": r"[-+] ?(\d{1,5}|\d{0,4}[.,]\d{1,3})",
    "dates": r"\d+([-/.])\d+(\1\d+)?",
    "times": r"\d\d?(:\d\d){1,2}",
    "percentages": r"[\d.,]+ ?%",
    "fractions": r"\d{1,3}/\d{1,3}",
    "amounts": r"\$[\d.,]+|[\d.,]+\$",
    "brackets": r"\d*\([\d.,]+\)( ?\d{3}-\d{4})?",
    "numbered": r"#\d{1,4}|\d\d?[.)]",
    "ranges": r"\d{1,4}[-:]\d{1,4}",
    "words": r"a{1,8}",
    "raised ink": r"[\d.,() -]+\^{1,2}[\d.,() -]*",
    "other ink": r"[~@]|~ ?\d{1,4}",
}
"""Form of the texts of each pattern, except for patterns without a fixed form."""


def texts_of(pattern, count=300):
    """Return texts of a pattern."""
    rng = np.random.default_rng(0)
    return [pattern.text(rng) for _ in range(count)]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_it_works(pattern):
    """A text consists of known tokens, is not blank, and has the form of its pattern."""
    for text in texts_of(pattern):
        assert set(text) <= TOKENS
        assert text.strip()
        assert re.fullmatch(FORMS.get(pattern.name, ".+"), text), text


def test_every_form_is_that_of_a_pattern():
    """Each form belongs to an existing pattern."""
    assert {pattern.name for pattern in PATTERNS} >= FORMS.keys()


def test_every_symbol_comes_about():
    """2,000 texts contain every digit, sign, gap and kind of other ink, and no sign is rare."""
    rng = np.random.default_rng(0)
    texts = [random_text(rng) for _ in range(2000)]
    assert set("".join(texts)) == TOKENS
    for sign in SIGNS:
        assert sum(sign in text for text in texts) >= 8, sign


def test_the_same_seed_gives_the_same_texts():
    """The same seed gives the same texts, and another seed gives others."""
    one, same, other = (
        [random_text(rng) for _ in range(50)] for rng in map(np.random.default_rng, (1, 1, 2))
    )
    assert one == same != other


def test_patterns_come_as_often_as_their_shares_say():
    """Patterns that the first symbol identifies have the frequency of their shares."""
    rng = np.random.default_rng(0)
    texts = [random_text(rng) for _ in range(4000)]
    total = sum(pattern.share for pattern in PATTERNS)
    words = next(pattern.share for pattern in PATTERNS if pattern.name == "words") / total
    found = sum(re.fullmatch("a+", text) is not None for text in texts) / len(texts)
    # Five standard deviations of a share.
    assert abs(found - words) < 5 * (words * (1 - words) / len(texts)) ** 0.5


def test_a_run_of_digits_has_any_length_between():
    """A run has any length within its bounds, and repeats a digit more often than by chance."""
    rng = np.random.default_rng(0)
    runs = [digits(rng, 1, 4) for _ in range(400)]
    assert {len(run) for run in runs} == {1, 2, 3, 4}
    pairs = [digits(rng, 2, 2) for _ in range(2000)]
    # 10 % by chance, and 15 % of the others.
    assert 0.2 < np.mean([one == other for one, other in pairs]) < 0.27
    assert digits(rng, 0, 0) == ""
