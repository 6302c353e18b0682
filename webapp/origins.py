"""Who may ask, and from where: hosts, proxies, HTTPS, other sites' pages, the operator."""

import hmac
import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, redirect, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Response as BaseResponse

from .config import Settings
from .errors import ProblemError

LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]
"""How health checks on the machine itself call the site."""

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

PROBES = {"/healthz", "/readyz", "/metrics"}
"""What is asked for from inside, over plain HTTP."""

FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via")
"""Headers that show that a request came through somebody."""

PREFLIGHT_SECONDS = 7200
"""How long a browser may remember what another origin may do; more is cut to this by Chromium."""


def init_app(app: Flask) -> None:
    """Refuse what is not for this site or comes from a page that may not ask."""
    settings: Settings = app.config["SETTINGS"]
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    if settings.hosts:
        app.before_request(_refuse_other_hosts)
    if settings.https:
        app.before_request(_to_https)
    app.before_request(_refuse_other_sites)
    app.after_request(_allow_origins)


def _refuse_other_hosts() -> None:
    """Not Flask's TRUSTED_HOSTS: its refusal comes when no page can be made any more."""
    settings: Settings = current_app.config["SETTINGS"]
    if not host_is_trusted(request.host, [*settings.hosts.split(","), *LOOPBACK_NAMES]):
        raise ProblemError(400, "This site does not go by that name.")


def _to_https() -> BaseResponse | None:
    if request.is_secure or request.path in PROBES:
        return None
    if request.method not in SAFE_METHODS:
        # What was sent has been readable already; a redirect would only hide that.
        raise ProblemError(403, "This site is used over HTTPS only.")
    return redirect(request.url.replace("http://", "https://", 1), 308)


def _refuse_other_sites() -> None:
    """Only this site's own pages, allowed origins, and what is no browser may post here.

    Nobody is logged in here, so there is nothing to steal; but another site's visitors are not to
    be made to send pictures. Browsers say where a request comes from (Fetch Metadata); older ones
    say at least the origin; programs say neither.

    Raises:
        ProblemError: 403.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site in ("same-origin", "none"):
        return
    own = origin is not None and request.host and urlsplit(origin).netloc == request.host
    if site is None and (origin is None or own):
        return
    if _is_api() and origin is not None and _allowed(origin):
        return
    raise ProblemError(403, "Pages of other sites may not send anything here.")


def _allow_origins(response: Response) -> Response:
    """CORS (Fetch standard): pages of allowed origins may read what the API answers."""
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.cors_origins or not _is_api():
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
    """Whether this request comes from this machine itself, or brings the operator's token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.metrics_token and scheme.lower() == "bearer":
        return hmac.compare_digest(token.encode(), settings.metrics_token.encode())
    # A proxy on this machine makes everybody look local.
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
