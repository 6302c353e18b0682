"""Measurement of whole numbers."""

import numpy as np
import pytest

from support import hand
from tests.fake import BY_IS_DIGIT, Says, Spells
from train.data.strokes import StrokeSample
from train.measure.numbers import edit_distance, evaluate_numbers, is_number, numbers_table
from webapp.recognition import Reading, Recognizer


class Answers:
    """A reader that returns these lines, one reading after the other."""

    def __init__(self, *lines):
        self._lines = iter(lines)

    def read_strokes(self, strokes, alternatives=3, expect="number"):
        """Return the next lines."""
        lines = next(self._lines)
        return Reading("ok" if lines else "not_a_number", lines, 0.9, (), ())


def sample(label, writer="me"):
    """Return a number with arbitrary ink."""
    return StrokeSample(label, writer, (np.zeros((1, 2)),))


def test_it_works():
    """Lines and spaces are ignored, and wrong, missing and surplus digits are counted."""
    samples = [sample("12 34"), sample("56", "you"), sample("7", "you"), sample("89")]
    reader = Answers(("12", "34"), ("567",), (), ("80",))
    row = evaluate_numbers("some", reader, samples)
    assert (row.count, row.writers, row.exact) == (4, 2, 0.25)
    assert row.by_length == {1: (1, 0), 2: (2, 0), 4: (1, 1)}
    assert row.digit_errors == pytest.approx(3 / 9)
    assert (row.over, row.under) == (0.25, 0.25)
    assert (row.ok, row.rejected, row.ok_exact) == (0.75, 0.25, pytest.approx(1 / 3))
    assert row.wrong_though_ok == 0.5
    assert row.wrong_of_ok == pytest.approx(2 / 3)
    assert row.wrong == (("56", "567"), ("7", ""), ("89", "80"))
    assert row.exact95[0] <= row.exact <= row.exact95[1]


def test_nothing_gives_no_figures():
    """An empty set has no figures."""
    assert evaluate_numbers("none", Answers(), []) is None


def test_the_table_has_a_line_a_set():
    """The table has a row per set, and the exact rate by length if there are several."""
    row = evaluate_numbers("some", Answers(("1",), ("22",)), [sample("1"), sample("22")])
    heads, line, lengths = numbers_table([row]).splitlines()
    assert heads.startswith("data")
    assert heads.endswith("wrong though ok  wrong of ok")
    assert line.startswith("some")
    assert line.split()[-2:] == ["0.00%", "0.00%"]
    assert lengths == "some, exact by length: 1: 1 of 1, 2: 1 of 1"


@pytest.mark.parametrize(
    ("one", "other", "edits"), [("", "", 0), ("12", "12", 0), ("12", "2", 1), ("407", "4107", 1)]
)
def test_edits(one, other, edits):
    """The edit distance is the fewest edits."""
    assert edit_distance(one, other) == edit_distance(other, one) == edits


def test_numbers_are_digits_spaces_and_signs():
    """A number has digits, and otherwise only spaces and signs."""
    assert is_number(sample("01234 56789"))
    assert is_number(sample("-1,234.50 $"))
    assert not is_number(sample("1a"))
    assert not is_number(sample(" "))
    assert not is_number(sample("-"))


def test_signs_are_part_of_the_text():
    """A missing point is an error in one of four symbols."""
    row = evaluate_numbers("some", Answers(("125",)), [sample("1.25")])
    assert (row.exact, row.digit_errors, row.under) == (0, 0.25, 1)
    assert evaluate_numbers("some", Answers(("1.25",)), [sample("1.25")]).exact == 1


def test_a_recogniser_reads_them():
    """Figures of hand-drawn numbers are computed from a recogniser's readings."""
    reader = Recognizer(Says(0.9), line_reader=Spells("407"), confidence=BY_IS_DIGIT)
    numbers = [StrokeSample(n, "me", tuple(hand.number(n))) for n in ("407", "401")]
    row = evaluate_numbers("ours", reader, numbers)
    assert (row.exact, row.ok, row.wrong_though_ok) == (0.5, 1, 0.5)
    assert row.wrong == (("401", "407"),)
