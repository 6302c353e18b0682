"""At most so many at once; some more wait a little; the rest are told at once to come back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ProblemError

RETRY_SECONDS = 1
"""After which whoever was turned away may try again: a reading takes far less."""


class Gate:
    """Bounds how much is done at once in this process, and how much waits for it.

    Whoever does not fit is turned away without waiting, so that a flood leaves threads for what
    costs nothing (docs/decisions/0010).

    Args:
        places: how many are let in at once.
        waiting: how many more may wait.
        seconds: how long one waits before it is turned away.
    """

    def __init__(self, places: int, waiting: int, seconds: float) -> None:
        self.places = places
        self.waiting = waiting
        self._seconds = seconds
        self._queue = threading.BoundedSemaphore(places + waiting)
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def queued(self) -> Iterator[None]:
        """Stand in the queue for the block, in which `turn` gives places.

        Raises:
            ProblemError: 503 with Retry-After, the queue is full.
        """
        if not self._queue.acquire(blocking=False):
            raise _busy()
        try:
            yield
        finally:
            self._queue.release()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a place for the block.

        Raises:
            ProblemError: 503 with Retry-After, there was none for too long.
        """
        if not self._places.acquire(timeout=self._seconds):
            raise _busy()
        try:
            yield
        finally:
            self._places.release()


def _busy() -> ProblemError:
    return ProblemError(
        503,
        f"There is too much to do at the moment; please try again in {RETRY_SECONDS} s.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )
