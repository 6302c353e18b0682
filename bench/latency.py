"""`python -m bench.latency`: one drawn digit against a bare Flask route, under one gunicorn.

Both routes get the same body over one kept-alive connection, turn by turn, so that whatever else
the machine does falls on both.
"""

import argparse
import http.client
import json
import statistics
import time
from pathlib import Path

from tests import hand
from tests.server import started

ROUTES = {"one drawn digit": "/api/v1/predict/strokes", "bare Flask JSON": "/bare/echo"}

WARM_UP = 50
"""Requests before the first that counts."""

TARGET_MIB = 150
"""What a worker may take."""


def timed(connection: http.client.HTTPConnection, route: str, body: bytes) -> float:
    """Milliseconds from sending a request to having its whole answer."""
    start = time.perf_counter()
    connection.request("POST", route, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    return 1000 * (time.perf_counter() - start)


def resident_mib(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} has no VmRSS")


def main() -> None:
    """Print medians, their ratio, and the workers' memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000, help="to each route (default: 1000)")
    count = parser.parse_args().requests
    # As a pen draws it: some sixty points.
    strokes = [
        {"x": [round(x, 2) for x in s["x"]], "y": [round(y, 2) for y in s["y"]]}
        for s in hand.columns(8)
    ]
    body = json.dumps({"strokes": strokes, "width": 280, "height": 280}).encode()
    times: dict[str, list[float]] = {name: [] for name in ROUTES}
    with started("bench.baseline:app", WEB_CONCURRENCY="1") as (base, master):
        connection = http.client.HTTPConnection(base.removeprefix("http://"))
        for number in range(WARM_UP + count):
            for name, route in ROUTES.items():
                took = timed(connection, route, body)
                if number >= WARM_UP:
                    times[name].append(took)
        connection.close()
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text()
        memory = [resident_mib(int(pid)) for pid in children.split()]
    print(f"{'':<18} {'median':>9} {'p95':>9}")
    for name, values in times.items():
        p95 = statistics.quantiles(values, n=20)[-1]
        print(f"{name:<18} {statistics.median(values):>6.2f} ms {p95:>6.2f} ms")
    digit, bare = (statistics.median(values) for values in times.values())
    print(f"ratio of the medians: {digit / bare:.2f}  ({count} requests each, turn by turn)")
    print(f"a worker's resident memory: {max(memory):.0f} MiB (at most {TARGET_MIB})")


if __name__ == "__main__":
    main()
