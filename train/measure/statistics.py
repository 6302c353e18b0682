"""Statistics of results, on arrays: intervals, calibration error, likelihood, area under ROC."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959964
"""Two-sided 95 % quantile of the normal distribution."""

RESAMPLES = 1000
"""Draws of a bootstrap. Each end of a 95 % interval then rests on 25 draws."""

BINS = 15
"""Bins of the calibration error, of equal width, as in Guo et al., "On Calibration of Modern Neural
Networks", ICML 2017, so that figures are comparable with others'."""

TINY = 1e-12
"""Least probability in a logarithm, which keeps it finite."""


def wilson(correct: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    n, p, z = count, correct / count, Z95
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


@dataclass(frozen=True)
class ByWriter:
    """Accuracy when whole writers are drawn, not samples."""

    writers: int
    mean: float
    """Mean of the writers' accuracies."""
    mean95: tuple[float, float]
    accuracy95: tuple[float, float]


def over_writers(names: Sequence[str], right: NDArray[np.bool_], seed: int = 0) -> ByWriter:
    """Return the mean over writers, and percentile intervals of a bootstrap over them (Efron 1979).

    Args:
        names: name of each sample's writer, at least one.
        right: (N,), whether the sample was read right.
    """
    distinct, rows = np.unique(np.array(names), return_inverse=True)
    samples = np.bincount(rows).astype(np.float64)
    corrects = np.bincount(rows, weights=right)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(distinct), (RESAMPLES, len(distinct)))
    means = (corrects / samples)[drawn].mean(axis=1)
    accuracies = corrects[drawn].sum(axis=1) / samples[drawn].sum(axis=1)
    return ByWriter(
        len(distinct),
        float((corrects / samples).mean()),
        _middle95(means),
        _middle95(accuracies),
    )


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error: mean |confidence - accuracy| of bins, by samples.

    Args:
        confidence: (N,), 0 to 1, N at least 1. The `BINS` bins have equal width.
        right: (N,).
    """
    bins = bin_of(confidence)
    gaps = np.bincount(bins, weights=confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def bin_of(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bin of each confidence, 0 to `BINS` - 1. 1.0 belongs to the last."""
    return np.minimum((np.asarray(confidence) * BINS).astype(np.int64), BINS - 1)


def negative_log_likelihood(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the mean of -log P(label), in nats, for (N, 10) and (N,), N at least 1."""
    of_label = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(of_label, TINY)).mean())


def auroc(digits: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve: P(a digit's score is above another's).

    Ties count half. The area is Mann and Whitney's U, divided by the number of pairs (Hanley and
    McNeil 1982).

    Args:
        digits, others: scores, (N,) and (M,), at least one each.
    """
    ranked = np.sort(others)
    below = np.searchsorted(ranked, digits, "left")
    not_above = np.searchsorted(ranked, digits, "right")
    return float((below + not_above).mean() / (2 * len(ranked)))


def auroc_error(area: float, digits: int, others: int) -> float:
    """Return the standard error of an area under the ROC curve (Hanley and McNeil 1982).

    Args:
        area: 0 to 1.
        digits, others: number of scores of each, at least one.
    """
    two_digits, two_others = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (
        area * (1 - area)
        + (digits - 1) * (two_digits - area**2)
        + (others - 1) * (two_others - area**2)
    ) / (digits * others)
    # At 1, rounding may make it slightly negative.
    return math.sqrt(max(variance, 0.0))


def _middle95(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
