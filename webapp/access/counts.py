"""Counts of fixed windows in this process, as a storage of the limits package.

The package's own storage in memory starts a thread with nearly every charge, to drop what has
expired. Two requests at once may start the same thread, which fails.
"""

import threading
import time

from limits.storage import Storage

LEAST_SWEPT = 1000
"""Windows that are kept before expired ones are dropped for the first time. Some 0.2 MB."""


class Counts(Storage):
    """Units used in each window. Safe to call from any thread."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}
        """Units used, and the end of the window on the system's clock, by key."""
        self._next_sweep = LEAST_SWEPT

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """Errors of the storage: none."""
        return ()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add units to a window, which ends `expiry` seconds after its first ones. Return all."""
        with self._lock:
            used, end = self._windows.get(key, (0, 0.0))
            now = time.time()
            if end <= now:
                used, end = 0, now + expiry
                self._sweep(now)
            self._windows[key] = used + amount, end
            return used + amount

    def _sweep(self, now: float) -> None:
        """Drop expired windows each time that the windows have doubled."""
        if len(self._windows) >= self._next_sweep:
            self._windows = {key: own for key, own in self._windows.items() if own[1] > now}
            self._next_sweep = max(LEAST_SWEPT, 2 * len(self._windows))

    def get(self, key: str) -> int:
        """Return the units used in a window."""
        used, end = self._windows.get(key, (0, 0.0))
        return used if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Return the end of a window in seconds since the epoch, now if there is none."""
        return max(self._windows.get(key, (0, 0.0))[1], time.time())

    def check(self) -> bool:
        """Return True: the storage always works."""
        return True

    def reset(self) -> int:
        """Drop all windows, and return their number."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
            return count

    def clear(self, key: str) -> None:
        """Drop a window."""
        with self._lock:
            self._windows.pop(key, None)
