"""The guard: comparison of figures with those of a model's card."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import CardError
from .digits import MNIST_TEST, Figures, NonDigitFigures
from .statistics import Z95, auroc_error, wilson
from .tables import percent

ROUNDING = 2
"""Samples that may be read differently on another processor, which may round differently."""

AUROC_ROUNDING = 0.001
"""Difference of the AUROC that rounding may cause."""


def hold_to_card(
    card: Mapping[str, Any], digits: Sequence[Figures], others: Sequence[NonDigitFigures] = ()
) -> list[str]:
    """Compare figures with those of the same data in the card, which has to have MNIST's.

    Returns:
        Remarks: figures that are better than the card's, and that none is worse.

    Raises:
        CardError: a figure is worse by more than noise. Noise is `ROUNDING` for as many samples as
            in the card, and a 95 % interval otherwise.
    """
    promised = {figure["data"]: figure for figure in card["figures"]}
    if MNIST_TEST not in promised:
        raise CardError(f"the card has no figure for {MNIST_TEST}")
    worse, better = [], []
    for row in digits:
        figure = promised.get(row.data)
        if figure is None:
            continue
        right, promise = (row.correct, row.count), (figure["correct"], figure["count"])
        found, said = (f"{correct} of {count}" for correct, count in (right, promise))
        if _is_worse(right, promise):
            worse.append(f"{row.data}: {found} right, but the card says {said}")
        elif _is_worse(promise, right):
            better.append(f"{row.data}: {found} right, better than the card's {said}.")
        rejected = figure.get("rejected")
        if row.rejected is None or rejected is None:
            continue
        if _is_worse(_kept(row.rejected, row.count), _kept(rejected, figure["count"])):
            shares = percent(row.rejected), percent(rejected)
            worse.append(f"{row.data}: {shares[0]} called no digit, but the card says {shares[1]}")
    areas = {figure["data"]: figure for figure in card.get("nondigits", [])}
    for other in others:
        figure = areas.get(other.data)
        if figure is not None and figure["auroc"] is not None and is_less_apart(other, figure):
            area = "none" if other.auroc is None else f"{other.auroc:.4f}"
            worse.append(f"{other.data}: AUROC {area}, but the card says {figure['auroc']:.4f}")
    if worse:
        raise CardError("; ".join(worse))
    return [*better, "The figures are those of the card or better, where it has them."]


def _kept(rejected: float, count: int) -> tuple[int, int]:
    """Return how many samples were not rejected, and how many there are."""
    return count - round(rejected * count), count


def is_less_apart(found: NonDigitFigures, said: Mapping[str, Any], same_model: bool = True) -> bool:
    """Check whether an AUROC falls short of the card's by more than noise.

    For the same model and the same samples, noise is that of arithmetic. Otherwise it is the
    sampling error.
    """
    if found.auroc is None:
        return True
    noise = AUROC_ROUNDING
    if not same_model or (found.count, found.against) != (said["count"], said["against"]):
        errors = (
            auroc_error(found.auroc, found.against, found.count),
            auroc_error(said["auroc"], said["against"], said["count"]),
        )
        noise = Z95 * math.hypot(*errors)
    return bool(said["auroc"] - found.auroc > noise)


def _is_worse(found: tuple[int, int], said: tuple[int, int]) -> bool:
    """Check whether (correct, count) of the same model falls short by more than noise."""
    if found[1] == said[1]:
        return said[0] - found[0] > ROUNDING
    return surely_worse(found, said)


def surely_worse(found: tuple[int, int], said: tuple[int, int]) -> bool:
    """Check whether (correct, count) falls short of another by more than chance.

    The criterion is the 95 % interval of a difference of two shares (Newcombe 1998, method 10).
    """
    lower, upper = said[0] / said[1], found[0] / found[1]
    spread = math.hypot(lower - wilson(*said)[0], wilson(*found)[1] - upper)
    return lower - upper > spread
