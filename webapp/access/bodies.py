"""Request bodies: bounds on size, time and number. Bodies stay in memory, never on disk."""

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
"""Parts of a multipart form, at most. The site's forms have one file and three fields."""

MAX_FORM_FIELD_BYTES = 128 * 1024
"""Longest text field of a form, in bytes. Werkzeug applies this bound to every piece of a form that
it reads, including the file's. A piece has 64 KiB plus the rest of the one before."""

MULTIPART_OVERHEAD = 64 * 1024
"""Bytes of a form besides its file: boundaries, part headers, text fields."""

LARGE_BODY_BYTES = MIB
"""Size above which a body is large, in bytes. A body of unknown size is large."""

DISCARD_SECONDS = 2.0
"""Time that a refused body is read for, so that its sender receives the answer."""

PIECE_BYTES = 64 * 1024
"""Bytes of a refused body per read."""

LARGE_BODIES = 4
"""Large bodies that one process accepts at once; half as many from one client. Each is held in
memory, for a moment twice."""


class _Watched(NamedTuple):
    """A watched connection, and the time that a thread may wait for it."""

    since: float
    """On the monotonic clock, like `deadline`."""
    deadline: float
    how: int
    """Side to shut at the deadline, of `socket.SHUT_*`."""


class Watch:
    """Cuts connections that keep a thread waiting too long, to receive or to send.

    A server waits without limit for each next byte, so a client that sends or takes one a second
    could keep a thread for a day. One thread per process shuts the awaited side of such a
    connection. The reader then finds the body cut short, and can still answer.

    Args:
        seconds: time that a head, a body, or an answer may take.
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
        """Watch a connection from now on, for `seconds`."""
        now = time.monotonic()
        deadline = now + (self.seconds if seconds is None else seconds)
        how = socket.SHUT_RDWR if sending else socket.SHUT_RD
        with self._changed:
            self._watched.pop(connection, None)  # moves it to the end
            self._watched[connection] = _Watched(now, deadline, how)
            # Threads do not survive the fork that makes a worker, so the thread starts here.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="bodies", daemon=True)
                self._thread.start()
            elif len(self._watched) == 1:
                self._changed.notify()

    def remove(self, connection: socket.socket) -> None:
        """Stop watching: the body has arrived, or no thread waits for it."""
        with self._changed:
            self._watched.pop(connection, None)

    def relieve(self, seconds: float, most: int) -> None:
        """Cut up to `most` connections that threads have waited for `seconds`, longest first."""
        before = time.monotonic() - seconds
        with self._changed:
            # In the order in which they were added.
            slow = [one for one, watched in self._watched.items() if watched.since <= before]
            for connection in slow[:most]:
                self._end(connection)

    def cut(self, connection: socket.socket) -> None:
        """Stop receiving from a connection. Anything that has not arrived is late."""
        self._cut.add(connection)
        _shut(connection, socket.SHUT_RD)

    def was_cut(self, connection: socket.socket) -> bool:
        """Return whether the watch cut this connection."""
        return connection in self._cut

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._watched:
                    self._changed.wait()
                now = time.monotonic()
                late = [one for one, watched in self._watched.items() if watched.deadline <= now]
                for connection in late:
                    # The lock is held, so the request cannot end and release the connection.
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
        return  # the client has closed the connection


class Body(io.RawIOBase):
    """The bytes of a body as they arrive: complete, or an error.

    Under a server that ends bodies itself, as gunicorn does, werkzeug's stream accepts a chunked
    body that is too long, and one shorter than its Content-Length. It also passes on gunicorn's
    errors for malformed chunks as if they were errors of the server.

    Args:
        source: the server's stream.
        announced: the Content-Length, or None for a chunked body.
        most: largest size of a chunked body, in bytes.
        is_late: returns whether the watch cut the connection.
        arrived: called when the body is complete.
        too_long: called when a chunked body exceeds `most`.
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
        """Return True."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill the buffer from the rest of the body.

        Raises:
            ProblemError: 400 for a body cut short or malformed chunks, 408 for a body that is too
                slow, 413 for one that is too long.
        """
        wanted = len(buffer)
        if self._announced is not None:
            wanted = min(wanted, self._announced - self._count)
        try:
            data = self._source.read(wanted)
        except Exception as error:  # servers raise different errors
            self._check_time()
            detail = "The body is incomplete, or its chunks are malformed."
            raise ProblemError(400, detail) from error
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
    """Resources of a request while its body arrives: the watch, and a place for a large body.

    Raises:
        ProblemError: 503, too many large bodies are arriving.
    """

    def __init__(self, watch: Watch, gate: Gate, environ: dict[str, Any], large: bool) -> None:
        self.is_late: Callable[[], bool] = lambda: False
        self.arrived: Callable[[], None] = lambda: None
        """Ends the watch. The time of the reading does not count."""
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
        """Release the resources at the end of the request."""
        self._held.close()


class InMemoryRequest(Request):
    """A request that keeps uploads in memory. Werkzeug would spool large ones to disk."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, bounded.

        Raises:
            ProblemError: 413, the Content-Length is above the limit; 503, too many large bodies are
                arriving.
        """
        announced, most = self.content_length, self.max_content_length or 0
        if announced is None and not self.environ.get("wsgi.input_terminated"):
            return io.BytesIO()  # no body; reading would wait without limit
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
        """Read and discard a refused body for `DISCARD_SECONDS`.

        A client that is still sending when its connection closes does not receive the answer.
        """
        connection = self.environ.get("gunicorn.socket")
        if not isinstance(connection, socket.socket):
            return
        # A read waits until the whole piece has arrived, however slowly.
        watch: Watch = current_app.extensions["bodies"][0]
        watch.add(connection, DISCARD_SECONDS)
        deadline = time.monotonic() + DISCARD_SECONDS
        left = announced
        try:
            while left != 0 and time.monotonic() < deadline:
                wanted = PIECE_BYTES if left is None else min(left, PIECE_BYTES)
                data = self.environ["wsgi.input"].read(wanted)
                if not data:
                    return
                left = None if left is None else left - len(data)
        except Exception:  # servers raise different errors
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
    """Set the bounds of every body. The API's routes narrow them for JSON."""
    settings: Settings = app.config["SETTINGS"]
    app.request_class = InMemoryRequest
    # Requests do not wait for a place, because a body may take a long time.
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
