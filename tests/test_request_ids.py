"""Request ids."""

import re

import pytest

HEADER = "X-Request-Id"

PLACES = ["/", "/api/v1/model", "/healthz", "/nothing", "/api/nothing", "/api/v1/predict/strokes"]


def asked(client, path="/", name=None):
    """Return the id in the answer to a request."""
    headers = {} if name is None else {HEADER: name}
    [given] = client.get(path, headers=headers).headers.getlist(HEADER)
    return given


@pytest.mark.parametrize("path", PLACES)
def test_every_answer_is_named(client, path):
    """Every answer has an id, also errors, and a missing one is generated."""
    assert re.fullmatch(r"[0-9a-f]{32}", asked(client, path))


def test_names_differ(client):
    """Generated ids differ."""
    assert len({asked(client) for _ in range(20)}) == 20


@pytest.mark.parametrize("name", ["a", "Z-9_", "0" * 64, "5b8c1c9e-6f0a-4a53-9d7b-1f2e3d4c5b6a"])
def test_a_given_name_is_kept(client, name):
    """A given id of 1 to 64 letters, digits, hyphens and underscores is kept."""
    assert asked(client, name=name) == name


def test_the_name_stands_in_answers_and_problems(client):
    """Answers and problems contain the id of the header."""
    headers = {HEADER: "mine-1"}
    answer = client.post("/api/v1/predict/strokes", json={"strokes": []}, headers=headers)
    refusal = client.post("/api/v1/predict/strokes", json={}, headers=headers)
    assert answer.json["request_id"] == refusal.json["request_id"] == "mine-1"


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "0" * 65, "a/b", "a.b", "é", "a;b", 'a"b', "<b>", "a\tb"]
)
def test_it_rejects_other_names(client, name):
    """Other ids, which could forge a line in a log, are replaced."""
    assert re.fullmatch(r"[0-9a-f]{32}", asked(client, name=name))
