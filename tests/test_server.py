"""The real server under malformed input."""

import http.client
import json
import random
import select
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import cv2
import pytest

from support import hand
from support.server import HOST, ROOT, clean_environment, free_port, started, started_by

SERVE = (sys.executable, "-m", "webapp", "serve")

STROKES = "/api/v1/predict/strokes"
IMAGE = "/api/v1/predict/image"
JSON = "application/json"
FORM = "multipart/form-data; boundary=b"

ROUNDS = 20
"""Requests of each malformed kind."""

MEMORY_MIB = 150
"""Largest memory of a worker, in MiB."""

DRAWING = json.dumps({"strokes": hand.columns(3)}).encode()
PNG = hand.png(hand.picture(3))


@pytest.fixture(scope="module")
def server():
    """The port and the first process of a running site."""
    with started() as (url, process):
        yield int(url.rpartition(":")[2]), process


@pytest.fixture(scope="module")
def port(server):
    """The port of a running site."""
    return server[0]


def head(path, kind, *headers, method="POST") -> bytes:
    """Return the head of a request, up to the empty line."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(path, kind, body, method="POST") -> bytes:
    """Return a request with a length."""
    return head(path, kind, f"Content-Length: {len(body)}", method=method) + body


def chunked(path, kind, body) -> bytes:
    """Return a request with a chunked body."""
    return head(path, kind, "Transfer-Encoding: chunked") + body


def chunk(data: bytes) -> bytes:
    """Return a chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def part(name: str, data: bytes, more: str = '; filename="a.png"') -> bytes:
    """Return a part of a form."""
    return (
        f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
        + data
        + b"\r\n"
    )


def exchange(port: int, request: bytes) -> tuple[int, str, bytes]:
    """Send bytes, then shut down sending. Return status, content type and body of the answer."""
    with socket.create_connection((HOST, port), timeout=30) as connection:
        rest = memoryview(request)
        # A server that refuses a request early need not read all of it.
        with suppress(ConnectionError):
            while rest and not select.select([connection], [], [], 0)[0]:
                rest = rest[connection.send(rest[: 64 * 1024]) :]
            if not rest:
                connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, response.headers["Content-Type"], response.read()


def check_reads(port: int) -> None:
    """Check that a digit is read."""
    status, _, body = exchange(port, whole(STROKES, JSON, DRAWING))
    assert (status, json.loads(body)["text"]) == (200, "3")


def check_refused(port: int, request: bytes) -> int:
    """Check that a request is refused with a problem document, and return its status."""
    status, kind, body = exchange(port, request)
    assert 400 <= status < 500, (status, request[:300])
    assert kind == "application/problem+json"
    assert json.loads(body)["status"] == status
    return status


# Malformed requests, one function per kind


def truncated_json(rng):
    """A drawing that is truncated at a random place."""
    return whole(STROKES, JSON, DRAWING[: rng.randrange(len(DRAWING))])


def wrong_types(rng):
    """A drawing with values of other types at random places."""
    value = rng.choice([None, True, "1", {}, [[]], [None], "\0", -1e7, 10**40, ["x"] * 9])
    stroke = {"x": [1, 2], "y": [1, 2], "t": [1, 2], "p": [0, 1]}
    drawing = {"strokes": [stroke], "width": 1, "height": 1, "expect": "digit", "glyphs": True}
    target = rng.choice([stroke, drawing])
    name = rng.choice(["x", "y"] if target is stroke else ["strokes", "expect", "unknown"])
    if value is None and name == "unknown":
        value = 1
    target[name] = value
    return whole(STROKES, JSON, json.dumps(drawing).encode())


def random_bytes(rng):
    """Random bytes, under any content type."""
    path, kind = rng.choice([(STROKES, JSON), (IMAGE, "image/png"), (IMAGE, FORM)])
    return whole(path, kind, rng.randbytes(rng.randrange(1, 3000)))


def nested(rng):
    """Endless brackets."""
    start = rng.choice([b"[", b'{"a":', b'{"strokes":[', b'{"strokes":[{"x":['])
    return whole(STROKES, JSON, start * rng.randrange(50_000, 100_000))


def wrong_length(rng):
    """Less than the announced length."""
    path, kind, body = rng.choice(
        [
            (STROKES, JSON, DRAWING),
            (IMAGE, "image/png", PNG),
            (IMAGE, FORM, part("image", PNG) + b"--b--\r\n"),
        ]
    )
    announced = len(body) + rng.randrange(1, 1000)
    return head(path, kind, f"Content-Length: {announced}") + body


def broken_chunks(rng):
    """Chunks with invalid or wrong sizes."""
    path, kind = rng.choice([(STROKES, JSON), (IMAGE, "image/png"), (IMAGE, FORM)])
    size = rng.randrange(1, 100)
    body = rng.choice(
        [
            b"zz\r\n" + DRAWING,
            b"-5\r\nabcde\r\n0\r\n\r\n",
            b"\r\n\r\n",
            b"%x\r\n" % size + bytes(size + 5),
            chunk(DRAWING),
            chunk(DRAWING) + b"0\r\n",
            b"f" * 17 + b"\r\n" + DRAWING,
            b"5;" + b"e" * 20_000 + b"\r\n",
        ]
    )
    return chunked(path, kind, body)


def over_long_chunks(rng):
    """Endless chunks, one kind of body at a time, above its bound."""
    size = rng.randrange(50_000, 1_000_000)
    count = (5 * 1024 * 1024) // size + 1
    return chunked(STROKES, JSON, chunk(b'{"strokes": []}') + chunk(b" " * size) * count)


def broken_forms(rng):
    """Forms without an end, a name, a file or a boundary."""
    form = part("image", PNG) + b"--b--\r\n"
    return rng.choice(
        [
            whole(IMAGE, FORM, form[: rng.randrange(len(form) - 8)]),
            whole(IMAGE, "multipart/form-data", form),
            whole(IMAGE, "multipart/form-data; boundary=" + "c" * 200, form),
            whole(IMAGE, 'multipart/form-data; boundary="', form),
            whole(IMAGE, FORM, form.replace(b"form-data", b"attachment; x", 1)[10:]),
            whole(IMAGE, FORM, form.replace(b"Content-Disposition", b"Something", 1)),
            whole(IMAGE, FORM, form.replace(b"; name", b"; \xff\xfe", 1)),
            whole(IMAGE, FORM, part("file", PNG) + form[-7:]),
            whole(IMAGE, FORM, part("image", PNG, "") + form[-7:]),
            whole(IMAGE, FORM, part("f", b"x", "") * rng.randrange(17, 500) + form),
            whole(IMAGE, FORM, part("expect", rng.randbytes(9), "") + form),
            whole(IMAGE, FORM, part("image", b"") + form[-7:]),
        ]
    )


def broken_pictures(rng):
    """Pictures that are truncated, or invalid after their first bytes."""
    name = rng.choice([".png", ".jpg", ".webp"])
    _, encoded = cv2.imencode(name, hand.picture(rng.randrange(10)))
    data = encoded.tobytes()
    start = {".png": 8, ".jpg": 3, ".webp": 12}[name]
    broken = rng.choice(
        [
            data[: rng.randrange(1, 100)],
            data[:start] + rng.randbytes(500),
            data[start:],
            bytes([data[0] ^ 1]) + data[1:],
        ]
    )
    return whole(IMAGE, rng.choice(["image/png", "image/jpeg", "image/webp"]), broken)


def wrong_methods_and_types(rng):
    """Methods and content types that the addresses do not accept."""
    path = rng.choice([STROKES, IMAGE])
    return rng.choice(
        [
            whole(path, JSON, DRAWING, rng.choice(["GET", "PUT", "DELETE", "PATCH", "BREW"])),
            whole(path, rng.choice(["text/plain", "image/gif", ";", "x" * 500]), DRAWING),
            whole("/api/v1/model", JSON, DRAWING),
            whole("/api/v1/" + "x" * rng.randrange(1, 2000), JSON, DRAWING),
            whole("/api/%ff%00%0a", JSON, DRAWING),
        ]
    )


KINDS = [
    truncated_json,
    wrong_types,
    random_bytes,
    nested,
    wrong_length,
    broken_chunks,
    over_long_chunks,
    broken_forms,
    broken_pictures,
    wrong_methods_and_types,
]


def workers(master: int) -> list[int]:
    """Return the processes that a first process started."""
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def serve(**environment) -> subprocess.CompletedProcess:
    """Run the command until it ends by itself."""
    return subprocess.run(
        SERVE,
        cwd=ROOT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_reads_a_digit(port):
    """A digit is read as a drawing or a picture, with a length or in chunks."""
    form = part("image", PNG) + b"--b--\r\n"
    for request in (
        whole(STROKES, JSON, DRAWING),
        whole(IMAGE, "image/png", PNG),
        whole(IMAGE, FORM, form),
        chunked(STROKES, JSON, chunk(DRAWING[:50]) + chunk(DRAWING[50:]) + b"0\r\n\r\n"),
        chunked(IMAGE, "image/png", chunk(PNG) + b"0\r\n\r\n"),
        chunked(IMAGE, FORM, chunk(form) + b"0\r\n\r\n"),
    ):
        status, _, body = exchange(port, request)
        assert (status, json.loads(body)["text"]) == (200, "3")


def test_a_connection_serves_many_requests(port):
    """A refused body does not affect the next request on its connection."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    for body, status in ((DRAWING, 200), (b"{", 400), (DRAWING, 200)):
        connection.request("POST", STROKES, body, {"Content-Type": JSON})
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


def test_the_start_script_serves():
    """The script of `make run` starts a site that reads."""
    with started_by(SERVE) as (url, _):
        check_reads(int(url.rpartition(":")[2]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_it_rejects_malformed_requests(port, kind):
    """Each malformed request gets a problem document, and the site keeps working."""
    rng = random.Random(kind.__name__)
    for _ in range(ROUNDS):
        check_refused(port, kind(rng))
    check_reads(port)


def test_it_survives_altered_pictures(port):
    """A picture with altered bytes is read or refused, and the site keeps working."""
    rng = random.Random(1)
    for _ in range(ROUNDS * 3):
        _, encoded = cv2.imencode(rng.choice([".png", ".jpg", ".webp"]), hand.picture(3))
        data = bytearray(encoded.tobytes())
        for _ in range(rng.randrange(1, 10)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        status, kind, body = exchange(port, whole(IMAGE, "image/png", bytes(data)))
        assert status == 200 or 400 <= status < 500
        assert kind == "application/json" if status == 200 else "application/problem+json"
        json.loads(body)
    check_reads(port)


@pytest.mark.parametrize(
    ("path", "kind", "mib"), [(STROKES, JSON, 5), (IMAGE, "image/png", 14), (IMAGE, FORM, 14)]
)
def test_it_rejects_chunks_beyond_the_limit(port, path, kind, mib):
    """Chunks beyond the limit get 413 while they arrive."""
    start = part("image", b"").removesuffix(b"\r\n") if kind == FORM else b" "
    body = chunk(start) + chunk(bytes(1024 * 1024)) * mib
    assert check_refused(port, chunked(path, kind, body + b"0\r\n\r\n")) == 413


def test_its_memory_stays_small(server):
    """After all these requests, no worker exceeds its memory."""
    port, process = server
    if not Path(f"/proc/{process.pid}/status").exists():
        pytest.skip("this system has no /proc to read memory from")
    rng = random.Random(2)
    for kind in KINDS:
        check_refused(port, kind(rng))
    pids = workers(process.pid)
    assert len(pids) == 2
    for pid in pids:
        assert resident_mib(pid) < MEMORY_MIB


@pytest.mark.parametrize("text", ["abc", "0", "-1", "65536", "80 ", "٣٣٣٣"])
def test_it_rejects_a_port_that_is_none(text):
    """The command's error has the variable, its value and the bound."""
    run = serve(PORT=text)
    assert run.returncode != 0
    for word in ("PORT", repr(text), "65535"):
        assert word in run.stderr
    assert "Traceback" not in run.stderr


def test_it_rejects_a_port_that_is_taken():
    """The command's error has the port, and how to choose another."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = serve(PORT=str(port))
    assert run.returncode != 0
    assert f"Error: port {port}" in run.stderr
    assert "--port" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"INKLING_THREADS": "many"}, ["INKLING_THREADS", "'many'"]),
        ({"INKLING_THREDS": "4"}, ["INKLING_THREDS"]),
        ({"INKLING_MODELS": "nowhere"}, ["nowhere", "cannot be read"]),
        ({"INKLING_THREADS": "10"}, ["INKLING_THREADS is 10", "INKLING_READINGS", "13"]),
        ({"INKLING_READINGS": "9"}, ["9 readings", "34"]),
        ({"INKLING_RATE_LIMIT": "often"}, ["INKLING_RATE_LIMIT", "'often'"]),
        ({"WEB_CONCURRENCY": "0"}, ["WEB_CONCURRENCY", "'0'"]),
        ({"WEB_CONCURRENCY": "65"}, ["WEB_CONCURRENCY", "64"]),
    ],
)
def test_it_rejects_settings_that_do_not_fit(environment, words):
    """The server stops, and its error names the setting."""
    run = serve(PORT=str(free_port()), **environment)
    assert run.returncode != 0
    for word in words:
        assert word in run.stderr
