"""Hosts: parsing, normalising and checking the host of a request."""

import functools
import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask, Request, current_app, request
from werkzeug.routing import MapAdapter

from ..config import ConfigError
from ..problems import ProblemError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z_.-]+)(?::([0-9]{0,5}))?")
"""Host and port, in the characters of DNS names and IP addresses.

RFC 3986, 3.2.2, allows more characters in a name, but DNS names do not have them. The underscore
allows names in container networks.
"""

MAX_NAME = 253
"""Longest host name, in characters (RFC 1035, 2.3.4: 255 octets, two of which are not
characters)."""

MAX_LABEL = 63
"""Longest label of a host name, in characters (RFC 1035, 2.3.4)."""

MAX_PORT = 65535

DEFAULT_PORTS = {"http": "80", "https": "443"}
"""Ports that URLs omit (RFC 9110, 4.2.3)."""

SHOWN_CHARACTERS = 100
"""Longest excerpt of a malformed value in an error, in characters."""

ABSOLUTE_TARGET = re.compile(r"[A-Za-z][0-9A-Za-z+.-]*://([^/?#]*)")
"""A request target with its own host, which replaces the Host header (RFC 9112, 3.2.2)."""

HOST_FAULT = "inkling.host_fault"
"""Key in the WSGI environment of the error in the request's host."""

NO_HOST = "malformed.invalid"
"""Placeholder for a malformed host while the 400 is made. Reserved, so no site has it (RFC 2606,
2)."""


class Authority(NamedTuple):
    """A host and a port in normal form: lower case, no final dot, no default port."""

    name: str
    port: str

    def __str__(self) -> str:
        """Return the form used in URLs."""
        return f"{self.name}:{self.port}" if self.port else self.name


@functools.lru_cache(maxsize=1024)  # a site has few names
def parse_authority(text: str, scheme: str = "") -> Authority | None:
    """Return the host and port of a URL of this scheme, or None if they are malformed.

    `Ink.Example.:080` is `ink.example` under `http`, and `ink.example:80` without a scheme.
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
    """Return the names of INKLING_HOSTS in normal form.

    A name with a leading dot matches itself and all its subdomains. The result has an entry for
    each: the name, and the name with the dot.

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
        except UnicodeError:  # a label is empty, too long, or has invalid characters
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
    """Return whether a host in normal form is `localhost`, below it, or a loopback address.

    Names below `localhost` are loopback names, too (RFC 6761, 6.3).
    """
    return f".{name}".endswith(".localhost") or is_loopback_address(name.strip("[]"))


@functools.lru_cache(maxsize=1024)  # few are loopback; others are looked up once
def is_loopback_address(address: str) -> bool:
    """Return whether an address is a loopback address, or an IPv6 address mapped from one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    # Dual-stack sockets give IPv4 clients IPv6 addresses (RFC 4291, 2.5.5.2).
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def check_hosts_of(app: Flask) -> None:
    """Check each request's host before Flask, which fails on some malformed hosts."""
    inner = app.wsgi_app

    def checked(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        _check_host(environ)
        return inner(environ, start_response)

    app.wsgi_app = checked  # type: ignore[method-assign]
    create = app.create_url_adapter

    def adapter(request: Request | None) -> MapAdapter | None:
        made = create(request)
        if made is not None and request is not None and not request.host:
            # Werkzeug drops a host with an underscore, and its redirects would lead nowhere.
            request.host = made.server_name = request.environ.get("HTTP_HOST", "")
        return made

    app.create_url_adapter = adapter  # type: ignore[method-assign]


def _check_host(environ: dict[str, Any]) -> None:
    """Replace the host by its normal form, or by a placeholder and an error."""
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


def refuse_malformed_host() -> None:
    """Refuse a malformed host with 400 (RFC 9112, 3.2).

    Raises:
        ProblemError: 400.
    """
    fault = request.environ.get(HOST_FAULT)
    if fault is not None:
        raise ProblemError(400, fault)


def refuse_other_hosts() -> None:
    """Refuse hosts that are not in INKLING_HOSTS.

    Flask's TRUSTED_HOSTS refuses them too late to render an error page.

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
    raise ProblemError(400, "This host is not a name of this site.")
