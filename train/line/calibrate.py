"""Fitting the confidence of the line reader, on contributors that its networks never saw.

Each fold is a line reader that was trained without some contributors; it reads theirs. What is
found there, of all folds together, is what the shipped reader may say of writers that are new to
it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Confidence, Reading, Recognizer
from webapp.recognition.confidence import Evidence

from ..evaluation import LIMITS
from ..progress import watched
from .sets import LineSample

WRONG_OF_OK = 0.005
"""Of what is said with `ok`, at most so much may be wrong in any set of numbers: half of what is
promised, for the next writers differ again."""

OTHERS_OK = 0.01
"""Of what is no number, at most so much may be `ok` in any set."""

RIDGE = 1e-2
"""Penalty on the squares of the weights, of standardised features, as a share of a sample."""

WEIGHTS = (0.0, 0.15, 0.3, 0.5, 0.8)
"""Of the second opinion, between which is chosen."""


@dataclass(frozen=True)
class Outcome:
    """One sample, and how it was read."""

    kind: str
    label: str | None
    writer: str
    text: str
    status: str
    confidence: float
    evidence: Evidence | None

    @property
    def right(self) -> bool:
        """Whether the text is what was written."""
        return self.label is not None and self.text == self.label

    @property
    def can_be_ok(self) -> bool:
        """Whether the confidence decides: no ink is left out, and it is a number."""
        return self.status in ("ok", "unsure") and (
            self.evidence is not None and self.evidence.left_out == 0
        )


def outcomes(
    recognizer: Recognizer, pictures: Recognizer, kind: str, samples: Iterable[LineSample]
) -> list[Outcome]:
    """Read samples.

    Args:
        recognizer: of strokes.
        pictures: of pictures.
    """
    found = []
    for sample in watched([*samples], kind):
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
        "".join(reading.lines),
        reading.status,
        reading.confidence,
        reading.evidence,
    )


def fitted(found: Sequence[Outcome], second_opinion: float) -> Confidence:
    """The logistic model of these outcomes, and the threshold below which a reading is unsure.

    Logistic regression by Newton's method, with a ridge; features are standardised while fitting.
    """
    decided = [one for one in found if one.can_be_ok]
    features = np.array([one.evidence.features() for one in decided if one.evidence])
    right = np.array([one.right for one in decided], np.float64)
    middle, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    weights = _logistic((features - middle) / spread, right)
    slopes = weights[1:] / spread
    bias = float(weights[0] - (slopes * middle).sum())
    names = [f.name for f in fields(Confidence)][1 : 1 + len(slopes)]
    model = Confidence(
        bias=bias,
        **dict(zip(names, slopes.tolist(), strict=True)),
        second_opinion=second_opinion,
    )
    return replace(model, unsure=threshold_of(found, model))


def threshold_of(found: Sequence[Outcome], model: Confidence) -> float:
    """The lowest confidence from which on, in every set, few readings are wrong."""
    lowest = 0.0
    for kind in {one.kind for one in found}:
        own = [one for one in found if one.kind == kind]
        decided = [one for one in own if one.can_be_ok and one.evidence]
        sure = np.array([model.of(one.evidence) for one in decided if one.evidence])
        wrong = np.array([not one.right for one in decided], bool)
        order = np.argsort(-sure)
        if len(order) == 0:
            continue
        is_number = own[0].label is not None
        counted = np.arange(1, len(order) + 1) if is_number else np.full(len(order), len(own))
        share = np.cumsum(wrong[order]) / counted
        allowed = np.flatnonzero(share <= (WRONG_OF_OK if is_number else OTHERS_OK))
        # Just above the first that would be too much.
        last = int(allowed[-1]) if len(allowed) else -1
        if last + 1 < len(order):
            lowest = max(lowest, float(np.nextafter(sure[order[last + 1]], 1.0)))
    return lowest


def _logistic(features: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights, the bias first."""
    rows = np.column_stack([np.ones(len(features)), features])
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
    return weights


def figures_of(found: Sequence[Outcome], model: Confidence | None = None) -> dict[str, Any]:
    """What there is to say of one set.

    Args:
        model: the confidence that decides the status; None takes that of the reading.
    """
    right = np.array([one.right for one in found])
    if model is None:
        ok = np.array([one.status == "ok" for one in found])
    else:
        ok = np.array(
            [
                one.can_be_ok
                and one.evidence is not None
                and model.of(one.evidence) >= model.unsure
                for one in found
            ]
        )
    return {
        "count": len(found),
        "exact": float(right.mean()),
        "ok": float(ok.mean()),
        "wrong_of_ok": float((ok & ~right).sum() / max(1, ok.sum())),
        "wrong_though_ok": int((ok & ~right).sum()),
        "rejected": float(np.mean([one.status == "not_a_number" for one in found])),
    }
