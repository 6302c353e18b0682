"""Calibration: it recovers known constants, and its thresholds keep their promises."""

import numpy as np
import pytest

from train.digit.calibrate import (
    MOST_REJECTED,
    calibrate,
    fit_platt,
    fit_temperature,
    reject_below,
    unsure_below,
)
from train.measure.digits import decide
from train.measure.statistics import negative_log_likelihood
from webapp.recognition import Calibration, Outputs, log_odds, tempered


def sigmoid(x):
    """Return the inverse of log-odds."""
    return 1 / (1 + np.exp(-x))


def honest_digits(count, rng, spread=3.0):
    """Return calibrated probabilities, and labels drawn from them."""
    logits = rng.normal(0, spread, (count, 10))
    honest = tempered(np.exp(logits - logits.max(axis=1, keepdims=True)), 1.0)
    labels = (honest.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    return honest, labels


def drawings(count, rng):
    """Return outputs for digits that are mostly right, and for slightly overlapping non-digits."""
    honest, labels = honest_digits(count, rng, spread=12.0)
    digits = Outputs(honest.astype(np.float32), sigmoid(rng.normal(5, 2, count)))
    noise, _ = honest_digits(count, rng)
    return digits, labels, Outputs(noise.astype(np.float32), sigmoid(rng.normal(-4, 2, count)))


@pytest.mark.parametrize("sharpened", [0.5, 1.0, 2.5])
def test_the_temperature_undoes_what_was_done(sharpened):
    """If calibrated logits are multiplied, the fitted temperature is the factor."""
    honest, labels = honest_digits(20_000, np.random.default_rng(1))
    said = tempered(honest, 1 / sharpened)
    found = fit_temperature(said, labels)
    assert found == pytest.approx(sharpened, rel=0.03)
    assert tempered(said, found) == pytest.approx(honest, abs=0.02)


def test_no_temperature_is_better():
    """The fitted temperature has the least loss of a fine grid."""
    honest, labels = honest_digits(500, np.random.default_rng(2))
    said = tempered(honest, 0.4)
    found = fit_temperature(said, labels)
    least = min(
        negative_log_likelihood(tempered(said, t), labels) for t in np.geomspace(0.1, 10, 400)
    )
    assert negative_log_likelihood(tempered(said, found), labels) <= least + 1e-9


@pytest.mark.parametrize("prior", [0.05, 0.5])
def test_platts_scaling_finds_the_true_line(prior):
    """Platt's scaling recovers the true line.

    The line is known if the log-odds of both classes are normal with one variance: its slope is the
    difference of the means over the variance, and the prior's odds shift it.
    """
    rng = np.random.default_rng(3)
    digits, others = rng.normal(4, 2, 40_000), rng.normal(-2, 2, 10_000)
    scale, offset = fit_platt(sigmoid(digits), sigmoid(others), prior)
    assert scale == pytest.approx((4 - -2) / 2**2, rel=0.05)
    expected = (2**2 - 4**2) / (2 * 2**2) + np.log((1 - prior) / prior)
    assert offset == pytest.approx(expected, abs=0.12)


def test_repeating_non_digits_changes_nothing():
    """The prior, not the number of non-digits, sets their weight."""
    rng = np.random.default_rng(4)
    digits, others = sigmoid(rng.normal(3, 2, 3000)), sigmoid(rng.normal(-2, 2, 900))
    once, thrice = (fit_platt(digits, np.tile(others, n), 0.05) for n in (1, 3))
    assert once == pytest.approx(thrice, abs=0.01)


def test_separate_classes_have_a_finite_answer():
    """Classes without overlap, even with one value each, give a steep and finite line."""
    line = fit_platt(np.full(50, 1.0), np.full(50, 0.0), 0.05)
    assert np.isfinite(line).all()
    assert sigmoid(line[0] * log_odds(np.array([1.0])) + line[1])[0] > 0.95


def test_classes_that_are_all_alike_give_the_prior():
    """If the output carries no information, the calibrated probability is the prior."""
    scale, offset = fit_platt(np.full(2000, 0.7), np.full(2000, 0.7), 0.05)
    found = sigmoid(scale * log_odds(np.array([0.7])) + offset)[0]
    assert found == pytest.approx(0.95, abs=0.002)


@pytest.mark.parametrize("share", [0.0, 0.007, 0.25])
def test_rejecting_keeps_to_its_share(share):
    """Exactly the stated share of digits falls below the threshold."""
    scores = np.random.default_rng(5).random(2000)
    assert (scores < reject_below(scores, share)).sum() == int(2000 * share)


def test_equal_scores_are_not_parted():
    """If the threshold falls among equal scores, none of them is rejected."""
    scores = np.array([0.1] + [0.4] * 9)
    assert (scores < reject_below(scores, 0.5)).sum() == 1


def test_what_stays_ok_is_as_right_as_stated():
    """The threshold is the lowest that reaches the rate: one more reading would break it."""
    belief = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    right = np.array([True, True, True, False, True, False])
    assert unsure_below(belief, right, 0.0, 6) == pytest.approx(0.65)
    assert unsure_below(belief, right, 0.25, 6) == pytest.approx(0.45)
    assert unsure_below(belief, right, 0.5, 6) == 0.0


def test_no_more_are_unsure_than_allowed():
    """If the rate is out of reach, as many readings as allowed are unsure, and equals agree."""
    belief = np.array([0.9, 0.8, 0.7, 0.6, 0.6, 0.4])
    right = np.array([False, True, True, False, True, False])
    assert unsure_below(belief, right, 0.0, 1) == pytest.approx(0.5)
    assert unsure_below(belief, right, 0.0, 2) == pytest.approx(0.5)
    assert unsure_below(belief, right, 0.0, 3) == pytest.approx(0.65)


def test_a_calibration_reaches_what_its_report_says():
    """On the same samples, the constants give the rates that the card reports."""
    digits, labels, others = drawings(4000, np.random.default_rng(6))
    calibration, report = calibrate(digits, labels, others)
    judged = decide(digits, calibration)
    assert judged.is_digit is not None
    # As many as allowed, but none whose P(is a digit) is above one half.
    below = judged.is_digit < MOST_REJECTED
    assert judged.rejected.sum() == min(int(0.007 * 4000), below.sum()) > 0
    assert report["after"]["rejected"] == judged.rejected.mean()
    assert report["after"]["unsure"] == judged.unsure.mean() <= 0.03
    ok = ~judged.rejected & ~judged.unsure
    wrong = (judged.probabilities.argmax(axis=1) != labels)[ok].mean()
    assert report["after"]["wrong_of_ok"] == pytest.approx(wrong)
    assert wrong <= 0.001 or judged.unsure.mean() > 0.029
    refused = decide(others, calibration)
    assert report["nondigits"]["rejected"] == refused.rejected.mean() > 0.9
    assert report["nondigits"]["auroc"] > 0.99
    assert report["chosen_on"] == {"digits": 4000, "nondigits": 4000}


def test_calibrating_makes_a_boaster_honest():
    """Calibration removes most of the calibration error of overconfident probabilities."""
    honest, labels = honest_digits(8000, np.random.default_rng(7))
    boasting = Outputs(tempered(honest, 0.4).astype(np.float32), None)
    _, report = calibrate(boasting, labels)
    assert report["before"]["ece"] > 0.05
    assert report["after"]["ece"] < 0.015
    assert report["after"]["nll"] < report["before"]["nll"]


def test_a_model_that_cannot_say_no_rejects_nothing():
    """Without the output or without non-digits, only the temperature and `unsure` are fitted."""
    digits, labels, others = drawings(1000, np.random.default_rng(8))
    for seen, against in ((Outputs(digits.digits, None), others), (digits, None)):
        calibration, report = calibrate(seen, labels, against)
        assert (calibration.scale, calibration.offset) == (1.0, 0.0)
        assert calibration.not_a_number == 0.0
        assert report["chosen_on"]["nondigits"] == 0
        assert "nondigits" not in report
        assert not decide(seen, calibration).rejected.any()


def test_the_card_gives_the_calibration_back():
    """A server reads the report's constants from the card."""
    digits, labels, others = drawings(1000, np.random.default_rng(9))
    calibration, report = calibrate(digits, labels, others)
    assert Calibration.of_card({"calibration": report}) == calibration


def test_it_rejects_nothing_to_go_by():
    """A calibration needs digits, and both classes or neither."""
    nothing = Outputs(np.zeros((0, 10), np.float32), np.zeros(0, np.float32))
    with pytest.raises(ValueError, match="needs digits, got none"):
        calibrate(nothing, np.zeros(0, np.int64))
    digits, labels, _ = drawings(10, np.random.default_rng(10))
    with pytest.raises(ValueError, match="got 10 and 0"):
        calibrate(digits, labels, nothing)
    with pytest.raises(ValueError, match="does not say whether"):
        calibrate(digits, labels, Outputs(digits.digits, None))
