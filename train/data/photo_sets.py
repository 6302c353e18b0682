"""Photos of numbers to measure on: generated ones, and folders of real ones."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from webapp.recognition import Stroke

from ..errors import DataError
from .compose import Spacing, composed
from .photos import SCENES, coverage, photo_of
from .strokes import StrokeSample

LENGTHS = (1, 8)
"""Least and largest number of digits of a line."""

PICTURE_PEN = (0.07, 0.12)
"""Pen widths of a digit drawn as a picture, in its heights, above the gap of kissing digits."""

PICTURE_HEIGHT = 60
"""Height of a digit drawn as a picture, in pixels."""


@dataclass(frozen=True)
class PhotoSample:
    """A picture file of numbers."""

    label: str
    """The numbers, one line per line of writing."""
    writer: str
    data: bytes


def generated_photos(
    samples: Sequence[StrokeSample], kind: str, count: int, seed: int
) -> Iterator[PhotoSample]:
    """Yield photos of one of `SCENES`, with one to three lines of digits by one writer each."""
    rng = np.random.default_rng([seed, list(SCENES).index(kind)])
    for _ in range(count):
        lines = [
            composed(samples, 1, int(rng.integers(LENGTHS[0], LENGTHS[1] + 1)), "apart", rng)[0]
            for _ in range(int(rng.integers(1, 4)))
        ]
        yield PhotoSample(
            "\n".join(line.label for line in lines),
            lines[0].writer,
            photo_of([line.strokes for line in lines], kind, rng),
        )


def numbers_as_pictures(
    samples: Sequence[StrokeSample], count: int, length: int, spacing: Spacing, seed: int
) -> Iterator[PhotoSample]:
    """Yield numbers of `length` digits, drawn black on white, as PNG files.

    The digits keep the distance that the widest pen needs. See `compose.clearance`.
    """
    rng = np.random.default_rng(seed)
    for number in composed(samples, count, length, spacing, rng, PICTURE_PEN[1]):
        yield PhotoSample(number.label, number.writer, picture_of(number.strokes, rng))


def picture_of(strokes: Sequence[Stroke], rng: np.random.Generator) -> bytes:
    """Draw strokes that are about 1 high, black on white, as a PNG file."""
    points = np.concatenate(strokes)
    low = points.min(axis=0) - 0.3
    width, height = np.ceil((points.max(axis=0) + 0.3 - low) * PICTURE_HEIGHT).astype(int)
    placed = [(stroke - low) * PICTURE_HEIGHT for stroke in strokes]
    pen = rng.uniform(*PICTURE_PEN) * PICTURE_HEIGHT
    picture = np.rint(255 * (1 - coverage(placed, (width, height), pen))).astype(np.uint8)
    _, encoded = cv2.imencode(".png", picture)
    return encoded.tobytes()


def read_photos(folder: Path) -> list[PhotoSample]:
    """Read the photos of a folder that its `labels.jsonl` lists.

    Each line has the form `{"image": "a.png", "writer": "me", "lines": [{"text": "407"}]}`. Other
    fields are ignored. Lines with `strokes` describe drawings and are skipped.

    Raises:
        DataError: a file is missing, or a line does not have that form.
    """
    photos = []
    try:
        for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if "strokes" in row:
                continue
            label = "\n".join(each["text"] for each in row["lines"])
            data = (folder / row["image"]).read_bytes()
            photos.append(PhotoSample(label, str(row.get("writer", row["image"])), data))
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder / 'labels.jsonl'}: not a label of a photo: {error!r}") from error
    return photos
