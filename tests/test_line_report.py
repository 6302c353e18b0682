"""The line reader's figures in docs/figures.md."""

import json

import pytest

from support.server import ROOT
from train import cli
from train.errors import DataError
from train.line.report import BEGIN, END, figures_of, rewrite


def fold(exact, ok, wrong=0, count=10):
    """Return a card's entry of a set in a fold."""
    return {"exact": exact, "ok": ok, "wrong_though_ok": wrong, "count": count}


CARD = {
    "figures": [
        {"data": "sums", "count": 1000, "accuracy": 0.9, "interval95": [0.8, 0.95], "ok": 0.5},
        {
            "data": "new", "count": 5, "accuracy": 1.0, "interval95": [0.5, 1.0],
            "accuracy95": [0.6, 1.0], "ok": 0.0,
        },
    ],
    "nondigits": [{"data": "letters", "count": 200, "ok": 0.01}],
    "confidence": {
        "folds": [
            {"sets": {"sums": fold(0.8, 0.5, 1), "letters": fold(0, 0.1, 1)}},
            {"sets": {"sums": fold(0.9, 0.7), "letters": fold(0, 0.0)}},
        ]
    },
}  # fmt: skip


def test_it_works():
    """The table has the figures on dev, and the mean and the worst of the left-out groups."""
    lines = figures_of(CARD).splitlines()
    assert lines[2] == (
        "| sums | 1,000 | 90.00 % (80.00 to 95.00) | 50.00 % | 85.00 % (80.00 %) | 60.00 % "
        "| 1 of 12 |"
    )
    assert lines[3] == "| new | 5 | 100.00 % (60.00 to 100.00) | 0.00 % | – | – | – |"
    assert "1 of 12 are wrong (8.33 %)" in lines[5]
    assert lines[6].endswith(
        "on dev letters 1.00 % of 200; of the groups left out letters 1 of 20."
    )


def test_the_document_has_the_figures_of_the_card():
    """docs/figures.md has the shipped card's figures, as `python -m train figures` writes them."""
    card = json.loads((ROOT / "models" / "line.json").read_bytes())
    assert f"{BEGIN}\n{figures_of(card)}\n{END}" in (ROOT / "docs" / "figures.md").read_text()


def test_what_stands_around_the_figures_stays(tmp_path, capsys):
    """The text around the figures is kept, and a second run changes nothing."""
    document = tmp_path / "figures.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    (tmp_path / "line.json").write_text(json.dumps(CARD))
    for _ in range(2):
        words = ["figures", "--models", str(tmp_path), "--document", str(document)]
        assert cli.main(words) == 0
        assert document.read_text() == f"before\n{BEGIN}\n{figures_of(CARD)}\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["no marks", BEGIN, f"{BEGIN}{BEGIN}{END}", f"{END}{BEGIN}"])
def test_it_rejects_a_document_without_marks(tmp_path, text):
    """A document without marks is an error and is not changed."""
    document = tmp_path / "figures.md"
    document.write_text(text)
    (tmp_path / "line.json").write_text(json.dumps(CARD))
    with pytest.raises(DataError, match="once each"):
        rewrite(document, tmp_path)
    assert document.read_text() == text


def test_it_rejects_what_is_not_there(tmp_path):
    """The error names the missing card or document."""
    for name in ("line.json", "figures.md"):
        with pytest.raises(DataError, match=name):
            rewrite(tmp_path / "figures.md", tmp_path)
        (tmp_path / name).write_text(json.dumps(CARD))
