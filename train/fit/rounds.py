"""Rounds of a fit, with samples made in a process of their own."""

import contextlib
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from ..errors import TrainError

T = TypeVar("T")


def rounds(
    make: Callable[[int], list[T]], reuse: int, total: int, first: int = 0
) -> Iterator[list[T]]:
    """Yield the samples of each round: fresh ones, and those of the previous rounds again.

    Args:
        make: makes the samples of a round by its number. It is sent to the other process, so it is
            a module's function, or a `partial` of one.
        reuse: rounds in which each sample is used.
        total: number of rounds.
        first: number of the first round to yield.

    Raises:
        DataError, TrainError: raised by `make`; or the process that makes samples died.
    """
    if first >= total:
        return
    # Spawned, because TensorFlow does not survive a fork. Making samples does not need it.
    context = multiprocessing.get_context("spawn")
    with _ended_is_an_error(), ProcessPoolExecutor(1, context) as pool:
        waiting = deque(pool.submit(make, n) for n in range(max(0, first + 1 - reuse), first))
        recent: deque[list[T]] = deque(maxlen=reuse)
        while waiting:
            recent.append(waiting.popleft().result())
        coming: Future[list[T]] = pool.submit(make, first)
        for number in range(first, total):
            recent.append(coming.result())
            if number + 1 < total:
                coming = pool.submit(make, number + 1)
            yield [sample for samples in recent for sample in samples]


@contextlib.contextmanager
def _ended_is_an_error() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise TrainError(f"the process that makes samples ended: {error}") from error
