"""The reference network instead of its export."""

import numpy as np
import pytest

from tests import hand
from webapp import create_app
from webapp.config import Settings
from webapp.recognition import glyph_of_strokes

pytest.importorskip("keras", reason="the keras backend is only for machines that train")
pytest.importorskip("tensorflow", reason="the keras backend is only for machines that train")


@pytest.fixture(scope="module")
def keras_engine():
    """The engine of a site with the keras backend."""
    return create_app(Settings(backend="keras")).extensions["engine"]


@pytest.fixture(scope="module")
def glyphs():
    """The ten hand-drawn digits, (10, 28, 28, 1)."""
    return np.stack([glyph_of_strokes(hand.strokes(digit)) for digit in range(10)])


def test_it_reads_every_digit(keras_engine):
    """Each of the ten hand-drawn digits is read as itself."""
    for digit in range(10):
        assert keras_engine.recognizer.read_strokes(hand.strokes(digit)).text == str(digit)


def test_probabilities_are_as_promised(keras_engine, glyphs):
    """One row a glyph, float32, each summing to 1."""
    rows = keras_engine.classifier.probabilities(glyphs)
    assert rows.shape == (10, 10)
    assert rows.dtype == np.float32
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)


def test_the_export_agrees_with_it(keras_engine, engine, glyphs):
    """What is served says the same as what was trained."""
    reference = keras_engine.classifier.probabilities(glyphs)
    served = engine.classifier.probabilities(glyphs)
    assert np.abs(reference - served).max() < 1e-3


def test_it_can_be_asked_by_the_site():
    """The setting alone changes what reads."""
    client = create_app(Settings(backend="keras")).test_client()
    answer = client.post("/api/v1/predict/strokes", json={"strokes": hand.columns(4)}).json
    assert answer["text"] == "4"
