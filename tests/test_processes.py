"""Processes that read: they end with the one that started them, and Ctrl-C is not for them."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import hand
from support.server import ROOT, clean_environment

READ = [sys.executable, "-m", "webapp", "read", "--quiet", "--jobs", "2"]

PATIENCE = 60
"""Seconds after which something counts as never."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with more pictures than are read while a test looks."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "000.png").write_bytes(hand.png(hand.picture(3)))
    for number in range(1, 6000):
        os.link(folder / "000.png", folder / f"{number:04d}.png")
    return folder


def processes_of(group):
    """Return the processes of a group that read."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            of = int((path / "stat").read_text().rpartition(")")[2].split()[2])
            line = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if of == group and b"spawn_main" in line:
            found.append(int(path.name))
    return found


def until(check):
    """Wait until a check holds, and return what it found."""
    end = time.monotonic() + PATIENCE
    while not (found := check()):
        assert time.monotonic() < end, "it never holds"
        time.sleep(0.02)
    return found


@pytest.fixture(params=["files", "manifest"])
def reading(request, folder, tmp_path):
    """A command that reads in two processes, in a group of its own. Its workers are started."""
    what = [folder, "--jsonl"]
    if request.param == "manifest":
        what = ["--manifest", folder, "--out", tmp_path / "out", "--part-size", "4"]
    with subprocess.Popen(
        [*READ, *map(str, what)],
        cwd=ROOT,
        env=clean_environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: len(processes_of(process.pid)) == 2 or process.poll() is not None)
        try:
            yield process
        finally:
            for left in (*processes_of(process.pid), process.pid):
                try:
                    os.kill(left, signal.SIGKILL)
                except ProcessLookupError:
                    continue


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_they_end_with_a_killed_parent(reading, number):
    """However the command is killed, no process stays."""
    assert reading.poll() is None
    reading.send_signal(number)
    reading.wait(PATIENCE)
    until(lambda: not processes_of(reading.pid))


@pytest.mark.parametrize("seconds", [0, 0.3, 1])
def test_ctrl_c_ends_it_without_a_traceback(reading, seconds):
    """Ctrl-C, which the terminal sends to all processes, ends them with a word, even at once."""
    time.sleep(seconds)
    assert reading.poll() is None
    os.killpg(reading.pid, signal.SIGINT)
    _, said = reading.communicate(timeout=PATIENCE)
    assert reading.returncode == 1
    assert not re.search("Traceback|Error", said), said
    assert "Aborted!" in said
    until(lambda: not processes_of(reading.pid))
