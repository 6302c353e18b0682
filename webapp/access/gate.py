"""Gate: a bounded number of requests runs, a bounded number waits, and the rest are refused.

The queue is first come, first served, and fair between clients. A free place goes to the client
that holds the fewest, and no client holds all of several places. In a full queue, the client with
the most entries loses its latest one that has not begun. No client can therefore shut others out,
however much it sends.
"""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from ..problems import busy
from ..recognition import Budget

LOOK_SECONDS = 0.1
"""Time between two checks of a waiting request's budget."""


class Entry:
    """A request in the queue of a gate. It holds a place, waits for one, or does neither."""

    def __init__(self, client: Hashable, heavy: bool) -> None:
        self.client = client
        self.heavy = heavy
        self.is_admitted = False
        self.changed: threading.Event | None = None
        """Set on admission or eviction; None unless it has to wait."""
        self.has_begun = False
        """Whether it has ever held a place."""
        self.is_evicted = False


class Gate:
    """Bounds the number of requests that run in this process, and of those that wait.

    Args:
        places: entries admitted at once, at least 1.
        waiting: further entries in the queue, at most.
        heavy: entries that take long (batches, large pictures) and have begun, at most, at least 1.
            If these are fewer than `places`, one place is always free of heavy entries.
        share: entries of one client in the queue, at most; by default all.
    """

    def __init__(
        self, places: int, waiting: int, heavy: int | None = None, share: int | None = None
    ) -> None:
        self.places = places
        self._share = places + waiting if share is None else share
        self.waiting = waiting
        self.heavy = places if heavy is None else heavy
        self._lock = threading.Lock()
        self._queue: list[Entry] = []
        self._started: list[Entry] = []
        self._waiting: list[Entry] = []
        self._inside: list[Entry] = []

    @contextmanager
    def queued(self, client: Hashable = None, *, heavy: bool = False) -> Iterator[Entry]:
        """Join the queue for the block. `turn` gives places to its entries.

        Args:
            client: key of the request's client; None is exempt from fairness.
            heavy: whether the request takes long.

        Raises:
            ProblemError: 503 with Retry-After, the queue or the client's share of it is full.
        """
        entry = Entry(client, heavy)
        with self._lock:
            if client is not None and self._entries_of(client) >= self._share:
                raise busy()
            if len(self._queue) >= self.places + self.waiting:
                self._evict_for(entry)
            self._queue.append(entry)
        try:
            yield entry
        finally:
            with self._lock:
                for held in (self._queue, self._started):
                    if entry in held:
                        held.remove(entry)
                self._admit()

    @contextmanager
    def turn(self, entry: Entry | None = None, budget: Budget | None = None) -> Iterator[None]:
        """Hold a place for the block. The entry waits behind all others that wait.

        Args:
            entry: the entry from `queued`; None makes one for this turn alone.
            budget: the budget of the request; None waits without limit.

        Raises:
            ProblemError: 503 with Retry-After, another client's request took the entry's place in
                the queue.
            BudgetError, GoneError: see `Budget.check`.
        """
        entry = entry or Entry(None, heavy=False)
        budget = budget or Budget()
        with self._lock:
            if entry.is_evicted:
                raise busy()
            entry.is_admitted = False
            self._waiting.append(entry)
            self._admit()
            entry.changed = None if entry.is_admitted else threading.Event()
        try:
            while not (entry.changed is None or entry.changed.wait(LOOK_SECONDS)):
                budget.check()
            if entry.is_evicted:
                raise busy()
            yield
        finally:
            with self._lock:
                for held in (self._waiting, self._inside):
                    if entry in held:
                        held.remove(entry)
                self._admit()

    def _entries_of(self, client: Hashable) -> int:
        return sum(other.client == client for other in self._queue)

    def _admit(self) -> None:
        """Give free places to waiting entries, first to the client that holds the fewest."""
        while self._waiting and len(self._inside) < self.places:
            holding: Counter[Hashable] = Counter()
            if self._inside:
                holding.update(e.client for e in self._inside if e.client is not None)
            begun = len(self._started)
            ready = [
                e
                for e in self._waiting
                if (not e.heavy or e in self._started or begun < self.heavy)
                and (e.client is None or holding[e.client] < max(1, self.places - 1))
            ]
            if not ready:
                return
            entry = min(ready, key=lambda other: holding[other.client])
            if entry.heavy and entry not in self._started:
                self._started.append(entry)
            self._waiting.remove(entry)
            self._inside.append(entry)
            entry.has_begun = entry.is_admitted = True
            if entry.changed is not None:
                entry.changed.set()

    def _evict_for(self, entry: Entry) -> None:
        """Make room in a full queue: evict the latest entry of the client with the most entries.

        Raises:
            ProblemError: 503, no client has more entries than the new entry's client would have.
        """
        sizes = Counter(other.client for other in self._queue)
        # The queue is in order of arrival. A batch waits again for each of its drawings.
        latest = [
            other
            for other in reversed(self._queue)
            if other.client is not None and not other.has_begun and other in self._waiting
        ]
        loser = max(latest, key=lambda other: sizes[other.client], default=None)
        mine = 1 if entry.client is None else sizes[entry.client] + 1
        if loser is None or sizes[loser.client] <= mine:
            raise busy()
        loser.is_evicted = True
        self._waiting.remove(loser)
        self._queue.remove(loser)
        if loser.changed is not None:
            loser.changed.set()
