"""How many files and connections a process may have open."""

import resource

MOST_DESCRIPTORS = 4096
"""What is asked of the system at most: some four times what a worker's connections take. Some
systems allow a billion, and there are programs that walk through all of them."""

SPARE_DESCRIPTORS = 128
"""Of a worker, for what is no client: some 20 always, and for each thread a file and Redis."""


def raise_limit() -> int:
    """Let this process and its children open as much as they may: how many descriptors that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_DESCRIPTORS
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(MOST_DESCRIPTORS, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)
