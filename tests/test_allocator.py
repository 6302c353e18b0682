"""Memory that is kept after it was freed."""

import subprocess
import sys

import pytest

from support.server import ROOT

# Prints the memory, in MiB, that remains after sixteen threads each allocate and free much.
KEPT = """
import sys, threading
import numpy as np
from webapp.ops.allocator import settle
if sys.argv[1] == "settled":
    assert settle()
def work():
    for size in (30, 20, 25, 10):
        blocks = [np.ones(size * 1024 * 32) for _ in range(4)]
        small = [bytes(1000) for _ in range(2000)]
        del blocks
for _ in range(3):
    threads = [threading.Thread(target=work) for _ in range(16)]
    [t.start() for t in threads]
    [t.join() for t in threads]
[line] = [l for l in open("/proc/self/status") if l.startswith("VmRSS:")]
print(int(line.split()[1]) // 1024)
"""


def kept(how: str) -> int:
    """Return the memory, in MiB, that a process keeps."""
    run = subprocess.run(
        [sys.executable, "-c", KEPT, how], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(run.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_threads_give_back_what_they_took():
    """With the allocator's settings, little memory remains, and no more than without."""
    settled = kept("settled")
    assert settled < 120
    assert settled <= kept("not")
