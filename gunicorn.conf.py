"""How gunicorn serves Inkling; every value has its reason."""

import os
import sys
from pathlib import Path

from webapp.config import ConfigError, load_settings
from webapp.recognition import ModelError, load_model

try:
    settings = load_settings()
    # Each worker does it again for itself; here it stops the start with one line.
    for name in (settings.model, settings.stroke_model):
        load_model(Path(settings.models), name)
except (ConfigError, ModelError) as error:
    sys.exit(f"error: {error}")

# PORT is how a PaaS says where to listen; only the Procfile opens it to other machines.
bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

# A reading is a millisecond of computing: processes use the cores, threads let a few connections be
# slow. More slow ones than there are threads hold the site up: docs/deploy.md.
concurrency = os.environ.get("WEB_CONCURRENCY", "2")  # as a PaaS sets it
if not (concurrency.isascii() and concurrency.isdigit() and int(concurrency) > 0):
    sys.exit(f"error: WEB_CONCURRENCY is {concurrency!r}; it must be a whole number, at least 1")
workers = int(concurrency)
worker_class = "gthread"
threads = settings.threads

# Each worker makes its own interpreter: one made before the fork does not survive it.
preload_app = False

# Workers tell the master that they live by touching a file; on a slow disk that can stall.
memory = Path("/dev/shm")  # noqa: S108  gunicorn makes its files there with random names
worker_tmp_dir = str(memory) if memory.is_dir() else None

# Longer than the idle time of the routers in front, so that the router closes first.
keepalive = 95

# Nobody commands a running site; its socket would need a writable home.
control_socket_disable = True
