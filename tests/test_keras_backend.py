"""The Keras backend: the reference network instead of its export."""

import numpy as np
import pytest

from support import hand
from webapp import Reader, create_app
from webapp.config import Settings
from webapp.recognition import glyph_of_strokes

keras = pytest.importorskip("keras", reason="only machines that train have it")
keras_backend = pytest.importorskip(
    "webapp.keras_backend", reason="only machines that train have TensorFlow"
)


@pytest.fixture(scope="module")
def keras_engine():
    """The engine of a site with the keras backend."""
    return create_app(Settings(backend="keras")).extensions["engine"]


@pytest.fixture(scope="module")
def glyphs():
    """The ten hand-drawn digits, (10, 28, 28, 5)."""
    return np.stack([glyph_of_strokes(hand.strokes(digit)) for digit in range(10)])


def test_it_reads_every_digit(keras_engine):
    """Each of the ten hand-drawn digits is read as itself."""
    for digit in range(10):
        assert keras_engine.recognizer.read_strokes(hand.strokes(digit)).text == str(digit)


def test_probabilities_are_as_promised(keras_engine, glyphs):
    """There is one float32 row per glyph, and each sums to 1."""
    rows = keras_engine.classifier.classify(glyphs).digits
    assert rows.shape == (10, 10)
    assert rows.dtype == np.float32
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)


def test_the_export_agrees_with_it(keras_engine, engine, glyphs):
    """The export gives the probabilities of the Keras network."""
    reference = keras_engine.classifier.classify(glyphs)
    served = engine.classifier.classify(glyphs)
    assert np.abs(reference.digits - served.digits).max() < 1e-3
    assert (reference.is_digit is None) == (served.is_digit is None)


@pytest.mark.parametrize("channels", [1, 5])
@pytest.mark.parametrize("form", ["one", "list", "dict"])
def test_a_network_of_any_kind_is_asked(tmp_path, glyphs, channels, form):
    """Networks with one output or two, named or not, get the channels that they read."""
    glyph = keras.Input((28, 28, channels))
    features = keras.layers.Flatten()(glyph)
    digit = keras.layers.Dense(10, activation="softmax")(features)
    is_digit = keras.layers.Dense(1, activation="sigmoid")(features)
    outputs = {"one": digit, "list": [is_digit, digit], "dict": {"b": digit, "a": is_digit}}
    keras.Model(glyph, outputs[form]).save(tmp_path / "made.keras")
    said = keras_backend.KerasClassifier(tmp_path / "made.keras").classify(glyphs)
    assert said.digits.shape == (10, 10)
    assert np.allclose(said.digits.sum(axis=1), 1, atol=1e-5)
    assert said.is_digit is None if form == "one" else said.is_digit.shape == (10,)


def test_it_can_be_asked_by_the_site():
    """The setting alone selects the backend."""
    client = create_app(Settings(backend="keras")).test_client()
    answer = client.post("/api/v1/predict/strokes", json={"strokes": hand.columns(4)}).json
    assert answer["text"] == "4"


def test_the_library_takes_it(monkeypatch):
    """A `Reader` reads with the backend of the settings."""
    reader = Reader(Settings(backend="keras"))
    called = []
    network = keras_backend.KerasClassifier.classify

    def classify(self, glyphs):
        called.append(len(glyphs))
        return network(self, glyphs)

    monkeypatch.setattr(keras_backend.KerasClassifier, "classify", classify)
    assert reader.read_strokes(hand.strokes(4), "digit").text == "4"
    assert called
