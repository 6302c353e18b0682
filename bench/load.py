"""A load generator that costs little: one thread, raw sockets, requests made beforehand.

It shares the machine with what it measures, so what it takes itself has to be small beside it: some
30 µs a request.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

HOST = "127.0.0.1"

PATIENCE = 60.0
"""Seconds without any answer after which a server is given up."""


@dataclass(frozen=True)
class Sample:
    """One request that was answered."""

    status: int
    seconds: float
    """From when it was to be sent until its whole answer was there."""


def request(path: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    """The bytes of a request; a GET without a body."""
    method = "POST" if body else "GET"
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if body:
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Connection:
    """One request at a time on a connection that is kept."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port = port
        self._selector = selector
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection((HOST, self._port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def send(self, data: bytes, since: float) -> None:
        """Send a request, which was due at a time of the monotonic clock."""
        self._sent, self._since, self._answer = data, since, b""
        try:
            self._socket.sendall(data)
        except ConnectionError:
            self._again()

    def receive(self) -> Sample | None:
        """What has arrived: the sample, once it is a whole answer."""
        try:
            data = self._socket.recv(256 * 1024)
        except ConnectionError:
            data = b""
        if not data:
            if not self._answer:
                self._again()  # the server closed a kept connection: not the request's fault
                return None
            raise ConnectionError("an answer broke off")
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return None
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return None
        status = int(head[9:12])
        sample = Sample(status, time.monotonic() - self._since)
        if b"connection: close" in head.lower():
            self._reopen()
        return sample

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _again(self) -> None:
        self._reopen()
        self._socket.sendall(self._sent)

    def close(self) -> None:
        """Give the connection up."""
        self._selector.unregister(self._socket)
        self._socket.close()


def closed(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    *,
    seconds: float = float("inf"),
    count: float = float("inf"),
) -> list[Sample]:
    """Each connection sends the next request as soon as it has its answer.

    Ends after so many seconds or so many requests.
    """
    feed = cycle(requests)
    samples: list[Sample] = []
    end = time.monotonic() + seconds
    sent = busy = 0
    with selectors.DefaultSelector() as selector:
        lines = [_Connection(port, selector) for _ in range(connections)]
        for line in lines:
            if sent < count:
                line.send(next(feed), time.monotonic())
                sent, busy = sent + 1, busy + 1
        while busy:
            for line, sample in _answers(selector, PATIENCE, True):
                samples.append(sample)
                now = time.monotonic()
                if now < end and sent < count:
                    line.send(next(feed), now)
                    sent += 1
                else:
                    busy -= 1
        for line in lines:
            line.close()
    return samples


def open_loop(
    port: int,
    data: bytes,
    rate: float,
    seconds: float,
    rng: np.random.Generator,
    connections: int = 32,
) -> list[Sample]:
    """Requests that come by themselves, at random, so many a second, done or not.

    What waits for a connection waits since it was due.
    """
    gaps = rng.exponential(1 / rate, int(rate * seconds))
    start = time.monotonic() + 0.1
    due = deque((start + np.cumsum(gaps)).tolist())
    samples: list[Sample] = []
    with selectors.DefaultSelector() as selector:
        idle = deque(_Connection(port, selector) for _ in range(connections))
        lines = list(idle)
        total = len(due)
        while len(samples) < total:
            now = time.monotonic()
            while due and idle and due[0] <= now:
                idle.popleft().send(data, due.popleft())
            wait = max(0.0, due[0] - now) if due and idle else PATIENCE
            for line, sample in _answers(selector, wait, len(idle) < connections):
                samples.append(sample)
                idle.append(line)
        for line in lines:
            line.close()
    return samples


def _answers(
    selector: selectors.BaseSelector, wait: float, expected: bool
) -> Iterator[tuple[_Connection, Sample]]:
    """Connections that have a whole answer now, within a wait."""
    ready = selector.select(min(wait, PATIENCE))
    if not ready and expected and wait >= PATIENCE:
        raise TimeoutError(f"no answer for {PATIENCE} s")
    for key, _ in ready:
        sample = key.data.receive()
        if sample is not None:
            yield key.data, sample


def seconds_of(samples: Iterable[Sample], *statuses: int) -> list[float]:
    """The times of those with these statuses, ascending."""
    return sorted(sample.seconds for sample in samples if sample.status in statuses)


def quantile(values: Sequence[float], share: float) -> float:
    """Of ascending values, the one that so many are not above."""
    return values[min(len(values) - 1, int(share * len(values)))]
