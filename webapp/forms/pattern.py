r"""Patterns: the texts that a form's field may have, as an automaton for the search.

| pattern | texts |
| --- | --- |
| `0` | one digit; other digits and signs stand for themselves |
| `0{4}`, `0{2,4}` | four digits; two to four |
| `0+`, `0*`, `0?` | one or more; any number; one or none |
| `00/00/0000` | a date |
| `-?0+(.00)?` | an amount: `(…)` groups |
| `0{5}\|0{9}` | alternatives |

After a backslash, what has a meaning here (`+`, `(`, `)`, `0`) stands for itself.

The automaton is Glushkov's: one state per place of the pattern. A search holds sets of states, as
bits of an integer (Navarro and Raffinot, "Fast and simple character classes and bounded gaps
pattern matching", 2003).
"""

from dataclasses import dataclass
from typing import TypeAlias

from ..recognition.symbols import OTHER, SIGNS, SYMBOLS

MOST_PLACES = 64
"""Places of a pattern, at most, after `{…}` is written out. The longest texts that are read have
some 40 symbols."""

MOST_CHARACTERS = 200
"""Characters of a pattern, at most."""

MOST_DEPTH = 20
"""Brackets in each other, at most."""

DIGIT = "0"
SPECIAL = "+*?{}()|\\"

_DIGITS = (1 << 10) - 1
_CLASS_OF = {char: 1 << row for row, char in enumerate(SYMBOLS)}


class PatternError(ValueError):
    """A pattern is invalid. The message says where and why."""


@dataclass(frozen=True)
class _Set:
    """One symbol of some."""

    symbols: int
    """Bits of the classes."""


@dataclass(frozen=True)
class _Repeat:
    """A node several times."""

    node: "_Node"
    least: int
    most: int | None


@dataclass(frozen=True)
class _Sequence:
    nodes: tuple["_Node", ...]


@dataclass(frozen=True)
class _Choice:
    nodes: tuple["_Node", ...]


_Node: TypeAlias = _Set | _Repeat | _Sequence | _Choice

_Ends = tuple[bool, int, int]
"""Of a part: whether it may be empty, and the bits of its first and of its last places."""


class Pattern:
    """A set of texts.

    Example:
        >>> year = Pattern("19{2}0|20{3}")
        >>> [year.matches(text) for text in ("1990", "2026", "1890")]
        [True, True, False]
    """

    START = 1
    """State before the first symbol."""

    def __init__(self, text: str) -> None:
        """Take a pattern.

        Raises:
            PatternError: it is invalid.
        """
        self.text = text
        node = _Parser(text).parse()
        self._symbols = [0]  # of the start, which no symbol leads to
        self._follow = [0]
        empty, first, last = self._place(node)
        self._follow[0] = first
        self._accepting = last | (self.START if empty else 0)
        self._steps: dict[tuple[int, int], int] = {}

    def step(self, states: int, symbol: int) -> int:
        """Return the states after one more symbol; 0 if no text continues like this.

        Args:
            states: `START`, or what this method returned.
            symbol: class of the line reader. Other ink leaves the states as they are.
        """
        if symbol == OTHER:
            return states
        known = self._steps.get((states, symbol))
        if known is None:
            known = 0
            for place in _bits(states):
                known |= self._follow[place]
            for place in _bits(known):
                if not self._symbols[place] >> symbol & 1:
                    known &= ~(1 << place)
            self._steps[states, symbol] = known
        return known

    def accepts(self, states: int) -> bool:
        """Check whether a text that led to these states is complete."""
        return bool(states & self._accepting)

    def matches(self, text: str) -> bool:
        """Check whether a text of `SYMBOLS` is in the set."""
        states = self.START
        for char in text:
            states = self.step(states, SYMBOLS.index(char)) if char in SYMBOLS else 0
        return self.accepts(states)

    def _place(self, node: _Node) -> _Ends:
        """Add the places of a node to the automaton.

        Raises:
            PatternError: there are too many.
        """
        match node:
            case _Set(symbols):
                if len(self._symbols) > MOST_PLACES:
                    raise PatternError(f"a pattern has at most {MOST_PLACES} places")
                self._symbols.append(symbols)
                self._follow.append(0)
                place = 1 << (len(self._symbols) - 1)
                return False, place, place
            case _Sequence(nodes):
                return self._in_row([self._place(each) for each in nodes])
            case _Choice(nodes):
                ends = [self._place(each) for each in nodes]
                empty, first, last = False, 0, 0
                for one_empty, one_first, one_last in ends:
                    empty, first, last = empty or one_empty, first | one_first, last | one_last
                return empty, first, last
            case _Repeat(inner, least, most):
                copies = [self._place(inner) for _ in range(most or max(1, least))]
                if most is None:  # the last copy may repeat
                    _, first, last = copies[-1]
                    self._link(last, first)
                optional = len(copies) - least
                copies = [
                    (empty or row >= len(copies) - optional, first, last)
                    for row, (empty, first, last) in enumerate(copies)
                ]
                return self._in_row(copies)

    def _in_row(self, parts: list[_Ends]) -> _Ends:
        empty, first, last = True, 0, 0
        for part_empty, part_first, part_last in parts:
            self._link(last, part_first)
            first |= part_first if empty else 0
            last = part_last | (last if part_empty else 0)
            empty = empty and part_empty
        return empty, first, last

    def _link(self, last: int, first: int) -> None:
        for place in _bits(last):
            self._follow[place] |= first


class _Parser:
    """Recursive descent over the text of a pattern."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0

    def parse(self) -> _Node:
        """Return the tree.

        Raises:
            PatternError: the text is invalid.
        """
        if len(self._text) > MOST_CHARACTERS:
            raise PatternError(f"a pattern has at most {MOST_CHARACTERS} characters")
        node = self._choice()
        if self._place < len(self._text):
            raise self._error("there is no ( before this )")
        return node

    def _choice(self) -> _Node:
        nodes = [self._sequence()]
        while self._next() == "|":
            self._place += 1
            nodes.append(self._sequence())
        return nodes[0] if len(nodes) == 1 else _Choice(tuple(nodes))

    def _sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self._next() not in ("", "|", ")"):
            nodes.append(self._repeated(self._one()))
        if not nodes:
            raise self._error("a symbol is missing")
        return nodes[0] if len(nodes) == 1 else _Sequence(tuple(nodes))

    def _one(self) -> _Node:
        char = self._next()
        if char == "(":
            self._place += 1
            self._depth += 1
            if self._depth > MOST_DEPTH:
                raise self._error(f"a pattern has at most {MOST_DEPTH} brackets in each other")
            node = self._choice()
            if self._next() != ")":
                raise self._error("a ) is missing")
            self._depth -= 1
            self._place += 1
            return node
        if char == "\\":
            self._place += 1
            char = self._next()
            if char not in SYMBOLS or not char:
                raise self._error("a sign or a digit is missing after the backslash")
            self._place += 1
            return _Set(_CLASS_OF[char])
        if char in SPECIAL:
            raise self._error(f"{char} needs a symbol before it")
        if char not in _CLASS_OF:
            raise self._error(f"{char!r} is not one of the digits and {' '.join(SIGNS)}")
        self._place += 1
        return _Set(_DIGITS if char == DIGIT else _CLASS_OF[char])

    def _repeated(self, node: _Node) -> _Node:
        bounds: dict[str, tuple[int, int | None]] = {"?": (0, 1), "+": (1, None), "*": (0, None)}
        while char := self._next():
            if char in bounds:
                self._place += 1
                node = _Repeat(node, *bounds[char])
            elif char == "{":
                self._place += 1
                least = self._count()
                most = least
                if self._next() == ",":
                    self._place += 1
                    most = self._count()
                if self._next() != "}":
                    raise self._error("a } is missing")
                if not 0 < most <= MOST_PLACES or least > most:
                    raise self._error(f"the numbers in {{}} go up to {MOST_PLACES}, in order")
                self._place += 1
                node = _Repeat(node, least, most)
            else:
                break
        return node

    def _count(self) -> int:
        start = self._place
        while self._next().isascii() and self._next().isdigit():
            self._place += 1
        if not 0 < self._place - start <= 2:
            raise self._error("a number of one or two digits is missing")
        return int(self._text[start : self._place])

    def _next(self) -> str:
        return self._text[self._place : self._place + 1]

    def _error(self, reason: str) -> PatternError:
        return PatternError(f"at character {self._place + 1}: {reason}")


def _bits(states: int) -> list[int]:
    """Return the places of the bits that are set."""
    found = []
    while states:
        lowest = states & -states
        found.append(lowest.bit_length() - 1)
        states ^= lowest
    return found
