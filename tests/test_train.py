"""`python -m train` as a whole, on hand-drawn digits."""

import json

import keras
import numpy as np
import pytest

from support import hand
from tests.test_strokes import stroke_file
from train import cli
from train.augment.pixels import Augmentation
from train.data.mnist import Mnist
from train.data.strokes import StrokeSample
from train.digit import fit as digits_fit
from train.digit import ship
from train.digit.fit import Batches, Hyperparameters, fit
from train.digit.sources import GlyphSource
from train.fit.artefacts import sha256
from train.measure import evaluate
from webapp.recognition import LiteRTClassifier, glyph_of_strokes, load_model


def our_digits(count, seed):
    """Return bent and stretched hand-drawn digits: glyphs (N, 28, 28, 1) and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    glyphs = [
        glyph_of_strokes([s @ (np.eye(2) + rng.normal(0, 0.08, (2, 2))) for s in hand.strokes(d)])
        for d in labels
    ]
    return np.stack(glyphs)[..., :1], labels.astype(np.int64)


@pytest.fixture(scope="module")
def data():
    """Hand-drawn digits in the form of MNIST."""
    return Mnist(*our_digits(600, 0), *our_digits(100, 1))


def some(data, count=256):
    """Return some of the training data as a source."""
    return GlyphSource(data.train_glyphs[:count], data.train_labels[:count], Augmentation())


@pytest.fixture
def command(data, monkeypatch):
    """A function that runs `python -m train …` on our digits instead of MNIST."""
    for module in (cli, evaluate):
        monkeypatch.setattr(module, "load_mnist", lambda folder: data)
    monkeypatch.setattr(ship, "GENERATED_COUNT", 20)
    return cli.main


def pen_rows(writers):
    """Return the ten digits by a number of writers, as rows of a stroke file."""
    return [
        {"label": str(d), "writer": f"w{w}", "strokes": [s.tolist() for s in hand.strokes(d)]}
        for d in range(10)
        for w in range(writers)
    ]


QUICK = ("--quick", "--epochs", "6")


def test_it_trains_measures_and_ships(command, data, tmp_path, capsys):
    """Network, export, card and plots exist and match each other, and the digits are learnt."""
    assert command([*QUICK, "--output", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "digits.keras", "digits.tflite", "digits.json", "digits-curves.svg", "digits-confusion.svg",
        "digits-reliability.svg", "digits-risk.svg", "run",
    }  # fmt: skip
    model = load_model(tmp_path, "digits")
    card = model.card
    for name in ("digits.keras", "digits.tflite"):
        assert card["files"][name]["sha256"] == sha256(tmp_path / name)
    # A network that was trained on digits alone has no P(is a digit).
    assert card["network"]["parameters"] == 93_322
    assert "is a digit" not in card["network"]["output"]
    assert card["hyperparameters"]["epochs"] == len(card["curves"]["loss"]) == 6
    assert card["data"][0]["train"] == 600
    (figures,) = card["figures"]
    assert np.sum(figures["confusion"]) == figures["count"] == 100
    assert figures["accuracy"] > 0.6
    glyphs = np.pad(data.test_glyphs, [(0, 0)] * 3 + [(0, 4)])
    read = LiteRTClassifier(model.content).classify(glyphs).digits.argmax(axis=1)
    assert (read == data.test_labels).sum() == figures["correct"]
    assert "MNIST test" in capsys.readouterr().out


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_run_leaves_the_shipped_model(command, tmp_path, monkeypatch, error):
    """An interrupted run leaves the shipped model as it was, and no temporary files."""
    (tmp_path / "digits.tflite").write_bytes(b"the shipped one")

    def interrupted(self, epoch, logs=None):
        raise error

    monkeypatch.setattr(keras.callbacks.SwapEMAWeights, "on_epoch_end", interrupted)
    if error is KeyboardInterrupt:
        assert command([*QUICK, "--output", str(tmp_path)]) == 130
    else:
        with pytest.raises(error):
            command([*QUICK, "--output", str(tmp_path)])
    assert [path.name for path in tmp_path.glob("*.*")] == ["digits.tflite"]
    assert (tmp_path / "digits.tflite").read_bytes() == b"the shipped one"


def test_it_rejects_a_folder_it_cannot_write_to(command, tmp_path, capsys):
    """A file in the place of the output folder is an error."""
    (tmp_path / "file").write_text("")
    assert command([*QUICK, "--output", str(tmp_path / "file" / "models")]) == 1
    assert "cannot be written to" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [("--epochs", "0"), ("--epochs", "x"), ("--seed=-1",), ("--seed", "4294967296")]
)
def test_it_rejects_numbers_out_of_bounds(capsys, words):
    """The error has the bounds and the value."""
    with pytest.raises(SystemExit):
        cli.main(list(words))
    error = capsys.readouterr().err
    assert "must be a number from" in error
    assert words[-1].removeprefix("--seed=") in error


def test_it_trains_on_pen_strokes(command, tmp_path, capsys):
    """Train writers are trained on, dev writers are measured, and the card lists both."""
    path = stroke_file(tmp_path, *pen_rows(writers=12))
    output = tmp_path / "models"
    assert command([*QUICK, "--strokes", str(path), "--output", str(output)]) == 0
    card = load_model(output, "digits").card
    mnist, pen = card["data"]
    assert mnist["name"] == "MNIST"
    assert pen["train"] + pen["dev"] + pen["test"] == 120
    assert min(pen["train"], pen["dev"]) > 0
    assert [row["data"] for row in card["figures"]] == ["MNIST test", "some (dev writers)"]
    assert "val_accuracy" in card["curves"]
    found = ("--models", str(output), "--output", str(tmp_path / "found"))
    assert command(["evaluate", *found, "--strokes", str(path)]) == 0


def test_it_rejects_stroke_files_without_train_writers(command, tmp_path, capsys):
    """Stroke files without train writers are an error."""
    names = (f"w{number}" for number in range(99))
    dev = next(name for name in names if StrokeSample("1", name, ()).split == "dev")
    rows = [row | {"writer": dev} for row in pen_rows(writers=1)]
    path = stroke_file(tmp_path, *rows)
    assert command([*QUICK, "--strokes", str(path), "--output", str(tmp_path / "models")]) == 1
    assert "no digits by train writers" in capsys.readouterr().err


def others_rows(writers):
    """Return crosses and bars by a number of writers, as rows of a stroke file."""
    drawn = {"X": [[[0, 0], [9, 9]], [[9, 0], [0, 9]]], "-": [[[0, 0], [4, 0], [9, 1]]]}
    return [
        {"label": label, "writer": f"w{w}", "strokes": strokes}
        for label, strokes in drawn.items()
        for w in range(writers)
    ]


def test_it_learns_what_is_no_digit(command, tmp_path, capsys):
    """`pen` has five channels and a calibrated P(is a digit), measured on letters and symbols."""
    others = stroke_file(tmp_path, *others_rows(writers=40)).rename(tmp_path / "others.jsonl.gz")
    pen = stroke_file(tmp_path, *pen_rows(writers=12))
    output = tmp_path / "models"
    files = ["--strokes", str(pen), "--others", str(others)]
    arguments = ["--name", "pen", *QUICK, *files, "--output", str(output)]
    assert command(arguments) == 0
    model = load_model(output, "pen")
    card = model.card
    assert card["network"]["input"].startswith("(N, 28, 28, 5)")
    assert {row["data"].split()[0] for row in card["nondigits"]} == {
        "letters", "symbols", "scribbles", "smudges", "pairs", "fragments",
    }  # fmt: skip
    assert all(row["auroc"] > 0.5 for row in card["nondigits"])
    assert card["calibration"]["not_a_number"] > 0 or card["calibration"]["after"]["rejected"] == 0
    assert [entry["name"] for entry in card["data"]][-1].endswith("(no digits)")
    assert [seed["seed"] for seed in card["seeds"]] == [1]
    assert "AUROC" in capsys.readouterr().out


def test_it_rejects_two_files_of_one_name(command, tmp_path, capsys):
    """Two files with one name are an error, because the card identifies files by name."""
    path = stroke_file(tmp_path, *pen_rows(writers=12))
    words = ["--strokes", str(path), "--strokes", str(path), "--output", str(tmp_path / "models")]
    assert command([*QUICK, *words]) == 1
    assert "two files are named some.jsonl.gz" in capsys.readouterr().err


def test_pendigits_stand_beside_unipen(command, tmp_path):
    """Pendigits' file may share a name with another, and the card has its source and licence."""
    folder = tmp_path / "pendigits"
    folder.mkdir()
    unipen = stroke_file(tmp_path, *pen_rows(writers=12))
    rows = [row | {"src": "pendigits-orig.tra 1 2"} for row in pen_rows(writers=12)]
    pendigits = stroke_file(folder, *rows)
    output = tmp_path / "models"
    files = ["--strokes", str(unipen), "--strokes", str(pendigits)]
    assert command([*QUICK, *files, "--output", str(output)]) == 0
    card = load_model(output, "digits").card
    assert card["data"][2]["name"] == "Pen-Based Recognition of Handwritten Digits (UCI)"
    assert card["data"][2]["licence"] == "CC BY 4.0"
    assert "licence" not in card["data"][1]
    assert [row["data"] for row in card["figures"][1:]] == [
        "some (dev writers)", "pendigits (dev writers)",
    ]  # fmt: skip


def given_by(rows, *names):
    """Return the rows with these contributors in turn."""
    return [row | {"provider": names[n % len(names)]} for n, row in enumerate(rows)]


def test_contributors_are_left_out(command, tmp_path, capsys):
    """`--without` removes contributors from every split, and the card and `evaluate` respect it."""
    others = others_rows(writers=40)
    other = stroke_file(tmp_path, *given_by(others, "one", "two")).rename(tmp_path / "o.jsonl.gz")
    pen = stroke_file(tmp_path, *given_by(pen_rows(writers=24), "one", "two"))
    files = ["--strokes", str(pen), "--others", str(other)]
    output = tmp_path / "models"
    words = [*files, "--without", "two", "--output", str(output)]
    assert command([*QUICK, "--name", "pen", *words]) == 0
    card = load_model(output, "pen").card
    assert card["without"] == ["two"]
    _, digits, nondigits = card["data"]
    assert digits["train"] + digits["dev"] + digits["test"] == 120
    assert nondigits["train"] < 40
    capsys.readouterr()
    only = ["--only", "one", "--only", "two", "--output", str(tmp_path / "found")]
    strokes = ["--models", str(output), "--strokes", str(pen)]
    assert command(["evaluate", "--name", "pen", *strokes, *only]) == 0
    said = capsys.readouterr().out
    assert "Not left out of training, by the card: one." in said
    rows = json.loads((tmp_path / "found" / "pen-contributors.json").read_text())
    assert [(row["name"], row["splits"]) for row in rows] == [
        ("one", ["dev"]), ("two", ["train", "dev"]), ("all of these", ["train", "dev"]),
    ]  # fmt: skip


def test_a_run_is_shipped_with_what_it_was_trained_on(command, tmp_path, capsys):
    """`ship` requires the run's left-out contributors and another output folder."""
    pen = stroke_file(tmp_path, *given_by(pen_rows(writers=24), "one", "two"))
    output = tmp_path / "models"
    words = ["--strokes", str(pen), "--output", str(output)]
    assert command([*QUICK, *words, "--without", "two"]) == 0
    again = ["ship", str(output / "run"), *words, "--replace"]
    assert command(again) == 1
    assert "was trained without two, not without nobody" in capsys.readouterr().err
    assert command([*again, "--without", "two"]) == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--without", "two"], "--without needs --output DIR, another folder than models"),
        (["--without", "two", "--output", "models"], "--without needs --output DIR"),
        (["--without", "six", "--output", "found"], "no file has a contributor of that name"),
        (["--without", "one", "--without", "two", "--output", "found"], "no digits by train"),
    ],
)
def test_it_rejects_leaving_out(command, tmp_path, capsys, words, error):
    """`--without` fails with the shipped model's folder, an unknown name or no data left."""
    pen = stroke_file(tmp_path, *given_by(pen_rows(writers=24), "one", "two"))
    words = [str(tmp_path / word) if word == "found" else word for word in words]
    assert command(["--epochs", "1", "--strokes", str(pen), *words]) == 1
    assert error in capsys.readouterr().err


def test_augmentation_settles_towards_the_end():
    """The augmentation of pixels keeps its full strength, then decreases to its final share."""
    settings = Hyperparameters(epochs=10, settling=0.3, settled=0.4)
    strengths = [settings.strength(epoch) for epoch in range(10)]
    assert strengths == pytest.approx([1] * 7 + [0.8, 0.6, 0.4])
    assert Augmentation(rotation=10, pen=0.5).times(0.4).rotation == 4


def test_others_need_digits(command, tmp_path, capsys):
    """`--others` requires digits, which pairs and fragments are made of."""
    path = stroke_file(tmp_path, *others_rows(writers=12))
    assert command([*QUICK, "--others", str(path), "--output", str(tmp_path / "models")]) == 1
    assert "--others needs --strokes" in capsys.readouterr().err


def test_a_better_model_stays_unless_told(command, tmp_path, capsys):
    """A better shipped model is not replaced, and the new run is kept and can be shipped."""
    assert command([*QUICK, "--output", str(tmp_path)]) == 0
    path = tmp_path / "digits.json"
    card = json.loads(path.read_text())
    card["figures"][0]["correct"] = card["figures"][0]["count"]
    card["figures"][0]["accuracy"] = 1.0
    path.write_text(json.dumps(card))
    again = ["ship", str(tmp_path / "run"), "--output", str(tmp_path)]
    assert command(again) == 1
    assert "the shipped model is better and stays" in capsys.readouterr().err
    assert json.loads(path.read_text()) == card
    assert command([*again, "--replace"]) == 0
    assert json.loads(path.read_text())["figures"][0]["accuracy"] < 1


def test_a_trial_sees_no_test_set_and_ships_nothing(command, data, tmp_path, monkeypatch, capsys):
    """A trial with MNIST's dev writers held out prints their figures, and ships nothing."""
    held_out = np.arange(len(data.train_labels)) < 100
    monkeypatch.setattr(cli, "dev_rows", lambda folder, count: held_out)
    assert command([*QUICK, "--mnist-dev", "--output", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "MNIST dev writers" in said
    assert "MNIST test" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    log = json.loads((tmp_path / "run" / "digits.run.json").read_text())
    assert log["rows"]["MNIST"] == {"train": 500, "dev": 100}


def test_what_was_measured_before_has_to_be_measured_again(command, tmp_path, capsys):
    """A model that lacks figures of the shipped one does not replace it."""
    strokes = stroke_file(tmp_path, *pen_rows(writers=12))
    output = tmp_path / "models"
    words = ["--seed", "2", "--output", str(output)]
    assert command([*QUICK, *words, "--strokes", str(strokes)]) == 0
    again = ["ship", str(output / "run"), "--output", str(output)]
    assert command(again) == 1
    assert "was trained on MNIST, some.jsonl.gz, not on MNIST" in capsys.readouterr().err
    card = json.loads((output / "digits.json").read_text())
    card["figures"][1]["data"] = "others (dev writers)"
    (output / "digits.json").write_text(json.dumps(card))
    assert command([*again, "--strokes", str(strokes)]) == 1
    assert "others (dev writers): not measured" in capsys.readouterr().err


def test_ship_takes_the_seed_that_reads_dev_best(command, tmp_path, capsys):
    """`ship` chooses the seed by dev, not by the test set, and the card has all seeds' figures."""
    strokes = stroke_file(tmp_path, *pen_rows(writers=12))
    runs = []
    for seed, epochs in ((1, 1), (2, 5)):
        folder = tmp_path / f"seed{seed}"
        words = ["--seed", str(seed), "--epochs", str(epochs), "--output", str(folder)]
        assert command(["--quick", *words, "--strokes", str(strokes)]) == 0
        runs.append(str(folder / "run"))
    output = tmp_path / "models"
    assert command(["ship", *runs, "--strokes", str(strokes), "--output", str(output)]) == 0
    card = load_model(output, "digits").card
    assert [seed["seed"] for seed in card["seeds"]] == [1, 2]
    dev = [seed["figures"][1]["accuracy"] for seed in card["seeds"]]
    assert card["hyperparameters"]["seed"] == 1 + int(np.argmax(dev))
    assert card["figures"][1]["accuracy"] == max(dev)
    assert command(["ship", str(tmp_path / "nowhere"), "--output", str(output)]) == 1
    assert "digits.run.json cannot be read" in capsys.readouterr().err


def test_dev_is_watched_and_never_trained_on(data):
    """Held-out rows have curves of their own."""
    settings = Hyperparameters(epochs=1, averaging=0.5)
    dev = (np.pad(data.test_glyphs, [(0, 0)] * 3 + [(0, 4)]), data.test_labels)
    history = fit([some(data)], settings, dev).history
    assert set(history) >= {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_the_same_seed_trains_the_same_network(data):
    """The same seed gives identical weights, and another seed gives others."""

    def weights(seed):
        settings = Hyperparameters(seed=seed, epochs=1)
        network = fit([some(data)], settings).network
        return np.concatenate([w.ravel() for w in network.get_weights()])

    first = weights(1)
    assert np.array_equal(first, weights(1))
    assert not np.array_equal(first, weights(2))


def test_every_row_comes_once_an_epoch(data):
    """An epoch is a permutation of the data, different each time."""
    settings = Hyperparameters(batch_size=128)
    two = [some(data, 200), some(data, 400)]
    batches = Batches(two, settings)
    assert batches.per_epoch == 5
    epochs = [
        np.concatenate([batches.batch(e * 5 + i)[1].argmax(axis=1) for i in range(5)])
        for e in range(2)
    ]
    for labels in epochs:
        assert np.bincount(labels).tolist() == [60] * 10
    assert not np.array_equal(*epochs)


def test_a_batch_depends_on_its_place_alone(data):
    """A batch depends on its place only, not on the order of requests."""
    settings = Hyperparameters()
    first, second = (Batches([some(data, 600)], settings) for _ in range(2))
    later = first.batch(7)  # in the second epoch
    first.batch(0)
    assert np.array_equal(later[0], second.batch(7)[0])
    assert later[0].dtype == np.float32
    assert 0 <= later[0].min() <= later[0].max() <= 1


def test_tensorflow_is_quiet_by_default(monkeypatch):
    """TensorFlow's notices are off unless the user enables them."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    digits_fit.quieten_tensorflow()
    assert digits_fit.os.environ["TF_CPP_MIN_LOG_LEVEL"] == "2"
