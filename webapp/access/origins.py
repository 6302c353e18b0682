"""Access control: hosts, proxies, HTTPS, other sites' pages, and the machine's own requests."""

import functools
import hmac
import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask, Request, Response, current_app, redirect, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import MapAdapter
from werkzeug.sansio.utils import get_current_url
from werkzeug.wrappers import Response as BaseResponse

from ..config import ConfigError, Settings
from ..problems import ProblemError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

PROBES = {"/healthz", "/readyz", "/metrics"}
"""What is asked for from inside, over plain HTTP."""

AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z_.-]+)(?::([0-9]{0,5}))?")
"""Characters of a host and its port: those of DNS names and of IP addresses.

RFC 3986, 3.2.2, allows more in a name, but no DNS name has them; the underscore is there for names
in networks of containers.
"""

MAX_NAME = 253
"""Characters of a host name (RFC 1035, 2.3.4: 255 octets, of which two are no characters)."""

MAX_LABEL = 63
"""Characters of each part of a host name between dots (RFC 1035, 2.3.4)."""

MAX_PORT = 65535

DEFAULT_PORTS = {"http": "80", "https": "443"}
"""Left out of a URL (RFC 9110, 4.2.3)."""

SHOWN_CHARACTERS = 100
"""How much of a malformed value an error repeats, in characters."""

ABSOLUTE_TARGET = re.compile(r"[A-Za-z][0-9A-Za-z+.-]*://([^/?#]*)")
"""A request target with a host of its own, which counts instead of Host (RFC 9112, 3.2.2)."""

ORIGIN = re.compile(r"([A-Za-z][0-9A-Za-z+.-]*)://(.+)")
"""The scheme, and the host and port, of an Origin header that is not `null` (RFC 6454, 6.2)."""

HOST_FAULT = "inkling.host_fault"
"""Key in the WSGI environment: what is wrong with the request's host."""

NO_HOST = "malformed.invalid"
"""Stands for a malformed host while the refusal is made; nobody has this name (RFC 2606, 2)."""

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
    "x-request-id",  # a client may name its request
    "x-prometheus-scrape-timeout-seconds",  # Prometheus says it when it asks for /metrics
}
"""Header fields that clients send themselves, in small letters; `sec-…` are further ones.

Proxies add many others (`X-Forwarded-For`, `X-Client-IP`, `CF-Connecting-IP`, `True-Client-IP`,
`CDN-Loop`, `Via` and what the next one invents), so every field that is not here is taken for one
of a proxy.
"""

_CLIENT_KEYS = {f"HTTP_{name.upper().replace('-', '_')}" for name in CLIENT_FIELDS}
"""The same as keys of the WSGI environment, in which each request is looked at."""

PREFLIGHT_SECONDS = 7200
"""How long a browser may remember what another origin may do; more is cut to this by Chromium."""


def init_app(app: Flask) -> None:
    """Refuse malformed and other hosts, plain HTTP where HTTPS is set, and other sites' pages.

    Raises:
        ConfigError: INKLING_HOSTS has a malformed name.
    """
    settings: Settings = app.config["SETTINGS"]
    _check_hosts_of(app)
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.before_request(_refuse_malformed_host)
    if settings.hosts:
        app.extensions["hosts"] = parse_hosts(settings.hosts)
        app.before_request(_refuse_other_hosts)
    if settings.https:
        app.before_request(_to_https)
    app.before_request(_refuse_other_sites)
    app.after_request(_allow_origins)


class Authority(NamedTuple):
    """A host and a port in their normal form: small letters, no dot at the end, no default port."""

    name: str
    port: str

    def __str__(self) -> str:
        """As in a URL."""
        return f"{self.name}:{self.port}" if self.port else self.name


@functools.lru_cache(maxsize=1024)  # a site has few names
def parse_authority(text: str, scheme: str = "") -> Authority | None:
    """The host and port of a URL of this scheme, or None if they are malformed.

    `Ink.Example.:080` is `ink.example` under `http`, and `ink.example:80` where no scheme is given;
    `[0::1]` is `[::1]`.
    """
    match = AUTHORITY.fullmatch(text)
    if match is None:
        return None
    name, port = match[1].lower(), match[2] or ""
    if port:
        if not 1 <= int(port) <= MAX_PORT:
            return None
        port = str(int(port))
        if port == DEFAULT_PORTS.get(scheme):
            port = ""
    if name.startswith("["):
        try:
            return Authority(f"[{ipaddress.IPv6Address(name[1:-1])}]", port)
        except ValueError:
            return None
    name = name.removesuffix(".")
    if len(name) > MAX_NAME or not all(1 <= len(label) <= MAX_LABEL for label in name.split(".")):
        return None
    return Authority(name, port)


def parse_hosts(setting: str) -> frozenset[str]:
    """The names of INKLING_HOSTS in their normal form.

    One that starts with a dot stands for itself and for all names below it; those are the entries
    that start with a dot here.

    Raises:
        ConfigError: a name is malformed.
    """
    names = set()
    for given in setting.split(","):
        name = given.strip()
        if not name:
            continue
        below = name.startswith(".")
        try:
            host = parse_authority(name.removeprefix(".").encode("idna").decode("ascii"))
        except UnicodeError:  # a label is empty, too long, or of characters that names cannot have
            host = None
        if host is None:
            raise ConfigError(
                f"INKLING_HOSTS is {setting!r}: {given!r} is malformed; expected host names of at "
                f"most {MAX_NAME} characters and {MAX_LABEL} in each label, with commas"
            )
        names.add(host.name)
        if below:
            names.add(f".{host.name}")
    return frozenset(names)


def is_loopback_name(name: str) -> bool:
    """Whether a host in its normal form is `localhost`, below it, or a loopback address.

    Names below `localhost` are this machine's, too (RFC 6761, 6.3).
    """
    return f".{name}".endswith(".localhost") or _is_loopback_address(name.strip("[]"))


@functools.lru_cache(maxsize=1024)  # of which are few; others are asked about once
def _is_loopback_address(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    # On a socket for both, IPv4 clients have IPv6 addresses (RFC 4291, 2.5.5.2).
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def _check_hosts_of(app: Flask) -> None:
    """Check each request's host before Flask sees it, which fails on some that are malformed."""
    inner = app.wsgi_app

    def checked(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        _check_host(environ)
        return inner(environ, start_response)

    app.wsgi_app = checked  # type: ignore[method-assign]
    create = app.create_url_adapter

    def adapter(request: Request | None) -> MapAdapter | None:
        made = create(request)
        if made is not None and request is not None and not request.host:
            # Werkzeug takes a host with an underscore for none, and would redirect to nowhere.
            request.host = made.server_name = request.environ.get("HTTP_HOST", "")
        return made

    app.create_url_adapter = adapter  # type: ignore[method-assign]


def _check_host(environ: dict[str, Any]) -> None:
    """Put the host's normal form in its place, or a harmless name and what is wrong."""
    given = environ.get("HTTP_HOST")
    if given is None:
        if environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
            return
        environ[HOST_FAULT] = "The request has no Host header, which HTTP/1.1 needs."
    target = ABSOLUTE_TARGET.match(environ.get("RAW_URI", ""))
    for value in (given, target and target[1]):
        if value is None:
            continue
        host = parse_authority(value, environ["wsgi.url_scheme"])
        if host is None:
            environ[HOST_FAULT] = (
                f"The host is {value[:SHOWN_CHARACTERS]!r}; it must be a name of at most "
                f"{MAX_NAME} characters and {MAX_LABEL} in each label, or an IP address, and may "
                f"have a port from 1 to {MAX_PORT}."
            )
            break
        environ["HTTP_HOST"] = str(host)
    if HOST_FAULT in environ:
        environ["HTTP_HOST"] = NO_HOST


def _refuse_malformed_host() -> None:
    """Answer 400 (RFC 9112, 3.2) in the form of the place.

    Raises:
        ProblemError: 400.
    """
    fault = request.environ.get(HOST_FAULT)
    if fault is not None:
        raise ProblemError(400, fault)


def _refuse_other_hosts() -> None:
    """Not Flask's TRUSTED_HOSTS: its refusal comes when no page can be made any more.

    Raises:
        ProblemError: 400.
    """
    names: frozenset[str] = current_app.extensions["hosts"]
    host = parse_authority(request.host)
    if host is not None:
        labels = host.name.split(".")
        above = {"." + ".".join(labels[i:]) for i in range(1, len(labels))}
        if host.name in names or is_loopback_name(host.name) or names & above:
            return
    raise ProblemError(400, "This site does not go by that name.")


def _to_https() -> BaseResponse | None:
    if request.is_secure or request.path in PROBES:
        return None
    if request.method not in SAFE_METHODS:
        # What was sent has been readable already; a redirect would only hide that.
        raise ProblemError(403, "This site is used over HTTPS only.")
    # Not request.url, whose scheme may be whatever a proxy passed on.
    url = get_current_url(
        "https", request.host, request.root_path, request.path, request.query_string
    )
    return redirect(url, 308)


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
    host = None if origin is None else _host_of(origin)
    if site in ("same-origin", "none"):
        return
    if site is None and (origin is None or host == request.host):
        return
    if _is_api() and origin is not None and _allowed(origin):
        return
    raise ProblemError(403, "Pages of other sites may not send anything here.")


def _host_of(origin: str) -> str | None:
    """Host and port of an Origin header, in their normal form; None for `null`.

    Raises:
        ProblemError: 403, it is malformed.
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
    """Whether this request is made on this machine itself, or brings the operator's token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.metrics_token and scheme.lower() == "bearer":
        return hmac.compare_digest(token.encode(), settings.metrics_token.encode())
    return is_local(request)


def is_local(request: Request) -> bool:
    """Whether a request is made on this machine itself, without a proxy in between.

    True only if all of this holds; whatever is not known makes it False:

    - the peer has a loopback address;
    - the host that is asked for is a loopback name or address;
    - the request is HTTP/1.1: nginx passes requests on as HTTP/1.0 unless it is told otherwise;
    - it has no header field but those that clients send (`CLIENT_FIELDS`, and `Sec-…`).

    One thing cannot be seen here: a proxy on this machine that speaks HTTP/1.1, asks for a loopback
    name and adds no field. A proxy has to add at least `X-Forwarded-For`.
    """
    environ = request.environ
    if not _is_loopback_address(request.remote_addr or ""):
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
