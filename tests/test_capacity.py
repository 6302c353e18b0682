"""Number of workers that a machine can run."""

import os
import signal
import time
from contextlib import suppress

import pytest

from webapp.config import MIB
from webapp.ops.capacity import Capacity, SiteLock, cores_here, default_workers, memory_here
from webapp.recognition import Budget, BudgetError


@pytest.mark.parametrize(
    ("cores", "mib", "workers"),
    [(1, 512, 1), (8, 512, 2), (2, 24_000, 2), (8, 1024, 4), (64, 2048, 8), (4, 100, 1)],
)
def test_workers_fit_cores_and_memory(cores, mib, workers):
    """The number of workers is the most that cores and memory allow, and at least one."""
    assert default_workers(cores, mib * MIB) == workers


def test_a_container_bounds_the_memory(tmp_path):
    """The memory limit is the smaller of the machine's and the container's."""
    whole = memory_here(())
    assert whole > 0
    limit = tmp_path / "memory.max"
    for text, expected in (("536870912\n", 512 * MIB), ("max\n", whole), (f"{2**62}", whole)):
        limit.write_text(text)
        assert memory_here((str(limit),)) == expected
    assert memory_here((str(tmp_path / "none"),)) == whole


def test_there_is_a_core():
    """There is at least one core."""
    assert cores_here() >= 1


@pytest.mark.parametrize(
    ("workers", "mib", "is_small"),
    [(2, 512, True), (1, 390, False), (2, 779, True), (2, 780, False)],
)
def test_where_memory_is_small_one_large_picture_is_read_at_a_time(workers, mib, is_small):
    """If two workers' large pictures do not fit into memory, one is read at a time."""
    capacity = Capacity()
    capacity.fit(workers, mib * MIB)
    assert (capacity.large_pictures is not None) == is_small


def test_a_reload_keeps_the_lock_of_the_site():
    """Old and new workers share the lock of the site across a reload."""
    capacity = Capacity()
    capacity.fit(2, 512 * MIB)
    lock = capacity.large_pictures
    capacity.fit(2, 512 * MIB)
    assert capacity.large_pictures is lock


@pytest.fixture
def other_process():
    """A function that runs another with a lock held in a process of its own. It returns its id."""
    children = []

    def holding(lock):
        ready, wrote = os.pipe()
        child = os.fork()
        if child == 0:
            with lock.held(Budget()):
                os.write(wrote, b".")
                signal.pause()
        os.read(ready, 1)
        children.append(child)
        return child

    yield holding
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_lock_of_the_site_holds_among_processes(other_process):
    """A waiting process keeps its budget, and a killed process releases the lock."""
    lock = SiteLock()
    child = other_process(lock)
    with pytest.raises(BudgetError), lock.held(Budget(time_left=0.1)):
        raise AssertionError("held twice")
    os.kill(child, signal.SIGKILL)
    with lock.held(Budget(time_left=10)):
        pass
    # Nor do two threads of one process hold it at once.
    with lock.held(Budget()), pytest.raises(BudgetError), lock.held(Budget(time_left=0.1)):
        raise AssertionError("held twice")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_lock_of_the_site_is_fair():
    """A process that releases the lock and requests it again waits behind others."""
    lock = SiteLock()
    read, write = os.pipe()
    children = []
    for name in (b"a", b"b"):
        child = os.fork()
        if child == 0:
            for _ in range(10):
                with lock.held(Budget()):
                    os.write(write, name)
                    time.sleep(0.03)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    turns = os.read(read, 100)
    # While both compete, neither has more than two turns in a row.
    both = turns[: min(turns.rindex(b"a"), turns.rindex(b"b"))]
    assert b"aaa" not in both[1:]
    assert b"bbb" not in both[1:]
    assert len(turns) == 20


def test_the_lock_is_let_go_after_an_error():
    """The lock is released after an error."""
    lock = SiteLock()
    for _ in range(2):
        with pytest.raises(LookupError), lock.held(Budget(time_left=1)):
            raise LookupError
