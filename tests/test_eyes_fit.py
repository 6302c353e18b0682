"""A very small fit of the eyes, on ink drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.ink_files import files_in
from train.eyes.fit import EyesHyperparameters, dice_of, fit_eyes, views_of_round
from train.eyes.network import EyesShape, build_eyes
from train.eyes.views import View
from train.line.inks import Source
from webapp.recognition import eyes_input
from webapp.recognition.picture.eyes import BODY_STEP

TINY = EyesHyperparameters(
    rounds=2,
    fresh=48,
    reuse=1,
    batch_size=4,
    peak_learning_rate=0.01,
    warmup_rounds=0.5,
    averaging=0.5,
    side=64,
    shape=EyesShape((4, 6, 8)),
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Ink of two contributors."""
    return Source(files_in(tmp_path_factory.mktemp("inks")))


def test_it_works(source, tmp_path):
    """The losses fall, dev views are measured, and the fit resumes from its checkpoint."""
    dev = views_of_round(source, 4, 64, 9, 0)
    found = fit_eyes(source, TINY, tmp_path, dev)
    assert found.history["ink"][1] < found.history["ink"][0]
    assert found.history["body"][1] < found.history["body"][0]
    assert len(found.history["dev"]) == 2
    again = fit_eyes(source, TINY, tmp_path, dev)
    assert again.history == found.history
    for one, other in zip(found.network.get_weights(), again.network.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_a_round_is_known_by_its_seed_and_number(source):
    """The seed and the number of a round determine its views."""
    first = [view.picture for view in views_of_round(source, 2, 64, 1, 0)]
    for seed, number, same in ((1, 0, True), (1, 1, False), (2, 0, False)):
        other = [view.picture for view in views_of_round(source, 2, 64, seed, number)]
        assert all(map(np.array_equal, first, other)) == same


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_the_network_sees_any_size(size):
    """The network gives a logit per pixel, and one per 4 by 4 pixels, at any size."""
    network = build_eyes(EyesShape((4, 6, 8, 8, 8)))
    seen = network(np.zeros((1, *size, 3), np.float32))
    assert seen["ink"].shape == (1, *size, 1)
    assert seen["body"].shape == (1, size[0] // BODY_STEP, size[1] // BODY_STEP, 1)


def test_a_picture_is_standardised():
    """A picture is standardised at any brightness, but low contrast stays low."""
    rng = np.random.default_rng(0)
    picture = rng.integers(90, 190, (32, 32, 3)).astype(np.uint8)
    seen = eyes_input(picture)
    assert seen.shape == (1, 32, 32, 3)
    assert seen.dtype == np.float32
    assert abs(float(seen.mean())) < 1e-4
    assert float(seen.std()) == pytest.approx(1, abs=1e-3)
    flat = np.full((32, 32, 3), 200, np.uint8)
    flat[0, 0] = 202
    assert float(np.abs(eyes_input(flat)).max()) < 0.5


class Sees:
    """A network that outputs a given mask for every picture."""

    def __init__(self, mask):
        self._mask = mask

    def __call__(self, pictures, training):
        """Return large logits."""
        found = build_eyes(EyesShape((2, 2, 2)))(pictures)["ink"] * 0
        return {"ink": found + np.where(self._mask, 9.0, -9.0)[np.newaxis, ..., np.newaxis]}


def test_the_dice_coefficient_by_hand():
    """The Dice coefficient matches a calculation by hand. Nothing seen in nothing written is 1."""
    ink = np.zeros((64, 64), np.uint8)
    ink[:, :16] = 255
    view = View(np.zeros((64, 64, 3), np.uint8), ink, ink)
    half = np.zeros((64, 64), bool)
    half[:, 8:24] = True
    assert dice_of(Sees(ink > 0), [view]) == 1
    assert dice_of(Sees(half), [view]) == pytest.approx(0.5)
    nothing = replace(view, ink=np.zeros_like(ink))
    assert dice_of(Sees(ink * 0 > 0), [nothing]) == 1
    assert dice_of(Sees(ink > 0), [nothing]) == 0
