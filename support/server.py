"""The real server: gunicorn with the repository's own settings, on a free local port."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"

START_SECONDS = 60
"""Time limit of a start, in seconds, generous for a busy machine."""

STOP_SECONDS = 20
"""Time limit of a stop, in seconds. The server is killed afterwards."""


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def clean_environment(**overrides: str) -> dict[str, str]:
    """Return this process's environment without Inkling's variables, plus the overrides."""
    settings = ("INKLING_", "GUNICORN_")
    names = ("PORT", "WEB_CONCURRENCY", "REDIS_URL")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(settings) and name not in names
    }
    return inherited | overrides


@contextmanager
def started(
    target: str = "wsgi:app", /, **environment: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run gunicorn until the block ends. Yield its base URL and its master process."""
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", target]
    with started_by(gunicorn, **environment) as server:
        yield server


@contextmanager
def started_by(
    command: Sequence[str], folder: Path = ROOT, /, **environment: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a command that serves until the block ends. Yield its base URL and its process.

    Args:
        folder: where the command runs.
    """
    port = environment.setdefault("PORT", str(free_port()))
    environment.setdefault("WEB_CONCURRENCY", "2")
    # Its output goes to our own: a pipe that is not read would block it.
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        _wait_until_ready(process, int(port))
        yield f"http://{HOST}:{port}", process
    finally:
        stop(process)


def stop(process: subprocess.Popen[Any]) -> None:
    """End a process, and kill it if it does not end."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running_server(**environment: str) -> Iterator[str]:
    """Run gunicorn until the block ends. Yield its base URL."""
    with started(**environment) as (url, _):
        yield url


def _wait_until_ready(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        if _status_of("/readyz", port) == 200:
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server was not ready after {START_SECONDS} s")


def _status_of(path: str, port: int) -> int | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()
