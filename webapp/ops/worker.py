"""Worker: gunicorn's threaded worker that receives requests without threads.

`worker_class` in gunicorn_config.py selects it. gunicorn gives each connection a thread that waits
for the request, so sixteen clients that send slowly, or nothing, block a worker. In this worker,
the main loop receives. A request gets a thread once it is complete, or once the first 64 KiB of a
longer one have arrived. Half of the threads are for longer ones. Waiting connections give way to
new ones, the oldest first.
"""

import errno
import mmap
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from gunicorn.workers import gthread

from ..access.bodies import Watch
from ..config import MIB
from .connections import WHOLE_BYTES, Connection, held_in
from .waiting import PATIENCE_SECONDS, WaitingRoom

HELD_BYTES = 16 * MIB
"""Bytes of incomplete requests that a worker holds. Beyond that, the oldest gives way."""

PAUSE_SECONDS = 1.0
"""Pause after accepting fails, and between tries to start a worker."""

COMPLAINT_SECONDS = 60.0
"""Time between two log lines about failures to accept."""

LOOK_SECONDS = 0.25
"""Time between two checks for connections that have waited too long."""

NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""Errors of accept(2) when descriptors or memory run out."""

NOTHING_THERE = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EPROTO}
"""Errors of accept(2) when the client has gone, or another worker was faster."""

_has_started = mmap.mmap(-1, 1)
"""Whether a worker of this site has ever started; shared by the processes forked from this one."""


class Worker(WaitingRoom):
    """Answers requests in threads, and waits for clients without them."""

    sockets: list[Any]
    wsgi: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._long: Counter[str] = Counter()
        """Number of threads with long requests, by the client's address."""
        self._asked: deque[float] = deque()
        """Arrival times of the requests that wait for a thread, on the monotonic clock like all
        times."""
        self._is_told_to_stop = False
        self._last_call = float("inf")
        self._next_accept = self._next_complaint = self._next_look = 0.0

    # ---- start and stop ----

    def init_process(self) -> None:
        """Run in the forked process.

        If the first workers of a site cannot start, they end it. A later worker, which may lack
        memory, ends only itself, and gunicorn starts another.
        """
        # Other protocols cannot be received here. They get a thread with the first byte.
        self._is_plain = (
            self.cfg.protocol == "http"
            and self.cfg.proxy_protocol == "off"
            and "h2" not in self.cfg.http_protocols
            and not self.cfg.is_ssl
        )
        try:
            super().init_process()
        except Exception:
            if self.booted or not _has_started[0]:
                raise
            self.log.exception("this worker cannot start; another one will try")
            time.sleep(PAUSE_SECONDS)
            sys.exit(1)

    def load_wsgi(self) -> None:
        """Make the site, and watch the sending of its answers."""
        super().load_wsgi()
        site = self.wsgi
        bodies = getattr(site, "extensions", {}).get("bodies")
        self._watch: Watch = bodies[0] if bodies else Watch(self.cfg.graceful_timeout)

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            body = site(environ, start_response)
            self._watch.add(environ["gunicorn.socket"], sending=True)
            return body

        self.wsgi = answer

    def run(self) -> None:
        """Accept, receive and answer until told to stop."""
        _has_started[0] = 1
        super().run()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop, because the site ends or other workers have replaced this one."""
        self._is_told_to_stop = True
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Start or stop accepting connections.

        A worker that stops takes the connections that the kernel has already accepted, then closes
        the listening sockets. If it closed them only after its last answer, clients that connect in
        between would be cut off.
        """
        if enabled and time.monotonic() < self._next_accept:
            return
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            # Bounded, because clients may connect as fast as they are taken.
            for _ in range(self.cfg.backlog):
                if not self._take(listener):
                    break
            listener.close()
        self.sockets = []

    def _cap_keepalive(self, deadline: float) -> None:
        """Close connections without a request by the deadline."""
        super()._cap_keepalive(deadline)
        self._last_call = deadline

    def _is_over(self, conn: Connection, now: float) -> bool:
        """Return whether a connection has waited long enough for its request.

        A worker that is told to stop still waits for a request that has begun. A recycled worker
        has no successor before it ends, so it does not wait.
        """
        is_spared = self._is_told_to_stop and conn.received
        return conn.timeout <= now or (self._last_call <= now and not is_spared)

    # ---- connections ----

    def accept(self, listener: Any) -> None:
        """Accept a connection. If it takes the last place, another gives way."""
        self._take(listener)

    def _take(self, listener: Any) -> bool:
        """Accept a connection. Return whether there was one."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno not in NOTHING_THERE:
                self._fail_to_accept(error)
            return False
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self._receive(Connection(self.cfg, sock, address, listener.getsockname()))
        return True

    def _fail_to_accept(self, error: OSError) -> None:
        """Continue without the connection: make room for it, or wait."""
        now = time.monotonic()
        if now >= self._next_complaint:
            self._next_complaint = now + COMPLAINT_SECONDS
            self.log.error("connections cannot be accepted: %s", error.strerror)
        if error.errno == errno.EMFILE:
            # Fewer from now on, because each thread needs a descriptor for files.
            least = self.cfg.threads + 1
            self.worker_connections = max(least, self.nr_conns - self.cfg.threads)
        if error.errno in NO_ROOM and self._make_room():
            while self.nr_conns >= self.worker_connections and self._make_room():
                pass
        elif self.alive:
            # The listening socket stays readable, so retrying at once would use a whole core.
            self._next_accept = now + PAUSE_SECONDS
            self.set_accept_enabled(False)

    # ---- requests ----

    def _on_readable(self, conn: Connection, _: Any) -> None:
        """Handle available bytes on a waiting connection."""
        if conn.place is None:
            return  # it gave way to another that was readable at the same time
        if conn.place is self._closing:
            self._drain(conn)
            return
        if conn.place is self.keepalived_conns:
            self._leave(conn)
        self._receive(conn)

    def _receive(self, conn: Connection) -> None:
        """Receive available bytes of a request, and pass it to a thread once it needs one."""
        if not self._is_plain:
            self._receive_opaque(conn)
            return
        before = len(conn.received)
        has_ended = False
        # A client that sends ahead may have a complete request already. No more is received until
        # then.
        if not conn.is_whole:
            try:
                has_ended = conn.receive()
            except OSError:
                has_ended = True
                conn.received.clear()
        if conn.place is not None:
            self._held += len(conn.received) - before
        is_ready = conn.is_whole or len(conn.received) >= WHOLE_BYTES
        has_begun = before == 0 and len(conn.received) > 0
        if conn.place is not None and (has_ended or is_ready or has_begun):
            self._leave(conn)
        if has_ended and not conn.received:
            self._close(conn)
        elif is_ready:
            self._hand_over(conn)
        elif conn.place is None:
            # Its time begins with its first byte.
            self._wait(conn, self._arriving, self._watch.seconds)
        while self._held > HELD_BYTES and (self._arriving or self._queued):
            # The collection that holds more bytes gives way, so long requests do not displace short
            # ones. In it, the client with the most connections gives way.
            place = max((self._arriving, self._queued), key=held_in)
            most, _ = Counter(conn.address for conn in place).most_common(1)[0]
            self._drop(next(conn for conn in place if conn.address == most))

    def _receive_opaque(self, conn: Connection) -> None:
        """Wait for a request that only a thread can receive, then pass it to one."""
        if conn.place is None and not conn.initialized:
            self._wait(conn, self._arriving, self._watch.seconds)
        else:
            self._leave(conn)
            self.enqueue_req(conn)

    def _hand_over(self, conn: Connection) -> None:
        """Pass a request to a thread. A long request needs one of the threads for long ones."""
        if not conn.is_whole:
            if self._long.total() >= max(1, self.cfg.threads // 2):
                self._wait(conn, self._queued, self._watch.seconds)
                return
            self._long[conn.address] += 1
            conn.is_long = True
        self.enqueue_req(conn)

    def enqueue_req(self, conn: Connection) -> None:
        """Queue a request for the next free thread."""
        self._asked.append(time.monotonic())
        super().enqueue_req(conn)

    def handle(self, conn: Connection) -> Any:
        """Handle one request of a connection, in a thread."""
        self._asked.popleft()
        if conn.received:
            conn.init()
            conn.feed()
        if conn.may_drip:
            self._watch.add(conn.sock)
        try:
            return super().handle(conn) and not conn.is_lost
        finally:
            self._watch.remove(conn.sock)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Answer a request with a complete head."""
        if not conn.may_drip:
            return super().handle_request(req, conn)
        self._watch.remove(conn.sock)
        try:
            return super().handle_request(req, conn)
        finally:
            # The rest of the body is read now, and may arrive as slowly as a head.
            self._watch.add(conn.sock)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Close the connection of a finished thread, or wait for its next request."""
        if conn.is_long:
            conn.is_long = False
            self._long[conn.address] -= 1
            self._long += Counter()  # drops clients without threads
            if self._queued:
                # The client with the fewest threads is next, with its oldest request.
                first = min(self._queued, key=lambda waiting: self._long[waiting.address])
                self._leave(first)
                self._hand_over(first)
        try:
            is_kept = not fs.cancelled() and fs.result()
            conn.sock.setblocking(False)
        except Exception:  # as in gunicorn: on any error, the connection is lost
            self._close(conn)
            return
        if not is_kept:
            self._linger(conn)
            return
        next_request = conn.parser.unreader.take_buffered()
        if next_request:
            # It was read with the last request, so the socket is not readable.
            self._go_on_with(conn, next_request)
            return
        seconds = self.cfg.keepalive if self.alive else gthread.STOP_KEEPALIVE_LINGER
        self._wait(conn, self.keepalived_conns, seconds)

    def _go_on_with(self, conn: Connection, data: bytes) -> None:
        """Handle bytes that a client sent before its answer."""
        if self._is_plain:
            conn.put(data)
            self._receive(conn)
        else:
            conn.parser.unreader.unread(data)
            self.enqueue_req(conn)

    # ---- timeouts ----

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections that were kept alive long enough, or all of them if forced."""
        now = time.monotonic()
        while self.keepalived_conns and (force or self.keepalived_conns[0].timeout <= now):
            self._drop(self.keepalived_conns[0])

    def murder_pending(self) -> None:
        """Give up connections that have waited too long; called after each turn of the loop."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        for place in (self._closing, self._arriving, self._queued):
            for conn in [conn for conn in place if self._is_over(conn, now)]:
                self._give_up(conn)
        before = now - PATIENCE_SECONDS
        waiting = sum(since <= before for since in self._asked.copy())
        waiting += sum(c.timeout <= before + self._watch.seconds for c in self._queued)
        if not (self.alive or self._is_told_to_stop):
            waiting = self.cfg.threads  # its successor waits
        if waiting:
            self._watch.relieve(PATIENCE_SECONDS, waiting)

    def _give_up(self, conn: Connection) -> None:
        """Close a connection. If its head has arrived, send its client an error first."""
        if conn.place is self._arriving and conn.has_head:
            self._leave(conn)
            self._watch.cut(conn.sock)
            self.enqueue_req(conn)
        else:
            self._drop(conn)
