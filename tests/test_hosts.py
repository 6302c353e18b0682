"""Host validation, in the application and behind a real gunicorn."""

import http.client
import json
import socket

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from support import hand
from support.server import HOST, started
from webapp import create_app
from webapp.access.headers import HEADERS
from webapp.access.hosts import parse_authority
from webapp.config import ConfigError, Settings

STROKES = "/api/v1/predict/strokes"

PROBLEM = "application/problem+json"
PAGE = "text/html; charset=utf-8"

MALFORMED = [
    "",
    "a b",
    "a\tb",
    "a/b",
    "a..b",
    ".a",
    ".",
    "a" * 64,
    f"www.{'a' * 64}.example",
    ".".join(["a" * 63] * 4),
    "é",
    "\xc3\xa9.example",
    "%61",
    "user@a",
    "a,b",
    "[",
    "[::1",
    "::1",
    "[::1]a",
    "[1.2.3.4]",
    "[::1%25lo]",
    "[v1.a]",
    "a:b",
    "a:1:2",
    "a:0",
    "a:65536",
    "a:" + "9" * 5000,
    "x" * 300 + "/",
]
"""Hosts that RFC 9110, RFC 3986 or the DNS does not allow, as a server decodes them."""

WELL_FORMED = [
    ("localhost", "localhost"),
    ("Ink.Example.", "ink.example"),
    ("ink.example:80", "ink.example"),
    ("ink.example:", "ink.example"),
    ("ink.example:08080", "ink.example:8080"),
    ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
    ("inkling_app:8000", "inkling_app:8000"),
    ("a" * 63, "a" * 63),
    ("192.0.2.1:8000", "192.0.2.1:8000"),
    ("[0:0::1]:8000", "[::1]:8000"),
]
"""Hosts, and their normal form under http."""


@pytest.mark.parametrize(("host", "normal"), WELL_FORMED)
def test_a_well_formed_host_is_answered(client, host, normal):
    """Equivalent hosts have the same normal form, and without a setting every host is answered."""
    assert str(parse_authority(host, "http")) == normal
    for path in ("/", "/api/v1/model", "/healthz"):
        assert client.get(path, environ_overrides={"HTTP_HOST": host}).status_code == 200


def check_refused(response, kind) -> str:
    """Check a 400 in the format of its address, with all headers. Return its detail."""
    assert response.status_code == 400
    assert response.content_type == kind
    for name, value in HEADERS.items():
        assert response.headers.getlist(name) == [value]
    assert response.headers["X-Request-Id"]
    assert response.headers["Cache-Control"] == "no-store"
    assert "Location" not in response.headers
    if kind == PAGE:
        return response.text
    assert response.json["request_id"] == response.headers["X-Request-Id"]
    return response.json["detail"]


@pytest.mark.parametrize("host", MALFORMED)
@pytest.mark.parametrize(
    ("path", "kind"), [("/", PAGE), ("/nothing", PAGE), ("/healthz", PAGE), (STROKES, PROBLEM)]
)
def test_a_malformed_host_is_refused_not_a_failure(client, path, kind, host):
    """A malformed host gets 400, as a problem under /api and as a page elsewhere, with the rule."""
    for method in ("GET", "POST"):
        response = client.open(path, method=method, environ_overrides={"HTTP_HOST": host})
        assert "253" in check_refused(response, kind)


@pytest.fixture(
    scope="module",
    params=[
        {"proxies": 1},
        {"hosts": "ink.example"},
        {"https": True, "proxies": 1},
        {"cors_origins": "*"},
    ],
    ids="+".join,
)
def site(request):
    """A test client of a site with some settings."""
    return create_app(Settings(**request.param)).test_client()


@pytest.mark.parametrize("host", MALFORMED)
def test_a_malformed_host_is_refused_whatever_is_set(site, host):
    """A malformed host is refused under any settings, before any redirect."""
    for scheme in ("http", "https", "ja va:["):
        headers = {"X-Forwarded-Proto": scheme, "Origin": "https://ink.example"}
        for path, kind in (("/", PAGE), ("/api/v1/model", PROBLEM)):
            environ = {"HTTP_HOST": host}
            check_refused(site.get(path, headers=headers, environ_overrides=environ), kind)


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
def test_a_malformed_host_is_shown_as_text(client, host):
    """The error shows a malformed host as text, and shortens a long one."""
    environ = {"HTTP_HOST": host}
    assert repr(host) in client.get("/api/v1/model", environ_overrides=environ).json["detail"]
    environ = {"HTTP_HOST": "<b>" + "/" * 5000}
    response = client.get("/", environ_overrides=environ)
    assert "<b>" not in response.text
    assert "/" * 200 not in response.text


def answer(app, protocol, host=None, target="/"):
    """Return status and headers for a request with a version of HTTP, with or without a host."""
    environ = EnvironBuilder("/").get_environ()
    environ |= {"SERVER_PROTOCOL": protocol, "RAW_URI": target}
    del environ["HTTP_HOST"]
    if host is not None:
        environ["HTTP_HOST"] = host
    _, status, headers = run_wsgi_app(app, environ)
    return int(status.split()[0]), headers


def test_http_1_1_without_a_host_is_refused(app):
    """HTTP/1.1 without a host is refused (RFC 9112, 3.2), HTTP/1.0 is not."""
    status, headers = answer(app, "HTTP/1.1")
    assert status == 400
    assert headers["X-Request-Id"]
    assert headers["Content-Security-Policy"]
    assert answer(app, "HTTP/1.0")[0] == 200
    assert answer(app, "HTTP/1.0", "a..b")[0] == 400


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://ink.example/", 200),
        ("HTTP://Ink.Example:80/?a=http://b", 200),
        ("http://other.example/", 400),
        ("http://a..b/", 400),
        (f"http://{'a' * 64}/", 400),
        ("http://user@ink.example/", 400),
        ("http:///", 400),
        ("/?a=http://other.example/", 200),
        ("//other.example/", 200),
    ],
)
def test_the_host_of_an_absolute_target_counts(target, status):
    """An absolute target's host overrides Host, which must be valid (RFC 9112, 3.2.2)."""
    site = create_app(Settings(hosts="ink.example"))
    assert answer(site, "HTTP/1.1", "ink.example", target)[0] == status
    assert answer(site, "HTTP/1.1", "a..b", target)[0] == 400
    assert answer(site, "HTTP/1.1", None, target)[0] == 400


# INKLING_HOSTS


@pytest.mark.parametrize(
    "host",
    [
        "INK.example.",
        "ink.example:80",
        "my_app:8000",
        "below.sub.example",
        "a.b.sub.example",
        "sub.example",
        "xn--mnchen-3ya.example",
        "[2001:db8:0::1]:8080",
        "localhost",
        "127.0.0.1:8000",
        "[::1]:8000",
    ],
)
def test_a_name_is_known_however_it_is_written(host):
    """Names match in any case, with a final dot or a port, and a leading dot adds subdomains."""
    names = "Ink.Example, my_app,.sub.example,münchen.example,[2001:DB8::1]"
    site = create_app(Settings(hosts=names)).test_client()
    assert site.get("/healthz", headers={"Host": host}).status_code == 200
    for other in ("www.ink.example", "notsub.example", "example", "192.0.2.1"):
        assert site.get("/healthz", headers={"Host": other}).status_code == 400


@pytest.mark.parametrize("name", ["a..b", "a" * 64, "a b", "https://a.example", "[::1", "*"])
def test_it_rejects_a_setting_with_a_malformed_name(name):
    """A malformed name in the setting stops the start, and the error has the name."""
    with pytest.raises(ConfigError, match="INKLING_HOSTS") as caught:
        create_app(Settings(hosts=f"ink.example,{name}"))
    assert repr(name) in str(caught.value)


# Redirects


@pytest.mark.parametrize(
    ("host", "location"),
    [
        ("ink.example", "https://ink.example/model?a=1"),
        ("Ink.Example.:80", "https://ink.example/model?a=1"),
        ("ink.example:8080", "https://ink.example:8080/model?a=1"),
        ("my_app", "https://my_app/model?a=1"),
        ("[0::1]", "https://[::1]/model?a=1"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", ""])
def test_https_is_at_the_same_host(host, location, scheme):
    """A redirect to HTTPS goes to the host in its normal form."""
    site = create_app(Settings(https=True, proxies=1)).test_client()
    headers = {"Host": host, "X-Forwarded-Proto": scheme}
    response = site.get("/model?a=1", headers=headers)
    assert (response.status_code, response.headers["Location"]) == (308, location)


def test_https_is_the_scheme_whatever_a_proxy_says():
    """An invalid scheme is redirected to HTTPS like plain HTTP."""
    site = create_app(Settings(https=True, proxies=1)).test_client()
    response = site.get("/model", headers={"X-Forwarded-Proto": "ja va:["})
    assert response.headers["Location"] == "https://localhost/model"


def test_a_path_is_put_right_at_the_same_host(client):
    """A path is corrected at the same host, even with an underscore, which Werkzeug rejects."""
    response = client.get("/api//docs", headers={"Host": "my_app:8000"})
    assert response.headers["Location"] == "http://my_app:8000/api/docs"


def test_a_page_of_a_host_with_an_underscore_may_post(client):
    """A page on a host with an underscore is of the same origin."""
    body = {"strokes": hand.columns(3)}
    headers = {"Host": "my_app:8000", "Origin": "http://my_app:8000"}
    assert client.post(STROKES, json=body, headers=headers).status_code == 200


# A real gunicorn


@pytest.fixture(scope="module")
def port():
    """The port of a running site with one worker."""
    with started(WEB_CONCURRENCY="1") as (url, _):
        yield int(url.rpartition(":")[2])


def sent(port: int, *lines: bytes) -> http.client.HTTPResponse:
    """Return the response to a head of these lines, its body read."""
    with socket.create_connection((HOST, port), timeout=30) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.body = response.read()
    return response


def check_ours(response, kind) -> None:
    """Check that a 400 is the site's, not gunicorn's."""
    assert response.status == 400
    assert response.headers["Content-Type"] == kind
    assert response.headers["X-Request-Id"]
    for name, value in HEADERS.items():
        assert response.headers.get_all(name) == [value]
    if kind == PROBLEM:
        assert json.loads(response.body)["status"] == 400


@pytest.mark.parametrize(
    "host", [host for host in MALFORMED if len(host) < 1000], ids=lambda host: repr(host[:20])
)
def test_gunicorn_passes_a_malformed_host_on(port, host):
    """The site itself refuses a malformed host, with its headers."""
    for path, kind in ((b"/", PAGE), (b"/api/v1/model", PROBLEM)):
        head = (b"GET " + path + b" HTTP/1.1", b"Host: " + host.encode("latin-1"))
        check_ours(sent(port, *head), kind)


def test_gunicorn_passes_a_request_without_a_host_on(port):
    """Without a host, HTTP/1.1 is refused and HTTP/1.0 is answered."""
    check_ours(sent(port, b"GET / HTTP/1.1"), PAGE)
    check_ours(sent(port, b"GET /api/v1/model HTTP/1.1"), PROBLEM)
    assert sent(port, b"GET / HTTP/1.0").status == 200
    assert sent(port, b"GET / HTTP/1.0", b"Host: localhost").status == 200


@pytest.mark.parametrize("hosts", [(b"a", b"b"), (b"a", b"a"), (b"", b"a")])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_two_hosts_are_refused(port, hosts, version):
    """Two hosts are refused by gunicorn, because the right one is ambiguous (RFC 9112, 3.2)."""
    response = sent(port, b"GET / HTTP/" + version, *(b"Host: " + host for host in hosts))
    assert response.status == 400


def test_gunicorn_passes_an_absolute_target_on(port):
    """The host of an absolute target is checked behind gunicorn too."""
    assert sent(port, b"GET http://ink.example/ HTTP/1.1", b"Host: localhost").status == 200
    target = b"http://" + b"a" * 64 + b"/"
    check_ours(sent(port, b"GET " + target + b" HTTP/1.1", b"Host: localhost"), PAGE)


@pytest.mark.parametrize("origin", [b"http://[", b"http://a..b", b"\xe9"])
def test_gunicorn_passes_a_malformed_origin_on(port, origin):
    """The site itself refuses a malformed origin, with 403."""
    head = (b"Host: localhost", b"Origin: " + origin, b"Content-Length: 0")
    response = sent(port, b"POST " + STROKES.encode() + b" HTTP/1.1", *head)
    assert response.status == 403
    assert json.loads(response.body)["request_id"] == response.headers["X-Request-Id"]
