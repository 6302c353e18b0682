"""Two digits that touch, read at once."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests import hand
from tests.test_pictures import drawn, read
from train.compose import side_by_side
from train.number_figures import edit_distance
from webapp.recognition import Calibration, ModelError, Outputs, PairReader
from webapp.recognition.numbers import (
    ACROSS,
    MOST_RUN_PIXELS,
    MOST_RUNS,
    Found,
    _is_tangled,
    _name_of,
    _told_by_pairs,
    picture_medium,
    read_numbers,
)
from webapp.recognition.pairs import PAIR_BOX, glyph_of_pair


def bars(*places: int, width: int = 60, height: int = 40) -> np.ndarray:
    """Upright bars 4 pixels wide on nothing."""
    ink = np.zeros((height, width), np.uint8)
    for place in places:
        ink[4:-4, place : place + 4] = 200
    return ink


def points_of(ink: np.ndarray) -> np.ndarray:
    """Pixels as `blobs` has them."""
    rows, columns = np.nonzero(ink)
    return np.stack([columns, rows], 1).astype(np.float64)


class Pairs:
    """A network that takes everything for one pair."""

    def __init__(self, pair: int, is_pair: float) -> None:
        self.seen: list[np.ndarray] = []
        self._row = np.full(100, 0.1 / 99, np.float32)
        self._row[pair] = 0.9
        self._is_pair = is_pair

    def classify(self, glyphs) -> Outputs:
        """The same for each."""
        self.seen += list(glyphs)
        count = len(glyphs)
        return Outputs(np.tile(self._row, (count, 1)), np.full(count, self._is_pair, np.float32))


def test_a_pair_fills_its_glyph():
    """The box of the ink in the middle, its aspect kept, its darkest 255."""
    glyph = glyph_of_pair(bars(3, 90, width=100))
    rows, columns = np.nonzero(glyph[..., 0])
    assert glyph.shape == (28, 48, 1)
    assert glyph.max() == 255
    assert np.ptp(columns) + 1 == PAIR_BOX[1]
    assert (np.ptp(rows) + 1) / (np.ptp(columns) + 1) == pytest.approx(32 / 91, abs=0.03)
    assert abs(columns.min() + columns.max() - 47) <= 1
    assert abs(rows.min() + rows.max() - 27) <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_any_ink_becomes_a_glyph(size):
    """A dot, a line either way."""
    assert glyph_of_pair(np.full(size, 9, np.uint8)).max() == 255


def test_no_ink_is_rejected():
    """As by a digit's glyph."""
    with pytest.raises(ValueError, match="needs ink"):
        glyph_of_pair(np.zeros((5, 5), np.uint8))


def test_it_says_both_digits():
    """The sums over the other one; whether it is a pair is calibrated."""
    ink = bars(3, 50)
    reader = PairReader(Pairs(47, 0.5), Calibration(offset=math.log(3)))
    (both,), (sure,) = reader.read([[points_of(ink)]], ink)
    assert both.shape == (2, 10)
    assert both.argmax(axis=1).tolist() == [4, 7]
    assert np.allclose(both.sum(axis=1), 1)
    assert sure == pytest.approx(0.75)


def test_the_parts_of_a_piece_are_read_as_one():
    """And nothing else of the page."""
    ink = bars(3, 20, 50)
    network = Pairs(11, 0.9)
    PairReader(network).read([[points_of(bars(3)), points_of(bars(20))]], ink)
    assert np.array_equal(network.seen[0], glyph_of_pair(bars(3, 20)))


def test_halves_are_cut_where_they_look_most_like_their_digits():
    """Parts say where, the pair says what; what is no pair says nothing, and is too wide or narrow
    to be asked about.
    """
    parts = [np.array([[0.3 * i, 0.0], [0.3 * i + 0.3, 1.0]]) for i in range(4)]
    looks = {1: 4, 3: 7}
    """What so many parts look like, from the left and from the right."""
    asked = []

    def judge(groups):
        rows = np.full((len(groups), 10), 0.01)
        for row, group in zip(rows, groups, strict=True):
            row[looks.get(len(group), 0)] = 0.9
        return [None] * len(groups), rows, np.full(len(groups), 0.2)

    def pairs(runs):
        asked.extend(len(run) for run in runs)
        first, second = np.eye(10)[[4, 7]] * 0.8 + 0.02
        sure = [surely if len(run) == 4 else 0.49 for run in runs]
        return np.stack([[first, second]] * len(runs)), np.array(sure)

    whole = np.concatenate(parts)
    surely = 0.9801
    told = _told_by_pairs([(whole, parts, 1.0)], pairs, judge)
    assert told.halves.keys() == {_name_of(parts[:1]), _name_of(parts[1:])}
    for half, digit in ((parts[:1], 4), (parts[1:], 7)):
        ((row, is_digit),) = told.halves[_name_of(half)]
        assert row.argmax() == digit
        assert is_digit == pytest.approx(0.99)
    assert told.pairs == {_name_of(parts): surely, _name_of([whole]): surely}
    assert sorted(asked) == [2, 2, 2, 3, 3, 4]
    surely = 0.64
    told = _told_by_pairs([(whole, parts, 1.0)], pairs, judge)
    assert len(told.halves) == 2
    assert not told.pairs
    for height in (10.0, 0.1):
        assert not _told_by_pairs([(whole, parts, height)], pairs, judge).halves


def test_two_digits_are_read_where_neither_half_is():
    """What the network of single digits refuses, whole and in parts; without the other, nothing."""
    ink = np.zeros((60, 90), np.uint8)
    ink[10:50, 10:40] = ink[10:50, 50:80] = ink[28:32, 40:50] = 255

    def judge(groups):
        rows = np.tile(np.full(10, 0.1), (len(groups), 1))
        return [None] * len(groups), rows, np.full(len(groups), 0.3)

    def pairs(runs):
        first, second = np.eye(10)[[4, 7]] * 0.98 + 0.002
        return np.stack([[first, second]] * len(runs)), np.full(len(runs), 0.98)

    def text(medium):
        found = read_numbers([points_of(ink)], medium)
        return "".join(str(digit.digit) for digit in found.digits)

    assert text(picture_medium(judge, pairs=pairs)) == "47"
    assert text(picture_medium(judge)) != "47"


def test_a_pair_that_looks_like_one_digit_is_two():
    """What the network of single digits takes for one of them, though not without doubt."""
    ink = np.zeros((60, 90), np.uint8)
    ink[10:50, 10:40] = ink[10:50, 50:80] = ink[28:32, 40:50] = 255

    def judge(groups):
        rows = np.tile(np.eye(10)[6] * 0.98 + 0.002, (len(groups), 1))
        wide = [np.ptp(np.concatenate(group)[:, 0]) > 60 for group in groups]
        return [None] * len(groups), rows, np.where(wide, 0.95, 0.3)

    def medium(sure):
        def pairs(runs):
            first, second = np.eye(10)[[4, 7]] * 0.98 + 0.002
            return np.stack([[first, second]] * len(runs)), np.full(len(runs), sure)

        return picture_medium(judge, pairs=pairs)

    def text(sure):
        found = read_numbers([points_of(ink)], medium(sure))
        return "".join(str(digit.digit) for digit in found.digits)

    assert text(0.99) == "47"
    assert text(0.6) == text(0.1) == "6"


@pytest.mark.parametrize(
    ("whole", "parts", "pair", "text"),
    [
        (0.99, 0.3, 0.995, "47"),
        (0.99, 0.3, 0.98, "6"),
        (0.3, 0.995, 0.97, "47"),
        (0.3, 0.995, 0.9, "66"),
    ],
    ids=["certain", "not certain", "sure", "not sure"],
)
def test_what_is_a_pair_for_sure(whole, parts, pair, text):
    """It is cut though nothing doubts that it is one digit, if that is certain; what its parts look
    like counts less.
    """
    ink = np.zeros((60, 90), np.uint8)
    ink[10:50, 10:40] = ink[10:50, 50:80] = ink[28:32, 40:50] = 255

    def judge(groups):
        rows = np.tile(np.eye(10)[6] * 0.98 + 0.002, (len(groups), 1))
        wide = [np.ptp(np.concatenate(group)[:, 0]) for group in groups]
        sure = [whole if width > 60 else parts if width > 20 else 0.3 for width in wide]
        return [None] * len(groups), rows, np.array(sure)

    def pairs(runs):
        first, second = np.eye(10)[[4, 7]] * 0.97 + 0.003
        wide = [np.ptp(np.concatenate(run)[:, 0]) > 60 for run in runs]
        return np.stack([[first, second]] * len(runs)), np.where(wide, pair, 0.1)

    found = read_numbers([points_of(ink)], picture_medium(judge, pairs=pairs))
    assert "".join(str(digit.digit) for digit in found.digits) == text


def test_several_digits_of_one_piece_are_a_guess():
    """Two may be sure, three are not; strokes are another matter."""
    ends = [(np.array([x, 0.0]), np.array([x + 10.0, 20.0])) for x in (0.0, 12.0, 24.0)]
    digits = [Found(0, (0,), None, None, None, low, high, ()) for low, high in ends]
    assert _is_tangled(digits, [], np.inf)
    assert not _is_tangled(digits[:2], [], np.inf)
    wide = replace(digits[1], high=np.array([40.0, 20.0]))
    assert _is_tangled([digits[0], wide], [], np.inf)
    assert not _is_tangled([digits[0], replace(wide, strokes=(1,))], [], np.inf)
    assert not _is_tangled(digits, [], ACROSS)


def test_no_more_than_so_many_runs_are_asked_about():
    """Those that are about as wide as two digits first, however much is wide and cut."""
    parts = [np.array([[0.1 * i, 0.0], [0.1 * i + 0.1, 1.0]]) for i in range(30)]
    asked = []

    def pairs(runs):
        asked.extend(len(run) for run in runs)
        return np.full((len(runs), 2, 10), 0.1), np.zeros(len(runs))

    _told_by_pairs([(parts[0], list(parts), 1.0) for _ in range(8)], pairs, None)
    assert len(asked) == MOST_RUNS
    assert set(asked) <= set(range(12, 19))


def test_ink_without_end_is_not_looked_at_without_end():
    """The runs of large ink are fewer: their pixels are counted, too."""
    parts = [np.tile([[0.1 * i, 0.0], [0.1 * i + 0.1, 1.0]], (50_000, 1)) for i in range(20)]
    asked = []

    def pairs(runs):
        asked.extend(runs)
        return np.full((len(runs), 2, 10), 0.1), np.zeros(len(runs))

    _told_by_pairs([(parts[0], parts, 1.0)], pairs, None)
    assert 0 < sum(len(part) for run in asked for part in run) <= MOST_RUN_PIXELS


def test_a_whole_piece_is_always_asked_about():
    """However much else is about as wide as two digits: most that touch are pairs."""
    asked = []

    def pairs(runs):
        asked.extend(len(run) for run in runs)
        return np.full((len(runs), 2, 10), 0.1), np.zeros(len(runs))

    pieces = [[np.array([[x, 0.0], [x + 0.1, 1.0]]) for x in np.arange(24) / 10] for _ in range(8)]
    _told_by_pairs([(np.concatenate(parts), parts, 1.0) for parts in pieces], pairs, None)
    assert len(asked) == MOST_RUNS
    assert asked.count(24) == 8


@pytest.mark.parametrize("sure", [None, 0.99])
def test_a_network_that_cannot_refuse_is_told_too(sure):
    """What is said of a pair counts where single digits are never refused."""
    ink = np.zeros((60, 90), np.uint8)
    ink[10:50, 10:40] = ink[10:50, 50:80] = ink[28:32, 40:50] = 255

    def judge(groups):
        rows = np.tile(np.full(10, 0.1), (len(groups), 1))
        return [None] * len(groups), rows, None

    def pairs(runs):
        first, second = np.eye(10)[[4, 7]] * 0.98 + 0.002
        return np.stack([[first, second]] * len(runs)), np.full(len(runs), sure)

    found = read_numbers([points_of(ink)], picture_medium(judge, pairs=pairs if sure else None))
    text = "".join(str(digit.digit) for digit in found.digits)
    assert (text == "47") == (sure is not None)


def test_a_model_that_is_none_of_pairs_is_no_reader(engine):
    """Whatever it says, it is not taken for the word on pairs."""
    ink = bars(3, 20)
    row = np.full((1, 100), 0.01, np.float32)
    silent = SimpleNamespace(classify=lambda _: Outputs(row, None))
    with pytest.raises(ModelError, match="does not say"):
        PairReader(silent).read([[points_of(ink)]], ink)
    with pytest.raises(ValueError, match="mismatch"):
        PairReader(engine.classifier).read([[points_of(ink)]], ink)


def test_several_chains_on_a_page(app):
    """Each is read about as well as alone: eight of three digits that touch, mostly right."""
    reader = app.extensions["engine"].recognizer
    rng = np.random.default_rng(1)
    rows = [rng.integers(0, 10, 3) for _ in range(8)]
    drawn_rows = [
        stroke * 100 + np.array([0.0, 170.0 * place])
        for place, row in enumerate(rows)
        for stroke in side_by_side([hand.strokes(int(d), 1) for d in row], "kissing", rng)
    ]
    lines = read(reader, drawn(drawn_rows, pen=9)).lines
    written = ["".join(map(str, row)) for row in rows]
    wrong = edit_distance("".join(written), "".join(lines))
    assert wrong <= 8


def test_a_page_of_pairs_is_no_text(app):
    """Six rows of four pieces that the network of single digits refuses, but each looks like a
    pair: all are cut, and whatever a pair's halves are, they are looked at.
    """
    reader = app.extensions["engine"].recognizer
    rng = np.random.default_rng(2)
    written = rng.integers(0, 10, (6, 4, 2))
    strokes: list[np.ndarray] = []
    for row, pairs in enumerate(written):
        right = 0.0
        for pair in pairs:
            chain = side_by_side([hand.strokes(int(d), 1) for d in pair], "kissing", rng)
            left = right + 0.35 - min(float(stroke[:, 0].min()) for stroke in chain)
            strokes += [stroke + np.array([left, 1.7 * row]) for stroke in chain]
            right = max(float(stroke[:, 0].max()) for stroke in strokes[-len(chain) :])
    lines = read(reader, drawn([stroke * 100 for stroke in strokes], pen=9)).lines
    assert edit_distance("".join(map(str, written.ravel())), "".join(lines)) <= 4


@pytest.mark.parametrize(
    "rows", [["3", "9", "6", "4"], ["35", "29", "68"], ["35", "29", "68", "47"]], ids="/".join
)
def test_a_column_is_no_tall_digit(app, rows):
    """Of few pieces of ink, one above the other: neither a 1 nor a page of crumbs."""
    reader = app.extensions["engine"].recognizer
    rng = np.random.default_rng(1)
    strokes = [
        stroke * 100 + np.array([0.0, 170.0 * place])
        for place, row in enumerate(rows)
        for stroke in side_by_side([hand.strokes(int(d), 1) for d in row], "kissing", rng)
    ]
    assert list(read(reader, drawn(strokes, pen=9)).lines) == rows


def test_a_row_of_what_is_no_pair_is_a_word():
    """Refused, and left whole: no cut makes digits of letters."""
    asked = []

    def judge(groups):
        rows = np.full((len(groups), 10), 0.1)
        return [None] * len(groups), rows, np.full(len(groups), 0.05)

    def medium(sure):
        def pairs(runs):
            asked.append(len(runs))
            return np.full((len(runs), 2, 10), 0.1), np.full(len(runs), sure)

        def cut(points, height, pieces):
            cuts.append(pieces)
            return [points]

        return replace(picture_medium(judge, pairs=pairs), cut=cut)

    row = [points_of(bars(4 + 60 * k, 44 + 60 * k, width=400)) for k in range(4)]
    for sure, count in ((0.4, 0), (0.6, 4)):
        cuts: list[int] = []
        read_numbers(row, medium(sure))
        assert len(cuts) == count
    assert asked[0] == 4
