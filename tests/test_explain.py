"""Explanations: what the network sees of a digit."""

import base64

import cv2
import keras
import numpy as np
import pytest

from support import hand
from webapp.config import ROOT
from webapp.recognition import Layer, explain, glyph_of_strokes, network_input

SHAPES = {"conv1": [26, 26, 32], "conv2": [11, 11, 64], "conv3": [3, 3, 64]}


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
    assert list(answer.json) == ["glyph", "layers", "probabilities"]
    assert np.argmax(answer.json["probabilities"]) == 7
    shapes = {layer["name"]: layer["shape"] for layer in answer.json["layers"]}
    assert shapes == {"glyph": [28, 28, 5], **SHAPES}
    glyph = pixels(answer.json["glyph"])
    first = pixels(answer.json["layers"][0]["maps"])
    assert first.shape == (28, 5 * 28)
    np.testing.assert_array_equal(first[:, :28], glyph)
    assert pixels(answer.json["layers"][1]["maps"]).shape == (4 * 26, 8 * 26)


def test_index_chooses_the_digit(client):
    """`index` selects the digit of a number."""
    answers = [ask(client, hand.number("47"), index=index).json for index in (0, 1)]
    assert [int(np.argmax(a["probabilities"])) for a in answers] == [4, 7]
    assert answers[0]["glyph"] != answers[1]["glyph"]


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
    for layer, reference in zip(layers, wanted, strict=True):
        np.testing.assert_allclose(layer.maps, reference[0], atol=1e-4)


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
