"""Rules of imports between the packages."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from support.server import ROOT, clean_environment

WEBAPP = ROOT / "webapp"
RECOGNITION = WEBAPP / "recognition"
TRAIN = ROOT / "train"

OURS = sorted(
    path for folder in (WEBAPP, TRAIN, ROOT / "scripts") for path in folder.rglob("*.py")
) + sorted(ROOT.glob("*.py"))

KERAS = {"keras", "tensorflow"}
FLASK = {"flask", "werkzeug"}
RECOGNITION_MAY = {"numpy", "cv2", "ai_edge_litert", "webapp.recognition"}

BLOCKED_START = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"keras", "tensorflow"}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocked())
import wsgi
answer = wsgi.app.test_client().get("/readyz")
assert answer.status_code == 200, answer.text
assert not {"keras", "tensorflow"} & set(sys.modules)
print("ready")
"""


def package_of(path: Path) -> list[str]:
    """Return the package that a file's relative imports start from."""
    return list(path.relative_to(ROOT).parent.parts)


def imports(source: str, package: list[str]) -> set[str]:
    """Return the full names of all modules that a source imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def imports_of(path: Path) -> set[str]:
    """Return the full names of all modules that a file imports."""
    return imports(path.read_text(), package_of(path))


def top(names: set[str]) -> set[str]:
    """Return the top-level packages of modules."""
    return {name.partition(".")[0] for name in names}


def within(names: set[str], package: str) -> set[str]:
    """Return the modules that are a package or inside it."""
    return {name for name in names if f"{name}.".startswith(f"{package}.")}


def test_imports_are_found_wherever_they_stand():
    """Imports are found wherever they are in a file."""
    source = """
import os.path as p, flask
def f():
    from . import image
    from .. import api
    from ..config import Settings
    if f:
        import keras.layers
"""
    assert imports(source, ["webapp", "recognition"]) == {
        "os.path",
        "flask",
        "webapp.recognition",
        "webapp.recognition.image",
        "webapp",
        "webapp.api",
        "webapp.config",
        "webapp.config.Settings",
        "keras.layers",
    }


def test_all_folders_are_looked_at():
    """Each folder has files that are checked."""
    for folder in (WEBAPP, RECOGNITION, TRAIN, ROOT / "scripts", ROOT):
        assert any(path.parent == folder for path in OURS)


@pytest.mark.parametrize("path", sorted(RECOGNITION.rglob("*.py")), ids=lambda path: path.stem)
def test_the_recogniser_stands_alone(path):
    """The recogniser imports the standard library, NumPy, OpenCV, LiteRT and itself only."""
    for name in imports_of(path):
        known = top({name}) <= sys.stdlib_module_names
        assert known or any(within({name}, package) for package in RECOGNITION_MAY), name


def test_flask_stays_in_the_web_layer():
    """The recogniser and the trainer do not import Flask."""
    users = {path for path in OURS if top(imports_of(path)) & FLASK}
    assert users
    assert all(WEBAPP in path.parents and RECOGNITION not in path.parents for path in users)


def module_of(path: Path) -> str:
    """Return the name that a file is imported by. A package's ends in `__init__`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(names: set[str], modules: set[str]) -> set[str]:
    """Return those of the modules that these imported names refer to."""
    found = set()
    for name in names:
        package = name.rpartition(".")[0]
        if name in modules:
            found.add(name)
        elif package in modules:
            found.add(package)
        elif f"{name}.__init__" not in modules and f"{package}.__init__" in modules:
            found.add(f"{package}.__init__")
    return found


def cycle_of(graph: dict[str, set[str]]) -> list[str]:
    """Return a cycle of modules that import each other. Empty if there is none."""
    rest = dict(graph)
    while True:
        free = [module for module, others in rest.items() if not others & rest.keys()]
        if not free:
            return sorted(rest)
        for module in free:
            del rest[module]


def test_cycles_are_found():
    """A cycle is found, together with the path to it."""
    assert cycle_of({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert cycle_of({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


@pytest.mark.parametrize("folder", [WEBAPP, TRAIN], ids=["webapp", "train"])
def test_no_modules_import_each_other(folder):
    """No modules import each other, not even inside functions."""
    modules = {module_of(path): path for path in folder.rglob("*.py")}
    graph = {name: imported(imports_of(path), {*modules}) for name, path in modules.items()}
    assert cycle_of(graph) == []


def test_the_site_never_imports_the_trainer():
    """The site does not import the trainer."""
    for path in (*WEBAPP.rglob("*.py"), ROOT / "wsgi.py", ROOT / "gunicorn.conf.py"):
        assert not within(imports_of(path), "train"), path


@pytest.mark.parametrize("folder", ["bench", "scripts", "support"])
def test_nothing_rests_on_the_tests(folder):
    """What they share with the tests is in `support`."""
    paths = [*(ROOT / folder).rglob("*.py")]
    assert paths
    assert [path for path in paths if within(imports_of(path), "tests")] == []


def test_keras_stays_with_the_trainer():
    """Only the trainer and one backend import Keras."""
    users = {path for path in OURS if top(imports_of(path)) & KERAS}
    assert WEBAPP / "keras_backend.py" in users
    assert all(path == WEBAPP / "keras_backend.py" or TRAIN in path.parents for path in users)


def test_only_one_module_imports_the_keras_backend():
    """Only one module imports the Keras backend, and only if the setting selects it."""
    users = {path for path in OURS if within(imports_of(path), "webapp.keras_backend")}
    assert users == {WEBAPP / "backend.py"}
    at_once = ast.parse((WEBAPP / "backend.py").read_text()).body
    for node in at_once:
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not within(imports(ast.unparse(node), ["webapp"]), "webapp.keras_backend")


def test_the_site_starts_without_keras():
    """The site starts without TensorFlow and Keras installed."""
    run = subprocess.run(
        [sys.executable, "-c", BLOCKED_START],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "ready"
