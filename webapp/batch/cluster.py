"""A run on a Ray cluster."""

import logging
import os
import socket
from collections.abc import Generator
from typing import Any

from ..files import quiet_reader
from .errors import BatchError
from .run import Run
from .store import EXTRA


def part_reader(run: Run) -> type:
    """Return the class of the actors of a run.

    The run is in the class, not among the arguments: those are lost with the store of a node, and
    an actor could not be started again.
    """

    class PartReader:
        """An actor on one core of the cluster. It loads the models once."""

        def __init__(self) -> None:
            self._reader = quiet_reader()

        def __call__(self, batch: dict[str, Any]) -> dict[str, list[int]]:
            """Read the parts of a batch, and write them."""
            numbers = [int(number) for number in batch["number"]]
            for number, files in zip(numbers, batch["files"], strict=True):
                run.read_part(self._reader, [*map(os.fsdecode, files)], number)
            return {"number": numbers}

    return PartReader


def check_address(address: str) -> None:
    """Check the address of a cluster, before a run for it begins.

    Raises:
        BatchError: it is one of Ray Client.
    """
    if "://" in address:
        raise BatchError(
            f"{address} cannot be used: Ray Data does not run over Ray Client. Start the command "
            "on a node of the cluster, with --cluster auto."
        )


def read_on_cluster(run: Run, address: str, jobs: int | None = None) -> Generator[int, None, None]:
    """Read the missing parts on a cluster. Yield the number of each part that is written.

    An actor that dies is replaced, and its part is read again.

    Args:
        address: address of the cluster, from one of its nodes: `auto` or `host:port`.
        jobs: number of actors that read; None for one per core of the cluster.

    Raises:
        BatchError: Ray is not installed, the cluster does not answer, or the run fails there.
    """
    check_address(address)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise BatchError(EXTRA.format("ray") + f" ({error})") from error
    missing = run.missing()
    if not missing:
        return
    _expect_answer(address)
    files = run.files()
    try:
        began = not ray.is_initialized()
        if began:
            _connect(ray, address)
        try:
            # As bytes: Ray takes no names that are not text.
            parts = [
                {"number": n, "files": [*map(os.fsencode, run.part_of(files, n))]} for n in missing
            ]
            ray.data.DataContext.get_current().enable_progress_bars = False
            read = ray.data.from_items(
                parts, override_num_blocks=min(len(parts), MOST_BLOCKS)
            ).map_batches(
                part_reader(run),
                batch_size=1,
                num_cpus=1,
                compute=ray.data.ActorPoolStrategy(size=min(jobs or _cores(ray), len(parts))),
            )
            logging.getLogger("ray.data").setLevel(logging.ERROR)
            for row in read.iter_rows():
                yield int(row["number"])
        finally:
            if began:
                ray.shutdown()
    except BatchError:
        raise
    except Exception as error:  # Ray raises many kinds
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise BatchError(f"The cluster failed: {reason[-1]}") from error


def _connect(ray: Any, address: str) -> None:
    """Join the cluster.

    Raises:
        BatchError: it does not accept this program.
    """
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError) as error:  # Ray says why in its log alone
        raise BatchError(
            f"No cluster accepts this program at {address}: {error}. It runs on a node of the "
            "cluster, and if that has a token, with RAY_AUTH_MODE=token (docs/scale.md)."
        ) from error


def _expect_answer(address: str) -> None:
    """Check that something listens at `host:port`; Ray itself asks again for minutes.

    Raises:
        BatchError: nothing does.
    """
    host, found, port = address.rpartition(":")
    if not (found and port.isascii() and port.isdigit()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise BatchError(f"No cluster answers at {address}: {error}") from error


CONNECT_SECONDS = 10.0


def _cores(ray: Any) -> int:
    return int(ray.cluster_resources()["CPU"])


MOST_BLOCKS = 2000
"""Most blocks that the parts are sent in. Each one is a task to plan."""
