"""Placement of one writer's digits, signs and other ink on a line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Stroke
from webapp.recognition.symbols import OTHER, SYMBOLS

from ..augment.digit_styles import drawn
from ..augment.strokes import Warp, warp
from ..data.compose import NOOK, dense
from ..data.nondigits import scribble, smudge
from .inks import Inks, Strokes, Writer
from .texts import DOODLE, LETTER, MARK, RAISED, SPACE

Rng = np.random.Generator

WARP = Warp(
    rotation=8,
    slant=0.15,
    aspect=0.2,
    bend=0.035,
    stairs=0.0,
    styles=0.2,
    backwards=0.05,
    gaps=0.04,
)
"""Variation of each symbol by itself. Slant, width and slope of the whole line are added to it."""

DRAWN = 0.15
"""Share of pen digits drawn in a style that is rare among the writers of the files."""

ROW_STEP = 0.1
"""Height of a row, in heights of a digit. Symbols are kept apart row by row."""

ROW_FIRST, ROW_COUNT = -1.8, 28
"""Top of the first row, and the number of rows."""

DENSITY = 0.04
"""Largest distance between the points that represent ink, in heights."""


@dataclass(frozen=True)
class Place:
    """Size and place of a sign, each drawn uniformly between two bounds."""

    size: tuple[float, float]
    """Height of the sign, or width if it is flat (`wide`)."""
    middle: tuple[float, float]
    """Middle of the ink's box, measured from the baseline. Negative is above it."""
    wide: bool = False


PLACES = {
    ".": Place((0.02, 0.16), (-0.12, 0.03), wide=True),
    ",": Place((0.15, 0.45), (-0.05, 0.18)),
    "-": Place((0.2, 0.75), (-0.65, -0.3), wide=True),
    "+": Place((0.35, 0.85), (-0.6, -0.3)),
    "/": Place((1.0, 1.6), (-0.65, -0.35)),
    ":": Place((0.3, 0.75), (-0.5, -0.2)),
    "%": Place((0.65, 1.2), (-0.6, -0.35)),
    "=": Place((0.3, 0.8), (-0.6, -0.3), wide=True),
    "(": Place((0.9, 1.6), (-0.6, -0.4)),
    ")": Place((0.9, 1.6), (-0.6, -0.4)),
    "$": Place((0.95, 1.5), (-0.6, -0.4)),
    "#": Place((0.7, 1.2), (-0.6, -0.4)),
    MARK: Place((0.3, 1.2), (-0.7, -0.4)),
    LETTER: Place((0.55, 1.2), (-0.6, -0.2)),
    DOODLE: Place((0.5, 1.6), (-0.7, -0.3)),
    RAISED: Place((0.1, 0.5), (-1.2, -0.75)),
}
"""Size and place of each sign. UNIPEN's signs have neither. These are typical of handwriting."""


@dataclass
class Item:
    """A placed symbol."""

    label: int
    """Class of the reader."""
    strokes: list[Stroke]
    patch: NDArray[np.uint8] | None = None
    """MNIST's ink instead of strokes, (H, W), 255 on 0, `SCALE` pixels per height."""
    corner: NDArray[np.float64] | None = None
    """Top left corner of the patch, (x, y) in heights."""

    def moved(self, shift: float) -> None:
        """Move the symbol to the right."""
        step = np.array([shift, 0.0])
        self.strokes = [stroke + step for stroke in self.strokes]
        if self.corner is not None:
            self.corner = self.corner + step

    def sides(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return left and right end of the ink by row, (28,). Empty rows are inf and -inf."""
        left, right = np.full(ROW_COUNT, np.inf), np.full(ROW_COUNT, -np.inf)
        points = self.points()
        rows = ((points[:, 1] - ROW_FIRST) / ROW_STEP).astype(int).clip(0, ROW_COUNT - 1)
        np.minimum.at(left, rows, points[:, 0])
        np.maximum.at(right, rows, points[:, 0])
        return left, right

    def points(self) -> Stroke:
        """Return dense points on the ink, (N, 2)."""
        if self.patch is None or self.corner is None:
            return np.concatenate([dense(stroke, DENSITY) for stroke in self.strokes])
        rows, columns = np.nonzero(self.patch > 80)
        return np.stack([columns, rows], 1) / SCALE + self.corner


SCALE = 40.0
"""Height of the writing in lines of MNIST's digits, in pixels: twice the height of its digits."""


@dataclass(frozen=True)
class Hand:
    """The handwriting of a line."""

    slant: float
    """Shift to the right per height."""
    stretch: float
    """Factor of the width."""
    height_noise: float
    """Standard deviation of a digit's height, as a share."""
    base_noise: float
    """Standard deviation of a digit's distance from the baseline, in heights."""
    slope: float
    """Fall of the baseline per length."""
    mode: str
    """Spacing: `apart`, `close`, `touching`, or `mixed` (drawn anew for each pair of symbols)."""
    gap: float
    """Mean gap between digits that stand apart, in heights."""
    amount: Warp
    """Variation of each symbol by itself."""


def random_hand(rng: Rng) -> Hand:
    """Return a random handwriting for a line."""
    steep = rng.random() < 0.2
    return Hand(
        slant=float(rng.normal(0.0, 0.15)),
        stretch=float(np.exp(rng.uniform(-0.25, 0.25))),
        height_noise=float(rng.uniform(0.02, 0.12)),
        base_noise=float(rng.uniform(0.01, 0.09)),
        slope=float(np.tan(np.radians(rng.uniform(-14, 14) if steep else rng.normal(0, 2)))),
        mode=str(rng.choice(["apart", "close", "touching", "mixed"], p=[0.36, 0.2, 0.28, 0.16])),
        gap=float(rng.uniform(0.03, 0.5)),
        amount=replace(WARP, backwards=0.3) if rng.random() < 0.1 else WARP,
    )


def placed(text: str, inks: Inks, hand: Hand, from_pixels: bool, rng: Rng) -> list[Item]:
    """Return the symbols of a text, placed side by side."""
    digit_of = _pixel_digits(inks, hand, rng) if from_pixels else _pen_digits(inks, hand, rng)
    sign_of = _signs(inks, hand, rng)
    items: list[Item] = []
    reach = np.full(ROW_COUNT, -np.inf)
    space, last = 0.0, SPACE
    for token in text:
        if token == SPACE:
            space += rng.uniform(0.4, 1.8)
            continue
        item = digit_of(int(token)) if token.isdigit() else sign_of(token)
        left, right = item.sides()
        if items:
            signs = "".join(t for t in (last, token) if not t.isdigit())
            shift = _shift(reach, left, signs, hand, rng) + space
        else:
            shift = -float(left.min())
        item.moved(shift)
        reach = np.maximum(reach, right + shift)
        space, last = 0.0, token
        items.append(item)
    if abs(hand.slope) > 1e-3:
        for item in items:
            if item.corner is not None:
                item.corner = item.corner + np.array([0.0, hand.slope * item.corner[0]])
            lean = np.array([[1.0, hand.slope], [0.0, 1.0]])
            item.strokes = [stroke @ lean for stroke in item.strokes]
    return items


def _shift(
    reach: NDArray[np.float64], left: NDArray[np.float64], signs: str, hand: Hand, rng: Rng
) -> float:
    """Return how far a symbol moves to stand beside the ink before it.

    Args:
        reach: right end of the ink before it, by row.
        left: left end of its own ink, by row.
        signs: those of the pair of symbols that are signs.
    """
    mode = hand.mode
    if mode == "mixed":
        mode = str(rng.choice(["apart", "close", "touching"]))
    beside = float(reach.max() - left.min())
    tucked = _fitted(reach, left, beside)
    if "." in signs or "," in signs:
        # A point may stand under an overhang. A point that touches a foot looks like part of it, so
        # only few do.
        if rng.random() < 0.4:
            return tucked + float(rng.uniform(0.12, 0.3))
        return beside + float(rng.uniform(0.05, 0.35) if rng.random() < 0.95 else 0.0)
    if RAISED in signs:
        return tucked + float(rng.uniform(0.08, 0.3))
    if signs:
        if mode != "apart" and rng.random() < 0.3:
            return tucked + float(rng.uniform(0.03, 0.15))
        return beside + float(rng.uniform(-0.04, 0.08) if mode == "touching" else hand.gap * 0.8)
    if mode == "apart":
        return beside + float(hand.gap * rng.uniform(0.5, 1.5))
    gap = rng.uniform(-0.02, 0.14) if mode == "close" else rng.uniform(-0.1, 0.05)
    return tucked + float(gap)


def _fitted(reach: NDArray[np.float64], left: NDArray[np.float64], beside: float) -> float:
    """Return how far a symbol moves until its ink meets the ink before it in some row."""
    # The rows above and below count too: ink that near looks as if it touched.
    near = np.maximum(np.maximum(reach, np.roll(reach, 1)), np.roll(reach, -1))
    room = near - left
    room = room[np.isfinite(room)]
    return max(float(room.max()), beside - NOOK) if len(room) else beside - NOOK


def _pen_digits(inks: Inks, hand: Hand, rng: Rng) -> Callable[[int], Item]:
    weights = np.sqrt([writer.count for writer in inks.writers])
    writer: Writer = inks.writers[int(rng.choice(len(inks.writers), p=weights / weights.sum()))]

    def digit(value: int) -> Item:
        own = writer.digits.get(value)
        amount = hand.amount
        if rng.random() < DRAWN:
            strokes: Strokes = drawn(value, rng)
            amount = replace(amount, styles=0.0)
        elif own:
            strokes = own[int(rng.integers(len(own)))]
        else:
            having = [other for other in inks.writers if other.digits.get(value)]
            theirs = having[int(rng.integers(len(having)))].digits[value]
            strokes = theirs[int(rng.integers(len(theirs)))]
        return Item(value, _standing(warp(strokes, value, amount, rng), hand, rng))

    return digit


def _standing(strokes: Sequence[Stroke], hand: Hand, rng: Rng) -> list[Stroke]:
    """Return a digit about 1 high on the baseline, with the slant and width of the handwriting."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    size = max(float(high[1] - low[1]), float(high[0] - low[0]) / 2, 1e-9)
    scale = max(0.5, rng.normal(1, hand.height_noise)) / size
    matrix = np.array([[hand.stretch, 0.0], [-hand.slant, 1.0]]) * scale
    foot = np.array([low[0], high[1]])
    shift = np.array([0.0, rng.normal(0, hand.base_noise)])
    return [(stroke - foot) @ matrix + shift for stroke in strokes]


def _pixel_digits(inks: Inks, hand: Hand, rng: Rng) -> Callable[[int], Item]:
    rows_of = inks.glyph_rows[int(rng.integers(len(inks.glyph_rows)))]
    size = float(rng.uniform(0.85, 1.1))

    def digit(value: int) -> Item:
        own = rows_of.get(value)
        if own is None:
            others = [rows for rows in inks.glyph_rows[:200] if value in rows]
            own = others[int(rng.integers(len(others)))][value]
        glyph = inks.glyphs[own[int(rng.integers(len(own)))]]
        return _pixel_item(glyph, value, size, hand, rng)

    return digit


def _pixel_item(glyph: NDArray[np.uint8], value: int, size: float, hand: Hand, rng: Rng) -> Item:
    """Return one of MNIST's digits, rotated, slanted and stretched, on the baseline."""
    zoom = SCALE / 20 * size * max(0.6, rng.normal(1, hand.height_noise))
    turn = np.radians(rng.uniform(-7, 7))
    cos, sin = np.cos(turn), np.sin(turn)
    lean = hand.slant + rng.uniform(-0.1, 0.1)
    across = hand.stretch * np.exp(rng.uniform(-0.08, 0.08))
    matrix = zoom * np.array([[cos, -sin], [sin, cos]]) @ np.array([[across, -lean], [0, 1]])
    side = 104
    offset = side / 2 - matrix @ np.array([13.5, 13.5])
    warped = cv2.warpAffine(glyph, np.column_stack([matrix, offset]), (side, side))
    x, y, width, height = cv2.boundingRect(np.asarray(warped > 40, np.uint8))
    patch = np.asarray(warped[y : y + height, x : x + width], np.uint8)
    base = rng.normal(0, hand.base_noise)
    return Item(value, [], patch, np.array([0.0, base - height / SCALE]))


def _signs(inks: Inks, hand: Hand, rng: Rng) -> Callable[[str], Item]:
    """Return a function that places signs and other ink.

    All slashes of a line are the same sample, as are all points. Letters differ.
    """
    chosen: dict[str, tuple[Strokes, float, float]] = {}

    def sign(token: str) -> Item:
        known = token in SYMBOLS
        if token not in chosen or not known:
            place = PLACES[token]
            ink = _ink_of(token, inks, rng)
            middle = rng.uniform(*place.middle)
            if token == RAISED and rng.random() < 0.15:
                middle = rng.uniform(0.0, 0.3)  # lowered, like an index
            chosen[token] = ink, rng.uniform(*place.size), middle
        ink, wanted, middle = chosen[token]
        strokes = warp(ink, None, hand.amount, rng)
        points = np.concatenate(strokes)
        low, high = points.min(axis=0), points.max(axis=0)
        width, height = (high - low).tolist()
        # A sign that is upright although it should be flat, like some points, gets no longer than a
        # flat one.
        longest = max(width, height) if PLACES[token].wide else height
        size = wanted * max(0.6, rng.normal(1, hand.height_noise)) / max(longest, width / 2, 1e-9)
        if max(width, height) == 0:
            size = 1.0
        shift = np.array([0.0, middle + rng.normal(0, hand.base_noise / 2)])
        slanted = np.array([[1.0, 0.0], [-hand.slant / 2, 1.0]]) * size
        label = SYMBOLS.index(token) if known else OTHER
        return Item(label, [(stroke - (low + high) / 2) @ slanted + shift for stroke in strokes])

    return sign


def _ink_of(token: str, inks: Inks, rng: Rng) -> Strokes:
    """Return a sample of a sign or of other ink."""
    if token == RAISED:
        kind = rng.random()
        if kind < 0.25:
            return [np.zeros((1, 2))]  # a tap of the pen
        if kind < 0.5:
            return drawn(int(rng.choice([0, 0, 1, 2, 2, 3])), rng)
        token = LETTER if kind < 0.6 else MARK
    kinds: dict[str, Sequence[Strokes]] = {
        MARK: inks.marks,
        LETTER: inks.letters,
        DOODLE: inks.doodles,
    }
    found = kinds.get(token) or inks.signs.get(token, ())
    if token == DOODLE and (not found or rng.random() < 0.4):
        return scribble(rng) if rng.random() < 0.8 else smudge(rng)
    return found[int(rng.integers(len(found)))]
