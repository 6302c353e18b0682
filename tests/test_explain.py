"""Explanations: what the network sees of a digit, and the ink that speaks for it."""

import base64

import cv2
import keras
import msgspec
import numpy as np
import pytest

from support import hand
from tests.fake import Says
from webapp.api.answers import ExplainAnswer
from webapp.config import ROOT
from webapp.recognition import (
    MOST_EVIDENCE,
    Budget,
    BudgetError,
    Calibration,
    Layer,
    Outputs,
    evidence_map,
    explain,
    glyph_of_strokes,
    network_input,
)
from webapp.recognition.explain import PATCH

SHAPES = {"conv1": [26, 26, 32], "conv2": [11, 11, 64], "conv3": [3, 3, 64]}

SEVEN = glyph_of_strokes(hand.strokes(7))


class Looks:
    """A classifier that reads a 7 where one value of the glyph is above 0, and else not."""

    def __init__(self, *place, sure=0.9):
        """Take the row, the column and the map of the value, and P(7) where it is above 0."""
        self._place = place
        self._sure = sure
        self.batches = []
        """Number of glyphs of each call."""

    def classify(self, glyphs):
        """Return P(7), and the rest evenly for the other digits."""
        self.batches.append(len(glyphs))
        seven = np.where(glyphs[:, *self._place] > 0, self._sure, 1 - self._sure)[:, np.newaxis]
        return Outputs(np.where(np.arange(10) == 7, seven, (1 - seven) / 9), None)


def ask(client, strokes, **fields):
    """Send strokes to /api/v1/explain."""
    body = {"strokes": [{"x": s[:, 0].tolist(), "y": s[:, 1].tolist()} for s in strokes], **fields}
    return client.post("/api/v1/explain", json=body)


def pixels(uri):
    """Return the grey picture of a data: URI."""
    content = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


def test_it_explains_a_drawn_digit(client):
    """The answer has the glyph, the input, three convolutions and ten probabilities."""
    answer = ask(client, hand.strokes(7))
    assert answer.status_code == 200
    assert list(answer.json) == ["digit", "glyph", "layers", "probabilities", "evidence"]
    assert answer.json["digit"] == 7
    assert np.argmax(answer.json["probabilities"]) == 7
    shapes = {layer["name"]: layer["shape"] for layer in answer.json["layers"]}
    assert shapes == {"glyph": [28, 28, 5], **SHAPES}
    glyph = pixels(answer.json["glyph"])
    first = pixels(answer.json["layers"][0]["maps"])
    assert first.shape == (28, 5 * 28)
    np.testing.assert_array_equal(first[:, :28], glyph)
    assert pixels(answer.json["layers"][1]["maps"]).shape == (4 * 26, 8 * 26)


def test_the_answer_is_of_its_type(client):
    """The evidence has the shape and the range of the schema: some for the digit, none off ink."""
    answer = ask(client, hand.strokes(7))
    msgspec.convert(answer.json, ExplainAnswer)
    evidence = np.array(answer.json["evidence"])
    assert evidence.shape == (28, 28)
    assert evidence.max() > 0
    assert not evidence[pixels(answer.json["glyph"]) == 0].any()


def test_index_chooses_the_digit(client):
    """`index` selects the digit of a number."""
    answers = [ask(client, hand.number("47"), index=index).json for index in (0, 1)]
    assert [int(np.argmax(a["probabilities"])) for a in answers] == [4, 7]
    assert answers[0]["glyph"] != answers[1]["glyph"]
    assert answers[0]["evidence"] != answers[1]["evidence"]


def test_it_explains_a_picture(client):
    """A picture is explained with the index in the query."""
    answer = client.post(
        "/api/v1/explain?index=0", data=hand.png(hand.picture(3)), content_type="image/png"
    )
    assert answer.status_code == 200
    assert answer.json["layers"][0]["shape"] == [28, 28, 1]
    assert np.argmax(answer.json["probabilities"]) == 3


@pytest.mark.parametrize("strokes", [hand.strokes(7), []], ids=["digit", "nothing"])
def test_it_rejects_a_digit_that_is_not_there(client, strokes):
    """An index without a digit gets 422, and the pointer names the index."""
    answer = ask(client, strokes, index=1)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/index"


def test_it_rejects_a_negative_index(client):
    """A negative index gets 422, and the detail has the bound."""
    answer = ask(client, hand.strokes(7), index=-1)
    assert answer.status_code == 422
    assert ">= 0" in answer.json["detail"]


@pytest.mark.parametrize("name", ["engine", "stroke_engine"])
def test_the_maps_are_those_of_the_reference(app, name):
    """The maps equal those of the Keras network."""
    model = app.extensions[name].model
    glyph = glyph_of_strokes(hand.strokes(4))
    network = keras.saving.load_model(ROOT / f"models/{model.name}.keras", compile=False)
    named = [layer for layer in network.layers if layer.name.startswith("conv")]
    layers = explain(model.content, glyph)[1:]
    assert [layer.name for layer in layers] == [layer.name for layer in named]
    inner = keras.Model(network.inputs, [layer.output for layer in named])
    wanted = inner([network_input(glyph[np.newaxis], network.input_shape[-1])])
    for layer, reference, source in zip(layers, wanted, named, strict=True):
        np.testing.assert_allclose(layer.maps, reference[0], atol=1e-4)
        assert layer.parameters == source.count_params()


def test_a_picture_of_maps_has_them_row_by_row():
    """A picture of maps has eight per row, with brightness relative to the highest value of all."""
    maps = np.zeros((2, 3, 10), np.float32)
    maps[..., 1] = 2
    maps[..., 9] = 1
    maps[..., 3] = -1
    picture = Layer("conv1", maps).picture()
    assert picture.shape == (4, 24)
    assert (picture[:2, 3:6] == 255).all()
    assert (picture[2:, 3:6] == 128).all()
    assert picture.sum() == 6 * 255 + 6 * 128


def test_maps_without_any_light_are_black():
    """Maps of zeros give a black picture."""
    assert not Layer("conv1", np.zeros((2, 2, 1), np.float32)).picture().any()


def test_the_evidence_is_where_the_classifier_looks():
    """The evidence is highest at the pixel that decides, and 0 where no patch reaches it."""
    row, column = map(int, np.argwhere(SEVEN[..., 0] > 0)[40])
    network = Looks(row, column, 0)
    evidence = evidence_map(network, Calibration(), SEVEN, 7)
    places = np.argwhere(evidence == evidence.max())
    np.testing.assert_array_equal(places, [[row, column]])
    assert evidence.max() == pytest.approx(2 * np.log(9))
    far = np.abs(np.indices((28, 28)) - [[[row]], [[column]]]).max(axis=0) >= PATCH
    assert not evidence[far].any()
    assert len(network.batches) == 1


def test_ink_may_speak_against_a_digit():
    """The evidence is below 0 where the digit is likelier without the ink."""
    row, column = map(int, np.argwhere(SEVEN[..., 0] > 0)[40])
    evidence = evidence_map(Looks(row, column, 0), Calibration(), SEVEN, 3)
    assert evidence.min() == evidence[row, column] < 0
    assert evidence.max() == 0


def test_a_patch_is_erased_from_all_maps():
    """A classifier that looks at the pen's direction alone has evidence too."""
    row, column = map(int, np.argwhere(SEVEN[..., 1] > 0)[9])
    evidence = evidence_map(Looks(row, column, 1), Calibration(), SEVEN, 7)
    assert evidence.max() == evidence[row, column] > 0


def test_without_a_look_at_the_ink_there_is_no_evidence():
    """A classifier that ignores the ink gives zeros."""
    assert not evidence_map(Says(), Calibration(), SEVEN, 1).any()


def test_nothing_is_erased_where_there_is_no_ink():
    """A patch without ink is not in the batch; a glyph without ink has no evidence."""
    network = Looks(14, 14, 0)
    dot = np.zeros((28, 28, 5), np.uint8)
    assert not evidence_map(network, Calibration(), dot, 7).any()
    dot[14, 14] = 255
    evidence_map(network, Calibration(), dot, 7)
    assert network.batches == [1, 1 + PATCH**2]


def test_the_evidence_is_bounded():
    """A classifier that is entirely sure, and then entirely unsure, reaches the bound."""
    row, column = map(int, np.argwhere(SEVEN[..., 0] > 0)[40])
    evidence = evidence_map(Looks(row, column, 0, sure=1.0), Calibration(), SEVEN, 7)
    assert np.isfinite(evidence).all()
    assert evidence.max() == pytest.approx(MOST_EVIDENCE, rel=0.05)
    assert evidence.max() <= MOST_EVIDENCE


def test_the_patches_are_charged_to_the_budget():
    """Each erased patch counts as a group, before the network is asked."""
    network = Looks(14, 14, 0)
    with pytest.raises(BudgetError, match="groups"):
        evidence_map(network, Calibration(), SEVEN, 7, Budget(groups=100))
    assert network.batches == []
