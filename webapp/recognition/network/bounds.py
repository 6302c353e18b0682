"""Bounds on texts: what a search asks of them. `webapp.forms` has bounds of forms' fields."""

from typing import Protocol


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
