"""Whole numbers from strokes, read by the shipped stroke model."""

import numpy as np
import pytest

from support import hand


@pytest.fixture(scope="module")
def reader(app):
    """What reads strokes."""
    return app.extensions["stroke_engine"].recognizer


@pytest.mark.parametrize(
    "lines",
    [("407",), ("0123456789",), ("55",), ("1987", "65"), ("8", "1")],
)
def test_it_works(reader, lines):
    """Digits in one line or more are read line by line, from left to right."""
    reading = reader.read_strokes(hand.number(*lines))
    assert (reading.lines, reading.status) == (lines, "ok")
    assert reading.text == "\n".join(lines)
    assert [digit.line for digit in reading.digits] == [
        number for number, line in enumerate(lines) for _ in line
    ]


@pytest.mark.parametrize("gap", [0.3, 1, 5])
def test_a_small_number_under_a_large_one_is_a_line(reader, gap):
    """A small number under a large one is a line of its own, however near."""
    large, small = [200 * s / 100 for s in hand.number("1987")], hand.number("42")
    low = max(float(stroke[:, 1].max()) for stroke in large) + 200 * gap
    reading = reader.read_strokes([*large, *(0.3 * s + np.array([0, low]) for s in small)])
    assert reading.lines == ("1987", "42")
    assert all(len(digit.strokes) <= 2 for digit in reading.digits)


def test_the_bar_of_a_fraction_is_no_part_of_a_digit(reader):
    """The bar of a fraction is ignored, and the reading is unsure."""
    above, below = hand.number("3"), [s + np.array([0, 150]) for s in hand.number("4")]
    bar = np.array([[-30.0, 120], [110, 120]])
    reading = reader.read_strokes([*above, bar, *below])
    assert (reading.lines, reading.status) == (("3", "4"), "unsure")
    assert len(reading.ignored) == 1


@pytest.mark.parametrize("lines", ["74", "30", "50", "20", "14", "10"])
def test_two_lines_of_one_digit_are_not_one_digit(reader, lines):
    """Two digits, one above the other, are two lines, even where both together look like one."""
    reading = reader.read_strokes(hand.number(*lines))
    assert reading.lines == tuple(lines)


def test_a_digit_in_two_parts_is_one_digit(reader):
    """An 8 of two rings that hardly touch is one digit."""
    turn = np.linspace(0, 2 * np.pi, 40)
    ring = np.stack([np.sin(turn), -np.cos(turn)], 1)
    reading = reader.read_strokes([30 * ring + (50, 40), 35 * ring + (50, 107)])
    assert (reading.lines, reading.status) == (("8",), "ok")


def test_each_digit_knows_its_strokes(reader):
    """Each digit has the indices of its strokes, also of late ones, and a box in drawing units."""
    first, second, zero, seven = hand.number("407")
    reading = reader.read_strokes([first, zero, seven, second])
    assert reading.text == "407"
    assert [digit.strokes for digit in reading.digits] == [(0, 3), (1,), (2,)]
    four = np.concatenate([first, second])
    box = reading.digits[0].box
    assert (box.x, box.y) == tuple(four.min(axis=0))
    assert (box.width, box.height) == pytest.approx(tuple(np.ptp(four, axis=0)))


@pytest.mark.parametrize("digit", hand.EACH)
def test_one_digit_is_read_as_before(reader, digit):
    """One digit is read the same with every value of `expect`."""
    strokes = hand.strokes(digit)
    number, alone = reader.read_strokes(strokes), reader.read_strokes(strokes, expect="digit")
    assert (number.text, number.status) == (alone.text, alone.status) == (str(digit), "ok")
    assert number.digits[0].strokes == alone.digits[0].strokes == tuple(range(len(strokes)))


@pytest.mark.parametrize("gap", [-10, 2, 10, 20])
def test_the_strokes_of_a_4_need_not_meet(reader, gap):
    """An L and a separate stem are read as a 4."""
    corner = np.array([[20.0, 0], [0, 62], [50, 60]])
    stem = np.array([[50.0 + gap, 8], [50 + gap, 100]])
    assert reader.read_strokes([corner, stem]).text == "4"


@pytest.mark.parametrize("reach", [-10, -4, 0, 4])
def test_a_1_that_touches_a_6_is_a_digit_of_its_own(reader, reach):
    """A 1 that touches a 6, or crosses its edge a little, is read as a digit."""
    six = hand.strokes(6, 100)
    edge = min(float(stroke[:, 0].min()) for stroke in six) + reach
    assert reader.read_strokes([np.array([[edge, 5], [edge, 100]]), *six]).text == "16"


def test_a_slash_through_a_0_is_no_1(reader):
    """A slash through a 0 is not read as a 1."""
    turn = np.linspace(0, 2 * np.pi, 40)
    ring = np.stack([30 - 22 * np.sin(turn), 50 - 45 * np.cos(turn)], 1)
    for lean in (15, 25, 35):
        slash = np.array([[30.0 + lean, -5], [30 - lean, 105]])
        assert reader.read_strokes([ring, slash]).text == "0"


def test_one_digit_is_what_was_asked_for(reader):
    """With `digit`, two digits are read as one glyph."""
    assert len(reader.read_strokes(hand.number("12"), expect="digit").digits) == 1


def test_size_and_unit_do_not_matter(reader):
    """Tiny, huge and shifted drawings are read the same."""
    strokes = hand.number("360")
    for scale, shift in ((1e-3, 0), (1e3, -5e5)):
        assert reader.read_strokes([s * scale + shift for s in strokes]).text == "360"


def test_alternatives_are_other_texts(reader):
    """The alternatives are other texts than the reading, sorted, as many as requested."""
    reading = reader.read_strokes(hand.number("407"), alternatives=5)
    texts = [other.text for other in reading.alternatives]
    shares = [other.confidence for other in reading.alternatives]
    assert len(set(texts)) == 5
    assert reading.text not in texts
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) + reading.confidence <= 1 + 1e-9


@pytest.mark.parametrize("size", [5e-324, 1e-323, 5e-323, 1e-310, 1e-160, 1e-140])
def test_ink_of_next_to_no_size_is_a_point(reader, size):
    """Ink of almost no size is treated as a point, without a division by zero."""
    strokes = [np.array([[0, 0], [size, size]]), np.array([[0, 0], [0, size]])]
    assert reader.read_strokes(strokes).status in ("not_a_number", "unsure")


def test_digits_that_touch_are_sure(reader):
    """Digits with ink that meets or crosses a little are `ok`."""
    one, six = hand.strokes(1, 100), hand.strokes(6, 100)
    edge = min(float(s[:, 0].min()) for s in six)
    end = max(float(s[:, 0].max()) for s in one)
    touching = reader.read_strokes([*[s + np.array([edge - end + 2, 0]) for s in one], *six])
    assert (touching.text, touching.status) == ("16", "ok")


WALKS = [np.cumsum(np.random.default_rng(i).normal(0, 1, (40, 2)), 0) for i in range(500)]


@pytest.mark.parametrize(
    "strokes",
    [
        [s + np.array([6 * (i % 50), 10 * (i // 50)]) for i, s in enumerate(WALKS)],
        [np.array([[0.0, 30 * i], [20.0, 30 * i + 18]]) for i in range(500)],
        [
            np.array([[0.0, 0.0], [0.0, 1000.0]]),
            *(np.array([[10 + 3.0 * i, 500], [10.5 + 3 * i, 500.5]]) for i in range(499)),
        ],
    ],
    ids=["tangled", "stacked", "dots"],
)
def test_five_hundred_strokes_end(reader, strokes):
    """The largest drawing gets an answer, whatever its shape."""
    assert reader.read_strokes(strokes).status != "empty"
