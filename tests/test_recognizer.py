"""The recogniser: drawings and pictures in, readings out."""

import cv2
import numpy as np
import pytest

from support import hand
from tests.fake import ROW, Says, Sees, Spells
from webapp.recognition import Box, Calibration, Limits, Recognizer
from webapp.recognition.recognizer import without_dust

LIMITS = Limits(pixels=1_000_000, side=2_000)


@pytest.fixture
def sure():
    """A recogniser without a model and without P(is a digit)."""
    return Recognizer(Says(), line_reader=Spells("1"), eyes=Sees())


def judged(is_digit, **constants):
    """Return the reading of one digit by a network with this P(is a digit)."""
    recognizer = Recognizer(Says(is_digit), calibration=Calibration(**constants))
    return recognizer.read_strokes(hand.strokes(1), expect="digit")


@pytest.mark.parametrize("digit", hand.EACH)
def test_it_works(engine, digit):
    """The shipped model reads hand-drawn strokes, and the same digit as a picture."""
    drawn = engine.recognizer.read_strokes(hand.strokes(digit))
    seen = engine.recognizer.read_image(hand.png(hand.picture(digit)), LIMITS)
    assert (drawn.text, seen.text) == (str(digit), str(digit))
    assert (drawn.status, seen.status) == ("ok", "ok")
    assert drawn.confidence > 0.8


@pytest.mark.parametrize("digit", range(10))
def test_light_on_dark_reads_the_same(engine, digit):
    """A negative is read like the picture."""
    negative = engine.recognizer.read_image(hand.png(255 - hand.picture(digit)), LIMITS)
    assert negative.text == str(digit)


@pytest.mark.parametrize("digit", range(10))
def test_a_28_pixel_picture_reads(engine, digit):
    """A picture as small as MNIST's own is read."""
    small = hand.picture(digit, 28, ink=255, paper=0, pen=2)
    assert engine.recognizer.read_image(hand.png(small), LIMITS).text == str(digit)


def test_nothing_drawn_is_empty(sure):
    """Without strokes, the reading is empty and has no digits."""
    reading = sure.read_strokes([])
    assert (reading.status, reading.text, reading.digits) == ("empty", "", ())
    assert reading.alternatives == ()


def test_a_blank_picture_is_empty(sure):
    """A blank picture gives an empty reading with the picture's size."""
    for expect in ("number", "digits", "digit"):
        reading = sure.read_image(hand.png(np.full((30, 50), 255, np.uint8)), LIMITS, expect=expect)
        assert reading.status == "empty"
        assert reading.surface == (50, 30)


def test_a_dot_is_ink(sure):
    """A single point is read."""
    reading = sure.read_strokes([np.array([[7.0, 9.0]])])
    assert reading.status == "ok"
    assert reading.digits[0].box == Box(7.0, 9.0, 0.0, 0.0)


def test_detail_that_no_pen_makes_is_dropped():
    """Differences far smaller than the drawing are rounded away, and the rest is unchanged."""
    plain = [np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[1.0, 1.0]])]
    assert without_dust(plain) is plain
    dusty = [np.array([[0.0, 0.0], [1e-30, 4.0]]), np.array([[3.0, 5e-324]])]
    clean = without_dust(dusty)
    assert [stroke.tolist() for stroke in clean] == [[[0, 0], [0, 4]], [[3, 0]]]
    point = without_dust([np.array([[7.0, 7.0], [7.0, 7.0]])])
    assert [stroke.tolist() for stroke in point] == [[[7, 7], [7, 7]]]


def test_the_reading_ranks_the_probabilities(sure):
    """The most probable digit is the text, and the next ones are the alternatives, in order."""
    reading = sure.read_strokes(hand.strokes(1), alternatives=3, expect="digit")
    assert (reading.text, reading.lines) == ("1", ("1",))
    assert reading.confidence == pytest.approx(0.5)
    assert [other.text for other in reading.alternatives] == ["7", "8", "6"]
    assert reading.digits[0].probabilities == pytest.approx(ROW)
    assert sum(reading.digits[0].probabilities) == pytest.approx(1, abs=1e-12)


def test_one_digit_is_one_line(sure):
    """The line of a single digit is as sure as the reading."""
    reading = sure.read_strokes(hand.strokes(4), expect="digit")
    assert reading.line_confidences == (reading.confidence,)
    assert reading.line_statuses == (reading.status,)


def test_a_reading_that_is_likely_enough_is_ok():
    """A reading just above both thresholds is `ok`."""
    reading = judged(0.8, not_a_number=0.79, unsure=0.39)
    assert (reading.status, reading.text, reading.lines) == ("ok", "1", ("1",))


def test_the_confidence_is_that_it_is_a_digit_and_this_one():
    """The confidences of text and alternatives include P(is a digit), unlike the digit's own."""
    reading = judged(0.8)
    assert reading.confidence == pytest.approx(0.8 * 0.5)
    assert reading.alternatives[0].confidence == pytest.approx(0.8 * 0.2)
    (digit,) = reading.digits
    assert (digit.confidence, digit.is_digit) == pytest.approx((0.5, 0.8))


def test_a_single_digit_may_be_none():
    """P(is a digit) can reject a single digit only, because others may be cut from touching ink."""
    constants = Calibration(not_a_number=0.5)
    for text, refused in (("7", True), ("78", False), ("7-", True)):
        recognizer = Recognizer(Says(0.2), line_reader=Spells(text), calibration=constants)
        reading = recognizer.read_strokes(hand.number("407"))
        assert (reading.status == "not_a_number") is refused


def test_a_reading_below_the_threshold_is_unsure():
    """A reading below the threshold is unsure, and has its text and alternatives."""
    reading = judged(0.8, unsure=0.41)
    assert (reading.status, reading.text, reading.lines) == ("unsure", "1", ("1",))
    assert reading.confidence == pytest.approx(0.4)
    assert [other.text for other in reading.alternatives] == ["7", "8", "6"]


def test_what_is_hardly_a_digit_is_not_a_number():
    """A drawing with a low P(is a digit) has no text, but digits and alternatives."""
    reading = judged(0.1, not_a_number=0.11, unsure=0.9)
    assert (reading.status, reading.text, reading.lines) == ("not_a_number", "", ())
    assert reading.confidence == pytest.approx(0.9)
    (digit,) = reading.digits
    assert (digit.digit, digit.is_digit) == (1, pytest.approx(0.1))
    assert [other.text for other in reading.alternatives] == ["1", "7", "8"]
    assert reading.alternatives[0].confidence == pytest.approx(0.1 * 0.5)


def test_without_that_output_nothing_is_refused(sure):
    """A model without P(is a digit) rejects nothing."""
    careful = Recognizer(
        Says(), line_reader=Spells("1"), calibration=Calibration(not_a_number=0.99)
    )
    for expect in ("number", "digits", "digit"):
        assert careful.read_strokes(hand.strokes(1), expect=expect).status == "ok"
        reading = sure.read_strokes(hand.strokes(1), expect=expect)
        assert reading.digits[0].is_digit is None


def test_the_calibration_changes_how_sure_but_not_what():
    """A temperature above 1 flattens the ten probabilities and keeps their order and sum."""
    plain, flat = judged(None), judged(None, temperature=2.0)
    assert flat.text == plain.text
    assert flat.confidence < plain.confidence
    assert [other.text for other in flat.alternatives] == ["7", "8", "6"]
    assert sum(flat.digits[0].probabilities) == pytest.approx(1, abs=1e-12)


def test_pictures_are_judged_as_drawings_are():
    """A picture of a non-digit is rejected too, and has its size."""
    careful = Recognizer(
        Says(0.1),
        line_reader=Spells("1"),
        eyes=Sees(),
        calibration=Calibration(not_a_number=0.5),
    )
    for expect in ("number", "digits", "digit"):
        reading = careful.read_image(hand.png(hand.picture(3)), LIMITS, expect=expect)
        assert (reading.status, reading.text) == ("not_a_number", "")
        assert reading.surface == (280, 280)


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (1, 1), (9, 9), (10, 9)])
def test_as_many_alternatives_as_there_are(sure, asked, given):
    """A digit has at most nine alternatives."""
    reading = sure.read_strokes(hand.strokes(1), alternatives=asked, expect="digit")
    assert len(reading.alternatives) == given


def test_all_ten_are_others_where_none_is_the_reading():
    """A rejected drawing has all ten digits as alternatives."""
    careful = Recognizer(Says(0.1), calibration=Calibration(not_a_number=0.5))
    for asked, given in ((0, 0), (1, 1), (10, 10)):
        reading = careful.read_strokes(hand.strokes(1), alternatives=asked, expect="digit")
        assert len(reading.alternatives) == given


def test_the_box_is_in_the_unit_of_the_drawing(sure):
    """A digit drawn in strokes has the box of its points, and the indices of its strokes."""
    strokes = [np.array([[1.0, 2.0], [5.0, 9.0]]), np.array([[-3.0, 4.0]])]
    (digit,) = sure.read_strokes(strokes, expect="digit").digits
    assert digit.box == Box(-3.0, 2.0, 8.0, 7.0)
    assert digit.strokes == (0, 1)


def test_the_box_is_in_pixels_of_the_picture(sure):
    """A digit in a picture has the box of its ink in pixels, even if the picture was reduced."""
    picture = np.full((1500, 1000), 255, np.uint8)
    picture[300:900, 450:600] = 0
    reading = sure.read_image(hand.png(picture), Limits(pixels=2_000_000, side=2_000))
    (digit,) = reading.digits
    box = (digit.box.x, digit.box.y, digit.box.width, digit.box.height)
    assert box == pytest.approx((450, 300, 150, 600), abs=3)
    assert digit.strokes is None
    assert reading.surface == (1000, 1500)


def test_glyphs_of_many_strokes_are_drawn_in_few_calls(monkeypatch):
    """Many strokes are drawn in few calls, because each releases the interpreter's lock."""
    calls = []
    polylines = cv2.polylines

    def counted(*arguments):
        calls.append(1)
        return polylines(*arguments)

    monkeypatch.setattr(cv2, "polylines", counted)
    scribbles = list(np.random.default_rng(0).random((500, 40, 2)))
    reader = Recognizer(Says(), line_reader=Spells("1" * 500))
    places = np.array([1.5, 0.0])
    reading = reader.read_strokes([s + place * places for place, s in enumerate(scribbles)])
    assert len(reading.digits) == 500
    assert 0 < len(calls) < 500


def test_the_stages_are_timed(sure):
    """Every stage has a time, and the times do not overlap."""
    timing = sure.read_strokes(hand.strokes(3)).timing
    assert timing.ink > 0
    assert timing.classify > 0
    assert timing.segment > 0


def test_numbers_need_a_line_reader():
    """Without a line reader, single digits are read, and numbers are an error."""
    alone = Recognizer(Says())
    assert alone.read_strokes(hand.strokes(1), expect="digit").text == "1"
    with pytest.raises(ValueError, match="needs a line reader"):
        alone.read_strokes(hand.strokes(1))
