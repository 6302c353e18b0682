"""The engine: the recogniser of a process, and the errors at its start."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

import webapp
from support import hand
from webapp import create_app
from webapp.config import ConfigError, Settings
from webapp.ops.capacity import PICTURES
from webapp.recognition import Limits, ModelError
from webapp.recognition.network.line_reader import WIDTHS

SHIPPED = Path(Settings().models)

LIMITS = Limits(pixels=1_000_000, side=2_000)


@pytest.fixture
def models(tmp_path):
    """A folder with a copy of the served models."""
    for name in (
        f"{m}.{kind}" for m in ("ink", "pen", "line", "eyes") for kind in ("json", "tflite")
    ):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def start(models, **settings):
    """Return the engine of a site on a folder of models."""
    return create_app(Settings(models=str(models), **settings)).extensions["engine"]


def refusal(models, **settings) -> str:
    """Return the error of a site that does not start."""
    with pytest.raises(ModelError) as refused:
        start(models, **settings)
    return str(refused.value)


def change_card(path, **fields):
    """Set fields of a card."""
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_it_reads_with_the_model_of_the_settings(models):
    """The models are read from the folder of the settings."""
    engine = start(models)
    assert engine.model.name == "ink"
    assert engine.recognizer.read_strokes(hand.strokes(3)).text == "3"


def test_a_model_can_have_another_name(models):
    """The name in the settings is the name of the model's files."""
    files = json.loads((models / "ink.json").read_text())["files"]
    (models / "ink.json").rename(models / "other.json")
    change_card(models / "other.json", files={"other.tflite": files["ink.tflite"]})
    (models / "ink.tflite").rename(models / "other.tflite")
    assert start(models, model="other").model.name == "other"


def test_strokes_have_a_model_of_their_own(models):
    """Strokes are read with the model of its own setting, which the site needs to start."""
    app = create_app(Settings(models=str(models)))
    assert app.extensions["stroke_engine"].model.name == "pen"
    both = create_app(Settings(models=str(models), stroke_model="ink"))
    assert both.extensions["stroke_engine"].model.name == "ink"
    (models / "pen.tflite").unlink()
    assert "pen.tflite cannot be read" in refusal(models)


def test_lines_have_a_model_of_their_own(models):
    """Strokes and pictures share the line reader, which has a setting and is needed to start."""
    app = create_app(Settings(models=str(models)))
    pictures, strokes = (app.extensions[name] for name in ("engine", "stroke_engine"))
    assert pictures.lines is strokes.lines
    assert pictures.lines.model.name == "line"
    files = json.loads((models / "line.json").read_text())["files"]
    (models / "line.json").rename(models / "other.json")
    change_card(models / "other.json", files={"other.tflite": files["line.tflite"]})
    (models / "line.tflite").rename(models / "other.tflite")
    assert start(models, line_model="other").lines.model.name == "other"
    assert "line.json cannot be read" in refusal(models)


@pytest.mark.parametrize("name", ["ink", "pen"])
def test_a_model_of_digits_is_none_of_lines(models, name):
    """With a model of digits as the line reader, the site does not become ready."""
    with pytest.raises(ModelError, match="no line reader"):
        start(models, line_model=name).warm_up()


def test_the_image_limits_are_the_settings(models):
    """The limits of pictures are those of the settings."""
    limits = start(models, max_image_pixels=1000, max_image_side=50).limits
    assert (limits.pixels, limits.side) == (1000, 50)


def test_the_calibration_is_the_card_s(models):
    """Each model is unsure according to the calibration in its own card."""
    change_card(models / "pen.json", calibration={"temperature": 4.0, "unsure": 0.999})
    app = create_app(Settings(models=str(models)))
    pictures, strokes = (app.extensions[name] for name in ("engine", "stroke_engine"))
    doubtful = strokes.recognizer.read_strokes(hand.strokes(3), expect="digit")
    assert (doubtful.status, doubtful.text) == ("unsure", "3")
    assert pictures.recognizer.read_strokes(hand.strokes(3), expect="digit").status == "ok"


def test_the_confidence_is_that_of_the_card_of_lines(models):
    """The line reader's card sets the confidence of numbers, and not that of single digits."""
    change_card(models / "line.json", confidence={"unsure": 1.1, "pictures": {"unsure": 0.0}})
    recognizer = start(models).recognizer
    assert recognizer.read_strokes(hand.strokes(3)).status == "unsure"
    assert recognizer.read_image(hand.png(hand.picture(3)), LIMITS).status == "ok"
    assert recognizer.read_strokes(hand.strokes(3), expect="digit").status == "ok"


@pytest.mark.parametrize("broken", [{"temperature": "warm"}, {"unsure": None}, 3, None])
def test_it_rejects_a_calibration_that_is_none(models, broken):
    """The error says which constant is invalid."""
    change_card(models / "ink.json", calibration=broken)
    assert "calibration in the model card is broken" in refusal(models)


@pytest.mark.parametrize("broken", [{"bias": "warm"}, {"share": None}, 3, None])
def test_it_rejects_a_confidence_that_is_none(models, broken):
    """The error says which constant is invalid."""
    change_card(models / "line.json", confidence=broken)
    assert "confidence in the model card is broken" in refusal(models)


def test_a_warm_up_leaves_no_trace(engine):
    """A warm-up reads an empty glyph, and leaves no trace."""
    before = engine.recognizer.read_strokes(hand.strokes(5))
    engine.warm_up()
    after = engine.recognizer.read_strokes(hand.strokes(5))
    assert np.array_equal(before.digits[0].probabilities, after.digits[0].probabilities)


def test_a_warm_up_makes_an_interpreter_for_each_reading_at_once(models, monkeypatch):
    """A warm-up makes the interpreters of all concurrent readings, for each width."""
    made = []

    def interpreter(**options):
        made.append(1)
        return Interpreter(**options)

    monkeypatch.setattr("webapp.recognition.network.line_reader.Interpreter", interpreter)
    app = create_app(Settings(models=str(models), readings=3))
    pictures, strokes = (app.extensions[name] for name in ("engine", "stroke_engine"))
    assert made == []
    pictures.warm_up()
    assert len(made) == (3 + PICTURES) * len(WIDTHS)
    strokes.warm_up()
    strokes.recognizer.read_strokes(hand.number("407"))
    pictures.recognizer.read_image(hand.png(hand.picture(3)), pictures.limits)
    assert len(made) == (3 + PICTURES) * len(WIDTHS)


@pytest.mark.parametrize("name", ["ink.json", "ink.tflite", "line.json", "line.tflite"])
def test_it_rejects_a_missing_file(models, name):
    """The error names the missing file."""
    (models / name).unlink()
    assert str(models / name) in refusal(models)


def test_it_rejects_a_folder_that_is_not_there(models):
    """The error names the file in the missing folder."""
    assert str(models / "nowhere") in refusal(models / "nowhere")


def test_it_rejects_an_altered_model(models):
    """The error for a model with one changed bit names the file and both hashes."""
    path = models / "ink.tflite"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    expected = json.loads((models / "ink.json").read_text())["files"]["ink.tflite"]["sha256"]
    said = refusal(models)
    assert str(path) in said
    assert expected in said


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": {}}', '{"files": 3}', "null"])
def test_it_rejects_a_card_that_is_none(models, text):
    """The error names the invalid card."""
    (models / "ink.json").write_text(text)
    assert str(models / "ink.json") in refusal(models)


@pytest.mark.parametrize("missing", ["keras", "tensorflow"])
def test_it_rejects_the_keras_backend_without_keras(models, monkeypatch, missing):
    """The error names the setting, the missing package and the command to install it."""
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "webapp.keras_backend", raising=False)
    monkeypatch.delattr(webapp, "keras_backend", raising=False)
    with pytest.raises(ConfigError) as refused:
        start(models, backend="keras")
    for word in ("INKLING_BACKEND", "'keras'", missing, "requirements/train.txt"):
        assert word in str(refused.value)
