"""Sets for measuring and calibrating the line reader: lines of every kind that people write."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from webapp.recognition import Stroke

from ..data.compose import SPACINGS, Spacing, composed
from ..data.photo_sets import numbers_as_pictures, picture_of, read_photos
from ..data.strokes import StrokeSample
from ..errors import DataError
from ..eyes.views import bare_view, view_of_line
from ..measure.numbers import is_number, written
from .compose import composed_line
from .inks import Inks, Source, Strokes, load_inks
from .texts import DOODLE, LETTER, digits

Rng = np.random.Generator

TEXTS: dict[str, Callable[[Rng], str]] = {
    "decimals": lambda rng: f"{digits(rng, 1, 3)}.{digits(rng, 2, 2)}",
    "negatives": lambda rng: f"-{digits(rng, 1, 4)}",
    "dates": lambda rng: "/".join([digits(rng, 1, 2), digits(rng, 1, 2), digits(rng, 2, 2)]),
    "fractions": lambda rng: f"{digits(rng, 1, 2)}/{digits(rng, 1, 2)}",
    "sums": lambda rng: f"{digits(rng, 1, 3)}+{digits(rng, 1, 3)}",
    "percentages": lambda rng: f"{digits(rng, 1, 3)}%",
}
"""Texts with signs, one set per kind."""

LENGTH, LONG = 4, 10
"""Digits of a composed number without signs, short and long."""

PICTURES: Mapping[str, tuple[int, Spacing]] = {
    "single digits": (1, "apart"),
    "apart": (LENGTH, "apart"),
    "kissing": (2, "kissing"),
    "touching": (2, "touching"),
    "long apart": (LONG, "apart"),
    "long touching": (LONG, "touching"),
}
"""Digits of a number in a picture, and their spacing."""

CHEQUE = (30, 60)
"""Least and largest height of an amount cropped from a cheque, in pixels."""

WORD_LENGTHS = (3, 7)
"""Least and largest number of letters of a word."""


def group_of(kind: str) -> str:
    """Return the group of a set, from its name: single, signs, pictures, or numbers and others."""
    if kind in TEXTS:
        return "signs"
    first = kind.split()[0].rstrip(",")
    return first if first in ("single", "pictures") else "numbers and others"


@dataclass(frozen=True)
class LineSample:
    """A line to read."""

    label: str | None
    """The written text. None for a non-number."""
    writer: str
    """Name of the writer. Empty if writers do not count."""
    strokes: Strokes | None = None
    picture: bytes | None = None


@dataclass(frozen=True)
class Amounts:
    """Largest number of samples per set, by kind of set."""

    single: int
    """Single digits, and numbers written in one go."""
    composed: int
    signs: int
    """Each kind of `TEXTS`."""
    pictures: int
    """Pictures with a number. Half as many have none."""
    others: int
    """Letters and doodles. Half as many words."""


FULL = Amounts(100_000, 500, 500, 500, 2000)
"""Amounts for the published figures."""

CALIBRATION = Amounts(1500, 300, 150, 400, 600)
"""Amounts for fitting the confidence, per fold."""


def line_sets(
    source: Source, amounts: Amounts, seed: int
) -> Iterator[tuple[str, list[LineSample]]]:
    """Yield the sets with their names. The same seed gives the same sets.

    Raises:
        DataError, TrainError: see `load_inks`; or no writer has `LENGTH` digits.
    """
    inks = load_inks(replace(source, mnist=None))  # the sets contain no digit of MNIST
    singles: list[StrokeSample] = []
    for path in source.files.digits:
        own = [sample for sample in source.samples(path) if sample.is_digit]
        singles += own
        if own:
            yield f"single digits, {_title(path.name, own)}", picked(own, amounts.single)
    for path in source.files.strings:
        numbers = [sample for sample in source.samples(path) if is_number(sample)]
        if numbers:
            yield path.name.split(".")[0], picked(numbers, amounts.single)
    for length, name in ((LENGTH, "composed"), (LONG, "composed, long")):
        for number, spacing in enumerate(SPACINGS):
            rng = np.random.default_rng([seed, number, length])
            numbers = composed(singles, amounts.composed, length, spacing, rng)
            yield f"{name}, {spacing}", picked(numbers, amounts.composed)
    for number, (name, text) in enumerate(TEXTS.items()):
        rng = np.random.default_rng([seed, 10 + number])
        yield name, [_signed(text(rng), inks, rng) for _ in range(amounts.signs)]
    for name, (length, spacing) in PICTURES.items():
        photos = numbers_as_pictures(singles, amounts.pictures, length, spacing, seed)
        yield f"pictures, {name}", [LineSample(p.label, p.writer, None, p.data) for p in photos]
    rng = np.random.default_rng([seed, 19])
    signed = [_signed(_text(rng), inks, rng) for _ in range(amounts.pictures)]
    yield (
        "pictures, signs",
        [LineSample(s.label, s.writer, None, picture_of(s.strokes or (), rng)) for s in signed],
    )
    for number, (name, cropped) in enumerate((("paper", False), ("cheques", True))):
        rng = np.random.default_rng([seed, 30 + number])
        texts = [
            _text(rng) if rng.random() < 0.5 else digits(rng, 1, 7) for _ in range(amounts.pictures)
        ]
        yield (
            f"pictures, {name}",
            [
                LineSample(text, "composed", None, _photographed(text, inks, cropped, rng))
                for text in texts
            ],
        )
    rng = np.random.default_rng([seed, 40])
    bare = [_without_number(inks, rng) for _ in range(amounts.pictures // 2)]
    yield "pictures, no number", [LineSample(None, "", None, picture) for picture in bare]
    others = {"letters": inks.letters, "doodles": inks.doodles}
    rng = np.random.default_rng([seed, 50])
    for name, drawings in others.items():
        rows = rng.permutation(len(drawings))[: amounts.pictures]
        drawn = [picture_of(_one_high(drawings[row]), rng) for row in rows.tolist()]
        yield f"pictures, {name}", [LineSample(None, "", None, picture) for picture in drawn]
    rng = np.random.default_rng([seed, 20])
    for name, drawings in others.items():
        rows = rng.permutation(len(drawings))[: amounts.others]
        yield name, [LineSample(None, "", drawings[row]) for row in rows.tolist()]
    words = [
        composed_line(LETTER * _between(WORD_LENGTHS, rng), inks, rng, "apart")
        for _ in range(amounts.others // 2)
    ]
    yield "words", [LineSample(None, "", _strokes(word)) for word in words]


def photos_of(folder: Path) -> dict[str, list[LineSample]]:
    """Return the photos of a folder, in one set with digits and one without. See `read_photos`."""
    sets: dict[str, list[LineSample]] = {}
    for photo in read_photos(folder):
        label = "".join(photo.label.split())
        has_digit = any(map(str.isdigit, label))
        name = folder.name if has_digit else f"{folder.name}, no number"
        sample = LineSample(label if has_digit else None, photo.writer, None, photo.data)
        sets.setdefault(name, []).append(sample)
    return sets


def drawings_of(folder: Path) -> dict[str, list[LineSample]]:
    """Return drawings that were sent to the API, by the first word of their files' names.

    Each file is JSON with `request`, the body of a request, and `expected`, the written text.

    Raises:
        DataError: a file does not have that form, or the folder has none.
    """
    sets: dict[str, list[LineSample]] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            said = json.loads(path.read_bytes())
            drawn = [(stroke["x"], stroke["y"]) for stroke in said["request"]["strokes"]]
            strokes = [np.stack([np.asarray(axis, np.float64) for axis in s], 1) for s in drawn]
            sample = LineSample("".join(str(said["expected"]).split()), path.stem, strokes)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is not a drawing with what was written: {error!r}") from error
        sets.setdefault(path.stem.split("-")[0], []).append(sample)
    if not sets:
        raise DataError(f"{folder} has no drawings, *.json")
    return sets


def _between(bounds: tuple[int, int], rng: Rng) -> int:
    """Return a random integer between two bounds, both included."""
    return int(rng.integers(bounds[0], bounds[1] + 1))


def _title(name: str, samples: Sequence[StrokeSample]) -> str:
    """Return the title of a file. Two files share a name, so the contributor distinguishes them."""
    return "pendigits" if samples[0].provider == "pendigits" else name.split(".")[0]


def picked(samples: Sequence[StrokeSample], most: int) -> list[LineSample]:
    """Pick at most `most` samples at even distances."""
    rows = np.linspace(0, len(samples) - 1, min(len(samples), most)).round().astype(int)
    chosen = [samples[row] for row in rows.tolist()]
    return [LineSample(written(s), s.writer, s.strokes) for s in chosen]


def _text(rng: Rng) -> str:
    """Return a random text of a random kind of `TEXTS`."""
    return [*TEXTS.values()][int(rng.integers(len(TEXTS)))](rng)


def _photographed(text: str, inks: Inks, cropped: bool, rng: Rng) -> bytes:
    """Return a line on random paper as a PNG file, if cropped to its ink, `CHEQUE` pixels high."""
    view = view_of_line(text, inks, rng)
    picture = view.picture
    if cropped:
        rows, columns = np.nonzero(view.ink)
        margin = rng.integers(1, 9, 4)
        top, left = np.maximum(0, np.array([rows.min(), columns.min()]) - margin[:2])
        picture = picture[top : rows.max() + 1 + margin[2], left : columns.max() + 1 + margin[3]]
        factor = rng.uniform(*CHEQUE) / len(picture)
        picture = np.asarray(
            cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8
        )
    return bytes(cv2.imencode(".png", picture)[1])


def _without_number(inks: Inks, rng: Rng) -> bytes:
    """Return a picture of words, of a drawing, or without writing, as a PNG file."""
    kind = rng.random()
    if kind < 0.4:
        view = bare_view(rng)
    else:
        word = LETTER * _between(WORD_LENGTHS, rng)
        view = view_of_line(word if kind < 0.8 else DOODLE, inks, rng)
    return bytes(cv2.imencode(".png", view.picture)[1])


def _one_high(strokes: Strokes) -> list[Stroke]:
    """Return ink scaled to a height of 1, and to a width of 2 at most."""
    width, height = np.ptp(np.concatenate(strokes), axis=0)
    return [stroke / max(height, width / 2, 1e-9) for stroke in strokes]


def _signed(text: str, inks: Inks, rng: Rng) -> LineSample:
    mode = "apart" if rng.random() < 0.7 else "close"
    return LineSample(text, "composed", _strokes(composed_line(text, inks, rng, mode)))


def _strokes(symbols: Sequence[tuple[int, list[Stroke]]]) -> list[Stroke]:
    return [stroke for _, strokes in symbols for stroke in strokes]
