"""Metrics, and their Prometheus format."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support import hand
from webapp import create_app
from webapp.config import Settings
from webapp.ops import metrics as module
from webapp.ops.metrics import CELLS, ROWS, Family, Gauge, Histogram, Memory, Registry, free_row


@pytest.fixture(autouse=True)
def memory(monkeypatch):
    """Counters of this test alone."""
    fresh = Memory()
    monkeypatch.setattr(module, "memory", fresh)
    return fresh


@pytest.fixture
def site(memory):
    """A test client of a site with empty counters."""
    return create_app(Settings()).test_client()


def samples(client) -> dict:
    """Return every sample of /metrics by name and labels, parsed by Prometheus's own parser."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(site):
    """Requests are counted by route and status, with their durations."""
    for path in ("/healthz", "/healthz", "/nothing", "/api/v1/predict/strokes"):
        site.get(path)
    found = samples(site)
    name = "inkling_requests_total"
    assert found[name, ("route", "/healthz"), ("status", "200")] == 2
    assert found[name, ("route", "other"), ("status", "404")] == 1
    assert found[name, ("route", "other"), ("status", "405")] == 1
    assert found["inkling_request_seconds_count", ("route", "/healthz")] == 2
    assert 0 < found["inkling_request_seconds_sum", ("route", "/healthz")] < 10


def test_readings_are_counted_by_kind_and_outcome(site):
    """Readings of drawings, pictures and the form are counted by outcome, invalid ones are not."""
    site.post("/api/v1/predict/strokes", json={"strokes": hand.columns(3), "expect": "digit"})
    site.post("/api/v1/predict/strokes", json={"strokes": []})
    site.post("/api/v1/predict/strokes", json={})
    drawing = {"strokes": []}
    site.post("/api/v1/predict/batch", json={"drawings": [drawing, drawing]})
    png = hand.png(hand.picture(3))
    site.post("/api/v1/predict/image", data=png, content_type="image/png")
    found = samples(site)
    name = "inkling_readings_total"
    assert found[name, ("kind", "strokes"), ("status", "ok")] == 1
    assert found[name, ("kind", "strokes"), ("status", "empty")] == 3
    assert found[name, ("kind", "image"), ("status", "ok")] == 1
    assert found["inkling_reading_seconds_count", ("kind", "strokes")] == 4
    assert found["inkling_readings_queued", ("kind", "strokes")] == 0


def test_an_explanation_counts_as_a_reading(site):
    """An explanation counts in readings and in seconds, so that their ratio is the time of one."""
    site.post("/api/v1/explain", json={"strokes": hand.columns(3)})
    found = samples(site)
    assert found["inkling_readings_total", ("kind", "strokes"), ("status", "ok")] == 1
    assert found["inkling_reading_seconds_count", ("kind", "strokes")] == 1


def test_a_failed_reading_leaves_no_queue(site):
    """The gauge of the queue returns to 0 after a failed reading."""
    site.post("/api/v1/predict/image", data=b"\x89PNG\r\n\x1a\n", content_type="image/png")
    assert samples(site)["inkling_readings_queued", ("kind", "image")] == 0


def test_the_served_models_are_named(site):
    """The served models are listed with the version in answers."""
    found = samples(site)
    for kind, extension in (("image", "engine"), ("strokes", "stroke_engine")):
        model = site.application.extensions[extension].model
        labels = ("kind", kind), ("name", model.name), ("version", model.version)
        assert found[("inkling_model_info", *labels)] == 1


def test_buckets_add_up(site):
    """Buckets are cumulative."""
    histogram = Histogram(Registry(), "h", "A test.", {"kind": ["a"]})
    for seconds in (0.0005, 0.001, 0.0011, 4.9, 99.0):
        histogram.observe("a", seconds=seconds)
    text = "\n".join(histogram.lines()) + "\n"
    [family] = text_string_to_metric_families(text)
    buckets = {s.labels["le"]: s.value for s in family.samples if s.name == "h_bucket"}
    assert (buckets["0.001"], buckets["0.0025"], buckets["5"], buckets["+Inf"]) == (2, 3, 4, 5)
    values = list(buckets.values())
    assert values == sorted(values)


def test_rows_are_added_up(memory):
    """Values of all workers are added, and a worker that takes over a row continues its counts."""
    counter = Family(Registry(), "c_total", "A test.", {})
    for row in (0, 3, 3):
        memory.take_row(row)
        counter.add()
    assert list(counter.samples()) == ["c_total 3"]


def test_a_gauge_starts_anew(memory):
    """A new worker resets the gauges of its row, and those of others are kept."""
    gauge = Gauge(Registry(), "g", "A test.", {})
    gauge.add(amount=5)
    memory.take_row(1)
    gauge.add(amount=2)
    memory.take_row(0)
    gauge.start()
    assert list(gauge.samples()) == ["g 2"]


def test_a_gauge_ends_with_its_worker(memory):
    """The gauges of a killed worker end with it, even if its row is reused later."""
    registry = Registry()
    gauge, counter = Gauge(registry, "g", "A test.", {}), Family(registry, "c_total", "A test.", {})
    memory.take_row(1)
    gauge.add(amount=2)
    counter.add()
    memory.leave_row(1)
    assert list(gauge.samples()) == ["g 0"]
    assert list(counter.samples()) == ["c_total 1"]


def test_a_new_worker_takes_the_first_free_row():
    """A new worker takes the first free row, so that rows are reused."""
    assert free_row(set()) == 0
    assert free_row({0, 1, 3}) == 2


def test_the_last_row_is_shared_when_all_are_taken():
    """If all rows are taken, the last one is shared."""
    assert free_row(set(range(ROWS))) == ROWS - 1


def test_totals_are_those_of_all_rows(memory):
    """The totals equal the sums of the rows, cell by cell."""
    registry = Registry()
    counter = Family(registry, "c_total", "A test.", {"n": ["a", "b"]})
    histogram = Histogram(registry, "h", "A test.", {})
    for row in range(ROWS):
        memory.take_row(row)
        counter.add("b", amount=row)
        histogram.observe(seconds=row / ROWS)
    assert list(counter.samples()) == [f'c_total{{n="b"}} {sum(range(ROWS))}']
    assert f"h_sum {sum(range(ROWS)) / ROWS:.6f}" in list(histogram.samples())
    assert f"h_count {ROWS}" in list(histogram.samples())


def test_labels_are_escaped():
    """Labels are escaped."""
    family = Family(Registry(), "c_total", "A test.", {"name": ['a"b\\c\nd']})
    family.add('a"b\\c\nd')
    [parsed] = text_string_to_metric_families("\n".join(family.lines()) + "\n")
    assert parsed.samples[0].labels == {"name": 'a"b\\c\nd'}


def test_it_rejects_more_numbers_than_there_is_room_for():
    """More numbers than there is room for are an error at start-up."""
    with pytest.raises(ValueError, match=str(CELLS)):
        Family(Registry(), "c_total", "A test.", {"n": [str(n) for n in range(CELLS + 1)]})
