"""Find a Chromium, or get one: `python -m support.chromium` before the browser tests.

An installed one comes first, then the one Playwright downloads, then Debian's package.
"""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

DEBIAN = (
    ("apt-get", "-q", "update"),
    ("apt-get", "-q", "install", "--yes", "--no-install-recommends", "chromium"),
)

ARGUMENTS = [
    "--no-sandbox",  # containers let Chromium have none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Options that every start of Chromium gets."""


def find() -> str | None:
    """The path of a Chromium that is there, or None."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if os.access(own, os.X_OK) else None


def ensure() -> str:
    """The path of a Chromium, installed now if need be.

    Raises:
        SystemExit: there is no way to one on this machine.
    """
    found = find()
    if found:
        return found
    print("No Chromium here: trying Playwright's download", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    found = find()
    if found:
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("That failed: trying Debian's package", flush=True)
        for command in DEBIAN:
            subprocess.run(command, check=True)
        found = find()
        if found:
            return found
    raise SystemExit(
        "error: the browser tests need a Chromium. Install one, under any of these names: "
        + ", ".join(NAMES)
    )


if __name__ == "__main__":
    print(f"Browser tests use {ensure()}")
