"""A run on this machine, in one process or several."""

from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool

from ..files import quiet_reader
from ..library import Reader
from ..processes import readers
from .errors import BatchError
from .run import Run

ATTEMPTS = 3
"""Times that processes are started anew without a part read in between. A process that ends by
itself is mostly one that had no more memory."""

AHEAD = 2
"""Parts per process that wait."""


def read_here(run: Run, jobs: int) -> Generator[int, None, None]:
    """Read the missing parts. Yield the number of each part that is written.

    Raises:
        BatchError: the result cannot be written, or the processes that read end again and again.
    """
    missing = run.missing()
    files = run.files() if missing else []
    if jobs == 1:
        reader = quiet_reader()
        for number in missing:
            run.read_part(reader, run.part_of(files, number), number)
            yield number
        return
    failed = 0
    while missing:
        before = len(missing)
        try:
            for number in _in_processes(run, files, missing, jobs):
                missing.remove(number)
                yield number
        except BrokenProcessPool as error:
            missing = run.missing()
            failed = failed + 1 if len(missing) == before else 0
            if failed >= ATTEMPTS:
                raise BatchError(
                    f"The processes that read end again and again, in part {missing[0]} or after "
                    f"it: {error}. Perhaps there is too little memory for so many --jobs."
                ) from error


def _in_processes(run: Run, files: list[str], missing: list[int], jobs: int) -> Iterator[int]:
    with readers(jobs) as processes:
        coming: set[Future[int]] = set()
        for number in [*missing]:
            coming.add(processes.submit(_read_part, run, run.part_of(files, number), number))
            if len(coming) >= AHEAD * jobs:
                done, coming = wait(coming, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while coming:
            done, coming = wait(coming, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def _read_part(reader: Reader, run: Run, files: list[str], number: int) -> int:
    run.read_part(reader, files, number)
    return number
