"""Runs the readers side by side, each in a process of its own."""

import multiprocessing
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from .readers import CNN, OWN_TITLE, Reader, Reads
from .samples import Answer, Sample

CHUNK = 25
"""Samples that one reader reads before the next takes its turn, so that other load on the machine
affects all of them."""

MIB = 1024 * 1024

Timed = list[tuple[Answer, float]]
"""Answers, and the seconds that each took."""

_reads: Reads
"""The reader of this process."""


class Side:
    """A reader in its own process, on one core."""

    def __init__(self, reader: Reader, trained: Path) -> None:
        self.reader = reader
        # Spawned, so that it has no memory of this process.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, context, _start, (reader.title, trained))

    def read(self, samples: Sequence[Sample]) -> Timed:
        """Read samples one by one."""
        return self._pool.submit(_read_all, samples).result()

    def peak_mib(self) -> float:
        """Return the most memory that the process has had."""
        return self._pool.submit(_peak_mib).result()

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown()


def _start(title: str, trained: Path) -> None:
    from .readers import READERS

    global _reads
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    [reader] = [reader for reader in READERS if reader.title == title]
    _reads = reader.make(trained)


def _read_all(samples: Sequence[Sample]) -> Timed:
    found = []
    for sample in samples:
        start = time.perf_counter()
        answer = _reads(sample)
        found.append((answer, time.perf_counter() - start))
    return found


def _peak_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ValueError("/proc/self/status has no VmHWM")


def read_beside(sides: Sequence[Side], samples: Sequence[Sample]) -> dict[str, Timed]:
    """Read a set with each reader, in turns of `CHUNK` samples."""
    found: dict[str, Timed] = {side.reader.title: [] for side in sides}
    for start in range(0, len(samples), CHUNK):
        for side in sides:
            found[side.reader.title] += side.read(samples[start : start + CHUNK])
    return found


def sizes(reader: Reader, files: Iterable[Path]) -> dict[str, float]:
    """Return the size on disk of a reader's packages and of files that are its models, in MiB."""
    packages = sum(_bytes_of(name) for name in _with_requirements(reader.packages))
    own = sum(path.stat().st_size for path in files)
    return {"packages_mib": round(packages / MIB, 1), "models_mib": round(own / MIB, 1)}


def models_of(reader: Reader, trained: Path, models: Path) -> list[Path]:
    """Return the model files that no package brings."""
    if reader.title.startswith(OWN_TITLE):
        return [*models.glob("*.tflite")]
    return [trained / CNN] if reader.kinds == ("digit",) else []


def _with_requirements(names: Iterable[str]) -> set[str]:
    from packaging.requirements import Requirement

    found: set[str] = set()
    rest = [*names]
    while rest:
        name = rest.pop()
        if name in found:
            continue
        found.add(name)
        for line in distribution(name).requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                rest.append(requirement.name)
    return found


def _bytes_of(name: str) -> int:
    paths = [Path(str(file.locate())) for file in distribution(name).files or []]
    return sum(path.stat().st_size for path in paths if path.exists())


def figures_of(samples: Sequence[Sample], read: dict[str, Timed]) -> dict[str, Any]:
    """Count what each reader did with a set."""
    from train.measure.numbers import edit_distance

    rows: dict[str, Any] = {}
    for title, timed in read.items():
        answers = [answer for answer, _ in timed]
        # A number is an answer with a digit. Where nothing is one, any number is wrong.
        taken = [answer.text if any(map(str.isdigit, answer.text)) else "" for answer in answers]
        right = [text == (s.label or "") for text, s in zip(taken, samples, strict=True)]
        wrong = [
            answer.sure and bool(text) and not fits
            for answer, text, fits in zip(answers, taken, right, strict=True)
        ]
        rows[title] = {
            "exact": sum(right),
            "sure": sum(a.sure and bool(t) for a, t in zip(answers, taken, strict=True)),
            "wrong_though_sure": sum(wrong),
            "errors": sum(
                edit_distance(s.label, text)
                for text, s in zip(taken, samples, strict=True)
                if s.label is not None
            ),
            "median_ms": round(1000 * statistics.median(took for _, took in timed), 2),
            "right": "".join("01"[fits] for fits in right),
        }
    return rows
