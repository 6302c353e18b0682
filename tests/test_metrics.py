"""What is counted, and how Prometheus reads it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import hand
from webapp import create_app
from webapp.config import Settings
from webapp.ops import metrics as module
from webapp.ops.metrics import CELLS, ROWS, Family, Gauge, Histogram, Memory, Registry, free_row


@pytest.fixture(autouse=True)
def memory(monkeypatch):
    """Numbers of this test alone."""
    fresh = Memory()
    monkeypatch.setattr(module, "memory", fresh)
    return fresh


@pytest.fixture
def site(memory):
    """A visitor of a site that has counted nothing."""
    return create_app(Settings()).test_client()


def samples(client) -> dict:
    """Every sample of /metrics by name and labels, read by Prometheus's own parser."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(site):
    """With the time that they took."""
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
    """Drawings, pictures, and the form's pictures; an invalid one is none."""
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
    """In both, so that seconds divided by readings is the time of one."""
    site.post("/api/v1/explain", json={"strokes": hand.columns(3)})
    found = samples(site)
    assert found["inkling_readings_total", ("kind", "strokes"), ("status", "ok")] == 1
    assert found["inkling_reading_seconds_count", ("kind", "strokes")] == 1


def test_a_failed_reading_leaves_no_queue(site):
    """What goes up comes down."""
    site.post("/api/v1/predict/image", data=b"\x89PNG\r\n\x1a\n", content_type="image/png")
    assert samples(site)["inkling_readings_queued", ("kind", "image")] == 0


def test_the_served_models_are_named(site):
    """With the version that answers carry."""
    found = samples(site)
    for kind, extension in (("image", "engine"), ("strokes", "stroke_engine")):
        model = site.application.extensions[extension].model
        labels = ("kind", kind), ("name", model.name), ("version", model.version)
        assert found[("inkling_model_info", *labels)] == 1


def test_buckets_add_up(site):
    """Each bucket holds all smaller ones; the last holds all."""
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
    """What each worker counts is one number; a row that is taken over counts on."""
    counter = Family(Registry(), "c_total", "A test.", {})
    for row in (0, 3, 3):
        memory.take_row(row)
        counter.add()
    assert list(counter.samples()) == ["c_total 3"]


def test_a_gauge_starts_anew(memory):
    """A killed worker's readings do not run on in its successor; another worker's do."""
    gauge = Gauge(Registry(), "g", "A test.", {})
    gauge.add(amount=5)
    memory.take_row(1)
    gauge.add(amount=2)
    memory.take_row(0)
    gauge.start()
    assert list(gauge.samples()) == ["g 2"]


def test_a_gauge_ends_with_its_worker(memory):
    """What a killed worker had in hand is not queued any more, whoever takes its row later."""
    registry = Registry()
    gauge, counter = Gauge(registry, "g", "A test.", {}), Family(registry, "c_total", "A test.", {})
    memory.take_row(1)
    gauge.add(amount=2)
    counter.add()
    memory.leave_row(1)
    assert list(gauge.samples()) == ["g 0"]
    assert list(counter.samples()) == ["c_total 1"]


def test_a_new_worker_takes_the_first_free_row():
    """So that rows are used again, and their counts go on."""
    assert free_row(set()) == 0
    assert free_row({0, 1, 3}) == 2


def test_the_last_row_is_shared_when_all_are_taken():
    """A worker more is no reason to fail."""
    assert free_row(set(range(ROWS))) == ROWS - 1


def test_totals_are_those_of_all_rows(memory):
    """Summed up at once, they are what adding cell by cell gives."""
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
    """Whatever an operator calls a model."""
    family = Family(Registry(), "c_total", "A test.", {"name": ['a"b\\c\nd']})
    family.add('a"b\\c\nd')
    [parsed] = text_string_to_metric_families("\n".join(family.lines()) + "\n")
    assert parsed.samples[0].labels == {"name": 'a"b\\c\nd'}


def test_it_rejects_more_numbers_than_there_is_room_for():
    """At start-up, not by counting into another worker's row."""
    with pytest.raises(ValueError, match=str(CELLS)):
        Family(Registry(), "c_total", "A test.", {"n": [str(n) for n in range(CELLS + 1)]})
