"""Measurement of single digits, with results that can be checked by hand."""

import dataclasses
import json

import numpy as np
import pytest

from support import hand
from tests.fake import ROW, THRESHOLDS, Says, Sees
from train.data.strokes import StrokeSample
from train.measure.digits import (
    BATCH,
    Figures,
    NonDigitFigures,
    Picture,
    Result,
    decide,
    evaluate_glyphs,
    evaluate_nondigits,
    evaluate_pictures,
    evaluate_strokes,
    figures_of,
)
from train.measure.tables import table, worst_confusions
from webapp.recognition import Calibration, Outputs, Recognizer, glyph_of_strokes

CALIBRATION = Calibration(temperature=0.8, scale=1.3, offset=0.4, not_a_number=0.3, unsure=0.5)


class Cycles:
    """A classifier that gives each glyph other outputs, in a repeating cycle."""

    def __init__(self, count):
        rng = np.random.default_rng(1)
        rows = rng.dirichlet(np.full(10, 0.2), count).astype(np.float32)
        self._outputs = Outputs(rows, rng.random(count).astype(np.float32))
        self._next = 0

    def classify(self, glyphs):
        """Return the next outputs."""
        rows = (np.arange(len(glyphs)) + self._next) % len(self._outputs.digits)
        self._next += len(glyphs)
        return Outputs(self._outputs.digits[rows], self._outputs.is_digit[rows])


def result(label, read, confidence=0.9, status="ok", is_digit=None, writer=None):
    """Return a result with this label and reading."""
    probabilities = np.full(10, (1 - confidence) / 9)
    probabilities[read] = confidence
    text = str(read) if status in ("ok", "unsure") else ""
    return Result("digits", label, writer, status, text, confidence, tuple(probabilities), is_digit)


def test_it_counts_what_is_right():
    """Two of three samples are ones, and a reader of ones gets two right."""
    labels = np.array([1, 7, 1])
    figures = evaluate_glyphs("ones", Says(), np.zeros((3, 28, 28, 1), np.uint8), labels)
    assert (figures.count, figures.correct, figures.way) == (3, 2, "glyphs")
    assert figures.accuracy == pytest.approx(2 / 3)
    assert figures.confusion[1][1] == 2
    assert figures.confusion[7][1] == 1
    assert figures.nll == pytest.approx(-(2 * np.log(ROW[1]) + np.log(ROW[7])) / 3, rel=1e-6)
    assert figures.ece == pytest.approx(2 / 3 - 0.5, rel=1e-6)


def test_strokes_are_read_as_a_server_would():
    """Figures have a plain and a per-writer mean, and skip samples that are not single digits."""
    one, seven = tuple(hand.strokes(1)), tuple(hand.strokes(7))
    samples = [
        StrokeSample("1", "anna", one),
        StrokeSample("1", "anna", one),
        StrokeSample("7", "anna", seven),
        StrokeSample("1", "ben", one),
        StrokeSample("12", "ben", one),
        StrokeSample("x", "ben", one),
        StrokeSample("²", "ben", one),
    ]
    figures = evaluate_strokes("pen", Recognizer(Says()), samples)
    assert (figures.count, figures.correct, figures.writers) == (4, 3, 2)
    assert figures.per_writer == pytest.approx((2 / 3 + 1) / 2)
    assert np.array_equal(figures.results[2].glyph, glyph_of_strokes(seven)[..., 0])


def test_no_samples_no_figures():
    """An empty set has no figures."""
    recognizer = Recognizer(Says())
    assert evaluate_strokes("pen", recognizer, []) is None
    assert evaluate_pictures("pictures", recognizer, []) is None
    assert evaluate_nondigits("letters", recognizer, [], None) is None


def test_a_blank_picture_is_not_read_right():
    """A blank picture counts as wrong, with probabilities of one in ten, and as no reading."""
    blank = hand.png(np.full((40, 40), 255, np.uint8))
    figures = evaluate_pictures("blank", Recognizer(Says(), eyes=Sees()), [Picture(1, blank)])
    assert (figures.count, figures.correct, figures.ece) == (1, 0, None)
    assert np.sum(figures.confusion) == 0
    assert figures.nll == pytest.approx(np.log(10))
    assert figures.results[0].status == "empty"


def test_ready_glyphs_are_judged_as_drawings_are():
    """Batched decisions have the status, text, confidence and probabilities of the recogniser."""
    count = BATCH + 30
    samples = [StrokeSample("1", "anna", tuple(hand.strokes(1)))] * count
    one_by_one = evaluate_strokes("x", Recognizer(Cycles(211), calibration=CALIBRATION), samples)
    glyphs = np.stack([glyph_of_strokes(samples[0].strokes)] * count)
    at_once = evaluate_glyphs("x", Cycles(211), glyphs, np.full(count, 1), CALIBRATION)
    assert {r.status for r in at_once.results} == {"ok", "unsure", "not_a_number"}
    for drawn, ready in zip(one_by_one.results, at_once.results, strict=True):
        assert ready == dataclasses.replace(drawn, writer=None)
    assert one_by_one.results[0].is_digit is not None


def test_judging_says_who_is_rejected():
    """A glyph is rejected only below the threshold, and only if the model has the output."""
    digits = np.full((3, 10), 0.1, np.float32)
    sure = np.array([0.1, 0.2, 0.9], np.float32)
    assert decide(Outputs(digits, sure), THRESHOLDS).rejected.tolist() == [True, False, False]
    assert not decide(Outputs(digits, None), THRESHOLDS).rejected.any()


def test_every_status_has_its_share():
    """Accuracy includes rejected digits, and the calibration error includes readings only."""
    figures = figures_of(
        "some",
        [
            result(1, 1, 0.9, "ok", 0.99),
            result(2, 2, 0.8, "ok", 0.99),
            result(3, 4, 0.7, "ok", 0.99),
            result(5, 6, 0.4, "unsure", 0.99),
            result(7, 7, 0.9, "not_a_number", 0.01),
        ],
        "strokes",
    )
    assert figures.correct == 3
    assert (figures.ok, figures.unsure, figures.rejected) == (0.6, 0.2, 0.2)
    assert figures.ok_accuracy == pytest.approx(2 / 3)
    assert figures.ece == pytest.approx((0.1 + 0.2 + 0.7 + 0.4) / 4)
    assert figures.scores.tolist() == [0.99] * 4 + [0.01]


def test_a_model_that_cannot_say_no_has_no_rejects():
    """A model without P(is a digit) has no figures of rejection."""
    figures = figures_of("some", [result(1, 1)], "strokes")
    assert (figures.rejected, figures.scores) == (None, None)
    others = evaluate_nondigits("letters", Recognizer(Says()), [hand.strokes(1)], figures.scores)
    assert (others.auroc, others.rejected, others.ok) == (None, None, 1.0)


def test_non_digits_are_told_from_digits():
    """The AUROC compares the scores of non-digits with the digits', and statuses have shares."""
    drawings = [hand.strokes(digit) for digit in range(10)]
    recognizer = Recognizer(Cycles(10), calibration=CALIBRATION)
    found = evaluate_nondigits("letters, some", recognizer, drawings, np.ones(4), "letters")
    assert (found.count, found.against, found.auroc, found.way) == (10, 4, 1.0, "strokes")
    assert found.ok + found.unsure + found.rejected == pytest.approx(1)
    assert all((r.kind, r.label) == ("letters", None) for r in found.results)
    scores = np.array([r.is_digit for r in found.results])
    again = evaluate_nondigits(
        "letters", Recognizer(Cycles(10), calibration=CALIBRATION), drawings, scores
    )
    assert again.auroc == 0.5


def test_what_the_card_stores():
    """The card's entry has all figures as JSON, under fixed names, without the results."""
    stored = figures_of("MNIST test", [result(1, 1, writer="anna")] * 3, "glyphs").as_dict()
    assert stored.keys() >= {
        "data", "count", "correct", "confusion", "writers", "per_writer", "accuracy", "interval95",
        "ece", "nll", "rejected", "unsure", "ok_accuracy",
    }  # fmt: skip
    assert "results" not in stored
    assert json.loads(json.dumps(stored))["accuracy"] == 1.0
    other = NonDigitFigures("letters", 5, 0.99, 0.1, 0.2, 0.7).as_dict()
    assert json.loads(json.dumps(other)) == {
        "data": "letters", "count": 5, "auroc": 0.99, "ok": 0.1, "unsure": 0.2, "rejected": 0.7,
        "against": 0, "way": "",
    }  # fmt: skip


def test_the_table_has_a_line_a_set():
    """The table has one aligned row per set, and a dash for missing values."""
    text = table(
        [
            Figures("MNIST test", 10_000, 9_963, [], "glyphs"),
            Figures("pen", 4, 3, [], "strokes", 2, 0.8333, rejected=0.0123),
            NonDigitFigures("letters", 5, 0.9912, 0.1, 0.2, 0.7),
        ]
    )
    head, mnist, pen, letters = text.splitlines()
    assert "99.63%" in mnist
    assert "83.33% of 2" in pen
    end = head.index("rejected") + len("rejected")
    assert [line[:end].split()[-1] for line in (mnist, pen, letters)] == ["–", "1.23%", "70.00%"]
    assert letters[: head.index("AUROC") + len("AUROC")].endswith("0.9912")


def test_the_worst_confusions_come_first():
    """Confusions are sorted by their frequency."""
    confusion = np.diag([50] * 10)
    confusion[1, 7], confusion[9, 4] = 3, 5
    assert worst_confusions(Figures("x", 1, 1, confusion.tolist())) == [(9, 4, 5), (1, 7, 3)]
