"""Fitting the line reader. Everything that shapes the result stands in `LineHyperparameters`."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from webapp.recognition.line_reader import BLANK
from webapp.recognition.strip import ROWS, STRIP_CHANNELS

from ..errors import TrainError
from .compose import Line
from .inks import Source
from .network import LineShape, build_line_network
from .rounds import NOTHING, Batch, batches, rounds


@dataclass(frozen=True)
class LineHyperparameters:
    """What a run is made of; stored in the model's card."""

    seed: int = 1
    rounds: int = 36
    fresh: int = 12_288
    """Lines composed for each round."""
    reuse: int = 2
    """Rounds that each line is in."""
    batch_size: int = 32
    peak_learning_rate: float = 2e-3
    """Of Adam, reached after the warm-up; a cosine then takes it to 0."""
    warmup_rounds: float = 1.0
    averaging: float = 0.999
    """Momentum of the exponential moving average of the weights; the average is what is kept."""
    extent_weight: float = 2.0
    """Of the error of the extents, in heights of the writing, beside 1 for the CTC loss."""
    centre_weight: float = 0.2
    """Of the log-likelihood of each symbol in the column at the middle of its ink, beside 1 for the
    CTC loss: it shows the network where symbols are, and keeps the columns that emit them there."""
    clip: float = 5.0
    """Norm that a gradient is cut to."""
    shape: LineShape = field(default_factory=LineShape)


LOOKS = 10
"""How often dev lines are read while training."""

PROGRESS = "progress.json"
"""Beside a checkpoint: the seconds and the curves up to it."""

SETTINGS = "settings.json"
"""Beside a checkpoint: what its fit is made of."""


@dataclass(frozen=True)
class TrainedLine:
    """A fitted network and how it got there."""

    network: keras.Model
    history: dict[str, list[float]]
    """By round: `loss`, of CTC, and `extent`, of the extents' error. `dev`: shares of dev lines
    that were read exactly, `LOOKS` of them."""
    seconds: float
    """In all, those before a fit was cut short included."""


def fit_line(
    source: Source, settings: LineHyperparameters, folder: Path, dev: Sequence[Line] = ()
) -> TrainedLine:
    """Fit the line reader, or go on with a fit that was cut short.

    Args:
        folder: keeps a checkpoint after every round.
        dev: lines to watch.

    Raises:
        DataError, TrainError: see `rounds`; or the folder holds another fit.
    """
    keras.utils.set_random_seed(settings.seed)
    network = build_line_network(settings.shape)
    _hold_to(folder, source, settings)
    whole_round = math.ceil(settings.fresh * settings.reuse / settings.batch_size)
    warmup = int(settings.warmup_rounds * whole_round)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=settings.peak_learning_rate,
        warmup_steps=warmup,
        decay_steps=max(1, _steps(settings) - warmup),
    )
    optimizer = keras.optimizers.Adam(
        rate,
        global_clipnorm=settings.clip,
        use_ema=True,
        ema_momentum=settings.averaging,
        ema_overwrite_frequency=None,
    )
    optimizer.build(network.trainable_variables)
    done = tf.Variable(0, dtype=tf.int64)
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(network=network, optimizer=optimizer, done=done), str(folder), 1
    )
    manager.restore_or_initialize()
    step = _step(network, optimizer, settings)
    first = int(done.numpy())
    rounds_per_look = max(1, settings.rounds // LOOKS)
    seconds, history = _progress(folder, first, first // rounds_per_look)
    start = time.monotonic() - seconds
    for number, lines in enumerate(
        rounds(source, settings.fresh, settings.reuse, settings.rounds, settings.seed, first),
        first,
    ):
        rng = np.random.default_rng([settings.seed, number, 1])
        losses = [step(*_tensors(b)) for b in batches(lines, settings.batch_size, rng)]
        loss, extent = np.mean([[float(a), float(b)] for a, b in losses], axis=0).tolist()
        history["loss"].append(round(loss, 4))
        history["extent"].append(round(extent, 4))
        said = f"round {number + 1}/{settings.rounds}: loss {loss:.3f}, extent {extent:.4f}"
        if dev and (number + 1) % rounds_per_look == 0:
            exact = _exact_on_average(network, optimizer, dev)
            history["dev"].append(round(exact, 4))
            said += f", dev {exact:.4f}"
        seconds = time.monotonic() - start
        # First: a checkpoint always has its curves. Those of a round without one are cut off.
        _keep_progress(folder, seconds, history)
        done.assign_add(1)
        manager.save()
        print(f"{said} ({seconds:.0f} s)", flush=True)
    optimizer.finalize_variable_values(network.trainable_variables)
    return TrainedLine(network, history, seconds)


def _steps(settings: LineHyperparameters) -> int:
    """Batches of all rounds; the first rounds have fewer former ones to take lines from."""
    rounds_of_lines = (min(number + 1, settings.reuse) for number in range(settings.rounds))
    return sum(math.ceil(settings.fresh * n / settings.batch_size) for n in rounds_of_lines)


def _hold_to(folder: Path, source: Source, settings: LineHyperparameters) -> None:
    """Tie a checkpoint's folder to what the fit is made of.

    Raises:
        TrainError: it holds a fit of other settings or data.
    """
    ours = json.loads(json.dumps(asdict(settings) | asdict(source), default=str))
    path = folder / SETTINGS
    try:
        theirs = json.loads(path.read_bytes())
    except FileNotFoundError:
        theirs = ours
    if theirs != ours:
        differ = ", ".join(sorted(name for name in ours if theirs.get(name) != ours[name]))
        raise TrainError(
            f"{folder} holds a fit with other settings or data ({differ}): delete it to start anew"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ours) + "\n", encoding="utf-8")


def _exact_on_average(network: keras.Model, optimizer: Any, dev: Sequence[Line]) -> float:
    """`exactly_read` with the averaged weights, which are what is kept in the end."""
    weights = network.get_weights()
    optimizer.finalize_variable_values(network.trainable_variables)
    exact = exactly_read(network, dev)
    network.set_weights(weights)
    return exact


def _progress(folder: Path, done: int, looks: int) -> tuple[float, dict[str, list[float]]]:
    """The seconds and the curves of the rounds that are done; empty where nobody kept them."""
    try:
        kept = json.loads((folder / PROGRESS).read_bytes())
    except FileNotFoundError:
        kept = {}
    seconds = float(kept.get("seconds", 0)) if done else 0.0
    counts = {"loss": done, "extent": done, "dev": looks}
    return seconds, {name: kept.get(name, [])[:count] for name, count in counts.items()}


def _keep_progress(folder: Path, seconds: float, history: dict[str, list[float]]) -> None:
    """Write the seconds and the curves, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    built = folder / f"{PROGRESS}.new"
    built.write_text(json.dumps({"seconds": round(seconds), **history}) + "\n", encoding="utf-8")
    built.replace(folder / PROGRESS)


def _step(network: keras.Model, optimizer: Any, settings: LineHyperparameters) -> Any:
    """One step of training, as a graph: the tensors of a batch to its CTC loss and the mean error
    of its extents, both sides added, in heights of the writing.
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
    """The mean CTC loss; sparse labels, for which TensorFlow has a kernel of its own."""
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
    """The mean, over lines, of -ln P(symbol) at the middles of the symbols, summed."""
    known = centres != NOTHING
    seen = tf.gather(logits, tf.where(known, centres, 0), batch_dims=1)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.where(known, targets, 0), seen)
    return tf.reduce_mean(tf.reduce_sum(tf.where(known, losses, 0.0), axis=1))


def _tensors(batch: Batch) -> tuple[Any, ...]:
    return batch.strips, batch.targets, batch.centres, batch.extents


def exactly_read(network: keras.Model, lines: Sequence[Line], size: int = 256) -> float:
    """Share of lines, at least one, whose best path is their text; batches have `size` lines."""
    right = 0
    rng = np.random.default_rng(0)
    for batch in batches(lines, size, rng):
        best = np.argmax(network(batch.strips, training=False)["logits"], axis=-1)
        for path, target in zip(best, batch.targets, strict=True):
            kept = path[np.append(True, path[1:] != path[:-1])]
            wanted = target[target != NOTHING]
            right += bool(np.array_equal(kept[kept != BLANK], wanted))
    return right / len(lines)
