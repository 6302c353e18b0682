"""Admission: the cost of a request, its charge, and its turn.

A request to read something joins the queue of its engine, is charged its estimated cost, and gets
one budget for all of its work.
"""

import select
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from flask import current_app, request

from ..config import Settings
from ..engine import Engine
from ..ops import metrics
from ..ops.capacity import capacity
from ..recognition import GROUPS, PIXELS, Budget, Stroke
from ..recognition.picture.formats import Header, read_header
from . import rates
from .gate import Entry

LARGE_SIDE = 1024
"""Longer side above which a picture counts as large, in pixels."""

STROKE_SECONDS = 0.002
"""Processor time of a stroke of ordinary writing (`python -m bench` reads ten digits in 13 ms),
..."""

POINT_SECONDS = 2e-5
"""... and of a point. 20,000 of them take 0.3 s, or 1.4 s if they are not writing."""

PICTURE_SECONDS = 0.05
"""Processor time of a picture, ..."""

MEGAPIXEL_SECONDS = 0.04
"""... and of each of its megapixels. A photo of 12 megapixels takes some 0.5 s."""

HEAVY_SECONDS = 0.05
"""Cost from which drawings are heavy, in seconds: some 20 strokes. As scribbles, these take 0.3
s."""

CLOSED_BY_PEER = getattr(select, "POLLRDHUP", 0)
"""Poll event for a peer that has stopped sending. Only Linux reports it."""

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
"""The best-known interim response."""


@dataclass(frozen=True)
class Cost:
    """The estimated cost of a request, before it is read."""

    seconds: float
    """Processor time of ordinary writing, in seconds."""
    is_heavy: bool
    """Whether it may keep other requests waiting for long."""
    is_large: bool = False
    """Whether it is a picture that is reduced before it is read, which takes much memory."""


def cost_of_drawings(drawings: Sequence[Sequence[Stroke]]) -> Cost:
    """Return the cost of drawings."""
    strokes = [stroke for strokes in drawings for stroke in strokes]
    seconds = STROKE_SECONDS * len(strokes) + POINT_SECONDS * sum(map(len, strokes))
    return Cost(seconds, seconds >= HEAVY_SECONDS)


def cost_of_picture(data: bytes) -> Cost:
    """Return the cost of a picture, from its header alone.

    Raises:
        UnsupportedImageError, UndecodableImageError: see `read_header`.
    """
    header: Header = read_header(data)
    megapixels = header.width * header.height / 1e6
    is_large = max(header.width, header.height) > LARGE_SIDE
    return Cost(PICTURE_SECONDS + MEGAPIXEL_SECONDS * megapixels, is_large, is_large)


class Admission:
    """An admitted request: its budget, and its turns."""

    def __init__(self, engine: Engine, cost: Cost, entry: Entry, budget: Budget) -> None:
        self.budget = budget
        self._engine = engine
        self._cost = cost
        self._entry = entry

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a place for the block, to read one drawing or one picture.

        Raises:
            ProblemError: 503, another client's request took the place in the queue.
            BudgetError, GoneError: see `Budget.check`.
        """
        self.budget.check()
        lock = capacity.large_pictures if self._cost.is_large else None
        with (
            self._engine.gate.turn(self._entry, self.budget),
            lock.held(self.budget) if lock else nullcontext(),
        ):
            yield


@contextmanager
def admitted(engine: Engine, cost: Cost) -> Iterator[Admission]:
    """Admit this request for the block, and charge its client.

    Raises:
        ProblemError: 503, the queue is full; 429, the client has exceeded its rate.
    """
    settings: Settings = current_app.config["SETTINGS"]
    budget = Budget(
        processor_time=settings.reading_seconds,
        time_left=settings.request_seconds,
        groups=GROUPS,
        pixels=PIXELS,
        is_gone=_gone_check(),
    )
    with (
        engine.gate.queued(rates.client(), heavy=cost.is_heavy) as entry,
        metrics.queued(engine.kind),
    ):
        rates.charge(cost.seconds)
        yield Admission(engine, cost, entry, budget)


@contextmanager
def reading(engine: Engine, cost: Cost) -> Iterator[Budget]:
    """Admit this request and hold its only turn for the block.

    Raises:
        ProblemError: see `admitted` and `Admission.turn`.
        BudgetError, GoneError: see `Budget.check`.
    """
    with admitted(engine, cost) as admission, admission.turn():
        yield admission.budget


class Presence:
    """Detects whether the client of a request has gone.

    A client may shut its side of the connection and still wait for the answer. It then looks like a
    client that has gone. Sending tells them apart, because the system resets a connection that its
    process has closed. One interim response is sent, which every HTTP/1.1 client must accept and
    may ignore (RFC 9110, 15.2).

    Args:
        connection: the client's connection.
        may_probe: whether the client speaks HTTP/1.1.
    """

    def __init__(self, connection: socket.socket, may_probe: bool) -> None:
        self._connection = connection
        self._may_probe = may_probe

    def is_gone(self) -> bool:
        """Return whether the connection is broken; False if that is uncertain."""
        poll = select.poll()
        poll.register(self._connection, CLOSED_BY_PEER)
        events = sum(event for _, event in poll.poll(0))
        if events & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
            return True
        if events & CLOSED_BY_PEER and self._may_probe:
            self._may_probe = False
            try:
                self._connection.send(INTERIM, socket.MSG_DONTWAIT)
            except OSError:
                return True
        return False


def _gone_check() -> Callable[[], bool] | None:
    """Return the check for a client that has gone, or None if the server cannot tell."""
    connection = request.environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket) or isinstance(connection, ssl.SSLSocket):
        return None
    return Presence(connection, request.environ["SERVER_PROTOCOL"] == "HTTP/1.1").is_gone
