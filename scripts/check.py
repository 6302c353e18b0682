"""`make check URL=…`: a smoke test of a deployed site, with the standard library alone.

It prints a line per check and exits with status 1 if one fails.
"""

import http.client
import json
import sys
import time
import zlib
from collections.abc import Callable
from struct import pack
from urllib.parse import urlsplit

SECONDS = 30
"""Longest wait for an answer, in seconds: a sleeping dyno has to start first."""

SEVEN = {"strokes": [{"x": [80, 200, 130], "y": [60, 60, 240]}]}

HEADERS = (
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
)

Answer = tuple[int, http.client.HTTPMessage, bytes]


class Site:
    """The site to check."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            sys.exit(f"error: URL is {url!r}; expected one like https://inkling.example")
        self.secure = parts.scheme == "https"
        self.netloc = parts.netloc

    def ask(
        self, method: str, path: str, body: bytes = b"", kind: str = "", **headers: str
    ) -> Answer:
        """Send a request and return the answer's status, headers and body."""
        secure = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = secure(self.netloc, timeout=SECONDS)
        try:
            if kind:
                headers["Content-Type"] = kind
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


def png() -> bytes:
    """Return a PNG of a seven in thick strokes, 28 by 28, dark on light."""
    rows = []
    for y in range(28):
        bar = range(7, 21) if 5 <= y < 8 else ()
        stem = range(19 - (y - 5) // 2 - 1, 19 - (y - 5) // 2 + 2) if 7 <= y < 24 else ()
        rows.append(b"\0" + bytes(0 if x in bar or x in stem else 255 for x in range(28)))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    head = pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(rows))
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def lives(site: Site) -> str:
    """Check that the site lives and can read."""
    for path in ("/healthz", "/readyz"):
        status, _, _ = site.ask("GET", path)
        assert status == 200, f"GET {path}: {status}"
    return "lives, and is ready"


def shows_the_page(site: Site) -> str:
    """Check the page, its files and its headers."""
    status, headers, body = site.ask("GET", "/")
    assert status == 200, f"GET /: {status}"
    missing = [name for name in HEADERS if name not in headers]
    assert not missing, f"GET / has no {', '.join(missing)}"
    assert "unsafe" not in headers["Content-Security-Policy"], "an unsafe Content-Security-Policy"
    if site.secure:
        assert "Strict-Transport-Security" in headers, "no Strict-Transport-Security over HTTPS"
    text = body.decode()
    links = {part.split('"')[0] for part in text.split('="')[1:] if part.startswith("/static/")}
    assert links, "the page loads nothing"
    for link in sorted(links):
        status, headers, _ = site.ask("GET", link)
        assert status == 200, f"GET {link}: {status}"
        assert "immutable" in headers["Cache-Control"], f"{link} may not be kept"
    return f"shows the page and its {len(links)} files, with all headers"


def reads_a_drawing(site: Site) -> str:
    """Check that a drawn seven is read."""
    body = json.dumps(SEVEN | {"expect": "digit"}).encode()
    start = time.perf_counter()
    status, headers, answer = site.ask("POST", "/api/v1/predict/strokes", body, "application/json")
    took = 1000 * (time.perf_counter() - start)
    assert status == 200, f"a drawing: {status} {answer[:200]!r}"
    document = json.loads(answer)
    assert document["text"] == "7", f"a drawn 7 was read as {document['text']!r}"
    assert headers["X-Request-Id"] == document["request_id"], "the request's names differ"
    model = document["model"]
    return f"reads a drawn 7 ({took:.0f} ms, model {model['name']} {model['version']})"


def reads_a_picture(site: Site) -> str:
    """Check that a seven in a picture is read."""
    path = "/api/v1/predict/image?expect=digit"
    status, _, answer = site.ask("POST", path, png(), "image/png")
    assert status == 200, f"a picture: {status} {answer[:200]!r}"
    document = json.loads(answer)
    assert document["text"] == "7", f"a 7 in a picture was read as {document['text']!r}"
    return "reads a 7 in a picture"


def refuses(site: Site) -> str:
    """Check that malformed, unknown and cross-site requests are refused."""
    cases: tuple[tuple[int, str, str, bytes, str, dict[str, str]], ...] = (
        (400, "POST", "/api/v1/predict/strokes", b"{", "application/json", {}),
        (415, "POST", "/api/v1/predict/image", b"GIF89a", "image/png", {}),
        (404, "GET", "/api/v1/nothing", b"", "", {}),
        (405, "GET", "/api/v1/predict/strokes", b"", "", {}),
        (
            403,
            "POST",
            "/api/v1/predict/strokes",
            json.dumps(SEVEN).encode(),
            "application/json",
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.invalid"},
        ),
    )
    for expected, method, path, body, kind, more in cases:
        status, headers, _ = site.ask(method, path, body, kind, **more)
        assert status == expected, f"{method} {path}: {status}, not {expected}"
        found = headers["Content-Type"]
        assert found == "application/problem+json", f"{method} {path}: {found}, no problem document"
    return "refuses what it should, with problem documents"


def hides_metrics(site: Site) -> str:
    """Check that /metrics is hidden from other machines."""
    if site.netloc.partition(":")[0] in ("127.0.0.1", "localhost", "[::1]"):
        return "metrics: not looked at, as this comes from the machine itself"
    status, _, _ = site.ask("GET", "/metrics")
    assert status == 404, f"GET /metrics from outside: {status}"
    return "hides its metrics"


def sends_to_https(site: Site) -> str:
    """Check that plain HTTP redirects to HTTPS."""
    if not site.secure:
        return "HTTPS: not looked at, as the URL has none"
    plain = http.client.HTTPConnection(site.netloc, timeout=SECONDS)
    plain.request("GET", "/")
    response = plain.getresponse()
    target = response.headers["Location"] or ""
    plain.close()
    assert response.status in (301, 308), f"http:// answers {response.status}, no redirect"
    assert target.startswith(f"https://{site.netloc}"), f"http:// leads to {target}"
    return "sends http:// to https://"


CHECKS: tuple[Callable[[Site], str], ...] = (
    lives,
    shows_the_page,
    reads_a_drawing,
    reads_a_picture,
    refuses,
    hides_metrics,
    sends_to_https,
)


def main() -> None:
    """Check the site at the URL in the first argument."""
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("usage: make check URL=https://inkling.example")
    site = Site(sys.argv[1])
    failed = 0
    for check in CHECKS:
        try:
            print(f"ok    {check(site)}")
        except (AssertionError, OSError, http.client.HTTPException, ValueError) as error:
            failed += 1
            print(f"FAILS {check.__name__.replace('_', ' ')}: {error}")
    if failed:
        sys.exit(f"{failed} of {len(CHECKS)} checks failed")


if __name__ == "__main__":
    main()
