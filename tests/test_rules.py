"""The printed lines of the paper."""

import cv2
import numpy as np
import pytest

from tests import hand
from webapp.recognition.rules import find_rules


def sheet(pitch=40, size=400, angle=0.0, squared=False):
    """Lines across a picture, turned by some degrees: (size, size) bool."""
    lines = np.zeros((2 * size, 2 * size), np.uint8)
    for place in range(0, 2 * size, pitch):
        lines[place : place + 2] = 255
        if squared:
            lines[:, place : place + 2] = 255
    turn = cv2.getRotationMatrix2D((size, size), -angle, 1)
    turned = cv2.warpAffine(lines, turn, (2 * size, 2 * size))
    half = size // 2
    return turned[half : half + size, half : half + size] > 100


@pytest.mark.parametrize("angle", [0, -12, 12])
@pytest.mark.parametrize("squared", [False, True])
def test_it_works(angle, squared):
    """Lines are found, and how far they are turned."""
    marks = sheet(angle=angle, squared=squared)
    rules, tilt = find_rules(marks)
    assert (rules & marks).sum() > 0.85 * marks.sum()
    assert tilt == pytest.approx(angle, abs=1.5)


def test_strokes_are_left_alone():
    """A digit over the lines loses little of its ink."""
    digit = hand.picture(8, 400, ink=255, paper=0, pen=14) > 127
    rules, _ = find_rules(digit | sheet())
    assert (rules & digit).sum() < 0.2 * digit.sum()


@pytest.mark.parametrize("digit", [1, 2, 5, 7])
def test_a_digit_has_no_rules(digit):
    """Nor is the bar of a 7 one, however large."""
    marks = hand.picture(digit, 400, ink=255, paper=0, pen=5) > 127
    rules, tilt = find_rules(marks)
    assert not rules.any()
    assert tilt is None
