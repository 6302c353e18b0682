"""How the C library keeps memory that was freed, in a process of many threads and large blocks."""

import ctypes

from ..config import MIB

# malloc.h of glibc; elsewhere there is no mallopt, or it ignores these.
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

ARENAS = 2
"""Heaps that threads share. By default each thread has its own, and each keeps what the largest
picture that it ever read took."""

LARGE_BYTES = MIB // 4
"""Blocks from this size on are given back to the system when they are freed. By default the bound
grows to 32 MiB, and pieces of pictures stay between smaller things."""


def settle() -> bool:
    """Set both, for this process and those that it forks; whether the C library took them."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False  # another C library
    return bool(mallopt(M_ARENA_MAX, ARENAS)) and bool(mallopt(M_MMAP_THRESHOLD, LARGE_BYTES))
