"""Pages are sent compressed."""

import gzip

import pytest

PACKED = {"Accept-Encoding": "br, gzip"}


@pytest.mark.parametrize("path", ["/", "/model", "/api/docs", "/privacy", "/nowhere"])
def test_it_works(client, path):
    """The bytes are those of the plain page, and a quarter as many."""
    plain, packed = client.get(path), client.get(path, headers=PACKED)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(packed.data))
    unpacked = gzip.decompress(packed.data)
    assert len(unpacked) == len(plain.data)
    assert len(packed.data) < 0.5 * len(unpacked)


def test_caches_keep_both_apart(client):
    """Whether it is compressed or not, a page says that this depends on the request."""
    for headers in ({}, PACKED):
        assert "Accept-Encoding" in client.get("/", headers=headers).headers["Vary"]


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br", "*;q=0"])
def test_it_is_not_forced_upon_anybody(client, accepted):
    """A client that does not accept gzip gets the plain page."""
    answer = client.get("/", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert answer.data.startswith(b"<!doctype html>")


def test_other_answers_stay_as_they_are(client):
    """The API's are small."""
    answer = client.get("/api/v1/model", headers=PACKED)
    assert "Content-Encoding" not in answer.headers
    assert answer.json
