"""Calibration: from a network's outputs on dev samples to the constants that its card holds.

Nothing here may be fitted on a test set, nor on what the network was trained on.
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
"""Where the temperature is looked for; at an end of it, the samples do not determine one."""

NONDIGIT_PRIOR = 0.05
"""Share of what visitors draw that is taken to be no digit. Nobody has counted; the page asks for
digits, and most who try something else do it once. It decides what P(is a digit) means, not how
many digits are rejected, which is stated below."""

REJECTED_DIGITS = 0.007
"""Share of dev digits that may be called no digit: below the 1 % that was set as the most, by what
a set of some 4,500 varies (0.7 % is 31, and 95 % of such counts stay under 43)."""

MOST_REJECTED = 0.5
"""What is more probably a digit than not is never called none, even if more could be refused; such
readings are unsure."""

WRONG_OF_OK = 0.001
"""Share of `ok` readings that may be wrong: one in a thousand is what people can rely on."""

UNSURE_DIGITS = 0.03
"""Most digits that may be called unsure for that: the page would nag if it asked more often. Where
dev's own labels are wrong, no threshold reaches the rate above."""

STEPS = 50
"""Most steps of Newton's method; a handful is enough."""


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
        digits: what the network says of dev digits.
        labels: (N,), 0 to 9, N at least 1.
        nondigits: what it says of dev non-digits. Without them, or where the model has no such
            output, nothing is ever rejected.

    Returns:
        The calibration, and what the card says of it: the constants, what they were chosen on, and
        the rates that they reach there.

    Raises:
        ValueError: there are no digits; or there are non-digits, but none in them or without the
            output that the digits have.
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
    """The temperature of least negative log-likelihood (Guo et al., ICML 2017).

    By golden-section search over its logarithm: the loss is convex in 1/T, so it has one valley.

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
    """Scale and offset of the log-odds of P(is a digit): weighted logistic regression.

    Digits weigh 1 - prior in all and non-digits the prior, however many there are of each. The
    targets are Platt's (1999), a little short of 0 and 1: classes without overlap then still have
    a finite answer.

    Args:
        digits, nondigits: P(is a digit) as the network says it, (N,) and (M,), at least one each.
        prior: share of drawings that are no digit, above 0 and below 1.

    Raises:
        ValueError: there are none of a class.
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
        # The ridge is far below any curvature that matters; it keeps the step finite where all
        # odds are the same.
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        size = 1.0
        # Newton's step can overshoot where the sigmoid is flat; half of it then, and so on.
        while loss(found - size * step) > loss(found) and size > 1e-6:
            size /= 2
        found = found - size * step
        if np.abs(size * step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])


def reject_below(scores: NDArray[np.float64], share: float) -> float:
    """The threshold below which at most this share of digits falls, half way between two of them.

    Args:
        scores: calibrated P(is a digit) of digits, (N,), N at least 1.
    """
    ranked = np.sort(scores)
    count = math.floor(share * len(ranked))
    return 0.0 if count == 0 else float(ranked[count - 1] + ranked[count]) / 2


def unsure_below(
    belief: NDArray[np.float64], right: NDArray[np.bool_], wrong: float, most: int
) -> float:
    """The lowest threshold above which at most a share of readings is wrong.

    Where that would take more than `most` readings, the one that takes as many: the readings that
    are left over are then more often wrong than was asked for.

    Args:
        belief: confidence of readings, (N,).
        right: (N,), whether they are right.
        wrong: share of what stays that may be wrong.
    """
    order = np.argsort(-belief, kind="stable")
    ranked, errors = belief[order], np.cumsum(~right[order])
    kept = np.arange(1, len(ranked) + 1)
    # A threshold cannot part readings that are equally sure.
    parts = np.append(ranked[:-1] > ranked[1:], True)
    allowed = parts & (kept >= len(ranked) - most)
    good = allowed & (errors <= wrong * kept)
    last = int(np.flatnonzero(good)[-1] if good.any() else np.flatnonzero(allowed)[0])
    return 0.0 if last + 1 == len(ranked) else float(ranked[last] + ranked[last + 1]) / 2


def rates(decisions: Decisions, labels: NDArray[np.int64]) -> dict[str, Any]:
    """What digits become: shares, and whether confidence can be believed."""
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
    """P(is a digit), (N,), as the network says it or calibrated.

    Raises:
        ValueError: the model has no such output.
    """
    found = outputs.is_digit if calibration is None else calibration.is_digit(outputs)
    if found is None:
        raise ValueError("the model does not say whether something is a digit")
    return np.asarray(found, np.float64)
