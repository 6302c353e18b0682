"""Forms: what a field may hold, for the search of the recogniser."""

from .pattern import MOST_CHARACTERS, Pattern, PatternError
from .wanted import MOST_ADDENDS, Check, Wanted, sum_exactly, value_of, wanted_of

__all__ = [
    "MOST_ADDENDS",
    "MOST_CHARACTERS",
    "Check",
    "Pattern",
    "PatternError",
    "Wanted",
    "sum_exactly",
    "value_of",
    "wanted_of",
]
