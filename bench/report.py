"""Reports: the figures as a table, docs/performance.md, and charts."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from webapp.config import ROOT

DOCUMENT = ROOT / "docs" / "performance.md"
FIGURES = ROOT / "docs" / "performance.json"
CHARTS = ROOT / "docs" / "performance"

START = "<!-- what follows is written by `make bench` -->"
END = "<!-- until here -->"

NOTHING = "–"
"""Shown for rows without a target."""


@dataclass(frozen=True)
class Row:
    """One row of the table: a target and the figure found."""

    what: str
    reach: str
    found: str
    met: bool


def _row(
    figures: dict[str, Any],
    part: str,
    what: str,
    reach: str,
    read: Callable[[dict[str, Any]], tuple[str, bool]],
) -> Row | None:
    if part not in figures:
        return None
    found, met = read(figures[part])
    return Row(what, reach, found, met)


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return the table's rows for the measured figures."""
    return [
        row
        for row in (
            _row(
                figures,
                "throughput",
                "requests/s, one drawn digit, against a bare Flask route that parses and returns "
                "the same JSON, same gunicorn",
                "≥ 0.5",
                lambda f: (
                    f"{f['of_bare']:.2f} ({f['requests_per_second']['ours']:.0f} / "
                    f"{f['requests_per_second']['bare']:.0f} a second, one worker)",
                    f["of_bare"] >= 0.5,
                ),
            ),
            _row(
                figures,
                "throughput",
                "… with `expect: digit`, which says that it is one digit",
                NOTHING,
                lambda f: (
                    f"{f['hinted_of_bare']:.2f} "
                    f"({f['requests_per_second']['hinted']:.0f} a second)",
                    True,
                ),
            ),
            _row(
                figures,
                "throughput",
                "the first against Flask + `model.predict` of the same network",
                "≥ 30 ×",
                lambda f: (
                    f"{f['of_common']:.0f} × ({f['requests_per_second']['common']:.1f} a second)",
                    f["of_common"] >= 30,
                ),
            ),
            _row(
                figures,
                "latency",
                "p99 / p50 at half of saturation, requests at random",
                "≤ 5",
                lambda f: (
                    f"{f['p99_over_p50']:.1f} ({f['p99_ms']:.1f} / {f['p50_ms']:.1f} ms at "
                    f"{f['sent_per_second']:.0f} a second)",
                    f["p99_over_p50"] <= 5,
                ),
            ),
            _row(
                figures,
                "crowd",
                "64 connections at once against 4: accepted requests' p99",
                "≤ 20 ×",
                lambda f: (
                    f"{f['p99_of_64_over_4']:.1f} × ({f['p99_ms']['64']:.1f} / "
                    f"{f['p99_ms']['4']:.1f} ms)",
                    f["p99_of_64_over_4"] <= 20,
                ),
            ),
            _row(
                figures,
                "crowd",
                "… refusals' median, below the accepted's",
                "below",
                lambda f: (
                    "nobody was refused"
                    if f["refused_median_ms"] is None
                    else f"{f['refused_median_ms']:.1f} ms, "
                    f"accepted {f['accepted_median_ms']:.1f} ms",
                    f["refused_median_ms"] is None
                    or f["refused_median_ms"] < f["accepted_median_ms"],
                ),
            ),
            _row(
                figures,
                "memory",
                "resident memory, two workers after 20,000 mixed requests, photos included",
                "≤ 300 MB",
                lambda f: (
                    f"{f['after_mib']:.0f} MiB ({f['requests']:,} requests)",
                    f["after_mib"] * 1.048576 <= 300,
                ),
            ),
            _row(
                figures,
                "memory",
                "… growth from 5,000 to 20,000",
                "≤ 5 %",
                lambda f: (
                    f"{100 * f['growth_from_a_quarter']:.1f} %",
                    f["growth_from_a_quarter"] <= 0.05,
                ),
            ),
            _row(
                figures,
                "start",
                "start to ready",
                "≤ 2 s",
                lambda f: (f"{f['ours_seconds']:.2f} s", f["ours_seconds"] <= 2),
            ),
            _row(
                figures,
                "start",
                "… against the TensorFlow way",
                "≥ 3 × faster",
                lambda f: (
                    f"{f['times_faster']:.1f} × ({f['common_seconds']:.1f} s)",
                    f["times_faster"] >= 3,
                ),
            ),
            _row(
                figures,
                "size",
                "serving environment on disk",
                "≤ 350 MB",
                lambda f: (
                    f"{f['environment_mib']:.0f} MiB",
                    f["environment_mib"] * 1.048576 <= 350,
                ),
            ),
            _row(
                figures,
                "size",
                "compressed slug estimate: packages, repository, an interpreter",
                "≤ 150 MB",
                lambda f: (
                    f"{f['compressed_mib'] + f['interpreter_compressed_mib']:.0f} MiB "
                    f"({f['compressed_mib']:.0f} + {f['interpreter_compressed_mib']:.0f})",
                    (f["compressed_mib"] + f["interpreter_compressed_mib"]) * 1.048576 <= 150,
                ),
            ),
        )
        if row is not None
    ]


def machine() -> dict[str, Any]:
    """Return the machine, the versions and the date of the measurement."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": [round(value, 1) for value in os.getloadavg()],
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit,
    }


def table(figures: dict[str, Any]) -> str:
    """Return all rows in Markdown."""
    lines = ["| what | reach | found | |", "| --- | --- | --- | --- |"]
    for row in rows(figures):
        verdict = "" if row.reach == NOTHING else "yes" if row.met else "**no**"
        lines.append(f"| {row.what} | {row.reach} | {row.found} | {verdict} |")
    return "\n".join(lines)


def write(figures: dict[str, Any]) -> None:
    """Write the figures to the document, and the charts beside it."""
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    where = figures["machine"]
    said = (
        f"`make bench`, {where['date']}, at commit `{where['commit']}`: {where['cores']} cores, "
        f"{where['system']}, Python {where['python']}; load average before {where['load'][0]}, "
        f"after {where['load_after'][0]} (with it, of other work and of this)."
    )
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    block = f"{START}\n\n{said}\n\n{table(figures)}\n\n{END}"
    DOCUMENT.write_text(before + block + after, encoding="utf-8")
    charts(figures)


def pyplot() -> Any:
    """Return matplotlib's pyplot, for SVG files that change only with the figures."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "inkling", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot as plt

    return plt


def save(figure: Any, name: str) -> None:
    """Write a figure among the charts, and close it."""
    CHARTS.mkdir(exist_ok=True)
    figure.tight_layout()
    figure.savefig(CHARTS / f"{name}.svg", metadata={"Date": None, "Creator": None})
    pyplot().close(figure)


def charts(figures: dict[str, Any]) -> None:
    """Draw the charts."""
    plt = pyplot()

    figure, axes = plt.subplots(figsize=(6, 2.2))
    names = {
        "bare": "bare Flask route",
        "hinted": "Inkling, one digit, told so",
        "ours": "Inkling, one digit",
        "common": "Flask and model.predict",
    }
    found = figures["throughput"]["requests_per_second"]
    bars = axes.barh(list(names.values()), [found[name] for name in names], color="#3b5bdb")
    axes.bar_label(bars, fmt="%.0f", padding=3)
    axes.set_xlabel("requests a second, one worker")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    save(figure, "throughput")

    figure, axes = plt.subplots(figsize=(6, 3))
    for quantiles, label, colour in (
        (figures["latency"]["quantiles_ms"], "half of saturation, one worker", "#2b8a3e"),
        (figures["crowd"]["quantiles_ms"]["4"], "4 connections, two workers", "#3b5bdb"),
        (figures["crowd"]["quantiles_ms"]["64"], "64 connections, two workers", "#e8590c"),
    ):
        shares = [100 * float(share) for share in quantiles]
        axes.plot(shares, list(quantiles.values()), "o-", label=label, color=colour, markersize=3)
    axes.set_yscale("log")
    axes.set_xlabel("per cent of accepted requests answered within")
    axes.set_ylabel("ms")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, "latency")

    figure, axes = plt.subplots(figsize=(6, 2.6))
    found = figures["memory"]["two_workers_mib"]
    axes.plot([int(count) for count in found], list(found.values()), "o-", color="#3b5bdb")
    axes.axhline(300 / 1.048576, color="#c92a2a", linestyle="--", linewidth=1, label="300 MB")
    axes.set_ylim(0)
    axes.set_xlabel("mixed requests answered, one in a hundred a photo of 12 megapixels")
    axes.set_ylabel("MiB, two workers")
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, "memory")
