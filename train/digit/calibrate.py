"""Calibration: from a network's outputs on dev samples to the constants in its card.

Nothing here may be fitted on a test set, nor on the network's training data.
"""

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Calibration, Outputs, log_odds, tempered

from ..measure.digits import Decisions, decide
from ..measure.statistics import auroc, calibration_error, negative_log_likelihood

TEMPERATURES = (0.1, 10.0)
"""Search range of the temperature. At either end of it, the samples do not determine one."""

NONDIGIT_PRIOR = 0.05
"""Assumed share of non-digits among visitors' drawings. It is not measured: the page asks for
digits, and most people who try something else do it once. It determines what P(is a digit) means,
not how many digits are rejected, which `REJECTED_DIGITS` sets."""

REJECTED_DIGITS = 0.007
"""Largest share of dev digits that may be rejected. It is below the required 1 % by the sampling
error of a set of about 4,500 (0.7 % is 31, and 95 % of such counts stay under 43)."""

MOST_REJECTED = 0.5
"""Largest threshold of rejection. A drawing whose P(is a digit) is above one half is never
rejected, even if `REJECTED_DIGITS` allows more. Such readings are unsure."""

WRONG_OF_OK = 0.001
"""Largest share of wrong readings among the `ok` ones: one in a thousand is reliable for people."""

UNSURE_DIGITS = 0.03
"""Largest share of digits that may be unsure to reach `WRONG_OF_OK`. The page would nag if it asked
more often. Where dev's own labels are wrong, no threshold reaches that rate."""

STEPS = 50
"""Largest number of steps of Newton's method. A few are enough."""


def calibrate(
    digits: Outputs,
    labels: NDArray[np.int64],
    nondigits: Outputs | None = None,
    *,
    prior: float = NONDIGIT_PRIOR,
    rejected: float = REJECTED_DIGITS,
    wrong: float = WRONG_OF_OK,
    unsure: float = UNSURE_DIGITS,
) -> tuple[Calibration, dict[str, Any]]:
    """Fit all constants of a model.

    Args:
        digits: the network's outputs for dev digits.
        labels: (N,), 0 to 9, N at least 1.
        nondigits: its outputs for dev non-digits. Without them, or if the model has no such output,
            nothing is ever rejected.

    Returns:
        The calibration, and its entry in the card: the constants, the samples they were chosen on,
        and the rates they reach there.

    Raises:
        ValueError: there are no digits; or `nondigits` is empty or lacks the output that the digits
            have.
    """
    if len(labels) == 0:
        raise ValueError("a calibration needs digits, got none")
    chosen = Calibration(temperature=fit_temperature(digits.digits, labels))
    others = nondigits if digits.is_digit is not None else None
    if others is not None:
        scale, offset = fit_platt(_is_digit(digits), _is_digit(others), prior)
        chosen = replace(chosen, scale=scale, offset=offset)
        threshold = min(reject_below(_is_digit(digits, chosen), rejected), MOST_REJECTED)
        chosen = replace(chosen, not_a_number=threshold)
    decisions = decide(digits, chosen)
    right = decisions.probabilities.argmax(axis=1) == labels
    kept = ~decisions.rejected
    most = math.floor(unsure * len(labels))
    chosen = replace(chosen, unsure=unsure_below(decisions.belief[kept], right[kept], wrong, most))
    report = {
        **asdict(chosen),
        "chosen_on": {
            "digits": len(labels),
            "nondigits": 0 if others is None else len(others.digits),
        },
        "stated": {
            "nondigit_prior": prior,
            "rejected_digits": rejected,
            "wrong_of_ok": wrong,
            "unsure_digits": unsure,
        },
        "before": rates(decide(digits, Calibration()), labels),
        "after": rates(decide(digits, chosen), labels),
    }
    if others is not None:
        refused = decide(others, chosen)
        report["nondigits"] = {
            "auroc": auroc(_is_digit(digits), _is_digit(others)),
            "rejected": float(refused.rejected.mean()),
            "unsure": float(refused.unsure.mean()),
            "ok": float((~refused.rejected & ~refused.unsure).mean()),
        }
    return chosen, report


def fit_temperature(digits: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """Return the temperature of least negative log-likelihood (Guo et al., ICML 2017).

    Golden-section search over its logarithm. The loss is convex in 1/T, so it has one minimum.

    Args:
        digits: (N, 10) probabilities.
        labels: (N,), 0 to 9.
    """

    def loss(place: float) -> float:
        return negative_log_likelihood(tempered(digits, math.exp(place)), labels)

    low, high = (math.log(bound) for bound in TEMPERATURES)
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = loss(left), loss(right)
    while high - low > 1e-4:  # a hundredth of a percent of T
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = loss(right)
    return math.exp((low + high) / 2)


def fit_platt(
    digits: NDArray[np.floating[Any]], nondigits: NDArray[np.floating[Any]], prior: float
) -> tuple[float, float]:
    """Fit scale and offset of the log-odds of P(is a digit) by weighted logistic regression.

    The digits together weigh 1 - prior and the non-digits together weigh the prior, independent of
    their numbers. The targets are Platt's (1999), slightly inside 0 and 1, so that separable
    classes have a finite solution.

    Args:
        digits, nondigits: P(is a digit) from the network, (N,) and (M,), at least one each.
        prior: share of non-digits among drawings, above 0 and below 1.

    Raises:
        ValueError: a class has no samples.
    """
    n, m = len(digits), len(nondigits)
    if n == 0 or m == 0:
        raise ValueError(f"both digits and non-digits are needed, got {n} and {m}")
    odds = np.concatenate([log_odds(digits), log_odds(nondigits)])
    inputs = np.stack([odds, np.ones(n + m)], axis=1)
    target = np.repeat([(n + 1) / (n + 2), 1 / (m + 2)], [n, m])
    weight = np.repeat([(1 - prior) / n, prior / m], [n, m])

    def loss(at: NDArray[np.float64]) -> float:
        logits = inputs @ at
        return float((weight * (np.logaddexp(0, logits) - target * logits)).sum())

    found = np.array([1.0, 0.0])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(inputs @ found)))
        gradient = inputs.T @ (weight * (p - target))
        curvature = (inputs * (weight * p * (1 - p))[:, np.newaxis]).T @ inputs
        # The ridge is far below any curvature that matters. It keeps the step finite if all odds
        # are equal.
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        size = 1.0
        # Newton's step can overshoot where the sigmoid is flat. It is halved until it does not.
        while loss(found - size * step) > loss(found) and size > 1e-6:
            size /= 2
        found = found - size * step
        if np.abs(size * step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])


def reject_below(scores: NDArray[np.float64], share: float) -> float:
    """Return the threshold with at most a share of the digits below, midway between two scores.

    Args:
        scores: calibrated P(is a digit) of digits, (N,), N at least 1.
        share: 0 to 1.
    """
    ranked = np.sort(scores)
    count = math.floor(share * len(ranked))
    return 0.0 if count == 0 else float(ranked[count - 1] + ranked[count]) / 2


def unsure_below(
    belief: NDArray[np.float64], right: NDArray[np.bool_], wrong: float, most: int
) -> float:
    """Return the lowest threshold above which at most a share of the readings is wrong.

    If that makes more than `most` readings unsure, return the threshold that makes `most` unsure.
    The remaining readings are then wrong more often than `wrong`.

    Args:
        belief: confidence of readings, (N,).
        right: (N,), whether they are right.
        wrong: largest share of wrong readings among those above the threshold.
        most: largest number of readings below the threshold.
    """
    order = np.argsort(-belief, kind="stable")
    ranked, errors = belief[order], np.cumsum(~right[order])
    kept = np.arange(1, len(ranked) + 1)
    # A threshold cannot separate readings of equal confidence.
    parts = np.append(ranked[:-1] > ranked[1:], True)
    allowed = parts & (kept >= len(ranked) - most)
    good = allowed & (errors <= wrong * kept)
    last = int(np.flatnonzero(good)[-1] if good.any() else np.flatnonzero(allowed)[0])
    return 0.0 if last + 1 == len(ranked) else float(ranked[last] + ranked[last + 1]) / 2


def rates(decisions: Decisions, labels: NDArray[np.int64]) -> dict[str, Any]:
    """Return the shares of each outcome for digits, and the quality of the confidence."""
    right = decisions.probabilities.argmax(axis=1) == labels
    answered = ~decisions.rejected
    ok = answered & ~decisions.unsure
    return {
        "ece": calibration_error(decisions.belief[answered], right[answered]),
        "nll": negative_log_likelihood(decisions.probabilities, labels),
        "rejected": float(decisions.rejected.mean()),
        "unsure": float(decisions.unsure.mean()),
        "wrong_of_ok": float(1 - right[ok].mean()) if ok.any() else None,
    }


def _is_digit(outputs: Outputs, calibration: Calibration | None = None) -> NDArray[np.float64]:
    """Return P(is a digit), (N,), from the network or calibrated.

    Raises:
        ValueError: the model has no such output.
    """
    found = outputs.is_digit if calibration is None else calibration.is_digit(outputs)
    if found is None:
        raise ValueError("the model does not say whether something is a digit")
    return np.asarray(found, np.float64)
