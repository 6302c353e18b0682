"""Transcription: from lines of ink to symbols with their ink, with fake networks."""

import dataclasses
import math
from collections import Counter

import numpy as np
import pytest

from tests.fake import BY_IS_DIGIT, THRESHOLDS, Says, Spells
from webapp.forms import Pattern, Wanted
from webapp.recognition import (
    Budget,
    BudgetError,
    Columns,
    Confidence,
    GoneError,
    LanguageModel,
    Recognizer,
)
from webapp.recognition.ink.pieces import PictureInk, StrokeInk, pieces_of
from webapp.recognition.ink.strip import MARGIN, ROWS, STRIP_CHANNELS, boxes_of, frame_in, frame_of
from webapp.recognition.network.bounds import MISUSED, trust
from webapp.recognition.network.language_model import ngrams_of
from webapp.recognition.network.line_reader import COLUMN
from webapp.recognition.symbols import BLANK, CLASSES, OTHER, SYMBOLS
from webapp.recognition.transcribe import Tools, transcribe
from webapp.recognition.transcript import BEAM

EVEN = np.full(10, 0.1)
"""Equal probabilities of the ten digits."""


class Shows:
    """A line reader that sees the same symbols in every strip.

    Each symbol is a class, or several with probabilities, and the start and end of its ink, as
    shares of the ink's width.
    """

    def __init__(self, *symbols: tuple[str | dict[str, float], float, float]) -> None:
        self._symbols = symbols

    def read(self, strip, budget=None) -> Columns:
        """Return blank columns, except for one in the middle of each symbol."""
        width = strip.shape[1]
        count = (width + COLUMN - 1) // COLUMN
        shares = np.full((count, CLASSES), 1e-9)
        shares[:, BLANK] = 1
        extents = np.zeros((count, 2))
        for said, begin, end in self._symbols:
            chances = {said: 1.0} if isinstance(said, str) else said
            edges = MARGIN + np.array([begin, end]) * (width - 2 * MARGIN)
            column = round(edges.mean() / COLUMN)
            shares[column, BLANK] = 1e-9
            for char, chance in chances.items():
                shares[column, SYMBOLS.find(char) if char in SYMBOLS else OTHER] = chance
            extents[column] = edges
        shares /= shares.sum(axis=1, keepdims=True)
        return Columns(np.log(shares).astype(np.float32), extents.astype(np.float32))


class Guesses:
    """A line reader with random outputs, the same for the same strip."""

    def __init__(self, seed: int, sharpness: float = 4.0) -> None:
        self._seed, self._sharpness = seed, sharpness

    def read(self, strip, budget=None) -> Columns:
        """Return the log softmax of noise, mostly blank."""
        count = (strip.shape[1] + COLUMN - 1) // COLUMN
        rng = np.random.default_rng([self._seed, int(strip.sum())])
        logits = rng.normal(0, self._sharpness, (count, CLASSES))
        logits[:, BLANK] += 3 * self._sharpness
        logits -= np.logaddexp.reduce(logits, axis=1, keepdims=True)
        middles = np.arange(count)[:, np.newaxis] * COLUMN
        extents = middles + np.sort(rng.normal(0, 15, (count, 2)), axis=1)
        return Columns(logits.astype(np.float32), extents.astype(np.float32))


class Judges:
    """A network of single digits with fixed outputs, or with a function of the ink."""

    def __init__(self, probabilities=EVEN, is_digit=1.0) -> None:
        self._probabilities, self._is_digit = probabilities, is_digit
        self.groups: list[list[np.ndarray]] = []
        """The groups of ink it was called with."""

    def __call__(self, groups):
        """Return empty glyphs, probabilities, and P(is a digit)."""
        self.groups += groups
        glyphs = [np.zeros((28, 28, 5), np.uint8) for _ in groups]
        said = [self._is_digit(g) if callable(self._is_digit) else self._is_digit for g in groups]
        is_digit = None if None in said else np.array(said)
        return glyphs, np.tile(self._probabilities, (len(groups), 1)), is_digit


def zigzag(begin, end, top=0.0, bottom=100.0):
    """Return a stroke as high as the line, from one x to another."""
    return np.array([[begin, top], [(begin + end) / 2, bottom], [end, top], [end, bottom]])


def row(count, top=0.0, left=0.0):
    """Return strokes side by side, 100 apart."""
    return [
        zigzag(left + 100 * n, left + 100 * n + 80 + 20 * (n + 1 == count), top, top + 100)
        for n in range(count)
    ]


def read(strokes, reader, judge=None, weight=0.3, other_cost=0.0, texts=None, **bounds):
    """Return the transcript of strokes. `bounds` may have a budget, and what is wanted."""
    constants = Confidence(second_opinion=weight, other_cost=other_cost, language_model=1.0)
    model = LanguageModel(texts or {})
    budget, wanted = bounds.get("budget"), bounds.get("wanted")
    tools = Tools(reader, judge or Judges(), constants, budget or Budget(), model, wanted)
    return transcribe(StrokeInk(strokes), tools)


def low(symbol):
    """Return left and top of a symbol's ink."""
    return np.concatenate(symbol.points).min(axis=0)


def high(symbol):
    """Return right and bottom of a symbol's ink."""
    return np.concatenate(symbol.points).max(axis=0)


def text_of(transcript):
    """Return the best reading, its lines joined."""
    return "\n".join(transcript.readings[0][0])


def spelt(symbols):
    """Return the lines that symbols spell, each at its index."""
    lines = {}
    for symbol in symbols:
        lines.setdefault(symbol.line, {})[symbol.index] = symbol.char
    return tuple("".join(line[i] for i in range(len(line))) for _, line in sorted(lines.items()))


# ---- assignment of ink ----


def test_it_works():
    """Three strokes and three symbols: each symbol has its stroke, place and confidence."""
    found = read(row(3), Spells("4-7", others={"9": 0.001}))
    assert found.readings[0][0] == ("4-7",)
    assert found.readings[0][1] == pytest.approx(0.999**3, abs=1e-5)
    assert [(s.char, s.line, s.index, s.pieces) for s in found.symbols] == [
        ("4", 0, 0, (0,)),
        ("-", 0, 1, (1,)),
        ("7", 0, 2, (2,)),
    ]
    assert [s.opinion is None for s in found.symbols] == [False, True, False]
    assert all(s.confidence == pytest.approx(0.999, abs=1e-3) for s in found.symbols)
    assert (found.ignored, found.limit) == ((), None)
    assert found.evidence.symbols == 3
    assert found.evidence.left_out == 0
    assert found.quality == pytest.approx(0.999, abs=1e-3)


def test_ink_goes_to_the_symbol_whose_extent_is_like_it():
    """Ink goes to the symbol with the most similar extent, in any order of drawing."""
    first, second, third = row(3)
    found = read([third, first, second, np.array([[10.0, 50.0], [70.0, 50.0]])], Spells("471"))
    assert [s.pieces for s in found.symbols] == [(1, 3), (2,), (0,)]
    assert all(len(s.points) == len(s.pieces) for s in found.symbols)


def test_a_symbol_has_the_box_of_its_ink():
    """A symbol's box contains all its strokes."""
    found = read([*row(2), np.array([[110.0, -5.0], [150.0, 40.0]])], Spells("47"))
    assert (low(found.symbols[1]).tolist(), high(found.symbols[1]).tolist()) == (
        [100, -5],
        [200, 100],
    )


def test_a_stroke_through_two_digits_is_divided():
    """A stroke through two digits is divided at the border, and other strokes stay whole."""
    joined = np.concatenate([zigzag(0, 80), zigzag(100, 180)])
    found = read([joined, zigzag(200, 300)], Spells("123"))
    one, two, three = found.symbols
    assert [s.pieces for s in found.symbols] == [(0,), (0,), (1,)]
    assert high(one)[0] <= 105
    assert low(two)[0] >= 85
    assert (low(one)[0], high(two)[0]) == (0, 180)
    assert np.array_equal(three.points[0], zigzag(200, 300))
    assert found.evidence.left_out == 0


def test_a_component_through_two_digits_is_divided():
    """Each pixel of a component through two digits goes to one of them."""
    ink = np.zeros((60, 120), np.uint8)
    ink[10:50, 10:14] = ink[10:50, 106:110] = ink[28:32, 10:110] = 255
    (piece,) = pieces_of(ink)
    tools = Tools(Spells("12"), Judges(), Confidence(), Budget())
    found = transcribe(PictureInk(ink, [piece]), tools)
    assert [s.pieces for s in found.symbols] == [(0,), (0,)]
    one, two = (s.points[0] for s in found.symbols)
    assert len(one) + len(two) == len(piece)
    assert one[:, 0].max() < two[:, 0].min()


def test_a_stroke_that_reaches_a_little_over_is_not_divided():
    """A digit keeps a tail that reaches under its neighbour, and the misfit is evidence."""
    tail = np.concatenate([zigzag(0, 80), [[125.0, 100.0]]])
    found = read([tail, zigzag(100, 200)], Spells("12"))
    assert [s.pieces for s in found.symbols] == [(0,), (1,)]
    assert np.array_equal(found.symbols[0].points[0], tail)
    plain = read(row(2), Spells("12"))
    assert plain.evidence.misfit == 0
    assert found.evidence.misfit == pytest.approx(0.25, abs=0.05)


def test_ink_that_no_symbol_holds_is_ignored():
    """Ink outside all symbols is ignored, and its share of the ink is evidence."""
    reader = Shows(("1", 0, 0.2), ("2", 0.8, 1))
    speck = np.array([[240.0, 50.0], [250.0, 50.0], [260.0, 50.0]])
    found = read([zigzag(0, 100), speck, zigzag(400, 500)], reader)
    assert found.readings[0][0] == ("12",)
    assert [s.pieces for s in found.symbols] == [(0,), (2,)]
    assert [len(points) for points in found.ignored] == [1]
    assert np.array_equal(found.ignored[0][0], speck)
    way = sum(StrokeInk([]).amount(s) for s in (zigzag(0, 100), zigzag(400, 500)))
    assert found.evidence.left_out == pytest.approx(20 / (20 + way))


def test_other_ink_is_ignored():
    """Other ink is ignored, and has no index in the text."""
    found = read(row(5), Spells("1?2?3"))
    assert found.readings[0][0] == ("123",)
    places = [("1", 0, (0,)), ("2", 1, (2,)), ("3", 2, (4,))]
    assert [(s.char, s.index, s.pieces) for s in found.symbols] == places
    assert [points[0][0, 0] for points in found.ignored] == [100, 300]
    assert found.evidence.symbols == 3
    assert 0.3 < found.evidence.left_out < 0.5


def test_a_line_of_mostly_other_ink_is_no_line():
    """A line with mostly other ink, such as a word, is ignored, and the line below is read."""
    found = read([*row(4), *row(2, top=300.0)], Spells("1???", "23"))
    assert found.readings[0][0] == ("23",)
    assert len(found.ignored) == 4
    assert 0.5 < found.evidence.left_out < 0.8
    assert found.no_number < 0.01
    assert read(row(4), Spells("1???")).no_number > 0.7


def test_many_lines_without_a_digit_are_no_number():
    """P(no number) is that of the least certain line, for any number of lines."""
    reader = Spells("?", others={"1": 0.02})
    strokes = [stroke for line in range(12) for stroke in row(1, top=200.0 * line)]
    one, many = read(row(1), reader), read(strokes, reader)
    assert one.symbols == many.symbols == ()
    assert 0.5 < one.no_number < 0.99
    assert many.no_number == pytest.approx(one.no_number)


def test_a_line_without_symbols_is_all_ignored():
    """A line without symbols is ignored as a whole."""
    for reader in (Spells(""), Spells("??")):
        found = read(row(2), reader)
        assert found.symbols == ()
        assert found.readings[0] == ((), pytest.approx(1.0, abs=1e-5))
        assert found.no_number == pytest.approx(1.0, abs=1e-5)
        assert sorted(len(points) for points in found.ignored) == [1, 1]
        assert (found.evidence.left_out, found.evidence.is_digit, found.quality) == (1, 0, 0)


def test_a_symbol_without_ink_of_its_own_has_its_neighbours():
    """A symbol without ink of its own shares a neighbour's, and no ink is lost."""
    found = read([zigzag(0, 100), zigzag(200, 300)], Spells("123"))
    assert [s.pieces for s in found.symbols][::2] == [(0,), (1,)]
    assert found.symbols[1].pieces in ((0,), (1,))
    assert found.ignored == ()


def test_a_point_that_is_nothing_is_left_out():
    """An ignored point is all of the ink, although its length is zero."""
    found = read([np.array([[7.0, 9.0]])], Spells(""))
    assert (found.symbols, len(found.ignored), found.evidence.left_out) == ((), 1, 1)


def test_a_point_is_read():
    """A single point can be a symbol, without a division by its length of zero."""
    found = read([np.array([[7.0, 9.0]])], Spells("1"))
    assert [(s.char, s.pieces) for s in found.symbols] == [("1", (0,))]
    assert found.ignored == ()
    assert math.isfinite(found.quality)


# ---- lines and gaps ----


def test_two_lines():
    """Lines come from the top, each with its own strip, and symbols are counted per line."""
    strokes = [*row(2, top=200), *row(3)]
    reader = Spells("407", "12")
    found = read(strokes, reader)
    assert found.readings[0][0] == ("407", "12")
    assert [(s.line, s.index) for s in found.symbols] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    assert [s.pieces for s in found.symbols] == [(2,), (3,), (4,), (0,), (1,)]
    assert len(reader.strips) == 2


@pytest.mark.parametrize("text", ["??", "--", "=?"])
def test_a_line_without_digits_is_no_line(text):
    """A line without digits, such as a word or a rule, is ignored, and the next one is line 0."""
    found = read([*row(2), *row(3, top=200)], Spells(text, "407"))
    assert found.readings[0][0] == ("407",)
    assert [(s.char, s.line, s.index) for s in found.symbols] == [
        ("4", 0, 0),
        ("0", 0, 1),
        ("7", 0, 2),
    ]
    assert len(found.ignored) == 2
    assert 0.3 < found.evidence.left_out < 0.5


def test_a_wide_gap_parts_a_line():
    """A line is split at a wide gap, and the strips are no wider than their ink."""
    reader = Spells("12", "34")
    found = read([*row(2), *row(2, left=900)], reader)
    assert found.readings[0][0] == ("12", "34")
    assert [(s.line, s.index, s.pieces[0]) for s in found.symbols] == [
        (0, 0, 0), (0, 1, 1), (1, 0, 2), (1, 1, 3),
    ]  # fmt: skip
    assert [strip.shape for strip in reader.strips] == [(ROWS, 40 + 2 * MARGIN, STRIP_CHANNELS)] * 2


def test_what_is_wanted_parts_no_line():
    """A field of a form may have gaps: its row stays one line."""
    found = read([*row(2), *row(2, left=900)], Spells("1234"), wanted=Wanted(Pattern("0{4}")))
    assert found.readings[0][0] == ("1234",)


TORN = Shows(("2", 0, 0.2), ({"1": 0.7, "/": 0.3}, 0.2, 0.4), ("3", 0.4, 0.6), ("4", 0.6, 1))
"""Reads 2134, or less likely 2/34."""


@pytest.mark.parametrize(
    ("wanted", "text", "fits"),
    [
        (None, "2134", None),
        (Wanted(Pattern("0{4}")), "2134", 0.7),
        (Wanted(Pattern("0/0{2}")), "2/34", 0.3),
        (Wanted(Pattern("0{5}")), "2134", 0.0),
        (Wanted(least=3000), "2134", 0.0),
        (Wanted(most=3000), "2134", 0.7),
        (Wanted(sum_of=["2000.5", 133.5]), "2134", 0.7),
        (Wanted(sum_of=[2000, 135]), "2134", 0.0),
        (Wanted(Pattern("0/0+"), check="luhn"), "2134", 0.0),
        (Wanted(Pattern("0/0+|0{4}"), most=9), "2134", 0.0),
    ],
)
def test_only_what_is_wanted_is_read(wanted, text, fits):
    """A text that is wanted is read, even if others are likelier. If none is, all are."""
    found = read(row(4), TORN, weight=0.0, wanted=wanted)
    assert text_of(found) == text
    if fits is None:
        assert found.fits is None
    else:
        assert found.fits == pytest.approx(fits, abs=0.01)
    # The wanted texts share the probability of all.
    share = sum(probability for _, probability in found.readings)
    assert share == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(("slash", "fits"), [(0.004, False), (0.03, True)])
def test_what_the_reader_hardly_believes_does_not_fit(slash, fits):
    """Below one in a hundred, the field holds something else rather than such a text."""
    torn = {"1": 1 - slash, "/": slash}
    reader = Shows(("2", 0, 0.2), (torn, 0.2, 0.4), ("3", 0.4, 0.6), ("4", 0.6, 1))
    found = read(row(4), reader, weight=0.0, wanted=Wanted(Pattern("0/0{2}")))
    assert (text_of(found) == "2/34") == fits == (found.fits > 0)


def test_trust_in_the_bounds_grows_with_the_probability():
    """Bounds are trusted like even odds where nothing begins to fit, and fully where all fits."""
    assert trust(MISUSED) == pytest.approx(0.5)
    assert trust(1.0) == 1.0
    assert 0.9 < trust(0.1) < trust(0.5) < 1


def test_the_worst_line_says_whether_it_fits():
    """Of several lines, the one that fits least counts. A line without digits does not."""
    strokes = [*row(4), *row(4, top=300)]
    wanted = Wanted(Pattern("0{4}"))
    assert read(strokes, Spells("1234", "5678"), wanted=wanted).fits == pytest.approx(1, abs=0.01)
    assert read(strokes, Spells("1234", "56-8"), wanted=wanted).fits == 0.0
    assert read(strokes, Spells("1234", "????"), wanted=wanted).fits == pytest.approx(1, abs=0.01)


def test_one_symbol_of_two_pieces_one_above_the_other():
    """Two stacked rings are read as one 8 if its P(is a digit) is high or above the lines'."""
    rings = [zigzag(0, 100), zigzag(0, 100, top=120, bottom=220)]

    def believed(group):
        return 0.9 if len(group) == 2 else 0.4

    assert text_of(read(rings, Spells("0", "0", "8"), Judges(is_digit=believed))) == "8"
    assert text_of(read(rings, Spells("0", "0", "8"), Judges(is_digit=0.95))) == "8"
    assert text_of(read(rings, Spells("0", "0", "8"), Judges(is_digit=0.85))) == "0\n0"
    assert text_of(read(rings, Spells("0", "0", "8"), Judges(is_digit=0.4))) == "0\n0"
    assert text_of(read(rings, Spells("0", "0", "88"), Judges(is_digit=believed))) == "0\n0"


# ---- the second opinion ----


def test_the_second_opinion_decides_where_the_reader_is_torn():
    """The second opinion decides between a 1 and a 7 according to its weight."""
    torn = Shows(({"1": 0.5, "7": 0.45}, 0, 1))
    seven = np.where(np.arange(10) == 7, 0.91, 0.01)
    assert text_of(read(row(1), torn)) == "1"
    assert text_of(read(row(1), torn, Judges(seven), weight=0)) == "1"
    found = read(row(1), torn, Judges(seven))
    assert [lines for lines, _ in found.readings][:2] == [("7",), ("1",)]
    (symbol,) = found.symbols
    assert symbol.sure == pytest.approx(0.45 / 0.95)
    assert symbol.confidence > 0.75
    assert symbol.opinion.probability == pytest.approx(0.91)
    assert symbol.opinion.probabilities.argmax() == 7
    assert symbol.opinion.probabilities.sum() == pytest.approx(1)
    assert found.readings[0][1] == pytest.approx(symbol.confidence, abs=0.01)


def test_one_odd_digit_does_not_outweigh_a_line():
    """A low second opinion of one digit does not override a reader that is confident."""
    never = np.where(np.arange(10) == 1, 0.0, 1 / 9)
    torn = Shows(({"1": 0.98, "7": 0.01}, 0, 0.5), ("2", 0.5, 1))
    found = read(row(2), torn, Judges(never), weight=0.3)
    assert text_of(found) == "12"
    assert found.evidence.opinion == 0


def test_the_same_ink_is_judged_once():
    """Ink that several texts share is judged once, and signs are not judged."""
    torn = Shows(
        ({"1": 0.5, "7": 0.45}, 0, 0.25), ("-", 0.25, 0.5), ("?", 0.5, 0.75), ("3", 0.75, 1)
    )
    judge = Judges()
    found = read(row(4), torn, judge)
    assert [lines for lines, _ in found.readings][:2] == [("1-3",), ("7-3",)]
    assert sorted(float(group[0][0, 0]) for group in judge.groups) == [0, 200, 300]


def test_evidence_is_of_the_weakest():
    """Evidence has the least P(symbol), the least P(digit) and the least P(is a digit)."""
    reader = Shows((({"1": 0.9, "7": 0.1}), 0, 0.5), (({"-": 0.6, "?": 0.4}), 0.5, 1))
    ones = np.where(np.arange(10) == 1, 0.82, 0.02)
    evidence = read(row(2), reader, Judges(ones, 0.7)).evidence
    assert evidence.weakest == pytest.approx(0.6, abs=1e-3)
    assert evidence.opinion == pytest.approx(0.82)
    assert evidence.is_digit == pytest.approx(0.7)
    assert read(row(2), reader, Judges(ones, None)).evidence.is_digit == 1


def test_evidence_is_of_all_lines():
    """Evidence has the share of all lines, the largest misfit, and the pieces of all lines."""
    torn = Shows(({"1": 0.8, "7": 0.2}, 0, 0.5), ("2", 0.5, 1))
    tail = np.concatenate([zigzag(0, 80), [[125.0, 100.0]]])
    lines = [tail, zigzag(100, 200), *row(2, top=200), *row(2, top=400)]
    evidence = read(lines, torn).evidence
    assert evidence.share == pytest.approx(0.8**3, abs=0.01)
    assert evidence.misfit == pytest.approx(0.25, abs=0.05)
    both = zigzag(0, 200, top=600, bottom=700)
    through = read([both, *row(2, top=800), zigzag(10, 30, top=800, bottom=900)], torn).evidence
    assert (through.symbols, through.pieces) == (4, 4)


def test_each_line_has_evidence_of_its_own():
    """The evidence for a line has nothing of the others; that of a line alone is the whole's."""
    strokes = [*row(2), *row(3, top=200)]
    one, other = read(strokes, Spells("12", "3?5")).line_evidence
    alone = read(row(2), Spells("12"))
    assert (one,) == alone.line_evidence == (alone.evidence,)
    assert (one.left_out, other.left_out) == (0, pytest.approx(1 / 3, abs=0.05))
    assert (one.symbols, other.symbols) == (2, 2)
    assert read(strokes, Spells("12", "???")).line_evidence == (one,)


def test_only_likely_texts_get_a_second_opinion():
    """The second opinion covers at most five texts, each at least 0.5 % as probable as the best."""
    seven = np.where(np.arange(10) == 7, 0.991, 0.001)
    for chance, asked in ((0.01, True), (0.003, False)):
        found = read(row(1), Shows(({"1": 1.0, "7": chance}, 0, 1)), Judges(seven), weight=1.2)
        assert (text_of(found) == "7") == asked
    judge = Judges()
    read(row(1), Shows(({str(digit): 0.9**digit for digit in range(10)}, 0, 1)), judge)
    assert len(judge.groups) == 1
    two = Shows(
        *(({str(digit): 0.9**digit for digit in range(9)}, n / 2, n / 2 + 0.5) for n in (0, 1))
    )
    found = read(row(2), two, Judges(seven), weight=1.2)
    # Most of the texts with a 7 are not among the five most probable ones.
    assert "7" not in text_of(found)


def test_ink_that_is_near_a_symbol_is_its_own():
    """Ink up to five pixels of the strip, a quarter of a height, from a symbol belongs to it."""
    reader = Shows(("1", 0, 0.25), ("2", 0.75, 1))
    for distance, held in ((20, True), (30, False)):
        speck = np.array([[125.0 + distance, 40.0], [127.0 + distance, 42.0]])
        found = read([zigzag(0, 125), speck, zigzag(375, 500)], reader)
        assert (found.ignored == ()) == held


@pytest.mark.parametrize(("covered", "divided"), [(0.4, False), (0.6, True)])
def test_a_stroke_is_divided_where_it_covers_half_of_another_symbol(covered, divided):
    """A stroke is divided if it covers half of another symbol, which may have its own stroke."""
    long = zigzag(0, 100 + 100 * covered)
    found = read([long, zigzag(100, 200)], Shows(("1", 0, 0.5), ("2", 0.5, 1)))
    assert [s.pieces for s in found.symbols] == [(0,), (0, 1) if divided else (1,)]


def test_quality_grows_with_what_is_read_and_how_sure_it_is():
    """Quality grows with the share of ink read and its confidence, so that pages are turned."""

    def quality(text, is_digit):
        return read(row(3), Spells(text), Judges(is_digit=is_digit)).quality

    assert 0 == quality("1??", 1.0) < quality("123", 0.3) < quality("12?", 1.0)
    assert quality("12?", 1.0) < quality("123", 1.0) <= 1


# ---- other readings ----


@pytest.mark.parametrize("seed", range(40))
def test_readings_of_anything(seed):
    """Readings are sorted, distinct and bounded in number, and their shares sum to at most 1."""
    rng = np.random.default_rng(seed)
    strokes = [
        stroke
        for line in range(rng.integers(1, 4))
        for stroke in row(int(rng.integers(1, 5)), top=200.0 * line, left=rng.uniform(0, 900))
    ]
    strokes += row(1, left=1500) if seed % 3 == 0 else []
    found = read(strokes, Guesses(seed))
    texts = [lines for lines, _ in found.readings]
    shares = [share for _, share in found.readings]
    assert spelt(found.symbols) == (texts[0] if found.symbols else ())
    assert len(set(texts)) == len(texts) <= BEAM
    assert shares[1:] == sorted(shares[1:], reverse=True)
    assert all(share >= 0 for share in shares)
    assert sum(shares) <= 1 + 1e-9
    held = {piece for symbol in found.symbols for piece in symbol.pieces}
    left_out = [points for some in found.ignored for points in some]
    for piece, stroke in enumerate(strokes):
        low, high = stroke.min(axis=0) - 1e-9, stroke.max(axis=0) + 1e-9
        ignored = any(((low <= p) & (p <= high)).all() for p in left_out)
        assert piece in held or ignored, "ink is lost"
    assert held <= set(range(len(strokes)))
    assert all(symbol.points for symbol in found.symbols)
    assert 0 <= found.quality <= 1 + 1e-9
    assert all(math.isfinite(value) for value in dataclasses.astuple(found.evidence))


def test_readings_of_two_lines_that_may_be_one():
    """Lines that may be empty lead to equal texts, which are merged."""
    perhaps = Shows(({"1": 0.6, "?": 0.4}, 0, 1))
    found = read(
        [zigzag(0, 100), *row(1, top=150), *row(1, top=300), *row(1, top=450), *row(1, top=600)],
        perhaps,
        weight=0.0,
    )
    texts = [lines for lines, _ in found.readings]
    assert texts[0] == ("1",) * 5
    assert len(set(texts)) == len(texts)
    assert dict(found.readings)[("1",) * 4] == pytest.approx(5 * 0.6**4 * 0.4, rel=1e-3)


def test_other_ink_has_a_cost():
    """With its cost, other ink that is slightly more probable than a digit is read as the digit."""
    torn = Shows(({"1": 0.45, "?": 0.55}, 0, 1))

    def best(cost):
        return text_of(read([zigzag(0, 100)], torn, weight=0.0, other_cost=cost))

    assert [best(cost) for cost in (0.0, 0.1, 0.5)] == ["", "", "1"]


def test_the_language_model_tells_what_looks_alike():
    """The language model decides between 1/1 and 111 by their frequency."""
    torn = Shows(("1", 0, 0.3), ({"1": 0.45, "/": 0.55}, 0.35, 0.65), ("1", 0.7, 1))

    def found(*shapes):
        texts = Counter(ngram for shape in shapes for ngram in ngrams_of(shape, 4))
        return read(row(3), torn, weight=0.0, texts=texts).readings

    assert found()[0][0] == ("1/1",)
    assert found(*["000"] * 9, "0/0")[0][0] == ("111",)
    assert found("000", *["0/0"] * 9)[0][0] == ("1/1",)
    # It redistributes the probabilities of the search, and their sum stays 1.
    for shapes in ((), (*["000"] * 9, "0/0")):
        assert sum(p for _, p in found(*shapes)) == pytest.approx(1, abs=1e-3)


def test_the_language_model_of_what_is_impossible():
    """A line without any possible path is read as empty, as without a language model."""

    class Broken(Shows):
        def read(self, strip, budget=None):
            found = super().read(strip, budget)
            return dataclasses.replace(
                found, log_probabilities=np.full_like(found.log_probabilities, np.nan)
            )

    found = read(row(1), Broken(("1", 0, 1)), texts={"0>": 1})
    assert (found.symbols, found.readings[0][0]) == ((), ())
    assert math.isfinite(found.quality)


# ---- budgets ----


def test_without_any_line_a_budget_is_an_error():
    """If the budget ends before any line is read, it is an error."""
    with pytest.raises(BudgetError, match="pixels"):
        read(row(2), Spells("12"), budget=Budget(pixels=10))


def test_lines_before_the_end_of_a_budget_are_read():
    """Lines read before the budget ends are in the transcript, which names the bound."""
    width = 40 + 2 * MARGIN
    strokes = [*row(2), *row(2, top=200), *row(2, top=400)]
    found = read(strokes, Spells("12"), budget=Budget(pixels=2 * ROWS * width))
    assert found.readings[0][0] == ("12", "12")
    assert found.limit == "pixels"
    assert read(strokes, Spells("12"), budget=Budget(pixels=3 * ROWS * width)).limit is None


def test_a_line_whose_digits_the_budget_does_not_reach_is_left_out():
    """Groups of ink are charged for second opinions, and a line beyond the budget is left out."""
    judge = Judges()
    budget = Budget(groups=5)

    def counting(groups):
        budget.spend(groups=len(groups))
        return judge(groups)

    strokes = [*row(2), *row(3, top=200), *row(2, top=400)]
    found = read(strokes, Spells("12", "345", "67"), counting, budget=budget)
    assert (found.readings[0][0], found.limit) == (("12", "345"), "groups")
    assert len(judge.groups) == 5


def test_a_budget_that_ends_at_the_second_look_gives_the_first():
    """If the budget ends at the second look at stacked lines, the first look is kept."""
    rings = [zigzag(0, 100), zigzag(0, 100, top=120, bottom=220)]
    budget = Budget(pixels=2 * ROWS * (20 + 2 * MARGIN))
    found = read(rings, Spells("0", "0", "8"), budget=budget)
    assert (found.readings[0][0], found.limit) == (("0", "0"), "pixels")


def test_nothing_is_read_for_who_has_gone():
    """If the client is gone, the reading ends with an error, even after some lines."""
    now = [0.0]

    class Leaves(Spells):
        def read(self, strip, budget=None):
            now[0] += 1
            return super().read(strip, budget)

    budget = Budget(is_gone=lambda: now[0] > 1, wall_clock=lambda: now[0])
    with pytest.raises(GoneError):
        read([*row(2), *row(2, top=200), *row(2, top=400)], Leaves("12"), budget=budget)


# ---- readings made of transcripts ----


def recognizer(reader, is_digit=0.9):
    """Return a recogniser with these networks."""
    return Recognizer(
        Says(is_digit), line_reader=reader, calibration=THRESHOLDS, confidence=BY_IS_DIGIT
    )


def test_a_reading_has_digits_and_signs_where_the_text_has_them():
    """Digits and signs have their index in the text, their strokes and their box."""
    reading = recognizer(Spells("1.5")).read_strokes(row(3))
    assert (reading.text, reading.status) == ("1.5", "ok")
    assert [(d.digit, d.index, d.strokes) for d in reading.digits] == [(1, 0, (0,)), (5, 2, (2,))]
    assert [(s.sign, s.index, s.strokes) for s in reading.signs] == [(".", 1, (1,))]
    assert (reading.signs[0].box.x, reading.signs[0].box.width) == (100, 80)


@pytest.mark.parametrize("text", ["1?7", "?12", "1?2?3"])
def test_beside_other_ink_nothing_is_ok(text):
    """Beside other ink, a reading is never `ok`."""
    sure = recognizer(Spells(text), 0.99)
    assert sure.read_strokes(row(len(text))).status == "unsure"
    plain = text.replace("?", "4")
    assert recognizer(Spells(plain), 0.99).read_strokes(row(len(text))).status == "ok"


@pytest.mark.parametrize("width", [20.0, 0.0])
def test_beside_ink_that_no_symbol_holds_nothing_is_ok(width):
    """Beside ink outside all symbols, even a point, a reading is unsure, and the ink is ignored."""
    speck = np.array([[240.0, 50.0], [240.0 + width, 50.0]])
    reader = Shows(("1", 0, 0.2), ("2", 0.8, 1))
    reading = recognizer(reader, 0.99).read_strokes([zigzag(0, 100), speck, zigzag(400, 500)])
    assert (reading.text, reading.status) == ("12", "unsure")
    (box,) = reading.ignored
    assert (box.x, box.width) == (240, width)


@pytest.mark.parametrize(("text", "other"), [("1???", ["1"]), ("+", []), ("-.", []), ("?", [])])
def test_what_is_mostly_other_ink_or_has_no_digit_is_no_number(text, other):
    """Without a digit, or with mostly other ink, there is no text, but there are alternatives."""
    reading = recognizer(Spells(text)).read_strokes(row(len(text)))
    assert (reading.status, reading.text, reading.lines) == ("not_a_number", "", ())
    assert reading.signs == reading.digits == ()
    likely = [other.text for other in reading.alternatives if other.confidence > 1e-3]
    assert likely[:1] == other
    assert reading.confidence > 0.5


def test_what_is_refused_for_its_looks_is_as_surely_none():
    """P(is a digit) can reject a reading of which the line reader is confident."""
    reading = recognizer(Spells("8"), is_digit=0.1).read_strokes(row(1))
    assert reading.status == "not_a_number"
    assert reading.confidence >= 0.85
    assert sum(other.confidence for other in reading.alternatives) < 0.15


def test_digits_drop_signs_and_are_counted_anew():
    """With `digits`, signs are ignored, indices skip them, and the confidence is the same."""
    strokes = [*row(4), *row(2, top=200), *row(2, top=400)]
    texts = ("-1.5", "2%", "=7")
    number = recognizer(Spells(*texts)).read_strokes(strokes)
    digits = recognizer(Spells(*texts)).read_strokes(strokes, expect="digits")
    assert (number.lines, digits.lines) == (texts, ("15", "2", "7"))
    assert [(d.digit, d.line, d.index) for d in digits.digits] == [
        (1, 0, 0),
        (5, 0, 1),
        (2, 1, 0),
        (7, 2, 0),
    ]
    assert (digits.signs, len(digits.ignored), number.ignored) == ((), 4, ())
    assert (digits.confidence, digits.status) == (number.confidence, number.status)


def test_readings_that_differ_in_signs_alone_are_one_of_digits():
    """With `digits`, readings that differ in signs only are merged."""
    reader = Shows(({"1": 0.8, "7": 0.2}, 0, 0.5), ({"-": 0.5, "+": 0.4, "2": 0.1}, 0.5, 1))
    strokes = row(2)
    number = recognizer(reader).read_strokes(strokes, alternatives=10)
    digits = recognizer(reader).read_strokes(strokes, alternatives=10, expect="digits")
    assert number.text == "1-"
    assert {"1+", "7-"} < {other.text for other in number.alternatives}
    assert digits.text == "1"
    texts = [other.text for other in digits.alternatives]
    assert texts[0] == "7"
    assert len(set(texts)) == len(texts)
    assert "1" not in texts


@pytest.mark.parametrize("expect", ["number", "digits"])
@pytest.mark.parametrize("seed", range(20))
def test_alternatives_of_anything(seed, expect):
    """Alternatives are sorted and distinct, differ from the text, and sum with it to at most 1."""
    strokes = [*row(4), *(row(3, top=200) if seed % 2 else [])]
    reading = recognizer(Guesses(seed)).read_strokes(strokes, alternatives=10, expect=expect)
    texts = [other.text for other in reading.alternatives]
    shares = [other.confidence for other in reading.alternatives]
    assert reading.text not in texts
    assert "" not in texts
    assert len(set(texts)) == len(texts)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) + reading.confidence <= 1 + 1e-9
    assert max(shares, default=0) <= (reading.confidence if reading.text else 1)
    for digit in reading.digits if reading.text else ():
        assert reading.lines[digit.line][digit.index] == str(digit.digit)
    for sign in reading.signs:
        assert reading.lines[sign.line][sign.index] == sign.sign


def test_ways_to_read_the_same_text_count_together():
    """The shares of all ways to read a text are added: either of two scribbles may be the 1."""
    either = {"?": 0.66, "1": 0.32}
    reading = recognizer(Shows(("2", 0, 0.3), (either, 0.35, 0.65), (either, 0.7, 1)))
    found = reading.read_strokes([*row(3), zigzag(0, 80), zigzag(5, 80), zigzag(0, 75)])
    assert found.text == "21"
    assert found.alternatives[0].text == "2"
    assert found.alternatives[0].confidence <= found.confidence
    assert [digit.index for digit in found.digits] == [0, 1]


@pytest.mark.parametrize("asked", [0, 1, 3])
def test_as_many_alternatives_as_were_asked_for(asked):
    """There are as many alternatives as requested, if available."""
    reader = Shows(({"1": 0.4, "7": 0.3, "4": 0.2, "9": 0.1}, 0, 1))
    reading = recognizer(reader).read_strokes(row(1), alternatives=asked)
    assert [other.text for other in reading.alternatives] == ["7", "4", "9"][:asked]


def test_lines_that_a_budget_left_unread_make_it_a_guess():
    """A reading that the budget cut off has the lines read, is unsure, and names the bound."""
    width = 40 + 2 * MARGIN
    strokes = [*row(2), *row(2, top=200), *row(2, top=400)]
    budget = Budget(pixels=2 * ROWS * width)
    reading = recognizer(Spells("12"), 0.99).read_strokes(strokes, budget=budget)
    assert (reading.text, reading.status, reading.limit) == ("12\n12", "unsure", "pixels")
    assert reading.line_statuses == ("unsure", "unsure")
    # Unread ink counts as left out, and is ignored.
    assert [box.y for box in reading.ignored] == [400]
    assert reading.evidence.left_out == pytest.approx(1 / 3)
    assert reading.confidence < 2 / 3


def test_each_line_is_as_sure_as_it_is_alone():
    """A line has the confidence and the status that it would have alone."""
    strokes = [*row(2), *row(3, top=200)]
    reading = recognizer(Spells("12", "3?5"), 0.99).read_strokes(strokes)
    alone = recognizer(Spells("12"), 0.99).read_strokes(row(2))
    assert (reading.lines, reading.status) == (("12", "35"), "unsure")
    assert reading.line_statuses == ("ok", "unsure")
    assert reading.line_confidences[0] == alone.confidence == alone.line_confidences[0]
    assert reading.line_confidences[1] < 0.8
    assert alone.line_statuses == ("ok",)
    assert recognizer(Spells("??"), 0.99).read_strokes(row(2)).line_statuses == ()


def test_low_ink_far_away_is_not_blown_up():
    """A comma in a part of its own keeps the scale of its line, and a low digit has its own."""
    line = frame_of(boxes_of(row(2)))
    for height, own in ((20, False), (60, True)):
        part = boxes_of([zigzag(900, 910, top=100.0 - height)])
        frame = frame_in(line, part)
        assert (frame.scale > line.scale) == own
        corner = frame.pixels(part[:, :2])[0]
        assert corner[0] == pytest.approx(MARGIN)
        assert 0 < corner[1] < ROWS


def test_a_tap_beside_a_number_is_never_ok():
    """A dot has no length, but still counts as ink that is left out."""
    reading = recognizer(Shows(("1", 0, 0.5), ("?", 0.95, 1)), 0.99)
    found = reading.read_strokes([*row(1), np.full((1, 2), 200.0)])
    assert (found.text, found.status) == ("1", "unsure")
    assert 0 < found.evidence.left_out < 0.001


def test_what_shows_no_digit_is_as_surely_none_as_the_search_found():
    """The confidence of a rejection is the probability of other ink in the search."""
    found = recognizer(Shows(({"?": 0.7, "1": 0.3}, 0, 1))).read_strokes(row(1))
    assert found.status == "not_a_number"
    assert 0.5 < found.confidence < 0.9
    one = found.alternatives[0]
    assert one.text == "1"
    assert one.confidence == pytest.approx(1 - found.confidence, abs=1e-5)
