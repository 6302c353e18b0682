"""Progress of a long command, on stderr."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

PROGRESS_SECONDS = 5
"""Seconds between two messages."""

Item = TypeVar("Item")


def watched(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items, and print from time to time how many are done."""
    said = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - said >= PROGRESS_SECONDS:
            said = time.monotonic()
            print(f"{what}: {done:,} of {len(items):,}", file=sys.stderr)
        yield item
