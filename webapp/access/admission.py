"""Admission: what a request costs, who is charged for it, and when it is its turn.

A request that wants something read joins the queue of what reads it, is charged by its estimated
cost, and gets one budget for all of its work.
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
"""Longer side of a picture, in pixels, beyond which it counts as large."""

STROKE_SECONDS = 0.002
"""Processor time of a stroke of ordinary writing (`python -m bench` reads ten digits in 13 ms), ...
"""

POINT_SECONDS = 2e-5
"""... and of a point: 20,000 of them take 0.3 s, or 1.4 s where they are no writing."""

PICTURE_SECONDS = 0.05
"""Processor time of a picture, ..."""

MEGAPIXEL_SECONDS = 0.04
"""... and of each megapixel of it: a photo of 12 megapixels takes some 0.5 s."""

HEAVY_SECONDS = 0.05
"""From this cost on drawings are heavy: some 20 strokes, of which scribbles take 0.3 s."""

CLOSED_BY_PEER = getattr(select, "POLLRDHUP", 0)
"""The event of a connection whose other side sends no more; only Linux tells it."""

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
"""The interim response that clients know best."""


@dataclass(frozen=True)
class Cost:
    """What a request will cost, as far as it shows before it is read."""

    seconds: float
    """Of processor time, if it is what people write."""
    is_heavy: bool
    """It may keep others waiting for long."""
    is_large: bool = False
    """It is a picture that is reduced before it is read: it takes much memory."""


def cost_of_drawings(drawings: Sequence[Sequence[Stroke]]) -> Cost:
    """The cost of some drawings."""
    strokes = [stroke for strokes in drawings for stroke in strokes]
    seconds = STROKE_SECONDS * len(strokes) + POINT_SECONDS * sum(map(len, strokes))
    return Cost(seconds, seconds >= HEAVY_SECONDS)


def cost_of_picture(data: bytes) -> Cost:
    """The cost of a picture, by its header alone.

    Raises:
        UnsupportedImageError, UndecodableImageError: see `read_header`.
    """
    header: Header = read_header(data)
    megapixels = header.width * header.height / 1e6
    is_large = max(header.width, header.height) > LARGE_SIDE
    return Cost(PICTURE_SECONDS + MEGAPIXEL_SECONDS * megapixels, is_large, is_large)


class Admission:
    """A request that was admitted: its budget, and its turns."""

    def __init__(self, engine: Engine, cost: Cost, entry: Entry, budget: Budget) -> None:
        self.budget = budget
        self._engine = engine
        self._cost = cost
        self._entry = entry

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a place for the block: one drawing, or one picture.

        Raises:
            ProblemError: 503, another client took the place in the queue.
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
        ProblemError: 503, the queue is full; 429, the client has used up its rate.
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
    """Admit this request, which has one thing to read, and read it in the block.

    Raises:
        ProblemError: see `admitted` and `Admission.turn`.
        BudgetError, GoneError: see `Budget.check`.
    """
    with admitted(engine, cost) as admission, admission.turn():
        yield admission.budget


class Presence:
    """Whether the client of a request is still there.

    A client may close its side of the connection and still wait for the answer, and looks then as
    one that has gone. Only what is sent to it tells: a system whose process has closed a connection
    resets it. So it is sent an interim response once, which every client of HTTP/1.1 must take and
    may ignore (RFC 9110, 15.2).

    Args:
        connection: of the client.
        may_probe: whether the client speaks HTTP/1.1.
    """

    def __init__(self, connection: socket.socket, may_probe: bool) -> None:
        self._connection = connection
        self._may_probe = may_probe

    def is_gone(self) -> bool:
        """Whether the connection is broken; False while that is not certain."""
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
    """What tells whether the client has gone; None where nothing can."""
    connection = request.environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket) or isinstance(connection, ssl.SSLSocket):
        return None
    return Presence(connection, request.environ["SERVER_PROTOCOL"] == "HTTP/1.1").is_gone
