"""What a form's field may hold: a pattern, bounds of the value, a sum, a check digit."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, DecimalException, Inexact
from functools import reduce
from typing import Literal

from .pattern import Pattern

Check = Literal["luhn", "isbn", "ean13", "mod97"]

Number = str | int | float | Decimal
"""A number: as it is written, such as `12.50` or `1.234,50`, or its value."""

MANY = 4
"""Factor of the search's beam where more than a pattern chooses among its texts."""

MOST_ADDENDS = 100
"""Numbers of a sum, at most."""

EXACT = Context(prec=10_000, traps=[Inexact])
"""Arithmetic without rounding. No line has more digits: it has at most 5,000 columns."""


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
    sum_of: Sequence[Number] | None = None
    """Numbers, 1 to `MOST_ADDENDS`, whose sum the value must be."""
    total: Decimal | None = field(init=False, default=None)
    """That sum."""

    def __post_init__(self) -> None:
        """Check the bounds, and add up `sum_of`.

        Raises:
            TypeError: the pattern is no `Pattern`.
            ValueError: one is not finite or not a number, the least is above the most, or there
                are too few or too many numbers.
        """
        if not isinstance(self.pattern, Pattern | None):
            raise TypeError(f"pattern is a Pattern, got {self.pattern!r:.60}")
        if self.sum_of is not None:
            if not 1 <= len(self.sum_of) <= MOST_ADDENDS:
                raise ValueError(f"a sum has 1 to {MOST_ADDENDS} numbers, got {len(self.sum_of)}")
            # The dataclass is frozen.
            object.__setattr__(self, "total", sum_exactly(map(number_of, self.sum_of)))
        for bound in (self.least, self.most):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"a bound is a finite number, got {bound}")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"the least value, {self.least:g}, is above the most, {self.most:g}")

    @property
    def beam(self) -> int:
        """Factor of the search's beam: more texts where more than the pattern chooses."""
        beyond_pattern = (self.least, self.most, self.check, self.total)
        return 1 if all(bound is None for bound in beyond_pattern) else MANY

    def holds(self, text: str) -> bool:
        """Check a line of text."""
        if self.pattern is not None and not self.pattern.matches(text):
            return False
        if self.check is not None and not CHECKS[self.check](text):
            return False
        if self.least is None and self.most is None and self.total is None:
            return True
        value = value_of(text)
        return (
            value is not None
            and (self.least is None or float(value) >= self.least)
            and (self.most is None or float(value) <= self.most)
            and (self.total is None or value == self.total)
        )


def wanted_of(
    pattern: str | None,
    least: float | None,
    most: float | None,
    check: Check | None,
    sum_of: Sequence[Number] | None,
) -> Wanted | None:
    """Return the bounds that are given, or None if there are none.

    Raises:
        PatternError, ValueError: see `Pattern` and `Wanted`.
    """
    if all(bound is None for bound in (pattern, least, most, check, sum_of)):
        return None
    return Wanted(None if pattern is None else Pattern(pattern), least, most, check, sum_of)


def number_of(number: Number) -> Decimal:
    """Return the value of a number; of a float, that of its shortest decimal form.

    Raises:
        ValueError: it has none, or is not finite.

    Example:
        >>> number_of(0.1) == number_of("0,10") == Decimal("0.1")
        True
    """
    try:
        value = value_of(number) if isinstance(number, str) else Decimal(str(number))
    except DecimalException:
        value = None
    if value is None or not value.is_finite():
        raise ValueError(f"expected a number such as 12.50, got {number!r:.60}")
    return value


def sum_exactly(values: Iterable[Decimal]) -> Decimal:
    """Return the sum of values, without rounding.

    Raises:
        ValueError: it has more digits than `EXACT`.
    """
    try:
        return reduce(EXACT.add, values, Decimal(0))
    except Inexact as error:
        raise ValueError(f"a sum has at most {EXACT.prec:,} digits") from error


_THOUSANDS = re.compile(
    r"[1-9]\d{0,2}(?:(,\d{3})+(?:\.\d*)?|(\.\d{3})+,\d*|(\.\d{3}){2,})", re.ASCII
)
_PLAIN = re.compile(r"\d+[.,]?\d*|[.,]\d+", re.ASCII)


def value_of(text: str) -> Decimal | None:
    """Return the exact value of an amount; None for a text without one, such as a date.

    Groups of three digits may be separated by `,`, or by `.` if there are several groups or a `,`
    follows them. Any other `.` or `,` is the decimal mark.

    Example:
        >>> [str(value_of(text)) for text in ("1,234.50", "1.234,5", "1,234", "-42", "$5", "1/2")]
        ['1234.50', '1234.5', '1234', '-42', '5', 'None']
    """
    bare = text.replace("$", "", 1).removesuffix("%").removeprefix("#")
    sign = "-" if bare.startswith("-") else ""
    bare = bare.removeprefix("-") if sign else bare.removeprefix("+")
    if groups := _THOUSANDS.fullmatch(bare):
        bare = bare.replace("," if groups[1] else ".", "")
    elif not _PLAIN.fullmatch(bare):
        return None
    return Decimal(sign + bare.replace(",", "."))


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
