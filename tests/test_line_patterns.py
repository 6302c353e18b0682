"""Measurement of what a known form of a field adds."""

import pytest

from support import hand
from tests.ink_files import files_in
from train.cli import main
from train.line import patterns
from train.line.inks import Source
from train.line.patterns import BEGIN, END, Field, measure
from train.line.sets import LineSample
from train.measure.evaluate import MODELS
from webapp.forms import Pattern


@pytest.fixture
def few(monkeypatch, tmp_path):
    """A source, with two sets of two numbers each instead of its own."""
    numbers = [LineSample(text, "hand", hand.number(text)) for text in ("407", "35")]
    photo = hand.png(hand.picture(7))
    pictures = [LineSample(label, "hand", None, photo) for label in ("7", "1")]
    sets = {"strings": numbers, "photos": pictures, "not measured": numbers}
    monkeypatch.setattr(patterns, "line_sets", lambda *arguments: sets.items())
    fields = (
        Field("strings", "right", patterns._length(0)),
        Field("strings", "too long", patterns._length(1)),
        Field("photos", "as written", patterns._as_written),
    )
    monkeypatch.setattr(patterns, "FIELDS", fields)
    return Source(files_in(tmp_path), splits=("dev",))


def test_it_works(few):
    """Each set has a row without a pattern and one for each pattern, with counts."""
    lines = measure(MODELS, few).splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[:3] for row in cells] == [
        ["strings", "none", "100.0% of 2"],
        ["strings", "right", "100.0% of 2"],
        ["strings", "too long", cells[2][2]],
        ["photos", "none", "50.0% of 2"],
        ["photos", "as written", "50.0% of 2"],
    ]
    assert [row[4] for row in cells[:3]] == ["0", "0", "0"]
    # The photo of a 7 that is labelled 1.
    assert cells[3][3:] == cells[4][3:] == ["2", "1"]


def test_a_wrong_length_is_never_ok(few):
    """A number with another length than the pattern's is not `ok`."""
    too_long = measure(MODELS, few).splitlines()[4].split("|")
    assert too_long[4].strip() == "0"


@pytest.mark.parametrize("text", ["12+34=46", "(5)", "-42", "23/11", "$1,234.50", "#3", "12%"])
def test_a_pattern_as_written_fits_the_text(text):
    """The pattern of a text's digits and signs fits it."""
    assert Pattern(patterns._as_written(text)).matches(text)


def test_the_command_writes_the_table(few, tmp_path):
    """`evaluate-patterns` writes the table between the marks of a document."""
    document = tmp_path / "figures.md"
    document.write_text(f"# Figures\n{BEGIN}\nold\n{END}\nend\n")
    assert main(["evaluate-patterns", "--document", str(document)]) == 0
    text = document.read_text()
    assert text.startswith(f"# Figures\n{BEGIN}\n| set | pattern")
    assert text.endswith(f"|\n{END}\nend\n")
    assert "old" not in text
