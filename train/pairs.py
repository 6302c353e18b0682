"""Pairs of digits that touch, composed to train and to measure the network that reads both at once.

Beside them stands what is no pair: one digit, three, letters. Every glyph is composed once and then
varied as pixels, as MNIST's are.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import SIDE, Calibration, Classifier, Stroke
from webapp.recognition.pairs import PAIR_WIDTH, glyph_of_pair

from .compose import Spacing, composed, side_by_side
from .errors import TrainError
from .evaluation import (
    MNIST_TEST,
    Figures,
    NonDigitFigures,
    evaluate_glyphs,
    nondigit_figures_of,
)
from .nondigits import NOT_A_DIGIT, NonDigit
from .photos import coverage
from .progress import watched
from .strokes import StrokeSample
from .warp import Warp, warp

HEIGHT = 48
"""Of the writing as it is drawn before it becomes a glyph, in pixels."""

PEN = (0.05, 0.18)
"""Width of the pen, in heights of the writing."""

TOUCHING: tuple[Spacing, ...] = ("kissing", "touching")
"""How digits of pen strokes stand."""

KINDS = {
    "pair": 0.64,
    "single": 0.06,
    "triple": 0.06,
    "parts": 0.08,
    "letter": 0.06,
    "letters": 0.1,
}
"""What is drawn with a pen, and how often it is tried (pairs in more than `MOST_PIECES` are drawn
anew as anything); `parts` are two digits or three of which a cut goes
through the first or the last. Without letters, more of the others."""

IMAGES = {"pair": 0.85, "single": 0.1, "triple": 0.05}
"""What is made of MNIST's digits, and how often."""

IMAGE_SHARE = 0.45
"""Of glyphs, those made of MNIST's digits."""

IMAGE_INK = 80
"""Level from which on MNIST's pixels touch."""

IMAGE_OVERLAP = (0, 0, 1, 1, 2, 3)
"""How far MNIST's digits reach into each other, in pixels, one as often as another."""

PAIRS_TEST = f"{MNIST_TEST}, pairs"
"""How the figures on pairs of its digits are headed."""

PAIR_COUNT = 2000
"""Pairs of each spacing, and drawings that are none of each kind, to measure with."""

PAIR_SEED = 2029

WAY = "pairs"
"""How these came to the network; see `Figures.way`."""

MOST_PIECES = 2
"""Connected ink that a pair may be in: a pair apart needs no reader of its own."""


def pool_of_pairs(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    digits: Sequence[StrokeSample],
    letters: Sequence[NonDigit],
    count: int,
    amount: Warp,
    seed: int,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """So many glyphs to train on, (count, 28, 48, 1), and their labels, (count,): 0 to 99, or
    NOT_A_DIGIT for what is no pair.

    Args:
        images: MNIST's, (N, 28, 28, 1).
        digits: pen strokes; without any, all is made of images.

    Raises:
        TrainError: no writer has two digits.
    """
    rng = np.random.default_rng([seed, count])
    drawn = round(count * (1 - IMAGE_SHARE)) if digits else 0
    glyphs = np.zeros((count, SIDE, PAIR_WIDTH, 1), np.uint8)
    names = np.zeros(count, np.int64)
    pen = _drawn(digits, letters, amount, rng) if drawn else iter(())
    made = _made_of_images(images[..., 0], labels, rng)
    for row in watched(range(count), "pairs"):
        glyphs[row], names[row] = next(pen) if row < drawn else next(made)
    return glyphs, names


def touching_pairs(
    digits: Sequence[StrokeSample], count: int, spacing: Spacing, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """So many pairs of one writer's digits each to measure with, drawn as they are: glyphs and
    labels, 0 to 99.
    """
    rng = np.random.default_rng(seed)
    pairs = composed(digits, count, 2, spacing, rng)
    glyphs = [glyph_of_pair(_ink_of(pair.strokes, rng)) for pair in pairs]
    return np.stack(glyphs), np.array([int(pair.label) for pair in pairs], np.int64)


def image_pairs(
    images: NDArray[np.uint8], labels: NDArray[np.int64], count: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The same of MNIST's digits, (N, 28, 28, 1)."""
    made = _made_of_images(images[..., 0], labels, np.random.default_rng(seed), {"pair": 1.0})
    found = [next(made) for _ in range(count)]
    return np.stack([glyph for glyph, _ in found]), np.array([label for _, label in found])


def no_pairs(drawings: Sequence[Sequence[Stroke]], seed: int) -> NDArray[np.uint8]:
    """Glyphs of drawings that are no pair, one digit or a letter, to measure with."""
    rng = np.random.default_rng(seed)
    return np.stack([glyph_of_pair(_ink_of(strokes, rng)) for strokes in drawings])


def pair_figures(
    classifier: Classifier,
    calibration: Calibration,
    images: tuple[NDArray[np.uint8], NDArray[np.int64]],
    digits: Sequence[StrokeSample],
    split: str,
) -> list[Figures]:
    """Figures on pairs: of MNIST's test digits, and of pen strokes where there are any."""
    sets = {PAIRS_TEST: image_pairs(*images, PAIR_COUNT, PAIR_SEED)}
    for spacing in TOUCHING if digits else ():
        sets[f"{spacing} pairs ({split} writers)"] = touching_pairs(
            digits, PAIR_COUNT, spacing, PAIR_SEED
        )
    return [
        replace(evaluate_glyphs(name, classifier, *pairs, calibration), way=WAY)
        for name, pairs in sets.items()
    ]


def nonpair_figures(
    classifier: Classifier,
    calibration: Calibration,
    drawn: Mapping[str, Sequence[Sequence[Stroke]]],
    pairs: Sequence[Figures],
) -> list[NonDigitFigures]:
    """Figures on drawings that are no pair, told from pairs of pen strokes."""
    scores = [row.scores for row in pairs if row.data != PAIRS_TEST and row.scores is not None]
    against = np.concatenate(scores) if scores else None
    rows = []
    for kind, drawings in drawn.items():
        glyphs = no_pairs(drawings[:PAIR_COUNT], PAIR_SEED)
        labels = np.zeros(len(glyphs), np.int64)  # of no meaning: only the scores count
        seen = evaluate_glyphs(kind, classifier, glyphs, labels, calibration)
        rows.append(nondigit_figures_of(kind, seen.results, against, WAY))
    return rows


Made = Iterator[tuple[NDArray[np.uint8], int]]
"""Glyphs and labels without end."""


def _drawn(
    digits: Sequence[StrokeSample],
    letters: Sequence[NonDigit],
    amount: Warp,
    rng: np.random.Generator,
) -> Made:
    """Of pen strokes, warped, of one writer each."""
    by_writer: dict[str, list[StrokeSample]] = defaultdict(list)
    for sample in digits:
        by_writer[sample.writer].append(sample)
    writers = sorted(name for name, own in by_writer.items() if len(own) > 1)
    if not writers:
        raise TrainError("no writer has two digits to make a pair of")
    kinds = [kind for kind in KINDS if letters or not kind.startswith("letter")]
    shares = np.array([KINDS[kind] for kind in kinds])
    count = {"pair": 2, "triple": 3, "parts": 2}

    def one(writer: str) -> tuple[list[Stroke], str]:
        sample = by_writer[writer][int(rng.integers(len(by_writer[writer])))]
        return warp(sample.strokes, int(sample.label), amount, rng), sample.label

    def letter() -> list[Stroke]:
        return warp(letters[int(rng.integers(len(letters)))].strokes, None, amount, rng)

    while True:
        kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
        writer = writers[int(rng.integers(len(writers)))]
        several = count.get(kind, 1) + (kind == "parts" and int(rng.integers(2)))
        parts = [one(writer) for _ in range(several)]
        drawings = [strokes for strokes, _ in parts]
        if kind == "letter":
            drawings = [letter()]
        elif kind == "letters":
            # Two letters, or a letter beside a digit, on either side.
            drawings = [letter(), drawings[0] if rng.random() < 0.4 else letter()]
            drawings = drawings[:: rng.choice([-1, 1])]
        spacing = TOUCHING[int(rng.integers(len(TOUCHING)))]
        placed = side_by_side(drawings, spacing, rng)
        if kind == "parts":
            placed = _cut_through(placed, [len(strokes) for strokes in drawings], rng)
        ink = _ink_of(placed, rng)
        if kind != "pair":
            yield glyph_of_pair(ink), NOT_A_DIGIT
        elif cv2.connectedComponents((ink > 0).astype(np.uint8))[0] - 1 <= MOST_PIECES:
            yield glyph_of_pair(ink), int("".join(label for _, label in parts))


def _cut_through(
    placed: Sequence[Stroke], counts: Sequence[int], rng: np.random.Generator
) -> list[Stroke]:
    """Digits side by side, so many strokes each, less what lies beyond a column of the first or of
    the last.
    """
    last = rng.random() < 0.5
    own = np.concatenate(placed[-counts[-1] :] if last else placed[: counts[0]])
    low, high = float(own[:, 0].min()), float(own[:, 0].max())
    column = low + rng.uniform(0.3, 0.7) * (high - low)
    kept = [stroke[(stroke[:, 0] <= column) == last] for stroke in map(_closely, placed)]
    return [stroke for stroke in kept if len(stroke)]


def _closely(stroke: Stroke) -> Stroke:
    """The same stroke with points close to each other."""
    places = np.linspace(0, len(stroke) - 1, max(2, 8 * len(stroke)))
    known = np.arange(len(stroke))
    return np.stack([np.interp(places, known, stroke[:, axis]) for axis in (0, 1)], 1)


def _ink_of(strokes: Sequence[Stroke], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Strokes about 1 high, drawn with some pen: (H, W)."""
    points = np.concatenate(strokes)
    height = max(float(np.ptp(points[:, 1])), float(np.ptp(points[:, 0])) / 3, 1e-9)
    unit = HEIGHT / height
    pen = rng.uniform(*PEN) * HEIGHT
    low = points.min(axis=0) - pen / unit
    width, depth = np.ceil((points.max(axis=0) - low) * unit + pen).astype(int).tolist()
    placed = [(stroke - low) * unit for stroke in strokes]
    return np.rint(255 * coverage(placed, (width, depth), pen)).astype(np.uint8)


def _made_of_images(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    rng: np.random.Generator,
    kinds: dict[str, float] = IMAGES,
) -> Made:
    """Of MNIST's digits, of like height, on one line."""
    names = list(kinds)
    shares = np.array([*kinds.values()])
    count = {"single": 1, "pair": 2, "triple": 3}
    while True:
        kind = names[int(rng.choice(len(names), p=shares))]
        rows = rng.integers(len(images), size=count[kind])
        ink = _touching([_of_like_height(images[row], rng) for row in rows], rng)
        digits = "".join(str(labels[row]) for row in rows)
        yield glyph_of_pair(ink), int(digits) if kind == "pair" else NOT_A_DIGIT


def _of_like_height(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The box of a digit's ink, about 20 pixels high, of one that lies 40 wide at most."""
    x, y, width, height = cv2.boundingRect(image)
    scale = 20 / max(height, width / 2) * max(0.6, rng.normal(1, 0.08))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    part = image[y : y + height, x : x + width]
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _touching(digits: Sequence[NDArray[np.uint8]], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Digits side by side on one line, each moved to the left until it meets the one before: (H,
    W).
    """
    rows = max(len(digit) for digit in digits) + 8
    canvas = np.zeros((rows, sum(digit.shape[1] for digit in digits) + 8), np.uint8)
    ends = np.full(rows, -1)  # of the last digit's ink, in each row
    right = 0
    for digit in digits:
        top = rows - 4 - len(digit) + int(np.clip(round(rng.normal(0, 1.2)), -4, 4))
        inked = np.zeros((rows, digit.shape[1]), bool)
        inked[top : top + len(digit)] = digit > IMAGE_INK
        starts = np.where(inked.any(axis=1), inked.argmax(axis=1), rows + canvas.shape[1])
        left = 0
        if right:
            both = (ends >= 0) & inked.any(axis=1)
            met = int((ends - starts)[both].max()) + 1 if both.any() else right
            # Not far under or over it: nobody writes a 1 under the roof of a 7.
            left = max(0, max(met, right - 6) - int(rng.choice(IMAGE_OVERLAP)))
        part = canvas[top : top + len(digit), left : left + digit.shape[1]]
        np.maximum(part, digit, out=part)
        last = digit.shape[1] - 1 - inked[:, ::-1].argmax(axis=1)
        ends = np.where(inked.any(axis=1), left + last, -1)
        right = left + digit.shape[1]
    return canvas
