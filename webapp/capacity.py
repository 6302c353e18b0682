"""How many workers a machine can carry."""

import os
from pathlib import Path

from .config import MIB

WORKER_BYTES = 240 * MIB
"""What a worker needs: some 80 MiB, and 160 more while it reads a photo of 25 megapixels."""

CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says what a container may take: version 2, version 1."""


def default_workers(cores: int, memory: int) -> int:
    """One worker a core, as far as the memory, in bytes, reaches; at least one."""
    return max(1, min(cores, memory // WORKER_BYTES))


def cores_here() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_here(cgroups: tuple[str, ...] = CGROUPS) -> int:
    """Bytes of memory that this machine has, or that its container may take."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in cgroups:
        try:
            text = Path(path).read_text().strip()
        except OSError:
            continue  # not there: no such container
        if text.isdigit():  # or `max`
            memory = min(memory, int(text))
    return memory
