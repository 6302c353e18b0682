"""Deployment: files for platforms, containers and operators."""

import http.server
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from support.server import HOST, ROOT, clean_environment, free_port, started, started_by
from tests import services
from tests.test_server import check_reads
from webapp.config import PLATFORM_NAMES, Settings, variable_of

CHECK = (sys.executable, "scripts/check.py")

SETTINGS = {variable_of(name) for name in Settings.__struct_fields__}


def read(name):
    """The text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def check(url: str) -> subprocess.CompletedProcess:
    """Run the script of `make check` on a site."""
    return subprocess.run([*CHECK, url], cwd=ROOT, capture_output=True, text=True, timeout=120)


# make check


def test_it_passes_a_site_that_is_well():
    """A healthy site passes, with one line per check."""
    with started() as (url, _):
        run = check(url)
    assert run.returncode == 0, run.stdout + run.stderr
    assert all(line.startswith("ok ") for line in run.stdout.splitlines())
    for word in ("page", "drawn 7", "picture", "refuses", "lives"):
        assert word in run.stdout


class Empty(http.server.BaseHTTPRequestHandler):
    """A site that answers everything with 200 and an empty body."""

    def do_GET(self):
        """Answer with an empty body."""
        self.send_response(200)
        self.end_headers()

    do_POST = do_GET  # noqa: N815  the name that the server asks for

    def log_message(self, *_):
        """Log nothing."""


def test_it_fails_a_site_that_is_not():
    """A site that is not Inkling fails each check with a line, and the exit status is not 0."""
    server = http.server.ThreadingHTTPServer((HOST, 0), Empty)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        run = check(f"http://{HOST}:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert run.returncode != 0
    failing = [line for line in run.stdout.splitlines() if line.startswith("FAILS")]
    assert len(failing) == 4
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("url", ["", "inkling.example", "ftp://inkling.example", "http://"])
def test_it_rejects_what_is_no_address(url):
    """The error for an invalid address shows a valid one."""
    run = check(url)
    assert run.returncode != 0
    assert "https://inkling.example" in run.stderr


def test_it_fails_where_nobody_answers():
    """A site that does not answer fails with a message instead of a traceback."""
    run = check(f"http://{HOST}:{free_port()}")
    assert run.returncode != 0
    assert "FAILS lives" in run.stdout
    assert "Traceback" not in run.stderr


# The platform


def test_the_procfile_serves():
    """The Procfile's command serves when run by a shell with PORT, as on a platform."""
    [(name, command)] = re.findall(r"^(\w+): (.+)$", read("Procfile"), re.M)
    assert name == "web"
    command = command.replace("gunicorn", f"exec {sys.executable} -m gunicorn", 1)
    with started_by(["sh", "-c", command.replace("0.0.0.0", HOST)]) as (url, _):  # noqa: S104
        check_reads(int(url.rpartition(":")[2]))


def test_app_json_sets_what_there_is():
    """app.json uses existing settings with valid values, and the platform generates the secret."""
    document = json.loads(read("app.json"))
    assert document["env"].keys() <= SETTINGS
    from webapp.config import load_settings

    values = {name: entry["value"] for name, entry in document["env"].items() if "value" in entry}
    settings = load_settings(values)
    assert (settings.proxies, settings.https) == (1, True)
    assert document["env"]["INKLING_METRICS_TOKEN"] == {
        "description": document["env"]["INKLING_METRICS_TOKEN"]["description"],
        "generator": "secret",
    }


def test_one_lock_stands_at_the_root():
    """The root's requirements.txt has hashes and no packages for training or tests."""
    lock = read("requirements.txt")
    names = re.findall(r"^([a-z0-9-]+)==", lock, re.M)
    assert {"flask", "gunicorn", "limits", "redis", "ai-edge-litert"} <= set(names)
    assert not {"tensorflow", "keras", "pytest", "schemathesis"} & set(names)
    assert lock.count("--hash=sha256:") >= len(names)
    assert read(".python-version").strip() == "3.11"
    others = [
        path.name for path in ROOT.iterdir() if path.name in ("Pipfile", "poetry.lock", "uv.lock")
    ]
    assert others == []


# Containers. No daemon runs here, so the image is built by hand from the Dockerfile


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, continuation lines joined."""
    text = read("Dockerfile").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def in_context(path: str) -> bool:
    """Return whether .dockerignore admits a file to the build."""
    patterns = [line for line in read(".dockerignore").splitlines() if line and line[0] != "#"]
    included = True
    for pattern in patterns:
        wanted, glob = pattern.startswith("!"), pattern.lstrip("!").removeprefix("**/")
        parts = path.split("/")
        heads = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        if any(fnmatch(head, glob) for head in heads) or (not wanted and glob in parts):
            included = wanted
    return included


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The folder of the image's last stage, with exactly the files of its COPY lines."""
    folder = tmp_path_factory.mktemp("image")
    copied = [rest for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for line in copied[1:]:  # the first belongs to the stage that installs
        *sources, target = line.split()
        for source in sources:
            found = [
                n for n in tracked if (n == source or n.startswith(f"{source}/")) and in_context(n)
            ]
            assert found, f"COPY {source}: nothing of it is in the build"
            for name in found:
                place = folder / (name if target == "./" else name.replace(source, target, 1))
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, place)
    return folder


def test_the_image_has_what_serving_needs_and_no_more(image):
    """The image contains what serving needs, without tests, trainer, Keras files or git."""
    names = {path.relative_to(image).as_posix() for path in image.rglob("*") if path.is_file()}
    assert {"wsgi.py", "gunicorn.conf.py", "models/pen.tflite", "models/ink.json"} <= names
    tops = {"wsgi.py", "gunicorn.conf.py", "webapp", "templates", "static", "component", "models"}
    for name in names:
        assert name.split("/")[0] in tops
        assert not name.endswith(".keras")
    # The files of the line reader and of the eyes are 1.0 MB of it, the page's scripts 0.13 MB, and
    # what only the command needs (`webapp/command`, `webapp/batch`) 0.06 MB.
    assert sum(path.stat().st_size for path in image.rglob("*") if path.is_file()) < 3_750_000


def test_the_image_serves_and_writes_nothing(image):
    """The image's command serves from its folder alone and creates no file."""
    before = sorted(path for path in image.rglob("*"))
    [command] = [
        rest for name, rest in instructions() if name == "CMD" and rest.startswith('["sh"')
    ]
    shell = json.loads(command)[2].replace("gunicorn", f"{sys.executable} -m gunicorn", 1)
    port = free_port()
    process = subprocess.Popen(
        ["sh", "-c", shell.replace("0.0.0.0", HOST)],  # noqa: S104
        cwd=image,
        env=clean_environment(
            PORT=str(port), WEB_CONCURRENCY="1", PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=""
        ),
    )
    try:
        from support.server import _wait_until_ready

        _wait_until_ready(process, port)
        check_reads(port)
        health = [rest for name, rest in instructions() if name == "HEALTHCHECK"]
        probe = json.loads(health[0].partition("CMD ")[2])
        run = subprocess.run([sys.executable, *probe[1:]], env={**os.environ, "PORT": str(port)})
        assert run.returncode == 0
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert sorted(path for path in image.rglob("*")) == before


def test_the_image_is_nobody_s():
    """The image has two stages, another user than root, a health check, and no secret."""
    names = [name for name, _ in instructions()]
    assert names.count("FROM") == 2
    last = names[len(names) - names[::-1].index("FROM") :]
    assert "USER" in last
    assert "HEALTHCHECK" in last
    [user] = [rest for name, rest in instructions() if name == "USER"]
    assert user not in ("root", "0")
    text = read("Dockerfile") + read("compose.yaml")
    assert not re.search(r"TOKEN|SECRET|PASSWORD", text)
    assert "python:" + read(".python-version").strip() in text


def test_compose_is_tight():
    """Containers are read-only and without capabilities, and only the proxy is reachable."""
    services_of = yaml.safe_load(read("compose.yaml"))["services"]
    assert services_of.keys() == {"proxy", "app", "redis"}
    for name, service in services_of.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"]
        assert "cap_add" not in service
        assert "privileged" not in service
        assert "no-new-privileges:true" in service["security_opt"]
        assert ("ports" in service) == (name == "proxy")
    environment = services_of["app"]["environment"]
    assert environment.keys() <= SETTINGS
    assert PLATFORM_NAMES["redis_url"] in environment
    assert environment["INKLING_PROXIES"] == "1"
    grace = int(services_of["app"]["stop_grace_period"].removesuffix("s"))
    assert "graceful_timeout = math.ceil(settings.request_seconds) + 3" in read(
        "webapp/ops/gunicorn_config.py"
    )
    assert grace > Settings().request_seconds + 3


@pytest.mark.skipif(services.find(("docker",)) is None, reason="there is no docker client here")
def test_docker_reads_compose():
    """The docker client accepts compose.yaml, which needs no daemon."""
    command = ["docker", "compose", "--file", "compose.yaml", "config", "--quiet"]
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("this docker client has no compose")
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_scripts_that_are_called_can_be():
    """Shell scripts are executable."""
    for path in Path(ROOT / "scripts").glob("*.sh"):
        assert path.stat().st_mode & stat.S_IXUSR, path.name
