"""What the machine can carry: workers, and pictures at once, by its cores and its memory."""

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..config import MIB
from ..recognition import Budget

WORKER_BYTES = 90 * MIB
"""Memory of a worker that reads no picture (docs/performance.md)."""

PICTURE_BYTES = 150 * MIB
"""Memory that reading one picture adds, at most: a test sends the worst that is known
(`pytest tests/test_hostile.py -k memory`)."""

PICTURES = 2
"""Pictures that a worker reads at once, of which one is large: a photo must not keep a small
picture waiting."""

LOCK_SECONDS = 0.02
"""How often a process looks whether the lock of the site is free."""

CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says what a container may take: version 2, version 1."""


class SiteLock:
    """A lock among the processes that are forked after it was made.

    A process that is killed lets go of it (POSIX record locks, fcntl(2)). Among the threads of one
    process it is an ordinary lock. It is fair among processes: whoever waits next holds the first
    byte of a file, the turnstile, until it gets the second, which is the lock. A process that lets
    go and comes again waits at the turnstile.
    """

    _TURNSTILE, _LOCK = 0, 1

    def __init__(self) -> None:
        # In memory where the system can: a site must start on a full disk.
        if hasattr(os, "memfd_create"):
            self._file = os.memfd_create("inkling")
        else:
            with tempfile.TemporaryFile() as file:
                self._file = os.dup(file.fileno())
        self._threads = threading.Lock()

    @contextmanager
    def held(self, budget: Budget) -> Iterator[None]:
        """Hold the lock for the block; wait for it while the budget lasts.

        Raises:
            BudgetError, GoneError: see `Budget.check`.
        """
        while not self._threads.acquire(timeout=LOCK_SECONDS):
            budget.check()
        try:
            with ExitStack() as held:
                with self._byte(self._TURNSTILE, budget):
                    held.enter_context(self._byte(self._LOCK, budget))
                yield
        finally:
            self._threads.release()

    @contextmanager
    def _byte(self, place: int, budget: Budget) -> Iterator[None]:
        """Hold a byte of the file for the block."""
        while not self._try(place):
            budget.check()
            time.sleep(LOCK_SECONDS)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def _try(self, place: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:  # another process holds it
            return False
        return True


@dataclass
class Capacity:
    """What the workers of this site share."""

    large_pictures: SiteLock | None = None
    """Held while a large picture is read, where memory has room for one of the site."""

    def fit(self, workers: int, memory: int) -> None:
        """Fit so many workers into the memory, in bytes.

        Called in the first process of a server, before it forks; again on a reload.
        """
        if memory >= workers * (WORKER_BYTES + PICTURES * PICTURE_BYTES):
            self.large_pictures = None
        elif self.large_pictures is None:
            self.large_pictures = SiteLock()


capacity = Capacity()
"""Of this process and those that are forked from it."""


def default_workers(cores: int, memory: int) -> int:
    """One worker a core, as far as the memory, in bytes, reaches; at least one."""
    return max(1, min(cores, memory // (WORKER_BYTES + PICTURE_BYTES)))


def cores_here() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_here(cgroups: tuple[str, ...] = CGROUPS) -> int:
    """Bytes of memory that this machine has, or that its container may take."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in cgroups:
        try:
            text = Path(path).read_text().strip()
        except OSError:
            continue  # not there: no such container
        if text.isdigit():  # or `max`
            memory = min(memory, int(text))
    return memory
