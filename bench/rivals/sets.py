"""The sets that all readers read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from train.data.mnist import load_mnist
from train.data.photo_sets import generated_photos, picture_of
from train.data.photos import SCENES
from train.line.inks import Source
from train.line.sets import Amounts, LineSample, line_sets, photos_of, picked
from train.measure.numbers import is_number

from .samples import Kind, Sample, plain

SEED = 2031
"""Seed of the composed sets. It is that of no fit, calibration or card."""

TITLES = {
    "pictures, paper": "pictures, on strange paper",
    "pictures, cheques": "pictures, cheque amounts",
}
"""Sets whose title in the training code says too little."""


@dataclass(frozen=True)
class Set:
    """A set of handwriting."""

    title: str
    samples: Sequence[Sample]
    kind: Kind = "line"


def all_sets(
    source: Source, lines: Sequence[Path], folders: Sequence[Path], most: int
) -> Iterator[Set]:
    """Yield the sets of dev writers and of MNIST's test digits, at most `most` samples of each.

    Args:
        lines: stroke files of numbers in several groups, such as UNIPEN's lines of digits.
        folders: folders of photos with their labels.jsonl.

    Raises:
        DataError, TrainError: see `line_sets` and `photos_of`.
    """
    rng = np.random.default_rng(SEED)
    mnist = load_mnist(source.mnist)
    rows = np.linspace(0, len(mnist.test_labels) - 1, most).astype(int).tolist()
    glyphs = [
        Sample(str(mnist.test_labels[row]), _file(mnist.test_glyphs[row, ..., 0])) for row in rows
    ]
    yield Set("MNIST, test", glyphs, "digit")
    for path in lines:
        numbers = [s for s in source.samples(path) if is_number(s)]
        yield Set(path.name.split(".")[0], [_sample(s, rng) for s in picked(numbers, most)])
    amounts = Amounts(most, most, most, most, most)
    for title, samples in line_sets(source, amounts, SEED):
        single = title.startswith("single") or title == "pictures, single digits"
        alone = single or title.removeprefix("pictures, ") in ("letters", "doodles")
        yield Set(
            TITLES.get(title, title),
            [_sample(s, rng) for s in samples],
            "digit" if alone else "line",
        )
    singles = [s for path in source.files.digits for s in source.samples(path) if s.is_digit]
    photos = [
        Sample(plain(photo.label), photo.data)
        for kind in SCENES
        for photo in generated_photos(singles, kind, max(1, most // len(SCENES)), SEED)
    ]
    yield Set("generated photos, 1 to 3 lines", photos, "page")
    for folder in folders:
        for title, samples in photos_of(folder).items():
            yield Set(title, [_sample(s, rng) for s in samples], "page")


def _sample(line: LineSample, rng: np.random.Generator) -> Sample:
    label = None if line.label is None else plain(line.label)
    if line.strokes is None:
        assert line.picture is not None
        return Sample(label, line.picture)
    strokes = [np.asarray(stroke, np.float64) for stroke in line.strokes]
    width, height = np.ptp(np.concatenate(strokes), axis=0)
    # About 1 high, also where the writing is a dash.
    scale = max(height, width / (2 * len(label or "0")), 1e-9)
    return Sample(label, picture_of([stroke / scale for stroke in strokes], rng), strokes)


def _file(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()
