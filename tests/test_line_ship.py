"""Shipping of the line reader, with fits and readings made by hand."""

import json
import shutil
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import numpy as np
import pytest
from flask import render_template

from support.server import ROOT
from tests import fake
from tests.ink_files import WRITERS, digit_rows, doodle_rows, files_in, write
from tests.test_line_calibrate import outcome
from train import cli
from train.data.folds import FOLDS
from train.errors import DataError, TrainError
from train.fit import artefacts
from train.line import evaluate as evaluation
from train.line import reading, run, ship
from train.line.cli import FOLD_ROUNDS
from train.line.evaluate import digits_of, evaluate, figures_in_card, misread, table
from train.line.fit import LineHyperparameters
from train.line.inks import Source
from train.line.network import LineShape, build_line_network
from train.line.sets import Amounts, line_sets
from train.line.ship import calibrated
from webapp.recognition import Confidence, LanguageModel, LiteRTLineReader, load_model
from webapp.site.cards import view_of
from webapp.site.summaries import beside_others

FEW = Amounts(single=60, composed=3, signs=3, pictures=3, others=3)

ONE, TWO, NAME = "one", "two", "line"

NGRAMS: dict[str, int] = {}

LOG = {
    "name": NAME,
    "created": "2026-01-02",
    "hyperparameters": {"seed": 1, "rounds": 2},
    "without": [],
    "mnist": False,
    "seconds": 5,
    "versions": {"python": "3"},
    "files": {},
    "curves": {"loss": [3.0, 2.0], "extent": [1.0, 0.5], "dev": [0.1, 0.2]},
}


class Reader(fake.Spells):
    """A line reader that reads the text in its file from every strip."""

    def __init__(self, content):
        super().__init__(content.decode())


@pytest.fixture(scope="module", autouse=True)
def small():
    """Patch in these readers and small amounts of samples."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "LiteRTLineReader", Reader)
        patched.setattr(reading, "WORKERS", 1)
        patched.setattr(ship, "FULL", FEW)
        patched.setattr(evaluation, "FULL", FEW)
        patched.setattr(ship, "CALIBRATION", FEW)
        yield


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """The file of a small network."""
    path = tmp_path_factory.mktemp("network") / "line.keras"
    build_line_network(LineShape((2, 2, 2, 2, 2), 2, (1,))).save(path)
    return path


@pytest.fixture(scope="module")
def dev(tmp_path_factory):
    """Dev ink of two contributors with more 5s than other digits."""
    folder = tmp_path_factory.mktemp("inks")
    files = files_in(folder, (ONE, TWO))
    fives = [
        row
        for provider, names in ((ONE, WRITERS["dev"][::2]), (TWO, WRITERS["dev"][1::2]))
        for row in digit_rows(names[:2], provider, repeats=2)
        if row["label"] == "5"
    ]
    more = write(folder / "more.jsonl.gz", fives)
    return Source(replace(files, digits=(*files.digits, more)), splits=("dev",))


def fits_in(parent, network, dev):
    """Return a function that makes the folder of a fit that reads one text in everything."""

    def made(name, text, **log):
        folder = parent / name
        folder.mkdir()
        shutil.copy(network, folder / "line.keras")
        (folder / "line.tflite").write_text(text)
        files = {
            f"{path.parent.name}/{path.name}": artefacts.sha256(path)
            for paths in vars(dev.files).values()
            for path in paths
        }
        artefacts.write_card(folder / "line.run.json", LOG | {"files": files} | log)
        return folder

    return made


def folds_of(fit):
    """Return two fits that each left a contributor out."""
    return [fit("fold-0", "5", without=[ONE]), fit("fold-1", "5", without=[TWO])]


@pytest.fixture
def fit(network, dev, tmp_path):
    """A function that makes the folder of a fit."""
    return fits_in(tmp_path, network, dev)


@pytest.fixture
def folds(fit):
    """Two fits that each left a contributor out."""
    return folds_of(fit)


@pytest.fixture(scope="module")
def shipped_once(small, network, dev, tmp_path_factory):
    """The folder of a model shipped from two fits, with the other networks."""
    parent = tmp_path_factory.mktemp("shipped")
    fit = fits_in(parent, network, dev)
    fits = [fit("a", "7"), fit("b", "5", hyperparameters={"seed": 2, "rounds": 2})]
    output = parent / "models"
    ship.ship(fits, folds_of(fit), dev, output)
    for path in (ROOT / "models").iterdir():
        if path.name.startswith(("pen.", "ink.", "eyes.")):
            shutil.copy(path, output)
    return output


@pytest.fixture
def shipped(shipped_once, tmp_path):
    """A copy of the shipped model's folder, and its card."""
    output = shutil.copytree(shipped_once, tmp_path / "models")
    return output, load_model(output, NAME).card


def test_it_works(shipped, fit, dev, capsys):
    """The fit that reads dev best is shipped, and its card matches its files and the server."""
    output, card = shipped
    assert (output / "line.tflite").read_text() == "5"
    assert card["hyperparameters"]["seed"] == 2
    assert [run["seed"] for run in card["seeds"]] == [1, 2]
    assert card["network"]["parameters"] > 0
    assert card["curves"] == LOG["curves"]
    assert {row["data"] for row in card["nondigits"]} == {
        *("letters", "doodles", "words", "pictures, letters", "pictures, doodles"),
        "pictures, no number",
    }
    single = next(row for row in card["figures"] if row["data"] == "single digits, digits")
    assert (single["count"], single["correct"], single["writers"]) == (40, 4, 4)
    assert single["accuracy"] == 0.1
    confidence = Confidence.of_card(card)
    assert confidence.second_opinion in ship.WEIGHTS
    assert confidence.language_model in ship.WEIGHTS
    assert confidence.other_cost in ship.COSTS
    assert LanguageModel.of_card(card).log_probability("12.50") < -1
    assert confidence.unsure > 0
    assert Confidence.of_card(card, pictures=True) != confidence
    assert [fold["left_out"] for fold in card["confidence"]["folds"]] == [[ONE], [TWO]]
    # Files of other fits and temporary folders are not left behind.
    names = {path.name for path in output.iterdir()}
    assert {name for name in names if "line" in name} == {
        "line.json", "line.keras", "line.tflite", "line-curves.svg",
    }  # fmt: skip
    assert not any(name.startswith(".") for name in names)


def test_the_card_is_shown(shipped, app):
    """The models' page shows the card's figures, seeds, curves, data and limits."""
    output, card = shipped
    view = view_of({**card, "version": "1"}, output)
    assert view.plots.keys() == {"curves"}
    assert view.nondigits is not None
    assert view.seeds.heads == ["data", "mean ± sd", "seed 1", "seed 2"]
    with app.test_request_context():
        page = render_template(
            "model.html", views={"Line": view}, summaries=[], chart={}, beside=beside_others()
        )
    for words in ("single digits, digits", "letters", "seed 2 of", *card["limits"]):
        assert " ".join(words.split()) in " ".join(page.split())


def test_the_card_names_the_data(dev, tmp_path):
    """The card lists each file with its hash, and with licence and citation if they are known."""
    doodles = write(tmp_path / "doodles.jsonl.gz", doodle_rows("house"))
    pen = write(
        tmp_path / "pen.jsonl.gz", [digit_rows(["me"])[0] | {"src": "pendigits-orig.tra 1"}]
    )
    files = replace(dev.files, symbols=(doodles,), digits=(pen,), strings=())
    names = {f"{path.parent.name}/{path.name}": "abc" for path in (doodles, pen)}
    log = {"mnist": True, "files": {**names, "elsewhere/gone.jsonl.gz": "def"}}
    entries = ship.data_entries(log, replace(dev, files=files))
    assert [entry["name"] for entry in entries] == [
        "MNIST", "Quick, Draw!, doodles", "Pen-Based Recognition of Handwritten Digits (UCI)",
        "elsewhere, gone.jsonl.gz",
    ]  # fmt: skip
    assert [entry.get("sha256") for entry in entries] == [None, "abc", "abc", "def"]
    assert [bool(entry.get("citation")) for entry in entries] == [True, True, True, False]


def test_each_fold_reads_whom_it_left_out(folds, dev, monkeypatch):
    """A fold reads dev writers of its left-out contributors only, and doodles of other classes."""
    asked = {}
    whole = ship.line_sets

    def seen(source, amounts, seed):
        asked.setdefault((source.only, source.splits, source.doodles), set()).add(seed)
        return whole(source, amounts, seed)

    monkeypatch.setattr(ship, "line_sets", seen)
    confidences, report = calibrated(folds, dev, NGRAMS)
    assert asked.keys() == {((name,), ("dev",), ("test",)) for name in (ONE, TWO)}
    assert all(len(seeds) == 2 and evaluation.SEED not in seeds for seeds in asked.values())
    assert all(np.isfinite(confidence.bias) for confidence in confidences)
    sets = report["folds"][0]["sets"]
    assert sets["single digits, digits"]["exact"] == pytest.approx(0.1, abs=0.05)


def test_a_fold_is_measured_with_constants_of_the_others(fit, dev, monkeypatch):
    """A fold's report uses constants that are chosen and fitted on the other folds only."""
    folders = [fit(f"fold-{n}", "5", without=[name]) for n, name in enumerate((ONE, TWO))]
    used = []
    whole = ship._fitted
    monkeypatch.setattr(ship, "_fitted", lambda some, kept: used.append(some) or whole(some, kept))
    calibrated(folders, dev, NGRAMS)
    assert [[fold.left_out for fold in some] for some in used] == [[[TWO]], [[ONE]], [[ONE], [TWO]]]


def test_the_weights_of_the_shipped_model_can_be_kept(folds, dev, monkeypatch):
    """With weights to keep, none are chosen. The confidence is fitted to what they read."""
    monkeypatch.setattr(ship, "_chosen", None)
    kept = Confidence(bias=9.0, second_opinion=0.7, language_model=0.4, other_cost=1.1, unsure=0.9)
    confidences, _ = calibrated(folds, dev, NGRAMS, kept)
    for one in confidences:
        assert (one.second_opinion, one.language_model, one.other_cost) == (0.7, 0.4, 1.1)
        assert one.bias != 9.0


def test_a_single_fold_is_enough(folds, dev):
    """A single fold is measured with its own constants."""
    _, report = calibrated(folds[:1], dev, NGRAMS)
    assert [fold["left_out"] for fold in report["folds"]] == [[ONE]]


def test_it_rejects_a_fold_that_left_nobody_out(fit, folds, dev):
    """A fold that left no contributor out is an error."""
    with pytest.raises(TrainError, match="fold-2 left no contributor out"):
        calibrated([*folds, fit("fold-2", "5")], dev, NGRAMS)


def test_it_rejects_a_run_that_left_somebody_out(folds, dev, tmp_path):
    """A run that left contributors out is not shipped."""
    with pytest.raises(TrainError, match="fold-0 was trained without one"):
        ship.ship(folds[:1], folds, dev, tmp_path / "models")


@pytest.mark.parametrize("missing", ["line.run.json", "line.tflite"])
def test_it_rejects_a_run_that_is_not_whole(fit, folds, dev, tmp_path, missing, monkeypatch):
    """An incomplete run is an error that names the file, before anything is read."""
    monkeypatch.setattr(ship, "calibrated", None)
    folder = fit("a", "5")
    (folder / missing).unlink()
    with pytest.raises(DataError, match=f"{missing} cannot be read"):
        ship.ship([folder], folds, dev, tmp_path / "models")


def test_it_rejects_an_output_that_cannot_be_written_to(fit, folds, dev, tmp_path, monkeypatch):
    """An output that cannot be written to is an error before anything is read."""
    monkeypatch.setattr(ship, "calibrated", None)
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match="cannot be written to"):
        ship.ship([fit("a", "5")], folds, dev, tmp_path / "file" / "models")


def test_the_shipped_reader_is_as_good_as_its_card(shipped, dev, capsys):
    """The shipped model, measured again, has the figures of its card."""
    output, card = shipped
    assert evaluate(output, dev) == []
    said = capsys.readouterr().out
    assert "single digits, digits" in said
    assert f"{card['figures'][0]['accuracy']:.2%}" in said


def test_evaluation_names_what_is_worse(shipped, dev):
    """The evaluation names each figure that is worse, and ignores figures that the card lacks."""
    output, card = shipped
    first, *rest = card["figures"]
    first |= {"correct": first["count"], "accuracy": 1.0}
    (output / "line.json").write_text(json.dumps({**card, "figures": [first, *rest]}))
    (worse,) = evaluate(output, dev)
    assert worse == f"{first['data']}, exact: 4 of 40, the card says 40 of 40"


def test_evaluation_can_renew_the_card(shipped, dev):
    """With `renew`, the card gets the measured figures and is otherwise unchanged."""
    output, card = shipped
    path = output / "line.json"
    path.write_text(json.dumps({**card, "figures": card["figures"][:1], "nondigits": []}))
    evaluate(output, dev, renew=True)
    assert json.loads(path.read_text()) == card


def test_what_is_ok_and_wrong_is_held_to_the_card_too():
    """The comparison includes numbers that are wrong but `ok`, and non-numbers that are `ok`."""
    assert evaluation._counts(figures_in_card(FOUND)) == {
        "numbers, exact": (2, 4),
        "numbers, not wrong though ok": (3, 4),
        "letters, not ok": (1, 2),
    }


def test_evaluation_reads_folders_too(shipped, dev, tmp_path, capsys):
    """The evaluation also reads folders and lists their misread lines."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    request = {"strokes": [{"x": [0, 9, 4], "y": [0, 0, 30]}]}
    (folder / "pad-1.json").write_text(json.dumps({"request": request, "expected": "7"}))
    evaluate(shipped[0], dev, [folder])
    assert "pad: 7 read as" in capsys.readouterr().out


FOUND = {
    "numbers": [
        outcome(0.9, True),
        outcome(0.8, False),
        replace(outcome(0.7, True, status="unsure"), writer="you"),
        replace(outcome(0.6, False, status="not_a_number"), text=""),
    ],
    "letters": [outcome(0.9, None), outcome(0.2, None, status="not_a_number")],
}
"""Four numbers by two writers, and two letters, one of them read as a number."""


def test_figures_in_the_card():
    """The card's tables have shares of numbers and non-numbers, and several writers if known."""
    found = figures_in_card(FOUND | {"mine": [outcome(0.5, True, status="unsure")]})
    first, mine = found["figures"]
    assert (first["count"], first["correct"], first["accuracy"]) == (4, 2, 0.5)
    assert (first["ok"], first["unsure"], first["rejected"]) == (0.5, 0.25, 0.25)
    assert first["ok_accuracy"] == 0.5
    assert first["interval95"][0] < 0.5 < first["interval95"][1]
    assert first["writers"] == 2
    assert "writers" not in mine
    assert mine["ok_accuracy"] is None
    (others,) = found["nondigits"]
    assert (others["count"], others["ok"], others["rejected"]) == (2, 0.5, 0.5)


def test_shares_of_a_set_are_never_negative():
    """Rounding never makes a share negative."""
    some = [outcome(0.9, True)] * 9 + [outcome(0.9, False, status="not_a_number")]
    assert 1 - 0.9 - 0.1 < 0
    assert figures_in_card({"numbers": some})["figures"][0]["unsure"] == 0


def test_the_table_has_a_line_for_each_set():
    """The table has a header and a row per set, and no exact rate for non-numbers."""
    heads, numbers, letters = table(FOUND).splitlines()
    assert heads.split() == ["set", "lines", "exact", "ok", "wrong", "of", "ok", "rejected"]
    assert numbers.split() == ["numbers", "4", "50.00%", "50.00%", "50.00%", "25.00%"]
    assert letters.split() == ["letters", "2", "50.00%", "50.00%"]
    assert len(heads) == len(numbers) == len(letters)


def test_numbers_are_counted_without_their_signs():
    """Numbers are compared without their signs, and non-numbers are left out."""
    numbers = [
        replace(outcome(0.9, True), label="1.2", text=text, status=status)
        for text, status in (
            ("12", "ok"),
            ("1.2", "ok"),
            ("13", "ok"),
            ("", "empty"),
            ("", "unsure"),
        )
    ]
    found = digits_of({"numbers": numbers, "letters": [outcome(0.9, None)]})
    assert found == "2 of 5 right, signs aside; 1 of 3 ok are wrong; 1 called empty"


def test_what_is_misread_is_listed():
    """Each misread number is listed with the text read, or with the status if there is none."""
    assert [*misread(FOUND)] == ["numbers: 1 read as 2", "numbers: 1 read as not_a_number"]


@pytest.mark.parametrize("command", ["fit-lines", "ship-lines", "evaluate-lines"])
def test_a_command_helps(command, capsys):
    """Each command has help for itself and its options."""
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    for option in ("--digits", "--numbers", "--symbols", "--mnist"):
        assert option in said
    assert "stroke file" in said


@pytest.mark.parametrize("words", [["--seed", "-1"], ["--rounds", "0"], ["--fold", "3"]])
def test_fit_lines_rejects_numbers_out_of_bounds(words, capsys):
    """The error names the option."""
    with pytest.raises(SystemExit):
        cli.main(["fit-lines", *words])
    assert f"argument {words[0]}" in capsys.readouterr().err


def test_ship_lines_wants_folds(capsys):
    """`ship-lines` requires folds for the calibration."""
    with pytest.raises(SystemExit):
        cli.main(["ship-lines", "build/runs/line-1"])
    assert "--folds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fit-lines"], "no digits by dev writers"),
        (["fit-lines", "--digits", "none.jsonl.gz"], "none.jsonl.gz cannot be read"),
        (["ship-lines", "none", "--folds", "none"], "line.run.json cannot be read"),
        (["evaluate-lines", "--models", "none"], "line"),
    ],
)
def test_an_error_is_one_line(words, message, capsys, tmp_path, monkeypatch):
    """A missing file, folder or model is an error of one line."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_fit_lines_wants_mnist_where_it_is_named(dev, capsys, tmp_path, monkeypatch):
    """A folder without MNIST's files is an error before the fit."""
    monkeypatch.chdir(tmp_path)
    words = [f"--digits={dev.files.digits[0]}", f"--symbols={dev.files.symbols[0]}"]
    assert cli.main(["fit-lines", *words, "--mnist", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "there is neither train-images-idx3-ubyte" in line


@pytest.mark.parametrize(
    ("words", "rounds", "without", "folder"),
    [
        (["--seed", "3"], LineHyperparameters().rounds, (), "build/runs/line-3"),
        (["--fold", "1"], FOLD_ROUNDS, None, "build/runs/line-fold-1"),
        (["--fold", "1", "--rounds", "2"], 2, None, "build/runs/line-fold-1"),
    ],
)
def test_fit_lines_fits(words, rounds, without, folder, monkeypatch, capsys):
    """The options set seed, rounds, left-out contributors and the output folder."""
    asked = []
    monkeypatch.setattr(run, "run", lambda *taken: asked.append(taken) or {"seconds": 61})
    assert cli.main(["fit-lines", "--digits", "a.gz", "--numbers", "b.gz", *words]) == 0
    ((source, settings, place),) = asked
    assert settings.rounds == rounds
    assert settings.seed == (3 if "--seed" in words else 1)
    assert source.without == (FOLDS[1] if without is None else without)
    assert [str(path) for path in source.files.digits + source.files.strings] == ["a.gz", "b.gz"]
    assert str(place) == folder
    assert f"Fitted for 2 min: {folder}" in capsys.readouterr().out


def test_evaluate_lines_says_what_is_worse(monkeypatch, capsys):
    """`evaluate-lines` fails if a figure is worse, and passes otherwise."""
    for worse, status in ((["dates: 1%, the card says 9%"], 1), ([], 0)):
        monkeypatch.setattr(evaluation, "evaluate", lambda *taken, worse=worse: worse)
        assert cli.main(["evaluate-lines"]) == status
        assert ("worse than the card says: dates" in capsys.readouterr().err) == bool(worse)


def test_several_processes_read_what_one_reads(dev, monkeypatch):
    """Several processes give the results of one, in the same order."""
    content = (ROOT / "models" / "line.tflite").read_bytes()
    monkeypatch.setattr(reading, "LiteRTLineReader", LiteRTLineReader)
    monkeypatch.setattr(reading, "CHUNK", 2)
    setup = reading.Setup(content, Confidence(), Confidence(), NGRAMS)
    some = [next(line_sets(dev, FEW, 1)), ("none", [])]
    one = reading.read_sets(setup, some)
    monkeypatch.setattr(reading, "WORKERS", 2)
    assert reading.read_sets(setup, some) == one
    assert list(one) == [some[0][0]]


def test_a_process_that_ends_is_an_error(dev, monkeypatch):
    """The death of a reading process is an error."""

    class Broken:
        def submit(self, *_):
            raise BrokenProcessPool("killed")

    monkeypatch.setattr(reading, "WORKERS", 2)
    monkeypatch.setattr(reading, "_pool", Broken)
    setup = reading.Setup(b"", Confidence(), Confidence(), NGRAMS)
    with pytest.raises(TrainError, match="a process that reads ended: killed"):
        reading.read_sets(setup, line_sets(dev, FEW, 1))
