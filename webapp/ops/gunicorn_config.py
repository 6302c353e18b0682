"""Configuration of gunicorn, with the reason for each value.

gunicorn runs it anew at each reload, through `gunicorn.conf.py` or `serve.py`.
"""

import math
import os
import sys
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from ..access.rates import check_rate
from ..config import MIB, ConfigError, load_settings
from ..engine import WAITING_DRAWINGS, WAITING_PICTURES
from ..recognition import ModelError
from . import allocator, metrics, preload
from .arbiter import guard_reloads
from .capacity import PICTURES, capacity, cores_here, default_workers, memory_here
from .descriptors import SPARE_DESCRIPTORS, raise_limit
from .health import warm_up
from .logs import CONFIG

SPARE_THREADS = 2
"""Threads that no reading can take, for health checks, static files and refusals."""

# Set before the fork, so workers inherit it: the memory of a photo is freed in any thread.
allocator.settle()

try:
    settings = load_settings()
    check_rate(settings)
    # Workers inherit the models, whenever they start, and do not depend on the files.
    preload.prepare(settings)
except (ConfigError, ModelError) as error:
    sys.exit(f"error: {error}")

# A PaaS sets PORT. Only the Procfile and the Dockerfile open it to others.
bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

# A reading computes for a millisecond, so there is a process per core, if memory allows.
memory_bytes = settings.memory_mib * MIB or memory_here()
concurrency = os.environ.get("WEB_CONCURRENCY", str(default_workers(cores_here(), memory_bytes)))
most = metrics.MOST_WORKERS
if not (concurrency.isascii() and concurrency.isdigit() and 0 < int(concurrency) <= most):
    sys.exit(
        f"error: WEB_CONCURRENCY is {concurrency!r}; it must be a whole number from 1 to {most}"
    )
workers = int(concurrency)
capacity.fit(workers, memory_bytes)

# Threads allow slow connections. Running and waiting readings, and pictures, must leave some free.
worker_class = f"{__package__}.worker.Worker"  # gthread that receives without threads
threads = settings.threads
drawings, pictures = settings.readings * (1 + WAITING_DRAWINGS), PICTURES + WAITING_PICTURES
needed = drawings + pictures + SPARE_THREADS
if threads < needed:
    sys.exit(
        f"error: INKLING_THREADS is {threads}, but {settings.readings} readings at once "
        f"(INKLING_READINGS) need {needed}: with those that wait {drawings} for drawings and "
        f"{pictures} for pictures, and {SPARE_THREADS} that stay free"
    )

# Each connection takes a descriptor. If all places are taken, idle connections give way.
descriptors = raise_limit()
worker_connections = min(1000, descriptors - SPARE_DESCRIPTORS)
if worker_connections <= threads:
    sys.exit(
        f"error: a process may open {descriptors} files here (ulimit -n), but {threads} threads "
        f"(INKLING_THREADS) need at least {SPARE_DESCRIPTORS + threads + 1}"
    )

# Interpreters do not survive a fork, so each worker makes its own.
preload_app = False

# A worker with a hanging main thread is killed. That thread only dispatches work, so no slow
# reading stops it.
timeout = 30

# Running readings are finished when the site stops. A PaaS kills it after 30 s.
graceful_timeout = math.ceil(settings.request_seconds) + 3

# Recycling workers frees leaked memory; the jitter keeps them from restarting together.
max_requests = 20_000
max_requests_jitter = 5_000

# Workers show that they live by touching a file, which can stall on a slow or full disk.
memory = Path("/dev/shm")  # noqa: S108  gunicorn makes its files there with random names
worker_tmp_dir = str(memory) if memory.is_dir() else None

# A head has few and small fields. Parsing them may take more time than their size suggests.
limit_request_fields = 64
limit_request_field_size = 4096

# Longer than the idle timeout of routers in front (Heroku's is 90 s), so that the router closes
# first and never sends a request into a connection that is being closed.
keepalive = 95

# Unused, and its socket would need a writable home.
control_socket_disable = True

# INKLING_PROXIES alone decides which proxies are trusted.
forwarded_allow_ips = ""

# JSON lines.
logconfig_dict = CONFIG


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801  the name of gunicorn's setting
    """Logger without gunicorn's line per request, which has addresses. The site logs its own."""

    def access(self, *_: Any) -> None:
        """Log nothing, whatever the settings."""


def on_starting(server: Any) -> None:
    """Make SIGHUP load changed models and settings only if they are valid."""
    guard_reloads(server)


def pre_fork(server: Any, worker: Any) -> None:
    """Give a worker the first row of the metrics without a living worker."""
    worker.metrics_row = metrics.free_row({w.metrics_row for w in server.WORKERS.values()})


def child_exit(server: Any, worker: Any) -> None:
    """Release the metrics row of a worker that has ended."""
    metrics.memory.leave_row(worker.metrics_row)


def post_worker_init(worker: Any) -> None:
    """Warm up before the first request, which then does not wait."""
    warm_up(worker.app.wsgi())


def post_fork(server: Any, worker: Any) -> None:
    """Count in the worker's row from now on, and switch threads often."""
    metrics.memory.take_row(worker.metrics_row)
    # Each call into OpenCV releases the interpreter's lock, and waits this long to get it back from
    # a computing thread. At Python's 5 ms, one drawing of 500 strokes took 48 s while others were
    # refused.
    sys.setswitchinterval(0.0002)
