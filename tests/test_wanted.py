"""What a form's field may hold: values and check digits."""

import doctest
from decimal import Decimal

import pytest

from webapp.forms import wanted
from webapp.forms.pattern import Pattern
from webapp.forms.wanted import MOST_ADDENDS, Wanted, number_of, sum_exactly, value_of


def test_the_examples_are_right():
    """The examples in the docstrings give what they show."""
    failed, tried = doctest.testmod(wanted)
    assert (failed, tried > 0) == (0, True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("007", 7),
        ("-12.50", -12.5),
        ("+3", 3),
        ("1,5", 1.5),
        ("1.5", 1.5),
        ("1.234", 1.234),
        ("1,234,567", 1_234_567),
        ("1.234.567", 1_234_567),
        ("1.234.567,89", 1_234_567.89),
        ("1,234,567.89", 1_234_567.89),
        ("12%", 12),
        ("$12.50", 12.5),
        ("12$", 12),
        ("#3", 3),
        (".5", 0.5),
        ("5.", 5),
        ("1.234,567", 1234.567),
        ("0,123", 0.123),
        ("-$5", -5),
        ("$-5", -5),
        ("1.5,", None),
        ("12.34.5", None),
        ("1.2,3,4", None),
        ("23/11", None),
        ("12+34", None),
        ("--5", None),
        ("1-2", None),
        ("(5)", None),
        (".", None),
        ("", None),
        ("-", None),
        ("١٢", None),
        ("1,٢٣٤.5", None),
    ],
)
def test_values_are_those_of_amounts(text, value):
    """An amount has a value, whichever its marks; a date, a sum or a lone sign has none."""
    assert value_of(text) == (None if value is None else Decimal(str(value)))


def test_values_are_exact():
    """A value has all digits that are written, however many."""
    long = "1234567890" * 10
    assert str(value_of(f"-{long}.{long}")) == f"-{long}.{long}"


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        ({"pattern": Pattern("0{2}")}, ["12"], ["1", "123", ""]),
        ({"least": 5}, ["5", "5.01"], ["4.99", "-6", "23/11", ""]),
        ({"most": 5}, ["5", "-6"], ["5.01", "23/11"]),
        ({"least": 1, "most": 6}, ["1", "6"], ["0", "7"]),
        ({"least": 0.1, "most": 0.1}, ["0.1", "0,10"], ["0.11"]),
        ({"pattern": Pattern("0{2}"), "least": 50}, ["50"], ["49", "100"]),
        ({"sum_of": ["9.25", 3.25]}, ["12.50", "12.5", "12,5", "$12.50"], ["12.51", "125", ""]),
        ({"sum_of": [0.1, 0.2]}, ["0.3", ".30"], ["0.31", "0.30000000000000004"]),
        ({"sum_of": ["1.000,50", "1,000.50", -1]}, ["2000", "2,000"], ["2.000", "1999"]),
        ({"sum_of": [5, "-8"]}, ["-3", "-3.0"], ["3", "23/11"]),
        ({"sum_of": [Decimal("1e30"), "1"]}, ["1" + "0" * 29 + "1"], ["1" + "0" * 30]),
        ({"sum_of": [2, 5], "pattern": Pattern("0")}, ["7"], ["07", "7.0"]),
        ({"sum_of": [2, 5], "most": 6}, [], ["7"]),
        ({"check": "luhn"}, ["79927398713", "4111111111111111"], ["79927398710", "0", ""]),
        ({"check": "ean13"}, ["4006381333931"], ["4006381333930", "400638133393"]),
        ({"check": "isbn"}, ["0306406152", "9780306406157"], ["0306406151", "9780306406158", "1"]),
        ({"check": "mod97"}, ["316952021029194704"], ["316952021029194705", "98", ""]),
    ],
)
def test_bounds_hold(bounds, inside, outside):
    """A text within all bounds holds, and no other."""
    some = Wanted(**bounds)
    for text in inside:
        assert some.holds(text), text
    for text in outside:
        assert not some.holds(text), text


def test_signs_between_digits_do_not_count_for_a_check():
    """Groups of a number may be separated."""
    assert Wanted(check="isbn").holds("978-0-306-40615-7")


def test_a_pattern_alone_needs_no_wider_search():
    """Only bounds outside the pattern widen the search."""
    assert Wanted(Pattern("0")).beam == Wanted().beam == 1
    for bounds in ({"least": 0}, {"most": 0}, {"check": "luhn"}, {"sum_of": [0]}):
        assert Wanted(**bounds).beam > 1


@pytest.mark.parametrize(
    "bounds", [{"least": float("nan")}, {"most": float("inf")}, {"least": 2, "most": 1}]
)
def test_impossible_bounds_are_refused(bounds):
    """A bound that is not finite, or a least value above the most, raises an error."""
    with pytest.raises(ValueError, match=r"bound|above"):
        Wanted(**bounds)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([], "1 to 100 numbers, got 0"),
        ([1] * (MOST_ADDENDS + 1), "1 to 100 numbers, got 101"),
        ([1, "23/11"], "got '23/11'"),
        ([""], "got ''"),
        (["1e3"], "got '1e3'"),
        ([True], "got True"),
        ([float("nan")], "got nan"),
        ([float("-inf")], "got -inf"),
        ([Decimal("sNaN")], "sNaN"),
        ([Decimal("1e999999"), 1], "10,000 digits"),
    ],
)
def test_impossible_sums_are_refused(numbers, words):
    """A sum of no numbers, of too many, or of what is none raises an error that shows it."""
    with pytest.raises(ValueError, match=words):
        Wanted(sum_of=numbers)


def test_sums_are_exact():
    """Sums are not rounded, and the order of the numbers does not matter."""
    numbers = [number_of(text) for text in ("1" + "0" * 40, "0.1", "-1" + "0" * 40, "0.2")]
    assert sum_exactly(numbers) == sum_exactly(reversed(numbers)) == Decimal("0.3")
    assert sum_exactly([]) == 0
