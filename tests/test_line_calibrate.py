"""Calibration of the line reader's confidence."""

import math
from dataclasses import astuple, replace

import numpy as np
import pytest

from support import hand
from tests import fake
from train.errors import TrainError
from train.line.calibrate import (
    DIRECTIONS,
    OTHERS_OK,
    WRONG_OF_OK,
    Outcome,
    figures_of,
    fitted,
    outcomes,
    threshold_of,
)
from train.line.sets import LineSample
from train.measure.statistics import wilson
from webapp.recognition import Confidence, Recognizer
from webapp.recognition.network.confidence import Evidence

EVIDENCE = Evidence(0.9, 0.9, 0.9, 0.9, 0.0, 4, 4, 0.0)

READ_WITH = Confidence(second_opinion=0.3, language_model=0.15)

BY_SHARE = Confidence()
"""A confidence that equals the share of the best text."""


def outcome(share, right, kind="numbers", status="ok", picture=False, **evidence):
    """Return an outcome with this share of its best text. `right` is None for a non-number."""
    label = None if right is None else "1"
    text = "1" if right else "2"
    found = replace(EVIDENCE, share=share, **evidence)
    return Outcome(kind, label, "me", picture, text, status, share, found)


def drawn(model, count, rng):
    """Return outcomes with varied evidence that are right as often as a model predicts."""
    found = []
    for _ in range(count):
        shares = 1 / (1 + np.exp(-rng.normal(1.5, 2, 4)))
        symbols, pieces = rng.integers(1, 12, 2).tolist()
        evidence = Evidence(*shares, float(rng.uniform(0, 1)), symbols, pieces, 0.0)
        right = rng.random() < model.of(evidence)
        text = "1" if right else "2"
        found.append(Outcome("numbers", "1", "me", False, text, "ok", 0.5, evidence))
    return found


def test_it_works():
    """The fit recovers the weights of the true model, and keeps the constants of the decoding."""
    truth = Confidence(-0.5, 0.9, 0.4, 0.3, 0.2, -1.5, -0.4, -0.3, -0.5)
    found = fitted(drawn(truth, 20_000, np.random.default_rng(1)), READ_WITH)
    assert astuple(found)[:9] == pytest.approx(astuple(truth)[:9], abs=0.25)
    assert (found.second_opinion, found.language_model) == (0.3, 0.15)


def test_it_is_as_sure_as_it_is_right():
    """On new readings, the fitted confidence equals the accuracy at every level."""
    truth = Confidence(0.2, 0.8, 0.2, 0.2, 0.1, -1.0, -0.2, -0.2, -0.2)
    model = fitted(drawn(truth, 5000, np.random.default_rng(2)), READ_WITH)
    fresh = drawn(truth, 5000, np.random.default_rng(3))
    sure = np.array([model.of(one.evidence) for one in fresh])
    right = np.array([one.right for one in fresh])
    for low, high in ((0.1, 0.5), (0.5, 0.9), (0.9, 1.0)):
        some = (sure >= low) & (sure < high)
        assert some.sum() > 100
        assert sure[some].mean() == pytest.approx(right[some].mean(), abs=0.05)


def test_no_feature_counts_against_its_direction():
    """A feature is dropped if its weight is against its direction, even if the data supports it.

    Here, longer numbers were right more often, as when letters are misread as single symbols. That
    may count against a single symbol, and nothing else.
    """
    truth = Confidence(-2.0, 0.9, 0.4, 0.0, 0.2, -1.0, 1.3, -0.3, 0.6)
    model = fitted(drawn(truth, 5000, np.random.default_rng(6)), READ_WITH)
    assert model.symbols == model.pieces_under == 0
    assert all(getattr(model, name) * sign >= 0 for name, sign in DIRECTIONS.items())
    sure = [model.of(replace(EVIDENCE, symbols=n, pieces=n)) for n in (2, 4, 12, 40)]
    assert sure == sorted(sure, reverse=True)
    assert model.alone < 0


def test_what_it_does_not_decide_does_not_count():
    """Readings with ink left out, and rejected ones, do not affect the fit and are never `ok`."""
    some = drawn(BY_SHARE, 300, np.random.default_rng(4))
    left_out = [replace(one, evidence=replace(one.evidence, left_out=0.2)) for one in some]
    rejected = [replace(one, status="not_a_number") for one in some]
    empty = [replace(one, status="empty", evidence=None) for one in some]
    plain = fitted(some, READ_WITH)
    assert fitted([*some, *left_out, *rejected, *empty], READ_WITH) == plain
    assert not any(one.can_be_ok or one.is_ok(BY_SHARE) for one in (*left_out, *rejected, *empty))


@pytest.mark.parametrize("right", [True, False, None])
def test_it_can_be_fitted_on_what_is_all_alike(right):
    """A fit on readings that are all right, all wrong or all non-numbers gives finite constants."""
    some = [outcome(share, right) for share in np.linspace(0.1, 0.9, 50)]
    found = fitted(some, READ_WITH)
    assert all(map(math.isfinite, astuple(found)))
    ok = [one for one in some if one.is_ok(found)]
    assert len(ok) == (50 if right else 0)
    assert all(map(math.isfinite, astuple(fitted([outcome(0.5, right)], READ_WITH))))


@pytest.mark.parametrize("found", [[], [outcome(0.9, True, status="not_a_number")]])
def test_it_rejects_readings_that_decide_nothing(found):
    """Without a reading that the confidence decides, the fit fails."""
    with pytest.raises(TrainError, match=f"none of {len(found)} readings can be ok"):
        fitted(found, READ_WITH)


def held(found, threshold):
    """Return, for each set and for all numbers together, whether the bound on errors holds."""
    model = replace(BY_SHARE, unsure=threshold)
    held = {}
    for kind in {one.kind for one in found}:
        own = [one for one in found if one.kind == kind]
        figures = figures_of(own, model)
        if own[0].label is None:
            held[kind] = figures["ok"] <= OTHERS_OK
        else:
            ok = round(figures["ok"] * figures["count"])
            held[kind] = not ok or wilson(figures["wrong_though_ok"], ok)[0] <= WRONG_OF_OK
    numbers = [one for one in found if one.label is not None]
    held["all"] = figures_of(numbers, model)["wrong_of_ok"] <= WRONG_OF_OK
    return held


@pytest.mark.parametrize("seed", range(8))
def test_few_are_wrong_in_any_set(seed):
    """The bounds hold in every set and for all numbers, and with no lower threshold."""
    rng = np.random.default_rng(seed)
    found = []
    for kind, mean in (("hard", 1.0), ("easy", 4.0), ("tied", 2.0), ("others", -2.0)):
        odds = rng.normal(mean, 1.5, int(rng.integers(1, 600)))
        shares = 1 / (1 + np.exp(-odds))
        if kind == "tied":
            shares = np.round(shares, 1)
        found += [
            outcome(float(s), None if kind == "others" else rng.random() < s, kind) for s in shares
        ]
    threshold = threshold_of(found, BY_SHARE)
    assert all(held(found, threshold).values())
    below = sorted({s for one in found if (s := BY_SHARE.of(one.evidence)) < threshold})
    for lower in [*below[::40], *below[-5:]]:
        assert not all(held(found, lower).values())


def test_a_sure_error_is_not_forgotten_where_another_set_needs_more():
    """A bound that holds at a low threshold must still hold at the higher one of another set."""
    easy = [outcome(0.99, False, "easy")] + [outcome(0.5, True, "easy") for _ in range(999)]
    hard = [outcome(0.6, False, "hard")]
    assert threshold_of(easy, BY_SHARE) == 0
    threshold = threshold_of([*easy, *hard], BY_SHARE)
    assert threshold > BY_SHARE.of(easy[0].evidence)


def test_readings_as_sure_as_each_other_share_their_status():
    """Readings with equal confidence have the same status."""
    for count, wrong, ok in ((1000, 5, 1000), (100, 2, 0)):
        tied = [outcome(0.8, number >= wrong) for number in range(count)]
        model = replace(BY_SHARE, unsure=threshold_of(tied, BY_SHARE))
        assert sum(one.is_ok(model) for one in tied) == ok


def test_even_certainty_may_be_unsure():
    """A wrong reading with a confidence of 1 is not `ok`."""
    certain = replace(BY_SHARE, bias=100.0)
    wrong = [outcome(0.5, False)]
    assert certain.of(wrong[0].evidence) == 1
    model = replace(certain, unsure=threshold_of(wrong, certain))
    assert not wrong[0].is_ok(model)


@pytest.mark.parametrize(
    "found",
    [
        [],
        [outcome(0.9, True)],
        [outcome(0.1, True) for _ in range(9)],
        [outcome(0.9, False, status="not_a_number")],
        [outcome(0.9, None, left_out=0.5)],
        [replace(outcome(0.9, True), evidence=None, status="empty")],
    ],
)
def test_nothing_is_unsure_where_nothing_is_wrong(found):
    """The threshold is 0 if no decided reading is wrong."""
    assert threshold_of(found, BY_SHARE) == 0


def test_figures_count_readings():
    """Figures use the status of the reading, or the one that a given confidence decides."""
    found = [
        outcome(0.9, True),
        outcome(0.8, False),
        outcome(0.7, True, status="unsure"),
        outcome(0.6, False, status="not_a_number"),
    ]
    assert figures_of(found) == {
        "count": 4, "exact": 0.5, "ok": 0.5, "wrong_of_ok": 0.5, "wrong_though_ok": 1,
        "rejected": 0.25,
    }  # fmt: skip
    sure = figures_of(found, replace(BY_SHARE, unsure=0.65))
    assert (sure["ok"], sure["wrong_though_ok"]) == (0.75, 1)
    assert sure["wrong_of_ok"] == pytest.approx(1 / 3)


def test_figures_of_nothing_are_nothing():
    """The figures of an empty set are zeros."""
    assert set(figures_of([]).values()) == {0}
    assert figures_of([outcome(0.9, False, status="unsure")])["wrong_of_ok"] == 0


def test_strokes_and_pictures_are_read_by_their_own():
    """Strokes and pictures have their own recognisers, and outcomes have label and text."""

    def reads(text):
        return Recognizer(fake.Says(0.9), line_reader=fake.Spells(text), eyes=fake.Sees())

    samples = [
        LineSample("7", "me", strokes=hand.strokes(7)),
        LineSample("1", "you", picture=hand.png(hand.picture(1))),
        LineSample(None, "", strokes=hand.strokes(8)),
    ]
    found = outcomes(reads("7"), reads("1"), "some", samples)
    assert [one.text for one in found] == ["7", "1", "7"]
    assert [one.right for one in found] == [True, True, False]
    assert [one.writer for one in found] == ["me", "you", ""]
    assert {one.kind for one in found} == {"some"}
    assert all(one.evidence.symbols == 1 for one in found)
