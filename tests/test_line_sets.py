"""Sets that the line reader is measured on."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from support import hand
from tests.ink_files import WRITERS, files_in, row, write
from train.errors import DataError
from train.line.inks import Source
from train.line.sets import PICTURES, TEXTS, Amounts, drawings_of, group_of, line_sets, photos_of
from webapp.recognition.symbols import SYMBOLS

FEW = Amounts(single=7, composed=5, signs=6, pictures=3, others=2)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Dev ink of two contributors."""
    return Source(files_in(tmp_path_factory.mktemp("inks")), splits=("dev",))


def sets_of(source, amounts=FEW, seed=1):
    """Return the sets by name."""
    return dict(line_sets(source, amounts, seed))


def test_it_works(source):
    """Each kind has a set of the requested size, or of all available ink."""
    sizes = {name: len(samples) for name, samples in sets_of(source).items()}
    assert sizes == {
        "single digits, digits": 7, "numbers": 4, "composed, apart": 5, "composed, touching": 5,
        "composed, long, apart": 5, "composed, long, touching": 5,
        **dict.fromkeys(TEXTS, 6),
        "pictures, single digits": 3, "pictures, apart": 3,
        "pictures, kissing": 3, "pictures, touching": 3, "pictures, long apart": 3,
        "pictures, long touching": 3, "pictures, signs": 3, "pictures, paper": 3,
        "pictures, cheques": 3, "pictures, no number": 1, "pictures, letters": 3,
        "pictures, doodles": 3, "letters": 2, "doodles": 2, "words": 1,
    }  # fmt: skip


def test_what_is_no_number_has_no_label(source):
    """Non-numbers have no label, numbers consist of known symbols, and every sample has ink."""
    without = ("letters", "doodles", "words", "no number")
    for name, samples in sets_of(source).items():
        for sample in samples:
            assert (sample.label is None) == (name.removeprefix("pictures, ") in without)
            assert set(sample.label or "") <= set(SYMBOLS)
            assert (sample.strokes is None) == name.startswith("pictures")
            if sample.strokes is None:
                picture = cv2.imdecode(np.frombuffer(sample.picture, np.uint8), 0)
                assert np.ptp(picture) > 10
            else:
                assert sum(map(len, sample.strokes)) > 0


@pytest.mark.parametrize(
    ("name", "signs"),
    [("decimals", "."), ("negatives", "-"), ("dates", "//"), ("sums", "+"), ("percentages", "%")],
)
def test_texts_have_their_sign(source, name, signs):
    """Each sample of a kind of text has digits and the signs of its kind."""
    for sample in sets_of(source)[name]:
        assert "".join(symbol for symbol in sample.label if not symbol.isdigit()) == signs
        assert any(symbol.isdigit() for symbol in sample.label)


def test_lines_are_as_long_as_their_labels_say(source):
    """Composed numbers have four or ten digits, pairs two, and words at least three letters."""
    sets = sets_of(source)
    for name in sets:
        if "composed" in name:
            assert {len(s.label) for s in sets[name]} == {10 if "long" in name else 4}
    assert all(set(s.label) & {*"./-+%"} for s in sets["pictures, signs"])
    for name, (length, _) in PICTURES.items():
        assert {len(sample.label) for sample in sets[f"pictures, {name}"]} == {length}
    assert all(len(sample.strokes) >= 3 for sample in sets["words"])


def test_the_same_seed_gives_the_same_sets(source):
    """The same seed gives the same sets, and samples from files do not depend on the seed."""
    one, same, other = (
        {
            name: [(s.label, s.picture, [p.tolist() for p in s.strokes or ()]) for s in samples]
            for name, samples in sets_of(source, seed=seed).items()
        }
        for seed in (1, 1, 2)
    )
    assert one == same
    unlike = {name for name in one if one[name] != other[name]}
    assert unlike >= {"composed, apart", "composed, touching", "pictures, kissing", *TEXTS}
    assert not unlike & {"single digits, digits", "numbers"}


def test_samples_are_chosen_evenly(source):
    """Samples are picked at even distances, or all if there are no more."""
    name = "single digits, digits"
    every = sets_of(source, replace(FEW, single=1000))[name]
    assert len(every) == 40
    some = sets_of(source)[name]
    assert [some[0].label, some[-1].label] == [every[0].label, every[-1].label]
    assert [some[0].writer, some[-1].writer] == [every[0].writer, every[-1].writer]
    assert {sample.writer for sample in every} <= set(WRITERS["dev"])


def test_nothing_is_asked_for(source):
    """Amounts of zero give empty sets."""
    none = sets_of(source, Amounts(0, 0, 0, 0, 0))
    assert none
    assert not any(none.values())


def test_a_file_without_samples_has_no_set(source, tmp_path):
    """A file without samples of the split has no set, and pendigits' set has its name."""
    train = write(tmp_path / "more.jsonl.gz", [row("7", hand.DIGITS[7], WRITERS["train"][0])])
    pen = write(
        tmp_path / "digits.jsonl.gz", [row("7", hand.DIGITS[7], WRITERS["dev"][0], "pendigits")]
    )
    files = replace(source.files, digits=(*source.files.digits, train, pen))
    names = [name for name in sets_of(replace(source, files=files)) if name.startswith("single")]
    assert names == ["single digits, digits", "single digits, pendigits"]


def test_words_on_the_way_of_numbers_are_no_numbers(source, tmp_path):
    """Lines with letters are left out of the numbers written in one go."""
    me = WRITERS["dev"][0]
    rows = [row(label, hand.number("12"), me) for label in ("1 2", "1.2", "x2", ".")]
    files = replace(source.files, strings=(write(tmp_path / "lines.jsonl.gz", rows),))
    found = sets_of(replace(source, files=files))["lines"]
    assert [sample.label for sample in found] == ["12", "1.2"]


def test_it_rejects_writers_with_too_few_digits(source, tmp_path):
    """Writers with too few digits for a composed number are an error."""
    rows = [row(str(d), hand.DIGITS[d], WRITERS["dev"][d]) for d in range(10)]
    files = replace(source.files, digits=(write(tmp_path / "digits.jsonl.gz", rows),))
    with pytest.raises(DataError, match="no writer has 4 digits"):
        sets_of(replace(source, files=files))


def drawing(folder, name, expected="4 07", strokes=None):
    """Write a file of a drawing as sent to the API."""
    strokes = hand.columns(7) if strokes is None else strokes
    said = {"request": {"strokes": strokes}, "expected": expected}
    (folder / name).write_text(json.dumps(said))


def test_a_folder_of_drawings_is_read(tmp_path):
    """A folder of drawings gives a set for each first word of its files' names."""
    for name in ("pad-1.json", "pad-2.json", "phone-1.json"):
        drawing(tmp_path, name)
    found = drawings_of(tmp_path)
    assert {name: len(samples) for name, samples in found.items()} == {"pad": 2, "phone": 1}
    (sample,) = found["phone"]
    assert (sample.label, sample.writer) == ("407", "phone-1")
    assert np.array_equal(sample.strokes[0], hand.strokes(7)[0])


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"request": {"strokes": [{"x": [1]}]}, "expected": "1"}']
)
def test_it_rejects_what_is_no_drawing(tmp_path, content):
    """The error names the invalid file."""
    (tmp_path / "pad-1.json").write_text(content)
    with pytest.raises(DataError, match=r"pad-1\.json is not a drawing"):
        drawings_of(tmp_path)


def test_it_rejects_a_folder_without_drawings(tmp_path):
    """An empty or missing folder is an error."""
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match="has no drawings"):
            drawings_of(folder)


def test_a_folder_of_photos_is_one_set(tmp_path):
    """A folder of photos is one set, and the lines of a photo are joined to one label."""
    (tmp_path / "a.png").write_bytes(hand.png(hand.picture(7)))
    lines = [{"text": "4 07"}, {"text": "12"}]
    text = json.dumps({"image": "a.png", "writer": "me", "lines": lines})
    (tmp_path / "labels.jsonl").write_text(text + "\n")
    ((name, (sample,)),) = photos_of(tmp_path).items()
    assert (name, sample.label, sample.writer) == (tmp_path.name, "40712", "me")
    assert sample.picture == (tmp_path / "a.png").read_bytes()


def test_photos_without_a_digit_are_a_set_of_their_own(tmp_path):
    """Photos without a digit are a set of non-numbers."""
    (tmp_path / "a.png").write_bytes(hand.png(hand.picture(7)))
    rows = [{"image": "a.png", "lines": [{"text": text}]} for text in ("7", "bath")]
    rows.append({"strokes": "a.json", "lines": [{"text": "8"}]})  # a drawing is no photo
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = photos_of(tmp_path)
    assert {name: sample.label for name, (sample,) in found.items()} == {
        tmp_path.name: "7",
        f"{tmp_path.name}, no number": None,
    }


def test_groups_of_sets():
    """The sets with signs form one group, and so do those of single digits."""
    assert group_of("single digits, pendigits") == group_of("single digits, digits") == "single"
    assert {group_of(kind) for kind in TEXTS} == {"signs"}
    assert group_of("pictures, kissing") == "pictures"
    assert group_of("composed, apart") == group_of("digit_strings") == group_of("letters")
