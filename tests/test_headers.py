"""HTTP headers of every answer."""

import pytest

from webapp.access.headers import CONTENT_SECURITY_POLICY, HEADERS

PLACES = ["/", "/model", "/healthz", "/api/v1/model", "/nothing", "/api/nothing", "/upload"]


@pytest.mark.parametrize("path", PLACES)
def test_every_answer_has_the_headers(client, path):
    """Pages, documents and errors have the same headers."""
    response = client.get(path)
    for name, value in HEADERS.items():
        assert response.headers.getlist(name) == [value]


@pytest.mark.parametrize("path", [place for place in PLACES if place not in ("/", "/model")])
def test_answers_are_not_kept(client, path):
    """Answers to API requests and uploads are not cached."""
    assert client.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/model"])
def test_a_page_can_be_gone_back_to(client, path):
    """A browser may keep a page for its back button, and revalidates it otherwise."""
    assert client.get(path).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", PLACES)
def test_head_says_what_get_says(client, path):
    """HEAD gives the headers of GET (RFC 9110, 9.3.2), except the request's id and the length."""
    said = [
        {k: v for k, v in response.headers.items() if k not in ("X-Request-Id", "Content-Length")}
        for response in (client.get(path), client.head(path))
    ]
    assert said[0] == said[1]


def test_the_policy_starts_from_nothing(client):
    """The Content-Security-Policy starts from nothing, without inline code and other sites."""
    policy = client.get("/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert CONTENT_SECURITY_POLICY["script-src"] == CONTENT_SECURITY_POLICY["style-src"] == "'self'"
    for word in ("unsafe", "http:", "https:", "*"):
        assert word not in policy


def test_tls_is_asked_to_stay(client):
    """Strict-Transport-Security is sent over HTTPS only, where it has a meaning."""
    assert (
        "max-age"
        in client.get("/", base_url="https://localhost").headers["Strict-Transport-Security"]
    )
    assert "Strict-Transport-Security" not in client.get("/").headers


def test_no_answer_sets_a_cookie(client):
    """No answer sets a cookie, except for a chosen language (test_language.py)."""
    assert all("Set-Cookie" not in client.get(path).headers for path in PLACES)


def test_other_sites_scripts_may_not_read_answers(client):
    """No answer allows another origin."""
    headers = client.get("/api/v1/model", headers={"Origin": "https://elsewhere.example"}).headers
    assert not [name for name in headers.keys() if name.startswith("Access-Control-")]  # noqa: SIM118
