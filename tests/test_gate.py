"""At most so many at once; some wait; the rest are turned away at once."""

import threading
import time

import pytest

from webapp.errors import ProblemError
from webapp.gate import Gate

SOON = 5.0
"""Seconds that a test waits for another thread, at most."""


class Holder:
    """A thread that holds a place until it is told to leave."""

    def __init__(self, gate: Gate) -> None:
        self.inside = threading.Event()
        self.leave = threading.Event()
        self.refused: ProblemError | None = None
        self._thread = threading.Thread(target=self._hold, args=(gate,))
        self._thread.start()

    def _hold(self, gate: Gate) -> None:
        try:
            with gate.queued(), gate.turn():
                self.inside.set()
                self.leave.wait(SOON)
        except ProblemError as error:
            self.refused = error

    def end(self) -> None:
        """Leave, and wait until it has."""
        self.leave.set()
        self._thread.join(SOON)
        assert not self._thread.is_alive()


def waiting(gate: Gate) -> Holder:
    """A thread that has joined the queue and holds no place."""
    holder = Holder(gate)
    assert not holder.inside.wait(0.1)
    return holder


def test_as_many_as_there_are_places_come_in():
    """Nobody waits who need not."""
    gate = Gate(2, 0, 0)
    holders = [Holder(gate), Holder(gate)]
    assert all(holder.inside.wait(SOON) for holder in holders)
    for holder in holders:
        holder.end()


def test_who_waits_comes_in_when_a_place_is_free():
    """Not before."""
    gate = Gate(1, 1, SOON)
    first = Holder(gate)
    assert first.inside.wait(SOON)
    second = waiting(gate)
    first.end()
    assert second.inside.wait(SOON)
    second.end()


def test_it_rejects_at_once_when_the_queue_is_full():
    """503 with Retry-After, without waiting."""
    gate = Gate(1, 1, SOON)
    first = Holder(gate)
    assert first.inside.wait(SOON)
    second = waiting(gate)
    start = time.perf_counter()
    with pytest.raises(ProblemError) as refused, gate.queued():
        raise AssertionError("let in")
    assert time.perf_counter() - start < 0.05
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})
    first.end()
    second.end()


def test_it_rejects_who_waited_long_enough():
    """503 after the bound."""
    gate = Gate(1, 1, 0.05)
    first = Holder(gate)
    assert first.inside.wait(SOON)
    second = Holder(gate)
    second._thread.join(SOON)
    assert second.refused is not None
    assert second.refused.status == 503
    first.end()


def test_an_error_gives_the_place_back():
    """Whatever happens inside."""
    gate = Gate(1, 0, 0)
    for _ in range(3):
        with pytest.raises(LookupError), gate.queued(), gate.turn():
            raise LookupError


def test_a_place_can_be_given_up_between_turns():
    """A batch lets others in between two of its drawings."""
    gate = Gate(1, 1, SOON)
    with gate.queued():
        with gate.turn():
            other = waiting(gate)
        assert other.inside.wait(SOON)
        other.end()
        with gate.turn():
            pass
