"""Generated photos of hand-drawn digits."""

import cv2
import numpy as np
import pytest

from support import hand
from train.data.compose import side_by_side
from train.data.photos import SCENES, photo_of


def lines_of(*texts, seed=0):
    """Return strokes of lines as a photo takes them."""
    rng = np.random.default_rng(seed)
    return [side_by_side([hand.strokes(int(d)) for d in text], "apart", rng) for text in texts]


@pytest.mark.parametrize("kind", SCENES)
def test_it_works(kind):
    """Every kind of scene gives a colour picture with ink."""
    data = photo_of(lines_of("407"), kind, np.random.default_rng(1))
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert min(picture.shape[:2]) > 80
    assert picture.std() > 2


def test_the_same_seed_gives_the_same_bytes():
    """The same seed gives the same bytes, and another seed gives others."""
    one, same, other = (
        photo_of(lines_of("12"), "shadow", np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one == same != other
