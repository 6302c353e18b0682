"""A very small fit of the line reader, on ink drawn by hand."""

import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest

from tests.ink_files import files_in, inks_in
from train.errors import TrainError
from train.fit.artefacts import sha256
from train.fit.loop import PROGRESS, SETTINGS
from train.line import fit, run
from train.line.compose import random_line
from train.line.fit import LineHyperparameters, exactly_read, fit_line
from train.line.inks import Source
from train.line.network import LineShape, build_line_network
from train.line.rounds import NOTHING
from webapp.keras_backend import KerasLineReader
from webapp.recognition import LiteRTLineReader
from webapp.recognition.ink.strip import STRIP_CHANNELS
from webapp.recognition.symbols import BLANK, CLASSES

TINY = LineHyperparameters(
    rounds=2,
    fresh=64,
    reuse=1,
    batch_size=16,
    peak_learning_rate=0.01,
    warmup_rounds=0.25,
    averaging=0.5,
    shape=LineShape(planes=(4, 4, 8, 8, 8), columns=8, dilations=(1, 2)),
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Ink of two contributors."""
    return Source(files_in(tmp_path_factory.mktemp("inks")), without=("two",))


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """A few lines."""
    inks = inks_in(tmp_path_factory.mktemp("lines"))
    return [random_line(inks, np.random.default_rng(seed)) for seed in range(8)]


@pytest.fixture(scope="module")
def done(source, tmp_path_factory):
    """The folder of a finished run, and its log."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "DEV_LINES", 8)
        return folder, run.run(source, TINY, folder)


def test_it_works(done, source):
    """The loss falls, and network, export and log exist, with the settings and data in the log."""
    folder, log = done
    assert {path.name for path in folder.iterdir()} == {
        "line.keras", "line.tflite", "line.run.json", "checkpoint",
    }  # fmt: skip
    assert json.loads(json.dumps(log)) == json.loads((folder / "line.run.json").read_text())
    curves = log["curves"]
    assert {name: len(curve) for name, curve in curves.items()} == {
        "loss": 2,
        "extent": 2,
        "dev": 2,
    }
    assert curves["loss"][1] < curves["loss"][0]
    assert curves["extent"][1] < curves["extent"][0]
    assert log["hyperparameters"]["shape"]["columns"] == 8
    assert log["without"] == ["two"]
    digits = source.files.digits[0]
    assert log["files"][f"{digits.parent.name}/{digits.name}"] == sha256(digits)
    assert len(log["files"]) == 3


def test_the_export_reads_as_the_network_does(done, lines):
    """LiteRT's integers give nearly Keras's columns, for strips of any width."""
    folder, _ = done
    exported = LiteRTLineReader((folder / "line.tflite").read_bytes())
    reference = KerasLineReader(folder / "line.keras")
    strips = [line.strip for line in lines]
    for strip in [*strips, strips[0][:, :9], np.tile(strips[1], (1, 12, 1))]:
        one, other = exported.read(strip), reference.read(strip)
        assert one.log_probabilities.shape == ((strip.shape[1] + 1) // 2, CLASSES)
        both = np.exp(one.log_probabilities), np.exp(other.log_probabilities)
        assert both[0] == pytest.approx(both[1], abs=0.02)
        assert one.extents == pytest.approx(other.extents, abs=0.5)


class CutError(Exception):
    """Interrupts a fit."""


@pytest.fixture(scope="module")
def kept(source, tmp_path_factory):
    """The checkpoint of a fit that ended in its second round."""
    folder = tmp_path_factory.mktemp("cut")
    whole = fit.rounds

    def ending(*arguments):
        yield next(whole(*arguments))
        raise CutError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "rounds", ending)
        with pytest.raises(CutError):
            fit_line(source, TINY, folder)
    return folder


@pytest.fixture
def cut_short(kept, tmp_path):
    """A copy of that checkpoint, and the file of its progress."""
    folder = tmp_path / "checkpoint"
    shutil.copytree(kept, folder)
    return folder, folder / PROGRESS


def test_a_fit_goes_on_where_it_was(cut_short, source, done):
    """A resumed fit has the curves of an uninterrupted one, and its seconds include both parts."""
    folder, path = cut_short
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seconds": 5000}))
    found = fit_line(source, TINY, folder)
    assert len(found.history["loss"]) == len(found.history["extent"]) == 2
    assert found.history["loss"][0] == pytest.approx(done[1]["curves"]["loss"][0], rel=0.02)
    assert found.history["loss"][1] < found.history["loss"][0]
    assert 5000 < found.seconds < 9000


def test_a_checkpoint_without_curves_is_taken(cut_short, source):
    """A checkpoint without curves, of an earlier version, is resumed with new curves."""
    folder, path = cut_short
    path.unlink()
    (folder / SETTINGS).unlink()
    found = fit_line(source, replace(TINY, rounds=1), folder)
    assert found.history == {"loss": [], "extent": [], "dev": []}


def test_curves_of_rounds_that_were_lost_are_cut_off(cut_short, source):
    """Curves beyond the checkpoint are cut off."""
    folder, path = cut_short
    first = json.loads(path.read_text())["loss"]
    (folder / SETTINGS).unlink()
    path.write_text(json.dumps({"seconds": 1, "loss": [*first, 2, 3], "extent": [1, 2], "dev": []}))
    found = fit_line(source, replace(TINY, rounds=1), folder)
    assert found.history == {"loss": first, "extent": [1], "dev": []}


def test_a_fit_of_other_settings_or_data_is_not_gone_on_with(cut_short, source):
    """A fit with other settings or data is refused, and the error names the difference."""
    folder, path = cut_short
    before = path.read_bytes()
    with pytest.raises(TrainError, match=r"\(rounds, seed\): delete it"):
        fit_line(source, replace(TINY, rounds=3, seed=4), folder)
    with pytest.raises(TrainError, match=r"\(without\)"):
        fit_line(replace(source, without=()), TINY, folder)
    assert path.read_bytes() == before


def test_the_learning_rate_ends_with_the_last_step():
    """The number of steps is that of the batches in all rounds, fewer in the first ones."""
    settings = replace(TINY, rounds=4, fresh=40, reuse=3, batch_size=16)
    assert settings.steps == 3 + 5 + 8 + 8


def test_curves_without_a_checkpoint_are_forgotten(source, tmp_path):
    """Curves without a checkpoint are ignored."""
    stale = {"seconds": 9000, "loss": [1], "extent": [1], "dev": [0.5]}
    (tmp_path / PROGRESS).write_text(json.dumps(stale))
    found = fit_line(source, replace(TINY, rounds=0), tmp_path)
    assert found.history == {"loss": [], "extent": [], "dev": []}
    assert found.seconds < 9000


def test_a_finished_fit_is_given_back(done, source):
    """A finished fit is returned from its checkpoint, with identical averaged weights."""
    folder, log = done
    again = fit_line(source, TINY, folder / "checkpoint")
    assert again.history == log["curves"]
    kept = keras.saving.load_model(folder / "line.keras", compile=False)
    for one, other in zip(again.network.get_weights(), kept.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_it_rejects_a_folder_it_cannot_write_to(source, tmp_path, monkeypatch):
    """An output folder that cannot be written to fails before the fit."""
    monkeypatch.setattr(run, "DEV_LINES", 1)
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match="cannot be written to"):
        run.run(source, TINY, tmp_path / "file" / "run")


def test_dev_lines_are_of_dev_writers(source, monkeypatch):
    """The dev lines are always the same, of all dev writers, also of left-out contributors."""
    monkeypatch.setattr(run, "DEV_LINES", 3)
    seen = []
    whole = run.load_inks
    monkeypatch.setattr(run, "load_inks", lambda source: seen.append(source) or whole(source))
    first, second = run._dev_lines(source), run._dev_lines(source)
    assert {(one.splits, one.without) for one in seen} == {(("dev",), ())}
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.strip, other.strip)


class Best:
    """A network whose best path spells the line's target, or given paths."""

    def __init__(self, paths):
        self.paths = paths

    def __call__(self, strips, training):
        """Return logits of the paths, in the order of the batches."""
        logits = np.zeros((len(strips), strips.shape[2] // 2, CLASSES), np.float32)
        logits[..., BLANK] = 1
        for row, path in enumerate(self.paths):
            logits[row, np.arange(len(path)), path] = 2
        return {"logits": logits}


@pytest.mark.parametrize(
    ("path", "exact"),
    [
        ([7, 7, BLANK, 7], 1.0),
        ([BLANK, 7, BLANK, 7], 1.0),
        ([7, 7, 7], 0.0),
        ([7, BLANK, 7, BLANK, 7], 0.0),
        ([], 0.0),
    ],
)
def test_a_line_is_read_exactly_or_not(lines, path, exact):
    """A line is right if its path without repeats and blanks equals the target exactly."""
    line = replace(lines[0], target=np.array([7, 7], np.int8), extents=None)
    assert exactly_read(Best([path]), [line]) == exact


def test_the_network_takes_any_width():
    """The network gives logits and extents for each two pixels of any width."""
    network = build_line_network(TINY.shape)
    for width in (2, 48, 130):
        said = network(np.zeros((3, 32, width, STRIP_CHANNELS), np.float32))
        assert said["logits"].shape == (3, width // 2, CLASSES)
        assert said["extent"].shape == (3, width // 2, 2)


def test_losses_ignore_what_is_unknown():
    """A line with unknown extents adds no loss at the middles of its symbols."""
    targets = np.array([[3, 4], [5, NOTHING]], np.int32)
    logits = np.zeros((2, 6, CLASSES), np.float32)
    unknown = np.full((2, 2), NOTHING, np.int32)
    assert float(fit._centred(targets, unknown, logits)) == 0
    known = np.array([[1, 4], [2, NOTHING]], np.int32)
    # Three symbols in two lines, each as probable as any class.
    assert float(fit._centred(targets, known, logits)) == pytest.approx(1.5 * np.log(CLASSES))
    logits[0, 1, 3] = logits[0, 4, 4] = logits[1, 2, 5] = 50
    assert float(fit._centred(targets, known, logits)) == pytest.approx(0, abs=1e-4)
