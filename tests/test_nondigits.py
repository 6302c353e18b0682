"""Non-digits: from files by split, and generated."""

import numpy as np
import pytest

from support import hand
from tests.test_strokes import stroke_file
from train.data.nondigits import (
    GENERATED,
    QUICK_DRAW_WRITER,
    blot,
    fragment,
    generated,
    pair,
    read_nondigits,
)
from train.data.strokes import StrokeSample
from train.errors import DataError
from webapp.recognition import glyph_of_strokes

SPLITS = ("train", "dev", "test")
DIGITS = [StrokeSample(str(d), "one", tuple(hand.strokes(d))) for d in range(10)]


def row(label, writer):
    """A line of a stroke file."""
    return {"label": label, "writer": writer, "strokes": [[[0, 0], [3, 5]]]}


def rng(seed=0):
    """A generator of its own."""
    return np.random.default_rng(seed)


def test_whole_writers_belong_to_one_split(tmp_path):
    """Letters and symbols are split by writer, without look-alikes and digits."""
    rows = [
        row(label, f"w{n}") for n in range(20) for label in ("A", "#", "O", "7", "(", "^", "12")
    ]
    path = stroke_file(tmp_path, *rows)
    found = {split: list(read_nondigits(path, split)) for split in SPLITS}
    assert sum(map(len, found.values())) == 40
    assert {(s.kind, s.label) for split in SPLITS for s in found[split]} == {
        ("letters", "A"), ("symbols", "#"),
    }  # fmt: skip
    for split, samples in found.items():
        assert all(StrokeSample("A", s.writer, ()).split == split for s in samples)


def test_doodles_are_split_by_class(tmp_path):
    """Doodles are split by class, without classes that look like a digit."""
    labels = ["barn", "castle", "cello", "drill", "pants", "shark", "stove", "tiger", "circle"]
    path = stroke_file(tmp_path, *[row(label, QUICK_DRAW_WRITER) for label in 2 * labels])
    found = {split: [s.label for s in read_nondigits(path, split)] for split in SPLITS}
    assert sorted(label for split in SPLITS for label in found[split]) == sorted(2 * labels[:-1])
    assert all(labels.count(label) in (0, 2) for labels in found.values() for label in labels)
    assert sum(bool(labels) for labels in found.values()) > 1


@pytest.mark.parametrize("kind", GENERATED)
def test_each_kind_is_drawn(kind):
    """Each kind is generated in the requested number, repeatably, with ink and variety."""
    drawn, again = (generated(kind, 30, rng(), DIGITS) for _ in range(2))
    glyphs = [glyph_of_strokes(strokes) for strokes in drawn]
    assert len(drawn) == 30
    assert all(np.isfinite(stroke).all() for strokes in drawn for stroke in strokes)
    assert len({glyph.tobytes() for glyph in glyphs}) > 15
    for strokes, same in zip(drawn, again, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(strokes, same, strict=True))


def test_a_pair_stands_side_by_side():
    """The digits of a pair are side by side and of similar height."""
    left, right = hand.strokes(3), hand.strokes(5, size=31)
    gaps = []
    for seed in range(20):
        both = pair(left, right, rng(seed))
        first, second = both[0], np.concatenate(both[1:])
        gaps.append(second[:, 0].min() - first[:, 0].max())
        assert 0.7 < np.ptp(second[:, 1]) / np.ptp(first[:, 1]) < 1.4
    assert -0.4 < min(gaps) < 0 < max(gaps) < 0.5


def test_half_of_the_pairs_have_a_one():
    """Half of the pairs have a 1 on either side, in addition to those by chance."""
    shares = [
        min(np.ptp(stroke[:, 0]) / max(np.ptp(stroke[:, 1]), 1e-9) for stroke in (one[0], one[-1]))
        for one in generated("pairs", 200, rng(), DIGITS)
    ]
    assert 80 < sum(share < 0.2 for share in shares) < 160


def test_a_fragment_is_wide_and_part_of_the_digit():
    """A fragment is wider than high, because a stem is a 1, and a straight stem has no fragment."""
    for seed in range(20):
        piece = fragment(hand.strokes(3), rng(seed))
        if piece is not None:
            width, height = np.ptp(piece[0], axis=0)
            assert width > height
            assert len(piece[0]) < 0.5 * len(hand.strokes(3)[0])
    assert fragment(hand.strokes(1), rng()) is None


def test_digits_that_give_none_are_said_to():
    """Digits without usable fragments are an error, not an endless search."""
    with pytest.raises(DataError, match="gives any fragments"):
        generated("fragments", 1, rng(), DIGITS[1:2])


def test_a_blot_has_ink():
    """A blot has ink and differs each time."""
    random = rng()
    blots = [blot(random) for _ in range(50)]
    assert all(ink.dtype == np.uint8 and ink.any() for ink in blots)
    assert len({ink.tobytes() for ink in blots}) == 50
