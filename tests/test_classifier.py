"""The network behind one call, the same on every thread and in every batch."""

import hashlib
import json
import threading

import numpy as np
import pytest

from tests import hand
from webapp.config import ROOT
from webapp.recognition import LiteRTClassifier, ModelError, glyph_of_strokes, load_model

MODELS = ROOT / "models"


@pytest.fixture(scope="module")
def classifier():
    """The shipped model."""
    return LiteRTClassifier(load_model(MODELS, "digits").content)


@pytest.fixture(scope="module")
def glyphs():
    """Ten digits of ours."""
    return np.stack([glyph_of_strokes(hand.strokes(digit)) for digit in range(10)])


def varied_glyphs(count=300):
    """Glyphs of all kinds: drawn digits, bent and stretched, pens thin and thick, noise, blanks."""
    rng = np.random.default_rng(5)
    glyphs = []
    for number in range(count):
        bend = np.eye(2) + rng.normal(0, 0.25, (2, 2))
        strokes = [stroke @ bend for stroke in hand.strokes(number % 10)]
        glyphs.append(glyph_of_strokes(strokes, pen=rng.uniform(1, 5)))
    glyphs[::20] = [rng.integers(0, 256, (28, 28, 1)) for _ in glyphs[::20]]
    glyphs[7] = np.zeros((28, 28, 1))
    return np.stack(glyphs).astype(np.uint8)


def test_it_works(classifier, glyphs):
    """Ten digits of ours are told apart, and each row of probabilities sums to 1."""
    probabilities = classifier.probabilities(glyphs)
    assert probabilities.shape == (10, 10)
    assert probabilities.dtype == np.float32
    assert probabilities.argmax(axis=1).tolist() == list(range(10))
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_batches_of_any_size_agree(classifier, glyphs):
    """A glyph's probabilities do not depend on its company."""
    together = classifier.probabilities(glyphs)
    for size in (1, 3, 7):
        assert np.allclose(classifier.probabilities(glyphs[:size]), together[:size], atol=1e-6)


def test_no_glyphs_no_probabilities(classifier):
    """An empty batch has an empty answer."""
    assert classifier.probabilities(np.zeros((0, 28, 28, 1), np.uint8)).shape == (0, 10)


def test_an_answer_outlives_the_next_call(classifier, glyphs):
    """What was returned is a copy, not the interpreter's own memory."""
    first = classifier.probabilities(glyphs[:1])
    kept = first.copy()
    classifier.probabilities(glyphs[1:2])
    assert np.array_equal(first, kept)


def test_threads_do_not_disturb_each_other(classifier, glyphs):
    """Many threads asking about different digits each get their own answer."""
    wrong = []

    def ask(digit):
        for _ in range(50):
            if classifier.probabilities(glyphs[digit : digit + 1]).argmax() != digit:
                wrong.append(digit)

    threads = [threading.Thread(target=ask, args=(digit,)) for digit in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_no_interpreter_before_the_first_call(monkeypatch, glyphs):
    """Making a classifier makes no interpreter: that has to wait until after the fork."""
    made = []

    def interpreter(**options):
        made.append(threading.get_ident())
        raise RuntimeError("made")

    monkeypatch.setattr("webapp.recognition.classifier.Interpreter", interpreter)
    classifier = LiteRTClassifier(b"")
    assert made == []
    with pytest.raises(RuntimeError, match="made"):
        classifier.probabilities(glyphs)
    assert made == [threading.get_ident()]


def test_parity_with_keras(classifier):
    """The served file and the network it was made of agree to 1e-4 on varied glyphs."""
    from webapp.keras_backend import KerasClassifier

    glyphs = varied_glyphs()
    reference = KerasClassifier(MODELS / "digits.keras").probabilities(glyphs)
    served = classifier.probabilities(glyphs)
    assert np.abs(served - reference).max() < 1e-4
    # The glyphs were varied enough to mean something: all digits, and doubt among them.
    assert set(served.argmax(axis=1).tolist()) == set(range(10))
    assert served.max(axis=1).min() < 0.6


# ---- loading ----


def ship(folder, content=b"a model", sha256=None):
    """Write a model and its card."""
    digest = sha256 or hashlib.sha256(content).hexdigest()
    (folder / "tiny.tflite").write_bytes(content)
    (folder / "tiny.json").write_text(json.dumps({"files": {"tiny.tflite": {"sha256": digest}}}))


def test_the_version_is_the_start_of_the_hash(tmp_path):
    """A model that fits its card is loaded, and named by its hash."""
    ship(tmp_path)
    model = load_model(tmp_path, "tiny")
    assert model.content == b"a model"
    assert model.version == hashlib.sha256(b"a model").hexdigest()[:12]


def test_it_rejects_an_altered_model(tmp_path):
    """One changed byte is refused, and both hashes are named."""
    ship(tmp_path)
    (tmp_path / "tiny.tflite").write_bytes(b"A model")
    with pytest.raises(ModelError, match="but its card says"):
        load_model(tmp_path, "tiny")


@pytest.mark.parametrize("missing", ["tiny.tflite", "tiny.json"])
def test_it_rejects_a_missing_file(tmp_path, missing):
    """The message names the file."""
    ship(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ModelError, match=f"{missing} cannot be read"):
        load_model(tmp_path, "tiny")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {}}', "not json", '{"files": null}'])
def test_it_rejects_what_is_no_card(tmp_path, text):
    """A card has to say what the file's hash is."""
    ship(tmp_path)
    (tmp_path / "tiny.json").write_text(text)
    with pytest.raises(ModelError, match="is not a model card"):
        load_model(tmp_path, "tiny")
