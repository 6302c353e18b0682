"""The fit of a network, in rounds of samples that are made in parallel, with checkpoints."""

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..errors import TrainError

LOOKS = 10
"""Number of measurements on dev data during a fit."""

PROGRESS = "progress.json"
"""File beside a checkpoint with the seconds and the curves so far."""

SETTINGS = "settings.json"
"""File beside a checkpoint with the settings and data of its fit."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Number of samples, and learning rate."""

    seed: int = 1
    rounds: int
    fresh: int
    """Samples made for each round."""
    reuse: int = 2
    """Rounds in which each sample is used."""
    batch_size: int
    peak_learning_rate: float = 2e-3
    """Adam's learning rate after the warm-up. A cosine then decays it to 0."""
    warmup_rounds: float = 1.0
    averaging: float = 0.999
    """Momentum of the weights' exponential moving average, which is the result of the fit."""
    clip: float = 5.0
    """Norm that gradients are clipped to."""

    @property
    def steps(self) -> int:
        """Number of batches in all rounds. The first rounds have fewer earlier samples to reuse."""
        rounds_of_samples = (min(number + 1, self.reuse) for number in range(self.rounds))
        return sum(math.ceil(self.fresh * n / self.batch_size) for n in rounds_of_samples)


@dataclass(frozen=True)
class Fitted:
    """A fitted network and its curves."""

    network: keras.Model
    history: dict[str, list[float]]
    """Mean of each loss, by round, and `dev`, the `LOOKS` measurements on dev data."""
    seconds: float
    """Duration, including the time before an interruption."""


@dataclass(frozen=True)
class Task:
    """Network, losses and data of a fit."""

    network: keras.Model
    step: Callable[[keras.Model, Any], Callable[..., Sequence[Any]]]
    """Takes a network and its optimiser and returns a training step, from a batch to `losses`."""
    losses: Sequence[str]
    rounds: Callable[[int], Iterator[list[Any]]]
    """Yields the samples of each round, starting with the given one."""
    batches: Callable[[list[Any], np.random.Generator], Iterable[Sequence[Any]]]
    """Yields all samples of a round once, in batches."""
    look: Callable[[keras.Model], float] | None = None
    """Measures the network on dev data."""


def fit(task: Task, schedule: Schedule, made_of: dict[str, Any], folder: Path) -> Fitted:
    """Fit a network, or resume an interrupted fit.

    Args:
        made_of: settings and data, which identify the fit.
        folder: keeps a checkpoint after every round.

    Raises:
        DataError, TrainError: see `Task.rounds`; or the folder holds another fit.
    """
    network = task.network
    _hold_to(folder, made_of)
    whole_round = math.ceil(schedule.fresh * schedule.reuse / schedule.batch_size)
    warmup = int(schedule.warmup_rounds * whole_round)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=schedule.peak_learning_rate,
        warmup_steps=warmup,
        decay_steps=max(1, schedule.steps - warmup),
    )
    optimizer = keras.optimizers.Adam(
        rate,
        global_clipnorm=schedule.clip,
        use_ema=True,
        ema_momentum=schedule.averaging,
        ema_overwrite_frequency=None,
    )
    optimizer.build(network.trainable_variables)
    done = tf.Variable(0, dtype=tf.int64)
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(network=network, optimizer=optimizer, done=done), str(folder), 1
    )
    manager.restore_or_initialize()
    step = task.step(network, optimizer)
    first = int(done.numpy())
    rounds_per_look = max(1, schedule.rounds // LOOKS)
    counts = {**dict.fromkeys(task.losses, first), "dev": first // rounds_per_look}
    seconds, history = _progress(folder, first, counts)
    start = time.monotonic() - seconds
    for number, samples in enumerate(task.rounds(first), first):
        rng = np.random.default_rng([schedule.seed, number, 1])
        found = [step(*batch) for batch in task.batches(samples, rng)]
        means = np.mean([[float(loss) for loss in losses] for losses in found], axis=0).tolist()
        for name, mean in zip(task.losses, means, strict=True):
            history[name].append(round(mean, 4))
        said = ", ".join(f"{name} {history[name][-1]:.4f}" for name in task.losses)
        if task.look is not None and (number + 1) % rounds_per_look == 0:
            history["dev"].append(round(_averaged(network, optimizer, task.look), 4))
            said += f", dev {history['dev'][-1]:.4f}"
        seconds = time.monotonic() - start
        # Before the checkpoint, so that it always has its curves. Values of later rounds are cut
        # off on resuming.
        _keep_progress(folder, seconds, history)
        done.assign_add(1)
        manager.save()
        print(f"round {number + 1}/{schedule.rounds}: {said} ({seconds:.0f} s)", flush=True)
    optimizer.finalize_variable_values(network.trainable_variables)
    return Fitted(network, history, seconds)


def _hold_to(folder: Path, made_of: dict[str, Any]) -> None:
    """Bind a checkpoint's folder to the settings and data of a fit.

    Raises:
        TrainError: the folder holds a fit with other settings or data.
    """
    ours = json.loads(json.dumps(made_of, default=str))
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


def _averaged(network: keras.Model, optimizer: Any, look: Callable[[keras.Model], float]) -> float:
    """Measure with the averaged weights, as the fitted network has them."""
    weights = network.get_weights()
    optimizer.finalize_variable_values(network.trainable_variables)
    found = look(network)
    network.set_weights(weights)
    return found


def _progress(
    folder: Path, done: int, counts: dict[str, int]
) -> tuple[float, dict[str, list[float]]]:
    """Return the seconds and the curves of the finished rounds. Empty if there are none."""
    try:
        kept = json.loads((folder / PROGRESS).read_bytes())
    except FileNotFoundError:
        kept = {}
    seconds = float(kept.get("seconds", 0)) if done else 0.0
    return seconds, {name: kept.get(name, [])[:count] for name, count in counts.items()}


def _keep_progress(folder: Path, seconds: float, history: dict[str, list[float]]) -> None:
    """Write the seconds and the curves atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    built = folder / f"{PROGRESS}.new"
    built.write_text(json.dumps({"seconds": round(seconds), **history}) + "\n", encoding="utf-8")
    built.replace(folder / PROGRESS)
