"""gunicorn's threaded worker, with its own way to wait; `worker_class` in gunicorn.conf.py.

gunicorn gives each connection a thread, which then waits for the request: sixteen clients that send
slowly, or nothing, hold a worker up. Here the main loop receives. A request gets a thread once all
of it is there, or the first 64 KiB of a longer one; half of the threads are for the longer ones.
Connections that only wait give way, the oldest first, where others need their place.
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
"""Bytes that a worker keeps of requests that are not all there; then the oldest gives way."""


PAUSE_SECONDS = 1.0
"""How long no connection is accepted when accepting fails, and between tries to start a worker."""

COMPLAINT_SECONDS = 60.0
"""How often the log says that accepting fails."""

LOOK_SECONDS = 0.25
"""How often the worker looks for what has waited too long."""

NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""What accept(2) says where descriptors or memory are used up."""

NOTHING_THERE = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EPROTO}
"""What accept(2) says where the client has gone, or another worker was quicker."""

_has_started = mmap.mmap(-1, 1)
"""Whether a worker of this site ever started; shared by the processes forked from this one."""


class Worker(WaitingRoom):
    """Answers requests in threads, and waits for clients without."""

    sockets: list[Any]
    wsgi: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._long: Counter[str] = Counter()
        """Threads that have got long requests, by the client's address."""
        self._asked: deque[float] = deque()
        """When each request came that waits for a thread; on the monotonic clock, as all times."""
        self._is_told_to_stop = False
        self._last_call = float("inf")
        self._next_accept = self._next_complaint = self._next_look = 0.0

    # ---- start and stop ----

    def init_process(self) -> None:
        """Run, in the process that was forked.

        The first workers of a site end it if they cannot start. A later one, which lacks memory
        perhaps, only ends itself, and gunicorn makes another.
        """
        # Anything else cannot be received here, and gets a thread with its first byte.
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
        """Make the site, and watch how its answers are taken."""
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
        """Stop: the site ends, or other workers have started already."""
        self._is_told_to_stop = True
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections from now on, or no more.

        When the worker stops, those that the kernel has accepted already are taken, and the
        listening sockets are closed then, not only after the last answer: whoever connects in
        between would be cut off.
        """
        if enabled and time.monotonic() < self._next_accept:
            return
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            # Not for ever: others may connect as quickly as they are taken.
            for _ in range(self.cfg.backlog):
                if not self._take(listener):
                    break
            listener.close()
        self.sockets = []

    def _cap_keepalive(self, deadline: float) -> None:
        """Close connections by then that no request has begun on."""
        super()._cap_keepalive(deadline)
        self._last_call = deadline

    def _is_over(self, conn: Connection, now: float) -> bool:
        """Whether a connection has waited long enough for its request.

        A worker that is told to stop waits on for a request that has begun. A worker that is
        recycled has no successor before it ends, and does not.
        """
        is_spared = self._is_told_to_stop and conn.received
        return conn.timeout <= now or (self._last_call <= now and not is_spared)

    # ---- connections ----

    def accept(self, listener: Any) -> None:
        """Accept a connection; where it takes the last place, another gives way."""
        self._take(listener)

    def _take(self, listener: Any) -> bool:
        """Accept a connection: whether there was one."""
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
        """Go on without the connection: make room for it, or wait."""
        now = time.monotonic()
        if now >= self._next_complaint:
            self._next_complaint = now + COMPLAINT_SECONDS
            self.log.error("connections cannot be accepted: %s", error.strerror)
        if error.errno == errno.EMFILE:
            # Fewer from now on: threads need descriptors too, one each for a file.
            least = self.cfg.threads + 1
            self.worker_connections = max(least, self.nr_conns - self.cfg.threads)
        if error.errno in NO_ROOM and self._make_room():
            while self.nr_conns >= self.worker_connections and self._make_room():
                pass
        elif self.alive:
            # The listening socket stays readable: looking again at once would take a core.
            self._next_accept = now + PAUSE_SECONDS
            self.set_accept_enabled(False)

    # ---- requests ----

    def _on_readable(self, conn: Connection, _: Any) -> None:
        """Something has arrived on a connection that waits."""
        if conn.place is None:
            return  # it gave way to another one, of whom was told at the same time
        if conn.place is self._closing:
            self._drain(conn)
            return
        if conn.place is self.keepalived_conns:
            self._leave(conn)
        self._receive(conn)

    def _receive(self, conn: Connection) -> None:
        """Take what has arrived of a request, and give it to a thread as soon as one is needed."""
        if not self._is_plain:
            self._receive_opaque(conn)
            return
        before = len(conn.received)
        has_ended = False
        # Of a client that sends ahead, a request may be there already: no more is taken until then.
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
            # Of the place that holds more, so that long requests do not push short ones out, and of
            # the client that has the most of them.
            place = max((self._arriving, self._queued), key=held_in)
            most, _ = Counter(conn.address for conn in place).most_common(1)[0]
            self._drop(next(conn for conn in place if conn.address == most))

    def _receive_opaque(self, conn: Connection) -> None:
        """The same where only a thread can receive."""
        if conn.place is None and not conn.initialized:
            self._wait(conn, self._arriving, self._watch.seconds)
        else:
            self._leave(conn)
            self.enqueue_req(conn)

    def _hand_over(self, conn: Connection) -> None:
        """Give a request to a thread; a long one to one of those that are for long ones."""
        if not conn.is_whole:
            if self._long.total() >= max(1, self.cfg.threads // 2):
                self._wait(conn, self._queued, self._watch.seconds)
                return
            self._long[conn.address] += 1
            conn.is_long = True
        self.enqueue_req(conn)

    def enqueue_req(self, conn: Connection) -> None:
        """Let the next free thread handle a request."""
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
        """Answer a request, whose head has arrived."""
        if not conn.may_drip:
            return super().handle_request(req, conn)
        self._watch.remove(conn.sock)
        try:
            return super().handle_request(req, conn)
        finally:
            # What nobody has read of its body is read now, and may drip as heads may.
            self._watch.add(conn.sock)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Close a connection whose thread is free again, or wait for its next request."""
        if conn.is_long:
            conn.is_long = False
            self._long[conn.address] -= 1
            self._long += Counter()  # without those that have none
            if self._queued:
                # Of the client that has the fewest; of these, the one that waits longest.
                first = min(self._queued, key=lambda waiting: self._long[waiting.address])
                self._leave(first)
                self._hand_over(first)
        try:
            is_kept = not fs.cancelled() and fs.result()
            conn.sock.setblocking(False)
        except Exception:  # as gunicorn does it: whatever it is, the connection is lost
            self._close(conn)
            return
        if not is_kept:
            self._linger(conn)
            return
        next_request = conn.parser.unreader.take_buffered()
        if next_request:
            # Read with the last one: the socket does not tell of it.
            self._go_on_with(conn, next_request)
            return
        seconds = self.cfg.keepalive if self.alive else gthread.STOP_KEEPALIVE_LINGER
        self._wait(conn, self.keepalived_conns, seconds)

    def _go_on_with(self, conn: Connection, data: bytes) -> None:
        """Handle what a client has sent before it had its answer."""
        if self._is_plain:
            conn.put(data)
            self._receive(conn)
        else:
            conn.parser.unreader.unread(data)
            self.enqueue_req(conn)

    # ---- what takes too long ----

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections that were kept long enough; all of them if forced."""
        now = time.monotonic()
        while self.keepalived_conns and (force or self.keepalived_conns[0].timeout <= now):
            self._drop(self.keepalived_conns[0])

    def murder_pending(self) -> None:
        """Give up what has waited too long; gunicorn calls this after each turn of its loop."""
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
        """Close a connection, but tell its client if the site has understood what it wants."""
        if conn.place is self._arriving and conn.has_head:
            self._leave(conn)
            self._watch.cut(conn.sock)
            self.enqueue_req(conn)
        else:
            self._drop(conn)
