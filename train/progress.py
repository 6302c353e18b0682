"""How far a long command is, on stderr, once in a while."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

PROGRESS_SECONDS = 5
"""How often."""

Item = TypeVar("Item")


def watched(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items, one after the other, while somebody is told how many are done."""
    said = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - said >= PROGRESS_SECONDS:
            said = time.monotonic()
            print(f"{what}: {done:,} of {len(items):,}", file=sys.stderr)
        yield item
