"""Metrics: counts for Prometheus over all workers (docs/deploy.md).

Counts are in memory that gunicorn's first process shares with its workers, one row per worker. Each
worker writes its own row, and any worker sums all rows. A new worker takes the first row without a
living worker and continues its counts, so counts never decrease and memory does not grow.
"""

import bisect
import mmap
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, product
from typing import ClassVar, get_args

import numpy as np
from flask import Flask, Response, abort, current_app, g, request
from numpy.typing import NDArray

from ..access.origins import is_operator
from ..config import Settings
from ..models import Kind, served_models
from ..recognition import Status

MOST_WORKERS = 64
"""Workers of a site, at most."""

ROWS = 4 * MOST_WORKERS
"""Rows of counts. A reload starts all new workers before the old ones end, and waits 25 s for
these. Three reloads in a row fit beside the serving workers."""

CELLS = 4096
"""Numbers per worker, of 8 bytes each. All rows have 8 MiB, and only used ones take memory."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the histograms' buckets, in seconds."""

STATUSES = (200, 204, 303, 304, 308, 400, 403, 404, 405, 408, 413, 415, 422, 429, 499, 500, 503)
"""Statuses of the site's answers. Others count as `other`."""

OTHER = "other"


class Memory:
    """Rows of numbers, shared by the processes forked after they were made."""

    def __init__(self) -> None:
        shared = mmap.mmap(-1, ROWS * CELLS * 8)
        self._cells = memoryview(shared).cast("d")  # a single number is faster here than in NumPy
        self._rows = np.frombuffer(shared, np.float64).reshape(ROWS, CELLS)
        # Reading a row that was never used would allocate its memory.
        self._used = np.frombuffer(mmap.mmap(-1, ROWS), np.bool_)
        self._living = np.frombuffer(mmap.mmap(-1, ROWS), np.bool_)
        self.take_row(0)

    def take_row(self, row: int) -> None:
        """Count in this row from now on."""
        self._start = row * CELLS
        self._used[row] = self._living[row] = True

    def leave_row(self, row: int) -> None:
        """Mark the row of a worker that has ended, perhaps in mid-request."""
        self._living[row] = False

    def add(self, cell: int, amount: float) -> None:
        """Add to a number. The caller holds the lock."""
        self._cells[self._start + cell] += amount

    def clear(self, cell: int) -> None:
        """Set a number of this process's row to 0."""
        self._cells[self._start + cell] = 0.0

    def totals(self, first: int, count: int, *, living: bool = False) -> NDArray[np.float64]:
        """Return sums over all rows, or over those of living workers: (count,) from `first` on."""
        rows = self._living if living else self._used
        sums: NDArray[np.float64] = self._rows[rows, first : first + count].sum(axis=0)
        return sums


def free_row(taken: Collection[int]) -> int:
    """Return the first row that is not taken, or the last row if all are.

    Two workers that share a row lose a count if both add to it at the same moment. When one starts,
    it resets the gauges of the other.
    """
    return next((row for row in range(ROWS) if row not in taken), ROWS - 1)


memory = Memory()
"""Made when this module is imported, which gunicorn_config.py does before it forks."""


class Registry:
    """The metric families of one site, each with a fixed set of labels."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.families: list[Family] = []
        self._taken = 0

    def cells(self, count: int) -> int:
        """Reserve cells, and return the first."""
        first = self._taken
        self._taken += count
        if self._taken > CELLS:
            raise ValueError(f"{self._taken} numbers to count, but there is room for {CELLS}")
        return first


class Family:
    """A metric family: one number for each combination of its labels' values."""

    TYPE: ClassVar[str] = "counter"
    WIDTH = 1
    """Cells for each combination."""
    LIVING: ClassVar[bool] = False
    """Whether a worker's numbers end with it."""

    def __init__(
        self, registry: Registry, name: str, text: str, labels: dict[str, Sequence[str]]
    ) -> None:
        self.name = name
        self.text = text
        self._lock = registry.lock
        self.labels = labels
        combinations = list(product(*labels.values()))
        first = registry.cells(self.WIDTH * len(combinations))
        self._first = first
        self.places = {c: first + self.WIDTH * i for i, c in enumerate(combinations)}
        registry.families.append(self)

    def add(self, *values: str, amount: float = 1.0) -> None:
        """Add to the number of these labels' values, in their order."""
        cell = self.places[values]
        with self._lock:
            memory.add(cell, amount)

    def totals(self) -> Iterator[tuple[Sequence[str], list[float]]]:
        """Yield the labels' values of each combination, and its cells' sums over all workers."""
        sums = memory.totals(self._first, self.WIDTH * len(self.places), living=self.LIVING)
        yield from zip(self.places, sums.reshape(-1, self.WIDTH).tolist(), strict=True)

    def samples(self) -> Iterator[str]:
        """Yield the samples. Numbers with labels are omitted while they are 0."""
        for values, (total,) in self.totals():
            if total or not self.labels:
                yield f"{self.name}{_labels(self.labels, values)} {total:g}"

    def lines(self) -> Iterator[str]:
        """Yield the whole family."""
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} {self.TYPE}"
        yield from self.samples()


class Gauge(Family):
    """A number that goes up and down. It is reset when a worker starts."""

    TYPE = "gauge"
    LIVING = True

    def start(self) -> None:
        """Reset the numbers that a killed worker left in this row."""
        for cell in self.places.values():
            memory.clear(cell)

    def samples(self) -> Iterator[str]:
        """Yield all samples, including 0."""
        for values, (total,) in self.totals():
            yield f"{self.name}{_labels(self.labels, values)} {total:g}"


class Histogram(Family):
    """Durations: a count for each bucket, and the sum."""

    TYPE = "histogram"
    WIDTH = len(SECONDS) + 2

    def observe(self, *values: str, seconds: float) -> None:
        """Count one duration."""
        cell = self.places[values]
        with self._lock:
            memory.add(cell + bisect.bisect_left(SECONDS, seconds), 1)
            memory.add(cell + self.WIDTH - 1, seconds)

    def samples(self) -> Iterator[str]:
        """Yield cumulative buckets, then sum and count."""
        bounds = [*(f"{bound:g}" for bound in SECONDS), "+Inf"]
        for values, (*buckets, seconds) in self.totals():
            count = sum(buckets)
            if not count:
                continue
            for bound, total in zip(bounds, accumulate(buckets), strict=True):
                labels = _labels({**self.labels, "le": ()}, (*values, bound))
                yield f"{self.name}_bucket{labels} {total:g}"
            labels = _labels(self.labels, values)
            yield f"{self.name}_sum{labels} {seconds:.6f}"
            yield f"{self.name}_count{labels} {count:g}"


class Metrics:
    """The metrics of a site."""

    def __init__(self, routes: Sequence[str]) -> None:
        self.registry = registry = Registry()
        statuses = [*map(str, STATUSES), OTHER]
        route = [*routes, OTHER]
        kinds = get_args(Kind)
        self.requests = Family(
            registry,
            "inkling_requests_total",
            "Requests answered.",
            {"route": route, "status": statuses},
        )
        self.request_seconds = Histogram(
            registry,
            "inkling_request_seconds",
            "Time from having a request's head to having its answer.",
            {"route": route},
        )
        self.readings = Family(
            registry,
            "inkling_readings_total",
            "Drawings and pictures read, by outcome.",
            {"kind": kinds, "status": get_args(Status)},
        )
        self.reading_seconds = Histogram(
            registry, "inkling_reading_seconds", "Time in the recogniser.", {"kind": kinds}
        )
        self.queued = Gauge(
            registry,
            "inkling_readings_queued",
            "Requests whose reading waits or runs.",
            {"kind": kinds},
        )
        self.started = Family(registry, "inkling_workers_started_total", "Workers started.", {})


def init_app(app: Flask) -> None:
    """Count requests, and add /metrics. Called after all routes are registered."""
    routes = sorted({rule.rule for rule in app.url_map.iter_rules()} | {"/metrics"})
    app.extensions["metrics"] = metrics = Metrics(routes)
    known = set(routes)
    numbers = {status: str(status) for status in STATUSES}
    for family in metrics.registry.families:
        if isinstance(family, Gauge):
            family.start()
    metrics.started.add()

    def count(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else OTHER
        rule = rule if rule in known else OTHER
        metrics.requests.add(rule, numbers.get(response.status_code, OTHER))
        metrics.request_seconds.observe(rule, seconds=time.perf_counter() - g.started)
        return response

    app.after_request(count)
    app.add_url_rule("/metrics", view_func=show)


def current_metrics() -> Metrics:
    """Return the metrics of this request's site."""
    metrics: Metrics = current_app.extensions["metrics"]
    return metrics


@contextmanager
def queued(kind: Kind) -> Iterator[None]:
    """Count a request as queued during the block."""
    gauge = current_metrics().queued
    gauge.add(kind)
    try:
        yield
    finally:
        gauge.add(kind, amount=-1)


@contextmanager
def timed(kind: Kind) -> Iterator[None]:
    """Measure the time of the block, a reading."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - start
        current_metrics().reading_seconds.observe(kind, seconds=seconds)


def count_reading(kind: Kind, status: Status) -> None:
    """Count a reading by its status."""
    current_metrics().readings.add(kind, status)


def show() -> Response:
    """Answer GET /metrics with all numbers. Clients other than the operator get 404."""
    settings: Settings = current_app.config["SETTINGS"]
    if not is_operator(settings):
        abort(404)
    lines = [line for f in current_metrics().registry.families for line in f.lines()]
    lines += _models()
    return Response("\n".join([*lines, ""]), content_type=CONTENT_TYPE)


def _models() -> list[str]:
    name = "inkling_model_info"
    lines = [f"# HELP {name} The served models.", f"# TYPE {name} gauge"]
    labels: dict[str, Sequence[str]] = {"kind": (), "name": (), "version": ()}
    for kind, model in served_models(current_app).items():
        values = (kind, model.name, model.version)
        lines.append(f"{name}{_labels(labels, values)} 1")
    return lines


def _labels(names: dict[str, Sequence[str]], values: Sequence[str]) -> str:
    pairs = ",".join(f'{n}="{_escaped(v)}"' for n, v in zip(names, values, strict=True))
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
