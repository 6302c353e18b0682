"""Settings of the C library's allocator, for a process with many threads and large blocks."""

import ctypes

from ..config import MIB

# From glibc's malloc.h. Other C libraries have no mallopt, or ignore these.
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

ARENAS = 2
"""Heaps that threads share. By default each thread has its own, and each heap keeps the memory of
the largest picture that it read."""

LARGE_BYTES = MIB // 4
"""Block size, in bytes, from which freed memory returns to the system. By default it grows to 32
MiB, and parts of pictures stay between smaller blocks."""


def settle() -> bool:
    """Set both for this process and its children. Return whether the C library took them."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False  # another C library
    return bool(mallopt(M_ARENA_MAX, ARENAS)) and bool(mallopt(M_MMAP_THRESHOLD, LARGE_BYTES))
