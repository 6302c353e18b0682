"""The benchmarks: the load they send, and the verdicts they write."""

import json

import numpy as np
import pytest

from bench import programs, report
from bench.load import Sample, closed, open_loop, quantile, request, seconds_of
from support.server import running_server
from webapp.config import ROOT

FIGURES = {
    "latency": {"p99_over_p50": 5.0, "p99_ms": 10.0, "p50_ms": 2.0, "sent_per_second": 100.0},
    "start": {"ours_seconds": 2.1, "times_faster": 3.0, "common_seconds": 6.3},
}


@pytest.fixture(scope="module")
def port():
    """The port of a running site."""
    with running_server(WEB_CONCURRENCY="1") as url:
        yield int(url.rpartition(":")[2])


def test_as_many_requests_are_sent_as_were_asked_for(port):
    """All requests are sent, over fewer connections, and each gets an answer."""
    requests = [request("/healthz"), request("/nothing")]
    samples = closed(port, requests, 3, count=30)
    assert [sample.status for sample in samples].count(200) == 15
    assert [sample.status for sample in samples].count(404) == 15
    assert all(0 < sample.seconds < 30 for sample in samples)


def test_a_body_arrives(port):
    """A body arrives with its length and type."""
    [sample] = closed(port, [request("/api/v1/predict/strokes", b'{"strokes": []}')], 1, count=1)
    assert sample.status == 200


def test_requests_at_random_are_all_answered(port):
    """Requests at random times are all answered, as many as the rate gives in the time."""
    samples = open_loop(port, request("/healthz"), 50, 1, np.random.default_rng(1))
    assert [sample.status for sample in samples] == [200] * 50


def test_quantiles_are_values_that_were_seen():
    """A quantile is an observed value: the p99 of a hundred values is the largest."""
    values = [float(v) for v in range(1, 101)]
    assert quantile(values, 0.5) == 51
    assert quantile(values, 0.99) == 100
    assert seconds_of([Sample(503, 3.0), Sample(200, 2.0), Sample(200, 1.0)], 200) == [1.0, 2.0]


def test_a_promise_that_is_missed_is_called_so():
    """The table reports a value above its bound as a miss, and the bound itself as kept."""
    verdicts = {row.what: row.met for row in report.rows(FIGURES)}
    assert verdicts["p99 / p50 at half of saturation, requests at random"]
    assert verdicts["… against the TensorFlow way"]
    assert not verdicts["start to ready"]
    assert report.table(FIGURES).count("**no**") == 1


def test_the_document_holds_the_figures_beside_it():
    """docs/performance.md is generated from docs/performance.json, without manual figures."""
    figures = json.loads((ROOT / "docs/performance.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    assert report.table(figures) in text


@pytest.mark.parametrize(
    ("two", "ray", "met"), [(10.0, 11.0, ["yes", "yes"]), (16.0, 20.0, ["**no**", "**no**"])]
)
def test_the_table_of_programs_says_what_is_met(two, ray, met):
    """Each row has its verdict, from the figure that it shows."""
    figures = {
        "batches": {"single": 3.0, "batch": 1.0},
        "command": {"loop": 8.0, "command": 10.0},
        "processes": {"one": 20.0, "two": two, "ray": ray},
        "patterns": {"free": 1.0, "pattern": 1.0},
    }
    rows = [line.split(" | ") for line in programs.table(figures, 2000).splitlines()[2:7]]
    verdicts = [row[-1].removesuffix(" |") for row in rows]
    assert verdicts == ["yes", "yes", *met, "yes"]


def test_the_verdicts_on_programs_are_those_of_their_figures():
    """docs/scale.md has no verdict that its own figures contradict."""
    text = programs.DOCUMENT.read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if " × |" in line]
    assert len(rows) == 4
    for _, target, found, verdict in rows:
        assert verdict == ("yes" if programs.is_met(target, found) else "**no**")
