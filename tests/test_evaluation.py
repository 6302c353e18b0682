"""Measuring: figures that can be checked by hand."""

import numpy as np
import pytest

from tests import hand
from train.evaluation import (
    Figures,
    evaluate_glyphs,
    evaluate_strokes,
    table,
    worst_confusions,
)
from train.strokes import StrokeSample
from webapp.recognition import Recognizer


class AlwaysOne:
    """Reads everything as 1."""

    def probabilities(self, glyphs):
        """Mostly 1."""
        row = np.full(10, 0.01, np.float32)
        row[1] = 0.91
        return np.tile(row, (len(glyphs), 1))


def test_it_counts_what_is_right():
    """Two of three are ones."""
    labels = np.array([1, 7, 1])
    figures = evaluate_glyphs("ones", AlwaysOne(), np.zeros((3, 28, 28, 1), np.uint8), labels)
    assert (figures.count, figures.correct) == (3, 2)
    assert figures.accuracy == pytest.approx(2 / 3)
    assert figures.confusion[1][1] == 2
    assert figures.confusion[7][1] == 1


def test_the_interval_is_wilsons():
    """9,963 of 10,000: 99.49 to 99.73 %, as tables of Wilson's interval have it."""
    low, high = Figures("x", 10_000, 9_963, []).interval
    assert low == pytest.approx(0.99490, abs=2e-5)
    assert high == pytest.approx(0.99731, abs=2e-5)


def test_strokes_are_read_as_a_server_would():
    """Plain and per-writer means, and samples that are no single digit passed over."""
    one, seven = tuple(hand.strokes(1)), tuple(hand.strokes(7))
    samples = [
        StrokeSample("1", "anna", one),
        StrokeSample("1", "anna", one),
        StrokeSample("7", "anna", seven),
        StrokeSample("1", "ben", one),
        StrokeSample("12", "ben", one),
        StrokeSample("x", "ben", one),
    ]
    figures = evaluate_strokes("pen", Recognizer(AlwaysOne()), samples)
    assert (figures.count, figures.correct, figures.writers) == (4, 3, 2)
    assert figures.per_writer == pytest.approx((2 / 3 + 1) / 2)


def test_no_samples_no_figures():
    """An empty set is not a perfect one."""
    assert evaluate_strokes("pen", Recognizer(AlwaysOne()), []) is None


def test_a_refusal_counts_as_wrong():
    """What is read as nothing is not read right."""

    class Silent:
        def read_strokes(self, strokes, alternatives):
            return type("Reading", (), {"text": ""})

    sample = StrokeSample("1", "anna", tuple(hand.strokes(1)))
    figures = evaluate_strokes("pen", Silent(), [sample])
    assert (figures.count, figures.correct) == (1, 0)


def test_the_table_has_a_line_a_set():
    """Name, counts and percentages stand in it."""
    text = table([Figures("MNIST test", 10_000, 9_963, []), Figures("pen", 4, 3, [], 2, 0.8333)])
    assert text.count("\n") == 2
    assert "99.63%" in text
    assert "83.33% of 2" in text


def test_the_worst_confusions_come_first():
    """Only mistakes, the commonest first."""
    confusion = np.diag([50] * 10)
    confusion[1, 7], confusion[9, 4] = 3, 5
    assert worst_confusions(Figures("x", 1, 1, confusion.tolist())) == [(9, 4, 5), (1, 7, 3)]
