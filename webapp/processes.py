"""Processes that read, each with a reader of its own."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from .files import quiet_reader
from .library import Reader

Result = TypeVar("Result")


class Readers:
    """Processes that read. `readers` makes them."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def submit(self, read: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Have a process call a function of a module with its reader and these arguments.

        Raises:
            BrokenProcessPool: a process ended.
        """
        # A process is started here if none is free. It inherits that Ctrl-C is not for it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._pool.submit(_call, read, *arguments)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def readers(jobs: int) -> Iterator[Readers]:
    """Provide so many processes. They end with the block, and with this process however it ends.

    After an error they end at once, else when they have read what they were given.
    """
    # Spawned: interpreters of LiteRT do not survive a fork.
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with theirs, ProcessPoolExecutor(jobs, context, _start, (theirs,)) as pool:
        try:
            yield Readers(pool)
        except BaseException:
            ours.close()
            raise
        pool.shutdown()
        ours.close()


_readers: list[Reader] = []
"""The reader of a process that reads."""


def _start(parent: Connection) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _readers.append(quiet_reader())


def _end_with(parent: Connection) -> None:
    """End this process as soon as the other end of a pipe is closed, as a kill does, too."""
    parent.poll(None)
    os._exit(1)


def _call(read: Callable[..., Result], *arguments: Any) -> Result:
    return read(_readers[0], *arguments)
