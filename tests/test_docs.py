"""The documentation matches the code: names in it exist, and all settings and routes are in it."""

import re

import pytest

from train.cli import NAMES
from train.measure.digits import MNIST_TEST
from webapp.config import PREFIX, ROOT, Settings, variable_of
from webapp.recognition import load_model

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def read(name):
    """The text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_setting_is_documented_with_its_default():
    """docs/deploy.md has a row with the default for each setting, and no other rows."""
    pattern = rf"^\| `({PREFIX}\w+|REDIS_URL)` \| `?([^`|]+?)`? "
    rows = dict(re.findall(pattern, read("docs/deploy.md"), re.M))
    assert rows.keys() == {variable_of(name) for name in Settings.__struct_fields__}
    for name in Settings.__struct_fields__:
        default = getattr(Settings(), name)
        default = f"{default:g}" if isinstance(default, float) else default
        written = {"": "empty", "False": "false", Settings().models: "models"}
        assert rows[variable_of(name)] == written.get(str(default), str(default)), name


def test_every_route_is_documented(app):
    """docs/api.md contains each address under /api, and each page."""
    text = read("docs/api.md")
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static_file":
            assert re.search(rf"{re.escape(rule.rule)}(?![\w/])", text), rule.rule


def test_every_make_target_that_is_named_exists():
    """Every `make …` in a document is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))
    for path in DOCUMENTS:
        named = set(re.findall(r"`(?:[A-Z]+=\S+ )*make ([a-z]+)", path.read_text(encoding="utf-8")))
        assert named <= targets, path.name


def test_every_target_helps():
    """`make help` has a line for each public target."""
    text = read("Makefile")
    public = set(re.findall(r"^([a-z]+):.*## ", text, re.M))
    hidden = {"serving", "dev"}
    assert public | hidden == set(re.findall(r"^([a-z]+):", text, re.M))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    """Every relative link in a document leads to a file of the repository."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (path.parent / target).exists(), target


def test_the_shipped_cards_back_the_figures():
    """The documented figures are those of the shipped cards, and the README repeats MNIST's."""
    cards = [load_model(ROOT / "models", name).card for name in NAMES]
    assert cards[0]["figures"][0]["data"] == MNIST_TEST
    for figures in (row for card in cards for row in card["figures"]):
        figure = f"{figures['accuracy']:.2%}".replace("%", " %")
        assert figure in read("docs/figures.md")
        assert figure in read("README.md") or figures["data"] != MNIST_TEST


def test_the_seed_network_meets_its_promise():
    """The seed network reads at least 99.6 % of MNIST's whole test set, at its last epoch."""
    card = load_model(ROOT / "models", "digits").card
    figures = card["figures"][0]
    assert figures["count"] == 10_000
    assert figures["accuracy"] >= 0.996
    assert len(card["curves"]["loss"]) == card["hyperparameters"]["epochs"]


def test_every_package_is_in_the_architecture():
    """docs/architecture.md has a row for each package."""
    text = read("docs/architecture.md")
    folders = [
        path.parent.relative_to(ROOT)
        for top in ("webapp", "train")
        for path in (ROOT / top).rglob("__init__.py")
    ]
    folders = [folder for folder in folders if str(folder) != "train"]
    inside = "webapp/recognition/"
    names = {f"{folder}/".removeprefix(inside) or inside for folder in folders}
    assert len(names) > 10
    assert [name for name in names if f"`{name}" not in text] == []


def test_nothing_is_installed_under_the_name_of_the_package():
    """The package is on no index: there, its name may be a stranger's."""
    files = [*DOCUMENTS, *(ROOT / "webapp").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    assert [p for p in files if re.search(r"pip install [^`\n]*\binkling\b", p.read_text())] == []
