"""Request IDs: they link an answer to its line in the log."""

import re
import time
import uuid

from flask import Flask, Response, g, request

HEADER = "X-Request-Id"

ACCEPTED = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Valid request IDs. A client's ID is kept if it matches. Others could forge lines in a log."""


def init_app(app: Flask) -> None:
    """Assign an ID to each request before anything else, and return it in a header."""
    app.before_request(_begin)
    app.after_request(_echo)


def _begin() -> None:
    g.started = time.perf_counter()
    given = request.headers.get(HEADER, "")
    g.request_id = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex


def _echo(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    return response
