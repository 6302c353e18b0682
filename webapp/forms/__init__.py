"""Forms: what a field may hold, for the search of the recogniser."""

from .pattern import MOST_CHARACTERS, Pattern, PatternError
from .wanted import Check, Wanted

__all__ = ["MOST_CHARACTERS", "Check", "Pattern", "PatternError", "Wanted"]
