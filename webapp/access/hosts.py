"""Hosts: the names that a request asks for, in their normal form."""

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

HOST_FAULT = "inkling.host_fault"
"""Key in the WSGI environment: what is wrong with the request's host."""

NO_HOST = "malformed.invalid"
"""Stands for a malformed host while the refusal is made; nobody has this name (RFC 2606, 2)."""


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
    return f".{name}".endswith(".localhost") or is_loopback_address(name.strip("[]"))


@functools.lru_cache(maxsize=1024)  # of which are few; others are asked about once
def is_loopback_address(address: str) -> bool:
    """Whether an address is of this machine; of IPv6, also one that stands for such an IPv4 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    # On a socket for both, IPv4 clients have IPv6 addresses (RFC 4291, 2.5.5.2).
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def check_hosts_of(app: Flask) -> None:
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


def refuse_malformed_host() -> None:
    """Answer 400 (RFC 9112, 3.2) in the form of the place.

    Raises:
        ProblemError: 400.
    """
    fault = request.environ.get(HOST_FAULT)
    if fault is not None:
        raise ProblemError(400, fault)


def refuse_other_hosts() -> None:
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
