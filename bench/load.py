"""Load generator with little overhead: one thread, raw sockets, prepared requests.

It runs on the machine that it measures, so its own cost must be small: some 30 µs a request.
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
"""Time without any answer after which a server has failed, in seconds."""


@dataclass(frozen=True)
class Sample:
    """One answered request."""

    status: int
    seconds: float
    """From the time that it was due to the end of its answer, in seconds."""


def request(path: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    """Return the bytes of a request; a GET without a body."""
    method = "POST" if body else "GET"
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if body:
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Connection:
    """A kept connection with one request at a time."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port = port
        self._selector = selector
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection((HOST, self._port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def send(self, data: bytes, since: float) -> None:
        """Send a request that was due at `since`, on the monotonic clock."""
        self._sent, self._since, self._answer = data, since, b""
        try:
            self._socket.sendall(data)
        except ConnectionError:
            self._again()

    def receive(self) -> Sample | None:
        """Receive available bytes. Return the sample once the answer is complete."""
        try:
            data = self._socket.recv(256 * 1024)
        except ConnectionError:
            data = b""
        if not data:
            if not self._answer:
                self._again()  # the server closed a kept connection; not an error of the request
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
        """Close the connection."""
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
    """Send the next request on each connection as soon as it has its answer.

    It ends after `seconds` or `count` requests.
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
    """Send requests at random times, `rate` a second, whether or not earlier ones have ended.

    A request that waits for a connection has waited since it was due.
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
    """Yield the connections with a complete answer, and the samples, within a wait."""
    ready = selector.select(min(wait, PATIENCE))
    if not ready and expected and wait >= PATIENCE:
        raise TimeoutError(f"no answer for {PATIENCE} s")
    for key, _ in ready:
        sample = key.data.receive()
        if sample is not None:
            yield key.data, sample


def seconds_of(samples: Iterable[Sample], *statuses: int) -> list[float]:
    """Return the times of the samples with these statuses, ascending."""
    return sorted(sample.seconds for sample in samples if sample.status in statuses)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile of ascending values at a share."""
    return values[min(len(values) - 1, int(share * len(values)))]
