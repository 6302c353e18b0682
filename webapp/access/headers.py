"""Security headers: they deny a browser everything that the site does not use."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from ..config import Settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",  # the entries below are exceptions
    "script-src": "'self'",  # the page's modules, never inline
    "style-src": "'self'",
    # data: glyphs of an answer; blob: preview of the visitor's picture.
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",  # the page calls its own API
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
"""Browser features that the site and its frames never use."""

RESOURCE_POLICY = "Cross-Origin-Resource-Policy"

SHARED = "/component/"
"""Addresses that pages of allowed origins may load."""

HEADERS = {
    "Content-Security-Policy": "; ".join(f"{k} {v}" for k, v in CONTENT_SECURITY_POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    RESOURCE_POLICY: "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # frame-ancestors for browsers before 2016
}

HSTS = f"max-age={2 * 365 * 24 * 3600}"
"""Sent over TLS only: seconds during which a browser uses HTTPS alone. It excludes subdomains,
which may belong to others."""


def init_app(app: Flask) -> None:
    """Add the headers to every response."""
    app.after_request(_keep)
    inner = app.wsgi_app
    pairs = list(HEADERS.items())
    settings: Settings = app.config["SETTINGS"]
    # The web component runs in pages of the origins that may use the API.
    shared = list((HEADERS | {RESOURCE_POLICY: "cross-origin"}).items())
    is_shared = bool(settings.cors_origins)

    def protected(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            # Adding them in after_request would compare each with all others.
            here = is_shared and environ["PATH_INFO"].startswith(SHARED)
            return start_response(status, headers + (shared if here else pairs), *rest)

        return inner(environ, start)

    app.wsgi_app = protected  # type: ignore[method-assign]


def _keep(response: Response) -> Response:
    # Answers about a visitor's drawing are not stored. Pages are, because going back to a page
    # under no-store would lose the ink. Static files set their own Cache-Control.
    asked = request.method in ("GET", "HEAD") and response.status_code == 200
    page = asked and response.mimetype == "text/html"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-cache" if page else "no-store"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    return response
