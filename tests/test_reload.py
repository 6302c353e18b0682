"""Reloads, recycled and killed workers, and changing model files, on a real server."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from support.server import HOST, ROOT, clean_environment, free_port, started, started_by
from tests.load import Load
from tests.test_chaos import (
    GUNICORN,
    SLOW_BODY,
    check_reads,
    counted,
    get,
    port_of,
    slow_clients,
    wait_for,
)
from tests.test_server import DRAWING, JSON, STROKES, whole, workers
from tests.test_worker import HEALTH, LONG_BODY

NO_JITTER = ("--max-requests-jitter", "0")


@pytest.fixture
def models(tmp_path):
    """A folder with a copy of the models."""
    folder = tmp_path / "models"
    folder.mkdir()
    for path in (ROOT / "models").glob("*"):
        if path.suffix in (".json", ".tflite"):
            shutil.copy(path, folder)
    return folder


@pytest.fixture
def log(tmp_path):
    """The file of a server's log."""
    return tmp_path / "log"


def logged(log: Path, level: str) -> list[str]:
    """Return the log's messages of a level."""
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    documents = [json.loads(line) for line in lines]
    return [document["message"] for document in documents if document["level"] == level]


def logging_to(log: Path, *command: str) -> list[str]:
    """Return a command with its standard error appended to a file."""
    return ["sh", "-c", 'log=$1; shift; exec "$@" 2>>"$log"', "sh", str(log), *command]


def put(folder: Path, name: str, content: bytes, card: dict) -> None:
    """Write a model with a card that matches its file."""
    card = card | {"files": {f"{name}.tflite": {"sha256": hashlib.sha256(content).hexdigest()}}}
    (folder / f"{name}.tflite").write_bytes(content)
    (folder / f"{name}.json").write_text(json.dumps(card))


def card_of(name: str) -> dict:
    """Return a shipped card."""
    return json.loads((ROOT / f"models/{name}.json").read_text())


def become(folder: Path, name: str, other: str) -> str:
    """Replace a model by another. Return its new version."""
    content = (ROOT / f"models/{other}.tflite").read_bytes()
    put(folder, name, content, card_of(other))
    return hashlib.sha256(content).hexdigest()[:12]


def versions(port: int) -> list[str]:
    """Return the versions of the models that answer, pictures first."""
    status, body, _ = get(port, "/api/v1/model")
    assert status == 200
    pictures = json.loads(body)
    return [card["version"] for card in (pictures, pictures["strokes"], pictures["lines"])]


def all_workers(master: subprocess.Popen, count: int, but: tuple[int, ...] = ()) -> list[int]:
    """Return the workers once there are `count`, all of them different from `but`."""
    wait_for(lambda: len(set(workers(master.pid)) - set(but)) == len(workers(master.pid)) == count)
    return workers(master.pid)


def reload(master: subprocess.Popen, count: int) -> None:
    """Send SIGHUP, and wait until all workers are new."""
    old = all_workers(master, count)
    master.send_signal(signal.SIGHUP)
    all_workers(master, count, but=tuple(old))


def kill_all(master: subprocess.Popen, count: int) -> list[int]:
    """Kill all workers. Return their successors."""
    old = all_workers(master, count)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    return all_workers(master, count, but=tuple(old))


# Models

CHANGES: dict[str, Callable[[Path], object]] = {
    "missing": lambda folder: [path.unlink() for path in folder.glob("*.tflite")],
    "altered": lambda folder: (folder / "pen.tflite").write_bytes(b"other"),
    "card": lambda folder: (folder / "pen.json").write_text("{"),
    "no model": lambda folder: put(folder, "pen", b"no model", card_of("pen")),
    "another kind": lambda folder: become(folder, "pen", "line"),
    "no line reader": lambda folder: become(folder, "line", "pen"),
    "calibration": lambda folder: put(
        folder,
        "ink",
        (folder / "ink.tflite").read_bytes(),
        card_of("ink") | {"calibration": {"temperature": "warm"}},
    ),
    "no figures": lambda folder: put(
        folder,
        "ink",
        (folder / "ink.tflite").read_bytes(),
        {key: value for key, value in card_of("ink").items() if key != "figures"},
    ),
}
"""Changes of a model's files that make it unusable."""


@pytest.mark.parametrize("change", CHANGES)
def test_row_8_a_changed_model_is_refused_and_the_old_one_serves_on(models, log, change):
    """A reload refuses an invalid model with one line, and later workers do not read it."""
    command = logging_to(log, *GUNICORN)
    with started_by(command, WEB_CONCURRENCY="2", INKLING_MODELS=str(models)) as (url, master):
        port = port_of(url)
        before = versions(port)
        all_workers(master, 2)
        CHANGES[change](models)
        pids = kill_all(master, 2)
        check_reads(port)
        master.send_signal(signal.SIGHUP)
        wait_for(lambda: any("refused" in message for message in logged(log, "error")))
        assert workers(master.pid) == pids
        kill_all(master, 2)
        check_reads(port)
        assert versions(port) == before
        assert master.poll() is None
    [refusal] = [message for message in logged(log, "error") if "refused" in message]
    assert str(models) in refusal
    assert "\n" not in refusal


@pytest.mark.parametrize(
    "change", ["no model", "another kind", "no line reader", "calibration", "no figures"]
)
def test_row_8_a_model_that_cannot_answer_stops_the_start(models, change):
    """A model that crashes or hangs stops the start with one line, even if its card matches."""
    CHANGES[change](models)
    run = subprocess.run(
        GUNICORN,
        cwd=ROOT,
        env=clean_environment(PORT=str(free_port()), INKLING_MODELS=str(models)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    [line] = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert str(models) in line
    assert "Traceback" not in run.stderr


def test_row_8_a_reload_takes_up_a_new_model(models):
    """Only a reload takes a valid new model up, not a killed or recycled worker."""
    with started(WEB_CONCURRENCY="2", INKLING_MODELS=str(models)) as (url, master):
        port = port_of(url)
        before = versions(port)
        all_workers(master, 2)
        new = become(models, "pen", "digits")
        assert new not in before
        kill_all(master, 2)
        assert versions(port) == before
        reload(master, 2)
        assert versions(port) == [before[0], new, before[2]]
        check_reads(port)
        kill_all(master, 2)
        assert versions(port) == [before[0], new, before[2]]


def test_row_8_recycled_workers_serve_the_model_that_was_checked(models):
    """Recycled workers use the checked model, even if its file is broken meanwhile."""
    command = [*GUNICORN[:-1], "--max-requests", "20", *NO_JITTER, GUNICORN[-1]]
    with started_by(command, WEB_CONCURRENCY="2", INKLING_MODELS=str(models)) as (url, master):
        port = port_of(url)
        pids = set(all_workers(master, 2))
        (models / "pen.tflite").unlink()
        with Load(port, STROKES, DRAWING, clients=4, keep_alive=False) as load:
            wait_for(lambda: not pids & set(workers(master.pid)))
            wait_for(lambda: load.statuses()[200] > 200)
        assert load.statuses().keys() == {200}
        assert master.poll() is None


@pytest.mark.parametrize(
    "line",
    [
        "workers = 'many'",
        "raise ValueError('no')",
        "def (",
        "sys.exit('error: INKLING_THREADS is 0')",
        "worker_class = 'webapp.ops.worker.Nobody'",
        f"bind = '{HOST}:1'",
    ],
)
def test_a_wrong_setting_refuses_the_reload(tmp_path, log, line):
    """A reload with an invalid setting changes nothing until the setting is corrected."""
    config = tmp_path / "gunicorn.conf.py"
    right = (ROOT / "gunicorn.conf.py").read_text()
    config.write_text(right)
    command = [*GUNICORN[:-2], str(config), GUNICORN[-1]]
    with started_by(logging_to(log, *command), WEB_CONCURRENCY="1") as (url, master):
        config.write_text(f"{right}\n{line}\n")
        pids = workers(master.pid)
        master.send_signal(signal.SIGHUP)
        wait_for(lambda: any("refused" in message for message in logged(log, "error")))
        assert workers(master.pid) == pids
        kill_all(master, 1)
        check_reads(port_of(url))
        config.write_text(right)
        reload(master, 1)
        check_reads(port_of(url))
        assert master.poll() is None


def test_a_worker_that_cannot_start_later_does_not_end_the_site(tmp_path, log):
    """If a worker cannot start, for example while a module is broken, others are tried."""
    site = tmp_path / "broken.py"
    site.write_text("from tests.plain import app\n")
    command = [*GUNICORN[:-1], "--pythonpath", f"{tmp_path},{ROOT}", "broken:app"]
    with started_by(logging_to(log, *command), WEB_CONCURRENCY="1") as (url, master):
        site.write_text("1 / 0\n")
        [pid] = workers(master.pid)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: sum("cannot start" in line for line in logged(log, "error")) >= 2)
        site.write_text("from tests.plain import app\n")
        wait_for(lambda: answers(port_of(url)))
        assert master.poll() is None


def answers(port: int) -> bool:
    """Return whether a site answers quickly."""
    with socket.create_connection((HOST, port), timeout=1) as client:
        client.sendall(HEALTH)
        try:
            return client.recv(12) == b"HTTP/1.1 200"
        except TimeoutError:
            return False


# Rows of the metrics


def test_row_9_many_workers_are_reloaded_twice():
    """Two reloads of many workers work, although old and new workers exist side by side."""
    with started("tests.plain:app", WEB_CONCURRENCY="33") as (url, master):
        for _ in range(2):
            reload(master, 33)
            assert get(port_of(url), "/")[0] == 200
        assert master.poll() is None


# Signals under load


@pytest.mark.parametrize("keep_alive", [True, False])
def test_reloads_lose_no_request(keep_alive):
    """Several reloads in a row lose no request, and no counter decreases."""
    with started(WEB_CONCURRENCY="2") as (url, master):
        port = port_of(url)
        load = Load(port, STROKES, DRAWING, clients=4, keep_alive=keep_alive)
        load.pause = lambda: 0.002
        with load:
            for _ in range(3):
                answered, before = load.statuses()[200], counted(port)
                reload(master, 2)
                wait_for(lambda answered=answered: load.statuses()[200] > answered + 50)
                assert counted(port) >= before
        assert load.statuses().keys() == {200}
        assert len(workers(master.pid)) == 2


def test_the_site_answers_again_whatever_is_done_to_it(models, log):
    """The site answers after kills, reloads, refused reloads and recycling, and stops cleanly."""
    command = [*GUNICORN[:-1], "--max-requests", "100", *NO_JITTER, GUNICORN[-1]]
    environment = {"WEB_CONCURRENCY": "2", "INKLING_MODELS": str(models)}
    with started_by(logging_to(log, *command), **environment) as (url, master):
        port = port_of(url)
        with Load(port, STROKES, DRAWING, clients=4, keep_alive=False) as load:
            for change in ("missing", "altered", "card"):
                # An earlier reload may run after the change, and be refused too.
                before = str(logged(log, "error")).count("refused")
                CHANGES[change](models)
                master.send_signal(signal.SIGHUP)
                wait_for(lambda before=before: str(logged(log, "error")).count("refused") > before)
                with suppress(ProcessLookupError, IndexError):
                    os.kill(workers(master.pid)[0], signal.SIGKILL)
                answered = load.statuses()[200]
                wait_for(lambda answered=answered: load.statuses()[200] > answered + 100)
                for name in ("ink", "pen", "line"):
                    become(models, name, "line" if name == "line" else "digits")
                master.send_signal(signal.SIGHUP)
                master.send_signal(signal.SIGHUP)
                answered = load.statuses()[200]
                wait_for(lambda answered=answered: load.statuses()[200] > answered + 100)
        assert load.statuses().keys() <= {200, "lost"}
        # A kill loses the requests of that worker.
        assert load.statuses()["lost"] <= 3 * 4
        check_reads(port)
        master.terminate()
        assert master.wait(30) == 0


@pytest.mark.parametrize("sent", [SLOW_BODY, LONG_BODY, b""], ids=["short", "long", "silent"])
def test_slow_clients_do_not_put_off_a_recycled_worker_s_successor(sent):
    """Slow clients that an old worker still serves do not delay its successor."""
    options = ("--max-requests", "20", "--graceful-timeout", "300")
    command = [*GUNICORN[:-1], *options, *NO_JITTER, GUNICORN[-1]]
    environment = {"WEB_CONCURRENCY": "1", "INKLING_BODY_SECONDS": "3600"}
    with started_by(command, **environment) as (url, master):
        pids = workers(master.pid)
        with slow_clients(port_of(url), 5, sent):
            for _ in range(30):
                check_reads(port_of(url))
        assert workers(master.pid) != pids


def test_slow_clients_do_not_put_off_a_reload():
    """New workers answer while an old one waits for its slow clients, which are answered too."""
    environment = {"WEB_CONCURRENCY": "1", "INKLING_BODY_SECONDS": "3600"}
    request = whole(STROKES, JSON, DRAWING)
    begun, rest = request[:-1], request[-1:]
    with (
        started(**environment) as (url, master),
        slow_clients(port_of(url), 1, begun) as (client,),
    ):
        [old] = workers(master.pid)
        master.send_signal(signal.SIGHUP)
        wait_for(lambda: len(workers(master.pid)) == 2)
        check_reads(port_of(url))
        time.sleep(3)  # longer than idle connections are kept
        assert old in workers(master.pid)
        client.sendall(rest)
        assert client.recv(12) == b"HTTP/1.1 200"
        wait_for(lambda: old not in workers(master.pid))
