"""The budget of a request: what reading it may cost.

A request makes one budget and hands it down. Every loop over what a visitor sent calls `check` or
`spend`, so that no input, however made, keeps a thread for longer. Where a bound is met, the
reading ends with the best answer so far, or with a `BudgetError` where there is none yet.
"""

import math
import time
from collections.abc import Callable

from .errors import BudgetError, GoneError

GROUPS = 20_000
"""Groups of ink that the networks may be asked about. A page of 300 digits needs 1,300, a batch of
100 numbers of five digits some 3,000. It holds where an operator allows much processor time."""

PIXELS = 400_000_000
"""Pixels that may be copied into patches of a picture's groups. A page of 100 digits at 1,800
pixels needs 2 million; 400 million take some 3 s."""

LOOK_SECONDS = 0.05
"""Wall-clock time between two looks at whether the client is still there: a look is a system call,
and nobody notices a twentieth of a second."""


class Budget:
    """Bounds on the work of one request. Without arguments, nothing ends it.

    It counts the processor time of the thread that makes it, so it belongs to one thread.

    Args:
        processor_time: seconds of this thread's processor time.
        time_left: seconds of wall-clock time, waiting included.
        groups: groups of ink that the networks are asked about.
        pixels: pixels that are copied into patches.
        is_gone: whether the client has closed its connection; asked at most every `LOOK_SECONDS`.
        clock: the processor time of this thread, in seconds.
        wall_clock: a monotonic clock, in seconds.
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
        # Nobody uses more processor time than passes: until then there is no need to ask for it,
        # which is a system call.
        self._next_clock = now + processor_time

    @property
    def processor_time(self) -> float:
        """Seconds of processor time that were used since the budget was made."""
        return self._clock() - self._start

    @property
    def time_left(self) -> float:
        """Seconds of wall-clock time that are left; below 0 when they are over."""
        return self._wall_end - self._wall_clock()

    def check(self) -> None:
        """Return while the budget lasts.

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
        """Count work that is about to be done, and check.

        Raises:
            BudgetError, GoneError: as for `check`.
        """
        self._groups += groups
        self._pixels += pixels
        self.check()
