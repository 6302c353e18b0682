"""How gunicorn serves Inkling; every value has its reason."""

import os
from pathlib import Path

from webapp.config import load_settings

settings = load_settings()

# PORT is how a PaaS says where to listen; only the Procfile opens it to other machines.
bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

# A reading is a millisecond of computing: processes use the cores, threads only keep slow
# connections from holding a process up. WEB_CONCURRENCY, which a PaaS sets, overrides.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
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
