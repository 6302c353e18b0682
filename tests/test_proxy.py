"""The shipped reverse proxy setting, under a real nginx before a real gunicorn."""

import http.client
import json
import subprocess
import time
from contextlib import contextmanager, suppress

import pytest

from tests import services
from tests.load import Load
from tests.server import HOST, ROOT, free_port, started
from tests.test_chaos import (
    SLOW_BODY,
    SLOW_HEAD,
    get,
    noise_photo,
    port_of,
    post,
    slow_clients,
)
from tests.test_server import DRAWING, IMAGE, JSON, STROKES

NGINX = services.find(("nginx",))

pytestmark = pytest.mark.skipif(
    NGINX is None, reason="there is no nginx here, and none could be installed"
)


@contextmanager
def proxy(app_port: int, folder):
    """Nginx as shipped, but for addresses, until the block ends: its port."""
    port = free_port()
    config = (ROOT / "deploy/nginx.conf").read_text()
    for shipped, here in (
        ("server app:8000;", f"server {HOST}:{app_port};"),
        ("listen 8080;", f"listen {HOST}:{port};"),
        ("/tmp/", f"{folder}/"),  # noqa: S108
        ("/dev/stdout", f"{folder}/access.log"),
    ):
        assert shipped in config
        config = config.replace(shipped, here)
    path = folder / "nginx.conf"
    path.write_text(config)
    # As the user who runs this: nginx would become nobody, who may not write to the test's folder.
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
        yield port
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """The ports of the proxy and of the site behind it, a worker of few threads."""
    settings = {"WEB_CONCURRENCY": "1", "INKLING_PROXIES": "1", "INKLING_RATE_LIMIT": "100000/hour"}
    with (
        started(**settings) as (url, _),
        proxy(port_of(url), tmp_path_factory.mktemp("nginx")) as port,
    ):
        yield port, port_of(url)


def reads(port: int) -> None:
    """A digit is read."""
    status, answer = post(port, STROKES, DRAWING, JSON)
    assert (status, answer["text"]) == (200, "3")


def test_it_reads_through_the_proxy(ports):
    """Drawings, and photos that do not fit the proxy's memory."""
    port, _ = ports
    reads(port)
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.request("POST", IMAGE, noise_photo(), {"Content-Type": "image/jpeg"})
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("sent", [SLOW_BODY, SLOW_HEAD, b""], ids=["body", "head", "nothing"])
def test_20_slow_clients_keep_nobody_waiting(ports, sent):
    """The proxy waits for them; the site never hears of them."""
    port, _ = ports
    with slow_clients(port, 20, sent):
        time.sleep(0.5)
        for _ in range(5):
            start = time.monotonic()
            reads(port)
            assert time.monotonic() - start < 1
            assert get(port, "/healthz")[2] < 1


def test_a_slow_client_is_cut_off(ports):
    """After ten seconds without a byte."""
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
    """What a client sends of X-Forwarded-* does not pass."""
    port, _ = ports
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    forged = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    connection.request("GET", "/", headers=forged)
    response = connection.getresponse()
    response.read()
    assert "Strict-Transport-Security" not in response.headers
    connection.close()


def test_metrics_do_not_pass(ports):
    """Neither by the proxy nor, were it not there, by the site: what is passed on is not local."""
    port, app_port = ports
    assert get(port, "/metrics")[0] == 404
    assert get(app_port, "/metrics")[0] == 200
    connection = http.client.HTTPConnection(HOST, app_port, timeout=20)
    connection.request("GET", "/metrics", headers={"X-Forwarded-For": HOST})
    assert connection.getresponse().status == 404
    connection.close()


def test_a_body_over_the_limit_is_refused_by_either(ports):
    """413 from whoever sees it first."""
    port, _ = ports
    for size in (12 * 1024 * 1024 + 1, 14 * 1024 * 1024):
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        with suppress(BrokenPipeError):  # it may have answered before it had all
            connection.request("POST", IMAGE, bytes(size), {"Content-Type": "image/png"})
        assert connection.getresponse().status == 413
        connection.close()


def test_load_passes(ports):
    """Connections to the site are kept, and nothing is lost."""
    port, _ = ports
    with Load(port, STROKES, DRAWING, clients=4) as load:
        deadline = time.monotonic() + 30
        while load.statuses()[200] < 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert load.statuses().keys() <= {200, 503}


def test_the_name_of_a_request_passes(ports):
    """And comes back."""
    port, _ = ports
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    headers = {"X-Request-Id": "my-name", "Content-Type": JSON}
    connection.request("POST", STROKES, DRAWING, headers)
    response = connection.getresponse()
    assert json.loads(response.read())["request_id"] == "my-name"
    connection.close()
