"""A Ray cluster on this machine, for tests and benchmarks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.config import ROOT

ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(ROOT),
    "RAY_AUTH_MODE": "disabled",  # the cluster is on loopback, and short-lived
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Environment of the cluster, and of the programs that connect to it."""

CODE = (
    "import ray, sys; c = ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False);"
    "print(c.address_info['gcs_address'], flush=True); sys.stdin.read()"
)


@contextmanager
def two_workers() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a cluster of two workers. Yield its address and the process that holds it."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, "Ray does not start"
        yield address, process
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
