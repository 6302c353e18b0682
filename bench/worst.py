"""`python -m bench.worst`: a search for the requests that cost the site the most.

A child process makes the site and answers requests through Flask's test client, so every layer
counts. Each request has two measures: processor seconds of all the child's threads, and the rise of
its resident memory. For each kind of request and each measure, the costliest requests so far are
mutated and crossed. The results are recipes (`support/hostile.py`), from which `--replay`, or a
test, makes the same bytes again.

Linux only: the peak of the memory is read and reset under /proc.
"""

import argparse
import contextlib
import copy
import inspect
import io
import json
import multiprocessing
import os
import platform
import resource
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from support import hand, hostile
from support.hostile import (
    BATCH,
    EXPLAIN,
    HOSTILE,
    IMAGE,
    SHAPES,
    STROKES,
    UPLOAD,
    Recipe,
    Request,
    Stroke,
    drawing,
    moved,
    request_of,
)
from webapp.config import (
    MAX_BATCH_POINTS,
    MAX_BATCH_STROKES,
    MAX_COORDINATE,
    MAX_DRAWINGS,
    MAX_POINTS,
    MAX_STROKES,
    MIB,
    Settings,
)

KINDS = ("strokes", "batch", "pictures")
MEASURES = ("seconds", "memory")

PATIENCE = 60.0
"""Wall-clock time after which a request is abandoned and its child killed, in seconds."""

MEMORY_BYTES = 3072 * MIB
"""Address space of a child beyond its size at the start, in bytes: 196 bytes once took 6.4 GB."""

GROWTH_BYTES = 100 * MIB
"""Rise of resident memory above the start, in bytes, at which a child is replaced. Memory left by
one request would hide the memory that the next takes."""

POPULATION = 12
"""Candidates kept for mutation, for each kind and measure."""

RELATED = 3
"""Candidates kept from one seed, at most. Without this, one seed soon displaces all others."""

SHOWN = 10
"""Rows of a table."""

SMALL_BYTES = 64 * 1024
"""Bodies up to this size, in bytes, are written beside their recipe."""

PROGRESS_SECONDS = 60.0


# Measuring


@dataclass(frozen=True)
class Measured:
    """The cost of one request."""

    status: int | str
    """Status of the answer; `hung` if the child was killed, `died` if it ended by itself, or the
    name of an exception."""
    seconds: float
    """Processor time of all threads."""
    mib: float
    """Rise of the resident memory, in MiB."""
    size: int
    """Bytes of the body."""

    def score(self, measure: str) -> float:
        """Return the value that the search maximises."""
        return self.seconds if measure == "seconds" else self.mib


Handler = Callable[[str, BinaryIO, int, str], int]
"""Function from a path, a body, its length in bytes and its content type to a status."""


def site() -> Handler:
    """Return the handler of a site with default settings, warmed up."""
    from webapp import create_app
    from webapp.ops import allocator

    allocator.settle()
    app = create_app(Settings())
    for name in ("engine", "stroke_engine"):
        app.extensions[name].warm_up()
    client = app.test_client()

    def answer(path: str, body: BinaryIO, size: int, kind: str) -> int:
        response = client.post(path, input_stream=body, content_length=size, content_type=kind)
        with response:
            response.get_data()
            return response.status_code

    for path, data, kind in usual():  # a first request also pays for lazy setup
        answer(path, io.BytesIO(data), len(data), kind)
    return answer


def usual() -> Iterator[Request]:
    """Yield ordinary requests: digits on every route."""
    strokes = hand.number("407")
    for path in (STROKES, EXPLAIN):
        yield hostile.strokes_request(strokes, path)
    yield hostile.batch_request([drawing(strokes)] * 2)
    digits = {"shape": "digits", "side": 60, "gap": 0.5, "pen": 4, "points": 4}
    for path in (IMAGE, UPLOAD, EXPLAIN):
        for format_ in FILES:
            picture = {"width": 400, "height": 200, "layers": [digits]}
            yield request_of({"picture": picture, "file": {"format": format_}, "path": path})


class Lane:
    """Measures requests, one after the other, in a child process.

    Args:
        make: returns the handler; called in the child.
        patience: wall-clock time that a request may take, in seconds.
        memory: address space beyond the child's size at the start, in bytes.
        quiet: whether the child's output is dropped once it has started.
    """

    def __init__(
        self,
        make: Callable[[], Handler] = site,
        patience: float = PATIENCE,
        memory: int = MEMORY_BYTES,
        *,
        quiet: bool = True,
    ) -> None:
        self.patience = patience
        self._make, self._memory, self._quiet = make, memory, quiet
        self._child: multiprocessing.process.BaseProcess | None = None
        self._body = tempfile.NamedTemporaryFile(prefix="worst-")  # noqa: SIM115  until close()

    def measure(self, request: Request) -> Measured:
        """Send one request, up to the largest body, and return its cost."""
        path, body, kind = request
        if self._child is None:
            self._start()
        assert self._child
        self._body.seek(0)
        self._body.truncate()
        self._body.write(body)
        self._body.flush()
        start = time.monotonic()
        self._connection.send((path, self._body.name, len(body), kind))
        try:
            if not self._connection.poll(self.patience):
                taken = _memory_of(self._child.pid, "VmHWM") - self._resident
                self._end()
                return Measured("hung", self.patience, taken / MIB, len(body))
            status, seconds, risen, self._resident = self._connection.recv()
        except (EOFError, OSError):
            self._end()
            # The bound that it met is unknown, so it counts as the worst of both.
            return Measured("died", time.monotonic() - start, self._memory / MIB, len(body))
        broken = not isinstance(status, int) or status == 500
        if broken or self._resident > self._at_start + GROWTH_BYTES:
            self._end()
        return Measured(status, seconds, risen / MIB, len(body))

    def close(self) -> None:
        """End the child."""
        self._end()
        self._body.close()

    def __enter__(self) -> "Lane":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        # Spawned, because OpenCV's threads do not survive a fork, and the parent's memory would
        # count.
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        arguments = self._make, other, self._memory, self._quiet
        self._child = context.Process(target=_serve, args=arguments, daemon=True)
        self._child.start()
        other.close()
        self._resident = self._at_start = self._connection.recv()

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.join()
            self._connection.close()
            self._child = None


def _serve(make: Callable[[], Handler], connection: Connection, memory: int, quiet: bool) -> None:
    """Run the child: measure requests until the connection ends."""
    answer = make()
    if quiet:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    bound = _memory_of("self", "VmSize") + memory
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    connection.send(_memory_of("self", "VmRSS"))
    with contextlib.suppress(EOFError):
        while True:
            path, file, size, kind = connection.recv()
            # 5 resets the peak to the current resident size (man 5 proc_pid_clear_refs).
            Path("/proc/self/clear_refs").write_text("5")
            before = _memory_of("self", "VmRSS")
            start = time.process_time()
            status: int | str
            try:
                with Path(file).open("rb") as body:
                    status = answer(path, body, size, kind)
            except (Exception, MemoryError) as error:
                status = type(error).__name__
            seconds = time.process_time() - start
            risen = max(0, _memory_of("self", "VmHWM") - before)
            connection.send((status, seconds, risen, _memory_of("self", "VmRSS")))


def _memory_of(process: object, what: str) -> int:
    """Return a number of bytes from /proc/…/status."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    return 0


# Searching


@dataclass(frozen=True)
class Candidate:
    """A request to measure."""

    kind: str
    origin: str
    """The seed that it descends from."""
    recipe: Recipe

    def what(self) -> str:
        """Return a description of one line."""
        return f"{self.origin}: {_described(self.recipe)}"


@dataclass
class Search:
    """The worst candidates so far of each kind and measure, and the choice of the next.

    Args:
        rng: determines everything but the measurements.
        kinds: of `KINDS`.
        measures: of `MEASURES`.
    """

    rng: np.random.Generator
    kinds: Sequence[str] = KINDS
    measures: Sequence[str] = MEASURES
    worst: dict[tuple[str, str], list[tuple[Candidate, Measured]]] = field(default_factory=dict)
    """By kind and measure, the worst first."""
    broken: list[tuple[Candidate, Measured]] = field(default_factory=list)
    """Requests answered with 500, or not at all, the first `SHOWN` of them."""
    tried: int = 0

    def __post_init__(self) -> None:
        seeds = [seed for seed in seeds_of(self.rng) if seed.kind in self.kinds]
        self._seeds = [seeds[i] for i in self.rng.permutation(len(seeds))]
        self._seen: set[str] = set()
        self.worst = {(kind, measure): [] for kind in self.kinds for measure in self.measures}

    def next(self) -> Candidate:
        """Return the next candidate: first all seeds, in random order, then new mutations."""
        if self._seeds:
            return self._new(self._seeds.pop()) or self.next()
        for _ in range(100):
            keys = [key for key, found in self.worst.items() if found]
            kind, measure = keys[self.rng.integers(len(keys))]
            parent = self._parent(kind, measure)
            other = self._parent(kind, str(self.rng.choice(self.measures)))
            if kind == "batch" and "strokes" in self.kinds and self.rng.random() < 0.2:
                other = self._parent("strokes", measure)
            recipe = changed(self.rng, kind, parent.recipe, other.recipe)
            if new := self._new(Candidate(kind, parent.origin, recipe)):
                return new
        return Candidate(kind, parent.origin, recipe)

    def add(self, candidate: Candidate, measured: Measured) -> None:
        """Keep a candidate if it is among the worst."""
        self.tried += 1
        if measured.status in ("hung", "died") or measured.status == 500:
            self.broken = [*self.broken, (candidate, measured)][:SHOWN]
        for measure in self.measures:
            found = [*self.worst[candidate.kind, measure], (candidate, measured)]
            found.sort(key=lambda one: one[1].score(measure), reverse=True)
            origins: dict[str, int] = {}
            kept = []
            for one in found:
                origins[one[0].origin] = origins.get(one[0].origin, 0) + 1
                if origins[one[0].origin] <= RELATED:
                    kept.append(one)
            self.worst[candidate.kind, measure] = kept[:POPULATION]

    def _parent(self, kind: str, measure: str) -> Candidate:
        """Return one of the worst candidates. The worse, the likelier."""
        found = self.worst[kind, measure]
        return found[int(len(found) * self.rng.random() ** 2)][0]

    def _new(self, candidate: Candidate) -> Candidate | None:
        text = json.dumps(candidate.recipe, sort_keys=True)
        if text in self._seen:
            return None
        self._seen.add(text)
        return candidate


def changed(rng: np.random.Generator, kind: str, recipe: Recipe, other: Recipe) -> Recipe:
    """Return a recipe with one to three mutations, after a crossing in a quarter of cases."""
    crossed, times = rng.random() < CROSSED, rng.integers(1, 4)
    if kind == "pictures":
        new = _opened_picture(rng, recipe)
        if crossed:
            new = cross_pictures(rng, new, _opened_picture(rng, other))
        for _ in range(times):
            new = change_picture(rng, new)
        return new
    drawings, others = _opened_drawings(rng, recipe), _opened_drawings(rng, other)
    if kind == "batch":
        return change_batch(rng, drawings, others)
    fields, strokes = drawings[0]
    if crossed:
        strokes = cross_strokes(rng, strokes, others[0][1])
    for _ in range(times):
        strokes = fitted(change_strokes(rng, strokes))
    path = recipe.get("path", STROKES)
    if rng.random() < 0.2:
        path, fields = OPTIONS[rng.integers(len(OPTIONS))]
    return {"path": path, "json": drawing(strokes, **fields)}


CROSSED = 0.25
"""Share of candidates that have two parents."""


def seeds_of(rng: np.random.Generator) -> list[Candidate]:
    """Return the seeds of the search: known hostile requests, and suspected ones."""
    return [
        *(Candidate(_kind_of(name), name, {"named": name}) for name in HOSTILE),
        *_stroke_seeds(rng),
        *_picture_seeds(),
    ]


def _kind_of(name: str) -> str:
    return {"picture": "pictures", "batch": "batch"}.get(name.partition("-")[0], "strokes")


# Strokes

Drawing = tuple[dict[str, Any], list[Stroke]]
"""The fields beside the strokes, and the strokes."""

ALL: dict[str, Any] = {"alternatives": 10, "glyphs": True}

OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (STROKES, ALL),
    (STROKES, ALL | {"expect": "digit"}),
    (STROKES, {"alternatives": 0}),
    (EXPLAIN, {"alternatives": 10}),
    (EXPLAIN, {"expect": "digit"}),
)

EXTREMES = (0.0, 5e-324, 1e-310, 1e-300, 1e-12, 1e-6, 0.001, 0.1, 1.0, 1000.0, 999_999.0, 1e6)
"""Magnitudes of coordinates: zero, subnormal, tiny, usual, the largest."""


def shapes(rng: np.random.Generator) -> dict[str, list[Stroke]]:
    """Return drawings by name."""
    line = np.linspace(0, 1, 50)[:, np.newaxis]
    turns = np.linspace(0, 200 * np.pi, MAX_POINTS)
    ring = np.stack([np.cos(turns[:40] * 4), np.sin(turns[:40] * 4)], 1) * 15
    percent = [ring / 2, moved(ring / 2, 20, 30), np.array([(20.0, -8.0), (0.0, 38.0)])]
    zigzag = np.stack([np.arange(20_000) * 3.0, np.arange(20_000) % 2 * 80.0], 1)
    comb = np.array([(x * 8.0, y) for x in range(400) for y in (0.0, 60.0, 0.0)])
    found = {
        f"scribble {count}x{points}": hostile.scribble(rng, count, points)
        for count, points in ((20, 5), (20, 25), (119, 168), (500, 40), (1, 20_000), (2, 2))
    }
    # A gap of 1000 splits a line into parts that are read separately.
    for gap in (2, 15, 30, 45, 100, 1000):
        found[f"row with gaps of {gap}"] = hostile.row(rng, 120, 26, gap)
    return found | {
        "row of 500": hostile.row(rng, 500, 40),
        "grid 500x40": hostile.grid(rng, 500, 40),
        "grid 500x2": hostile.grid(rng, 500, 2),
        "dots": hostile.scribble(rng, 500, 1, 2800, 2800),
        "dots in one place": [np.array([(5.0, 5.0)])] * 500,
        "wide 8x2500": hostile.wide(8, 2500),
        "wide 500x40": hostile.wide(500, 40),
        "flat lines": [moved(line * (300, 0), 0, 20 * n) for n in range(40)],
        "flat lines side by side": [moved(line * (90, 0), 100 * n, 0) for n in range(40)],
        "upright lines": [moved(line * (0, 300), 20 * n, 0) for n in range(60)],
        "bars": [moved(line * (0, 60), 12 * (n % 50), 80 * (n // 50)) for n in range(500)],
        "one point": [np.zeros((1, 2))],
        "subnormal": [rng.choice([0, 5e-324, 1e-310, 1e-300], (9, 2)) for _ in range(5)],
        "subnormal and large": [rng.choice([0, 5e-324, 1e6, -1e6], (9, 2)) for _ in range(5)],
        "large and small": [rng.choice([1e-6, 1e6, -1e6, 1.0], (9, 2)) for _ in range(20)],
        "extremes": [rng.choice(EXTREMES, (5, 2)) for _ in range(30)],
        "comb": [comb],
        "spiral": [np.stack([np.cos(turns) * turns, np.sin(turns) * turns], 1)],
        "rings": [moved(ring, 34 * (n % 40), 40 * (n // 40)) for n in range(400)],
        "rings that touch": [moved(ring, 28 * n, 0) for n in range(120)],
        "per cent signs": [
            moved(s, 50 * (n % 20), 90 * (n // 20)) for n in range(160) for s in percent
        ],
        "zigzag": [zigzag],
        "zigzags": list(zigzag[:, ::-1].reshape(40, -1, 2)),
        "lines": [moved(ring, 0, 150 * n) for n in range(500)],
        "far apart": [moved(ring, 150 * n, 0) for n in range(500)],
        "digits in a row": [moved(_digit(3)[0] * 100, 60 * n, 0) for n in range(500)],
        "digits": [moved(s * 100, 90 * n, 0) for n in range(60) for s in _digit(n % 10)],
        "digits that touch": [moved(s * 100, 38 * n, 0) for n in range(60) for s in _digit(n % 10)],
    }


def _digit(digit: int) -> list[Stroke]:
    return hand.strokes(digit, 1)


def _stroke_seeds(rng: np.random.Generator) -> Iterator[Candidate]:
    for number, (name, strokes) in enumerate(shapes(rng).items()):
        for path, fields in (OPTIONS[0], OPTIONS[1 + number % (len(OPTIONS) - 1)]):
            made = drawing(fitted(strokes), **fields)
            yield Candidate("strokes", name, {"path": path, "json": made})
        yield Candidate("batch", name, _batch(_repeated((ALL, fitted(strokes)))))
        few = [stroke[:: len(stroke) // 25 + 1] for stroke in strokes[:20]]
        yield Candidate("batch", f"few of {name}", _batch(_repeated((ALL, few))))


def _opened_drawings(rng: np.random.Generator, recipe: Recipe) -> list[Drawing]:
    """Return the drawings of a recipe of strokes, or a scribble if it has none."""
    try:
        value = recipe["json"] if "json" in recipe else json.loads(request_of(recipe)[1])
        drawings = value.get("drawings", [value])
        return [
            (
                {name: one[name] for name in one if name in ("expect", *ALL)},
                fitted([np.column_stack([s["x"], s["y"]]).astype(float) for s in one["strokes"]]),
            )
            for one in drawings
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return [(ALL, hostile.scribble(rng, 20, 25))]


def fitted(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Return strokes cut to the limits of a drawing, with coordinates clipped to theirs."""
    left, kept = MAX_POINTS, []
    for stroke in strokes[:MAX_STROKES]:
        if len(stroke[:left]):
            finite = np.nan_to_num(stroke[:left])
            kept.append(finite.clip(-MAX_COORDINATE, MAX_COORDINATE))
            left -= len(kept[-1])
    return kept or [np.zeros((1, 2))]


def change_strokes(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Return strokes after one random change. The result may exceed the limits."""
    return STROKE_CHANGES[rng.integers(len(STROKE_CHANGES))](rng, strokes)


def cross_strokes(
    rng: np.random.Generator, strokes: list[Stroke], others: list[Stroke]
) -> list[Stroke]:
    """Return some strokes of both, the others unmoved or scaled to the box of the first."""
    if rng.random() < 0.5:
        (low, span), (other_low, other_span) = _box(strokes), _box(others)
        with np.errstate(all="ignore"):
            others = [(stroke - other_low) / other_span * span + low for stroke in others]
    return _some(rng, strokes) + _some(rng, others)


def _box(strokes: Sequence[Stroke]) -> tuple[Stroke, Stroke]:
    points = np.concatenate(strokes)
    return points.min(axis=0), np.ptp(points, axis=0)


def _some(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    share = rng.random()
    return [stroke for stroke in strokes if rng.random() < share] or strokes[:1]


def _scale(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Scale an axis, or both, by a power of ten."""
    factor = 10.0 ** rng.choice([-300, -6, -3, -1, -0.3, -0.1, 0.1, 0.3, 1, 3, 6])
    axes = np.ones(2)
    axes[[[0], [1], [0, 1]][rng.integers(3)]] = factor
    return [stroke * axes for stroke in strokes]


def _repeat(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Repeat all strokes, side by side or below."""
    _, span = _box(strokes)
    step = span * rng.choice([0, 0.5, 1, 1.1, 2]) * ((1, 0) if rng.random() < 0.7 else (0, 1))
    return [stroke + n * step for n in range(rng.integers(2, 6)) for stroke in strokes]


def _more(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Add random strokes in the same place."""
    low, span = _box(strokes)
    return strokes + [s + low for s in hostile.scribble(rng, 10, rng.integers(1, 60), *span)]


def _resample(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Resample every stroke to another number of points."""
    factor = 2.0 ** rng.uniform(-3, 3)
    return [
        stroke[np.linspace(0, len(stroke) - 1, max(1, int(len(stroke) * factor))).astype(int)]
        for stroke in strokes
    ]


def _jitter(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Move every point, a little or much."""
    reach = _box(strokes)[1] * 10.0 ** rng.uniform(-4, 0)
    return [stroke + rng.normal(0, 1, stroke.shape) * reach for stroke in strokes]


def _shift(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Move each stroke further from the one before."""
    step = _box(strokes)[1] / len(strokes) * rng.normal(0, 1, 2)
    return [stroke + number * step for number, stroke in enumerate(strokes)]


def _join(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Join several strokes at a time."""
    each = int(rng.integers(2, 6))
    return [np.concatenate(strokes[n : n + each]) for n in range(0, len(strokes), each)]


def _split(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Split each stroke into several."""
    each = int(rng.integers(2, 6))
    return [part for stroke in strokes for part in np.array_split(stroke, each) if len(part)]


def _to_extremes(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Set some values to the largest, the smallest, or a subnormal number."""
    share, value = rng.choice([0.001, 0.05, 0.5]), rng.choice(EXTREMES) * rng.choice([-1, 1])
    return [np.where(rng.random(stroke.shape) < share, value, stroke) for stroke in strokes]


def _reorder(rng: np.random.Generator, strokes: list[Stroke]) -> list[Stroke]:
    """Permute the strokes."""
    return [strokes[n] for n in rng.permutation(len(strokes))]


STROKE_CHANGES: tuple[Callable[[np.random.Generator, list[Stroke]], list[Stroke]], ...] = (
    *(_some, _scale, _repeat, _more, _resample, _jitter),
    *(_shift, _join, _split, _to_extremes, _reorder),
)


def change_batch(
    rng: np.random.Generator, drawings: list[Drawing], others: list[Drawing]
) -> Recipe:
    """Change one drawing and repeat it, or mix it with drawings of the batch."""
    fields, strokes = drawings[rng.integers(len(drawings))]
    if rng.random() < CROSSED:
        strokes = others[rng.integers(len(others))][1]
    if rng.random() < 0.3:  # fewer points, more drawings
        strokes = strokes[: rng.integers(1, 1 + MAX_BATCH_STROKES // 20)]
        strokes = [stroke[: rng.integers(1, 100)] for stroke in strokes]
    changed = fields, fitted(change_strokes(rng, strokes))
    if rng.random() < 0.2:
        changed = OPTIONS[rng.integers(3)][1], changed[1]
    if rng.random() < 0.5:
        return _batch(_repeated(changed))
    return _batch([changed, *(one for one in drawings if rng.random() < 0.8)])


def _repeated(one: Drawing) -> list[Drawing]:
    """Return as many copies as a batch may have, at least one."""
    strokes = one[1]
    most = min(MAX_BATCH_STROKES // len(strokes), MAX_BATCH_POINTS // sum(map(len, strokes)))
    return [one] * max(1, min(MAX_DRAWINGS, most))


def _batch(drawings: Iterable[Drawing]) -> Recipe:
    """Return a batch of as many of the drawings as fit."""
    kept, strokes, points = [], 0, 0
    for fields, own in drawings:
        strokes += len(own)
        points += sum(map(len, own))
        if strokes > MAX_BATCH_STROKES or points > MAX_BATCH_POINTS or len(kept) == MAX_DRAWINGS:
            break
        kept.append(drawing(own, **fields))
    return {"path": BATCH, "json": {"drawings": kept}}


# Pictures

MOST_PIXELS, MOST_SIDE = Settings().max_image_pixels, Settings().max_image_side

SIZES = (
    *((28, 28), (100, 100), (300, 300), (600, 600), (1024, 1024), (2000, 2000), (5000, 5000)),
    *((20_000, 1), (1, 20_000), (20_000, 28), (28, 20_000), (3, 8000), (20_000, 1250)),
    *((4000, 3000), (6000, 4000), (1000, 12), (2049, 2049)),
)
"""Widths and heights."""

RANGES: dict[str, tuple[float, float]] = {
    "share": (0.001, 1.0),
    "cell": (1, 64),
    "pitch": (1, 200),
    "pen": (1, 40),
    "side": (1, 200),
    "gap": (-0.5, 3.0),
    "points": (2, 40),
    "count": (1, 100),
    "angle": (-45.0, 45.0),
    "level": (0, 255),
    "tile": (4, 2000),
}
"""Ranges of the arguments of shapes, inclusive; whole numbers if the ends are."""

FILES: dict[str, dict[str, tuple[Any, ...]]] = {
    "png": {
        "colour": tuple(hostile.COLOURS),
        "depth": (1, 2, 4, 8, 16),
        "interlaced": (False, True),
        "level": (1, 6),
        "residual": (0, 0, 1, 2, 3, 4),
        "alpha": (0, 128, 255),
        "trns": (False, True),
    },
    "jpeg": {
        "quality": (10, 50, 90, 100),
        "components": (1, 3, 4),
        "progressive": (False, True),
        "sampling": tuple(hostile.SAMPLINGS),
        "restart": (0, 1, 64),
        "coder": ("usual", "separate", "arithmetic"),
        "scans": (0, 20, 88),
    },
    "webp": {"quality": (1, 80, 100), "lossless": (False, True), "alpha": (None, 0, 128, 255)},
}
"""Values of the fields of a recipe's `file`, by its format."""

DEPTHS = {"rgb": (8, 16), "grey+alpha": (8, 16), "rgba": (8, 16), "palette": (1, 2, 4, 8)}
"""Bits per sample, by PNG's colour type; grey may have any."""

ROUTES: tuple[tuple[str, dict[str, Any]], ...] = (
    (IMAGE, {"alternatives": 10, "glyphs": "true"}),
    (IMAGE, {"expect": "digit"}),
    (UPLOAD, {}),
    (EXPLAIN, {}),
    (EXPLAIN, {"expect": "digit"}),
)


def _picture_seeds() -> Iterator[Candidate]:
    """Yield each known shape at several sizes, and each kind of file at the largest size."""
    one_bit = {"format": "png", "depth": 1, "level": 1}
    layers: list[tuple[str, tuple[int, int], dict[str, Any]]] = []
    for width in (28, 60, 120, 300, 600, 1024, 2000, 5000):
        layers.append((f"noise {width}", (width, width), {"share": 0.5, "cell": 1}))
    for cell in (2, 3, 5, 8, 16, 32, 64):
        layers.append((f"noise of {cell}", (2000, 2000), {"share": 0.5, "cell": cell}))
    for share in (0.02, 0.1, 0.3):
        layers.append((f"noise {share:.0%}", (1024, 1024), {"share": share, "cell": 1}))
    for size in ((20_000, 1), (1, 20_000), (20_000, 28), (3, 8000), (20_000, 1250)):
        layers.append((f"noise {size[0]}x{size[1]}", size, {"share": 0.5, "cell": 1}))
    found = [(name, size, {"shape": "noise"} | layer) for name, size, layer in layers]
    for side in (1, 2, 4, 8, 14, 20, 40):
        dots = {"shape": "dots", "side": side, "pitch": 2 * side + 1}
        found.append((f"dots of {side}", (1400, 1400), dots))
    for gap in (-0.1, 0.0, 0.3):
        row = {"shape": "digits", "side": 40, "gap": gap, "pen": 4, "points": 5}
        found.append((f"digits at {gap}", (3000, 400), row))
        found.append((f"page of digits at {gap}", (2500, 2500), row))
    for name, layer in (
        ("comb", {"shape": "comb", "pitch": 6, "pen": 2}),
        ("upright stripes", {"shape": "stripes", "pitch": 8, "pen": 2, "upright": True}),
        ("flat stripes", {"shape": "stripes", "pitch": 8, "pen": 2, "upright": False}),
        ("checkers", {"shape": "checkers", "cell": 1}),
        ("large checkers", {"shape": "checkers", "cell": 12}),
        ("rings", {"shape": "rings", "tile": 60, "pitch": 10, "pen": 3}),
        ("one ring in the other", {"shape": "rings", "tile": 2000, "pitch": 12, "pen": 3}),
        ("ruled paper", {"shape": "ruled", "pitch": 40, "pen": 2}),
        ("sheet on a desk", {"shape": "desk", "angle": 12.0, "level": 200}),
        ("gradient", {"shape": "shade", "level": 255, "upright": False}),
        ("lines", {"shape": "lines", "count": 100, "points": 20, "pen": 3}),
        ("specks", {"shape": "specks", "count": 100}),
    ):
        found.append((name, (2000, 2000), layer))
    for number, (name, (width, height), layer) in enumerate(found):
        picture = {"width": width, "height": height, "layers": [layer | {"seed": number}]}
        path, fields = ROUTES[number % len(ROUTES)]
        recipe = {"picture": picture, "file": one_bit, "path": path, "fields": fields}
        yield Candidate("pictures", name, recipe)
    for number, file in enumerate(_files()):
        for size in ((5000, 5000), (20_000, 1250)):
            picture = {"width": size[0], "height": size[1], "layers": []}
            path, fields = ROUTES[number % len(ROUTES)]
            recipe = {"picture": picture, "file": file, "path": path, "fields": fields}
            yield Candidate("pictures", f"flat {file['format']}", recipe)
    grain = {"width": 3000, "height": 2000, "layers": [layer for *_, layer in found[-4:]]}
    for format_, number in (("jpeg", 3), ("webp", 1), ("png", 0)):
        path, fields = ROUTES[number]
        recipe = {"picture": grain | {"grain": 40}, "file": {"format": format_}}
        yield Candidate("pictures", f"photo {format_}", recipe | {"path": path, "fields": fields})


def _files() -> Iterator[dict[str, Any]]:
    """Yield the kinds of files that take the most memory, or time, to decode."""
    for colour in hostile.COLOURS:
        yield {"format": "png", "colour": colour, "depth": DEPTHS.get(colour, (16,))[-1]}
    yield {"format": "png", "colour": "rgba", "depth": 16, "interlaced": True, "orientation": 6}
    yield {"format": "png", "colour": "palette", "depth": 8, "trns": True, "orientation": 6}
    for components in (1, 3, 4):
        for coder in ("usual", "separate", "arithmetic"):
            yield {"format": "jpeg", "components": components, "coder": coder, "sampling": "444"}
    yield {"format": "jpeg", "progressive": True, "sampling": "444", "scans": 88, "orientation": 6}
    yield {"format": "jpeg", "progressive": True, "coder": "separate", "components": 4, "scans": 48}
    yield {"format": "jpeg", "progressive": True, "coder": "arithmetic", "scans": 90}
    yield {"format": "jpeg", "restart": 1}
    for alpha in (None, 128):
        for lossless in (False, True):
            yield {"format": "webp", "alpha": alpha, "lossless": lossless, "orientation": 6}


def _opened_picture(rng: np.random.Generator, recipe: Recipe) -> Recipe:
    """Return a copy of a recipe of a picture, or a random one for a recipe with only a name."""
    if "picture" in recipe:
        return copy.deepcopy(recipe)
    width, height = SIZES[rng.integers(len(SIZES))]
    path, fields = ROUTES[rng.integers(len(ROUTES))]
    picture = {"width": width, "height": height, "layers": [_random_layer(rng)]}
    file = _random_file(rng, str(rng.choice(list(FILES))))
    return {"picture": picture, "file": file, "path": path, "fields": fields}


def _random_layer(rng: np.random.Generator) -> dict[str, Any]:
    name = str(rng.choice(list(SHAPES)))
    arguments = list(inspect.signature(SHAPES[name]).parameters)[2:]
    layer: dict[str, Any] = {"shape": name, "seed": int(rng.integers(1000))}
    for argument in arguments:
        low, high = RANGES.get(argument, (0, 1))
        layer[argument] = _within(argument, low + (high - low) * rng.random() ** 2)
    return layer


def _within(argument: str, value: float) -> float | int | bool:
    """Return the valid value of an argument that is nearest to this one."""
    if argument not in RANGES:
        return bool(round(value))
    low, high = RANGES[argument]
    inside = min(max(value, low), high)
    return int(inside) if isinstance(low, int) else round(float(inside), 4)


def _random_file(rng: np.random.Generator, format_: str) -> dict[str, Any]:
    choices = FILES[format_]
    chosen = {name: values[rng.integers(len(values))] for name, values in choices.items()}
    return _valid_file({"format": format_} | chosen)


def _valid_file(file: dict[str, Any]) -> dict[str, Any]:
    """Return the file with a depth that its colour type allows."""
    if file["format"] == "png":
        depths = DEPTHS.get(file.get("colour", "grey"), (1, 2, 4, 8, 16))
        file["depth"] = min(depths, key=lambda depth: abs(depth - file.get("depth", 8)))
    return file


def cross_pictures(rng: np.random.Generator, one: Recipe, other: Recipe) -> Recipe:
    """Return a picture with layers of both, and the file and the size of one of them."""
    layers = [*one["picture"]["layers"], *other["picture"]["layers"]]
    one["picture"]["layers"] = [layer for layer in layers if rng.random() < 0.6][:4]
    if rng.random() < 0.5:
        one["file"] = other["file"]
    if rng.random() < 0.3:
        one["picture"] |= {name: other["picture"][name] for name in ("width", "height")}
    return one


PICTURE_CHANGES = ("size", "layer", "layer", "layer", "layers", "file", "format", "grain", "route")


def change_picture(rng: np.random.Generator, recipe: Recipe) -> Recipe:
    """Change a picture's size, layers, file or route once."""
    picture, file = recipe["picture"], recipe["file"]
    layers = picture["layers"]
    what = rng.choice(PICTURE_CHANGES)
    if what == "size":
        _change_size(rng, picture)
    elif what == "layer" and layers:
        layer = layers[rng.integers(len(layers))]
        name = str(rng.choice([name for name in layer if name != "shape"]))
        if name == "seed":
            layer["seed"] = int(rng.integers(1000))
        else:
            layer[name] = _within(name, layer[name] * 2 ** rng.normal(0, 1) + rng.integers(-1, 2))
    elif what in ("layer", "layers"):
        if len(layers) > 1 and rng.random() < 0.5:
            layers.pop(rng.integers(len(layers)))
        else:
            layers.append(_random_layer(rng))
    elif what == "file":
        options = FILES[file["format"]] | {"orientation": (1, 6), "kept": (1, 1, 0.9)}
        name = str(rng.choice(list(options)))
        recipe["file"] = _valid_file(file | {name: options[name][rng.integers(len(options[name]))]})
    elif what == "format":
        recipe["file"] = _random_file(rng, str(rng.choice(list(FILES))))
    elif what == "grain":
        picture["grain"] = int(rng.choice([0, 2, 10, 60, 255]))
        picture["dark"] = bool(rng.random() < 0.3)
    else:
        recipe["path"], recipe["fields"] = ROUTES[rng.integers(len(ROUTES))]
    return recipe


def _change_size(rng: np.random.Generator, picture: dict[str, Any]) -> None:
    """Set another valid size of a picture."""
    if rng.random() < 0.2:
        width, height = SIZES[rng.integers(len(SIZES))]
    else:
        factors = 2 ** (rng.normal(0, 0.7) + rng.choice([0, 1]) * rng.normal(0, 0.7, 2))
        width, height = (np.array([picture["width"], picture["height"]]) * factors).tolist()
        if rng.random() < 0.1:
            width, height = height, width
    width = int(min(max(width, 1), MOST_SIDE))
    picture["width"] = width
    picture["height"] = int(min(max(height, 1), MOST_SIDE, MOST_PIXELS // width))


# Output


def _described(recipe: Recipe) -> str:
    if "named" in recipe:
        return "support/hostile.py"
    if "json" in recipe:
        value = recipe["json"]
        drawings = value.get("drawings", [value])
        strokes = [stroke for one in drawings for stroke in one["strokes"]]
        x, y = ([v for stroke in strokes for v in stroke[axis]] for axis in "xy")
        said = f"{len(strokes)} strokes, {len(x)} points, {_span(x)} x {_span(y)}"
        options = {name: value for name, value in drawings[0].items() if name != "strokes"}
        many = f"{len(drawings)} drawings, " if "drawings" in value else ""
        return f"{many}{said}; {recipe['path']} {_options(options)}"
    picture = recipe["picture"]
    layers = [
        f"{layer['shape']}({_options({n: v for n, v in layer.items() if n != 'shape'})})"
        for layer in picture["layers"]
    ]
    extra = _options({n: picture[n] for n in ("grain", "dark") if picture.get(n)})
    size = f"{picture['width']}x{picture['height']}"
    said = " ".join([size, *layers, extra]).strip()
    file = recipe["file"]
    how = _options({name: value for name, value in file.items() if name != "format"})
    return f"{said}; {file['format']} {how}; {recipe['path']} {_options(recipe['fields'])}"


def _options(values: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())


def _span(values: list[float]) -> str:
    return f"{max(values) - min(values):.3g}" if values else "0"


def table(title: str, found: Sequence[tuple[Candidate, Measured]]) -> str:
    """Return the table of the worst candidates of one kind and measure."""
    head = f"{title}\n  seconds     MiB     bytes  status  what"
    rows = [
        f"  {m.seconds:7.2f} {m.mib:7.1f} {m.size:9d}  {m.status!s:>6}  {c.what()}"
        for c, m in found[:SHOWN]
    ]
    return "\n".join([head, *rows])


def entry(candidate: Candidate, measured: Measured) -> dict[str, Any]:
    """Return the JSON of a candidate, for `--replay` and for a test."""
    written: dict[str, Any] = {
        "kind": candidate.kind,
        "origin": candidate.origin,
        "what": candidate.what(),
        "status": measured.status,
        "seconds": round(measured.seconds, 3),
        "mib": round(measured.mib, 1),
        "bytes": measured.size,
        "recipe": candidate.recipe,
    }
    if candidate.kind == "pictures" and measured.size <= SMALL_BYTES:
        written["body"] = b64encode(request_of(candidate.recipe)[1]).decode()
    return written


def write(search: Search, out: Path) -> None:
    """Write a file of recipes for each kind and measure, and one of broken requests."""
    out.mkdir(parents=True, exist_ok=True)
    lists = {f"{kind}-{measure}": found[:SHOWN] for (kind, measure), found in search.worst.items()}
    for name, found in (lists | {"broken": search.broken}).items():
        lines = ",\n".join(json.dumps(entry(*one)) for one in found)
        (out / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def report(search: Search) -> str:
    """Return all tables."""
    tables = [table(f"{k}, by {m}", found) for (k, m), found in search.worst.items()]
    if search.broken:
        tables.append(table("answered with 500, or not at all", search.broken))
    return "\n\n".join(tables)


# The command


def run(
    search: Search,
    lanes: Sequence[Lane],
    *,
    seconds: float = float("inf"),
    count: float = float("inf"),
    on_progress: Callable[[float], None] = lambda elapsed: None,
) -> None:
    """Measure candidates until `seconds` have passed or `count` were tried."""
    lock = threading.Lock()
    start = time.monotonic()
    due = start + PROGRESS_SECONDS
    taken = 0
    failures: list[BaseException] = []

    def work(lane: Lane) -> None:
        nonlocal due, taken
        while not failures and time.monotonic() - start < seconds:
            with lock:
                if taken >= count:
                    return
                taken += 1
                candidate = search.next()
            measured = lane.measure(request_of(candidate.recipe))
            with lock:
                search.add(candidate, measured)
                if time.monotonic() >= due:
                    due += PROGRESS_SECONDS
                    on_progress(time.monotonic() - start)

    def guarded(lane: Lane) -> None:
        try:
            work(lane)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        seconds = 0  # ends after the current measurements
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def replay(path: Path, lane: Lane) -> None:
    """Measure the recipes of a file again."""
    print("seconds      was     MiB      was  status     was  what")
    for was in json.loads(path.read_text(encoding="utf-8")):
        now = lane.measure(request_of(was["recipe"]))
        print(
            f"{now.seconds:7.2f} {was['seconds']:8.2f} {now.mib:7.1f} {was['mib']:8.1f}  "
            f"{now.status!s:>6}  {was['status']!s:>6}  {was['what']}",
            flush=True,
        )


def main() -> None:
    """Search, and print the ten worst of each kind and measure; or replay."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="how long (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="random seed (default: 1)")
    parser.add_argument("--kind", choices=[*KINDS, "all"], default="all")
    parser.add_argument("--measure", choices=[*MEASURES, "all"], default="all")
    parser.add_argument("--lanes", type=int, default=1, help="children at once (default: 1)")
    parser.add_argument("--out", type=Path, help="folder for the recipes of what is found")
    parser.add_argument("--replay", type=Path, help="measure the recipes of a file again")
    asked = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, Python {platform.python_version()}, {platform.platform()}", flush=True)
    if asked.replay:
        with Lane(quiet=False) as lane:
            replay(asked.replay, lane)
        return
    kinds = KINDS if asked.kind == "all" else (asked.kind,)
    measures = MEASURES if asked.measure == "all" else (asked.measure,)
    search = Search(np.random.default_rng(asked.seed), kinds, measures)

    def on_progress(elapsed: float) -> None:
        worst = ", ".join(
            f"{kind} {found[0][1].seconds:.1f} s"
            if measure == "seconds"
            else f"{kind} {found[0][1].mib:.0f} MiB"
            for (kind, measure), found in search.worst.items()
            if found
        )
        print(f"{elapsed / 60:3.0f} min, {search.tried} tried: {worst}", flush=True)
        if asked.out:
            write(search, asked.out)

    with contextlib.ExitStack() as held:
        lanes = [held.enter_context(Lane()) for _ in range(asked.lanes)]
        run(search, lanes, seconds=60 * asked.minutes, on_progress=on_progress)
    print(report(search))
    if asked.out:
        write(search, asked.out)


if __name__ == "__main__":
    main()
