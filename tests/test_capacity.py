"""How many workers a machine can carry."""

import pytest

from webapp.capacity import cores_here, default_workers, memory_here
from webapp.config import MIB


@pytest.mark.parametrize(
    ("cores", "mib", "workers"),
    [(1, 512, 1), (8, 512, 2), (2, 24_000, 2), (8, 1024, 4), (64, 2048, 8), (4, 100, 1)],
)
def test_workers_fit_cores_and_memory(cores, mib, workers):
    """As many as both allow, and always one."""
    assert default_workers(cores, mib * MIB) == workers


def test_a_container_bounds_the_memory(tmp_path):
    """The least of what the machine has and what its container may take."""
    whole = memory_here(())
    assert whole > 0
    limit = tmp_path / "memory.max"
    for text, expected in (("536870912\n", 512 * MIB), ("max\n", whole), (f"{2**62}", whole)):
        limit.write_text(text)
        assert memory_here((str(limit),)) == expected
    assert memory_here((str(tmp_path / "none"),)) == whole


def test_there_is_a_core():
    """At least the one that runs this."""
    assert cores_here() >= 1
