"""gunicorn's threaded worker, with its own way to wait; `worker_class` in gunicorn.conf.py.

gunicorn gives each connection a thread, which then waits for the request: sixteen clients that send
slowly, or nothing, hold a worker up. Here the main loop receives. A request gets a thread once all
of it is there, or the first 64 KiB of a longer one; half of the threads are for the longer ones.
Connections that only wait give way, the oldest first, where others need their place.
"""

import errno
import mmap
import selectors
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers import gthread

from ..access.bodies import Watch
from ..config import MIB

WHOLE_BYTES = 64 * 1024
"""Bytes of a request, head and body, that are received without a thread: of most drawings, all; of
a photo, enough to show that its client does send."""

HELD_BYTES = 16 * MIB
"""Bytes that a worker keeps of requests that are not all there; then the oldest gives way."""

PATIENCE_SECONDS = 2.0
"""How long a request waits for a thread before clients that keep one waiting longer than this are
cut off; and how long a connection that we close waits for its client to close it too."""

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

END_OF_HEAD = b"\r\n\r\n"

_has_started = mmap.mmap(-1, 1)
"""Whether a worker of this site ever started; shared by the processes forked from this one."""


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


def _held_in(place: Iterable[Connection]) -> int:
    """Bytes that have arrived on the connections of a place."""
    return sum(len(conn.received) for conn in place)


def _field(head: bytes, name: bytes) -> bytes:
    """The value of a field of a head, both in small letters; empty where there is none."""
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0].strip()


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """Answers requests in threads, and waits for clients without."""

    sockets: list[Any]
    wsgi: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._closing: dict[Connection, None] = {}
        """Connections that have their last answer, and whose clients have not closed them yet."""
        self._arriving: dict[Connection, None] = {}
        """Connections on which a request has not begun, or is not there yet."""
        self._queued: dict[Connection, None] = {}
        """Connections whose long request waits for a thread."""
        self._held = 0
        """Bytes that have arrived on those."""
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

    def _make_room(self) -> bool:
        """Close the connection that has waited longest: whether there was one."""
        for place in (self._closing, self._arriving, self.keepalived_conns, self._queued):
            if place:
                self._drop(next(iter(place)))
                return True
        return False

    def _wait(self, conn: Connection, place: Any, seconds: float) -> None:
        """Let a connection wait in a place until it becomes readable, but for so long at most."""
        if place is not self._queued:
            on_readable = partial(self._on_readable, conn)
            try:
                self.poller.register(conn.sock, selectors.EVENT_READ, on_readable)
            except OSError:  # the system watches over no more of them
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
        """Let it wait no more, if it does."""
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
        """Close a connection that waits, at once."""
        self._leave(conn)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        """Close a connection that neither waits nor has a thread."""
        self.nr_conns -= 1
        conn.close()

    def _linger(self, conn: Connection) -> None:
        """Close a connection once its client has read the answer (RFC 9112, section 9.6).

        gunicorn waits for that in its main loop, which answers nobody meanwhile.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            self._close(conn)
        else:
            self._wait(conn, self._closing, PATIENCE_SECONDS)

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

    def _drain(self, conn: Connection) -> None:
        """Throw away what comes after the last answer."""
        try:
            data = conn.sock.recv(WHOLE_BYTES)
        except OSError:
            data = b""
        conn.drained += len(data)
        if not data or conn.drained > WHOLE_BYTES:
            self._drop(conn)

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
            place = max((self._arriving, self._queued), key=_held_in)
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
            self._watch.remove(id(conn.sock))

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Answer a request, whose head has arrived."""
        if not conn.may_drip:
            return super().handle_request(req, conn)
        self._watch.remove(id(conn.sock))
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
