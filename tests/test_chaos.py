"""Faults of a public site, applied to a real server: kills, full disks, floods, slow clients."""

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from support import hand
from support.server import HOST, ROOT, clean_environment, free_port, started, started_by
from tests.load import Load
from tests.test_server import (
    DRAWING,
    IMAGE,
    JSON,
    STROKES,
    chunk,
    chunked,
    head,
    resident_mib,
    workers,
)

GUNICORN = (sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app")

BATCH = "/api/v1/predict/batch"


def port_of(url: str) -> int:
    """Return the port of a server's URL."""
    return int(url.rpartition(":")[2])


def get(port: int, path: str) -> tuple[int, bytes, float]:
    """Return status, body and seconds of a GET on a new connection."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(), time.perf_counter() - start
    finally:
        connection.close()


def wait_for(condition, seconds=30.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


# Kills and stops


def test_a_killed_worker_is_replaced_under_load():
    """Under load, a killed worker is replaced, loses its own requests only, and keeps counts."""
    with started(WEB_CONCURRENCY="2") as (url, master):
        port = port_of(url)
        with Load(port, STROKES, DRAWING, clients=4, keep_alive=False) as load:
            wait_for(lambda: load.statuses()[200] > 50)
            before = counted(port)
            for _ in range(3):
                pids = workers(master.pid)
                os.kill(pids[0], signal.SIGKILL)
                wait_for(lambda pids=pids: set(workers(master.pid)) - set(pids))
            answered = load.statuses()[200]
            wait_for(lambda: load.statuses()[200] > answered + 50)
        statuses = load.statuses()
        check_reads(port)
        assert counted(port) >= before
        assert len(workers(master.pid)) == 2
    # Each kill loses only the requests of that worker.
    assert statuses["lost"] <= 3 * 4
    assert statuses.keys() <= {200, 503, "lost"}


def counted(port: int) -> float:
    """Return the number of drawings that all workers together have read."""
    _, text, _ = get(port, "/metrics")
    lines = [line for line in text.decode().splitlines() if line.startswith("inkling_readings_tot")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.parametrize("keep_alive", [True, False])
def test_a_stop_loses_no_accepted_request(keep_alive):
    """After SIGTERM under load, accepted requests are answered and new connections are refused."""
    with started(WEB_CONCURRENCY="2") as (url, master):
        load = Load(port_of(url), STROKES, DRAWING, clients=8, keep_alive=keep_alive)
        load.pause = lambda: 0.002
        with load:
            wait_for(lambda: load.statuses()[200] > 100)
            master.terminate()
            assert master.wait(30) == 0
        statuses = load.statuses()
    assert statuses["lost"] == 0, statuses
    assert statuses["refused"] > 0
    assert statuses.keys() <= {200, 503, "refused"}


def test_a_slow_reading_is_answered_when_the_site_stops():
    """A long reading that started before SIGTERM is answered."""
    body = json.dumps({"drawings": [{"strokes": hand.columns(d % 10)} for d in range(100)]})
    with started(WEB_CONCURRENCY="1") as (url, master):
        connection = http.client.HTTPConnection(HOST, port_of(url), timeout=60)
        connection.request("POST", BATCH, body, {"Content-Type": JSON})
        time.sleep(0.1)
        master.terminate()
        response = connection.getresponse()
        assert response.status == 200
        assert len(json.loads(response.read())["results"]) == 100
        connection.close()
        assert master.wait(30) == 0


# The machine


def test_a_full_disk_stops_nothing():
    """With a full disk, even for log lines, every request is answered."""

    def no_files_grow():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    port = free_port()
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            GUNICORN,
            cwd=ROOT,
            env=clean_environment(PORT=str(port), WEB_CONCURRENCY="1"),
            stdout=full,
            stderr=full,
            preexec_fn=no_files_grow,
        )
        try:
            wait_for(lambda: answers(port))
            large = hand.png(np.random.default_rng(1).integers(0, 256, (2000, 2000)).astype("u1"))
            for _ in range(5):
                check_reads(port)
                assert post(port, IMAGE, large, "image/png")[0] == 200
            assert process.poll() is None
        finally:
            process.terminate()
            assert process.wait(30) == 0


def answers(port: int) -> bool:
    """Return whether a server is ready."""
    try:
        return get(port, "/readyz")[0] == 200
    except OSError:
        return False


def post(port: int, path: str, body: bytes, kind: str) -> tuple[int, dict]:
    """Return status and document of a POST."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request("POST", path, body, {"Content-Type": kind})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def check_reads(port: int) -> None:
    """Check that a digit is read, even with more descriptors than select(2) supports."""
    status, document = post(port, STROKES, DRAWING, JSON)
    assert (status, document["text"]) == (200, "3")


def test_no_temporary_folder_is_needed(tmp_path):
    """Without a writable temporary folder, uploads are read in memory."""
    nowhere = str(tmp_path / "nowhere")
    with started(WEB_CONCURRENCY="1", TMPDIR=nowhere, TEMP=nowhere, TMP=nowhere) as (url, _):
        port = port_of(url)
        check_reads(port)
        large = hand.png(np.random.default_rng(1).integers(0, 256, (2000, 2000)).astype("u1"))
        assert post(port, IMAGE, large, "image/png")[0] == 200


@pytest.fixture
def models(tmp_path):
    """A folder with a copy of the served models."""
    for path in (ROOT / "models").glob("*"):
        if path.suffix in (".json", ".tflite"):
            shutil.copy(path, tmp_path)
    return tmp_path


def spoil(path: Path, how: str) -> None:
    """Damage a file."""
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif how == "altered":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    else:
        path.write_bytes(b"")


@pytest.mark.parametrize(
    "name", ["ink.tflite", "pen.tflite", "ink.json", "pen.json", "line.tflite"]
)
@pytest.mark.parametrize("how", ["missing", "truncated", "altered", "empty"])
def test_it_rejects_a_spoilt_model(models, name, how):
    """With a damaged model, the site does not start, and one line names the file and the reason."""
    if (name.endswith(".json"), how) == (True, "altered"):
        pytest.skip("a card has no hash; one byte of it may be in a sentence")
    spoil(models / name, how)
    run = subprocess.run(
        GUNICORN,
        cwd=ROOT,
        env=clean_environment(PORT=str(free_port()), INKLING_MODELS=str(models)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode != 0
    [line] = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert name in line
    assert "Traceback" not in run.stderr


def test_a_model_that_is_altered_later_serves_on(models):
    """A model file that changes after the start does not affect the site."""
    with started(WEB_CONCURRENCY="1", INKLING_MODELS=str(models)) as (url, _):
        spoil(models / "pen.tflite", "altered")
        check_reads(port_of(url))


# Load


def heavy() -> bytes:
    """Return 500 overlapping strokes of 40 points."""
    rng = np.random.default_rng(1)
    strokes = [
        {"x": rng.uniform(0, 280, 40).tolist(), "y": rng.uniform(0, 280, 40).tolist()}
        for _ in range(500)
    ]
    return json.dumps({"strokes": strokes}).encode()


def digits_page() -> bytes:
    """Return a picture of three hundred digits in fifteen lines."""
    lines = ["".join(str((7 * i + j) % 10) for j in range(20)) for i in range(15)]
    strokes = [
        {"x": stroke[:, 0].tolist(), "y": stroke[:, 1].tolist()} for stroke in hand.number(*lines)
    ]
    return json.dumps({"strokes": strokes}).encode()


def noise_photo() -> bytes:
    """Return a photo of noise, as large as 12 MiB allow."""
    import cv2

    image = np.random.default_rng(1).integers(0, 256, (3000, 4000)).astype(np.uint8)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes()


PATHOLOGICAL = {
    "scribble": lambda: (STROKES, heavy(), JSON),
    "page": lambda: (STROKES, digits_page(), JSON),
    "noise": lambda: (IMAGE, noise_photo(), "image/jpeg"),
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_pathological_ink_is_still_answered(name):
    """Pathological ink gets an answer."""
    path, body, kind = PATHOLOGICAL[name]()
    with started(WEB_CONCURRENCY="1") as (url, _):
        status, document = post(port_of(url), path, body, kind)
    assert status == 200
    assert document["status"] in ("ok", "unsure", "not_a_number", "empty")


def test_health_and_pages_are_not_starved():
    """Under overload, health checks and pages are fast, and refusals are quick."""
    with started(WEB_CONCURRENCY="1") as (url, _):
        port = port_of(url)
        with Load(port, STROKES, heavy(), clients=12) as load:
            load.pause = lambda: 0.1
            wait_for(lambda: load.statuses()[503] > 0)
            for path in ("/healthz", "/readyz", "/", "/api/v1/model") * 3:
                status, _, seconds = get(port, path)
                assert status == 200
                assert seconds < 2, path
            wait_for(lambda: load.statuses()[200] > 2, 60)
        refused = sorted(o.seconds for o in load.outcomes if o.status == 503)
        accepted = sorted(o.seconds for o in load.outcomes if o.status == 200)
        assert load.statuses().keys() <= {200, 503}
        assert refused[len(refused) // 2] < accepted[len(accepted) // 2]
        check_reads(port)


def test_large_photos_are_decoded_one_at_a_time():
    """A flood of large photos takes the memory of one, and drawings are read meanwhile."""
    photo = noise_photo()
    with started(WEB_CONCURRENCY="1") as (url, master):
        port = port_of(url)
        [pid] = workers(master.pid)
        check_reads(port)
        before = resident_mib(pid)
        headers = {"Content-Type": "image/jpeg"}
        most = before
        with Load(port, IMAGE, photo, clients=8, headers=headers) as load:
            load.pause = lambda: 0.05
            while load.statuses()[200] < 4:
                most = max(most, resident_mib(pid))
                check_reads(port)
        assert load.statuses().keys() <= {200, 503}
    assert most - before < 350


# Slow clients


def test_a_slow_body_is_cut_short():
    """A slow body gets 408 after its time limit, and other clients do not wait."""
    with started(WEB_CONCURRENCY="1", INKLING_BODY_SECONDS="2") as (url, _):
        port = port_of(url)
        for start in (
            head(STROKES, JSON, "Content-Length: 1000") + b"{",
            chunked(STROKES, JSON, chunk(b'{"strokes": [')),
            head(IMAGE, "multipart/form-data; boundary=b", "Content-Length: 9999") + b"--b\r\n",
        ):
            with socket.create_connection((HOST, port), timeout=20) as connection:
                connection.sendall(start)
                begun = time.monotonic()
                connection.settimeout(0.2)
                answer = b""
                while time.monotonic() < begun + 15 and not answer:
                    try:
                        answer = connection.recv(65536)
                    except TimeoutError:
                        connection.sendall(b" ")
                        check_reads(port)
            assert answer.startswith(b"HTTP/1.1 408 "), (start, answer)
            assert b"application/problem+json" in answer
            assert 1.5 < time.monotonic() - begun < 8


@pytest.mark.parametrize(
    "start",
    [
        head(STROKES, JSON, "Content-Length: 99999999"),
        head(STROKES, "text/plain", "Content-Length: 9999"),
        head("/nowhere", JSON, "Content-Length: 9999"),
        chunked(STROKES, JSON, b"1000000\r\n"),
    ],
)
def test_a_body_that_nobody_wants_is_not_waited_for(start):
    """A slow body of a refused or unread request does not occupy its thread for long."""
    with started(WEB_CONCURRENCY="1", INKLING_BODY_SECONDS="2") as (url, _):
        with socket.create_connection((HOST, port_of(url)), timeout=20) as connection:
            connection.sendall(start)
            begun = time.monotonic()
            connection.settimeout(0.2)
            while time.monotonic() < begun + 15:
                try:
                    if not connection.recv(65536):
                        break
                except TimeoutError:
                    connection.sendall(b" ")
                except OSError:
                    break  # closed by the server while the body is sent
            assert time.monotonic() - begun < 10
        check_reads(port_of(url))


@contextmanager
def slow_clients(port: int, count: int, sent: bytes):
    """Open connections that send the start of a request and no more."""
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection((HOST, port), timeout=20))
            for _ in range(count)
        ]
        for connection in connections:
            connection.sendall(sent)
        yield connections


SLOW_BODY = head(STROKES, JSON, "Content-Length: 1000") + b"{"
SLOW_HEAD = b"POST /api/v1/predict/strokes HTTP/1.1\r\nHost: localhost\r\n"


def test_silent_clients_take_no_thread():
    """Clients that connect and send nothing occupy no thread."""
    with started(WEB_CONCURRENCY="1") as (url, _):
        port = port_of(url)
        with slow_clients(port, 100, b""):
            time.sleep(6)
            for _ in range(5):
                assert get(port, "/healthz")[2] < 2
                check_reads(port)


def test_silent_clients_are_not_kept_for_long():
    """A silent connection is closed, because it counts among the thousand that a worker accepts."""
    with (
        started(WEB_CONCURRENCY="1", INKLING_BODY_SECONDS="2") as (url, _),
        slow_clients(port_of(url), 1, b"") as (connection,),
    ):
        begun = time.monotonic()
        assert connection.recv(1) == b""
        assert 1.5 < time.monotonic() - begun < 10


def test_nothing_of_a_client_is_in_the_log(tmp_path):
    """The real server's log is JSON without addresses, agents, drawings or malformed input."""
    log = tmp_path / "log"
    port = free_port()
    with log.open("w") as stream:
        process = subprocess.Popen(
            GUNICORN,
            cwd=ROOT,
            env=clean_environment(PORT=str(port), WEB_CONCURRENCY="1"),
            stdout=stream,
            stderr=stream,
        )
        wait_for(lambda: answers(port))
        connection = http.client.HTTPConnection(HOST, port)
        headers = {"User-Agent": "secret-agent", "Content-Type": JSON, "X-Request-Id": "my-id"}
        connection.request("POST", f"{STROKES}?q=secret-query", DRAWING, headers)
        connection.getresponse().read()
        connection.close()
        for garbage in (b"secret garbage\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02"):
            with socket.create_connection((HOST, port), timeout=10) as raw:
                raw.sendall(garbage)
                raw.shutdown(socket.SHUT_WR)
                raw.recv(1000)
        process.terminate()
        process.wait(30)
    lines = [line for line in log.read_text().splitlines() if "XNNPACK" not in line]
    text = "\n".join(lines)
    for word in (
        "secret",
        HOST + " ",
        f"ip={HOST}",
        str(json.loads(DRAWING)["strokes"][0]["x"][0]),
    ):
        assert word not in text
    documents = [json.loads(line) for line in lines]
    [request] = [d for d in documents if d.get("request_id") == "my-id"]
    assert (request["route"], request["status"]) == (STROKES, 200)


def test_workers_are_recycled_without_losing_requests():
    """Workers are recycled after their limit of requests, without losing any."""
    command = (*GUNICORN[:-1], "--max-requests", "50", "--max-requests-jitter", "10", "wsgi:app")
    with started_by(command, WEB_CONCURRENCY="2") as (url, master):
        pids = set(workers(master.pid))
        load = Load(port_of(url), STROKES, DRAWING, clients=4, keep_alive=False)
        with load:
            wait_for(lambda: not pids & set(workers(master.pid)))
            wait_for(lambda: load.statuses()[200] > 400)
        assert load.statuses()["lost"] == 0, load.statuses()
        assert load.statuses()["refused"] == 0
