"""gunicorn's threaded worker, with some habits of our own; `worker_class` in gunicorn.conf.py."""

import select
import time
from collections import deque
from typing import Any

from gunicorn.workers import gthread

from .config import load_settings
from .limits import Watch

SILENT_SECONDS = 0.05
"""How long a thread waits for a new connection's first byte; then the main loop does. gunicorn's
own 5 s let 16 silent clients hold up all threads of a worker."""


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """Waits for silent clients without a thread, for slow heads and unread bodies not for ever, and
    leaves nobody in the queue when it stops.
    """

    sockets: list[Any]
    pending_conns: deque[Any]

    def init_process(self) -> None:
        """Run, in the process that was forked."""
        self._heads = Watch(load_settings().body_seconds)
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Handle one request of a connection, in a thread."""
        new = not conn.initialized and not conn.data_ready
        if new and not conn.wait_for_data(SILENT_SECONDS):
            return gthread._DEFER
        conn.data_ready = True
        key = self._heads.add(conn.sock)
        try:
            return super().handle(conn)
        finally:
            self._heads.remove(key)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request, whose head has arrived."""
        self._heads.remove(id(conn.sock))
        try:
            return super().handle_request(req, conn)
        finally:
            # What nobody has read of its body is read now, and may drip as heads may.
            self._heads.add(conn.sock)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Close a connection, or wait for its next request, or for its first."""
        super().finish_request(conn, fs)
        if self.pending_conns and self.pending_conns[-1] is conn:
            # It counts among the connections that a worker takes, and has not asked for anything.
            conn.timeout = min(conn.timeout, time.monotonic() + self._heads.seconds)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections from now on, or no more.

        When the worker stops, those that the kernel has accepted already are taken, and the
        listening sockets are closed then, not only after the last answer: whoever connects in
        between would be cut off.
        """
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()
        self.sockets = []
