"""The installed package: built from the checkout, used without it."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import cv2
import pytest

from support import hand
from support.server import ROOT, clean_environment, started_by
from webapp.site.component import ADDRESS

PARTS = ("webapp", "component", "models", "static", "templates", "pyproject.toml", "LICENSE")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

pytestmark = pytest.mark.skipif(
    find_spec("setuptools") is None or find_spec("pip") is None, reason="nothing builds here"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built in a copy of the checkout."""
    copy = tmp_path_factory.mktemp("copy")
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.keras", ".training-*")
            shutil.copytree(ROOT / part, copy / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, copy / part)
    pip("wheel", "--no-build-isolation", "--wheel-dir", copy / "dist", copy)
    (found,) = (copy / "dist").glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder that the wheel is installed into, beside what it needs."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--target", folder, wheel)
    return folder


def pip(command, *arguments):
    """Run pip, without what the project needs and without the network."""
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", command, *options, *map(str, arguments)],
        check=True,
        timeout=120,
        stdout=subprocess.DEVNULL,
    )


def environment(installed):
    """Return an environment in which the installed package is found, and the checkout is not."""
    return clean_environment(PYTHONPATH=str(installed))


def inkling(installed, *arguments, folder=None):
    """Run `python -m inkling` outside the checkout."""
    return subprocess.run(
        [sys.executable, "-m", "inkling", *map(str, arguments)],
        cwd=folder or installed,
        env=environment(installed),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_wheel_has_one_name_and_all_files(wheel):
    """The wheel has the package `inkling` alone, all modules, models, pages and words."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"inkling"}
    kept = {name.removeprefix("inkling/") for name in names}
    modules = {p.relative_to(ROOT / "webapp").as_posix() for p in (ROOT / "webapp").rglob("*.py")}
    texts = {f"site/texts/{p.name}" for p in (ROOT / "webapp/site/texts").glob("*.json")}
    assert modules | texts <= kept
    for folder, ending in (("static", ""), ("templates", ""), ("models", ".tflite")):
        for path in (ROOT / folder).rglob(f"*{ending}"):
            assert (
                path.is_dir()
                or f"data/{path.relative_to(ROOT).as_posix()}" in kept
                or ("__pycache__" in path.parts)
            )
    assert not any(name.endswith(".keras") for name in names)


def test_every_package_is_listed():
    """pyproject.toml lists every package of the folder `webapp`."""
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "webapp").rglob("__init__.py")}
    names = {".".join(["inkling", *folder.parts[1:]]) for folder in folders}
    listed = set(PROJECT["tool"]["setuptools"]["packages"])
    assert names == {name for name in listed if not name.startswith("inkling.data")}


def test_what_it_needs_is_what_the_site_is_locked_to():
    """The package needs what requirements/serve.in names, `web` included, with the same bounds."""
    lines = (ROOT / "requirements" / "serve.in").read_text().splitlines()
    wanted = {line for line in lines if line and not line.startswith("#")}
    project = PROJECT["project"]
    assert {*project["dependencies"], *project["optional-dependencies"]["web"]} == wanted


def test_it_works(installed, tmp_path):
    """The command reads a picture, and `doctor` finds the installation in order."""
    (tmp_path / "7.png").write_bytes(hand.png(hand.picture(7)))
    run = inkling(installed, "read", "--jsonl", "7.png", folder=tmp_path)
    assert json.loads(run.stdout)["text"] == "7"
    assert run.stderr == ""
    run = inkling(installed, "doctor")
    assert run.returncode == 0, run.stderr
    assert "package    inkling 0.1.0" in run.stdout


def test_several_processes_read(installed, tmp_path):
    """`--jobs` works from the installed package, too."""
    (tmp_path / "7.png").write_bytes(hand.png(hand.picture(7)))
    run = inkling(installed, "read", "--jobs", 2, *["7.png"] * 20, folder=tmp_path)
    assert run.stdout.count("\t7\t") == 20, run.stderr


def test_the_script_is_there(installed):
    """The package installs the script `inkling`."""
    script = installed / "bin" / "inkling"
    run = subprocess.run(
        [sys.executable, script, "--version"],
        env=environment(installed),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert PROJECT["project"]["version"] in run.stdout


def test_the_library_is_typed_and_named_inkling(installed):
    """Python finds the library by its public name, with its marker of types."""
    code = (
        "import inkling; from pathlib import Path; print(inkling.__file__, "
        "inkling.read_strokes([[(0, 0), (10, 0), (20, 0), (14, 16), (10, 30)]]).text, "
        "(Path(inkling.__file__).parent / 'py.typed').exists())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=installed,
        env=environment(installed),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout.split()[1:] == ["7", "True"], run.stderr
    assert run.stdout.startswith(str(installed))


def answered(site, method, path, body=None):
    """Return the status and the body of an answer of the site."""
    site.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = site.getresponse()
    return answer.status, answer.read()


def test_it_serves_the_site(installed, tmp_path):
    """`inkling serve` starts the whole site outside the checkout, and ends when asked."""
    command = [sys.executable, "-m", "inkling", "serve"]
    with (
        started_by(command, tmp_path, PYTHONPATH=str(installed)) as (url, process),
        closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)) as site,
    ):
        for path in ("/", "/model", "/api/docs", "/api/v1/openapi.json", ADDRESS):
            assert answered(site, "GET", path)[0] == 200
        body = json.dumps({"strokes": hand.columns(7)})
        status, answer = answered(site, "POST", "/api/v1/predict/strokes", body)
        assert (status, json.loads(answer)["text"]) == (200, "7")
        process.send_signal(signal.SIGHUP)
        assert answered(site, "GET", "/readyz")[0] == 200
    assert process.returncode == 0
    assert [*tmp_path.iterdir()] == []


def blocks(language):
    """Return the code blocks of docs/programs.md in a language."""
    text = (ROOT / "docs" / "programs.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


SHELL = [block for block in blocks("sh") if "venv" not in block and "inkling serve" not in block]
"""All but those that install from an index or start the site, which other tests do."""


@pytest.fixture(scope="module")
def workplace(installed, tmp_path_factory):
    """A folder with the files that the examples read."""
    folder = tmp_path_factory.mktemp("examples")
    photo = cv2.imencode(".jpg", hand.picture(7))[1].tobytes()
    (folder / "photo.jpg").write_bytes(photo)
    (folder / "scans").mkdir()
    (folder / "scans" / "one.jpg").write_bytes(photo)
    table = hand.sheet([["12", "40"], ["5", "28"], ["17", "68"]])
    (folder / "marks.jpg").write_bytes(cv2.imencode(".jpg", table)[1].tobytes())
    (folder / "drawing.json").write_text(json.dumps({"strokes": hand.columns(4)}))
    return folder


@pytest.fixture(scope="module")
def site(installed):
    """The address of the site, started by the installed command."""
    command = [sys.executable, "-m", "inkling", "serve"]
    with started_by(command, installed, PYTHONPATH=str(installed), WEB_CONCURRENCY="1") as (url, _):
        yield url.removeprefix("http://")


def run_example(command, workplace, installed, site="127.0.0.1:1"):
    """Run an example with the site at its address. Return what it prints."""
    path = os.pathsep.join([str(installed / "bin"), str(Path(sys.executable).parent), os.defpath])
    run = subprocess.run(
        [part.replace("127.0.0.1:8000", site) for part in command],
        cwd=workplace,
        env=clean_environment(PYTHONPATH=str(installed), PATH=path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("block", SHELL)
def test_the_shell_examples_run(block, workplace, installed, site):
    """The commands of docs/programs.md run, and those that read print the digit."""
    if "curl" in block and shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    printed = run_example(["bash", "-e", "-c", block], workplace, installed, site)
    quiet = "eval" in block or "json.loads" in block
    assert quiet or "7" in printed


@pytest.mark.parametrize("block", blocks("python"))
def test_the_python_examples_run(block, workplace, installed, site):
    """The Python examples of docs/programs.md run and print the digit."""
    script = workplace / "example.py"
    script.write_text(block.replace("127.0.0.1:8000", site))
    assert "7" in run_example([sys.executable, "example.py"], workplace, installed)


@pytest.mark.parametrize("block", blocks("js"))
def test_the_javascript_examples_run(block, workplace, installed, site):
    """The JavaScript examples of docs/programs.md run in Node.js and print the digit."""
    if shutil.which("node") is None:
        pytest.skip("there is no node here")
    code = ["node", "--input-type=module", "--eval", block]
    assert "7" in run_example(code, workplace, installed, site)


def test_the_examples_are_found():
    """Each language has examples."""
    assert min(len(SHELL), len(blocks("python")), len(blocks("js"))) >= 1
    assert len(SHELL) >= 5
