"""The recogniser: drawings and pictures in, readings out."""

import numpy as np
import pytest

from tests import hand
from webapp.recognition import Box, Limits, Recognizer

LIMITS = Limits(pixels=1_000_000, side=2_000)


class Sure:
    """A classifier that always gives the same probabilities."""

    ROW = (0.02, 0.5, 0.01, 0.03, 0.04, 0.05, 0.06, 0.2, 0.07, 0.02)

    def probabilities(self, glyphs):
        """The same row for each."""
        return np.tile(np.float32(self.ROW), (len(glyphs), 1))


@pytest.fixture
def sure():
    """A recogniser that needs no model."""
    return Recognizer(Sure())


@pytest.mark.parametrize("digit", range(10))
def test_it_works(engine, digit):
    """The shipped model reads our strokes and the same digit as a picture."""
    drawn = engine.recognizer.read_strokes(hand.strokes(digit))
    seen = engine.recognizer.read_image(hand.png(hand.picture(digit)), LIMITS)
    assert (drawn.text, seen.text) == (str(digit), str(digit))
    assert (drawn.status, seen.status) == ("ok", "ok")
    assert drawn.confidence > 0.8


@pytest.mark.parametrize("digit", range(10))
def test_light_on_dark_reads_the_same(engine, digit):
    """A negative is read as the picture is."""
    negative = engine.recognizer.read_image(hand.png(255 - hand.picture(digit)), LIMITS)
    assert negative.text == str(digit)


@pytest.mark.parametrize("digit", range(10))
def test_a_28_pixel_picture_reads(engine, digit):
    """A picture as small as MNIST's own is enough."""
    small = hand.picture(digit, 28, ink=255, paper=0, pen=2)
    assert engine.recognizer.read_image(hand.png(small), LIMITS).text == str(digit)


def test_nothing_drawn_is_empty(sure):
    """No strokes: no digit, no guess."""
    reading = sure.read_strokes([])
    assert (reading.status, reading.text, reading.digits) == ("empty", "", ())
    assert reading.alternatives == ()


def test_a_blank_picture_is_empty(sure):
    """White paper: no digit, and still the picture's size."""
    reading = sure.read_image(hand.png(np.full((30, 50), 255, np.uint8)), LIMITS)
    assert reading.status == "empty"
    assert reading.surface == (50, 30)


def test_a_dot_is_ink(sure):
    """One point is read, not passed over."""
    reading = sure.read_strokes([np.array([[7.0, 9.0]])])
    assert reading.status == "ok"
    assert reading.digits[0].box == Box(7.0, 9.0, 0.0, 0.0)


def test_the_reading_ranks_the_probabilities(sure):
    """The likeliest is the text, the next ones are the alternatives, in order."""
    reading = sure.read_strokes(hand.strokes(1), alternatives=3)
    assert (reading.text, reading.lines) == ("1", ("1",))
    assert reading.confidence == pytest.approx(0.5)
    assert [other.text for other in reading.alternatives] == ["7", "8", "6"]
    assert reading.digits[0].probabilities == pytest.approx(Sure.ROW)
    assert sum(reading.digits[0].probabilities) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (1, 1), (9, 9), (10, 9)])
def test_as_many_alternatives_as_there_are(sure, asked, given):
    """Ten digits leave nine others."""
    assert len(sure.read_strokes(hand.strokes(1), alternatives=asked).alternatives) == given


def test_the_box_is_in_the_unit_of_the_drawing(sure):
    """Strokes: the box of the points, and which strokes they are."""
    strokes = [np.array([[1.0, 2.0], [5.0, 9.0]]), np.array([[-3.0, 4.0]])]
    (digit,) = sure.read_strokes(strokes).digits
    assert digit.box == Box(-3.0, 2.0, 8.0, 7.0)
    assert digit.strokes == (0, 1)


def test_the_box_is_in_pixels_of_the_picture(sure):
    """Pictures: the box of the ink, also where the picture was reduced first."""
    picture = np.full((1500, 1000), 255, np.uint8)
    picture[300:900, 450:600] = 0
    reading = sure.read_image(hand.png(picture), Limits(pixels=2_000_000, side=2_000))
    (digit,) = reading.digits
    box = (digit.box.x, digit.box.y, digit.box.width, digit.box.height)
    assert box == pytest.approx((450, 300, 150, 600), abs=3)
    assert digit.strokes is None
    assert reading.surface == (1000, 1500)


def test_the_stages_are_timed(sure):
    """Every stage that ran took some time."""
    timing = sure.read_strokes(hand.strokes(3)).timing
    assert timing.ink > 0
    assert timing.classify > 0
