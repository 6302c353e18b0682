"""Budget: bounds on what reading one request costs.

Each request makes one budget and hands it down. Every loop over a client's data calls `check` or
`spend`, so no input can keep a thread for longer. When a bound is met, the reading ends with the
best answer so far. Without an answer, it raises `BudgetError`.
"""

import math
import time
from collections.abc import Callable

from .errors import BudgetError, GoneError

GROUPS = 20_000
"""Groups of ink that the networks may classify. A page of 300 digits needs 1,300, a batch of 100
numbers of five digits some 3,000. This bound matters where an operator allows much processor
time."""

PIXELS = 400_000_000
"""Pixels that may be copied into patches of a picture's groups. A page of 100 digits at 1,800
pixels needs 2 million; 400 million take some 3 s."""

LOOK_SECONDS = 0.05
"""Wall-clock time between two checks that the client is still connected. A check is a system call,
and a delay of 50 ms goes unnoticed."""


class Budget:
    """Bounds on the work of one request. Without arguments, it is unlimited.

    It counts the processor time of the thread that makes it, so it belongs to one thread.

    Args:
        processor_time: seconds of this thread's processor time.
        time_left: seconds of wall-clock time, waiting included.
        groups: groups of ink that the networks may classify.
        pixels: pixels that may be copied into patches.
        is_gone: returns whether the client has closed its connection. It is called at most once
            every `LOOK_SECONDS`.
        clock: returns the processor time of this thread, in seconds.
        wall_clock: returns a monotonic time, in seconds.
    """

    def __init__(
        self,
        *,
        processor_time: float = math.inf,
        time_left: float = math.inf,
        groups: float = math.inf,
        pixels: float = math.inf,
        is_gone: Callable[[], bool] | None = None,
        clock: Callable[[], float] = time.thread_time,
        wall_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_groups, self._groups = groups, 0
        self._most_pixels, self._pixels = pixels, 0
        self._is_gone = is_gone
        self._clock = clock
        self._wall_clock = wall_clock
        self._seconds = processor_time
        self._start = clock()
        self._end = self._start + processor_time
        now = wall_clock()
        self._time = time_left
        self._wall_end = now + time_left
        self._next_look = now + LOOK_SECONDS
        # A thread never uses more processor time than wall-clock time. Reading its clock is a
        # system call, so the clock is read only when the bound could be met.
        self._next_clock = now + processor_time

    @property
    def processor_time(self) -> float:
        """Seconds of processor time used since the budget was made."""
        return self._clock() - self._start

    @property
    def time_left(self) -> float:
        """Seconds of wall-clock time left. Negative once the time is over."""
        return self._wall_end - self._wall_clock()

    def check(self) -> None:
        """Return if the budget lasts.

        Raises:
            BudgetError: a bound is met.
            GoneError: the client has closed its connection.
        """
        if self._groups > self._most_groups:
            raise BudgetError("groups", self._most_groups)
        if self._pixels > self._most_pixels:
            raise BudgetError("pixels", self._most_pixels)
        now = self._wall_clock()
        if now >= self._next_clock:
            left = self._end - self._clock()
            if left < 0:
                raise BudgetError("processor_time", self._seconds)
            self._next_clock = now + left
        if now > self._wall_end:
            raise BudgetError("time", self._time)
        if self._is_gone is not None and now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            if self._is_gone():
                raise GoneError("the client has closed its connection")

    def spend(self, *, groups: int = 0, pixels: int = 0) -> None:
        """Count work before it is done, and check the budget.

        Raises:
            BudgetError, GoneError: see `check`.
        """
        self._groups += groups
        self._pixels += pixels
        self.check()
