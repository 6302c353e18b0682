"""Files of a training run: the network, its export, its card and its plots."""

import contextlib
import hashlib
import json
import platform
import re
import signal
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..errors import DataError, TrainError

PACKAGES = ("keras", "tensorflow", "ai-edge-litert", "numpy", "opencv-python-headless")
"""Packages with their versions in the card."""

NUMBER_LIST = re.compile(r"\[[\s\d.,e+-]*\]")


@contextlib.contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """Provide a temporary folder on the models' disk, so that files are moved atomically.

    Raises:
        TrainError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(dir=folder, prefix=".training-")
    except OSError as error:
        raise TrainError(f"{folder} cannot be written to: {error.strerror}") from error
    with temporary as name:
        yield Path(name)


def export(network: keras.Model, path: Path, examples: Sequence[NDArray[np.float32]] = ()) -> None:
    """Write the network as a LiteRT file by Keras's own exporter.

    Args:
        examples: inputs of the network, of training data. With them, the file computes in 8-bit
            integers, whose ranges the examples give. Without, it computes in float32.
    """
    integers = {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "representative_dataset": lambda: ([example] for example in examples),
        "target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
    }
    network.export(path, format="litert", verbose=False, **(integers if examples else {}))


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def described(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Return a card's entries of its files, by name: sizes in bytes, and SHA-256."""
    return {p.name: {"bytes": p.stat().st_size, "sha256": sha256(p)} for p in paths}


def hashes(paths: Iterable[Path]) -> dict[str, str]:
    """Return the hexadecimal SHA-256 of files, by the names of their folders and their own."""
    return {f"{path.parent.name}/{path.name}": sha256(path) for path in paths}


def environment() -> dict[str, str]:
    """Return the versions of Python and of `PACKAGES`, for a card."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def write_card(path: Path, card: Mapping[str, Any]) -> None:
    """Write a card as readable JSON: a list of numbers stays on one line."""
    text = json.dumps(card, indent=2)
    text = NUMBER_LIST.sub(lambda found: f"[{' '.join(found[0][1:-1].split())}]", text)
    path.write_text(text + "\n", encoding="utf-8")


def read_card(path: Path) -> dict[str, Any]:
    """Read a card, or the log of a run.

    Raises:
        DataError: the file cannot be read, or is not a JSON object.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} is not a card: {str(found)[:60]}")
    return found


def keep_run(
    network: Any,
    log: dict[str, Any],
    folder: Path,
    examples: Sequence[NDArray[np.float32]] = (),
) -> None:
    """Write a fitted Keras network, its LiteRT file and its log to a folder, by the log's name.

    Args:
        examples: see `export`.

    Raises:
        TrainError: the folder cannot be written to.
    """
    name = log["name"]
    with workplace(folder) as built:
        network.save(built / f"{name}.keras")
        export(network, built / f"{name}.tflite", examples)
        write_card(built / f"{name}.run.json", log)
        publish(built, folder)


def read_run(folder: Path, name: str) -> tuple[dict[str, Any], keras.Model]:
    """Read the log and the network of a run from its folder.

    Raises:
        DataError: one of them is missing or cannot be read.
    """
    log = read_card(folder / f"{name}.run.json")
    path = folder / f"{name}.keras"
    try:
        return log, keras.saving.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def publish(built: Path, folder: Path) -> None:
    """Move every file of a finished run over the shipped ones, the cards last.

    Each move is atomic, and signals wait until all are done. If the machine stops in between, the
    card does not match its files, and a server refuses them.
    """
    held = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        for path in sorted(built.iterdir(), key=lambda p: p.suffix == ".json"):
            path.replace(folder / path.name)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, held)


def today() -> str:
    """Return the date in UTC, in ISO 8601."""
    return datetime.now(UTC).date().isoformat()
