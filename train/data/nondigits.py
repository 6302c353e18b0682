"""Non-digits: letters, symbols and doodles from files, and generated drawings.

A network that has seen only digits takes everything for a digit. These samples teach it otherwise.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import SIDE, Stroke

from ..errors import DataError
from .compose import Spacing, side_by_side
from .strokes import SPLITS, StrokeSample, read_stroke_file

NOT_A_DIGIT = -1
"""Label of non-digits."""

QUICK_DRAW_WRITER = "quickdraw-player"
"""Writer of every drawing in a file of Quick Draw's doodles. They are split by class instead."""

ABOUT_DOODLES = {
    "authors": "Google Creative Lab, Quick, Draw!",
    "licence": "CC BY 4.0",
    "citation": "Ha, Eck: A neural representation of sketch drawings. Proceedings of ICLR, 2018",
}
"""Entry of a model's card for doodles."""

LOOK_ALIKES = frozenset(
    [
        *"OoIl|iSsZzBbqgGDQ",
        *"()[]{}/\\!'`,.",  # a single bent or straight stroke may be a 1
        "^",  # a Λ looks like a 1 with a flag as long as its stem
        "\\@",  # UNIPEN's label of symbols that the contributor could not name
        *("circle", "line", "moon", "snake", "squiggle", "zigzag", "string bean", "donut"),
        *("octagon", "snowman", "golf club", "boomerang", "hockey stick"),
    ]
)
"""Labels of drawings that look like digits. They are neither trained on nor counted."""


@dataclass(frozen=True)
class NonDigit:
    """A drawing that is not a digit."""

    kind: str
    """`letters`, `symbols` or `doodles`."""
    label: str
    writer: str
    """Name of the writer. For doodles, which have no known writer, the class."""
    strokes: tuple[Stroke, ...]
    provider: str = ""
    """Contributor of the sample. Empty if the file does not name one."""


def read_nondigits(path: Path, split: str) -> Iterator[NonDigit]:
    """Yield the non-digits of a stroke file that belong to a split, without look-alikes and digits.

    All samples of a writer belong to one split. All doodles of a class do too: `crc32(label) % 4`,
    as for writers.

    Raises:
        DataError: see `read_stroke_file`.
    """
    for sample in read_stroke_file(path):
        label = sample.label
        if label in LOOK_ALIKES or label.isdecimal() or not sample.strokes:
            continue
        if sample.writer == QUICK_DRAW_WRITER:
            kind, belongs = "doodles", SPLITS[zlib.crc32(label.encode()) % 4]
            writer = label
        else:
            kind, belongs = "letters" if label.isalpha() else "symbols", sample.split
            writer = sample.writer
        if belongs == split:
            yield NonDigit(kind, label, writer, sample.strokes, sample.provider)


def scribble(rng: np.random.Generator) -> list[Stroke]:
    """Return a meaningless drawing: hatching, a spiral, a knot of loops, or a wandering line."""
    kind = rng.integers(4)
    if kind == 0:
        teeth = int(rng.integers(5, 16))
        x = np.linspace(0, 1, teeth) + rng.normal(0, 0.03, teeth)
        y = np.where(np.arange(teeth) % 2, 0.0, rng.uniform(0.4, 1.0))
        drawn = np.stack([x, y + rng.normal(0, 0.08, teeth)], 1)
    elif kind == 1:
        turns = rng.uniform(2.2, 5)
        t = np.linspace(0, 1, 80)
        drawn = np.stack([t * np.cos(2 * np.pi * turns * t), t * np.sin(2 * np.pi * turns * t)], 1)
    elif kind == 2:
        t = np.linspace(0, 2 * np.pi, 120)
        waves = rng.integers(2, 7, (2, 3))
        drawn = np.stack([np.sin(np.outer(t, w) + rng.uniform(0, 7, 3)).sum(1) for w in waves], 1)
    else:
        steps = int(rng.integers(25, 90))
        turning = np.cumsum(rng.normal(0, 0.9, steps))
        heading = np.cumsum(0.4 * turning + rng.normal(0, 0.3, steps))
        drawn = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    turn = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(turn), np.sin(turn)
    drawn = np.asarray(drawn @ np.array([[cos, -sin], [sin, cos]]), np.float64)
    if rng.random() < 0.25:
        # Drawn twice, one over the other.
        return [drawn, drawn[::-1] * rng.uniform(0.7, 1.1, 2) + rng.normal(0, 0.1, 2)]
    return [drawn]


def pair(left: Sequence[Stroke], right: Sequence[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Return two digits as one drawing: apart, touching or kissing, both visible."""
    return side_by_side([left, right], BESIDE[int(rng.integers(len(BESIDE)))], rng, PEN)


def fragment(strokes: Sequence[Stroke], rng: np.random.Generator) -> list[Stroke] | None:
    """Return a piece of a digit, 15 to 40 % of its longest stroke. None if no piece is wide enough.

    A piece is wider than high, because half an 8 is a 3 and the stem of any digit is a 1.
    """
    longest = max(strokes, key=len)
    count = len(longest)
    for _ in range(6):
        length = int(count * rng.uniform(0.15, 0.4))
        if length < 3:
            return None
        start = int(rng.integers(0, count - length))
        piece = longest[start : start + length]
        width, height = np.ptp(piece, axis=0)
        if width > 1.3 * height:
            return [piece.copy()]
    return None


def smudge(rng: np.random.Generator) -> list[Stroke]:
    """Return a smudge: a dot, scattered dots, or a rubbed spot."""
    kind = rng.integers(3)
    if kind == 0:
        return [np.zeros((1, 2)) + rng.normal(0, 0.02, (int(rng.integers(1, 3)), 2))[:1]]
    if kind == 1:
        dots = rng.normal(0, 1, (int(rng.integers(2, 9)), 2))
        return [np.stack([dot, dot + rng.normal(0, 0.06, 2)]) for dot in dots]
    rubs = int(rng.integers(20, 60))
    return [rng.normal(0, 1, (rubs, 2)) * rng.uniform(0.4, 1.0, 2)]


def blot(rng: np.random.Generator, side: int = 2 * SIDE) -> NDArray[np.uint8]:
    """Return a stain in a picture: (side, side) uint8 ink of clouds, specks or a bar of shadow."""
    coarse = rng.normal(0, 1, (int(rng.integers(2, 9)), int(rng.integers(2, 9))))
    cloud = np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC))
    if rng.random() < 0.3:
        cloud = cloud + rng.normal(0, rng.uniform(0.2, 1.5), (side, side))
    cloud = cloud - np.quantile(cloud, rng.uniform(0.3, 0.92))
    ink = np.asarray(np.clip(cloud * rng.uniform(120, 700), 0, 255), np.uint8)
    if not ink.any():
        ink[side // 2, side // 2] = 255
    return ink


GENERATED: dict[
    str, Callable[[np.random.Generator, Sequence[StrokeSample]], list[Stroke] | None]
] = {
    "scribbles": lambda rng, _: scribble(rng),
    "smudges": lambda rng, _: smudge(rng),
    "pairs": lambda rng, digits: _pair_of(digits, rng),
    "fragments": lambda rng, digits: _fragment_of(digits[int(rng.integers(len(digits)))], rng),
}
"""Generators of drawings by kind. Some of them start from digits."""

BESIDE: tuple[Spacing, ...] = ("apart", "touching", "kissing")
"""Spacings of the digits of a pair."""

PEN = 0.1
"""Width of the pen with which both digits of a pair stay visible, in heights."""

BROKEN = "02356"
"""Digits whose fragments are not digits."""

ATTEMPTS = 100
"""Attempts per drawing, because not every digit yields one."""


def generated(
    kind: str, count: int, rng: np.random.Generator, digits: Sequence[StrokeSample]
) -> list[list[Stroke]]:
    """Generate drawings of a kind.

    Args:
        digits: digits for pairs and fragments, at least one.

    Raises:
        DataError: these digits yield no drawing.
    """
    drawings: list[list[Stroke]] = []
    for _ in range(count):
        for _ in range(ATTEMPTS):
            drawn = GENERATED[kind](rng, digits)
            if drawn is not None:
                drawings.append(drawn)
                break
        else:
            raise DataError(f"none of {len(digits)} digits gives any {kind}")
    return drawings


def _any(digits: Sequence[StrokeSample], rng: np.random.Generator) -> Sequence[Stroke]:
    return digits[int(rng.integers(len(digits)))].strokes


def _pair_of(digits: Sequence[StrokeSample], rng: np.random.Generator) -> list[Stroke]:
    """Return a pair, often with a 1, because a bar is easily taken for part of its neighbour."""
    ones = [sample for sample in digits if sample.label == "1"]
    chosen = [_any(digits, rng), _any(ones if ones and rng.random() < 0.5 else digits, rng)]
    left, right = rng.permutation(2).tolist()
    return pair(chosen[left], chosen[right], rng)


def _fragment_of(sample: StrokeSample, rng: np.random.Generator) -> list[Stroke] | None:
    return fragment(sample.strokes, rng) if sample.label in BROKEN else None
