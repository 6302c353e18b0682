"""Calibration of the line reader's confidence on contributors that its networks never saw.

Each fold is a line reader trained without some contributors. It reads the samples of these
contributors. The results of all folds together estimate how the shipped reader does on writers that
are new to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Confidence, Reading, Recognizer
from webapp.recognition.network.confidence import Evidence

from ..errors import TrainError
from ..measure.digits import LIMITS
from ..measure.statistics import wilson
from .sets import LineSample

WRONG_OF_OK = 0.01
"""Largest share of wrong readings among the `ok` readings of all sets of numbers together. In a
single set, the lower end of Wilson's 95 % interval may not exceed it. With plain shares, one odd
sample of a small set would decide for all."""

OTHERS_OK = 0.01
"""Largest share of non-numbers that may be `ok`, in any set."""

DIRECTIONS = {
    "share": 1,
    "weakest": 1,
    "opinion": 1,
    "is_digit": 1,
    "misfit": -1,
    "symbols": -1,
    "pieces_over": -1,
    "pieces_under": -1,
    "alone": -1,
    "alone_is_digit": 1,
}
"""Sign that the weight of each feature may have: 1 if the feature makes a text likelier, -1 if it
makes it less likely. A free fit made `symbols` positive, because letters are misread as single
symbols. Long numbers were then `ok` although the reader itself did not believe them."""

RIDGE = 1e-2
"""Penalty on the squared weights of the standardised features, as a share of one sample."""

WEIGHTS = (0.0, 0.15, 0.3, 0.5, 0.8, 1.2)
"""Candidate weights of the second opinion and the language model. The line reader has 1."""

COSTS = (0.0, 0.75, 1.5, 2.5)
"""Candidate costs that are subtracted from the logit of other ink, in nats."""


@dataclass(frozen=True)
class Outcome:
    """One sample and its reading."""

    kind: str
    """Name of the sample's set."""
    label: str | None
    """The written text. None for a non-number."""
    writer: str
    picture: bool
    """Whether the sample is a picture. Otherwise it is strokes."""
    text: str
    """The text read, all lines joined. Empty if the reading is rejected."""
    status: str
    confidence: float
    evidence: Evidence | None

    @property
    def right(self) -> bool:
        """Whether the text read is the text written."""
        return self.label is not None and self.text == self.label

    @property
    def can_be_ok(self) -> bool:
        """Whether the confidence decides the status: a number is read, and no ink is left out."""
        return self.status in ("ok", "unsure") and (
            self.evidence is not None and self.evidence.left_out == 0
        )

    def is_ok(self, model: Confidence) -> bool:
        """Check whether the reading is `ok` under a confidence model."""
        return (
            self.can_be_ok and self.evidence is not None and model.of(self.evidence) >= model.unsure
        )


def outcomes(
    recognizer: Recognizer, pictures: Recognizer, kind: str, samples: Iterable[LineSample]
) -> list[Outcome]:
    """Read samples.

    Args:
        recognizer: reads the samples with strokes.
        pictures: reads the samples with a picture.
    """
    found = []
    for sample in samples:
        if sample.picture is not None:
            reading = pictures.read_image(sample.picture, LIMITS, 0)
        else:
            reading = recognizer.read_strokes(sample.strokes or (), 0)
        found.append(_outcome(kind, sample, reading))
    return found


def _outcome(kind: str, sample: LineSample, reading: Reading) -> Outcome:
    return Outcome(
        kind,
        sample.label,
        sample.writer,
        sample.picture is not None,
        "".join(reading.lines),
        reading.status,
        reading.confidence,
        reading.evidence,
    )


def fitted(found: Sequence[Outcome], read_with: Confidence) -> Confidence:
    """Fit the logistic model to outcomes, and the threshold below which a reading is unsure.

    A feature with a weight against its direction (`DIRECTIONS`) is dropped and the rest is fitted
    again, one feature at a time.

    Args:
        read_with: the second opinion's weight and the costs that the outcomes were read with. They
            are kept.

    Raises:
        TrainError: the confidence decides none of the outcomes.
    """
    decided = [one for one in found if one.can_be_ok]
    if not decided:
        raise TrainError(f"none of {len(found)} readings can be ok: nothing to fit confidence on")
    features = [one.evidence.features() for one in decided if one.evidence]
    right = np.array([one.right for one in decided], np.float64)
    names = [*features[0]]
    while True:
        rows = np.array([[own[name] for name in names] for own in features])
        bias, slopes = _logistic(rows.reshape(len(features), -1), right)
        weights = dict(zip(names, slopes.tolist(), strict=True))
        against = {n: w * DIRECTIONS[n] for n, w in weights.items() if w * DIRECTIONS[n] < 0}
        if not against:
            break
        names.remove(min(against, key=lambda name: against[name]))
    weights = dict.fromkeys(DIRECTIONS, 0.0) | weights
    model = replace(read_with, bias=bias, **weights)
    return replace(model, unsure=threshold_of(found, model))


def threshold_of(found: Sequence[Outcome], model: Confidence) -> float:
    """Return the lowest threshold that keeps every set within `WRONG_OF_OK` and `OTHERS_OK`.

    If no lower threshold does, it is above the confidence of every reading.
    """
    sets: dict[str, list[Outcome]] = defaultdict(list)
    for one in found:
        sets[one.kind].append(one)
    every = [model.of(one.evidence) for one in found if one.can_be_ok and one.evidence]
    # Just above each confidence: that reading, and all less confident ones, are then not `ok`.
    thresholds = np.append(0.0, np.nextafter(np.unique(every), 2.0))
    tolerable = np.ones(len(thresholds), bool)
    wrong_in_all, ok_in_all = np.zeros((2, len(thresholds)))
    for own in sets.values():
        decided = [one for one in own if one.can_be_ok and one.evidence]
        sure = np.array([model.of(one.evidence) for one in decided if one.evidence])
        order = np.argsort(sure)
        below = np.searchsorted(sure[order], thresholds)
        wrong = np.array([not one.right for one in decided], np.int64)[order]
        wrong_of_ok = wrong.sum() - np.append(0, np.cumsum(wrong))[below]
        if own[0].label is not None:
            counts = zip(wrong_of_ok.tolist(), (len(order) - below).tolist(), strict=True)
            tolerable &= [not ok or wilson(some, ok)[0] <= WRONG_OF_OK for some, ok in counts]
            wrong_in_all += wrong_of_ok
            ok_in_all += len(order) - below
        else:
            tolerable &= wrong_of_ok <= OTHERS_OK * len(own)
    tolerable &= wrong_in_all <= WRONG_OF_OK * ok_in_all
    return float(thresholds[tolerable.argmax()])


def _logistic(
    features: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Fit the bias and the weights, (F,), of features, (N, F), to `right`, (N,), 0 or 1.

    Newton's method with a ridge penalty, on standardised features.
    """
    middle, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    rows = np.column_stack([np.ones(len(features)), (features - middle) / spread])
    weights = np.zeros(rows.shape[1])
    ridge = RIDGE * np.eye(rows.shape[1])
    ridge[0, 0] = 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (p - right) + ridge @ weights
        curve = (rows * (p * (1 - p))[:, np.newaxis]).T @ rows + ridge + 1e-9 * np.eye(len(ridge))
        step = np.linalg.solve(curve, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    slopes = weights[1:] / spread
    return float(weights[0] - (slopes * middle).sum()), slopes


def figures_of(found: Sequence[Outcome], model: Confidence | None = None) -> dict[str, Any]:
    """Return the figures of one set. Shares are 0 to 1, and 0 for an empty set.

    Args:
        model: the confidence that decides the status. None takes the status of the reading.
    """
    ok = [one for one in found if (one.status == "ok" if model is None else one.is_ok(model))]
    wrong = sum(not one.right for one in ok)
    count = max(1, len(found))
    return {
        "count": len(found),
        "exact": sum(one.right for one in found) / count,
        "ok": len(ok) / count,
        "wrong_of_ok": wrong / max(1, len(ok)),
        "wrong_though_ok": wrong,
        "rejected": sum(one.status == "not_a_number" for one in found) / count,
    }
