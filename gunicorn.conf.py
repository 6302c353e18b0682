"""How gunicorn serves Inkling; every value has its reason."""

import math
import os
import sys
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from webapp.access.rates import check_rate
from webapp.config import MIB, ConfigError, load_settings
from webapp.engine import WAITING_DRAWINGS, WAITING_PICTURES
from webapp.ops import allocator, metrics, preload
from webapp.ops.arbiter import guard_reloads
from webapp.ops.capacity import PICTURES, capacity, cores_here, default_workers, memory_here
from webapp.ops.descriptors import SPARE_DESCRIPTORS, raise_limit
from webapp.ops.health import warm_up
from webapp.ops.logs import CONFIG
from webapp.recognition import ModelError

SPARE_THREADS = 2
"""Threads that no reading can take, for health checks, static files and refusals."""

# Workers inherit it: what one photo took is given back, whichever thread read it.
allocator.settle()

try:
    settings = load_settings()
    check_rate(settings)
    # Workers inherit them, whenever they start: none depends on the files any more.
    preload.prepare(settings)
except (ConfigError, ModelError) as error:
    sys.exit(f"error: {error}")

# PORT is how a PaaS says where to listen; only the Procfile opens it to other machines.
bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

# A reading is a millisecond of computing: processes use the cores, as far as the memory reaches.
memory_bytes = settings.memory_mib * MIB or memory_here()
concurrency = os.environ.get("WEB_CONCURRENCY", str(default_workers(cores_here(), memory_bytes)))
most = metrics.MOST_WORKERS
if not (concurrency.isascii() and concurrency.isdigit() and 0 < int(concurrency) <= most):
    sys.exit(
        f"error: WEB_CONCURRENCY is {concurrency!r}; it must be a whole number from 1 to {most}"
    )
workers = int(concurrency)
capacity.fit(workers, memory_bytes)

# Threads let connections be slow, and some always have to be free: readings, those that wait for
# one, and pictures, must not take them all.
worker_class = "webapp.ops.worker.Worker"  # gthread, but it receives without threads
threads = settings.threads
drawings, pictures = settings.readings * (1 + WAITING_DRAWINGS), PICTURES + WAITING_PICTURES
needed = drawings + pictures + SPARE_THREADS
if threads < needed:
    sys.exit(
        f"error: INKLING_THREADS is {threads}, but {settings.readings} readings at once "
        f"(INKLING_READINGS) need {needed}: with those that wait {drawings} for drawings and "
        f"{pictures} for pictures, and {SPARE_THREADS} that stay free"
    )

# Each connection takes a descriptor. Where all places are taken, silent connections give way.
descriptors = raise_limit()
worker_connections = min(1000, descriptors - SPARE_DESCRIPTORS)
if worker_connections <= threads:
    sys.exit(
        f"error: a process may open {descriptors} files here (ulimit -n), but {threads} threads "
        f"(INKLING_THREADS) need at least {SPARE_DESCRIPTORS + threads + 1}"
    )

# Each worker makes its own interpreters: one made before the fork does not survive it.
preload_app = False

# A worker whose main thread hangs is killed. It only hands out work, so nothing slow is its doing.
timeout = 30

# What is being read when the site stops is still answered; a PaaS kills after 30 s.
graceful_timeout = math.ceil(settings.request_seconds) + 3

# Memory that some library forgets is given back in time; not by all workers at once.
max_requests = 20_000
max_requests_jitter = 5_000

# Workers tell the master that they live by touching a file; on a slow or full disk that can stall.
memory = Path("/dev/shm")  # noqa: S108  gunicorn makes its files there with random names
worker_tmp_dir = str(memory) if memory.is_dir() else None

# A head has few fields, and small ones; what reads them may take more time than they have bytes.
limit_request_fields = 64
limit_request_field_size = 4096

# Longer than the idle time of the routers in front (Heroku's closes after 90 s), so that the router
# closes first, and never sends a request into a connection that is just being closed.
keepalive = 95

# Nobody commands a running site; its socket would need a writable home.
control_socket_disable = True

# Who a proxy in front speaks for is decided by INKLING_PROXIES, in one place.
forwarded_allow_ips = ""

# Lines of JSON.
logconfig_dict = CONFIG


class logger_class(Logger):  # noqa: N801  the name of gunicorn's setting
    """Without gunicorn's own line for each request, which has addresses; the site writes one."""

    def access(self, *_: Any) -> None:
        """Say nothing, whatever is set."""


def on_starting(server: Any) -> None:
    """Take up changed models and settings on SIGHUP if they fit, and stay as it is if not."""
    guard_reloads(server)


def pre_fork(server: Any, worker: Any) -> None:
    """Give a worker the first row of the metrics that no living worker has."""
    worker.metrics_row = metrics.free_row({w.metrics_row for w in server.WORKERS.values()})


def child_exit(server: Any, worker: Any) -> None:
    """Take back what a killed worker had in hand."""
    metrics.memory.leave_row(worker.metrics_row)


def post_worker_init(worker: Any) -> None:
    """Warm up before the first request comes, so that it waits for nothing."""
    warm_up(worker.app.wsgi())


def post_fork(server: Any, worker: Any) -> None:
    """Count there from now on, and take turns often."""
    metrics.memory.take_row(worker.metrics_row)
    # Each of the many calls into OpenCV gives the interpreter's lock away, and gets it back from a
    # thread that computes only after this interval; at Python's 5 ms, one drawing of 500 strokes
    # took 48 s while others were refused.
    sys.setswitchinterval(0.0002)
