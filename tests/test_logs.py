"""Content and privacy of the log."""

import io
import json
import logging
import sys

import pytest

from support import hand
from webapp.ops.logs import JsonFormatter, WithoutAddresses

ADDRESS = "192.0.2.77"
AGENT = "A browser of its own/1.0"


@pytest.fixture
def lines():
    """Parsed lines of the log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(WithoutAddresses())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_request_has_a_line(client, lines):
    """Each request has a line with its id, route, status and time."""
    response = client.get("/healthz", headers={"X-Request-Id": "my-name"})
    [line] = [line for line in lines() if line["logger"] == "inkling.requests"]
    assert response.headers["X-Request-Id"] == line["request_id"] == "my-name"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/healthz", 200)
    assert line["level"] == "info"
    assert line["ms"] > 0
    assert line["bytes"] == len(response.data)


@pytest.mark.parametrize("status", [200, 404, 405, 422])
def test_no_line_tells_of_whom_or_what(client, lines, status):
    """No line has an address, a user agent, a query, a drawing or an unknown path."""
    path, method = {404: ("/secret-path", "GET"), 405: ("/healthz", "POST")}.get(
        status, ("/api/v1/predict/strokes", "POST")
    )
    strokes = hand.columns(3)
    body = {"strokes": strokes} if status == 200 else {"strokes": [{"x": [123.456], "y": []}]}
    response = client.open(
        f"{path}?secret=query",
        method=method,
        json=body,
        headers={"User-Agent": AGENT, "Referer": "https://secret.example", "Cookie": "secret=1"},
        environ_overrides={"REMOTE_ADDR": ADDRESS},
    )
    assert response.status_code == status
    text = json.dumps(lines())
    for word in (ADDRESS, AGENT, "secret", "123.456", str(strokes[0]["x"][0])):
        assert word not in text


def test_a_failure_is_logged_with_its_request(client, lines):
    """A failure is logged with its request and its stack trace."""
    with client.application.test_request_context("/"):
        try:
            raise LookupError("inside")
        except LookupError:
            logging.getLogger("x").exception("it failed")
    [line] = [line for line in lines() if line["logger"] == "x"]
    assert "LookupError: inside" in line["exception"]
    assert line["message"] == "it failed"


def test_a_line_is_one_line():
    """A message with line breaks is logged on one line."""
    record = logging.LogRecord("x", logging.INFO, "f", 1, "a\nb %s", ("c\r\n",), None)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    assert json.loads(text)["message"] == "a\nb c\r\n"


def test_an_exception_is_on_one_line_too():
    """An exception and its stack trace are logged on one line."""
    try:
        raise ValueError("x")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "m", (), sys.exc_info())
    assert "\n" not in JsonFormatter().format(record)


def test_what_gunicorn_says_of_a_client_is_taken_out():
    """Client addresses and input are removed from gunicorn's messages."""
    text = f"Invalid request from ip={ADDRESS}: Invalid HTTP request line: 'secret'"
    record = logging.LogRecord("gunicorn.error", logging.WARNING, "f", 1, text, (), None)
    assert WithoutAddresses().filter(record)
    assert ADDRESS not in record.getMessage()
    assert "secret" not in record.getMessage()
