"""Sets that a model is measured on: read from files, composed, or generated."""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from webapp.recognition import (
    Stroke,
)

from ..data.compose import SPACINGS, Spacing, composed
from ..data.mnist import Mnist
from ..data.nondigits import GENERATED, generated, read_nondigits
from ..data.photo_sets import PhotoSample, generated_photos, numbers_as_pictures, read_photos
from ..data.photos import SCENES
from ..data.strokes import StrokeSample, read_stroke_file
from ..errors import TrainError
from ..progress import watched
from .digits import (
    MNIST_TEST,
    Figures,
    NonDigitFigures,
    Picture,
    Reader,
    evaluate_nondigits,
    evaluate_pictures,
    evaluate_strokes,
    name_of,
)
from .numbers import NumberFigures, evaluate_numbers, evaluate_photos, is_number

MNIST_PICTURES = f"{MNIST_TEST}, as pictures"

GENERATED_COUNT = 1000
"""Generated drawings of each kind."""

GENERATED_SEED = 2026
"""Seed of these drawings, different from those of any training."""

COMPOSED_COUNT = 500
"""Composed numbers of each spacing."""

COMPOSED_LENGTH = 4
"""Digits of a composed number."""

COMPOSED_SEED = 2027

PAIRS: tuple[Spacing, ...] = ("kissing", "touching")
"""Spacings of the pairs of digits that are measured as pictures."""

PHOTO_COUNT = 20
"""Generated photos of each scene."""

PHOTO_SEED = 2028


def digits_of(path: Path, split: str) -> list[StrokeSample]:
    """Return the single digits of a stroke file that belong to a split.

    Raises:
        TrainError: there are none.
    """
    samples = [s for s in read_stroke_file(path) if s.split == split and s.is_digit]
    if not samples:
        raise TrainError(f"{path} has no digits by {split} writers")
    return samples


def measure_pictures(reader: Reader, mnist: Mnist) -> Iterator[Figures]:
    """Measure MNIST's test set as picture files, white on black."""
    rows = watched(range(len(mnist.test_labels)), MNIST_PICTURES)
    pictures = (Picture(int(mnist.test_labels[row]), _png(mnist, row)) for row in rows)
    found = evaluate_pictures(MNIST_PICTURES, reader, pictures)
    if found:
        yield found


def _png(mnist: Mnist, row: int) -> bytes:
    _, encoded = cv2.imencode(".png", mnist.test_glyphs[row, ..., 0])
    return encoded.tobytes()


def measure_strokes(
    reader: Reader, pen: Mapping[Path, Sequence[StrokeSample]], split: str
) -> Iterator[Figures]:
    """Measure the single digits of stroke files, read as strokes."""
    for path, samples in pen.items():
        name = name_of(path, split)
        found = evaluate_strokes(name, reader, watched(samples, name))
        if found:
            yield found


def measure_numbers(
    reader: Reader,
    options: argparse.Namespace,
    pen: Mapping[Path, Sequence[StrokeSample]],
) -> Iterator[NumberFigures]:
    """Measure each file of numbers, composed numbers, and single digits."""
    sets: dict[str, Sequence[StrokeSample]] = {}
    for path in options.numbers:
        samples = [s for s in read_stroke_file(path) if s.split == options.split and is_number(s)]
        if not samples:
            raise TrainError(f"{path} has no numbers by {options.split} writers")
        sets[name_of(path, options.split)] = samples
    for path in options.strokes[:1]:
        for number, spacing in enumerate(SPACINGS):
            rng = np.random.default_rng([COMPOSED_SEED, number])
            sets[f"{spacing} (composed of {name_of(path, options.split)})"] = composed(
                pen[path], COMPOSED_COUNT, COMPOSED_LENGTH, spacing, rng
            )
    for path, digits in pen.items():
        sets[name_of(path, options.split)] = digits
    for name, numbers in sets.items():
        found = evaluate_numbers(name, reader, watched(numbers, f"{name}, as numbers"))
        if found:
            yield found


def measure_photos(
    reader: Reader,
    options: argparse.Namespace,
    pen: Mapping[Path, Sequence[StrokeSample]],
    mnist: Mnist,
) -> Iterator[NumberFigures]:
    """Measure pictures of numbers: generated ones, by scene, and real ones."""
    path = options.strokes[0]
    digits = pen[path]
    of = name_of(path, options.split)
    sets: dict[str, Iterable[PhotoSample]] = {
        f"{name} pairs as pictures ({of})": numbers_as_pictures(
            digits, COMPOSED_COUNT, 2, name, PHOTO_SEED
        )
        for name in PAIRS
    }
    every: list[PhotoSample] = []
    for kind in SCENES:
        photos = [*generated_photos(digits, kind, PHOTO_COUNT, PHOTO_SEED)]
        every += photos
        sets[f"photos: {kind}"] = photos
    sets["photos: all of these"] = every
    for folder in options.photos:
        sets[str(folder)] = read_photos(folder)
    if options.pictures:
        sets[MNIST_PICTURES] = (
            PhotoSample(str(mnist.test_labels[row]), "", _png(mnist, row))
            for row in range(len(mnist.test_labels))
        )
    for name, some in sets.items():
        found = evaluate_photos(name, reader, watched([*some], f"{name}, as numbers"))
        if found:
            yield found


def measure_nondigits(
    reader: Reader,
    options: argparse.Namespace,
    pen: Mapping[Path, Sequence[StrokeSample]],
    read: Sequence[Figures],
) -> Iterator[NonDigitFigures]:
    """Measure each kind of non-digit in the files, and each generated kind."""
    scores = [row.scores for row in read if row.scores is not None]
    digit_scores = np.concatenate(scores) if scores else None
    sets: dict[str, tuple[str, list[Sequence[Stroke]]]] = {}
    for path in options.others:
        drawings = [*read_nondigits(path, options.split)]
        if not drawings:
            raise TrainError(f"{path} has nothing of the {options.split} split that is no digit")
        for drawing in drawings:
            name = f"{drawing.kind} ({options.split})"
            sets.setdefault(name, (drawing.kind, []))[1].append(drawing.strokes)
    every = [sample for samples in pen.values() for sample in samples]
    for number, kind in enumerate(GENERATED):
        rng = np.random.default_rng([GENERATED_SEED, number])
        sets[f"{kind} (generated)"] = kind, [*generated(kind, GENERATED_COUNT, rng, every)]
    for name, (kind, drawn) in sets.items():
        found = evaluate_nondigits(name, reader, watched(drawn, name), digit_scores, kind)
        if found:
            yield found
        # Pairs are numbers, and a smudge or a fragment may be a 1.
        if options.numbers and kind not in GENERATED:
            name += ", as numbers"
            found = evaluate_nondigits(name, reader, watched(drawn, name), None, kind, "number")
            if found:
                yield found
