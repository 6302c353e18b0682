"""Composed lines: the places of their symbols, in the target and in the strip."""

from dataclasses import replace

import numpy as np
import pytest

from tests.ink_files import inks_in
from train.data.compose import NOOK
from train.errors import TrainError
from train.line import compose, placement
from train.line.compose import WIDEST, composed_line, random_line
from train.line.placement import DENSITY
from train.line.texts import RAISED
from webapp.recognition.ink.strip import ROWS, STRIP_CHANNELS
from webapp.recognition.symbols import OTHER, SIGNS, SYMBOLS

SEEDS = range(40)

PEN = 3.0
"""Largest distance, in pixels of the strip, that ink exceeds its extent: half of the widest pen,
and half a pixel on either side."""


@pytest.fixture(scope="module")
def inks(tmp_path_factory):
    """Ink of two contributors, and glyphs."""
    return inks_in(tmp_path_factory.mktemp("inks"))


def rng_of(seed):
    """Return a generator whose first number determines the kind of line. See `pixel_seeds`."""
    return np.random.default_rng(seed)


def pixel_seeds(count=40):
    """Return seeds of lines of MNIST's pixels, and as many seeds of lines of strokes."""
    drawn = {seed: np.random.default_rng(seed).random() for seed in range(400)}
    pixels = [seed for seed, kind in drawn.items() if kind > 0.8][:count]
    return pixels, [seed for seed, kind in drawn.items() if 0.05 < kind < 0.75][:count]


PIXELS, STROKES = pixel_seeds()


@pytest.fixture
def line_of(inks, monkeypatch):
    """A function that composes a line of a text as clean ink."""
    monkeypatch.setattr(compose, "degraded", lambda ink, body, rng: ink)

    def composed(text, seed):
        monkeypatch.setattr(compose, "random_text", lambda rng: text)
        return random_line(replace(inks, strings=[]), rng_of(seed))

    return composed


def boxes(placed):
    """Return left, top, right and bottom of each symbol of a composed line, (N, 4)."""
    return np.array(
        [
            [*np.min([s.min(0) for s in strokes], 0), *np.max([s.max(0) for s in strokes], 0)]
            for _, strokes in placed
        ]
    )


def placed_of(text, inks, seed, mode=None):
    """Return the symbols of a composed line of a text."""
    return composed_line(text, inks, rng_of(seed), mode)


@pytest.mark.parametrize("seeds", [PIXELS, STROKES], ids=["pixels", "strokes"])
def test_it_works(line_of, seeds):
    """The target has the text's digits, signs and other ink, without spaces."""
    for seed in seeds[:10]:
        line = line_of("4 0.7a", seed)
        assert line.target.tolist() == [4, 0, SYMBOLS.index("."), 7, OTHER]
        assert line.target.dtype == np.int8
        assert line.extents.shape == (5, 2)
        assert line.extents.dtype == np.float32


def test_strips_are_as_the_reader_takes_them(inks):
    """Strips are uint8 with 32 rows, the reader's channels, some ink, and a bounded width."""
    for seed in range(150):
        line = random_line(inks, rng_of(seed))
        rows, width, channels = line.strip.shape
        assert (rows, channels, line.strip.dtype) == (ROWS, STRIP_CHANNELS, np.uint8)
        assert 8 < width <= WIDEST
        assert line.strip[..., 0].any()
        assert len(line.target) > 0
        assert 0 <= line.target.min() <= line.target.max() <= OTHER


def test_lines_come_in_all_ways(inks):
    """Lines include strokes with and without direction, and whole numbers with unknown extents."""
    lines = [random_line(inks, rng_of(seed)) for seed in range(200)]
    directed = [bool(line.strip[..., 1:].any()) for line in lines]
    assert 0.3 < np.mean(directed) < 0.6
    unknown = [line for line in lines if line.extents is None]
    assert 0.01 < len(unknown) / len(lines) < 0.12
    assert {tuple(line.target.tolist()) for line in unknown} == {(4, 0, 7), (1, 2)}


@pytest.mark.parametrize("seed", [PIXELS[0], STROKES[0]])
def test_the_same_seed_gives_the_same_line(inks, seed):
    """The same seed gives the same line, and another seed gives another."""
    one, same, other = (random_line(inks, rng_of(number)) for number in (seed, seed, seed + 1))
    assert np.array_equal(one.strip, same.strip)
    assert np.array_equal(one.target, same.target)
    assert np.array_equal(one.extents, same.extents)
    assert one.strip.shape != other.strip.shape or not np.array_equal(one.strip, other.strip)


@pytest.mark.parametrize("seeds", [PIXELS, STROKES], ids=["pixels", "strokes"])
@pytest.mark.parametrize("symbol", "07#/")
def test_an_extent_is_where_the_ink_is(line_of, seeds, symbol):
    """An isolated symbol's ink starts and ends with its extent, except for the pen's width."""
    for seed in seeds[:15]:
        line = line_of(symbol, seed)
        inked = np.flatnonzero(line.strip[..., 0].max(axis=0) > 40)
        ((left, right),) = line.extents
        assert abs(inked[0] - left) <= PEN
        assert abs(inked[-1] + 1 - right) <= PEN


@pytest.mark.parametrize("seeds", [PIXELS, STROKES], ids=["pixels", "strokes"])
def test_extents_of_two_symbols_are_where_theirs_are(line_of, seeds):
    """Between the extents of two symbols with a gap, there is no ink."""
    for seed in seeds[:15]:
        line = line_of("8  3", seed)
        inked = line.strip[..., 0].max(axis=0) > 40
        (left, end), (start, right) = line.extents
        assert left < end < start < right
        assert not inked[int(end + PEN) + 1 : int(start - PEN)].any()
        assert inked[int(left + PEN) : int(end - PEN)].all()
        columns = np.flatnonzero(inked)
        assert abs(columns[0] - left) <= PEN
        assert abs(columns[columns > (end + start) / 2][0] - start) <= PEN
        assert abs(columns[columns < (end + start) / 2][-1] + 1 - end) <= PEN
        assert abs(columns[-1] + 1 - right) <= PEN


def test_digits_apart_are_apart(inks):
    """The boxes of neighbouring digits that are apart do not touch."""
    for seed in SEEDS:
        found = boxes(placed_of("40718", inks, seed, "apart"))
        assert (found[1:, 0] > found[:-1, 2]).all()


def nearest(one, other):
    """Return the least distance between points of two symbols' ink."""
    a, b = (np.concatenate(strokes) for _, strokes in (one, other))
    return np.hypot(*(a[:, np.newaxis] - b[np.newaxis]).transpose(2, 0, 1)).min()


def test_touching_digits_come_near(inks):
    """Touching digits meet, close ones nearly do, and digits apart are farther from each other."""
    means = {
        mode: np.mean([nearest(*placed_of("00", inks, seed, mode)) for seed in SEEDS])
        for mode in ("touching", "close", "apart")
    }
    assert means["touching"] < 0.12
    assert means["touching"] < means["close"] < means["apart"]
    overlaps = [boxes(placed_of("08", inks, seed, "touching")) for seed in SEEDS]
    assert any(found[1, 0] < found[0, 2] for found in overlaps)


@pytest.mark.parametrize("mode", ["apart", "close", "touching", None])
def test_signs_never_slide_into_their_neighbours(inks, mode):
    """A sign overlaps its neighbours by at most a nook and the distance of two points."""
    for seed in SEEDS[:12]:
        for sign in SIGNS:
            found = boxes(placed_of(f"7{sign}4", inks, seed, mode))
            assert (found[1:, 0] >= found[:-1, 2] - NOOK - DENSITY).all(), sign


def test_points_stand_under_what_hangs_over(inks):
    """Some points are under the top of a 7 and do not touch it."""
    found = [placed_of("7.4", inks, seed, "apart") for seed in SEEDS]
    under = [one for one in found if boxes(one)[1, 0] < boxes(one)[0, 2] - 0.02]
    assert len(under) >= len(found) // 20
    for one in under:
        assert nearest(one[0], one[1]) > 0.08


def test_raised_ink_is_other_ink_above_the_number(inks):
    """Raised ink is small, labelled as other ink, and mostly above the middle of the number."""
    found = [placed_of(f"8{RAISED}", inks, seed, "apart") for seed in SEEDS]
    assert all(one[1][0] == OTHER for one in found)
    every = np.array([boxes(one) for one in found])
    heights = every[:, 1, 3] - every[:, 1, 1]
    assert (heights < 0.75 * (every[:, 0, 3] - every[:, 0, 1])).all()
    above = every[:, 1, [1, 3]].mean(axis=1) < every[:, 0, [1, 3]].mean(axis=1)
    assert 0.6 < above.mean() < 1


def upright(text, inks, seed):
    """Return tops and bottoms of the symbols, from 0 at the foot to -1 at the head of digits."""
    found = boxes(placed_of(text, inks, seed, "apart"))
    digits = np.array([symbol.isdigit() for symbol in text])
    # The feet of the digits on either side level a sloping baseline.
    x = found[:, [0, 2]].mean(axis=1)
    slope, foot = np.polyfit(x[digits], found[digits, 3], 1)
    return (found[:, [1, 3]] - (slope * x + foot)[:, np.newaxis]) / np.mean(
        np.ptp(found[digits][:, [1, 3]], axis=1)
    )


def test_digits_stand_on_the_baseline(inks):
    """Digits reach from about 0 to about -1."""
    tops, bottoms = np.concatenate([upright("80868", inks, seed) for seed in SEEDS]).T
    assert abs(np.mean(tops) + 1) < 0.1
    assert np.std(bottoms) < 0.15


@pytest.mark.parametrize("sign", ".,")
def test_a_point_stands_at_the_foot(inks, sign):
    """A point or a comma is small and at the foot of the digits."""
    found = [upright(f"8{sign}8", inks, seed)[1] for seed in SEEDS]
    for top, bottom in found:
        assert bottom - top < 0.75
        assert -0.35 < (top + bottom) / 2 < 0.35


def test_a_comma_hangs_lower_than_a_point(inks):
    """The lower end of a comma is on average below that of a point."""
    foot = {sign: np.mean([upright(f"8{sign}8", inks, s)[1, 1] for s in SEEDS]) for sign in ".,"}
    assert foot[","] > foot["."] + 0.1


@pytest.mark.parametrize("sign", "-+=:")
def test_a_minus_is_at_half_height(inks, sign):
    """A minus, and other signs lower than a digit, are at half of the digits' height."""
    for seed in SEEDS:
        top, bottom = upright(f"8{sign}8", inks, seed)[1]
        assert -0.95 < (top + bottom) / 2 < -0.05


@pytest.mark.parametrize("sign", "/()$")
def test_a_slash_is_as_high_as_a_digit(inks, sign):
    """A slash is about as high as a digit or higher."""
    heights = [np.ptp(upright(f"8{sign}8", inks, seed)[1]) for seed in SEEDS]
    assert min(heights) > 0.7
    assert np.mean(heights) > 1


def test_a_gap_is_wider_than_none(inks):
    """A space moves the next symbol away."""
    for seed in SEEDS[:10]:
        near, far = (boxes(placed_of(text, inks, seed, "apart")) for text in ("11", "1 1"))
        assert far[1, 0] - far[0, 2] > 0.4
        assert near[1, 0] - near[0, 2] < 0.8


def test_other_ink_is_composed_of_every_kind(inks):
    """Letters, marks and doodles are other ink, and doodles are scribbled if there is no file."""
    without = replace(inks, doodles=[])
    for some in (inks, without):
        placed = placed_of("a@~", some, 3)
        assert [label for label, _ in placed] == [OTHER, OTHER, OTHER]
        assert all(len(stroke) for _, strokes in placed for stroke in strokes)


def test_a_writer_borrows_the_digits_that_are_missing(inks):
    """Missing digits of a writer come from another writer."""
    (one, *others) = inks.writers
    poor = replace(one, digits={digit: own for digit, own in one.digits.items() if digit != 7})
    some = replace(inks, writers=[poor, others[0]])
    for seed in SEEDS[:10]:
        assert [label for label, _ in placed_of("77", some, seed)] == [7, 7]


def test_it_rejects_texts_that_are_always_too_wide(line_of):
    """A text that is always too wide raises an error."""
    with pytest.raises(TrainError, match="wider than 512 pixels"):
        line_of("8 " * 100, STROKES[0])


def test_a_sign_of_a_line_is_like_the_others(inks):
    """Two slashes of a line are more similar than slashes of two lines."""
    heights = []
    for seed in range(40):
        line = composed_line("1/2/3", inks, np.random.default_rng(seed), "apart")
        slash = SYMBOLS.index("/")
        strokes = [np.concatenate(strokes) for label, strokes in line if label == slash]
        heights.append([float(np.ptp(points[:, 1])) for points in strokes])
    one, other = np.log(np.array(heights)).T
    assert np.abs(one - other).mean() < np.abs(one - np.roll(other, 1)).mean() * 0.8


def how_often(monkeypatch, inks, module, name, seeds=300):
    """Return how often composing lines of strokes calls a function of a module."""
    calls = []
    whole = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *taken: calls.append(1) or whole(*taken))
    few = replace(inks, strings=[], glyph_rows=[])
    lines = 0
    for seed in range(seeds):
        before = len(calls)
        random_line(few, rng_of(seed))
        lines += len(calls) > before
    return lines / seeds


@pytest.mark.parametrize(
    ("module", "name", "least", "most"),
    [
        (compose, "degraded", 0.15, 0.45),
        (placement, "drawn", 0.2, 0.7),
        (compose, "_join", 0.01, 0.12),
    ],
)
def test_lines_are_varied(inks, monkeypatch, module, name, least, most):
    """Some lines are degraded pictures, some have generated digits, and some have joined digits."""
    assert least < how_often(monkeypatch, inks, module, name) < most


def test_some_strokes_come_in_any_order(inks, monkeypatch):
    """A tenth of the drawn lines has strokes in random order, the others from left to right."""
    out_of_order = lines = 0
    whole = compose._drawn

    def watched(strokes, rng):
        nonlocal out_of_order, lines
        lefts = [stroke[:, 0].min() for stroke in strokes]
        lines += 1
        out_of_order += lefts != sorted(lefts) and min(np.diff(lefts)) < -0.5
        return whole(strokes, rng)

    monkeypatch.setattr(compose, "_drawn", watched)
    few = replace(inks, strings=[], glyph_rows=[])
    monkeypatch.setattr(compose, "random_text", lambda rng: "111111")
    for seed in range(300):
        random_line(few, rng_of(seed))
    assert 0.04 < out_of_order / lines < 0.18
