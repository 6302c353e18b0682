"""Patterns of texts, against Python's regular expressions."""

import doctest
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.forms import pattern
from webapp.forms.pattern import (
    MOST_CHARACTERS,
    MOST_DEPTH,
    MOST_PLACES,
    Pattern,
    PatternError,
)
from webapp.recognition.symbols import OTHER, SYMBOLS

TEXTS = st.text(st.sampled_from("0123-./+$"), max_size=9)

KNOWN = {
    "0": ["0", "7"],
    "0{4}": ["1998", "0000"],
    "00/00/0000": ["23/11/1999"],
    "0+.00": ["1.50", "12345.00"],
    "-?0+": ["-7", "42"],
    "0{5}|0{9}": ["12345", "123456789"],
    "-?0+(.00)?": ["5", "-5.25"],
    r"\+0{2,3}": ["+49", "+491"],
    r"2\00?": ["20", "207"],
    "((0{3},)*0{3}|0{1,2})": ["123,456", "12"],
}


@pytest.mark.parametrize("text", KNOWN)
def test_it_works(text):
    """A pattern holds its texts, and neither a part of them nor more."""
    known = Pattern(text)
    for one in KNOWN[text]:
        assert known.matches(one)
        assert not known.matches(f"{one}$")
        assert not known.matches(f"${one}")


def test_the_examples_are_right():
    """The examples in the docstrings give what they show."""
    failed, tried = doctest.testmod(pattern)
    assert (failed, tried > 0) == (0, True)


def expression_of(text):
    """Return a pattern as a regular expression."""
    parts = re.findall(r"\{[^}]*\}|\\.|.", text)
    special = {"0": "[0-9]", r"\0": "0", ".": r"\.", "$": r"\$"}
    return re.compile("".join(special.get(part, part) for part in parts))


ATOMS = st.sampled_from(["0", "1", "2", "-", ".", "/", "$", r"\+", r"\0"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds(
            "({}){}".format, inner, st.sampled_from(["?", "+", "*", "{1}", "{2}", "{1,3}", "{0,2}"])
        ),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.lists(TEXTS, min_size=20, max_size=20))
def test_it_holds_what_a_regular_expression_holds(text, texts):
    """Any pattern and any texts: the same answer as Python's `re`."""
    try:
        known = Pattern(text)
    except PatternError:  # too many places
        return
    expression = expression_of(text)
    for one in texts:
        assert known.matches(one) == bool(expression.fullmatch(one)), one


@given(PATTERNS, TEXTS)
def test_states_are_zero_where_no_text_goes_on(text, one):
    """States are 0 if and only if no text of the pattern starts like this."""
    try:
        known = Pattern(text)
    except PatternError:
        return
    states = known.START
    for char in one:
        states = known.step(states, SYMBOLS.index(char))
    frontier = {states} - {0}
    seen = set(frontier)
    while frontier and not any(map(known.accepts, seen)):
        frontier = {known.step(s, n) for s in frontier for n in range(len(SYMBOLS))} - seen - {0}
        seen |= frontier
    assert bool(states) == any(map(known.accepts, seen))


def test_other_ink_leaves_the_states():
    """Other ink neither continues nor ends a text."""
    known = Pattern("00")
    one = known.step(known.START, 3)
    assert known.step(one, OTHER) == one
    assert known.accepts(known.step(known.step(one, OTHER), 4))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "character 1"),
        ("(", "missing"),
        ("0)", "character 2"),
        ("()", "missing"),
        ("0|", "missing"),
        ("+0", "+ needs"),
        ("0{", "missing"),
        ("0{}", "missing"),
        ("0{,3}", "missing"),
        ("0{3", "missing"),
        ("0{0}", str(MOST_PLACES)),
        ("0{65}", str(MOST_PLACES)),
        ("0{3,2}", "order"),
        ("0{123}", "two digits"),
        ("0{²}", "missing"),
        ("abc", "'a'"),
        ("0 0", "' '"),
        ("\\", "backslash"),
        ("\\a", "backslash"),
        ("0{9}{9}", str(MOST_PLACES)),
        ("(((0?){64}){64}){64}", str(MOST_PLACES)),
        ("0" * (MOST_PLACES + 1), str(MOST_PLACES)),
        ("0" * (MOST_CHARACTERS + 1), str(MOST_CHARACTERS)),
        ("(" * (MOST_DEPTH + 1), str(MOST_DEPTH)),
    ],
)
def test_invalid_patterns_say_why(text, words):
    """An invalid pattern raises an error that says where, or which bound."""
    with pytest.raises(PatternError, match=re.escape(words)):
        Pattern(text)


def test_the_largest_patterns_are_allowed():
    """A pattern may have as many places and as much depth as the bounds say."""
    assert Pattern("0" * MOST_PLACES).matches("7" * MOST_PLACES)
    assert Pattern("(" * MOST_DEPTH + "0" + ")" * MOST_DEPTH).matches("7")


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_an_error(text):
    """No text does anything else than make a pattern or raise a PatternError."""
    with suppress(PatternError):
        Pattern(text)
