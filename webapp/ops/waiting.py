"""Waiting room: connections that wait without a thread, and the order in which they give way."""

import selectors
import socket
import time
from functools import partial
from typing import Any

from gunicorn.workers import gthread

from .connections import WHOLE_BYTES, Connection

PATIENCE_SECONDS = 2.0
"""Time that a request waits for a thread before clients that keep a thread waiting longer are cut
off. Also the time that a closed connection waits for its client to close it."""


class WaitingRoom(gthread.ThreadWorker):  # type: ignore[misc]
    """The part of the worker that keeps connections while they wait for a request or a thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._closing: dict[Connection, None] = {}
        """Connections with their last answer that their clients have not closed yet."""
        self._arriving: dict[Connection, None] = {}
        """Connections without a complete request."""
        self._queued: dict[Connection, None] = {}
        """Connections with a long request that waits for a thread."""
        self._held = 0
        """Bytes received on waiting connections."""

    def _on_readable(self, conn: Connection, _: Any) -> None:
        """Handle available bytes on a waiting connection."""
        raise NotImplementedError

    def _make_room(self) -> bool:
        """Close the connection that has waited longest. Return whether there was one."""
        for place in (self._closing, self._arriving, self.keepalived_conns, self._queued):
            if place:
                self._drop(next(iter(place)))
                return True
        return False

    def _wait(self, conn: Connection, place: Any, seconds: float) -> None:
        """Keep a connection in a collection until it is readable, or for `seconds` at most."""
        if place is not self._queued:
            on_readable = partial(self._on_readable, conn)
            try:
                self.poller.register(conn.sock, selectors.EVENT_READ, on_readable)
            except OSError:  # the system cannot watch more of them
                self._close(conn)
                return
        conn.timeout = time.monotonic() + seconds
        conn.place = place
        self._held += len(conn.received)
        if place is self.keepalived_conns:
            place.append(conn)
        else:
            place[conn] = None

    def _leave(self, conn: Connection) -> None:
        """Remove a connection from its collection, if it is in one."""
        place, conn.place = conn.place, None
        if place is None:
            return
        if place is not self._queued:
            self.poller.unregister(conn.sock)
        self._held -= len(conn.received)
        if place is self.keepalived_conns:
            place.remove(conn)
        else:
            del place[conn]

    def _drop(self, conn: Connection) -> None:
        """Close a waiting connection at once."""
        self._leave(conn)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        """Close a connection that neither waits nor has a thread."""
        self.nr_conns -= 1
        conn.close()

    def _linger(self, conn: Connection) -> None:
        """Close a connection once its client has read the answer (RFC 9112, section 9.6).

        gunicorn waits for that in its main loop, which serves no other client meanwhile.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            self._close(conn)
        else:
            self._wait(conn, self._closing, PATIENCE_SECONDS)

    def _drain(self, conn: Connection) -> None:
        """Discard bytes that arrive after the last answer."""
        try:
            data = conn.sock.recv(WHOLE_BYTES)
        except OSError:
            data = b""
        conn.drained += len(data)
        if not data or conn.drained > WHOLE_BYTES:
            self._drop(conn)
