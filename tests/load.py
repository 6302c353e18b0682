"""Load on a server: threads that send requests and record the outcomes."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Outcome:
    """Outcome of one request."""

    status: int | str
    """Status of the answer; `refused` without a connection, `lost` without a whole answer."""
    seconds: float
    at: float
    """Time when the request was sent, on the monotonic clock."""


@dataclass
class Load:
    """Clients that each send one request after the other until they are stopped."""

    port: int
    path: str
    body: bytes
    clients: int
    keep_alive: bool = True
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    outcomes: list[Outcome] = field(default_factory=list)
    pause: Callable[[], float] = lambda: 0.0
    """Seconds between an answer and the next request of a client."""

    def __enter__(self) -> "Load":
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def statuses(self) -> Counter[int | str]:
        """Count the outcomes by status."""
        return Counter(outcome.status for outcome in list(self.outcomes))

    def _run(self) -> None:
        connection = None
        while not self._stop.is_set():
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            start = time.monotonic()
            status: int | str
            try:
                connection.connect() if connection.sock is None else None
            except OSError:
                status, connection = "refused", None
            else:
                status = self._exchange(connection)
                if status == "lost" or not self.keep_alive or connection.sock is None:
                    connection.close()
                    connection = None
            self.outcomes.append(Outcome(status, time.monotonic() - start, start))
            if status == "refused":
                time.sleep(0.02)
            elif pause := self.pause():
                time.sleep(pause)
        if connection is not None:
            connection.close()

    def _exchange(self, connection: http.client.HTTPConnection) -> int | str:
        try:
            connection.request("POST", self.path, self.body, self.headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            return "lost"
        return response.status
