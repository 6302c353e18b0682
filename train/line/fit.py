"""The fit of the line reader. `LineHyperparameters` holds everything that shapes the result."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from webapp.recognition.ink.strip import ROWS, STRIP_CHANNELS
from webapp.recognition.symbols import BLANK

from ..fit.loop import Fitted, Schedule, Task, fit
from ..fit.rounds import rounds
from .compose import Line
from .inks import Source
from .network import LineShape, build_line_network
from .rounds import NOTHING, batches, composed_round


@dataclass(frozen=True, kw_only=True)
class LineHyperparameters(Schedule):
    """Settings of a fit, stored in the model's card."""

    rounds: int = 36
    fresh: int = 12_288
    batch_size: int = 32
    extent_weight: float = 2.0
    """Weight of the extents' error, in heights of the writing. The CTC loss has weight 1."""
    centre_weight: float = 0.2
    """Weight of each symbol's log-likelihood in the column at the middle of its ink. The CTC loss
    has weight 1. This term shows the network where symbols are, and keeps their columns there."""
    shape: LineShape = field(default_factory=LineShape)


def fit_line(
    source: Source, settings: LineHyperparameters, folder: Path, dev: Sequence[Line] = ()
) -> Fitted:
    """Fit the line reader, or resume an interrupted fit.

    The history has `loss` (CTC), `extent` (error of the extents), and `dev` (share of the dev lines
    that are read exactly).

    Args:
        folder: keeps a checkpoint after every round.
        dev: lines that are read from time to time.

    Raises:
        DataError, TrainError: see `rounds`; or the folder holds another fit.
    """
    keras.utils.set_random_seed(settings.seed)
    make = partial(composed_round, source, settings.fresh, settings.seed)
    task = Task(
        build_line_network(settings.shape),
        partial(_step, settings=settings),
        ("loss", "extent"),
        partial(rounds, make, settings.reuse, settings.rounds),
        partial(_batches, size=settings.batch_size),
        partial(exactly_read, lines=dev) if dev else None,
    )
    return fit(task, settings, asdict(settings) | asdict(source), folder)


def _batches(
    lines: Sequence[Line], rng: np.random.Generator, size: int
) -> Iterator[tuple[NDArray[Any], ...]]:
    for batch in batches(lines, size, rng):
        yield batch.strips, batch.targets, batch.centres, batch.extents


def _step(network: keras.Model, optimizer: Any, settings: LineHyperparameters) -> Any:
    """Return one step of training as a graph.

    The step maps the tensors of a batch to its CTC loss and to the mean error of its extents, left
    and right added, in heights of the writing.
    """

    @tf.function(  # type: ignore[untyped-decorator]  # TensorFlow has no types
        input_signature=[
            tf.TensorSpec((None, ROWS, None, STRIP_CHANNELS), tf.float32),
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((None, None, 3), tf.float32),
        ]
    )
    def step(strips: Any, targets: Any, centres: Any, extents: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = network(strips, training=True)
            read = _ctc(targets, outputs["logits"])
            centred = _centred(targets, centres, outputs["logits"])
            off = tf.reduce_sum(tf.abs(outputs["extent"] - extents[..., :2]), -1)
            known = extents[..., 2]
            extent = tf.reduce_sum(off * known) / (tf.reduce_sum(known) + 1.0)
            loss = read + settings.extent_weight * extent + settings.centre_weight * centred
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return read, extent

    return step


def _ctc(targets: Any, logits: Any) -> Any:
    """Return the mean CTC loss. Sparse labels select TensorFlow's own CTC kernel."""
    there = targets != NOTHING
    labels = tf.SparseTensor(
        tf.where(there), tf.boolean_mask(targets, there), tf.cast(tf.shape(targets), tf.int64)
    )
    count, columns = tf.shape(logits)[0], tf.shape(logits)[1]
    return tf.reduce_mean(
        tf.nn.ctc_loss(
            labels,
            logits,
            None,
            tf.fill([count], columns),
            logits_time_major=False,
            blank_index=BLANK,
        )
    )


def _centred(targets: Any, centres: Any, logits: Any) -> Any:
    """Return -ln P(symbol) at the symbols' middles, summed over a line, averaged over lines."""
    known = centres != NOTHING
    seen = tf.gather(logits, tf.where(known, centres, 0), batch_dims=1)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.where(known, targets, 0), seen)
    return tf.reduce_mean(tf.reduce_sum(tf.where(known, losses, 0.0), axis=1))


def exactly_read(network: keras.Model, lines: Sequence[Line], size: int = 256) -> float:
    """Return the share of lines with a best path that equals their text.

    Args:
        lines: at least one.
        size: lines per batch.
    """
    right = 0
    rng = np.random.default_rng(0)
    for batch in batches(lines, size, rng):
        best = np.argmax(network(batch.strips, training=False)["logits"], axis=-1)
        for path, target in zip(best, batch.targets, strict=True):
            kept = path[np.append(True, path[1:] != path[:-1])]
            wanted = target[target != NOTHING]
            right += bool(np.array_equal(kept[kept != BLANK], wanted))
    return right / len(lines)
