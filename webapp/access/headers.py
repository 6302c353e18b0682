"""Headers that keep a visitor's browser from doing what this site never needs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",  # everything below is an exception
    "script-src": "'self'",  # the modules of the page, never inline
    "style-src": "'self'",
    # data: the glyphs of an answer; blob: the visitor's own picture, shown back.
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",  # the page asks its own API
    "manifest-src": "'self'",  # for the home screen
    "form-action": "'self'",  # the form without JavaScript
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

UNUSED_FEATURES = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
"""What neither the page nor anything in it may ask a browser for."""

HEADERS = {
    "Content-Security-Policy": "; ".join(f"{k} {v}" for k, v in CONTENT_SECURITY_POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # frame-ancestors, for browsers before 2016
}

HSTS = f"max-age={2 * 365 * 24 * 3600}"
"""Sent only over TLS: seconds for which the browser shall not come back without it. Nothing is said
of subdomains: they may be others'."""


def init_app(app: Flask) -> None:
    """Put the headers on every answer."""
    app.after_request(_keep)
    inner = app.wsgi_app
    pairs = list(HEADERS.items())

    def protected(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            # Here, and not in after_request, where each costs a look at all others.
            return start_response(status, headers + pairs, *rest)

        return inner(environ, start)

    app.wsgi_app = protected  # type: ignore[method-assign]


def _keep(response: Response) -> Response:
    # An answer is about one visitor's drawing. A page that was only asked for is not, and with
    # no-store, going back to it would lose the ink. Static files say for themselves.
    asked = request.method in ("GET", "HEAD") and response.status_code == 200
    page = asked and response.mimetype == "text/html"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-cache" if page else "no-store"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    return response
