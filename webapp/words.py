"""A reading in words, for the page without JavaScript; static/js/words.js says the same.

tests/words.json holds both to each other.
"""

from .recognition import Alternative, Reading

NOTABLE = 0.01
"""Other readings less likely than this are not worth words; the bars show them all."""

MOST = 3
"""Other readings that are named."""


def sentence(reading: Reading) -> str:
    """What was read, as one sentence."""
    if reading.status == "empty":
        return "There is no ink to read."
    if reading.status == "not_a_number":
        return "This does not look like a digit."
    verb = "could be" if reading.status == "unsure" else "looks like"
    return f"This {verb} {_with_article(reading.text)}."


def detail(reading: Reading) -> str:
    """How sure, and what else it could be."""
    if reading.status == "empty":
        return "In a picture, more contrast may help."
    sure = f"{percent(reading.confidence)} sure."
    others = _others(reading)
    if not others:
        return sure
    if reading.status == "not_a_number":
        return f"{sure} If it is one, perhaps {_with_article(others[0].text)}."
    return f"{sure} Or {', '.join(f'{o.text} ({percent(o.confidence)})' for o in others)}."


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as a percentage, its sign never alone on a line."""
    return f"{100 * share:.{decimals}f}\u00a0%"


def _others(reading: Reading) -> list[Alternative]:
    """The likeliest of what else it could be: another digit, or none at all."""
    others = list(reading.alternatives)
    is_digit = reading.digits[0].is_digit
    if is_digit is not None and reading.status != "not_a_number":
        others.append(Alternative("no digit", 1 - is_digit))
    notable = [other for other in others if other.confidence >= NOTABLE]
    return sorted(notable, key=lambda other: -other.confidence)[:MOST]


def _with_article(digit: str) -> str:
    return f"{'an' if digit == '8' else 'a'} {digit}"
