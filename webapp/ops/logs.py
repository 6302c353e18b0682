"""Logs: one JSON object per line, without personal data.

They hold no addresses, user agents, drawings or query strings. A request is identified by its ID,
and its path by the route that it matched.
"""

import logging
import time
from typing import Any

import msgspec
from flask import Flask, Response, g, has_request_context, request

LOGGER = logging.getLogger("inkling.requests")

NAMES_A_CLIENT = "Invalid request from ip="
"""Start of gunicorn's message about a request that is not HTTP."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON, with the fields of `extra={"fields": {…}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        entry: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "pid": record.process,
        }
        if has_request_context() and "request_id" in g:
            entry["request_id"] = g.request_id
        entry |= getattr(record, "fields", {})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry, enc_hook=str).decode()


class WithoutAddresses(logging.Filter):
    """Removes client addresses from messages."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True."""
        if record.getMessage().startswith(NAMES_A_CLIENT):
            # The text after the address repeats the client's data.
            record.msg, record.args = "a request that is not HTTP was refused", ()
        return True


CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"addresses": {"()": f"{__name__}.WithoutAddresses"}},
    "formatters": {"json": {"()": f"{__name__}.JsonFormatter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["addresses"],
            "stream": "ext://sys.stderr",
        }
    },
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        # gunicorn adds its own handlers before it reads this.
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True}
    },
}
"""For `logging.config.dictConfig`, which gunicorn calls."""


def init_app(app: Flask) -> None:
    """Log every answer. Registered before request IDs, so that it runs last."""
    app.after_request(_line)


def _line(response: Response) -> Response:
    if LOGGER.isEnabledFor(logging.INFO):
        fields = {
            "method": request.method if len(request.method) <= 10 else "other",
            "route": request.url_rule.rule if request.url_rule else None,
            "status": response.status_code,
            "bytes": response.content_length,
            "ms": round(1000 * (time.perf_counter() - g.started), 2),
        }
        LOGGER.info("request", extra={"fields": fields})
    return response
