"""The gate: some requests run, some wait, the rest are refused at once, fairly between clients."""

import threading

import pytest

from webapp.access.gate import Gate
from webapp.problems import ProblemError
from webapp.recognition import Budget, BudgetError, GoneError

SOON = 10.0
"""Time limit for another thread, in seconds."""


class Visitor:
    """A thread that requests a place and holds it until it is told to leave."""

    def __init__(self, gate, client=None, heavy=False, budget=None, turns=1) -> None:
        self.gate = gate
        self.inside = threading.Event()
        self.leave = threading.Event()
        self.refused: Exception | None = None
        self._thread = threading.Thread(target=self._visit, args=(client, heavy, budget, turns))
        self._entry = None
        self._thread.start()
        # The next visitor may come when this one holds a place, waits or was refused.
        while self._thread.is_alive() and self._entry not in [*gate._waiting, *gate._inside]:
            self._thread.join(0.001)

    def _visit(self, client, heavy, budget, turns) -> None:
        try:
            with self.gate.queued(client, heavy=heavy) as entry:
                self._entry = entry
                for _ in range(turns):
                    with self.gate.turn(entry, budget or Budget()):
                        self.inside.set()
                        assert self.leave.wait(SOON)
        except (ProblemError, BudgetError, GoneError) as error:
            self.refused = error

    def waits(self) -> bool:
        """Whether it is in the queue."""
        return self._thread.is_alive() and not self.inside.is_set()

    def end(self) -> None:
        """Leave, and wait until the thread has ended."""
        self.leave.set()
        self._thread.join(SOON)
        assert not self._thread.is_alive()

    def gone(self) -> None:
        """Wait until it is refused."""
        self._thread.join(SOON)
        assert not self._thread.is_alive()


@pytest.fixture
def visit():
    """A function that makes visitors, all of whom leave at the end of the test."""
    visitors = []

    def make(*args, **options):
        visitors.append(Visitor(*args, **options))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.leave.set()
    for visitor in visitors:
        visitor.end()


def is_busy(error) -> bool:
    """Return whether an error is the refusal of a full gate."""
    return isinstance(error, ProblemError) and error.status == 503


def test_as_many_as_there_are_places_come_in(visit):
    """As many visitors as there are places enter at once."""
    gate = Gate(2, 0)
    assert all(visit(gate).inside.wait(SOON) for _ in range(2))


def test_a_free_place_goes_to_the_one_that_waits_longest(visit):
    """A free place goes to the visitor who has waited longest."""
    gate = Gate(1, 3)
    first, *others = [visit(gate) for _ in range(4)]
    for after in others:
        assert after.waits()
        first.end()
        assert after.inside.wait(SOON)
        first = after


def test_it_rejects_at_once_when_the_queue_is_full(visit):
    """A visitor beyond the queue is refused at once, with 503 and Retry-After."""
    gate = Gate(1, 1)
    visit(gate)
    visit(gate)
    refused = visit(gate).refused
    assert is_busy(refused)
    assert refused.headers == {"Retry-After": "1"}


def test_a_batch_stands_behind_those_who_wait(visit):
    """A batch waits again after each of its drawings, so that it does not take all turns."""
    gate = Gate(1, 2)
    order = []

    def batch():
        with gate.queued(heavy=True) as entry:
            for _ in range(3):
                with gate.turn(entry, Budget()):
                    order.append("batch")
                    assert begun.wait(SOON)

    def single():
        with gate.queued() as entry, gate.turn(entry, Budget()):
            order.append("single")

    begun = threading.Event()
    threads = [threading.Thread(target=batch)]
    threads[0].start()
    while not order:
        threads[0].join(0.001)
    threads.append(threading.Thread(target=single))
    threads[1].start()
    while not gate._waiting:
        threads[1].join(0.001)
    begun.set()
    for thread in threads:
        thread.join(SOON)
    assert order == ["batch", "single", "batch", "batch"]


def test_one_batch_at_a_time_leaves_a_place_free(visit):
    """A second heavy request waits for a free place, which a light one takes."""
    gate = Gate(2, 2, heavy=1)
    first = visit(gate, heavy=True)
    second = visit(gate, heavy=True)
    assert first.inside.is_set()
    assert second.waits()
    light = visit(gate)
    assert light.inside.wait(SOON)
    assert second.waits()
    first.end()
    assert second.inside.wait(SOON)


def test_a_place_goes_to_the_client_that_holds_the_fewest(visit):
    """A place goes to the waiting client that holds the fewest places."""
    gate = Gate(3, 4)
    flood = [visit(gate, "flood") for _ in range(4)]
    first = visit(gate)
    other = visit(gate, "other")
    first.end()
    assert other.inside.wait(SOON)
    assert [v.inside.is_set() for v in flood] == [True, True, False, False]


def test_no_client_holds_all_places(visit):
    """One client never holds all places, unless there is only one."""
    gate = Gate(2, 2)
    flood = [visit(gate, "flood") for _ in range(2)]
    assert flood[1].waits()
    assert visit(gate, "other").inside.is_set()
    assert visit(Gate(1, 0), "flood").inside.is_set()


def test_a_full_queue_drops_the_newest_of_the_client_with_the_most(visit):
    """A full queue drops the newest request of the client with the most for another client."""
    gate = Gate(1, 2)
    flood = [visit(gate, "flood") for _ in range(3)]
    other = visit(gate, "other")
    assert other.waits()
    flood[2].gone()
    assert is_busy(flood[2].refused)
    # The client with the most requests cannot displace others.
    assert is_busy(visit(gate, "flood").refused)
    assert other.waits()


def test_what_has_begun_is_not_dropped(visit):
    """A batch that waits for its next turn is older than its client's other requests and stays."""
    gate = Gate(1, 2)
    batch = visit(gate, "flood", turns=2)
    first = visit(gate, "other")
    batch.leave.set()
    assert first.inside.wait(SOON)
    while not gate._waiting:
        batch._thread.join(0.001)
    later = visit(gate, "flood")
    assert visit(gate, "another").waits()
    later.gone()
    assert is_busy(later.refused)
    assert batch.refused is None


def test_nobody_is_dropped_for_one_of_as_many(visit):
    """If all clients have one request each, none is dropped, and the last is refused."""
    gate = Gate(1, 2)
    held = [visit(gate, name) for name in "abc"]
    assert is_busy(visit(gate, "d").refused)
    assert [v.refused for v in held] == [None] * 3


def test_one_client_has_its_share_and_no_more(visit):
    """One client gets at most its share of the queue."""
    gate = Gate(4, 0, share=2)
    assert [visit(gate, "flood").refused for _ in range(2)] == [None, None]
    assert is_busy(visit(gate, "flood").refused)
    assert visit(gate, "other").inside.wait(SOON)
    # Requests from the machine itself have no client.
    assert visit(gate).inside.wait(SOON)


@pytest.mark.parametrize(
    ("budget", "error"),
    [
        (Budget(time_left=0.01), BudgetError),
        (Budget(is_gone=lambda: True), GoneError),
    ],
    ids=["late", "gone"],
)
def test_who_waits_leaves_when_its_budget_ends(visit, budget, error):
    """A waiting visitor leaves the queue when its budget ends or its client is gone."""
    gate = Gate(1, 1)
    visit(gate)
    late = visit(gate, budget=budget)
    late.gone()
    assert isinstance(late.refused, error)
    assert visit(gate).waits()


def test_an_error_gives_the_place_back():
    """A place is released after an error."""
    gate = Gate(1, 0)
    for _ in range(3):
        with pytest.raises(LookupError), gate.queued() as entry, gate.turn(entry, Budget()):
            raise LookupError
    assert gate._queue == gate._inside == gate._waiting == gate._started == []
