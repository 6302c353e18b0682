"""Errors: problem documents under /api, pages elsewhere."""

import html

import pytest
from werkzeug.exceptions import abort

from webapp import create_app
from webapp.config import Settings
from webapp.recognition import ModelError

SECRET = "a password in /etc/secret"  # noqa: S105  that is the point

FIELDS = {"type", "title", "status", "detail", "request_id", "errors"}


def check_problem(response, status):
    """Check a complete problem document, and return it."""
    document = response.get_json(force=True)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert document.keys() == FIELDS
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == response.headers["X-Request-Id"]
    return document


def check_page(response, status):
    """Check a page that names the error, and return its text."""
    assert response.status_code == status
    assert response.content_type == "text/html; charset=utf-8"
    assert f"Error {status}" in response.text
    assert response.headers["X-Request-Id"] in response.text
    assert "<main " in response.text
    return html.unescape(response.text)


@pytest.fixture
def broken():
    """A test client of a site with addresses that fail."""
    app = create_app(Settings())

    def fail():
        raise ValueError(SECRET)

    def fail_to_read():
        raise ModelError(SECRET)

    def refuse():
        abort(400, "a detail with {braces}")

    for prefix in ("/api/v1", ""):
        app.add_url_rule(f"{prefix}/fail", f"{prefix}fail", fail)
        app.add_url_rule(f"{prefix}/fail-to-read", f"{prefix}fail_to_read", fail_to_read)
        app.add_url_rule(f"{prefix}/refuse", f"{prefix}refuse", refuse)
    return app.test_client()


# Under /api


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/nothing", "/api/v2/model"])
def test_a_missing_address_is_a_problem(client, path):
    """A missing address under /api gets 404 as a problem."""
    check_problem(client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/predict/strokes", "POST"),
        ("DELETE", "/api/v1/predict/image", "POST"),
        ("POST", "/api/v1/model", "GET"),
    ],
)
def test_another_method_is_a_problem(client, method, path, allowed):
    """Another method gets 405 as a problem with the method and the allowed ones."""
    response = client.open(path, method=method)
    assert method in check_problem(response, 405)["detail"]
    assert allowed in response.headers["Allow"].split(", ")
    assert method not in response.headers["Allow"].split(", ")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b"{", "application/json"),
        (413, bytes(4 * 1024 * 1024 + 1), "application/json"),
        (415, b"{}", "text/plain"),
        (422, b"{}", "application/json"),
    ],
)
def test_a_refused_request_is_a_problem(client, status, body, kind):
    """Each refusal is a problem of the same form."""
    check_problem(client.post("/api/v1/predict/strokes", data=body, content_type=kind), status)


@pytest.mark.parametrize("path", ["/api/v1/fail", "/api/v1/fail-to-read"])
def test_a_failure_is_a_problem_that_tells_nothing(broken, path):
    """A failure gets 500 as a problem without internal details."""
    response = broken.get(path)
    assert check_problem(response, 500)["errors"] == []
    for word in ("password", "secret", "Error:", "Traceback", ".py"):
        assert word not in response.text


def test_a_failure_is_logged(broken, caplog):
    """A failure is logged for the operator."""
    for path in ("/api/v1/fail", "/api/v1/fail-to-read"):
        caplog.clear()
        broken.get(path)
        assert SECRET in caplog.text


def test_a_detail_is_given_as_it_is(broken):
    """A detail with braces is returned unchanged."""
    assert check_problem(broken.get("/api/v1/refuse"), 400)["detail"] == "a detail with {braces}"


# Elsewhere


@pytest.mark.parametrize("path", ["/nothing", "/apix", "/static/0/nothing.css", "/upload/x"])
def test_a_missing_page_is_a_page(client, path):
    """A missing page gets 404 as a page with a link back."""
    assert 'href="/"' in check_page(client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("PUT", "/upload", "POST"), ("PUT", "/", "GET")]
)
def test_another_method_is_a_page(client, method, path, allowed):
    """Another method gets 405 as a page with the allowed methods."""
    response = client.open(path, method=method)
    check_page(response, 405)
    assert allowed in response.headers["Allow"].split(", ")


@pytest.mark.parametrize("path", ["/fail", "/fail-to-read"])
def test_a_failure_is_a_page_that_tells_nothing(broken, path):
    """A failure gets 500 as a page without internal details."""
    text = check_page(broken.get(path), 500)
    for word in ("password", "secret", "Error:", "Traceback", ".py"):
        assert word not in text


def test_a_page_s_detail_is_text(client):
    """Input in a page's detail is escaped."""
    response = client.post("/upload", data=b"x", content_type="<b>x</b>")
    assert "<b>x</b>" in check_page(response, 415)
    assert "<b>x</b>" not in response.text
