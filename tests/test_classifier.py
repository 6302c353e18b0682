"""The classifier: the same results on every thread and in every batch."""

import hashlib
import json
import threading

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from support import hand
from webapp.config import ROOT
from webapp.recognition import (
    CHANNELS,
    LiteRTClassifier,
    ModelError,
    glyph_of_strokes,
    load_model,
    sorted_outputs,
)
from webapp.recognition.ink.glyph import AT_ONCE

MODELS = ROOT / "models"


@pytest.fixture(scope="module")
def classifier():
    """The shipped model."""
    return LiteRTClassifier(load_model(MODELS, "digits").content)


@pytest.fixture(scope="module")
def glyphs():
    """Ten hand-drawn digits."""
    return np.stack([glyph_of_strokes(hand.strokes(digit)) for digit in range(10)])


def varied_glyphs(count=300):
    """Return varied glyphs: digits, bent and stretched, thin and thick pens, noise, blanks."""
    rng = np.random.default_rng(5)
    glyphs = []
    for number in range(count):
        bend = np.eye(2) + rng.normal(0, 0.25, (2, 2))
        strokes = [stroke @ bend for stroke in hand.strokes(number % 10)]
        glyphs.append(glyph_of_strokes(strokes, pen=rng.uniform(1, 5)))
    glyphs[::20] = [rng.integers(0, 256, (28, 28, CHANNELS)) for _ in glyphs[::20]]
    glyphs[7] = np.zeros((28, 28, CHANNELS))
    return np.stack(glyphs).astype(np.uint8)


def test_it_works(classifier, glyphs):
    """Ten hand-drawn digits are read correctly, and each row of probabilities sums to 1."""
    probabilities = classifier.classify(glyphs).digits
    assert probabilities.shape == (10, 10)
    assert probabilities.dtype == np.float32
    assert probabilities.argmax(axis=1).tolist() == list(range(10))
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_batches_of_any_size_agree(classifier, glyphs):
    """The probabilities of a glyph do not depend on the rest of its batch."""
    together = classifier.classify(glyphs).digits
    for size in (1, 3, 7):
        alone = classifier.classify(glyphs[:size]).digits
        assert np.allclose(alone, together[:size], atol=1e-6)


def test_no_glyphs_no_probabilities(classifier):
    """An empty batch has an empty result, even as the first call."""
    nothing = np.zeros((0, 28, 28, CHANNELS), np.uint8)
    for asked in (classifier, LiteRTClassifier(load_model(MODELS, "digits").content)):
        outputs = asked.classify(nothing)
        assert outputs.digits.shape == (0, 10)
        assert outputs.is_digit is None or outputs.is_digit.shape == (0,)


def test_an_answer_outlives_the_next_call(classifier, glyphs):
    """A result is a copy, not the interpreter's own memory."""
    first = classifier.classify(glyphs[:1]).digits
    kept = first.copy()
    classifier.classify(glyphs[1:2])
    assert np.array_equal(first, kept)


def test_threads_do_not_disturb_each_other(classifier, glyphs):
    """Concurrent calls from many threads each get their own result."""
    wrong = []

    def ask(digit):
        for _ in range(50):
            if classifier.classify(glyphs[digit : digit + 1]).digits.argmax() != digit:
                wrong.append(digit)

    threads = [threading.Thread(target=ask, args=(digit,)) for digit in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_reserved_interpreters_are_used(glyphs, monkeypatch):
    """Reserved interpreters are reused, and no more are made without more concurrent calls."""
    made = []

    def interpreter(**options):
        made.append(options)
        return Interpreter(**options)

    monkeypatch.setattr("webapp.recognition.network.classifier.Interpreter", interpreter)
    classifier = LiteRTClassifier(load_model(MODELS, "digits").content)
    classifier.reserve(2)
    classifier.reserve(2)
    assert len(made) == 2
    for _ in range(3):
        classifier.classify(glyphs)
    assert len(made) == 2


def test_no_interpreter_before_the_first_call(monkeypatch, glyphs):
    """A new classifier makes no interpreter, because interpreters do not survive a fork."""
    made = []

    def interpreter(**options):
        made.append(threading.get_ident())
        raise RuntimeError("made")

    monkeypatch.setattr("webapp.recognition.network.classifier.Interpreter", interpreter)
    classifier = LiteRTClassifier(b"")
    assert made == []
    with pytest.raises(RuntimeError, match="made"):
        classifier.classify(glyphs)
    assert made == [threading.get_ident()]


@pytest.mark.parametrize(("channels", "judges"), [(1, False), (1, True), (5, True)])
def test_a_network_of_any_kind_is_served(monkeypatch, glyphs, channels, judges):
    """A network gets the channels that it reads, and its outputs may be in either order."""
    made = Made(channels, judges)
    monkeypatch.setattr("webapp.recognition.network.classifier.Interpreter", lambda **_: made)
    outputs = LiteRTClassifier(b"").classify(glyphs)
    assert made.given.shape == (10, 28, 28, channels)
    assert np.array_equal(made.given, glyphs[..., :channels] / np.float32(255))
    assert np.array_equal(outputs.digits, np.full((10, 10), 0.1, np.float32))
    if judges:
        assert np.array_equal(outputs.is_digit, np.full(10, 0.75, np.float32))
    else:
        assert outputs.is_digit is None


class Made:
    """Fake interpreter with the methods that the classifier calls. P(is a digit) comes first."""

    def __init__(self, channels, judges):
        self.given = np.zeros((1, 28, 28, channels), np.float32)
        self._widths = {7: 1, 9: 10} if judges else {9: 10}

    def get_input_details(self):
        """Return one input."""
        return [{"index": 3, "shape": np.array(self.given.shape)}]

    def get_output_details(self):
        """Return one output or two."""
        return [{"index": index} for index in self._widths]

    def resize_tensor_input(self, index, shape):
        """Accept a resize of the input's batch only."""
        assert (index, shape[1:]) == (3, self.given.shape[1:])
        self.given = np.zeros(shape, np.float32)

    def allocate_tensors(self):
        """Do nothing."""

    def set_tensor(self, index, tensor):
        """Check that the tensor has the allocated shape."""
        assert (index, tensor.shape, tensor.dtype) == (3, self.given.shape, np.float32)
        self.given = tensor

    def invoke(self):
        """Do nothing."""

    def get_tensor(self, index):
        """Return the same outputs for every glyph."""
        width = self._widths[index]
        return np.full((len(self.given), width), 0.1 if width == 10 else 0.75, np.float32)


def test_outputs_are_told_apart_by_their_shape():
    """Outputs are identified by their shape in any order, and converted to float32."""
    digits, is_digit = np.full((2, 10), 0.1), np.array([[0.25], [0.5]])
    for tensors in ([digits, is_digit], [is_digit, digits]):
        outputs = sorted_outputs(tensors)
        assert np.array_equal(outputs.digits, digits.astype(np.float32))
        assert outputs.is_digit.tolist() == [0.25, 0.5]
        assert outputs.digits.dtype == outputs.is_digit.dtype == np.float32
    assert sorted_outputs([digits]).is_digit is None


@pytest.mark.parametrize("name", ["digits", "ink", "pen"])
def test_parity_with_keras(name):
    """The served file and its Keras network agree to 1e-4 on varied glyphs."""
    from webapp.keras_backend import KerasClassifier

    glyphs = varied_glyphs()
    reference = KerasClassifier(MODELS / f"{name}.keras").classify(glyphs)
    served = LiteRTClassifier(load_model(MODELS, name).content).classify(glyphs)
    assert np.abs(served.digits - reference.digits).max() < 1e-4
    assert (served.is_digit is None) == (reference.is_digit is None)
    if served.is_digit is not None:
        assert np.abs(served.is_digit - reference.is_digit).max() < 1e-4
    # The glyphs vary enough: they cover all digits and uncertain cases.
    assert set(served.digits.argmax(axis=1).tolist()) == set(range(10))
    assert served.digits.max(axis=1).min() < 0.6


# ---- loading ----


def ship(folder, content=b"a model", sha256=None):
    """Write a model and its card."""
    digest = sha256 or hashlib.sha256(content).hexdigest()
    (folder / "tiny.tflite").write_bytes(content)
    (folder / "tiny.json").write_text(json.dumps({"files": {"tiny.tflite": {"sha256": digest}}}))


def test_the_version_is_the_start_of_the_hash(tmp_path):
    """A model that matches its card is loaded, and its version is the start of its SHA-256."""
    ship(tmp_path)
    model = load_model(tmp_path, "tiny")
    assert model.content == b"a model"
    assert model.version == hashlib.sha256(b"a model").hexdigest()[:12]


def test_it_rejects_an_altered_model(tmp_path):
    """A model with one changed byte is refused, and the error names both hashes."""
    ship(tmp_path)
    (tmp_path / "tiny.tflite").write_bytes(b"A model")
    with pytest.raises(ModelError, match="but its card says"):
        load_model(tmp_path, "tiny")


@pytest.mark.parametrize("missing", ["tiny.tflite", "tiny.json"])
def test_it_rejects_a_missing_file(tmp_path, missing):
    """The error names the missing file."""
    ship(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ModelError, match=f"{missing} cannot be read"):
        load_model(tmp_path, "tiny")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {}}', "not json", '{"files": null}'])
def test_it_rejects_what_is_no_card(tmp_path, text):
    """A card without the hash of the model's file is refused."""
    ship(tmp_path)
    (tmp_path / "tiny.json").write_text(text)
    with pytest.raises(ModelError, match="is not a model card"):
        load_model(tmp_path, "tiny")


def test_a_large_batch_goes_through_in_parts(classifier):
    """A batch above the limit of one call gives the same results as its glyphs alone."""
    many = varied_glyphs(AT_ONCE * 2 + 5)
    together = classifier.classify(many)
    assert together.digits.shape == (len(many), 10)
    for row in (0, AT_ONCE - 1, AT_ONCE, len(many) - 1):
        alone = classifier.classify(many[row : row + 1])
        assert np.allclose(together.digits[row], alone.digits[0], atol=1e-6)
