"""The fit of a network of single digits. `Hyperparameters` holds all that shapes the result."""

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import CHANNELS, SIDE, network_input

from ..augment.pixels import Augmentation
from ..augment.strokes import Warp
from ..data.nondigits import NOT_A_DIGIT
from .network import build_network
from .sources import Rendering, Source

CLASSES = 10


@dataclass(frozen=True)
class Hyperparameters:
    """Settings of a fit, stored in the model's card."""

    seed: int = 1
    epochs: int = 60
    batch_size: int = 128
    peak_learning_rate: float = 2e-3
    """Adam's learning rate after the warm-up. A cosine then decays it to 0."""
    warmup_epochs: float = 1.0
    averaging: float = 0.999
    """Momentum of the weights' exponential moving average, which is the result of the fit."""
    label_smoothing: float = 0.05
    is_digit_weight: float = 0.5
    """Weight of the loss of P(is a digit). The loss of the ten digits has weight 1."""
    precision: str = "mixed_bfloat16"
    """Keras dtype policy of the training (`build_network`). bfloat16 takes two thirds of the time
    on processors that support it (AVX512-BF16, AMX), and far more on others."""
    channels: int = 1
    """Channels of a glyph that the network reads: 1, the ink, or 5, with the pen's direction."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    settling: float = 0.3
    """Last share of the epochs, in which the augmentation of pixels decreases linearly."""
    settled: float = 0.4
    """Final strength of the augmentation of pixels. A small network cannot learn all variations, so
    it ends on likely ones."""
    warp: Warp = field(default_factory=Warp)
    rendering: Rendering = field(default_factory=Rendering)
    strokes_share: float = 0.4
    """Pen strokes per epoch, as a share of MNIST's images, if there are any."""
    styled_share: float = 0.0
    """Share of the pen strokes, 0 to 1, drawn in a style that the data lacks (`digit_styles`)."""
    nondigits_share: float = 0.2
    """Non-digits per epoch, as a share of MNIST's images."""
    spoilt_share: float = 1 / 3
    """Share of the non-digits made of MNIST's pixels. Without them, everything that looks like
    MNIST would be a digit."""
    drawn_share: float = 0.25
    """Share of the non-digits that are generated."""
    writer_cap: int = 150
    """Samples of one writer per pass over the strokes."""

    def strength(self, epoch: int) -> float:
        """Return the strength of the pixels' augmentation in an epoch, counted from 0."""
        left = (self.epochs - 1 - epoch) / max(1.0, self.settling * self.epochs)
        return self.settled + (1 - self.settled) * min(1.0, left)


@dataclass(frozen=True)
class Trained:
    """A fitted network and its curves, with one value per epoch."""

    network: keras.Model
    history: dict[str, list[float]]


class Batches:
    """Shuffled, augmented batches, counted through all epochs.

    Each batch has its own generator, seeded with the run's seed and the batch's place. The same
    seed therefore gives the same batches in whatever order they are requested.
    """

    def __init__(self, sources: Sequence[Source], settings: Hyperparameters) -> None:
        self._sources = sources
        self._starts = np.cumsum([0, *(len(source.labels) for source in sources)])
        labels = np.concatenate([source.labels for source in sources])
        self._targets = targets(labels, settings.label_smoothing)
        self._settings = settings
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.zeros(0, np.int64))
        self.per_epoch = math.ceil(len(labels) / settings.batch_size)

    def batch(self, place: int) -> tuple[NDArray[np.float32], ...]:
        """Return a batch by its place: network input (N, 28, 28, C), then its rows of `targets`."""
        epoch, index = divmod(int(place), self.per_epoch)
        size = self._settings.batch_size
        rows = self._epoch_order(epoch)[index * size : (index + 1) * size]
        rng = np.random.default_rng([self._settings.seed, epoch, index])
        glyphs = np.empty((len(rows), SIDE, SIDE, CHANNELS), np.uint8)
        strength = self._settings.strength(epoch)
        for source, start, end in zip(self._sources, self._starts, self._starts[1:], strict=False):
            theirs = (start <= rows) & (rows < end)
            if theirs.any():
                glyphs[theirs] = source.glyphs(rows[theirs] - start, rng, strength)
        x = network_input(glyphs, self._settings.channels)
        return x, *(target[rows] for target in self._targets)

    def dataset(self) -> Any:
        """Return a `tf.data.Dataset` of every batch of every epoch.

        It maps a range instead of a generator: TensorFlow's generator op sets malloc's trim
        threshold to 128 KB for the whole process, after which 40 % of the training time went into
        page faults.
        """
        import tensorflow as tf

        def batch(place: Any) -> Any:
            x, digit, is_digit, counts = tf.numpy_function(
                self.batch, [place], (tf.float32,) * 4, stateful=False
            )
            x.set_shape((None, SIDE, SIDE, self._settings.channels))
            digit.set_shape((None, CLASSES))
            is_digit.set_shape((None, 1))
            counts.set_shape((None,))
            weights = {"digit": counts, "is_digit": tf.ones_like(counts)}
            return x, {"digit": digit, "is_digit": is_digit}, weights

        places = tf.data.Dataset.range(self._settings.epochs * self.per_epoch)
        return places.map(batch, num_parallel_calls=1, deterministic=True).prefetch(4)

    def _epoch_order(self, epoch: int) -> NDArray[np.int64]:
        """Return the shuffled rows of an epoch. The last result is cached."""
        if self._order[0] != epoch:
            rng = np.random.default_rng([self._settings.seed, epoch])
            self._order = epoch, rng.permutation(len(self._targets[0]))
        return self._order[1]


def targets(labels: NDArray[np.int64], smoothing: float) -> tuple[NDArray[np.float32], ...]:
    """Return the targets of the two outputs, and the weights of the rows for the first.

    Returns:
        Smoothed one-hot digits, (N, 10), zeros for non-digits; 1 for a digit and 0 for a non-digit,
        (N, 1); and the same as weights of the first output, (N,).
    """
    is_digit = (labels != NOT_A_DIGIT).astype(np.float32)
    digit = np.zeros((len(labels), CLASSES), np.float32)
    digit[is_digit == 1] = smoothing / CLASSES
    digit[is_digit == 1, labels[is_digit == 1]] += 1 - smoothing
    return digit, is_digit[:, np.newaxis], is_digit


def make_repeatable(seed: int) -> None:
    """Seed all randomness. On the same machine and versions, a seed gives the same network."""
    import tensorflow

    keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()


def fit(
    sources: Sequence[Source],
    settings: Hyperparameters,
    dev: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None,
) -> Trained:
    """Train a new network, and return it with the averaged weights of the last epoch.

    Args:
        sources: training data, mixed evenly in every epoch.
        dev: glyphs (N, 28, 28, 5) and labels that are measured but not trained on, for the choice
            of settings.
    """
    make_repeatable(settings.seed)
    network = build_network(settings.channels, settings.precision)
    batches = Batches(sources, settings)
    warmup_steps = int(settings.warmup_epochs * batches.per_epoch)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=settings.peak_learning_rate,
        warmup_steps=warmup_steps,
        decay_steps=max(1, settings.epochs * batches.per_epoch - warmup_steps),
    )
    network.compile(
        optimizer=keras.optimizers.Adam(
            rate, use_ema=True, ema_momentum=settings.averaging, ema_overwrite_frequency=None
        ),
        loss={"digit": "categorical_crossentropy", "is_digit": "binary_crossentropy"},
        loss_weights={"digit": 1.0, "is_digit": settings.is_digit_weight},
        weighted_metrics={"digit": ["accuracy"]},
    )
    watched: dict[str, Any] = {}
    if dev is not None:
        digit, is_digit, counts = targets(dev[1], 0.0)
        watched["validation_data"] = (
            network_input(dev[0], settings.channels),
            {"digit": digit, "is_digit": is_digit},
            {"digit": counts, "is_digit": np.ones_like(counts)},
        )
        watched["validation_batch_size"] = 1000
    fitted = network.fit(
        batches.dataset(),
        epochs=settings.epochs,
        steps_per_epoch=batches.per_epoch,
        shuffle=False,  # the batches are shuffled already
        # A progress bar on a terminal, one line per epoch in a log.
        verbose=1 if sys.stdout.isatty() else 2,
        # Swaps the averaged weights in for each evaluation on dev, and permanently at the end.
        callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=False)],
        **watched,
    )
    # Curves of the ten digits. The sum of the two losses is hard to interpret.
    history = {
        name.replace("digit_", ""): [round(float(value), 5) for value in curve]
        for name, curve in fitted.history.items()
        if name.removeprefix("val_").startswith("digit_")
    }
    # Without the optimiser's state, which is three times the size of the weights.
    plain = build_network(settings.channels)
    plain.set_weights(network.get_weights())
    return Trained(plain, history)


def quieten_tensorflow() -> None:
    """Silence TensorFlow's start-up notices (no GPU found, …)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
