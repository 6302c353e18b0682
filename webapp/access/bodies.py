"""Bounds on what a request may bring, and where it is kept: in memory, never on disk."""

import io
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import IO, Any, NamedTuple, cast
from weakref import WeakSet

from flask import Flask, Request, current_app, g
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property

from ..config import MIB, Settings
from ..problems import ProblemError
from .gate import Gate
from .rates import client

MAX_FORM_PARTS = 16
"""Parts of a multipart form; ours have one file and three fields."""

MAX_FORM_FIELD_BYTES = 128 * 1024
"""Longest text field of a form. Werkzeug holds every piece that it reads of a form, the file's too,
against this bound; a piece has 64 KiB and what was left of the one before."""

MULTIPART_OVERHEAD = 64 * 1024
"""Bytes of a form around its file: boundaries, part headers, text fields."""

LARGE_BODY_BYTES = MIB
"""A body of more bytes than this, or of an unknown number, is large."""

DISCARD_SECONDS = 2.0
"""How long a body that is refused is read, so that its sender can hear of it."""

PIECE_BYTES = 64 * 1024
"""Read of it at once."""

LARGE_BODIES = 4
"""Large bodies that one process takes at once, of one client half as many: each is held in memory,
twice for a moment."""


class _Watched(NamedTuple):
    """How long a thread waits for a connection."""

    since: float
    """On the monotonic clock, as the next."""
    deadline: float
    how: int
    """Which side is shut when it is cut, of `socket.SHUT_*`."""


class Watch:
    """Cuts connections that keep a thread waiting too long, for what they send or for us to send.

    A server waits for each next byte as long as it takes; a client that sends or takes one a second
    would keep a thread for a day. One thread a process shuts the side of such a connection that is
    waited for. Whoever reads finds the body cut short, and can still answer.

    Args:
        seconds: how long a head, a body, or an answer may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._changed = threading.Condition()
        self._watched: dict[socket.socket, _Watched] = {}
        self._cut: WeakSet[socket.socket] = WeakSet()
        self._thread: threading.Thread | None = None

    def add(
        self, connection: socket.socket, seconds: float | None = None, *, sending: bool = False
    ) -> None:
        """Watch a connection from now on, for so long."""
        now = time.monotonic()
        deadline = now + (self.seconds if seconds is None else seconds)
        how = socket.SHUT_RDWR if sending else socket.SHUT_RD
        with self._changed:
            self._watched.pop(connection, None)  # what is added last stands last
            self._watched[connection] = _Watched(now, deadline, how)
            # Made here, not before: a thread does not survive the fork that makes a worker.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="bodies", daemon=True)
                self._thread.start()
            elif len(self._watched) == 1:
                self._changed.notify()

    def remove(self, connection: socket.socket) -> None:
        """Stop watching: the body has arrived, or nobody waits for it any more."""
        with self._changed:
            self._watched.pop(connection, None)

    def relieve(self, seconds: float, most: int) -> None:
        """Cut at most so many that have been waited for so long; those that took longest."""
        before = time.monotonic() - seconds
        with self._changed:
            # In the order in which they were added.
            slow = [one for one, watched in self._watched.items() if watched.since <= before]
            for connection in slow[:most]:
                self._end(connection)

    def cut(self, connection: socket.socket) -> None:
        """Take nothing more from a connection: what has not arrived is late."""
        self._cut.add(connection)
        _shut(connection, socket.SHUT_RD)

    def was_cut(self, connection: socket.socket) -> bool:
        """Whether a connection that ended early was cut here."""
        return connection in self._cut

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._watched:
                    self._changed.wait()
                now = time.monotonic()
                late = [one for one, watched in self._watched.items() if watched.deadline <= now]
                for connection in late:
                    # Still in the lock: its request cannot end and give the connection back.
                    self._end(connection)
            time.sleep(min(1.0, self.seconds / 4))

    def _end(self, connection: socket.socket) -> None:
        watched = self._watched.pop(connection)
        self._cut.add(connection)
        _shut(connection, watched.how)


def _shut(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:
        return  # the client has gone: all has ended already


class Body(io.RawIOBase):
    """The bytes of a body as they arrive: all of them, or an error.

    Werkzeug's own stream takes a chunked body that is too long, and one shorter than its
    Content-Length, for a whole one under a server that ends bodies itself, as gunicorn does; and
    what gunicorn raises about malformed chunks passes it as if the fault were ours.

    Args:
        source: what the server reads from.
        announced: the Content-Length, or None for a body in chunks.
        most: bytes that a body in chunks may have.
        is_late: whether what is cut short was cut by the watch.
        arrived: called when all of it has come.
        too_long: called when more has come than is read.
    """

    def __init__(
        self,
        source: IO[bytes],
        announced: int | None,
        most: int,
        is_late: Callable[[], bool] = lambda: False,
        arrived: Callable[[], None] = lambda: None,
        too_long: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._is_late = is_late
        self._arrived = arrived
        self._too_long = too_long
        self._source = source
        self._announced = announced
        self._most = most
        self._count = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill the buffer as far as the body reaches.

        Raises:
            ProblemError: 400 for a body cut short or in malformed chunks, 408 for one too slow,
                413 for one too long.
        """
        wanted = len(buffer)
        if self._announced is not None:
            wanted = min(wanted, self._announced - self._count)
        try:
            data = self._source.read(wanted)
        except Exception as error:  # no two servers raise the same
            self._check_time()
            raise ProblemError(400, "The body broke off, or its chunks are malformed.") from error
        self._count += len(data)
        if self._announced is None and self._count > self._most:
            self._too_long()
            raise ProblemError(413, f"The body has more than the {self._most} bytes that are read.")
        if not data and wanted and self._announced is not None:
            self._check_time()
            raise ProblemError(400, "The body is shorter than its Content-Length.")
        if not data or self._count == self._announced:
            self._arrived()
        buffer[: len(data)] = data
        return len(data)

    def _check_time(self) -> None:
        if self._is_late():
            raise ProblemError(408, "The body took too long to arrive.")


class Incoming:
    """What a request holds while its body arrives: the watch over it, and a place if it is large.

    Raises:
        ProblemError: 503, too many large bodies arrive already.
    """

    def __init__(self, watch: Watch, gate: Gate, environ: dict[str, Any], large: bool) -> None:
        self.is_late: Callable[[], bool] = lambda: False
        self.arrived: Callable[[], None] = lambda: None
        """Ends the watch: what takes long from then on is the reading."""
        with ExitStack() as held:
            if large:
                held.enter_context(gate.queued(client()))
            connection = environ.get("gunicorn.socket")
            if isinstance(connection, socket.socket):
                self.is_late = partial(watch.was_cut, connection)
                watch.add(connection)
                self.arrived = partial(watch.remove, connection)
                held.callback(self.arrived)
            self._held = held.pop_all()

    def close(self) -> None:
        """The request is over."""
        self._held.close()


class InMemoryRequest(Request):
    """A request whose uploads stay in memory: werkzeug would spool large ones to disk."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, bounded.

        Raises:
            ProblemError: 413, more is announced than is read; 503, too many large bodies arrive.
        """
        announced, most = self.content_length, self.max_content_length or 0
        if announced is None and not self.environ.get("wsgi.input_terminated"):
            return io.BytesIO()  # no body; reading on would wait for ever
        if announced is not None and announced > most:
            self._discard(announced)
            raise ProblemError(413, f"The body has {announced} bytes, but at most {most} are read.")
        large = announced is None or announced > LARGE_BODY_BYTES
        watch, gate = current_app.extensions["bodies"]
        try:
            g.incoming = incoming = Incoming(watch, gate, self.environ, large)
        except ProblemError:
            self._discard(announced)
            raise
        source = self.environ["wsgi.input"]
        body = Body(
            source,
            announced,
            most,
            incoming.is_late,
            incoming.arrived,
            too_long=lambda: self._discard(None),
        )
        return cast(IO[bytes], body)

    def _discard(self, announced: int | None) -> None:
        """Read a refused body of so many bytes, or in chunks, for a while, and keep nothing of it.

        A client that still sends while its connection is closed sees no answer, only that.
        """
        connection = self.environ.get("gunicorn.socket")
        if not isinstance(connection, socket.socket):
            return
        # A server waits for each piece until all of it is there, however it drips.
        watch: Watch = current_app.extensions["bodies"][0]
        watch.add(connection, DISCARD_SECONDS)
        deadline = time.monotonic() + DISCARD_SECONDS
        left = float("inf") if announced is None else announced
        try:
            while left > 0 and time.monotonic() < deadline:
                data = self.environ["wsgi.input"].read(int(min(left, PIECE_BYTES)))
                left = left - len(data) if data else 0
        except Exception:  # no two servers raise the same: the client has gone, or sends no chunks
            return
        finally:
            watch.remove(connection)

    def _load_form_data(self) -> None:
        try:
            super()._load_form_data()
        except RequestEntityTooLarge as error:
            raise ProblemError(
                413,
                f"The form has more than {self.max_form_parts} parts, or a text field of more than "
                f"{self.max_form_memory_size} bytes.",
            ) from error

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


def init_app(app: Flask) -> None:
    """Set the bound of every body; the routes of the API narrow it further for JSON."""
    settings: Settings = app.config["SETTINGS"]
    app.request_class = InMemoryRequest
    # Nobody waits for a place: what would be waited for may take as long as a body may.
    bodies = Watch(settings.body_seconds), Gate(LARGE_BODIES, 0, share=LARGE_BODIES // 2)
    app.extensions["bodies"] = bodies
    app.teardown_request(_end)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_image_bytes + MULTIPART_OVERHEAD
    app.config["MAX_FORM_PARTS"] = MAX_FORM_PARTS
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_FORM_FIELD_BYTES


def _end(_: BaseException | None) -> None:
    incoming: Incoming | None = g.pop("incoming", None)
    if incoming is not None:
        incoming.close()
