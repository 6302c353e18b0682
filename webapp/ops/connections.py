"""Connections of the worker, and the received part of each next request."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers import gthread

WHOLE_BYTES = 64 * 1024
"""Bytes of a request, head and body, that are received without a thread. Most drawings fit. A
photo's first 64 KiB show that its client is sending."""

END_OF_HEAD = b"\r\n\r\n"


class Unreader(SocketUnreader):  # type: ignore[misc]
    """Input of gunicorn's parser: the received bytes, then the socket if more may come."""

    is_whole = False
    """Whether all of the request has arrived, so that the parser never waits."""
    was_short = False
    """Whether the parser wanted more of a complete request. It then took the request to be longer,
    and the start of the next one on the connection is unknown."""

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next bytes; empty at the end."""
        if self.is_whole:
            self.was_short = True
            return b""
        data: bytes = super().chunk(size_hint)
        return data


class Connection(gthread.TConn):  # type: ignore[misc]
    """A connection, and the received part of its next request."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.data_ready = True  # no thread has to wait for the first byte
        self.received = bytearray()
        self.is_whole = False
        """Whether all of the request has arrived, or the client has stopped sending."""
        self.is_long = False
        """Whether a thread took the request before it was complete."""
        self.place: Any = None
        """Collection of the worker that it waits in, or None."""
        self.drained = 0
        """Bytes received after the last answer."""
        self._head = 0
        """Bytes of the head; 0 until it is complete."""
        self._end: int | None = None
        """Bytes of the request once its head is complete; None if it is chunked."""
        self._chunk = 0
        """Offset of the next chunk."""
        self._unreader: Unreader | None = None

    @property
    def address(self) -> str:
        """Address of the client, or of the proxy in front; empty for a socket without addresses."""
        return str(self.client[0]) if isinstance(self.client, tuple) else ""

    @property
    def has_head(self) -> bool:
        """Whether the head has arrived."""
        return self._head > 0

    def receive(self) -> bool:
        """Receive available bytes. Return whether the connection has ended.

        Raises:
            OSError: the connection is broken.
        """
        try:
            data = self.sock.recv(WHOLE_BYTES)
        except BlockingIOError:
            return False
        self.put(data)
        self.is_whole |= not data
        return not data

    def put(self, data: bytes) -> None:
        """Append to the received bytes of the request."""
        searched = max(0, len(self.received) - len(END_OF_HEAD) + 1)
        self.received += data
        if not self.has_head:
            end = self.received.find(END_OF_HEAD, searched)
            if end < 0:
                return
            self._head = self._chunk = end + len(END_OF_HEAD)
            self._read_head(bytes(self.received[: end + 2]).lower())
        self.is_whole = (
            self._has_last_chunk() if self._end is None else len(self.received) >= self._end
        )

    def feed(self) -> None:
        """Pass the received bytes to the parser. Later bytes belong to the next request."""
        if self._unreader is None:
            self._unreader = self.parser.unreader = Unreader(self.sock)
        self._unreader.is_whole = self.is_whole
        self._unreader.unread(bytes(self.received))
        self.received.clear()
        self._head, self.is_whole = 0, False

    @property
    def may_drip(self) -> bool:
        """Whether the thread with the request may have to wait for the client."""
        return self._unreader is None or not self._unreader.is_whole

    @property
    def is_lost(self) -> bool:
        """Whether the start of the next request is unknown."""
        return self._unreader is not None and self._unreader.was_short

    def _read_head(self, head: bytes) -> None:
        """Find the end of the request from its head, in lower case."""
        size = _field(head, b"content-length")
        if _field(head, b"transfer-encoding"):
            self._end = None
        elif size.isdigit():
            self._end = self._head + int(size[:18])  # no client sends more
        else:
            self._end = self._head
        if _field(head, b"expect") == b"100-continue" and len(self.received) == self._head:
            # The client waits for this before it sends the body. gunicorn sends it a second time.
            with suppress(OSError):
                self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _has_last_chunk(self) -> bool:
        """Return whether the last chunk has arrived (RFC 9112, section 7.1), or a malformed one."""
        while (end := self.received.find(b"\r\n", self._chunk)) >= 0:
            text = bytes(self.received[self._chunk : end]).partition(b";")[0].strip()
            try:
                size = int(text, 16)
            except ValueError:
                return True
            if size <= 0:
                return size < 0 or self.received.find(END_OF_HEAD, end) >= 0
            self._chunk = end + 2 + size + 2
        return False


def held_in(place: Iterable[Connection]) -> int:
    """Return the bytes received on the connections of a collection."""
    return sum(len(conn.received) for conn in place)


def _field(head: bytes, name: bytes) -> bytes:
    """Return the value of a field of a head, both in lower case; empty if it is missing."""
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0].strip()
