"""The fit of the eyes, on views that are generated alongside."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from webapp.recognition import eyes_input
from webapp.recognition.picture.eyes import BODY_STEP

from ..fit.loop import Fitted, Schedule, Task, fit
from ..fit.rounds import rounds
from ..line.inks import Source, inks_of
from .network import EyesShape, build_eyes
from .views import SIDE, View, random_view


@dataclass(frozen=True, kw_only=True)
class EyesHyperparameters(Schedule):
    """Settings of a fit, stored in the model's card."""

    rounds: int = 80
    fresh: int = 1024
    batch_size: int = 8
    side: int = SIDE
    """Side of a view, in pixels."""
    ink_weight: float = 4.0
    """Extra weight of ink pixels in the cross-entropy. They are few."""
    body_weight: float = 2.0
    """Extra weight of the pixels in the bodies of lines."""
    dice_weight: float = 0.5
    """Weight of the ink's Dice loss (Milletari et al., 2016). The cross-entropies have weight 1.
    The Dice loss weighs a view with little ink as much as one with more."""
    shape: EyesShape = field(default_factory=EyesShape)


def views_of_round(source: Source, count: int, side: int, seed: int, number: int) -> list[View]:
    """Generate the views of a round. The same seed and number give the same views."""
    rng = np.random.default_rng([seed, number])
    inks = inks_of(source)
    return [random_view(inks, rng, side) for _ in range(count)]


def fit_eyes(
    source: Source, settings: EyesHyperparameters, folder: Path, dev: Sequence[View] = ()
) -> Fitted:
    """Fit the eyes, or resume an interrupted fit.

    The history has `ink` and `body`, the losses of the outputs, and `dev`, the Dice coefficient of
    the ink of dev views.

    Args:
        folder: keeps a checkpoint after every round.
        dev: views that are measured from time to time.

    Raises:
        DataError, TrainError: see `rounds`; or the folder holds another fit.
    """
    keras.utils.set_random_seed(settings.seed)
    make = partial(views_of_round, source, settings.fresh, settings.side, settings.seed)
    task = Task(
        build_eyes(settings.shape),
        partial(_step, settings=settings),
        ("ink", "body"),
        partial(rounds, make, settings.reuse, settings.rounds),
        partial(_batches, size=settings.batch_size),
        partial(dice_of, views=dev) if dev else None,
    )
    return fit(task, settings, asdict(settings) | asdict(source), folder)


def dice_of(network: keras.Model, views: Sequence[View]) -> float:
    """Return the mean Dice coefficient of the ink, 0 to 1: twice the intersection over the sum.

    A view without ink counts as 1 if no ink is seen.
    """
    found = []
    for picture, ink, _ in _batches(views, np.random.default_rng(0), 1):
        seen = network(picture, training=False)["ink"].numpy() > 0
        both = float(seen.sum() + ink.sum())
        found.append(2 * float((seen * ink).sum()) / both if both else 1.0)
    return float(np.mean(found))


def _batches(
    views: Sequence[View], rng: np.random.Generator, size: int
) -> Iterator[tuple[NDArray[np.float32], ...]]:
    """Yield all views once: pictures, ink, (N, H, W, 1), and bodies, (N, H / 4, W / 4, 1)."""
    order = rng.permutation(len(views))
    for start in range(0, len(order), size):
        some = [views[row] for row in order[start : start + size]]
        rows, columns = (n // BODY_STEP for n in some[0].ink.shape)
        bodies = np.stack([view.body for view in some])
        bodies = bodies.reshape(len(some), rows, BODY_STEP, columns, BODY_STEP).mean((2, 4))
        yield (
            np.concatenate([eyes_input(view.picture) for view in some]),
            (np.stack([view.ink for view in some])[..., np.newaxis] > 127).astype(np.float32),
            (bodies[..., np.newaxis] > 127).astype(np.float32),
        )


def _step(network: keras.Model, optimizer: Any, settings: EyesHyperparameters) -> Any:
    """Return one step of training as a graph, from a batch to the losses of ink and bodies."""

    def cross_entropy(labels: Any, logits: Any, weight: float) -> Any:
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
        return tf.reduce_mean(losses * (1 + weight * labels))

    @tf.function(  # type: ignore[untyped-decorator]  # TensorFlow has no types
        input_signature=[tf.TensorSpec((None, None, None, n), tf.float32) for n in (3, 1, 1)]
    )
    def step(pictures: Any, inks: Any, bodies: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = network(pictures, training=True)
            seen = tf.sigmoid(outputs["ink"])
            both = tf.reduce_sum(seen * inks, [1, 2, 3])
            either = tf.reduce_sum(seen + inks, [1, 2, 3])
            dice = tf.reduce_mean(1 - (2 * both + SMOOTH) / (either + SMOOTH))
            ink = cross_entropy(inks, outputs["ink"], settings.ink_weight)
            body = cross_entropy(bodies, outputs["body"], settings.body_weight)
            loss = ink + settings.dice_weight * dice + body
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return ink, body

    return step


SMOOTH = 20.0
"""Pixels added to both sides of the Dice loss, so that it is defined for a view without ink."""
