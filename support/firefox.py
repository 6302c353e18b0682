"""Find a Firefox, and drive it over its own protocol, Marionette.

Firefox listens on a local port. A packet is the length of its JSON, a colon, and the JSON: `[0, id,
command, parameters]` is answered by `[1, id, error, result]`. The commands are WebDriver's. So the
tests need neither a driver nor a patched browser.
"""

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .server import stop

NAMES = ("firefox", "firefox-esr")

START_SECONDS = 60
"""Time limit of a start, in seconds, generous for a busy machine."""

ANSWER_SECONDS = 60
"""Time limit of a command, in seconds."""

PREFERENCES: dict[str, str | int | bool] = {
    "marionette.port": 0,  # any free one
    "app.update.auto": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}
"""Firefox calls nobody but the server under test."""

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""Key of a reference to an element (WebDriver, 12.1)."""


def find() -> str | None:
    """The path of a Firefox that is there, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Firefox:
    """A session with a running Firefox."""

    def __init__(self, port: int) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
        self._file = self._connection.makefile("rb")
        self._receive()  # who it is
        self._last = 0
        self.send("WebDriver:NewSession")

    def send(self, command: str, **parameters: Any) -> Any:
        """Send a command. Return its result.

        Raises:
            RuntimeError: Firefox refuses it.
        """
        self._last += 1
        packet = json.dumps([0, self._last, command, parameters]).encode()
        self._connection.sendall(b"%d:%b" % (len(packet), packet))
        _, _, error, result = self._receive()
        if error:
            raise RuntimeError(f"{command}: {error['message']}")
        return result

    def _receive(self) -> Any:
        length = b""
        while (digit := self._file.read(1)) != b":":
            if not digit:
                raise RuntimeError("Firefox has closed the connection")
            length += digit
        return json.loads(self._file.read(int(length)))

    def go(self, url: str) -> None:
        """Open an address, and wait until it has loaded."""
        self.send("WebDriver:Navigate", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what the body of a function returns in the page. A promise is awaited."""
        result = self.send("WebDriver:ExecuteScript", script=script, args=list(arguments))
        return result["value"]

    def element(self, selector: str) -> str:
        """Return the reference to the first element of a CSS selector."""
        found = self.send("WebDriver:FindElement", using="css selector", value=selector)
        reference: str = found["value"][ELEMENT]
        return reference

    def click(self, selector: str) -> None:
        """Click an element, which must be visible."""
        self.send("WebDriver:ElementClick", id=self.element(selector))

    def type(self, selector: str, text: str) -> None:
        """Send keys to an element, or the path of a file to a field for files."""
        self.send("WebDriver:ElementSendKeys", id=self.element(selector), text=text)

    def act(self, **source: Any) -> None:
        """Perform the actions of one input source (WebDriver, 15.5)."""
        self.send("WebDriver:PerformActions", actions=[{"id": "hand", **source}])

    def close(self) -> None:
        """End Firefox."""
        self.send("Marionette:Quit", flags=["eForceQuit"])
        self._file.close()
        self._connection.close()


@contextmanager
def running_firefox(path: str, **preferences: str | int | bool) -> Iterator[Firefox]:
    """Run a headless Firefox with an empty profile until the block ends. Yield its session."""
    with tempfile.TemporaryDirectory() as profile:
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in (PREFERENCES | preferences).items()
        ]
        Path(profile, "user.js").write_text("".join(lines), encoding="utf-8")
        process = subprocess.Popen(
            [path, "--headless", "--no-remote", "--profile", profile, "--marionette"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            firefox = Firefox(_port(Path(profile, "MarionetteActivePort"), process))
            yield firefox
            firefox.close()
        finally:
            stop(process)


def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    """Return the port that Firefox listens on, which it writes into its profile."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"Firefox ended with status {process.returncode}")
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        if text:
            return int(text)
        time.sleep(0.05)
    raise RuntimeError(f"Firefox was not ready after {START_SECONDS} s")
