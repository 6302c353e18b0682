"""What a form's field may hold: a pattern, bounds of the value, a check digit."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from .pattern import Pattern

Check = Literal["luhn", "isbn", "ean13", "mod97"]

MANY = 4
"""Factor of the search's beam where bounds or a check digit choose among its texts."""


@dataclass(frozen=True)
class Wanted:
    """Bounds on each line of a text."""

    pattern: Pattern | None = None
    least: float | None = None
    """Least value."""
    most: float | None = None
    """Largest value."""
    check: Check | None = None
    """Check digit that the digits must have."""

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ValueError: one is not finite, or the least is above the most.
        """
        for bound in (self.least, self.most):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"a bound is a finite number, got {bound}")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"the least value, {self.least:g}, is above the most, {self.most:g}")

    @property
    def beam(self) -> int:
        """Factor of the search's beam: more texts where more than the pattern chooses."""
        return 1 if self.least is None and self.most is None and self.check is None else MANY

    def holds(self, text: str) -> bool:
        """Check a line of text."""
        if self.pattern is not None and not self.pattern.matches(text):
            return False
        if self.check is not None and not CHECKS[self.check](text):
            return False
        if self.least is None and self.most is None:
            return True
        value = value_of(text)
        return (
            value is not None
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
        )


def wanted_of(
    pattern: str | None, least: float | None, most: float | None, check: Check | None
) -> Wanted | None:
    """Return the bounds that are given, or None if there are none.

    Raises:
        PatternError, ValueError: see `Pattern` and `Wanted`.
    """
    if pattern is None and least is None and most is None and check is None:
        return None
    return Wanted(None if pattern is None else Pattern(pattern), least, most, check)


_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:(,\d{3})+(?:\.\d*)?|(\.\d{3})+,\d*|(\.\d{3}){2,})")
_PLAIN = re.compile(r"\d+[.,]?\d*|[.,]\d+")


def value_of(text: str) -> float | None:
    """Return the value of an amount; None for a text without one, such as a date.

    Groups of three digits may be separated by `,`, or by `.` if there are several groups or a `,`
    follows them. Any other `.` or `,` is the decimal mark.

    Example:
        >>> [value_of(text) for text in ("1,234.50", "1.234,50", "1,234", "-42", "$5", "23/11")]
        [1234.5, 1234.5, 1234.0, -42.0, 5.0, None]
    """
    bare = text.replace("$", "", 1).removesuffix("%").removeprefix("#")
    sign = -1 if bare.startswith("-") else 1
    bare = bare.removeprefix("-") if sign < 0 else bare.removeprefix("+")
    if groups := _THOUSANDS.fullmatch(bare):
        mark = "," if groups[1] else "."
        return sign * float(bare.replace(mark, "").replace(",", "."))
    return sign * float(bare.replace(",", ".")) if _PLAIN.fullmatch(bare) else None


def _luhn(text: str) -> bool:
    """Check digit of bank cards (ISO/IEC 7812-1, annex B)."""
    digits = [*map(int, filter(str.isdigit, text))][::-1]
    doubled = [d if row % 2 == 0 else sum(divmod(2 * d, 10)) for row, d in enumerate(digits)]
    return len(digits) > 1 and sum(doubled) % 10 == 0


def _ean13(text: str) -> bool:
    """Check digit of article numbers (GS1 General Specifications, 7.9)."""
    digits = [*map(int, filter(str.isdigit, text))]
    return len(digits) == 13 and sum(digits[::2] + [3 * d for d in digits[1::2]]) % 10 == 0


def _isbn(text: str) -> bool:
    """Check digit of book numbers (ISO 2108) of 13 digits, or of 10 that do not end in X."""
    digits = [*map(int, filter(str.isdigit, text))]
    if len(digits) == 10:
        return sum((10 - row) * d for row, d in enumerate(digits)) % 11 == 0
    return _ean13(text)


def _mod97(text: str) -> bool:
    """Two check digits at the end (ISO/IEC 7064, MOD 97-10)."""
    digits = "".join(filter(str.isdigit, text))
    return len(digits) > 2 and int(digits) % 97 == 1


CHECKS: Mapping[Check, Callable[[str], bool]] = {
    "luhn": _luhn,
    "isbn": _isbn,
    "ean13": _ean13,
    "mod97": _mod97,
}
