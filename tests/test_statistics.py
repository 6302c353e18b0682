"""Statistics, compared with calculations by hand or with brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.measure.statistics import (
    BINS,
    auroc,
    auroc_error,
    calibration_error,
    negative_log_likelihood,
    over_writers,
    wilson,
)

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.50001, 0.9, 1.0]), min_size=1, max_size=12)


@given(SCORES, SCORES)
def test_the_area_is_that_of_all_pairs(digits, others):
    """The AUROC is the share of pairs in the right order, ties counted half."""
    pairs = [(d > o) + 0.5 * (d == o) for d in digits for o in others]
    assert auroc(np.array(digits), np.array(others)) == pytest.approx(np.mean(pairs))


def test_the_areas_ends():
    """Perfect, reversed and useless scores have AUROCs of 1, 0 and 0.5."""
    high, low = np.array([0.8, 0.9]), np.array([0.1, 0.2, 0.3])
    assert (auroc(high, low), auroc(low, high), auroc(high, high)) == (1.0, 0.0, 0.5)


def test_the_areas_error_is_how_far_areas_scatter():
    """The standard error is the spread of AUROCs of exponential samples, the model behind it."""
    rng = np.random.default_rng(0)
    areas = [auroc(rng.exponential(9, 80), rng.exponential(1, 40)) for _ in range(1500)]
    assert np.mean(areas) == pytest.approx(0.9, abs=0.005)
    assert np.std(areas) == pytest.approx(auroc_error(0.9, 80, 40), rel=0.1)
    assert auroc_error(1.0, 80, 40) == 0.0


def test_the_calibration_error_by_hand():
    """The error of 0.95 with 3 of 4 right, and 0.5 with all 2 right, is (4 x 0.2 + 2 x 0.5) / 6."""
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.5, 0.5])
    right = np.array([True, True, True, False, True, True])
    assert calibration_error(confidence, right) == pytest.approx((4 * 0.2 + 2 * 0.5) / 6)


def test_errors_cancel_only_within_a_bin():
    """Overconfidence and underconfidence cancel within a bin, and not across bins."""
    right = np.array([True, False])
    assert calibration_error(np.array([0.5, 0.5]), right) == 0.0
    assert calibration_error(np.array([0.1, 0.9]), right) == pytest.approx(0.9)


@pytest.mark.parametrize("edge", [0.0, 1.0, *(number / BINS for number in range(1, BINS))])
def test_every_confidence_has_a_bin(edge):
    """Each confidence at the end of the range or of a bin belongs to a bin."""
    assert calibration_error(np.array([edge]), np.array([True])) == pytest.approx(1 - edge)


def test_the_likelihood_by_hand():
    """The negative log-likelihood matches a calculation by hand, and is finite for P = 0."""
    probabilities = np.full((2, 10), 0.05)
    probabilities[0, 3], probabilities[1, 7] = 0.5, 0.25
    found = negative_log_likelihood(probabilities, np.array([3, 7]))
    assert found == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert 20 < negative_log_likelihood(np.zeros((1, 10)), np.array([0])) < 40


def test_the_interval_is_wilsons():
    """The interval of 9,963 of 10,000 is 99.49 to 99.73 %, as in tables of Wilson's interval."""
    low, high = wilson(9_963, 10_000)
    assert low == pytest.approx(0.99490, abs=2e-5)
    assert high == pytest.approx(0.99731, abs=2e-5)


def test_a_writer_counts_once():
    """A writer of many samples and a writer of few have the same weight in the mean."""
    names = ["anna"] * 90 + ["ben"] * 10
    right = np.array([True] * 90 + [False] * 10)
    found = over_writers(names, right)
    assert (found.writers, found.mean) == (2, 0.5)
    # Half of the time, the same writer is drawn twice, which gives all or nothing.
    assert found.mean95 == found.accuracy95 == (0.0, 1.0)


def test_the_bootstrap_knows_that_writers_differ():
    """Errors that are concentrated in a few writers widen the interval."""
    names = [f"w{number % 40}" for number in range(4000)]
    spread = over_writers(names, np.random.default_rng(0).random(4000) < 0.95)
    lumped = over_writers(names, np.array([number % 40 >= 2 for number in range(4000)]))
    assert lumped.mean == pytest.approx(0.95)
    widths = [high - low for low, high in (spread.mean95, lumped.mean95)]
    assert widths[1] > 4 * widths[0]
    # A share of 2 of 40 has a standard error of 3.4 points.
    assert widths[1] == pytest.approx(2 * 1.96 * 0.0345, abs=0.03)


def test_the_bootstrap_is_repeatable():
    """The same seed gives the same interval, and another seed gives another."""
    names = [f"w{number % 30}" for number in range(600)]
    right = np.random.default_rng(0).random(600) < 0.9
    assert over_writers(names, right) == over_writers(names, right)
    assert over_writers(names, right) != over_writers(names, right, seed=1)
