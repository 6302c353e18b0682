"""Capacity: the numbers of workers and of concurrent pictures, from cores and memory."""

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
"""Memory that reading one picture adds, at most. A test measures the worst known pictures (`pytest
tests/test_hostile.py -k memory`)."""

PICTURES = 2
"""Pictures that a worker reads at once. At most one is large, so that a photo does not delay a
small picture."""

LOCK_SECONDS = 0.02
"""Time between two tries to take the site's lock."""

CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Files with a Linux container's memory limit: cgroup version 2, version 1."""


class SiteLock:
    """A lock among the processes that are forked after it was made.

    A process that is killed releases it (POSIX record locks, fcntl(2)). Among the threads of one
    process it is an ordinary lock. Among processes it is fair: the next in line holds the first
    byte of a file, the turnstile, until it gets the second byte, which is the lock. A process that
    releases the lock and returns waits at the turnstile.
    """

    _TURNSTILE, _LOCK = 0, 1

    def __init__(self) -> None:
        # The file is in memory if the system allows it, so that a site starts on a full disk.
        if hasattr(os, "memfd_create"):
            self._file = os.memfd_create("inkling")
        else:
            with tempfile.TemporaryFile() as file:
                self._file = os.dup(file.fileno())
        self._threads = threading.Lock()

    @contextmanager
    def held(self, budget: Budget) -> Iterator[None]:
        """Hold the lock for the block. Wait for it while the budget lasts.

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
    """The lock that the workers of this site share."""

    large_pictures: SiteLock | None = None
    """Held while a large picture is read, if the site's memory has room for only one."""

    def fit(self, workers: int, memory: int) -> None:
        """Set the lock for this many workers and this memory, in bytes.

        The server's first process calls this before it forks, and again on a reload.
        """
        if memory >= workers * (WORKER_BYTES + PICTURES * PICTURE_BYTES):
            self.large_pictures = None
        elif self.large_pictures is None:
            self.large_pictures = SiteLock()


capacity = Capacity()
"""Shared by this process and the processes forked from it."""


def default_workers(cores: int, memory: int) -> int:
    """Return one worker per core, as far as the memory, in bytes, allows; at least one."""
    return max(1, min(cores, memory // (WORKER_BYTES + PICTURE_BYTES)))


def cores_here() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_here(cgroups: tuple[str, ...] = CGROUPS) -> int:
    """Return the memory of this machine, or the limit of its container, in bytes."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in cgroups:
        try:
            text = Path(path).read_text().strip()
        except OSError:
            continue  # not in such a container
        if text.isdigit():  # or `max`
            memory = min(memory, int(text))
    return memory
