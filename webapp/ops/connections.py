"""Connections of the worker, and what has arrived on each of its next request."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers import gthread

WHOLE_BYTES = 64 * 1024
"""Bytes of a request, head and body, that are received without a thread: of most drawings, all; of
a photo, enough to show that its client does send."""

END_OF_HEAD = b"\r\n\r\n"


class Unreader(SocketUnreader):  # type: ignore[misc]
    """What gunicorn's parser reads from: what has arrived, then the socket, if more may come."""

    is_whole = False
    """Whether all of the request has arrived: nothing more is waited for."""
    was_short = False
    """Whether the parser wanted more all the same. It took the request for a longer one, and where
    the next one begins on the connection is unknown."""

    def chunk(self, size_hint: int | None = None) -> bytes:
        """What comes next; nothing at the end."""
        if self.is_whole:
            self.was_short = True
            return b""
        data: bytes = super().chunk(size_hint)
        return data


class Connection(gthread.TConn):  # type: ignore[misc]
    """A connection, and what has arrived on it of its next request."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.data_ready = True  # no thread has to wait for the first byte
        self.received = bytearray()
        self.is_whole = False
        """Whether all of the request has arrived, or nothing more will."""
        self.is_long = False
        """Whether a thread has got the request before it was whole."""
        self.place: Any = None
        """Which of the worker's collections it waits in, if any."""
        self.drained = 0
        """Bytes that came after the last answer."""
        self._head = 0
        """Bytes of the head, once it is there."""
        self._end: int | None = None
        """Bytes of the request then; None where it comes in chunks."""
        self._chunk = 0
        """Where the next chunk begins."""
        self._unreader: Unreader | None = None

    @property
    def address(self) -> str:
        """Of the client, or of the proxy in front; empty for a socket without addresses."""
        return str(self.client[0]) if isinstance(self.client, tuple) else ""

    @property
    def has_head(self) -> bool:
        """Whether at most the body is missing."""
        return self._head > 0

    def receive(self) -> bool:
        """Take what has arrived: whether that was the end of the connection.

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
        """Add to what has arrived of the request."""
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
        """Give the parser what has arrived. What arrives from now on is another request."""
        if self._unreader is None:
            self._unreader = self.parser.unreader = Unreader(self.sock)
        self._unreader.is_whole = self.is_whole
        self._unreader.unread(bytes(self.received))
        self.received.clear()
        self._head, self.is_whole = 0, False

    @property
    def may_drip(self) -> bool:
        """Whether the thread that has the request may have to wait for the client."""
        return self._unreader is None or not self._unreader.is_whole

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows where the next request begins."""
        return self._unreader is not None and self._unreader.was_short

    def _read_head(self, head: bytes) -> None:
        """Find the end of the request by its head, in small letters."""
        size = _field(head, b"content-length")
        if _field(head, b"transfer-encoding"):
            self._end = None
        elif size.isdigit():
            self._end = self._head + int(size[:18])  # whoever says more does not send it
        else:
            self._end = self._head
        if _field(head, b"expect") == b"100-continue" and len(self.received) == self._head:
            # The client waits for it before it sends the body. gunicorn says it once more.
            with suppress(OSError):
                self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _has_last_chunk(self) -> bool:
        """Whether all chunks have arrived (RFC 9112, section 7.1), or one that is none."""
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
    """Bytes that have arrived on the connections of a place."""
    return sum(len(conn.received) for conn in place)


def _field(head: bytes, name: bytes) -> bytes:
    """The value of a field of a head, both in small letters; empty where there is none."""
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0].strip()
