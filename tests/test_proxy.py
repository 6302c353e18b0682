"""The shipped configuration of the reverse proxy, with a real nginx in front of a real gunicorn."""

import http.client
import http.server
import json
import select
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from support.server import HOST, ROOT, free_port, started
from tests import services
from tests.load import Load
from tests.test_chaos import (
    SLOW_BODY,
    SLOW_HEAD,
    get,
    noise_photo,
    port_of,
    post,
    slow_clients,
)
from tests.test_server import DRAWING, IMAGE, JSON, STROKES, head

NGINX = services.find(("nginx",))

pytestmark = pytest.mark.skipif(
    NGINX is None, reason="there is no nginx here, and none could be installed"
)


@contextmanager
def proxy(app_port: int, folder, *changes):
    """Run nginx with the shipped configuration and some changes. Yield its port."""
    port = free_port()
    config = (ROOT / "deploy/nginx.conf").read_text()
    for shipped, here in (
        ("server app:8000;", f"server {HOST}:{app_port};"),
        ("listen 8080;", f"listen {HOST}:{port};"),
        ("/tmp/", f"{folder}/"),  # noqa: S108
        ("/dev/stdout", f"{folder}/access.log"),
        *changes,
    ):
        assert shipped in config
        config = config.replace(shipped, here)
    with nginx(config, port, folder):
        yield port


@contextmanager
def nginx(config: str, port: int, folder):
    """Run nginx on a port until the block ends."""
    path = folder / "nginx.conf"
    path.write_text(config)
    # As the current user, because nginx would become nobody, who may not write to the test's
    # folder.
    with (folder / "error.log").open("w") as errors:
        process = subprocess.Popen(
            [NGINX, "-e", "stderr", "-c", str(path), "-g", "daemon off; user root;"], stderr=errors
        )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                assert get(port, "/healthz")[0] == 200
                break
            except OSError:
                assert process.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """The ports of the proxy and of the site behind it, with one worker of few threads."""
    settings = {"WEB_CONCURRENCY": "1", "INKLING_PROXIES": "1", "INKLING_RATE_LIMIT": "100000/hour"}
    with (
        started(**settings) as (url, _),
        proxy(port_of(url), tmp_path_factory.mktemp("nginx")) as port,
    ):
        yield port, port_of(url)


def reads(port: int) -> None:
    """Check that a digit is read."""
    status, answer = post(port, STROKES, DRAWING, JSON)
    assert (status, answer["text"]) == (200, "3")


def test_it_reads_through_the_proxy(ports):
    """Drawings, and photos larger than the proxy's memory, are read through the proxy."""
    port, _ = ports
    reads(port)
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.request("POST", IMAGE, noise_photo(), {"Content-Type": "image/jpeg"})
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("sent", [SLOW_BODY, SLOW_HEAD, b""], ids=["body", "head", "nothing"])
def test_20_slow_clients_keep_nobody_waiting(ports, sent):
    """20 slow clients occupy the proxy, not the site, and others are answered."""
    port, _ = ports
    with slow_clients(port, 20, sent):
        time.sleep(0.5)
        for _ in range(5):
            start = time.monotonic()
            reads(port)
            assert time.monotonic() - start < 1
            assert get(port, "/healthz")[2] < 1


def test_a_slow_client_is_cut_off(ports):
    """A client that sends no byte for ten seconds is disconnected."""
    port, _ = ports
    with slow_clients(port, 1, SLOW_BODY) as [connection]:
        connection.settimeout(20)
        start = time.monotonic()
        try:
            answer = connection.recv(1000)
        except ConnectionError:
            answer = b""
        assert time.monotonic() - start < 15
        assert not answer or b" 408 " in answer


def test_the_site_sees_the_client_and_not_what_it_pretends(ports):
    """The site sees the client's address, and not its X-Forwarded-* headers."""
    port, _ = ports
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    forged = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    connection.request("GET", "/", headers=forged)
    response = connection.getresponse()
    response.read()
    assert "Strict-Transport-Security" not in response.headers
    connection.close()


def test_metrics_do_not_pass(ports):
    """The proxy does not pass /metrics, and the site would not answer it through a proxy."""
    port, app_port = ports
    assert get(port, "/metrics")[0] == 404
    assert get(app_port, "/metrics")[0] == 200
    connection = http.client.HTTPConnection(HOST, app_port, timeout=20)
    connection.request("GET", "/metrics", headers={"X-Forwarded-For": HOST})
    assert connection.getresponse().status == 404
    connection.close()


LOCAL_PROXY = """
pid {folder}/nginx.pid;
error_log stderr crit;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/client_body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {host}:{port};
        location / {{
            proxy_pass http://{host}:{app_port};
            {added}
        }}
    }}
}}
"""
"""A proxy that an operator might configure on the machine itself."""


@pytest.mark.parametrize(
    "added",
    [
        "proxy_http_version 1.0;",
        "proxy_http_version 1.1; proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_http_version 1.1; proxy_set_header X-Client-IP $remote_addr;",
        "proxy_http_version 1.1; proxy_set_header CF-Connecting-IP $remote_addr;",
        "proxy_http_version 1.1; proxy_set_header Host ink.example;",
    ],
    ids=["nothing", "X-Forwarded-Proto", "X-Client-IP", "CF-Connecting-IP", "Host"],
)
def test_no_local_proxy_opens_metrics(ports, tmp_path, added):
    """Requests through any local proxy are not local."""
    port, app_port = free_port(), ports[1]
    config = LOCAL_PROXY.format(
        folder=tmp_path, host=HOST, port=port, app_port=app_port, added=added
    )
    with nginx(config, port, tmp_path):
        assert get(port, "/metrics")[0] == 404
    assert get(app_port, "/metrics")[0] == 200


def sent(port: int, *lines: bytes) -> int:
    """Return the status for a head of these lines."""
    with socket.create_connection((HOST, port), timeout=30) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("host", [b"", b"a b", b"a..b", b"[::1", b"a:b:1", b"\xe9", b"a" * 64])
def test_a_malformed_host_is_refused_behind_the_proxy(ports, host):
    """A malformed host gets 400 from the proxy or the site, and never causes a failure."""
    assert sent(ports[0], b"GET / HTTP/1.1", b"Host: " + host) == 400


def test_a_host_is_needed_by_http_1_1_alone(ports):
    """HTTP/1.1 requires a host. For HTTP/1.0 without one, the proxy sends its own name."""
    port, _ = ports
    assert sent(port, b"GET / HTTP/1.0") == 200
    assert sent(port, b"GET / HTTP/1.1") == 400
    assert sent(port, b"GET / HTTP/1.1", b"Host: a", b"Host: b") == 400


LARGE_HEADS = [
    head(IMAGE, "image/png", "Content-Length: 12000000"),
    head(IMAGE, "image/png", "Transfer-Encoding: chunked"),
]


@pytest.mark.parametrize("start", LARGE_HEADS, ids=["length", "chunks"])
def test_one_client_does_not_fill_the_proxys_memory(ports, start):
    """One client has at most eight large bodies in /tmp, and small requests are answered."""
    port, _ = ports
    with slow_clients(port, 9, start) as connections:
        # Which one is refused depends on nginx's workers. It waits for the others for 10 s.
        answered, _, _ = select.select(connections, [], [], 9)
        assert answered
        assert all(b" 503 " in connection.recv(1000) for connection in answered)
        reads(port)


class Hanging(http.server.BaseHTTPRequestHandler):
    """A site that is alive and never answers a POST."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Answer that it is alive."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        """Wait for the end of the test."""
        self.server.posted.append(self.path)
        self.server.over.wait(60)
        self.close_connection = True

    def log_message(self, *_):
        """Log nothing."""


def test_the_proxy_gives_up_on_a_site_that_hangs(tmp_path):
    """If the site hangs, the proxy answers 504 after its timeout and does not retry."""
    site = http.server.ThreadingHTTPServer((HOST, 0), Hanging)
    site.posted, site.over = [], threading.Event()
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    try:
        shorter = ("proxy_read_timeout 35s;", "proxy_read_timeout 1s;")
        with proxy(site.server_port, tmp_path, shorter) as port:
            connection = http.client.HTTPConnection(HOST, port, timeout=30)
            connection.request("POST", STROKES, DRAWING, {"Content-Type": JSON})
            assert connection.getresponse().status == 504
            connection.close()
    finally:
        site.over.set()
        site.shutdown()
        thread.join()
        site.server_close()
    assert site.posted == [STROKES]


def test_a_body_over_the_limit_is_refused_by_either(ports):
    """A body over the limit gets 413 from the proxy or the site."""
    port, _ = ports
    for size in (12 * 1024 * 1024 + 1, 14 * 1024 * 1024):
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        with suppress(BrokenPipeError):  # the server may answer before it has the whole body
            connection.request("POST", IMAGE, bytes(size), {"Content-Type": "image/png"})
        assert connection.getresponse().status == 413
        connection.close()


def test_load_passes(ports):
    """Under load, connections to the site are kept alive, and no request is lost."""
    port, _ = ports
    with Load(port, STROKES, DRAWING, clients=4) as load:
        deadline = time.monotonic() + 30
        while load.statuses()[200] < 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert load.statuses().keys() <= {200, 503}


def test_the_name_of_a_request_passes(ports):
    """The proxy passes the id of a request, and it comes back."""
    port, _ = ports
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    headers = {"X-Request-Id": "my-name", "Content-Type": JSON}
    connection.request("POST", STROKES, DRAWING, headers)
    response = connection.getresponse()
    assert json.loads(response.read())["request_id"] == "my-name"
    connection.close()
