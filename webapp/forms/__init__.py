"""Forms: what a field may hold, for the search of the recogniser."""

from .pattern import MOST_CHARACTERS, Pattern, PatternError
from .wanted import Check, Wanted, wanted_of

__all__ = ["MOST_CHARACTERS", "Check", "Pattern", "PatternError", "Wanted", "wanted_of"]
