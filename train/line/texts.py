"""Texts that people write as numbers, as strings with one token per symbol."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SPACE = " "
LETTER = "a"
MARK = "@"
"""A symbol other than the signs of numbers, such as `?` or `&`."""
DOODLE = "~"
RAISED = "^"
"""Tokens that are not symbols: a wide gap, and four kinds of other ink. RAISED is small ink above
or below the previous symbol: a power, a degree sign, an inch mark, a tap of the pen."""

Rng = np.random.Generator


@dataclass(frozen=True)
class Pattern:
    """A kind of text."""

    name: str
    share: float
    """Frequency relative to the other patterns."""
    text: Callable[[Rng], str]


def digits(rng: Rng, least: int, most: int) -> str:
    """Return a run of `least` to `most` digits. Some runs have a repeated digit."""
    count = int(rng.integers(least, most + 1))
    found = [str(d) for d in rng.integers(0, 10, count)]
    if count > 1 and rng.random() < 0.15:
        start = int(rng.integers(count - 1))
        found[start + 1] = found[start]
    return "".join(found)


def _number(rng: Rng) -> str:
    return digits(rng, 1, 13 if rng.random() < 0.3 else 7)


def _decimal(rng: Rng) -> str:
    point = "." if rng.random() < 0.65 else ","
    whole = digits(rng, 1, 4) if rng.random() < 0.97 else ""
    return whole + point + digits(rng, 1, 3 if rng.random() < 0.3 else 2)


def _thousands(rng: Rng) -> str:
    group, point = (",", ".") if rng.random() < 0.6 else (".", ",")
    text = digits(rng, 1, 3) + "".join(
        group + digits(rng, 3, 3) for _ in range(int(rng.integers(1, 3)))
    )
    return text + (point + digits(rng, 2, 2) if rng.random() < 0.5 else "")


def _value(rng: Rng, most: int = 3) -> str:
    return _decimal(rng) if rng.random() < 0.2 else digits(rng, 1, most)


def _signed(rng: Rng) -> str:
    return ("-" if rng.random() < 0.85 else "+") + _gap(rng, 0.1) + _value(rng, 5)


def _date(rng: Rng) -> str:
    mark = str(rng.choice(["/", "/", "/", "/", ".", "-"]))
    parts = [digits(rng, 1, 2), digits(rng, 1, 2), digits(rng, 2, 2)]
    if rng.random() < 0.4:
        parts[2] = digits(rng, 4, 4)
    if rng.random() < 0.2:
        parts = parts[:2]
    return mark.join(parts if rng.random() < 0.8 else parts[::-1])


def _time(rng: Rng) -> str:
    parts = 1 + int(rng.random() < 0.2)
    return ":".join([digits(rng, 1, 2), *(digits(rng, 2, 2) for _ in range(parts))])


def _percentage(rng: Rng) -> str:
    return _value(rng) + _gap(rng, 0.15) + "%"


def _sum(rng: Rng) -> str:
    terms = 2 + int(rng.random() < 0.15)
    gap = _gap(rng, 0.15)
    text = digits(rng, 1, 3)
    for _ in range(terms - 1):
        text += gap + str(rng.choice([*"++++----:/"])) + gap + digits(rng, 1, 3)
    if rng.random() < 0.5:
        text += gap + "=" + gap
        text += digits(rng, 1, 4) if rng.random() < 0.8 else ""
    return text


def _fraction(rng: Rng) -> str:
    return digits(rng, 1, 3) + "/" + digits(rng, 1, 3)


def _amount(rng: Rng) -> str:
    value = _decimal(rng) if rng.random() < 0.7 else digits(rng, 1, 6)
    return f"${value}" if rng.random() < 0.8 else f"{value}$"


def _brackets(rng: Rng) -> str:
    inner = f"({_value(rng)})"
    kind = rng.random()
    if kind < 0.5:
        return inner
    if kind < 0.75:
        return digits(rng, 1, 3) + inner
    return inner + _gap(rng, 0.5) + digits(rng, 3, 3) + "-" + digits(rng, 4, 4)


def _phone(rng: Rng) -> str:
    mark = str(rng.choice(["-", SPACE, SPACE, "."]))
    groups = [digits(rng, 2, 4) for _ in range(int(rng.integers(2, 5)))]
    return ("+" if rng.random() < 0.15 else "") + mark.join(groups)


def _groups(rng: Rng) -> str:
    return SPACE.join(digits(rng, 1, 5) for _ in range(int(rng.integers(2, 5))))


def _numbered(rng: Rng) -> str:
    kind = rng.random()
    if kind < 0.4:
        return "#" + digits(rng, 1, 4)
    return digits(rng, 1, 2) + (")" if kind < 0.7 else ".")


def _range(rng: Rng) -> str:
    mark = str(rng.choice(["-", ":", "-"]))
    return digits(rng, 1, 4) + mark + digits(rng, 1, 4)


def _anything(rng: Rng) -> str:
    """Return symbols in random order, so that neighbours alone do not determine a symbol."""
    symbols = rng.choice([*"0123456789" * 2, *".,-+/:%()=$#"], int(rng.integers(1, 7)))
    return "".join(symbols)


def _word(rng: Rng) -> str:
    return LETTER * int(rng.integers(1, 9))


def _words_and_numbers(rng: Rng) -> str:
    kind = rng.random()
    if kind < 0.35:
        return _word(rng) + _gap(rng, 0.8) + _value(rng, 5)
    if kind < 0.7:
        return _value(rng, 5) + _gap(rng, 0.5) + LETTER * int(rng.integers(1, 4))
    if kind < 0.85:
        return digits(rng, 1, 3) + MARK + digits(rng, 0, 3)
    return LETTER + digits(rng, 1, 4)


def _raised(rng: Rng) -> str:
    text = _brackets(rng) if rng.random() < 0.3 else _value(rng, 4)
    place = int(rng.integers(1, len(text) + 1)) if rng.random() < 0.3 else len(text)
    return text[:place] + RAISED * int(rng.choice([1, 1, 2])) + text[place:]


def _other(rng: Rng) -> str:
    kind = rng.random()
    if kind < 0.5:
        return DOODLE
    if kind < 0.7:
        return MARK
    return DOODLE + _gap(rng, 0.5) + digits(rng, 1, 4)


def _gap(rng: Rng, share: float) -> str:
    return SPACE if rng.random() < share else ""


PATTERNS = (
    Pattern("single digits", 20, lambda rng: digits(rng, 1, 1)),
    Pattern("numbers", 44, _number),
    Pattern("decimals", 7, _decimal),
    Pattern("thousands", 2, _thousands),
    Pattern("signed", 5, _signed),
    Pattern("dates", 8, _date),
    Pattern("times", 2, _time),
    Pattern("percentages", 4, _percentage),
    Pattern("sums", 6, _sum),
    Pattern("fractions", 1.5, _fraction),
    Pattern("amounts", 3, _amount),
    Pattern("brackets", 2, _brackets),
    Pattern("phone numbers", 2, _phone),
    Pattern("groups", 2, _groups),
    Pattern("numbered", 2, _numbered),
    Pattern("ranges", 1, _range),
    Pattern("any order", 1, _anything),
    Pattern("words", 4, _word),
    Pattern("words and numbers", 2.5, _words_and_numbers),
    Pattern("raised ink", 2.5, _raised),
    Pattern("other ink", 2.5, _other),
)
"""Patterns of composed lines. The shares are a guess at what people write on a pad and on forms,
with more signs, because signs have few samples to learn from."""


def random_text(rng: Rng) -> str:
    """Return a text of a random pattern."""
    return PATTERNS[int(rng.choice(len(PATTERNS), p=_SHARES))].text(rng)


_SHARES = np.array([pattern.share for pattern in PATTERNS])
_SHARES = _SHARES / _SHARES.sum()
