"""`python -m bench.programs`: what batches, the command, processes, a cluster and patterns cost.

All are ratios of alternating runs. It writes the table in docs/scale.md.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.load import closed, request
from bench.report import machine
from support import hand
from support.cluster import ENVIRONMENT, two_workers
from support.server import started
from train.line.report import between
from webapp.config import ROOT
from webapp.files import quiet_reader
from webapp.forms import Pattern, Wanted

DOCUMENT = ROOT / "docs" / "scale.md"
BEGIN = "<!-- what follows is written by `python -m bench.programs` -->"
END = "<!-- until here -->"

INKLING = [sys.executable, "-m", "webapp", "read", "--quiet"]

RUNS = 3
"""Runs of each side. The ratio is that of their medians."""

BATCHES, IN_BATCH = 40, 20
"""Batches, and drawings of a batch."""

MILLION = 1_000_000


def alternating(sides: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Return the median of each side's seconds, measured in turns."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(RUNS):
        for name, measure in sides.items():
            found[name].append(measure())
    return {name: statistics.median(values) for name, values in found.items()}


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def batches() -> dict[str, float]:
    """Compare batches of drawings with as many single requests, over one connection."""
    drawings = [{"strokes": hand.columns(n % 10), "expect": "digit"} for n in range(IN_BATCH)]
    batch = json.dumps({"drawings": drawings}).encode()
    single = [request("/api/v1/predict/strokes", json.dumps(each).encode()) for each in drawings]
    whole = [request("/api/v1/predict/batch", batch)]
    with started("wsgi:app", WEB_CONCURRENCY="1") as (url, _):
        port = int(url.rpartition(":")[2])

        def send(requests: list[Any], count: int) -> float:
            began = time.perf_counter()
            statuses = {sample.status for sample in closed(port, requests, 1, count=count)}
            assert statuses == {200}, statuses
            return time.perf_counter() - began

        return alternating(
            {
                "single": lambda: send(single, BATCHES * IN_BATCH),
                "batch": lambda: send(whole, BATCHES),
            }
        )


def glyphs(folder: Path, count: int) -> None:
    """Write pictures of digits, 28 by 28 pixels, into a folder."""
    folder.mkdir()
    for number in range(count):
        glyph = cv2.resize(hand.picture(number % 10), (28, 28), interpolation=cv2.INTER_AREA)
        (folder / f"{number:05d}.png").write_bytes(hand.png(glyph))


def command(folder: Path) -> dict[str, float]:
    """Compare the command on a folder with a loop over the recogniser in one process."""
    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    reader = quiet_reader()

    def loop() -> float:
        return timed(lambda: [reader.read_image(data) for data in files])

    def run() -> float:
        return timed(lambda: _run([*INKLING, "--jsonl", str(folder)]))

    return alternating({"loop": loop, "command": run})


def processes(folder: Path, out: Path) -> dict[str, float]:
    """Compare one process, two, and a Ray cluster of two workers."""
    runs = iter(range(1000))

    def run(*options: str) -> float:
        to = ["--manifest", str(folder), "--out", str(out / str(next(runs))), "--part-size", "50"]
        return timed(lambda: _run([*INKLING, *to, *options]))

    with two_workers() as (address, _):
        return alternating(
            {
                "one": lambda: run("--jobs", "1"),
                "two": lambda: run("--jobs", "2"),
                "ray": lambda: run("--cluster", address, "--jobs", "2"),
            }
        )


def patterns() -> dict[str, float]:
    """Compare readings of four digits with and without a pattern, by processor time."""
    reader = quiet_reader()
    rng = np.random.default_rng(0)
    numbers = ["".join(map(str, rng.integers(0, 10, 4))) for _ in range(100)]
    drawn = [hand.number(number, gap=0.2) for number in numbers]
    wanted = Wanted(Pattern("0{4}"))

    def read(bounds: Wanted | None) -> float:
        began = time.process_time()
        for strokes in drawn:
            reader.read_strokes(strokes, wanted=bounds)
        return time.process_time() - began

    return alternating({"free": lambda: read(None), "pattern": lambda: read(wanted)})


def _run(command: list[str]) -> None:
    subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, env=ENVIRONMENT, timeout=3600
    )


def is_met(target: str, found: str) -> bool:
    """Return whether a figure is within its target, both as the table shows them: `≥ 80 %`."""
    sign, bound, _ = target.split()
    value = float(found.split()[0])
    return value >= float(bound) if sign == "≥" else value <= float(bound)


def table(figures: dict[str, dict[str, float]], pictures: int) -> str:
    """Format the figures as Markdown."""
    batch, told, procs, pattern = (
        figures[name] for name in ("batches", "command", "processes", "patterns")
    )
    rows = [
        (
            f"{IN_BATCH} drawings in a batch against single requests, one connection",
            "≥ 2 ×",
            f"{batch['single'] / batch['batch']:.1f} ×",
        ),
        (
            "the command on 1,000 pictures of 28 by 28 pixels, its start included, against the "
            "recogniser in a loop",
            "≥ 80 %",
            f"{told['loop'] / told['command']:.0%}".replace("%", " %"),
        ),
        (
            f"two processes against one, {pictures:,} such pictures",
            "≥ 1.7 ×",
            f"{procs['one'] / procs['two']:.2f} ×",
        ),
        (
            "a local Ray cluster of two workers against two processes, time",
            "≤ 1.15 ×",
            f"{procs['ray'] / procs['two']:.2f} ×",
        ),
        (
            "a pattern `0{4}`, processor time of numbers of four digits",
            "≤ 1.10 ×",
            f"{pattern['pattern'] / pattern['free']:.2f} ×",
        ),
    ]
    lines = ["| what | target | found | met |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {what} | {target} | {found} | {'yes' if is_met(target, found) else '**no**'} |"
        for what, target, found in rows
    ]
    hours = procs["two"] / pictures * MILLION / 3600
    return "\n".join(
        [
            *lines,
            "",
            f"A million such pictures take {hours:.1f} hours on this machine's two cores, at "
            f"{1000 * 2 * procs['two'] / pictures:.1f} ms of a core each. Photos take longer: add "
            "the time to decode them ([performance](performance.md)).",
        ]
    )


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.programs", description=__doc__)
    parser.add_argument("--pictures", type=int, default=2000, help="of processes and cluster")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        glyphs(folder / "1000", 1000)
        glyphs(folder / "many", options.pictures)
        figures: dict[str, dict[str, float]] = {}
        for name, measure in (
            ("batches", batches),
            ("command", lambda: command(folder / "1000")),
            ("processes", lambda: processes(folder / "many", folder / "out")),
            ("patterns", patterns),
        ):
            figures[name] = measure()
            print(name, {side: round(value, 3) for side, value in figures[name].items()})
    where = machine()
    said = f"`python -m bench.programs`, {where['date']}, at commit `{where['commit']}`:"
    between(DOCUMENT, BEGIN, END, f"\n{said}\n\n{table(figures, options.pictures)}\n")


if __name__ == "__main__":
    main()
