"""`make bench`: measures the claims about speed and memory in one run.

It prints every figure and writes docs/performance.md, docs/performance.json and the charts. Ratios
alternate their two sides in one run, so other load on the machine affects both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench import report
from bench.load import Sample, closed, open_loop, quantile, request, seconds_of
from support import hand
from support.server import started, started_by
from webapp.config import ROOT

STROKES = "/api/v1/predict/strokes"
IMAGE = "/api/v1/predict/image"

CLIENTS = 4
"""Connections that keep one worker busy without filling its queue."""

MIB = 1024 * 1024

Figures = dict[str, Any]


def drawing(digit: int = 8, **options: str) -> bytes:
    """Return a request's body: a digit as a pen draws it, with some sixty points."""
    strokes = [
        {"x": [round(x, 2) for x in s["x"]], "y": [round(y, 2) for y in s["y"]]}
        for s in hand.columns(digit)
    ]
    return json.dumps({"strokes": strokes, "width": 280, "height": 280} | options).encode()


def photo() -> bytes:
    """Return a photo of a digit: 12 megapixels of paper with some noise."""
    rng = np.random.default_rng(1)
    paper = rng.normal(200, 6, (3000, 4000)).clip(0, 255).astype(np.uint8)
    digit = cv2.resize(hand.picture(3), (900, 900))
    place = paper[1000:1900, 1500:2400]
    np.minimum(place, digit, out=place, where=digit < 128)
    return cv2.imencode(".jpg", paper, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def port_of(url: str) -> int:
    """Return the port of a server."""
    return int(url.rpartition(":")[2])


def rate(samples: list[Sample], seconds: float) -> float:
    """Return the accepted requests per second."""
    return sum(sample.status == 200 for sample in samples) / seconds


# ---- throughput ----


def throughput(rounds: int, seconds: float) -> Figures:
    """Measure requests per second of one worker: the site, a bare Flask route, `model.predict`."""
    body = drawing()
    ours, bare = request(STROKES, body), request("/bare/echo", body)
    hinted = request(STROKES, drawing(expect="digit"))
    requests = {"ours": ours, "hinted": hinted, "bare": bare, "common": ours}
    found: dict[str, list[float]] = {name: [] for name in requests}
    common = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    with (
        started("bench.baseline:app", WEB_CONCURRENCY="1") as (url, _),
        started_by([*common, "bench.common_way:app"], WEB_CONCURRENCY="1") as (common_url, _),
    ):
        ports = dict.fromkeys(requests, port_of(url)) | {"common": port_of(common_url)}
        for name, port in ports.items():
            closed(port, [requests[name]], CLIENTS, count=20 if name == "common" else 300)
        for _ in range(rounds):
            for name, port in ports.items():
                samples = closed(port, [requests[name]], CLIENTS, seconds=seconds)
                found[name].append(rate(samples, seconds))
    medians = {name: statistics.median(values) for name, values in found.items()}
    runs = list(zip(*found.values(), strict=True))
    of_bare = [ours / bare for ours, _, bare, _ in runs]
    of_common = [ours / common for ours, _, _, common in runs]
    return {
        "requests_per_second": {name: round(value, 1) for name, value in medians.items()},
        "of_bare": round(statistics.median(of_bare), 3),
        "of_bare_runs": [round(ratio, 3) for ratio in of_bare],
        "hinted_of_bare": round(statistics.median(h / b for _, h, b, _ in runs), 3),
        "of_common": round(statistics.median(of_common), 1),
        "of_common_runs": [round(ratio, 1) for ratio in of_common],
    }


# ---- latency ----


def latency(seconds: float) -> Figures:
    """Measure the latency of random arrivals at half of one worker's capacity."""
    data = request(STROKES, drawing())
    with started("wsgi:app", WEB_CONCURRENCY="1") as (url, _):
        port = port_of(url)
        closed(port, [data], CLIENTS, count=300)
        most = rate(closed(port, [data], CLIENTS, seconds=seconds / 2), seconds / 2)
        samples = open_loop(port, data, most / 2, seconds, np.random.default_rng(1))
    accepted = seconds_of(samples, 200)
    p50, p99 = quantile(accepted, 0.5), quantile(accepted, 0.99)
    return {
        "saturation_per_second": round(most, 1),
        "sent_per_second": round(most / 2, 1),
        "refused": len(samples) - len(accepted),
        "p50_ms": round(1000 * p50, 2),
        "p99_ms": round(1000 * p99, 2),
        "p99_over_p50": round(p99 / p50, 2),
        "quantiles_ms": _quantiles(accepted),
    }


def crowd(seconds: float) -> Figures:
    """Compare 64 connections with 4, on two workers. Clients send again at once, refused or not."""
    data = request(STROKES, drawing())
    found = {}
    with started("wsgi:app", WEB_CONCURRENCY="2") as (url, _):
        port = port_of(url)
        closed(port, [data], CLIENTS, count=600)
        for connections in (4, 64):
            found[connections] = closed(port, [data], connections, seconds=seconds)
    few, many = (seconds_of(found[n], 200) for n in (4, 64))
    refused = seconds_of(found[64], 503)
    assert len(few) + len(many) + len(refused) == sum(
        sample.status in (200, 503) for samples in found.values() for sample in samples
    ) - len(seconds_of(found[4], 503))
    return {
        "accepted": {"4": len(few), "64": len(many)},
        "refused": {"4": len(seconds_of(found[4], 503)), "64": len(refused)},
        "p99_ms": {n: round(1000 * quantile(v, 0.99), 2) for n, v in (("4", few), ("64", many))},
        "p99_of_64_over_4": round(quantile(many, 0.99) / quantile(few, 0.99), 2),
        "accepted_median_ms": round(1000 * quantile(many, 0.5), 2),
        "refused_median_ms": round(1000 * quantile(refused, 0.5), 2) if refused else None,
        "quantiles_ms": {"4": _quantiles(few), "64": _quantiles(many)},
    }


def _quantiles(values: list[float]) -> dict[str, float]:
    """Return quantiles in milliseconds, for the chart."""
    shares = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999)
    return {str(share): round(1000 * quantile(values, share), 3) for share in shares}


# ---- memory ----


def memory(count: int) -> Figures:
    """Measure the resident memory of two workers over `count` mixed requests, photos included."""
    large = request(IMAGE, photo(), "image/jpeg")
    small = request(IMAGE, hand.png(hand.picture(5)), "image/png")
    pages = [request(path) for path in ("/", "/model", "/api/v1/model", "/healthz", "/api/docs")]
    invalid = request(STROKES, b'{"strokes": [{"x": [1], "y": []}]}')
    drawings = [request(STROKES, drawing(digit)) for digit in range(10)]
    # Of a hundred requests: a photo, ten small pictures, five pages, four invalid ones, drawings.
    mixed = [large, *[small] * 10, *pages, *[invalid] * 4, *drawings * 8]
    mixed = [mixed[i] for i in np.random.default_rng(1).permutation(len(mixed))]
    found: dict[int, float] = {}
    statuses: dict[int, int] = {}
    with started("wsgi:app", WEB_CONCURRENCY="2") as (url, master):
        while len(pids := _children(master.pid)) < 2:
            time.sleep(0.05)
        done = 0
        for until in (0, count // 20, count // 4, count // 2, 3 * count // 4, count):
            for sample in closed(port_of(url), mixed, CLIENTS, count=until - done):
                statuses[sample.status] = statuses.get(sample.status, 0) + 1
            done = until
            assert _children(master.pid) == pids, "a worker was replaced while it was measured"
            found[until] = sum(_resident_mib(pid) for pid in pids)
        shared = _proportional_mib([master.pid, *pids])
    after, quarter = found[count], found[count // 4]
    return {
        "requests": count,
        "photos": statuses.get(200, 0) and sum(m is large for m in mixed) * count // len(mixed),
        "statuses": {str(status): number for status, number in sorted(statuses.items())},
        "two_workers_mib": {str(n): round(mib, 1) for n, mib in found.items()},
        "after_mib": round(after, 1),
        "growth_from_a_quarter": round(after / quarter - 1, 4),
        "all_processes_proportional_mib": round(shared, 1),
    }


def _children(pid: int) -> list[int]:
    return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resident_mib(pid: int) -> float:
    return _status(Path(f"/proc/{pid}/status"), "VmRSS:") / 1024


def _proportional_mib(pids: list[int]) -> float:
    """Return the memory of processes, with shared pages counted once (PSS)."""
    return sum(_status(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") for pid in pids) / 1024


def _status(path: Path, name: str) -> float:
    for line in path.read_text().splitlines():
        if line.startswith(name):
            return float(line.split()[1])
    raise ValueError(f"{path} has no {name}")


# ---- start ----


def start(runs: int) -> Figures:
    """Measure the time from calling gunicorn until it is ready, the site's and the common way's."""
    found: dict[str, list[float]] = {"ours": [], "common": []}
    for _ in range(runs):
        for name, target in (("ours", "wsgi:app"), ("common", "bench.common_way:app")):
            found[name].append(_start_seconds(target))
    ours, common = (statistics.median(values) for values in found.values())
    return {
        "seconds": {name: [round(v, 2) for v in values] for name, values in found.items()},
        "ours_seconds": round(ours, 2),
        "common_seconds": round(common, 2),
        "times_faster": round(common / ours, 2),
    }


def _start_seconds(target: str) -> float:
    begin = time.monotonic()
    with started(target, WEB_CONCURRENCY="1"):
        return time.monotonic() - begin


# ---- size ----


def size() -> Figures:
    """Measure a serving environment on disk, and the compressed part that a platform would keep."""
    python = ROOT / ".venv" / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(
        subprocess.run(
            [python, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    ours = [ROOT / name for name in tracked if name and (ROOT / name).is_file()]
    with _slug([packages, *ours]) as archive:
        compressed = archive.stat().st_size
    return {
        "environment_mib": round(_disk(ROOT / ".venv") / MIB, 1),
        "packages_mib": {
            path.name: round(_disk(path) / MIB, 1)
            for path in sorted(packages.iterdir(), key=_disk, reverse=True)[:6]
        },
        "repository_mib": round(sum(path.stat().st_size for path in ours) / MIB, 1),
        "compressed_mib": round(compressed / MIB, 1),
        "interpreter_compressed_mib": round(_interpreter(python) / MIB, 1),
    }


def _disk(path: Path) -> int:
    """Return the bytes of a file, or of all files beneath a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file() and not p.is_symlink())


def _interpreter(python: Path) -> int:
    """Return the compressed size of an interpreter with its library; a platform adds these."""
    code = "import sys, sysconfig; print(sysconfig.get_path('stdlib'), sys._base_executable)"
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    library, program = map(Path, run.stdout.split())
    left_out = {"site-packages", "test", "tests", "__pycache__", "idlelib", "ensurepip"}
    files = [
        path
        for path in library.rglob("*")
        if path.is_file()
        and not left_out & set(path.relative_to(library).parts)
        and path.suffix not in (".a", ".o")
    ]
    with _slug([*files, program.resolve()]) as archive:
        return archive.stat().st_size


@contextmanager
def _slug(paths: list[Path]) -> Iterator[Path]:
    """Yield one gzipped tar file of the paths, the form in which a platform keeps an app."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "slug.tgz"
        with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
            for path in paths:
                tar.add(path, path.name)
        yield archive


# ---- all measurements ----


def main() -> None:
    """Run all measurements, or the named ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of everything, nothing written"
    )
    parser.add_argument("only", nargs="*", help="some of: " + ", ".join(MEASURES))
    asked = parser.parse_args()
    unknown = set(asked.only) - set(MEASURES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    figures: Figures = {"machine": report.machine()}
    for name, (measure, whole, quick) in MEASURES.items():
        if not asked.only or name in asked.only:
            print(f"{name} …", flush=True)
            figures[name] = measure(**(quick if asked.quick else whole))
            print(json.dumps(figures[name], indent=2), flush=True)
    if asked.quick or asked.only:
        print("nothing is written: this was not the whole")
    else:
        figures["machine"]["load_after"] = [round(value, 1) for value in os.getloadavg()]
        report.write(figures)
    print(report.table(figures))


MEASURES: dict[str, tuple[Any, Figures, Figures]] = {
    "throughput": (throughput, {"rounds": 9, "seconds": 2.0}, {"rounds": 3, "seconds": 0.7}),
    "latency": (latency, {"seconds": 20.0}, {"seconds": 4.0}),
    "crowd": (crowd, {"seconds": 15.0}, {"seconds": 4.0}),
    "memory": (memory, {"count": 20_000}, {"count": 1_000}),
    "start": (start, {"runs": 5}, {"runs": 1}),
    "size": (size, {}, {}),
}
"""Function, arguments, and arguments for `--quick`, by name."""


if __name__ == "__main__":
    main()
