"""Hostile requests to a real server, which answers, stays within its memory, and keeps reading.

The requests are those of a penetration test and the worst that `python -m bench.worst` has found
(`support/hostile.py`). Their duration is measured there, because no test may depend on the speed of
the machine.
"""

import http.client
import json
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support import hand
from support.hostile import HOSTILE
from support.server import HOST, started
from tests.load import Load
from tests.test_chaos import BATCH, get, port_of, wait_for
from tests.test_server import DRAWING, JSON, STROKES, check_reads, resident_mib, workers

SITE = {
    "WEB_CONCURRENCY": "2",
    "INKLING_MEMORY_MIB": "512",
    "INKLING_RATE_LIMIT": "",
    "INKLING_PROXIES": "1",
}
"""Two workers on the smallest machine, without a rate limit, because one client sends all."""

MOST_PICTURE_MIB = 150
"""Memory that one request may add to a worker, in MiB (`webapp.ops.capacity.PICTURE_BYTES`)."""

MOST_SITE_MIB = 450
"""Memory of the whole site, in MiB, of the smallest machine's 512."""

ANSWERS = {200, 400, 413, 415, 422}
"""Statuses of requests by a single client."""

PICTURES = [name for name in HOSTILE if name.startswith("picture-")]

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")


@pytest.fixture(scope="module")
def site():
    """Port and first process of a server."""
    with started(**SITE) as (url, master):
        # The server answers as soon as one worker is ready.
        wait_for(lambda: len(workers(master.pid)) == 2)
        check_reads(port_of(url))
        yield port_of(url), master.pid


def post(port: int, name: str) -> int:
    """Return the status of the answer to a hostile request."""
    path, body, kind = HOSTILE[name]()
    connection = http.client.HTTPConnection(HOST, port, timeout=120)
    try:
        connection.request("POST", path, body, {"Content-Type": kind})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def peak_mib(pid: int) -> float:
    """Return the peak memory of a process since it was last reset."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def site_mib(master: int) -> float:
    """Return the memory of all processes of a site. Shared memory counts once (PSS)."""
    total = 0
    for pid in (master, *workers(master)):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


@on_linux
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_request_takes_little_memory(site, name):
    """Each hostile request is answered, adds at most 150 MiB to a worker, and leaves it working."""
    port, master = site
    pids = workers(master)
    before = {}
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        before[pid] = resident_mib(pid)
    assert post(port, name) in ANSWERS
    assert workers(master) == pids, "a worker ended"
    assert max(peak_mib(pid) - before[pid] for pid in pids) <= MOST_PICTURE_MIB
    check_reads(port)


@on_linux
def test_two_hostile_pictures_at_once_fit_into_the_smallest_machine(site):
    """With two hostile pictures at once, the whole site stays under 450 MiB."""
    port, master = site
    most = 0.0
    for name in PICTURES:
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(post, port, name) for _ in range(2)]
            while not all(one.done() for one in both):
                most = max(most, site_mib(master))
                time.sleep(0.02)
        # A busy machine may refuse one that waited for the other.
        assert {one.result() for one in both} <= ANSWERS | {503}, name
        assert most <= MOST_SITE_MIB, name


def batch_of_scribbles() -> bytes:
    """Return a batch of 100 drawings of 20 strokes of 5 points."""
    path, body, _ = HOSTILE["batch-of-20x5"]()
    assert path == BATCH
    return body


def abandon(port: int, body: bytes) -> None:
    """Send a batch and close the connection."""
    with socket.create_connection((HOST, port), timeout=20) as connection:
        connection.sendall(
            f"POST {BATCH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON}\r\n"
            f"X-Forwarded-For: 203.0.113.9\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        time.sleep(0.3)


def queued(port: int) -> float:
    """Return the number of drawings that wait or are being read."""
    _, text, _ = get(port, "/metrics")
    start = 'inkling_readings_queued{kind="strokes"} '
    return sum(
        float(line.removeprefix(start))
        for line in text.decode().splitlines()
        if line.startswith(start)
    )


def test_abandoned_batches_do_not_keep_others_out():
    """Abandoned batches are not read, and other clients are served meanwhile."""
    body = batch_of_scribbles()
    with started(**SITE) as (url, _):
        port = port_of(url)
        check_reads(port)
        attackers = [threading.Thread(target=abandon, args=(port, body)) for _ in range(6)]
        headers = {"Content-Type": JSON, "X-Forwarded-For": "198.51.100.1"}
        with Load(port, STROKES, DRAWING, clients=1, headers=headers) as load:
            load.pause = lambda: 0.02
            for attacker in attackers:
                attacker.start()
            while load.statuses().total() < 50:
                time.sleep(0.05)
            for attacker in attackers:
                attacker.join()
        assert load.statuses()[200] >= 0.95 * load.statuses().total(), load.statuses()
        deadline = time.monotonic() + 60
        while queued(port):
            assert time.monotonic() < deadline, "abandoned batches are read on"
            time.sleep(0.1)


def test_a_batch_is_answered_as_far_as_its_budget_goes():
    """The drawings of a batch beyond its budget are unsure, have no text, and name the bound."""
    body = HOSTILE["batch-of-20x25"]()[1]
    with started(**SITE, INKLING_READING_SECONDS="0.02") as (url, _):
        connection = http.client.HTTPConnection(HOST, port_of(url), timeout=120)
        connection.request("POST", BATCH, body, {"Content-Type": JSON})
        response = connection.getresponse()
        assert response.status == 200
        results = json.loads(response.read())["results"]
        connection.close()
    unread = [answer for answer in results if answer.get("limit") == "processor_time"]
    assert len(results) == 100
    assert len(unread) >= 50
    assert {answer["status"] for answer in unread} == {"unsure"}
    assert results[-1]["text"] == ""


def test_small_pictures_are_read_while_one_client_sends_large_ones(site):
    """Large pictures of one client do not keep small ones of others out of the queue."""
    port, _ = site
    path, body, kind = HOSTILE["picture-jpeg-12-megapixels"]()
    small = hand.png(hand.picture(3))
    flood = {"Content-Type": kind, "X-Forwarded-For": "203.0.113.9"}
    light = {"Content-Type": "image/png", "X-Forwarded-For": "198.51.100.1"}
    with Load(port, path, body, clients=12, headers=flood) as large:
        large.pause = lambda: 0.05
        while not large.statuses()[503]:
            time.sleep(0.05)
        with Load(port, path, small, clients=1, headers=light) as load:
            while load.statuses().total() < 12:
                time.sleep(0.05)
    assert load.statuses()[200] >= 0.95 * load.statuses().total(), load.statuses()
