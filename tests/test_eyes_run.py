"""From a very small fit of the eyes to a shipped model, on ink drawn by hand."""

import json

import numpy as np
import pytest

from tests.ink_files import files_in
from train import cli
from train.errors import DataError, TrainError
from train.eyes import run
from train.eyes.fit import EyesHyperparameters
from train.eyes.network import EyesShape
from train.eyes.views import View
from train.fit.artefacts import sha256
from train.line.inks import Source
from webapp.keras_backend import KerasEyes
from webapp.recognition import LiteRTEyes, load_model
from webapp.recognition.picture.eyes import Seen
from webapp.site.cards import view_of

TINY = EyesHyperparameters(
    rounds=1,
    fresh=16,
    batch_size=4,
    warmup_rounds=0.5,
    averaging=0.5,
    side=64,
    shape=EyesShape((4, 6, 8, 8, 8)),
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Ink of two contributors."""
    return Source(files_in(tmp_path_factory.mktemp("inks")))


@pytest.fixture(scope="module")
def shipped(source, tmp_path_factory):
    """The folder of a run, and the folder of the model shipped from it."""
    folder, output = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "DEV_VIEWS", 3)
        patch.setattr(run, "TEST_VIEWS", 24)
        run.run(source, TINY, folder)
        run.ship(folder, source, output)
    return folder, output


def test_it_works(shipped, source):
    """Network, export, card and curves exist, and the card matches its files and the server."""
    folder, output = shipped
    assert {path.name for path in output.iterdir()} == {
        "eyes.keras", "eyes.tflite", "eyes.json", "eyes-curves.svg",
    }  # fmt: skip
    model = load_model(output, "eyes")
    assert model.card["hyperparameters"]["side"] == 64
    assert model.card["files"]["eyes.keras"]["sha256"] == sha256(output / "eyes.keras")
    assert 0 <= model.card["figures"][0]["accuracy"] <= 1
    log = json.loads((folder / "eyes.run.json").read_text())
    assert len(log["files"]) == len(source.files.every)
    view = view_of({**model.card, "version": "1"}, output)
    assert view.plots.keys() == {"curves"}


@pytest.mark.parametrize("size", [(64, 64), (33, 100), (1, 1)])
def test_the_export_sees_as_the_network_does(shipped, size):
    """LiteRT's integers give nearly Keras's maps, of 255 levels, for pictures of any size."""
    _, output = shipped
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.uint8)
    exported = LiteRTEyes((output / "eyes.tflite").read_bytes()).see(picture)
    reference = KerasEyes(output / "eyes.keras").see(picture)
    assert exported.ink.shape == size
    assert exported.body.shape == tuple(-(-side // 4) for side in size)
    for one, other in ((exported.ink, reference.ink), (exported.body, reference.body)):
        apart = np.abs(one.astype(int) - other.astype(int))
        assert apart.max() <= 20
        assert apart.mean() <= 2


def test_a_large_picture_is_seen_in_bands(shipped, monkeypatch):
    """A large picture that is seen in bands gives the maps of a single pass."""
    _, output = shipped
    eyes = LiteRTEyes((output / "eyes.tflite").read_bytes())
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 256, (640, 64, 3)).astype(np.uint8)
    whole = eyes.see(picture)
    monkeypatch.setattr("webapp.recognition.picture.eyes.AT_ONCE", 256 * 64)
    parts = eyes.see(picture)
    for one, other in ((whole.ink, parts.ink), (whole.body, parts.body)):
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 2


def test_it_rejects_a_run_that_is_not_there(source, tmp_path):
    """The error names the missing file."""
    with pytest.raises(DataError, match=r"eyes\.run\.json cannot be read"):
        run.ship(tmp_path, source, tmp_path / "models")


def test_it_rejects_a_folder_it_cannot_write_to(source, tmp_path):
    """An output folder that cannot be written to fails before the fit."""
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match="cannot be written to"):
        run.run(source, TINY, tmp_path / "file" / "run")


@pytest.mark.parametrize("words", [["--seed", "-1"], ["--rounds", "0"]])
def test_fit_eyes_rejects_numbers_out_of_bounds(words, capsys):
    """The error names the option."""
    with pytest.raises(SystemExit):
        cli.main(["fit-eyes", *words])
    assert f"argument {words[0]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "rounds"), [([], EyesHyperparameters().rounds), (["--rounds", "3"], 3)]
)
def test_fit_eyes_fits(words, rounds, monkeypatch, capsys):
    """`fit-eyes` fits on train writers, into a folder named after the seed."""
    asked = []
    monkeypatch.setattr(run, "run", lambda *taken: asked.append(taken) or {"seconds": 61})
    assert cli.main(["fit-eyes", "--digits", "a.gz", "--seed", "3", *words]) == 0
    ((source, settings, folder),) = asked
    assert (settings.rounds, settings.seed, source.splits) == (rounds, 3, ("train",))
    assert str(folder) == "build/runs/eyes-3"
    assert "Fitted for 2 min" in capsys.readouterr().out


def test_figures_are_of_what_the_server_takes_for_ink():
    """Figures count the pixels that the server takes for ink, and no less certain ones."""
    levels = np.zeros((20, 40), np.uint8)
    levels[5:10, 5:10], levels[7, 7] = 200, 240
    levels[5:10, 20:25] = 200
    levels[15:, :] = 140
    seen = run.seen_ink(levels)
    assert seen[5:10, 5:10].all()
    assert seen.sum() == 25

    class Eyes:
        def see(self, picture):
            return Seen(levels * picture[..., 0], np.zeros((5, 10), np.uint8))

    written = np.where(seen, 255, 0).astype(np.uint8)
    bare, picture = np.zeros_like(levels), np.ones((20, 40, 3), np.uint8)
    views = [View(picture, written, bare), View(picture, bare, bare), View(0 * picture, bare, bare)]
    dice, empty = run.figures_of(Eyes(), views)
    assert (dice["count"], dice["accuracy"], empty["count"], empty["accuracy"]) == (1, 1, 2, 0.5)
