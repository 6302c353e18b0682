"""Answers to errors: problem documents (RFC 9457) under /api, pages elsewhere."""

from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from flask import Flask, Response, current_app, g, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from .problems import FieldError, Problem, ProblemError, busy
from .recognition import (
    BudgetError,
    GoneError,
    ImageTooLargeError,
    RecognitionError,
    UndecodableImageError,
    UnsupportedImageError,
)

STATUS_OF: dict[type[RecognitionError], int] = {
    UnsupportedImageError: 415,
    ImageTooLargeError: 413,
    UndecodableImageError: 422,
    BudgetError: 422,
}
"""HTTP statuses of the recogniser's errors."""

GONE = 499
"""Status of a request after its client has gone, for the log and the metrics. nginx uses it."""

DETAILS = {
    404: "This address does not exist.",
    405: "This address does not accept {method} requests.",
    500: "Sorry, something went wrong on our side. Please try again.",
}
"""Details for errors without their own."""


def init_app(app: Flask) -> None:
    """Register the error handlers."""
    app.register_error_handler(ProblemError, answer_problem)
    app.register_error_handler(RecognitionError, _refused)
    app.register_error_handler(HTTPException, _http)


def answer_problem(error: ProblemError) -> Response:
    """Return the response for a ProblemError."""
    answer = _answer(error.status, error.detail, error.errors)
    answer.headers.update(error.headers)
    return answer


def _refused(error: RecognitionError) -> Response:
    if isinstance(error, GoneError):
        return Response(status=GONE)
    if isinstance(error, BudgetError) and error.bound == "time":
        # The queue may have used the time of a small reading.
        return answer_problem(busy(str(error)))
    status = STATUS_OF.get(type(error))
    if status is None:  # not an error of the request
        current_app.logger.error("recognition failed", exc_info=error)
        return _answer(500, DETAILS[500])
    return _answer(status, str(error))


def _http(error: HTTPException) -> Response:
    # Flask logs unexpected errors before it passes them here as InternalServerError.
    status = error.code or InternalServerError.code
    known = DETAILS.get(status, "").format(method=request.method)
    answer = _answer(status, known or error.description or HTTPStatus(status).phrase)
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            answer.headers[name] = value
    return answer


def _answer(status: int, detail: str, errors: Sequence[FieldError] = ()) -> Response:
    title = HTTPStatus(status).phrase
    if f"{request.path}/".startswith("/api/"):
        problem = Problem("about:blank", title, status, detail, g.request_id, list(errors))
        body = msgspec.json.encode(problem)
        return Response(body, status, content_type="application/problem+json")
    page = render_template("error.html", status=status, detail=detail)
    return Response(page, status, content_type="text/html; charset=utf-8")
