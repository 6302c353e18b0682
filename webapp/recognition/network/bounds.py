"""Bounds on texts: what a search asks of them. `webapp.forms` has bounds of forms' fields."""

from typing import Protocol

MISUSED = 0.01
"""Prior probability that what is written is not within the bounds, such as three digits in a field
for four. If the reader gives the texts within them less than this, the reverse is likelier, and
nothing fits. Of 1,200 fields of dev writers within their bounds, 5 lose a right reading by it. Of
750 with one digit too many or too few, it finds 239 that 0.001 does not."""


def trust(fits: float | None) -> float:
    """Return the probability that what is written is within the bounds, by Bayes' theorem.

    Args:
        fits: probability by the reader alone, 0 to 1. The text is not confined to the bounds if
            nothing fits (0) or if there are none (None), and needs no trust in them: 1.
    """
    if not fits:
        return 1.0
    within = fits * (1 - MISUSED)
    return within / (within + (1 - fits) * MISUSED)


class Automaton(Protocol):
    """A set of texts, symbol by symbol."""

    START: int
    """State before the first symbol."""

    def step(self, states: int, symbol: int) -> int:
        """Return the states after one more symbol; 0 if no text continues like this."""
        ...

    def accepts(self, states: int) -> bool:
        """Check whether a text that led to these states is complete."""
        ...


class Bounds(Protocol):
    """What each line of a text may be."""

    @property
    def pattern(self) -> Automaton | None:
        """The texts that a search is confined to; None confines it to none."""
        ...

    @property
    def beam(self) -> int:
        """Factor of the search's beam."""
        ...

    def holds(self, text: str) -> bool:
        """Check a line of text."""
        ...
