"""Signs beside numbers."""

import math

import numpy as np
import pytest

from tests import hand
from webapp.recognition.segment import piece
from webapp.recognition.signs import percent_signs


def ring(x: float, y: float, size: float = 30.0) -> np.ndarray:
    """A small circle around a point."""
    angles = np.linspace(-math.pi / 2, 1.5 * math.pi, 20)
    return np.stack([x + size / 2 * np.cos(angles), y + size / 2 * np.sin(angles)], 1)


SLASH = np.linspace([60.0, 0.0], [0.0, 100.0], 20)
RINGS = ring(0, 20), ring(60, 80)
IN_TWO = np.concatenate([ring(20, 20), np.linspace([20.0, 5.0], [60.0, 2.0], 5), SLASH])
TWENTY = (2, 0)


def signs(*strokes):
    """Indices of the strokes of each."""
    return percent_signs([piece(n, points) for n, points in enumerate(strokes)])


def test_two_rings_and_a_slash():
    """In any order; however the slash was drawn."""
    assert signs(RINGS[0], SLASH, RINGS[1]) == [(0, 1, 2)]
    assert signs(SLASH[::-1], *RINGS) == [(0, 1, 2)]


def test_the_upper_ring_may_be_drawn_with_the_slash():
    """As most do who write it fast."""
    assert signs(IN_TWO, RINGS[1]) == [(0, 1)]


@pytest.mark.parametrize(
    "strokes",
    [
        (SLASH,),
        (SLASH, RINGS[1]),
        (SLASH, RINGS[0]),
        (IN_TWO,),
        (SLASH, ring(0, 20, 90), ring(60, 80, 90)),
        (SLASH * [0.02, 1], *RINGS),
        (SLASH, RINGS[0], np.linspace([60.0, 70.0], [55.0, 95.0], 5)),
        (IN_TWO, ring(110, 80)),
    ],
    ids=[
        *("a slash", "one ring", "one ring over it", "no lower one", "two large zeros"),
        *("an upright 1 between zeros", "a comma", "a small 0 after a 9"),
    ],
)
def test_what_is_none(strokes):
    """Digits and points that stand like one."""
    assert signs(*strokes) == []


def test_it_is_left_out_of_a_number(app):
    """And the number is as sure as without; alone it is none."""
    reader = app.extensions["stroke_engine"].recognizer
    number = [
        stroke * 100 + np.array([120.0 * place, 100.0])
        for place, digit in enumerate(TWENTY)
        for stroke in hand.strokes(digit, 1)
    ]
    sign = [stroke + np.array([300.0, 0.0]) for stroke in (RINGS[0], SLASH, RINGS[1])]
    with_sign = reader.read_strokes([*number, *sign])
    assert (with_sign.text, with_sign.status) == ("20", "ok")
    assert len(with_sign.ignored) == 3
    assert reader.read_strokes([*number]).confidence == pytest.approx(
        with_sign.confidence, abs=0.05
    )
    assert reader.read_strokes(sign).status == "not_a_number"
