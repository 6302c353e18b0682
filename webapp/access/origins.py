"""Access control: hosts, proxies, HTTPS, origins, CSRF, and requests from the machine itself."""

import hmac
import re

from flask import Flask, Request, Response, current_app, redirect, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import get_current_url
from werkzeug.wrappers import Response as BaseResponse

from ..config import Settings
from ..problems import ProblemError
from .headers import SHARED
from .hosts import (
    SHOWN_CHARACTERS,
    check_hosts_of,
    is_loopback_address,
    is_loopback_name,
    parse_authority,
    parse_hosts,
    refuse_malformed_host,
    refuse_other_hosts,
)

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

PROBES = {"/healthz", "/readyz", "/metrics"}
"""Paths of internal checks, which use plain HTTP."""

ORIGIN = re.compile(r"([A-Za-z][0-9A-Za-z+.-]*)://(.+)")
"""The scheme, and the host and port, of an Origin header other than `null` (RFC 6454, 6.2)."""

CLIENT_FIELDS = {
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "dnt",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "origin",
    "pragma",
    "priority",
    "range",
    "referer",
    "te",
    "transfer-encoding",
    "upgrade-insecure-requests",
    "user-agent",
    "x-request-id",  # a client may set its request ID
    "x-prometheus-scrape-timeout-seconds",  # Prometheus sends it to /metrics
}
"""Header fields that clients send themselves, in lower case, besides `sec-…`.

Proxies add many others (`X-Forwarded-For`, `X-Client-IP`, `CF-Connecting-IP`, `True-Client-IP`,
`CDN-Loop`, `Via` and future ones), so any field that is not listed is treated as a proxy's.
"""

_CLIENT_KEYS = {f"HTTP_{name.upper().replace('-', '_')}" for name in CLIENT_FIELDS}
"""The same fields as keys of the WSGI environment."""

PREFLIGHT_SECONDS = 7200
"""Time that a browser may cache a preflight response. Chromium allows no longer time."""


def init_app(app: Flask) -> None:
    """Check hosts, redirect to HTTPS if it is set, and refuse other sites' pages.

    Raises:
        ConfigError: INKLING_HOSTS has a malformed name.
    """
    settings: Settings = app.config["SETTINGS"]
    check_hosts_of(app)
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.before_request(refuse_malformed_host)
    if settings.hosts:
        app.extensions["hosts"] = parse_hosts(settings.hosts)
        app.before_request(refuse_other_hosts)
    if settings.https:
        app.before_request(_to_https)
    app.before_request(_refuse_other_sites)
    app.after_request(_allow_origins)


def _to_https() -> BaseResponse | None:
    if request.is_secure or request.path in PROBES:
        return None
    if request.method not in SAFE_METHODS:
        # The data has already been sent in plain text. A redirect would hide that.
        raise ProblemError(403, "This site is used over HTTPS only.")
    # request.url has the scheme that a proxy passed on, which may be anything.
    url = get_current_url(
        "https", request.host, request.root_path, request.path, request.query_string
    )
    return redirect(url, 308)


def _refuse_other_sites() -> None:
    """Allow posts from this site's pages, allowed origins, and non-browser clients only.

    The site has no logins and nothing to steal. The check keeps another site from making its
    visitors send pictures. Browsers state the source of a request (Fetch Metadata). Older ones
    state at least its origin. Other programs state neither.

    Raises:
        ProblemError: 403.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    host = None if origin is None else _host_of(origin)
    if site in ("same-origin", "none"):
        return
    if site is None and (origin is None or host == request.host):
        return
    if _is_api() and origin is not None and _allowed(origin):
        return
    raise ProblemError(403, "Requests from pages of other sites are refused.")


def _host_of(origin: str) -> str | None:
    """Return the host and port of an Origin header in normal form, or None for `null`.

    Raises:
        ProblemError: 403, the header is malformed.
    """
    if origin == "null":
        return None
    match = ORIGIN.fullmatch(origin)
    host = match and parse_authority(match[2], match[1].lower())
    if not host:
        raise ProblemError(
            403,
            f"The Origin header is {origin[:SHOWN_CHARACTERS]!r}; it must be `null`, or a scheme, "
            f"`://`, and a host that may have a port.",
        )
    return str(host)


def _allow_origins(response: Response) -> Response:
    """Add the CORS headers (Fetch standard) that let allowed origins use API and component."""
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.cors_origins or not (_is_api() or request.path.startswith(SHARED)):
        return response
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin is None or not _allowed(origin):
        return response
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*" if settings.cors_origins == "*" else origin
    headers["Access-Control-Expose-Headers"] = "X-Request-Id, Retry-After"
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        headers["Access-Control-Allow-Methods"] = "GET, POST"
        headers["Access-Control-Allow-Headers"] = "Content-Type, X-Request-Id"
        headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response


def _is_api() -> bool:
    return request.path.startswith("/api/")


def _allowed(origin: str) -> bool:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.cors_origins == "*" or origin in settings.cors_origins.split(",")


def is_operator(settings: Settings) -> bool:
    """Return whether the request comes from this machine or has the operator's token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.metrics_token and scheme.lower() == "bearer":
        return hmac.compare_digest(token.encode(), settings.metrics_token.encode())
    return is_local(request)


def is_local(request: Request) -> bool:
    """Return whether a request comes from this machine, without a proxy in between.

    It is True only if all of this holds:

    - the peer has a loopback address;
    - the requested host is a loopback name or address;
    - the request is HTTP/1.1: by default, nginx forwards requests as HTTP/1.0;
    - it has only header fields that clients send (`CLIENT_FIELDS`, and `Sec-…`).

    It cannot detect a proxy on this machine that speaks HTTP/1.1, requests a loopback name and adds
    no field. A proxy has to add at least `X-Forwarded-For`.
    """
    environ = request.environ
    if not is_loopback_address(request.remote_addr or ""):
        return False
    host = parse_authority(environ.get("HTTP_HOST", ""))
    return (
        environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        and host is not None
        and is_loopback_name(host.name)
        and not any(
            key.startswith("HTTP_") and key not in _CLIENT_KEYS and not key.startswith("HTTP_SEC_")
            for key in environ
        )
    )
