"""A model's card as tables and plots."""

import json
import re
import shutil
from pathlib import Path

import pytest

from webapp import create_app
from webapp.config import Settings
from webapp.site.cards import PLOTS, named, view_of

SHIPPED = Path(Settings().models)

FIGURE = {"data": "MNIST test", "count": 10_000, "accuracy": 0.9967, "interval95": [0.9954, 0.9976]}

CARD = {
    "name": "digits",
    "figures": [FIGURE, FIGURE | {"data": "digits (dev)", "ece": 0.0042, "rejected": None}],
    "nondigits": [
        {"data": "letters (dev)", "count": 1234, "auroc": 0.99871, "ok": 0.031, "unsure": 0.0},
        {"data": "doodles (dev)", "count": 5678, "auroc": None, "ok": 0.02, "unsure": 0.1},
    ],
    "seeds": [
        {"seed": 1, "figures": [{"data": "MNIST test", "accuracy": 0.9961}]},
        {"seed": 2, "figures": [{"data": "MNIST test", "accuracy": 0.9967}]},
        {
            "seed": 3,
            "figures": [
                {"data": "MNIST test", "accuracy": 0.9970},
                {"data": "digits (dev)", "accuracy": 0.9941},
            ],
        },
    ],
    "calibration": {
        "temperature": 1.23456,
        "offset": -0.5,
        "not_a_number": 0.31,
        "chosen_on": {"digits": 4472, "nondigits": 0, "by": "writers"},
        "after": {"ece": 0.0042, "nll": 0.0213, "wrong_of_ok": None, "never_heard_of": 0.25},
        "empty": {},
    },
}
"""A card with every optional field, and gaps in them."""


@pytest.fixture
def view(tmp_path):
    """The page's view of that card."""
    return view_of(CARD, tmp_path)


def test_figures_have_a_row_a_set(view):
    """Each set has a row with readable counts, shares and intervals, and a dash for a gap."""
    heads = ["data", "samples", "accuracy", "95% interval", "calibration error"]
    assert view.figures.heads == heads
    assert view.figures.rows == [
        ["MNIST test", "10,000", "99.67%", "99.54 to 99.76%", "–"],
        ["digits (not trained on)", "10,000", "99.67%", "99.54 to 99.76%", "0.42%"],
    ]


@pytest.mark.parametrize(
    "name",
    [
        row["data"]
        for card in SHIPPED.glob("*.json")
        for row in json.loads(card.read_text(encoding="utf-8"))["figures"]
    ],
)
def test_datasets_have_readable_names(name):
    """No name of a file is on the page, nor what only developers call it."""
    assert not re.search(r"_|dev\b|pendigits", named(name))


def test_the_page_says_whose_writing_it_is(client):
    """In the introduction, without opening a card, with what is not known."""
    text = re.sub(r"\s+", " ", client.get("/model").text).partition('class="summaries"')[0]
    for said in (
        "1990s",
        "Census",
        "high-school",
        "European and American",
        "Turkey",
        "children",
        "README",
    ):
        assert said in text


def test_what_no_row_has_is_no_column(view):
    """A column without any value is left out, even if the card has it as null."""
    assert "rejected" not in view.figures.heads
    assert "rejected" not in view.nondigits.heads


def test_non_digits_have_a_table_of_their_own(view):
    """Non-digits have their own table with AUROC and false accepts."""
    assert view.nondigits.rows == [
        ["letters (not trained on)", "1,234", "0.9987", "0.00%", "3.10%"],
        ["doodles (not trained on)", "5,678", "–", "10.00%", "2.00%"],
    ]


def test_seeds_have_a_mean_and_a_deviation(view):
    """Several seeds have a mean and a sample deviation, and a single one has no deviation."""
    assert view.seeds.heads == ["data", "mean ± sd", "seed 1", "seed 2", "seed 3"]
    first, second = view.seeds.rows
    # 99.61, 99.67 and 99.70: mean 99.66, deviations -0.05, 0.01 and 0.04.
    assert first[1:] == [
        "99.66 ± 0.05%",
        "99.61%",
        "99.67%",
        "99.70%",
    ]
    assert second == ["digits (not trained on)", "99.41%", "–", "–", "99.41%"]


def test_a_calibration_is_told_part_by_part(view):
    """The calibration is formatted by the kind of each number, and unknown names are kept."""
    constants, chosen, after = view.calibration
    assert [row[1] for row in constants.rows] == ["1.235", "-0.5", "31.00%"]
    assert chosen.rows == [["digits", "4,472"], ["non-digits", "0"]]
    assert after.rows == [
        ["expected calibration error", "0.42%"],
        ["log-likelihood loss", "0.0213"],
        ["never heard of", "25.00%"],
    ]


def test_a_card_needs_none_of_that(tmp_path):
    """A card with figures alone is valid."""
    view = view_of({"name": "digits", "figures": [FIGURE]}, tmp_path)
    assert (view.nondigits, view.seeds, view.calibration, view.plots) == (None, None, [], {})
    empty = {"nondigits": [], "seeds": [], "calibration": {}}
    assert view_of({"name": "digits", "figures": [FIGURE]} | empty, tmp_path).calibration == []


def test_pictures_are_those_that_there_are(tmp_path):
    """The page shows the model's existing plots in order."""
    for name in ("digits-risk.svg", "digits-curves.svg", "pen-confusion.svg", "digits-other.svg"):
        (tmp_path / name).write_text("<svg/>")
    assert list(view_of(CARD, tmp_path).plots) == ["curves", "risk"]


# ---- the page ----


@pytest.fixture
def models(tmp_path):
    """A folder of models with one complete card."""
    for name in (
        f"{m}.{kind}" for m in ("ink", "pen", "line", "eyes") for kind in ("json", "tflite")
    ):
        shutil.copy(SHIPPED / name, tmp_path)
    card = json.loads((tmp_path / "ink.json").read_text())
    entry = {"name": "Ink", "train": 1200, "licence": "CC BY 4.0", "citation": "A & B, 2026"}
    card |= {field: CARD[field] for field in ("nondigits", "seeds", "calibration")}
    card |= {"data": [*card["data"], entry, {"name": "More"}], "untested": ["Left hands."]}
    card["hyperparameters"]["seed"] = 1
    (tmp_path / "ink.json").write_text(json.dumps(card))
    for kind in PLOTS:
        (tmp_path / f"ink-{kind}.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    return tmp_path


@pytest.fixture
def visitor(models):
    """A test client of a site with those models."""
    return create_app(Settings(models=str(models))).test_client()


def test_the_page_shows_it_all(visitor):
    """The page shows each field of the card."""
    text = re.sub(r"[ \n]+", " ", visitor.get("/model").text)
    for shown in (
        "letters (not trained on)",
        "99.66 ± 0.05%",
        "seed 1 of 3 runs",
        "31.00%",
        "Ink: 1,200 for training. Licence: CC BY 4.0. A &amp; B, 2026.",
        "Not tested",
        "Left hands.",
        "/model/ink/reliability.svg",
        "/model/ink/risk.svg",
    ):
        assert shown in text
    assert "/model/pen/" not in text


def test_the_card_is_served_as_it_is(visitor):
    """The card is served unchanged for programs."""
    card = visitor.get("/api/v1/model").json
    for field in ("nondigits", "seeds", "calibration"):
        assert card[field] == CARD[field]
    assert [card[part]["name"] for part in ("strokes", "lines")] == ["pen", "line"]


def test_a_model_is_called_by_its_files(models):
    """The page names a model after its files, even if an older card has another name."""
    for path in models.glob("ink*"):
        path.rename(models / path.name.replace("ink", "other"))
    text = (models / "other.json").read_text().replace("ink.tflite", "other.tflite")
    (models / "other.json").write_text(text)
    client = create_app(Settings(models=str(models), model="other")).test_client()
    assert client.get("/api/v1/model").json["name"] == "other"
    assert "/model/other/curves.svg" in client.get("/model").text


def test_a_picture_is_served(visitor):
    """A plot is served with its type and revalidated by browsers."""
    with visitor.get("/model/ink/curves.svg") as response:
        assert response.status_code == 200
        assert response.mimetype == "image/svg+xml"
        assert response.cache_control.no_cache
        assert response.get_etag()[0]


@pytest.mark.parametrize(
    "path", ["pen/curves", "other/curves", "digits/other", "../secret", "..%2Fdigits/curves"]
)
def test_it_rejects_other_files(visitor, models, path):
    """Other files, and plots of models that are not served, get 404."""
    for name in ("other-curves.svg", "digits-other.svg"):
        (models / name).write_text("<svg/>")
    assert visitor.get(f"/model/{path}.svg").status_code == 404


def test_a_relative_folder_is_where_the_process_was_started(models, monkeypatch):
    """A relative folder is relative to the working directory of the process, as for the models."""
    monkeypatch.chdir(models.parent)
    client = create_app(Settings(models=models.name)).test_client()
    with client.get("/model/ink/curves.svg") as response:
        assert response.status_code == 200
