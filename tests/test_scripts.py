"""scripts/venv.sh: an environment from a lock, or a clear error."""

import os
import subprocess
import sys

import pytest

from support.server import ROOT, clean_environment

SCRIPT = ROOT / "scripts" / "venv.sh"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the script is for a POSIX shell")


@pytest.fixture
def lock(tmp_path):
    """A lock without packages, so that nothing is downloaded."""
    path = tmp_path / "lock.txt"
    path.write_text("# nothing\n")
    return path


def run(tmp_path, folder, lock, **environment):
    """Run the script in the parent of the folder."""
    return subprocess.run(
        [str(SCRIPT), str(folder), str(lock)],
        cwd=tmp_path,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=120,
    )


def fitting_environment(folder, lock):
    """Make a folder like the script's result, with a Python that records its calls."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text("#!/bin/sh\necho 3.11 somewhere\n")
    python.chmod(0o755)
    (folder / ".made-of").write_text("3.11 somewhere\n" + lock.read_text())


def state(folder):
    """Return every file of a folder with the time of its last change."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_it_leaves_an_environment_that_fits(tmp_path, lock):
    """With an unchanged lock, the script does nothing and needs no other Python."""
    folder = tmp_path / "env"
    fitting_environment(folder, lock)
    before = state(folder)
    done = run(tmp_path, folder, lock, PYTHON="false")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert state(folder) == before


def test_it_looks_again_when_the_lock_has_changed(tmp_path, lock):
    """After a change of the lock, the environment is checked again."""
    folder = tmp_path / "env"
    fitting_environment(folder, lock)
    lock.write_text("# something else\n")
    assert run(tmp_path, folder, lock, PYTHON="false").returncode != 0


def test_it_looks_again_when_the_interpreter_is_another(tmp_path, lock):
    """After a change of the interpreter or of the folder, the environment is checked again."""
    folder = tmp_path / "env"
    fitting_environment(folder, lock)
    (folder / "bin" / "python").write_text("#!/bin/sh\necho 3.13 elsewhere\n")
    assert run(tmp_path, folder, lock, PYTHON="false").returncode != 0


def test_a_python_with_a_space_in_its_path_is_tried(tmp_path, lock):
    """A path of Python with a space is one command."""
    home = tmp_path / "with space"
    home.mkdir()
    (home / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (home / "python").chmod(0o755)
    (tmp_path / "blocked").write_text("")
    done = run(tmp_path, tmp_path / "blocked" / "env", lock, PYTHON=str(home / "python"))
    assert "cannot be written to" in done.stderr


def test_it_looks_again_when_the_environment_does_not_run(tmp_path, lock):
    """If the environment's Python no longer runs, the environment is checked again."""
    folder = tmp_path / "env"
    fitting_environment(folder, lock)
    (folder / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    assert run(tmp_path, folder, lock, PYTHON="false").returncode != 0


@pytest.mark.parametrize("python", ["false", "no-such-command"])
def test_it_rejects_a_python_that_does_not_fit(tmp_path, lock, python):
    """The error has the required versions, what was tried, and how to select another Python."""
    done = run(tmp_path, "env", lock, PYTHON=python)
    assert done.returncode != 0
    for word in ("error:", "3.11", "3.12", "3.13", python, "PYTHON="):
        assert word in done.stderr
    assert not (tmp_path / "env").exists()


def test_it_rejects_a_folder_that_cannot_be_written(tmp_path, lock):
    """The error names the folder that cannot be created."""
    (tmp_path / "file").write_text("mine")
    for folder in ("file", "file/env"):
        done = run(tmp_path, folder, lock, PYTHON=sys.executable)
        assert done.returncode != 0
        assert "error:" in done.stderr
        assert f"{tmp_path}/{folder}" in done.stderr
        assert "cannot be written" in done.stderr
    assert (tmp_path / "file").read_text() == "mine"
