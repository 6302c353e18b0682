"""`python -m train evaluate`: one table, and the comparison with the card."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from support import hand
from support.server import free_port, running_server
from tests.fake import Spells
from tests.test_strokes import stroke_file
from train import cli
from train.data.mnist import Mnist
from train.data.strokes import StrokeSample
from train.errors import CardError
from train.measure import evaluate, guard, sets
from train.measure.digits import MNIST_TEST, Figures, NonDigitFigures, evaluate_glyphs
from webapp.config import ROOT
from webapp.recognition import Calibration, LiteRTClassifier, glyph_of_strokes, load_model

COUNT = 60


@pytest.fixture(scope="module")
def mnist():
    """Bent and stretched hand-drawn digits in the form of MNIST."""
    rng = np.random.default_rng(0)
    labels = np.arange(COUNT) % 10
    bent = [
        [stroke @ (np.eye(2) + rng.normal(0, 0.1, (2, 2))) for stroke in hand.strokes(digit)]
        for digit in labels
    ]
    glyphs = np.stack([glyph_of_strokes(strokes)[..., :1] for strokes in bent])
    return Mnist(glyphs, labels, glyphs, labels)


@pytest.fixture
def command(mnist, tmp_path, monkeypatch):
    """A function that runs `evaluate` on our digits instead of MNIST, with a shipped model.

    The model is a copy, and its card has its figures on these digits. The results are in `tmp_path
    / "found"`.
    """
    models = tmp_path / "models"
    models.mkdir()
    for name in ("pen", "ink"):
        model = load_model(ROOT / "models", name)
        shutil.copy(ROOT / "models" / f"{name}.tflite", models)
        figures = evaluate_glyphs(
            MNIST_TEST,
            LiteRTClassifier(model.content),
            mnist.test_glyphs,
            mnist.test_labels,
            Calibration.of_card(model.card),
        )
        card = {**model.card, "figures": [figures.as_dict()], "nondigits": []}
        (models / f"{name}.json").write_text(json.dumps(card))
    monkeypatch.setattr(evaluate, "load_mnist", lambda folder: mnist)
    monkeypatch.setattr(sets, "GENERATED_COUNT", 5)

    def run(*words, name="pen"):
        places = ("--models", str(models), "--output", str(tmp_path / "found"))
        return cli.main(["evaluate", "--name", name, *places, *map(str, words)])

    return run


def found(tmp_path, name="pen"):
    """Return the saved results."""
    return json.loads((tmp_path / "found" / f"{name}.json").read_text())


def change_card(tmp_path, change):
    """Change the card."""
    path = tmp_path / "models" / "pen.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


def dev_writer():
    """Return a writer's name that belongs to dev."""
    names = (f"w{number}" for number in range(99))
    return next(name for name in names if StrokeSample("1", name, ()).split == "dev")


@pytest.fixture
def strokes(tmp_path):
    """A stroke file of the ten digits by a dev writer."""
    return stroke_file(tmp_path, *rows("0123456789", range(10)))


def rows(labels, drawn):
    """Return rows of a stroke file: our digits under any labels."""
    return [
        {
            "label": label,
            "writer": dev_writer(),
            "strokes": [s.tolist() for s in hand.strokes(digit)],
        }
        for label, digit in zip(labels, drawn, strict=True)
    ]


def others(tmp_path, labels):
    """Write a stroke file of non-digits."""
    folder = tmp_path / "others"
    folder.mkdir()
    return stroke_file(folder, *rows(labels, range(len(labels))))


def test_it_works(command, tmp_path, capsys):
    """One table is printed and saved, with plots and the misread digits."""
    assert command() == 0
    said = capsys.readouterr()
    assert "figures are those of the card" in said.out
    assert "MNIST test: most often misread" in said.out
    saved = found(tmp_path)
    (row,) = saved["figures"]
    assert (row["data"], row["count"], row["way"]) == (MNIST_TEST, COUNT, "glyphs")
    assert (saved["server"], saved["nondigits"], saved["variants"]) == (None, [], [])
    names = {path.name for path in (tmp_path / "found").iterdir()}
    assert names >= {"pen.json", "pen.txt", "pen-reliability.svg", "pen-risk.svg"}
    assert ("pen-misread-mnist-test.png" in names) == (row["correct"] < COUNT)
    assert (tmp_path / "found" / "pen.txt").read_text() in said.out


def test_a_worse_figure_fails(command, tmp_path, capsys):
    """The command fails, after its report, if the card has better figures."""
    change_card(tmp_path, lambda card: card["figures"][0].update(correct=0))
    assert command() == 0
    assert "better than the card's 0 of" in capsys.readouterr().out
    right = found(tmp_path)["figures"][0]["correct"]
    change_card(tmp_path, lambda card: card["figures"][0].update(correct=right + 3))
    assert command() == 1
    said = capsys.readouterr()
    assert f"{right} of {COUNT} right, but the card says {right + 3} of {COUNT}" in said.err
    assert "MNIST test: most often misread" in said.out


def test_a_card_without_the_figure_is_found_out(command, tmp_path, capsys):
    """A card without MNIST's figure is an error."""
    change_card(tmp_path, lambda card: card.update(figures=[]))
    assert command() == 1
    assert "the card has no figure for MNIST test" in capsys.readouterr().err


def test_it_reads_stroke_files(command, tmp_path, strokes, capsys):
    """Dev writers have their own row, and a split without digits is an error."""
    assert command("--strokes", strokes) == 0
    row = found(tmp_path)["figures"][1]
    assert (row["data"], row["way"]) == ("some (dev writers)", "strokes")
    assert (row["count"], row["writers"]) == (10, 1)
    assert row["accuracy"] > 0.6
    assert "some (dev writers)" in capsys.readouterr().out
    assert command("--strokes", strokes, "--split", "train") == 1
    assert "has no digits by train writers" in capsys.readouterr().err


def test_it_tells_non_digits_from_digits(command, tmp_path, strokes, capsys):
    """There is a row for each kind of non-digit, from the file and generated."""
    assert command("--strokes", strokes, "--others", others(tmp_path, "AHKMX&%")) == 0
    saved = {row["data"]: row for row in found(tmp_path)["nondigits"]}
    assert saved["letters (dev)"]["count"] == 5
    assert saved["symbols (dev)"]["count"] == 2
    assert saved.keys() > {"scribbles (generated)", "pairs (generated)"}
    for row in saved.values():
        assert row["ok"] + row["unsure"] + (row["rejected"] or 0) == pytest.approx(1)
    assert "letters (dev)" in capsys.readouterr().out


def test_what_is_generated_is_the_same_every_time(command, tmp_path, strokes):
    """Two runs generate the same drawings."""
    letters = others(tmp_path, "A")
    runs = []
    for _ in range(2):
        command("--strokes", strokes, "--others", letters)
        runs.append(found(tmp_path))
    assert runs[0] == runs[1]


def test_it_rejects_others_without_digits(command, tmp_path, strokes, capsys):
    """Non-digits without digits, and a file without non-digits, are errors."""
    letters = others(tmp_path, "A")
    assert command("--others", letters) == 1
    assert command("--variants") == 1
    assert capsys.readouterr().err.count("give --strokes") == 2
    assert command("--strokes", strokes, "--others", strokes) == 1
    assert "nothing of the dev split that is no digit" in capsys.readouterr().err


@pytest.fixture
def line_reader(tmp_path, monkeypatch):
    """A function that puts a line model into a folder. Every line model reads 12."""
    loaded = []

    def reader(content):
        loaded.append(content)
        return Spells("12")

    def put(folder, content):
        folder.mkdir(exist_ok=True)
        (folder / "line.tflite").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        card = {"name": "line", "files": {"line.tflite": {"sha256": digest}}}
        (folder / "line.json").write_text(json.dumps(card))
        return loaded

    (tmp_path / "shipped").mkdir()
    for kind in ("json", "tflite"):
        shutil.copy(ROOT / "models" / f"eyes.{kind}", tmp_path / "shipped")
    monkeypatch.setattr(evaluate, "LiteRTLineReader", reader)
    monkeypatch.setattr(evaluate, "MODELS", tmp_path / "shipped")
    monkeypatch.setattr(sets, "COMPOSED_COUNT", 2)
    return put


def numbers(tmp_path, *labels):
    """Write a stroke file of our digits under these labels."""
    folder = tmp_path / "numbers"
    folder.mkdir()
    drawn = [stroke.tolist() for stroke in hand.number("12")]
    lines = [{"label": label, "writer": dev_writer(), "strokes": drawn} for label in labels]
    return stroke_file(folder, *lines).rename(folder / "numbers.jsonl.gz")


def test_numbers_are_read_with_the_line_reader(command, tmp_path, strokes, line_reader, capsys):
    """Files of numbers, composed numbers, digits and letters are read with the line reader."""
    line_reader(tmp_path / "shipped", b"shipped")
    loaded = line_reader(tmp_path / "models", b"ours")
    words = ("--strokes", strokes, "--numbers", numbers(tmp_path, "12", "1.2"))
    assert command(*words, "--others", others(tmp_path, "A")) == 0
    assert loaded == [b"ours"]
    saved = found(tmp_path)
    first, *rest = saved["numbers"]
    assert (first["count"], first["exact"]) == (2, 0.5)
    assert first["wrong"] == [["1.2", "12"]]
    assert first["wrong_though_ok"] == first["ok"] / 2
    assert [row["count"] for row in rest] == [2, 2, 10]
    assert "letters (dev), as numbers" in {row["data"] for row in saved["nondigits"]}
    assert f"Lines are read by line {saved['line']}." in capsys.readouterr().out


def test_numbers_are_read_with_the_shipped_line_reader(command, tmp_path, strokes, line_reader):
    """If the folder has no line reader, the shipped one is loaded, and only for numbers."""
    assert command("--strokes", strokes) == 0
    assert found(tmp_path)["line"] is None
    loaded = line_reader(tmp_path / "shipped", b"shipped")
    assert command("--numbers", numbers(tmp_path, "12")) == 0
    assert loaded == [b"shipped"]


def test_it_rejects_numbers_without_a_line_reader(command, tmp_path, line_reader, capsys):
    """The error names the missing file."""
    assert command("--numbers", numbers(tmp_path, "12")) == 1
    assert "line.json cannot be read" in capsys.readouterr().err


def test_photos_are_read_with_the_line_reader(command, tmp_path, strokes, line_reader, monkeypatch):
    """Generated photos, and pairs of digits as pictures, are read with the line reader."""
    monkeypatch.setattr(sets, "PHOTO_COUNT", 1)
    loaded = line_reader(tmp_path / "shipped", b"shipped")
    assert command("--strokes", strokes, "--photos", name="ink") == 0
    assert loaded == [b"shipped"]
    rows = {row["data"] for row in found(tmp_path, "ink")["numbers"]}
    assert "photos: all of these" in rows
    assert "kissing pairs as pictures (some (dev writers))" in rows


def test_single_contributors(command, tmp_path, capsys):
    """Each contributor has a row with rejected digits and confident errors, and so have all."""
    given = [row | {"provider": "aga"} for row in rows("0123456789", range(10))]
    given += [row | {"provider": "gmd"} for row in rows("33", (3, 7))]
    path = stroke_file(tmp_path, *given)
    assert command("--strokes", path, "--only", "gmd", "--only", "aga", "--only", "none") == 0
    said = capsys.readouterr().out
    assert "No digits by none." in said
    assert "1 of 2" in said
    saved = json.loads((tmp_path / "found" / "pen-contributors.json").read_text())
    gmd, aga, both = saved
    assert [row["name"] for row in saved] == ["gmd", "aga", "all of these"]
    assert (gmd["count"], aga["count"], both["count"]) == (2, 10, 12)
    assert (gmd["correct"], gmd["refused_count"], gmd["wrong_though_ok"]) == (1, 0, 1)
    assert gmd["splits"] == ["dev"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--only", "aga"), "no digits by aga to measure"),
        (("--only", "aga", "--pictures"), "and no other data"),
        (("--only", "aga", "--variants"), "and no other data"),
    ],
)
def test_it_rejects_contributors(command, strokes, capsys, words, error):
    """Contributors without digits, and other data beside contributors, are errors."""
    assert command("--strokes", strokes, *words) == 1
    assert error in capsys.readouterr().err


def test_contributors_need_digits(command, capsys):
    """Contributors without a stroke file are an error."""
    assert command("--only", "aga") == 1
    assert "give --strokes" in capsys.readouterr().err


def test_versions_of_digits(command, tmp_path, strokes, capsys):
    """Each version has a row with its difference from the plain one, in the requested ways."""
    assert command("--strokes", strokes, "--variants", "strokes") == 0
    saved = found(tmp_path)["variants"]
    assert {row["way"] for row in saved} == {"strokes"}
    assert saved[0]["version"] == "plain"
    for row in saved:
        assert row["points"] == pytest.approx(100 * (row["accuracy"] - saved[0]["accuracy"]))
    assert "Versions of some (dev writers):" in capsys.readouterr().out


def test_versions_both_ways(command, tmp_path, strokes):
    """By default, versions are read both as pictures and as strokes."""
    assert command("--strokes", strokes, "--variants") == 0
    assert {row["way"] for row in found(tmp_path)["variants"]} == {"pictures", "strokes"}


@pytest.fixture(scope="module")
def url():
    """The site as shipped: `pen` reads strokes, `digits` pictures."""
    with running_server() as address:
        yield address


def unmarked(saved):
    """Remove the marks of a server from the results."""
    for row in (*saved["figures"], *saved["nondigits"]):
        row["way"] = row["way"].removesuffix(", server")
    return saved | {"server": None}


def test_a_server_has_the_same_figures(command, tmp_path, strokes, url, capsys):
    """A server's figures on strokes equal the local ones, and the rows are marked."""
    words = ("--strokes", strokes, "--others", others(tmp_path, "AHK"), "--variants", "strokes")
    assert command(*words) == 0
    here = found(tmp_path)
    assert command(*words, "--through-server", url) == 0
    there = found(tmp_path)
    assert [row["way"] for row in there["figures"]] == ["glyphs", "strokes, server"]
    assert {row["way"] for row in there["nondigits"]} == {"strokes, server"}
    assert there["server"] == url
    assert unmarked(there) == here
    assert f"were read by {url}" in capsys.readouterr().out


def test_a_server_has_the_same_figures_of_pictures(command, tmp_path, url):
    """A server reads MNIST as picture files with its model for pictures."""
    assert command("--pictures", name="ink") == 0
    here = found(tmp_path, "ink")
    assert command("--pictures", "--through-server", url, name="ink") == 0
    there = found(tmp_path, "ink")
    data = [row["data"] for row in there["figures"]]
    assert data == [MNIST_TEST, "MNIST test, as pictures"]
    assert there["figures"][1]["way"] == "pictures, server"
    assert unmarked(there) == here
    # Pictures differ from the glyphs by a grey level in places.
    first, second = (row["correct"] for row in here["figures"])
    assert abs(first - second) <= 2


def test_it_rejects_a_server_that_is_not_there(command, strokes, capsys):
    """An unreachable server is an error of one line, and no figure is compared with the card."""
    address = f"http://127.0.0.1:{free_port()}"
    assert command("--strokes", strokes, "--through-server", address) == 1
    said = capsys.readouterr()
    assert f"{address} cannot be reached" in said.err
    assert "those of the card" not in said.out


def test_it_rejects_a_folder_it_cannot_write_to(command, tmp_path, capsys):
    """A file in the place of the output folder is an error."""
    (tmp_path / "found").write_text("")
    assert command() == 1
    assert "cannot be written to" in capsys.readouterr().err


def digits(correct, count, data="pen"):
    """Return figures with so many correct readings."""
    return Figures(data, count, correct, [])


def card(*said, nondigits=()):
    """Return a card with these figures."""
    figures = [digits(5, 5, MNIST_TEST), *said]
    return {
        "figures": [row.as_dict() for row in figures],
        "nondigits": [row.as_dict() for row in nondigits],
    }


@pytest.mark.parametrize(
    ("said", "measured"),
    [
        ((4_445, 4_472), (4_443, 4_472)),  # rounding
        ((990, 1_000), (9_880, 10_000)),  # fewer samples in the card
        ((9_900, 10_000), (98, 100)),  # fewer samples measured
        ((100, 100), (4_445, 4_472)),  # all of a few
        ((10, 10), (9, 12)),
    ],
)
def test_noise_is_let_pass(said, measured):
    """A figure that is worse by less than the interval passes."""
    (remark,) = guard.hold_to_card(card(digits(*said)), [digits(*measured)])
    assert "those of the card" in remark


@pytest.mark.parametrize(
    ("said", "measured"),
    [
        ((4_445, 4_472), (4_442, 4_472)),
        ((9_900, 10_000), (960, 1_000)),
        ((990, 1_000), (9_700, 10_000)),
        ((1_000, 1_000), (980, 1_001)),
    ],
)
def test_more_than_noise_is_not(said, measured):
    """A figure that is worse by more fails, and the reverse is reported as better."""
    with pytest.raises(CardError, match=rf"pen: {measured[0]} of {measured[1]} right, but"):
        guard.hold_to_card(card(digits(*said)), [digits(*measured)])
    better, _ = guard.hold_to_card(card(digits(*measured)), [digits(*said)])
    assert f"better than the card's {measured[0]} of" in better


def test_all_that_is_worse_is_named():
    """The error names every figure that is worse and ignores data that the card lacks."""
    said = card(digits(9, 9, "a"), digits(9, 9, "b"), digits(9, 9, "c"))
    with pytest.raises(CardError, match=r"a: 1 of 9 .*; b: 2 of 9 ") as raised:
        guard.hold_to_card(said, [digits(n, 9, data) for n, data in enumerate("xabx")])
    assert "x:" not in str(raised.value)


def test_false_rejects_are_held_to_the_card():
    """More false rejects fail even at the same accuracy."""
    said = Figures("pen", 1000, 990, [], rejected=0.005)
    for rejected in (None, 0.0, 0.007):
        measured = Figures("pen", 1000, 990, [], rejected=rejected)
        assert guard.hold_to_card(card(said), [measured])
    with pytest.raises(CardError, match=r"pen: 0\.80% called no digit, but the card says 0\.50%"):
        guard.hold_to_card(card(said), [Figures("pen", 1000, 990, [], rejected=0.008)])


def letters(auroc, count=500, against=900):
    """Return figures on letters."""
    return NonDigitFigures("letters", count, auroc, 0.1, 0.1, 0.8, against)


def test_another_model_may_differ_by_chance():
    """On the same samples, the AUROC of another model may differ by the sampling error."""
    said = letters(0.99).as_dict()
    assert not guard.is_less_apart(letters(0.988), said, same_model=False)
    assert guard.is_less_apart(letters(0.97), said, same_model=False)


def test_the_area_is_held_to_the_card():
    """On the same samples, the AUROC may differ by rounding, and a card without AUROC passes."""
    said = card(nondigits=[letters(0.99)])
    for measured in (letters(0.9895), letters(0.999)):
        assert guard.hold_to_card(said, [], [measured])
    assert guard.hold_to_card(card(nondigits=[letters(None)]), [], [letters(0.4)])
    for measured in (letters(0.9885), letters(None)):
        with pytest.raises(CardError, match=r"letters: AUROC .*, but the card says 0.9900"):
            guard.hold_to_card(said, [], [measured])


def test_areas_of_other_samples_may_differ_by_chance():
    """On other samples, the AUROC may differ by its standard errors, and no more."""
    said = card(nondigits=[letters(0.99)])
    for other in ({"count": 400}, {"against": 700}):
        assert guard.hold_to_card(said, [], [letters(0.985, **other)])
        with pytest.raises(CardError, match="AUROC"):
            guard.hold_to_card(said, [], [letters(0.97, **other)])
