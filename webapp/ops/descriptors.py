"""Limit on the open files and connections of a process."""

import resource

MOST_DESCRIPTORS = 4096
"""Upper bound on RLIMIT_NOFILE: four times a worker's connections. Some systems allow a billion,
and some programs iterate over all of them."""

SPARE_DESCRIPTORS = 128
"""Descriptors that a worker reserves for files, pipes and Redis: 20, and two for each thread."""


def raise_limit() -> int:
    """Raise the limit of this process and its children, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_DESCRIPTORS
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(MOST_DESCRIPTORS, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)
