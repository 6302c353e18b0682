"""Slow and silent clients, which do not keep others from being answered."""

import errno
import json
import logging
import os
import resource
import selectors
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from gunicorn.config import Config

from support import hand
from support.server import HOST, ROOT, clean_environment, started, started_by
from tests.test_chaos import (
    GUNICORN,
    SLOW_BODY,
    SLOW_HEAD,
    check_reads,
    get,
    port_of,
    post,
    slow_clients,
    wait_for,
)
from tests.test_server import (
    DRAWING,
    IMAGE,
    JSON,
    STROKES,
    chunk,
    chunked,
    head,
    resident_mib,
    whole,
    workers,
)
from webapp.access.bodies import Watch
from webapp.ops import worker as module

FOR_EVER = {"WEB_CONCURRENCY": "1", "INKLING_BODY_SECONDS": "3600"}
"""One worker that waits for slow clients longer than any test runs."""

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def many_files():
    """Raise this process's limit of open files to thousands of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 6000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"a process may open {hard} files here, and this takes {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def under(limit: str, *options: str) -> list[str]:
    """Return the command of a site under an option of `ulimit`."""
    return ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", *GUNICORN[:-1], *options, GUNICORN[-1]]


def is_open(connection: socket.socket) -> bool:
    """Return whether the server has kept a connection open without sending anything."""
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def answer_on(connection: socket.socket) -> tuple[int, bytes]:
    """Return status and body of the next answer on a connection, without reading beyond it."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, f"the connection ended after {data!r}"
        data += byte
    if data.startswith(b"HTTP/1.1 100 "):
        return answer_on(connection)
    size = int(data.lower().partition(b"content-length: ")[2].split()[0])
    return int(data.split()[1]), connection.recv(size, socket.MSG_WAITALL)


# Silent connections, and descriptors


def test_row_7_the_soft_limit_is_raised():
    """The first process raises its soft limit of descriptors to the hard one, for all workers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard <= 512:
        pytest.skip(f"a process may open {hard} files here")
    with started_by(under("-Sn 512"), WEB_CONCURRENCY="1") as (_, master):
        [pid] = workers(master.pid)
        assert resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] > 512


@pytest.mark.parametrize("options", [(), ("--worker-connections", "5000")])
def test_row_7_more_silent_connections_than_descriptors(options):
    """With too few descriptors for the connections, the oldest silent ones are closed."""
    with started_by(under("-n 256", *options), **FOR_EVER) as (url, master):
        port, pids = port_of(url), workers(master.pid)
        with slow_clients(port, 400, b"") as connections:
            for _ in range(3):
                assert get(port, "/healthz")[0] == 200
                check_reads(port)
            assert not is_open(connections[0])
            assert is_open(connections[-1])
        assert workers(master.pid) == pids


def test_row_7_thousands_of_silent_connections(many_files):
    """Beside thousands of silent connections, a request is answered, and the oldest are closed."""
    with (
        started(**FOR_EVER) as (url, master),
        slow_clients(port_of(url), 3000, b"") as connections,
    ):
        pids = workers(master.pid)
        for _ in range(5):
            assert get(port_of(url), "/healthz")[0] == 200
            check_reads(port_of(url))
        assert not is_open(connections[0])
        assert is_open(connections[-1])
        assert sum(map(is_open, connections)) < 1000
        assert workers(master.pid) == pids


def test_row_7_silent_connections_take_no_thread():
    """A silent connection starts no thread."""
    if not Path("/proc/self/task").is_dir():
        pytest.skip("this system has no /proc to count threads in")
    with started(**FOR_EVER) as (url, master):
        [pid] = workers(master.pid)
        before = len(list(Path(f"/proc/{pid}/task").iterdir()))
        with slow_clients(port_of(url), 100, b""):
            check_reads(port_of(url))
            # One more thread may have started for the reading, and one to watch it.
            assert len(list(Path(f"/proc/{pid}/task").iterdir())) <= before + 2


def test_row_7_a_limit_too_low_stops_the_start():
    """A limit that is too low stops the start with a line that names it and the required one."""
    run = subprocess.run(
        under("-n 140"),
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode != 0
    [line] = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert "140 files here (ulimit -n)" in line
    assert "INKLING_THREADS" in line


class Refusing:
    """A listening socket with a failing accept."""

    def __init__(self, error: int) -> None:
        self.listening = socket.create_server((HOST, 0))
        self.error: int | None = error

    def accept(self):
        """Fail, or accept."""
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        return self.listening.accept()

    def __getattr__(self, name):
        return getattr(self.listening, name)


@pytest.fixture
def worker(caplog):
    """A worker that accepts from one socket, without a loop or a site."""
    config = Config()
    config.set("worker_connections", 6)
    config.set("threads", 2)
    listener = Refusing(errno.EMFILE)
    made = module.Worker(
        1, os.getpid(), [listener], None, 30, config, logging.getLogger("gunicorn.error")
    )
    made.poller = selectors.DefaultSelector()
    made.method_queue.init()
    made.tpool = made.get_thread_pool()
    made._watch = Watch(60)
    made._is_plain = True
    made.set_accept_enabled(True)
    yield made
    made.murder_keepalived(force=True)
    for conn in [*made._arriving, *made._closing]:
        made._drop(conn)
    made.tpool.shutdown()
    made.poller.close()
    made.method_queue.close()
    made.tmp.close()
    listener.close()


@contextmanager
def accepted(worker, count: int) -> Iterator[list[socket.socket]]:
    """Connect clients to a worker, and yield them."""
    [listener] = worker.sockets
    error, listener.error = listener.error, None
    with ExitStack() as stack:
        clients = []
        for _ in range(count):
            clients.append(stack.enter_context(socket.create_connection(listener.getsockname())))
            worker.accept(listener)
        listener.error = error
        yield clients


@pytest.mark.parametrize("code", ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EIO"])
def test_row_7_a_failing_accept_is_tried_again_later(worker, monkeypatch, caplog, code):
    """After a failing accept, the worker pauses before it polls the socket again, and logs once."""
    [listener] = worker.sockets
    listener.error = getattr(errno, code)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(3):
        worker.accept(listener)
    assert not worker._accepting
    worker.set_accept_enabled(True)
    assert not worker._accepting
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    now += module.PAUSE_SECONDS
    worker.set_accept_enabled(True)
    assert worker._accepting


def test_row_7_a_silent_connection_gives_its_descriptor(worker):
    """If accepting fails, the oldest silent connections are closed, and some descriptors spared."""
    with accepted(worker, 5) as clients:
        worker.accept(worker.sockets[0])
        assert worker._accepting
        assert [is_open(client) for client in clients] == [False, False, False, True, True]
        assert worker.nr_conns == 2 < worker.worker_connections == 3


def test_row_7_the_oldest_gives_its_place(worker):
    """Silent connections are closed before those kept alive, the oldest first."""
    with accepted(worker, 2) as kept:
        for conn in list(worker._arriving):
            worker._leave(conn)
            worker._wait(conn, worker.keepalived_conns, 60)
        with accepted(worker, 4) as silent:
            assert worker.nr_conns == 5
            assert [is_open(client) for client in silent] == [False, True, True, True]
            assert all(map(is_open, kept))
            in_threads = list(worker._arriving)
            for conn in in_threads:
                worker._leave(conn)
            with accepted(worker, 1) as last:
                assert [is_open(client) for client in kept] == [False, True]
                assert is_open(last[0])
            for conn in in_threads:
                worker._close(conn)


def test_row_7_a_connection_may_give_way_when_it_has_just_become_readable(worker):
    """A connection may be closed although the loop has just reported it as readable."""
    with accepted(worker, 1) as (client,):
        client.sendall(HEALTH[:5])
        [(key, _)] = worker.poller.select(5)
        assert worker._make_room()
        key.data(key.fileobj)
        assert worker.nr_conns == 0


# Slow ones

LONG_BODY = head(IMAGE, "image/png", "Content-Length: 900000") + bytes(70_000)


@pytest.mark.parametrize("count", [20, 300])
@pytest.mark.parametrize("sent", [SLOW_HEAD, SLOW_BODY], ids=["head", "body"])
def test_slow_clients_take_no_thread(sent, count):
    """Slow clients, more than there are threads, do not keep others from being answered."""
    with started(**FOR_EVER) as (url, _), slow_clients(port_of(url), count, sent):
        for _ in range(3):
            check_reads(port_of(url))
            assert get(port_of(url), "/healthz")[0] == 200


def test_slow_long_bodies_leave_threads_to_others():
    """Slow long bodies occupy at most half of the threads, and other photos are read in the end."""
    photo = hand.png(np.random.default_rng(1).integers(0, 256, (600, 600)).astype(np.uint8))
    assert len(photo) > module.WHOLE_BYTES
    with started(**FOR_EVER) as (url, _), slow_clients(port_of(url), 20, LONG_BODY):
        check_reads(port_of(url))
        assert post(port_of(url), IMAGE, photo, "image/png")[0] == 200


def test_clients_that_do_not_read_give_their_threads_back():
    """Clients that do not receive their large answers release their threads."""
    with started("tests.plain:app", **FOR_EVER) as (url, _), ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((HOST, port_of(url)))
            client.sendall(10 * HEALTH)
        for _ in range(10):
            assert get(port_of(url), "/")[0] == 200
            time.sleep(0.3)  # the system may buffer small first answers


def test_clients_that_keep_a_closed_connection_hold_nobody_up():
    """The server closes its side of a connection and waits for the client's without blocking."""
    ask = HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with started(**FOR_EVER) as (url, _), slow_clients(port_of(url), 40, ask) as clients:
        check_reads(port_of(url))
        for client in clients:
            assert answer_on(client)[0] == 200
        # The wait is limited.
        wait_for(lambda: get_rest(clients[0]) == b"")


def get_rest(client: socket.socket) -> bytes | None:
    """Return what the server answers on a connection that it has closed."""
    try:
        client.sendall(b"x")
    except OSError:
        return b""
    return None


def test_a_slow_photo_is_read():
    """A slow photo is read as long as threads are free."""
    photo = hand.png(hand.picture(3)) + bytes(200_000)
    request = whole(IMAGE, "image/png", photo)
    with (
        started(WEB_CONCURRENCY="1") as (url, _),
        socket.create_connection((HOST, port_of(url)), timeout=30) as client,
    ):
        for start in range(0, len(request), 40_000):
            client.sendall(request[start : start + 40_000])
            time.sleep(0.8)  # 4 s in all, longer than it could while others wait for its thread
            check_reads(port_of(url))
        status, body = answer_on(client)
    assert (status, json.loads(body)["text"]) == (200, "3")


def test_unfinished_requests_do_not_fill_the_memory(many_files):
    """Unfinished requests take at most 16 MiB together, and the oldest are dropped."""
    almost = head(STROKES, JSON, "Content-Length: 65000") + bytes(64_000)
    with started(**FOR_EVER) as (url, master):
        [pid] = workers(master.pid)
        check_reads(port_of(url))
        before = resident_mib(pid)
        with slow_clients(port_of(url), 900, almost) as clients:
            check_reads(port_of(url))
            assert resident_mib(pid) - before < 40
            assert not is_open(clients[0])
            assert is_open(clients[-1])


def test_long_requests_do_not_push_short_ones_out(many_files):
    """If unfinished requests exceed a worker's memory, the long ones are dropped."""
    body = head(STROKES, JSON, f"Content-Length: {len(DRAWING)}") + DRAWING
    with (
        started(**FOR_EVER) as (url, _),
        socket.create_connection((HOST, port_of(url)), timeout=30) as short,
    ):
        check_reads(port_of(url))
        short.sendall(body[:-10])
        with slow_clients(port_of(url), 400, LONG_BODY):
            short.sendall(body[-10:])
            assert json.loads(answer_on(short)[1])["text"] == "3"


def test_a_thread_goes_to_the_client_that_has_the_fewest(worker, monkeypatch):
    """A thread goes to the client with the fewest, so that no client blocks the others."""
    handed = []
    monkeypatch.setattr(worker, "enqueue_req", handed.append)
    worker.cfg.set("threads", 4)
    with accepted(worker, 4):
        conns = list(worker._arriving)
        for conn, address in zip(conns, ("a", "a", "a", "b"), strict=True):
            worker._leave(conn)
            conn.client = (address, 1)
            worker._hand_over(conn)
        assert handed == conns[:2]
        ended = Future()
        ended.set_result(False)
        worker.finish_request(conns[0], ended)
        assert handed == [*conns[:2], conns[3]]
        for conn in conns[1:]:
            worker._close(conn) if conn.place is None else worker._drop(conn)


def test_no_more_is_received_while_a_request_is_there(worker, monkeypatch):
    """Further data of a client with a request in progress stay in the kernel's buffer."""
    handed = []
    monkeypatch.setattr(worker, "enqueue_req", handed.append)
    with accepted(worker, 1) as [client]:
        [conn] = worker._arriving
        worker._leave(conn)
        client.sendall(bytes(1000))
        worker._go_on_with(conn, HEALTH + HEALTH)
        assert handed == [conn]
        assert len(conn.received) == 2 * len(HEALTH)
        worker._close(conn)


# Requests in various pieces


@pytest.fixture(scope="module")
def port():
    """The port of a site with a worker that waits for slow clients without limit."""
    with started(**FOR_EVER) as (url, _):
        yield port_of(url)


PHOTO = hand.png(hand.picture(3)) + bytes(300_000)
TRAILER = head(STROKES, JSON, "Transfer-Encoding: chunked", "Trailer: X") + chunk(DRAWING)
REQUESTS = {
    "drawing": whole(STROKES, JSON, DRAWING),
    "photo": whole(IMAGE, "image/png", PHOTO),
    "chunks": chunked(STROKES, JSON, chunk(DRAWING[:50]) + chunk(DRAWING[50:]) + chunk(b"")),
    "chunk that looks like an end": chunked(
        STROKES, JSON, chunk(DRAWING[:1] + b"\r\n\r\n") + chunk(DRAWING[1:]) + chunk(b"")
    ),
    "trailer": TRAILER + b"0\r\nX: 1\r\n\r\n",
    "long chunks": chunked(
        IMAGE, "image/png", chunk(PHOTO[:999]) + chunk(PHOTO[999:]) + chunk(b"")
    ),
    "long head": whole(STROKES, JSON, DRAWING).replace(
        b"\r\n", b"\r\n" + b"".join(b"X-%d: %s\r\n" % (i, 4000 * b"x") for i in range(24)), 1
    ),
}


@pytest.mark.parametrize("pieces", [1, 2, 40])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_arrives_in_any_pieces(port, name, pieces):
    """A request in any pieces is read, as the first on a connection and as the next."""
    data = REQUESTS[name]
    size = -(-len(data) // pieces)
    with socket.create_connection((HOST, port), timeout=30) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(2):
            for start in range(0, len(data), size):
                client.sendall(data[start : start + size])
                time.sleep(0.002)
            status, body = answer_on(client)
            assert (status, json.loads(body)["text"]) == (200, "3")


MISLEADING = {
    "empty line": b"\r\n\r\n",
    "padded length": head(STROKES, JSON, f"Content-Length: {1000:020}") + HEALTH,
    "empty chunk size": chunked(STROKES, JSON, b"\r\n\r\n"),
    "negative chunk": chunked(STROKES, JSON, b"-5\r\n\r\n\r\n"),
    "end in a chunk": chunked(STROKES, JSON, b"50\r\n0\r\n\r\n"),
    "end in a head": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: 0\r\n\r",
}
"""Starts of requests that look complete."""


@pytest.mark.parametrize("name", MISLEADING)
def test_a_request_that_only_looks_whole_takes_no_thread(port, name):
    """A request that only looks complete starts no thread, and no second request is found in it."""
    with slow_clients(port, 20, MISLEADING[name]) as clients:
        check_reads(port)
        answer = b""
        clients[0].settimeout(1)
        with suppress(TimeoutError, ConnectionError):
            while data := clients[0].recv(65536):
                answer += data
        assert answer.count(b"HTTP/1.1 ") <= 1
        assert b"HTTP/1.1 200" not in answer


def test_requests_sent_at_once_are_answered_in_turn(port):
    """Pipelined requests are answered in order, and the start of another one starts no thread."""
    other = HEALTH
    with ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(socket.create_connection((HOST, port), timeout=30))
            client.sendall(REQUESTS["drawing"] + other + REQUESTS["drawing"] + other[:30])
            assert json.loads(answer_on(client)[1])["text"] == "3"
            assert json.loads(answer_on(client)[1]) == {"status": "alive"}
            assert json.loads(answer_on(client)[1])["text"] == "3"
        check_reads(port)
        client.sendall(other[30:])
        assert json.loads(answer_on(client)[1]) == {"status": "alive"}


def test_a_client_that_asks_before_it_sends_is_told_to(port):
    """A client with Expect: 100-continue gets an interim response."""
    with socket.create_connection((HOST, port), timeout=30) as client:
        length = f"Content-Length: {len(DRAWING)}"
        client.sendall(head(STROKES, JSON, length, "Expect: 100-continue"))
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(DRAWING)
        status, body = answer_on(client)
        assert (status, json.loads(body)["text"]) == (200, "3")


def test_a_client_that_ends_early_is_told(port):
    """A client that shuts down before its announced length gets an error."""
    with socket.create_connection((HOST, port), timeout=30) as client:
        client.sendall(SLOW_BODY)
        client.shutdown(socket.SHUT_WR)
        assert answer_on(client)[0] == 400


def test_what_is_hidden_gets_a_thread_with_its_first_byte(worker, monkeypatch):
    """If the worker cannot see the received data, as with TLS, the first byte starts a thread."""
    worker._is_plain = False
    asked = []
    monkeypatch.setattr(worker, "enqueue_req", asked.append)
    with accepted(worker, 1) as (client,):
        assert not asked
        client.sendall(b"\x16")
        [(key, _)] = worker.poller.select(5)
        key.data(key.fileobj)
        [conn] = asked
        assert conn.received == b""
        assert conn.sock.recv(1) == b"\x16"
        worker._close(conn)
