"""Redis and nginx for the tests. `python -m tests.services` finds or installs them."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.server import HOST, free_port

NAMES = ("redis-server", "valkey-server")

DEBIAN = (
    ("apt-get", "-q", "update"),
    ("apt-get", "-q", "install", "--yes", "--no-install-recommends"),
)

START_SECONDS = 20


def find(names=NAMES) -> str | None:
    """Return the path of the first program that is installed, or None."""
    return next(filter(None, map(shutil.which, names)), None)


def ensure() -> None:
    """Install Redis and nginx if they are missing and can be installed.

    Tests that need a missing one are skipped.
    """
    wanted = {"redis-server": NAMES, "nginx": ("nginx",)}
    missing = [package for package, names in wanted.items() if find(names) is None]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        update, install = DEBIAN
        # A service that starts on installation would occupy the default ports.
        environment = os.environ | {"RUNLEVEL": "1", "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(update, check=False, env=environment)
        subprocess.run([*install, *missing], check=False, env=environment)
    for package, names in wanted.items():
        print(f"{package}: {find(names) or 'not here; the tests that need it are skipped'}")


class Redis:
    """A Redis server that can be stopped and restarted on its port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://{HOST}:{self.port}/0"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        program = find()
        assert program is not None
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", HOST, "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            cwd="/",
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"Redis did not listen within {START_SECONDS} s")

    def keys(self) -> list[bytes]:
        """Return all keys."""
        import redis

        with redis.Redis(HOST, self.port) as client:
            return list(client.scan_iter())

    def kill(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running() -> Iterator[Redis]:
    """Run a Redis until the block ends."""
    redis = Redis()
    redis.start()
    try:
        yield redis
    finally:
        redis.kill()


if __name__ == "__main__":
    sys.exit(ensure())
