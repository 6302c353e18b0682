"""The library: pictures and drawings from Python."""

import doctest
import subprocess
import sys

import numpy as np
import pytest

import webapp
from support import hand
from support.server import ROOT, clean_environment
from webapp import Reader, library, read_image, read_strokes
from webapp.config import ConfigError, Settings
from webapp.recognition import (
    BudgetError,
    ImageTooLargeError,
    ModelError,
    UnsupportedImageError,
)

PNG = hand.png(hand.picture(3))

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"flask", "werkzeug", "gunicorn", "redis", "limits"}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocked())
"""
"""An environment without what the extra `web` installs."""


@pytest.fixture(scope="module")
def reader():
    """A reader with the shipped models."""
    return Reader()


def test_it_works(tmp_path):
    """A number is read from strokes, and a digit from each form of picture."""
    assert read_strokes(hand.number("407")).text == "407"
    path = tmp_path / "three.png"
    path.write_bytes(PNG)
    for picture in (path, str(path), PNG, hand.picture(3)):
        assert read_image(picture).text == "3"


def test_the_examples_are_right():
    """The examples in the docstrings give what they show."""
    failed, tried = doctest.testmod(library)
    assert (failed, tried > 0) == (0, True)


def test_all_names_are_there():
    """Each public name exists, and no other one is made up."""
    assert webapp.create_app
    for name in webapp.__all__:
        assert getattr(webapp, name)
    with pytest.raises(AttributeError, match="nothing"):
        _ = webapp.nothing


def test_what_is_expected_is_read(reader):
    """`expect` and `alternatives` are passed on, for both."""
    drawn = hand.strokes(3)
    assert len(reader.read_strokes(drawn, "digit", 5).alternatives) == 5
    assert len(reader.read_image(PNG, "digit", 5).alternatives) == 5


def test_bounds_hold(reader):
    """`wanted` is passed on, for both."""
    wanted = webapp.Wanted(webapp.Pattern("0"))
    for reading in (
        reader.read_strokes(hand.strokes(3), wanted=wanted),
        reader.read_image(PNG, wanted=wanted),
    ):
        assert (reading.text, reading.fits) == ("3", True)
    assert reader.read_image(PNG).fits is None


@pytest.mark.parametrize("wanted", [webapp.Pattern("0{4}"), "0{4}"])
def test_bounds_are_wanted(reader, wanted):
    """A pattern alone, or its text, gets an error that names what is meant."""
    for read, what in ((reader.read_image, PNG), (reader.read_strokes, hand.strokes(3))):
        with pytest.raises(TypeError, match="Wanted"):
            read(what, wanted=wanted)
    with pytest.raises(TypeError, match="Pattern"):
        webapp.Wanted("0{4}")


def test_strokes_may_be_lists_and_empty(reader):
    """Strokes are lists or arrays. Those without points are left out."""
    listed = [stroke.tolist() for stroke in hand.strokes(7)]
    assert reader.read_strokes([[], *listed]).text == "7"
    assert reader.read_strokes([]).status == "empty"
    assert reader.read_strokes([[]]).status == "empty"


@pytest.mark.parametrize(
    ("stroke", "message"),
    [
        ([1, 2, 3], "shape"),
        ([[1, 2, 3]], "shape"),
        ([[[1, 2]]], "shape"),
        ([[0, float("nan")]], "finite"),
        ([[0, float("inf")]], "finite"),
    ],
)
def test_bad_strokes_are_refused(reader, stroke, message):
    """An invalid stroke gets an error that says why."""
    with pytest.raises(ValueError, match=message):
        reader.read_strokes([stroke])


def test_bad_pictures_are_refused(reader, tmp_path):
    """A file that is missing, no picture, or too large gets an error."""
    with pytest.raises(OSError, match=r"none\.png"):
        reader.read_image(tmp_path / "none.png")
    with pytest.raises(UnsupportedImageError):
        reader.read_image(b"seven")
    small = Reader(Settings(max_image_bytes=1024))
    path = tmp_path / "three.png"
    path.write_bytes(PNG)
    for picture in (PNG, path):
        with pytest.raises(ImageTooLargeError, match="1024 bytes"):
            small.read_image(picture)


def test_the_settings_hold(tmp_path):
    """Limits of pixels, time and models are those of the settings."""
    with pytest.raises(ImageTooLargeError):
        Reader(Settings(max_image_pixels=784)).read_image(PNG)
    with pytest.raises(BudgetError):
        Reader(Settings(reading_seconds=1e-9)).read_strokes(hand.number("407"))
    with pytest.raises(ModelError):
        Reader(Settings(models=str(tmp_path)))


def test_the_backend_is_that_of_the_settings(monkeypatch):
    """Keras is not ignored where it is missing."""
    monkeypatch.setitem(sys.modules, "keras", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "webapp.keras_backend", raising=False)
    monkeypatch.delattr(webapp, "keras_backend", raising=False)
    with pytest.raises(ConfigError, match=r"INKLING_BACKEND.*keras"):
        Reader(Settings(backend="keras"))


def test_the_environment_sets_it(monkeypatch):
    """Without settings, a reader takes those of the environment."""
    monkeypatch.setenv("INKLING_MAX_IMAGE_PIXELS", "784")
    assert Reader().settings.max_image_pixels == 784
    monkeypatch.setenv("INKLING_MAX_IMAGE_PIXELS", "few")
    with pytest.raises(ConfigError):
        Reader()


def test_pixels_may_be_grey_or_colour(reader):
    """Pixels are read as OpenCV has them."""
    grey = hand.picture(3)
    assert reader.read_image(np.dstack([grey] * 3)).text == "3"


def test_the_library_does_without_the_site():
    """Library and command need neither Flask nor gunicorn."""
    code = f"""{BLOCKED}
import webapp, webapp.command
from click.testing import CliRunner
from webapp import *
print(read_strokes([[(0, 0), (10, 0), (20, 0), (14, 16), (10, 30)]]).text)
print(CliRunner().invoke(webapp.command.main, ["doctor"]).exit_code)
print(CliRunner().invoke(webapp.command.main, ["serve", "--port", "1"]).output)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split()[:2] == ["7", "0"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"expect": "word"},
        {"alternatives": -1},
        {"alternatives": 11},
        {"expect": "digit", "wanted": webapp.Wanted(least=1)},
    ],
)
def test_arguments_have_bounds(reader, arguments):
    """An argument out of its bounds raises an error, for both."""
    with pytest.raises(ValueError, match=r"expect|alternatives"):
        reader.read_strokes(hand.strokes(3), **arguments)
    with pytest.raises(ValueError, match=r"expect|alternatives"):
        reader.read_image(PNG, **arguments)


@pytest.mark.parametrize("shape", [(0, 0), (5,), (5, 5, 2), (5, 5, 4)])
def test_pixels_have_a_shape_and_a_type(reader, shape):
    """Pixels of another shape or type raise an error."""
    with pytest.raises(ValueError, match="shape"):
        reader.read_image(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        reader.read_image(np.zeros((5, 5)))
