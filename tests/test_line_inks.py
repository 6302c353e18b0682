"""The ink that lines are composed of, by split and contributor."""

import zlib
from dataclasses import replace

import numpy as np
import pytest

from support import hand
from tests.ink_files import (
    LETTERS,
    MARKS,
    RING,
    SIGNS,
    WRITERS,
    digit_rows,
    doodle_rows,
    files_in,
    symbol_rows,
    write,
)
from train.data.mnist import Mnist, dev_rows
from train.errors import DataError, TrainError
from train.line import inks
from train.line.inks import WRITER_CAP, Files, Source, load_inks
from webapp.recognition.symbols import SIGNS as SIGN_NAMES

ME = WRITERS["train"][0]
TRAIN_DOODLE = next(n for n in ("house", "fork", "bus") if zlib.crc32(n.encode()) % 4 >= 2)


def source(folder, digits=None, symbols=None, **options):
    """Write files of these rows, or of enough for a line, and return their source."""
    digits = digit_rows([ME]) if digits is None else digits
    symbols = symbol_rows(SIGNS | LETTERS | MARKS, [ME]) if symbols is None else symbols
    files = Files(
        (write(folder / "digits.jsonl.gz", digits),),
        (),
        (write(folder / "symbols.jsonl.gz", symbols),),
    )
    return Source(files, **options)


def test_it_works(tmp_path):
    """Digits come by writer, signs by symbol, other ink by kind, and numbers with their text."""
    found = load_inks(Source(files_in(tmp_path)))
    assert [sorted(writer.digits) for writer in found.writers] == 4 * [list(range(10))]
    assert [writer.count for writer in found.writers] == 4 * [10]
    assert {sign: len(own) for sign, own in found.signs.items()} == dict.fromkeys(SIGN_NAMES, 2)
    assert (len(found.letters), len(found.marks)) == (4, 2)
    assert [text for text, _ in found.strings] == ["407", "12", "407", "12"]
    assert found.glyphs.shape == (0, 28, 28)
    assert np.array_equal(found.writers[0].digits[7][0][0], np.array(hand.DIGITS[7][0]))


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_writers_of_other_splits_are_left_out(tmp_path, split):
    """Digits, numbers, signs and letters are of the split's writers, and doodles of its classes."""
    rows = digit_rows([WRITERS[split][0]]) + digit_rows([WRITERS[s][1] for s in WRITERS], repeats=2)
    classes = [f"doodle {number}" for number in range(12)]
    symbols = [
        *symbol_rows(SIGNS | LETTERS | MARKS, [names[0] for names in WRITERS.values()]),
        *doodle_rows(*classes),
    ]
    found = load_inks(source(tmp_path, rows, symbols, splits=(split,)))
    assert sorted(writer.count for writer in found.writers) == [10, 20]
    assert len(found.signs["+"]) == len(found.marks) == 1
    remainders = {"test": (0,), "dev": (1,), "train": (2, 3)}[split]
    own = [name for name in classes if zlib.crc32(name.encode()) % 4 in remainders]
    assert len(found.doodles) == len(own) > 0


def test_splits_add_up(tmp_path):
    """Two splits have the writers of both."""
    files = files_in(tmp_path)
    count = {
        splits: len(load_inks(Source(files, splits=splits)).writers)
        for splits in (("train",), ("dev",), ("train", "dev"))
    }
    assert count["train", "dev"] == count["train",] + count["dev",]


def test_contributors_are_left_out(tmp_path):
    """`without` drops contributors, `only` keeps them, and neither affects doodles."""
    files = files_in(tmp_path, ("one", "two"))
    every = load_inks(Source(files))
    for options in ({"without": ("two",)}, {"only": ("one",)}):
        found = load_inks(Source(files, **options))
        for part in ("writers", "marks", "letters", "strings"):
            assert 2 * len(getattr(found, part)) == len(getattr(every, part))
        assert 2 * len(found.signs["+"]) == len(every.signs["+"])
        assert len(found.doodles) == len(every.doodles)


def test_look_alikes_and_signs_are_never_other_ink(tmp_path):
    """Letters like digits, signs, bars and round doodles are never other ink."""
    bar = [[(0, 0), (0, 1)]]
    unwanted = dict.fromkeys(["O", "l", "Z", "q", "|", "_", "?", "^", "\\@", "`"], bar)
    classes = [name for name in ("circle", "line", "moon") if zlib.crc32(name.encode()) % 4 >= 2]
    assert classes
    symbols = [
        *symbol_rows(SIGNS | LETTERS | MARKS | unwanted, [ME]),
        *doodle_rows(TRAIN_DOODLE, *classes),
    ]
    found = load_inks(source(tmp_path, symbols=symbols))
    drawn = [found.letters, found.marks, found.doodles]
    assert [len(own) for own in drawn] == [len(LETTERS), len(MARKS), 1]
    assert not any(len(strokes) == 1 and len(strokes[0]) == 2 for own in drawn for strokes in own)


def test_a_busy_writer_is_cut_down(tmp_path):
    """A writer has about `WRITER_CAP` digits at most, of all ten values."""
    found = load_inks(source(tmp_path, digit_rows([ME], repeats=40)))
    (writer,) = found.writers
    assert 0.9 * WRITER_CAP <= writer.count <= WRITER_CAP
    assert len(writer.digits) == 10


def test_it_rejects_no_digits(tmp_path):
    """A source without digits fails, and the error names the splits."""
    with pytest.raises(TrainError, match="no digits by dev or test writers"):
        load_inks(source(tmp_path, splits=("dev", "test")))


@pytest.mark.parametrize("digit", [0, 7])
def test_it_rejects_a_missing_digit(tmp_path, digit):
    """A missing digit is an error."""
    rows = [row for row in digit_rows([ME]) if row["label"] != str(digit)]
    with pytest.raises(TrainError, match=f"no {digit} by these writers"):
        load_inks(source(tmp_path, rows))


@pytest.mark.parametrize("sign", SIGN_NAMES)
def test_it_rejects_a_missing_sign(tmp_path, sign):
    """A missing sign is an error that names it."""
    drawings = {label: strokes for label, strokes in SIGNS.items() if label != sign}
    with pytest.raises(TrainError) as error:
        load_inks(source(tmp_path, symbols=symbol_rows(drawings | LETTERS | MARKS, [ME])))
    assert f"no {sign} by these writers" in str(error.value)


@pytest.mark.parametrize(("missing", "kind"), [(LETTERS, "letters"), (MARKS, "symbols")])
def test_it_rejects_missing_other_ink(tmp_path, missing, kind):
    """Missing letters or symbols are an error."""
    drawings = {k: v for k, v in (SIGNS | LETTERS | MARKS).items() if k not in missing}
    with pytest.raises(TrainError, match=f"no {kind} by these writers"):
        load_inks(source(tmp_path, symbols=symbol_rows(drawings, [ME])))


def test_it_rejects_missing_files(tmp_path):
    """The error names the missing file, or MNIST's folder."""
    good = source(tmp_path)
    missing = replace(good.files, symbols=(tmp_path / "none.jsonl.gz",))
    with pytest.raises(DataError, match=r"none\.jsonl\.gz cannot be read"):
        load_inks(replace(good, files=missing))
    with pytest.raises(DataError, match="there is neither train-images"):
        load_inks(replace(good, mnist=tmp_path / "mnist"))


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A folder with the writers of 48 images, and images in the form of MNIST."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    writers = np.zeros((48, 8), np.int64)
    writers[:, 2] = np.repeat(np.arange(100, 124), 2)
    np.savez(folder / "writers.npz", train=writers)
    glyphs = np.arange(48, dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis]
    images = np.broadcast_to(glyphs, (48, 28, 28, 1)).copy()
    labels = np.arange(48) % 10
    monkeypatch.setattr(inks, "load_mnist", lambda path: Mnist(images, labels, images, labels))
    return folder


def test_mnist_is_cut_by_writer(tmp_path, mnist):
    """MNIST's rows are grouped by writer and digit, and train and dev divide the writers."""
    found = {
        splits: load_inks(source(tmp_path, digit_rows([ME, WRITERS["dev"][0]]),
                                 symbol_rows(SIGNS | LETTERS | MARKS, [ME, WRITERS["dev"][0]]),
                                 mnist=mnist, splits=splits))
        for splits in (("train",), ("dev",), ("train", "dev"))
    }  # fmt: skip
    rows = {}
    for splits, own in found.items():
        for writer in own.glyph_rows:
            together = sorted(int(row) for some in writer.values() for row in some)
            assert together[1] == together[0] + 1
            assert together[0] % 2 == 0
            for digit, some in writer.items():
                assert all(row % 10 == digit for row in some)
                assert own.glyphs[some].max() == max(some)
        rows[splits] = sorted(int(r) for w in own.glyph_rows for some in w.values() for r in some)
    assert rows["train",]
    assert rows["dev",] == np.flatnonzero(dev_rows(mnist, 48)).tolist() != []
    assert sorted(rows["train",] + rows["dev",]) == rows["train", "dev"] == list(range(48))


def test_it_rejects_mnist_without_writers(tmp_path, mnist):
    """MNIST without the file of its writers is an error."""
    (mnist / "writers.npz").unlink()
    with pytest.raises(DataError, match=r"writers\.npz cannot be read"):
        load_inks(source(tmp_path, mnist=mnist))


BAR = [(0, 0), (0.1, 0.5), (0, 1)]
LEVEL = [(0, 0), (0.5, 0.05), (1, 0)]


@pytest.mark.parametrize(
    ("sign", "strokes"),
    [
        ("+", [BAR]),
        ("+", [LEVEL, LEVEL]),
        ("%", [RING]),
        ("%", [BAR]),
        ("$", [BAR]),
        ("#", [LEVEL, BAR]),
        ("=", [LEVEL]),
        (":", [RING]),
        (")", [BAR, BAR]),
        (")", [BAR]),
    ],
)
def test_pieces_of_signs_are_left_out(tmp_path, sign, strokes):
    """Incomplete signs of UNIPEN are left out, and complete ones are kept."""
    rows = symbol_rows(SIGNS | LETTERS | MARKS, [ME]) + symbol_rows({sign: strokes}, [ME])
    found = load_inks(source(tmp_path, digit_rows([ME]), rows))
    assert {name: len(some) for name, some in found.signs.items()} == dict.fromkeys(SIGNS, 1)


def test_one_stroke_of_a_letter_is_no_other_ink(tmp_path):
    """A bar or a point cut from a letter is not other ink, because it looks like a 1 or a dash."""
    rows = symbol_rows(SIGNS | LETTERS | MARKS, [ME])
    rows += symbol_rows({"T": [BAR], "E": [LEVEL], "t": [[(0.5, 0.5)]]}, [ME])
    found = load_inks(source(tmp_path, digit_rows([ME]), rows))
    assert len(found.letters) == len(LETTERS)
