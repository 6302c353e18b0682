"""Views of handwriting as cameras and scanners give them, each with its exact ink."""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..line.inks import Inks
from .camera import in_light, projection, through_lens, with_hand
from .prints import with_print
from .surfaces import Cover, Picture, Rng, colour, desk, paper, with_ink
from .writing import WrittenLine, random_pen, random_written, uneven, write, written

SIDE = 320
"""Side of a view, in pixels."""

ROOM = 48
"""Margin of the sheet on every side, in pixels, for rotation and perspective."""

FAINTEST = 10.0
"""Least difference between ink and its surroundings, in levels of grey."""

CLUTTER = 0.6
"""Least difference between ink and its surroundings, in standard deviations of the surroundings. On
a contact sheet of 400 views, a person could not find the ink of most views below either bound."""


@dataclass(frozen=True)
class View:
    """A view to train on."""

    picture: NDArray[np.uint8]
    """(H, W, 3), blue, green and red."""
    ink: NDArray[np.uint8]
    """(H, W), 255 where a pixel is handwriting."""
    body: NDArray[np.uint8]
    """(H, W), 255 in the bodies of lines of writing."""


def random_view(inks: Inks, rng: Rng, side: int = SIDE) -> View:
    """Return a view of a form's field, a list, a digit, words, or no writing."""
    while True:
        view = _view(inks, rng, side)
        if not view.ink.any() or visible(view):
            return view


def view_of_line(text: str, inks: Inks, rng: Rng, side: int = SIDE) -> View:
    """Return a view that contains one complete line."""
    while True:
        line = written(text, inks, False, rng)
        room = 0.9 * side
        height = min(room / 2, room * rng.uniform(0.5, 0.95) / max(line.width, 0.5))
        left = ROOM + rng.uniform(0.05, 0.95) * (side - line.width * height)
        base = ROOM + rng.uniform(1.0, max(1.1, side / height - 0.5)) * height
        view = _view_of(height, [(line, _at(left, base, height, rng, 3))], rng, side)
        edges = (view.ink[:2], view.ink[-2:], view.ink[:, :2], view.ink[:, -2:])
        if view.ink.any() and visible(view) and not any(edge.any() for edge in edges):
            return view


def bare_view(rng: Rng, side: int = SIDE) -> View:
    """Return a view of paper, print and surroundings, without writing."""
    return _view_of(float(rng.uniform(12, 80)), [], rng, side)


def visible(view: View) -> bool:
    """Check whether the ink, at least one pixel, is distinguishable from its surroundings."""
    grey = view.picture.mean(axis=2, dtype=np.float32)
    beside = cv2.dilate(view.ink, np.ones((9, 9), np.uint8)) - cv2.dilate(
        view.ink, np.ones((3, 3), np.uint8)
    )
    weight = (beside > 0).astype(np.float32)
    # Sums over a window. Inside a wide stroke, a window has no surroundings.
    count = np.asarray(cv2.boxFilter(weight, -1, (15, 15), normalize=False))
    around = cv2.boxFilter(grey * weight, -1, (15, 15), normalize=False) / np.maximum(count, 1)
    differs = grey - np.asarray(around)
    ink, ground = differs[(view.ink > 0) & (count >= 1)], differs[beside > 0]
    if len(ink) == 0:  # the ink fills the view
        return False
    contrast = abs(float(ink.mean()))
    return contrast > FAINTEST and contrast > CLUTTER * float(ground.std())


def _view(inks: Inks, rng: Rng, side: int) -> View:
    whole = (side + 2 * ROOM, side + 2 * ROOM)
    kind = rng.random()
    if kind < 0.3:
        height, lines = _one_line(inks, rng, whole)
    elif kind < 0.5:
        height, lines = _digit(inks, rng, whole)
    elif kind < 0.92:
        height, lines = _page(inks, rng, whole)
    else:
        return bare_view(rng, side)
    return _view_of(height, lines, rng, side)


def _view_of(
    height: float, lines: list[tuple[WrittenLine, NDArray[np.float64]]], rng: Rng, side: int
) -> View:
    """Return a view of lines of about one height, in pixels, on any paper."""
    whole = (side + 2 * ROOM, side + 2 * ROOM)
    pen = random_pen(rng)
    clean = rng.random() < 0.06
    sheet = np.full((*whole, 3), 255.0, np.float32) if clean else paper(whole, rng)
    if not clean:
        sheet = with_print(sheet, height, rng)
        if rng.random() < 0.35:
            sheet = with_ink(sheet, _furniture(whole, lines, rng), rng)
    cover, wanted, body = write(whole, lines, pen, rng)
    sheet = _inked(sheet, uneven(cover, pen, rng), rng)
    if not clean and rng.random() < 0.08:
        sheet = with_print(sheet, height, rng, 0.4)  # stamps and stains over the writing
    return _taken(sheet, wanted, body, height, clean, side, rng)


def _one_line(
    inks: Inks, rng: Rng, whole: tuple[int, int]
) -> tuple[float, list[tuple[WrittenLine, NDArray[np.float64]]]]:
    """Return a number that fills most of the view, like a cropped field of a form."""
    line = random_written(inks, rng, 0.15)
    room = whole[1] - 2 * ROOM
    height = min(0.8 * room, room * rng.uniform(0.5, 1.05) / max(line.width, 0.5))
    height = max(height, 10.0)
    left = ROOM + rng.uniform(-0.05, 0.4) * max(room - line.width * height, 0)
    base = whole[0] / 2 + rng.uniform(0.1, 0.9) * height
    return height, [(line, _at(left, base, height, rng, 3))]


def _digit(
    inks: Inks, rng: Rng, whole: tuple[int, int]
) -> tuple[float, list[tuple[WrittenLine, NDArray[np.float64]]]]:
    """Return one or two symbols, up to the whole height of the view."""
    line = random_written(inks, rng, 0.1)
    line = WrittenLine(line.items[: 1 if rng.random() < 0.7 else 2], line.slope)
    room = whole[0] - 2 * ROOM
    height = float(np.exp(rng.uniform(np.log(0.12), np.log(0.95)))) * room
    middle = (WrittenLine.ends(line.items[0])[0] + line.width) / 2 * height
    left = whole[1] / 2 - middle + rng.normal(0, 0.15) * room
    base = whole[0] / 2 + 0.5 * height + rng.normal(0, 0.12) * room
    return height, [(line, _at(left, base, height, rng, 10))]


def _page(
    inks: Inks, rng: Rng, whole: tuple[int, int]
) -> tuple[float, list[tuple[WrittenLine, NDArray[np.float64]]]]:
    """Return lines one below the other, in one or more columns."""
    height = float(np.exp(rng.uniform(np.log(9), np.log(200))))
    pitch = height * rng.uniform(1.1, 3)
    columns = 1 if rng.random() < 0.6 else int(rng.integers(2, 6))
    width = whole[1] / columns
    words = 0.6 if rng.random() < 0.25 else 0.12
    full = rng.uniform(0.3, 1)
    turn = float(rng.normal(0, 3))
    lines: list[tuple[WrittenLine, NDArray[np.float64]]] = []
    for base in np.arange(rng.uniform(0.5, 2) * height, whole[0] + height, pitch):
        for column in range(columns):
            if rng.random() > full or len(lines) > 60:
                continue
            line = random_written(inks, rng, words)
            if columns > 1 and line.width * height > 0.95 * width:
                kept = [i for i in line.items if line.ends(i)[1] * height < 0.9 * width]
                if not kept:
                    continue
                line = WrittenLine(kept, line.slope)
            own = height * float(np.exp(rng.normal(0, 0.08)))
            indent = rng.uniform(0, max(2.0, 0.9 * width - line.width * own))
            flat = WrittenLine(line.items, line.slope)
            left = column * width + indent
            lines.append((flat, _at(left, base, own, rng, 0.6, turn)))
    return height, lines


def _at(
    left: float, base: float, height: float, rng: Rng, turn: float, mean: float = 0.0
) -> NDArray[np.float64]:
    """Return the matrix from heights to pixels of a line that starts at a point, tilted a bit."""
    angle = np.radians(rng.normal(mean, turn))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos * height, -sin * height, left], [sin * height, cos * height, base]])


def _furniture(
    whole: tuple[int, int],
    lines: list[tuple[WrittenLine, NDArray[np.float64]]],
    rng: Rng,
) -> Cover:
    """Return the form around the writing: a line, a box, or a cell for each symbol."""
    cover = np.zeros(whole, np.float32)
    kind = rng.random()
    thick = int(rng.integers(1, 4 if rng.random() < 0.7 else 8))
    above, below, beside = rng.uniform(0.1, 0.6), rng.uniform(0.0, 0.4), rng.uniform(0.1, 1.0)
    for line, matrix in lines:
        spans = [line.ends(item) for item in line.items]
        low, high = min(a for a, _ in spans) - beside, max(b for _, b in spans) + beside
        if kind < 0.3:
            edges = np.array([[low, below], [high, below]])
            parts = [(edges, False)]
        elif kind < 0.7:
            box = [[low, below], [high, below], [high, -1 - above], [low, -1 - above]]
            parts = [(np.array(box), True)]
        else:
            cuts = [low, *((a + b) / 2 for (_, a), (b, _) in itertools.pairwise(spans)), high]
            parts = [
                (np.array([[a, below], [b, below], [b, -1 - above], [a, -1 - above]]), True)
                for a, b in itertools.pairwise(cuts)
            ]
        for points, closed in parts:
            pixels = np.rint((points @ matrix[:, :2].T + matrix[:, 2]) * 16).astype(np.int32)
            cv2.polylines(cover, [pixels], closed, 1.0, thick, cv2.LINE_AA, 4)
    return cover


def _inked(sheet: Picture, dark: Cover, rng: Rng) -> Picture:
    """Put ink on a sheet in a colour that is distinguishable from it."""
    ground = float(np.median(sheet))
    for _ in range(8):
        lit = rng.random() < (0.9 if ground < 110 else 0.04)
        tint = 50 if rng.random() < 0.5 else 6
        ink = colour(rng, 170, 255, tint) if lit else colour(rng, 0, 140, tint)
        strength = rng.uniform(0.75, 1.0) if rng.random() < 0.7 else rng.uniform(0.3, 0.75)
        if abs(float(ink.mean()) - ground) * strength > rng.uniform(18, 60):
            break
    else:
        ink, strength = np.zeros(3, np.float32) + (0 if ground > 110 else 255), 1.0
    cover = (dark * np.float32(strength))[..., np.newaxis]
    if rng.random() < 0.5:
        # Ink lets the paper's darker parts through.
        return np.asarray(
            sheet * (1 - cover * (1 - ink / 255))
            if ground > 110
            else sheet + (ink - sheet) * cover,
            np.float32,
        )
    return np.asarray(sheet + (ink - sheet) * cover, np.float32)


def _taken(
    sheet: Picture, cover: Cover, body: Cover, height: float, clean: bool, side: int, rng: Rng
) -> View:
    """Take a picture of the sheet, on a desk or not, in some light, through some lens."""
    whole = sheet.shape[:2]
    edge: Cover | None = None
    if not clean and rng.random() < 0.25:
        sheet, edge = _on_desk(sheet, rng)
    matrix = projection(whole, side, 0.3 if clean else 1.0, rng)

    def seen(picture: NDArray[np.float32]) -> NDArray[np.float32]:
        mode = cv2.BORDER_REPLICATE
        return np.asarray(
            cv2.warpPerspective(
                picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=mode
            ),
            np.float32,
        )

    if edge is not None:
        cover, body = cover * edge, body * edge
    picture, ink, bodies = seen(sheet), seen(cover), seen(body)
    if not clean:
        picture = in_light(picture, rng)
        if rng.random() < 0.09:
            hand, picture = with_hand(picture, rng)
            ink, bodies = ink * (1 - hand), bodies * (1 - hand)
    picture = through_lens(picture, height, clean, rng)
    if rng.random() < 0.05:
        picture = 255 - picture
    inked = ink > 0.4
    return View(
        np.rint(picture).clip(0, 255).astype(np.uint8),
        np.where(inked, 255, 0).astype(np.uint8),
        np.where(bodies > 0.5, 255, 0).astype(np.uint8),
    )


def _on_desk(sheet: Picture, rng: Rng) -> tuple[Picture, Cover]:
    """Cut the sheet off at one or more sides, put it on a desk, and return it with its cover."""
    height, width = sheet.shape[:2]
    on = np.zeros((height, width), np.float32)
    low = rng.uniform(-0.6, 0.3, 4) * (width, height, width, height)
    corners = np.array(
        [
            [low[0], low[1]],
            [width - low[2], low[1]],
            [width - low[2], height - low[3]],
            [low[0], height - low[3]],
        ]
    )
    corners += rng.normal(0, 0.03, (4, 2)) * width
    if rng.random() < 0.15:
        # Torn paper: an edge of many small steps.
        steps = np.linspace(0, 1, 40)[:, np.newaxis]
        sides = [a + (b - a) * steps for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)]
        corners = np.concatenate(sides) + rng.normal(0, 2.5, (160, 2))
    cv2.fillPoly(on, [np.rint(corners * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    ground = desk((height, width), rng)
    shade = cv2.GaussianBlur(on, (0, 0), rng.uniform(2, 15))
    ground *= (1 - np.float32(rng.uniform(0, 0.6)) * np.asarray(shade))[..., np.newaxis]
    laid = ground + (sheet - ground) * on[..., np.newaxis]
    return np.asarray(laid, np.float32), on
