"""Views of handwriting as a camera or a scanner gives them, with the exact ink in each."""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..line.inks import Inks
from .surfaces import Cover, Picture, Rng, colour, desk, noise, paper, with_ink, with_print
from .writing import WrittenLine, random_pen, random_written, uneven, write, written

SIDE = 320
"""Of a view, in pixels."""

ROOM = 48
"""More of the sheet on every side, which turning and perspective may bring into view."""

SMALLEST = 11.0
"""Height of the writing that can just be read, in pixels."""

FAINTEST = 10.0
"""Least difference between ink and what is beside it, in levels of grey, ..."""

CLUTTER = 0.6
"""... and in standard deviations of what is beside it. On a contact sheet of 400 views, a person
could not find the ink of most views below either bound."""


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
    """A view of anything: a field of a form, a list, a digit, words, or nothing written."""
    while True:
        view = _view(inks, rng, side)
        if not view.ink.any() or visible(view):
            return view


def view_of_line(text: str, inks: Inks, rng: Rng, side: int = SIDE) -> View:
    """A view of one line, all of it in the view."""
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
    """A view of paper, print and surroundings, with nothing written."""
    return _view_of(float(rng.uniform(12, 80)), [], rng, side)


def visible(view: View) -> bool:
    """Whether the ink, at least a pixel, can be told from what is beside it."""
    grey = view.picture.mean(axis=2, dtype=np.float32)
    beside = cv2.dilate(view.ink, np.ones((9, 9), np.uint8)) - cv2.dilate(
        view.ink, np.ones((3, 3), np.uint8)
    )
    weight = (beside > 0).astype(np.float32)
    # Sums over a window, of which the inside of a wide stroke has none.
    count = np.asarray(cv2.boxFilter(weight, -1, (15, 15), normalize=False))
    around = cv2.boxFilter(grey * weight, -1, (15, 15), normalize=False) / np.maximum(count, 1)
    differs = grey - np.asarray(around)
    ink, ground = differs[(view.ink > 0) & (count >= 1)], differs[beside > 0]
    if len(ink) == 0:  # it fills the view
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
    """Lines of about one height, in pixels, on any paper."""
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
    """A number that fills a good part of the view, as in a field that was cut out."""
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
    """One or two symbols, up to the whole height of the view."""
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
    """Lines one under the other, in one column or several."""
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
    """The matrix from heights to pixels of a line that begins there, turned a little."""
    angle = np.radians(rng.normal(mean, turn))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos * height, -sin * height, left], [sin * height, cos * height, base]])


def _furniture(
    whole: tuple[int, int],
    lines: list[tuple[WrittenLine, NDArray[np.float64]]],
    rng: Rng,
) -> Cover:
    """What was printed for the writing to stand in: a line, a box, or a cell for each symbol."""
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
    """Ink on a sheet, of a colour that can be told from it."""
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
    """The sheet on a desk or not, in some light, through some lens."""
    whole = sheet.shape[:2]
    edge: Cover | None = None
    if not clean and rng.random() < 0.25:
        sheet, edge = _on_desk(sheet, rng)
    matrix = _seen(whole, side, 0.3 if clean else 1.0, rng)

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
        picture = _lit(picture, rng)
        if rng.random() < 0.09:
            hand, picture = _held(picture, rng)
            ink, bodies = ink * (1 - hand), bodies * (1 - hand)
    picture = _through_lens(picture, height, clean, rng)
    if rng.random() < 0.05:
        picture = 255 - picture
    inked = ink > 0.4
    return View(
        np.rint(picture).clip(0, 255).astype(np.uint8),
        np.where(inked, 255, 0).astype(np.uint8),
        np.where(bodies > 0.5, 255, 0).astype(np.uint8),
    )


def _on_desk(sheet: Picture, rng: Rng) -> tuple[Picture, Cover]:
    """A sheet cut off at one side or several, with a desk beyond; and where the sheet is."""
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
        # Torn: an edge of many small steps.
        steps = np.linspace(0, 1, 40)[:, np.newaxis]
        sides = [a + (b - a) * steps for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)]
        corners = np.concatenate(sides) + rng.normal(0, 2.5, (160, 2))
    cv2.fillPoly(on, [np.rint(corners * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    ground = desk((height, width), rng)
    shade = cv2.GaussianBlur(on, (0, 0), rng.uniform(2, 15))
    ground *= (1 - np.float32(rng.uniform(0, 0.6)) * np.asarray(shade))[..., np.newaxis]
    laid = ground + (sheet - ground) * on[..., np.newaxis]
    return np.asarray(laid, np.float32), on


def _seen(whole: tuple[int, int], side: int, amount: float, rng: Rng) -> NDArray[np.float64]:
    """The way from the sheet to the view: turned, zoomed a little, seen from the side."""
    middle = np.array([whole[1], whole[0]]) / 2
    corners = middle + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * side / 2
    angle = np.radians(rng.normal(0, 3 if rng.random() < 0.8 else 12) * amount)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (corners - middle) @ turn.T * np.exp(rng.normal(0, 0.08)) + middle
    moved += rng.normal(0, 0.02 * amount, (4, 2)) * side
    target = np.array([[0, 0], [side, 0], [side, side], [0, side]])
    return np.asarray(
        cv2.getPerspectiveTransform(moved.astype(np.float32), target.astype(np.float32)), np.float64
    )


def _lit(picture: Picture, rng: Rng) -> Picture:
    """Light and shade: gradients, lamps, vignettes, hard and soft shadows, a flash."""
    side = picture.shape[0]
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / np.float32(side)
    light = np.ones((side, side), np.float32)
    if rng.random() < 0.6:
        angle = rng.uniform(0, 2 * np.pi)
        along = (columns - 0.5) * np.cos(angle) + (rows - 0.5) * np.sin(angle)
        light *= 1 + np.float32(rng.uniform(0, 0.9)) * along
    if rng.random() < 0.3:
        centre = rng.uniform(-0.3, 1.3, 2)
        away = np.hypot(columns - centre[0], rows - centre[1])
        light *= 1 - np.float32(rng.uniform(0, 0.7)) * (away**2).clip(0, 1)
    if rng.random() < 0.35:
        light *= _shadow((side, side), rng)
    if rng.random() < 0.08:
        centre = rng.uniform(0, 1, 2)
        away = np.hypot(columns - centre[0], rows - centre[1])
        light += np.float32(rng.uniform(0.2, 1.2)) * np.exp(-((away / rng.uniform(0.05, 0.4)) ** 2))
    tint = 1 + rng.normal(0, 0.06, 3).astype(np.float32)
    darkest = 0.8 if rng.random() < 0.6 else 0.3
    level = np.float32(np.exp(rng.uniform(np.log(darkest), np.log(1.15))))
    return np.asarray((picture * (light * level)[..., np.newaxis] * tint).clip(0, 262), np.float32)


def _shadow(shape: tuple[int, int], rng: Rng) -> Cover:
    """1 in the light, less in the shadow of a hand, a phone, a blind or a leaf."""
    side = shape[0]
    dark = np.zeros(shape, np.float32)
    kind = rng.random()
    if kind < 0.5:
        count = int(rng.integers(3, 7))
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        radii = rng.uniform(0.2, 1.2, count) * side
        centre = rng.uniform(-0.2, 1.2, 2) * side
        points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, np.newaxis] + centre
        cv2.fillPoly(dark, [np.rint(points).astype(np.int32)], 1.0)
    elif kind < 0.8:
        angle = rng.uniform(0, 2 * np.pi)
        rows, columns = np.mgrid[0:side, 0:side]
        place = (columns - side * rng.uniform(0.1, 0.9)) * np.cos(angle)
        place = place + (rows - side * rng.uniform(0.1, 0.9)) * np.sin(angle)
        dark = (place > 0).astype(np.float32)
    else:
        dark = (noise(shape, rng.uniform(20, 120), rng) > rng.uniform(-0.5, 1)).astype(np.float32)
    soft = float(np.exp(rng.uniform(np.log(0.6), np.log(40))))
    blurred = np.asarray(cv2.GaussianBlur(dark, (0, 0), soft), np.float32)
    return np.asarray(1 - np.float32(rng.uniform(0.1, 0.75)) * blurred, np.float32)


def _held(picture: Picture, rng: Rng) -> tuple[Cover, Picture]:
    """Where fingers cover the view, and the view with them: round, so darker at their sides, with
    creases and a shadow on the paper.
    """
    shape = picture.shape[:2]
    hand = _fingers(shape, rng)
    beside = np.array([[1, 0, rng.uniform(-9, 9)], [0, 1, rng.uniform(-9, 9)]])
    moved = cv2.warpAffine(hand, beside, shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    shadow = np.asarray(cv2.GaussianBlur(moved, (0, 0), rng.uniform(2, 20)), np.float32)
    dark = np.float32(rng.uniform(0, 0.7)) * shadow
    skin = colour(rng, 40, 220, 5) * np.array([0.75, 0.9, 1.1], np.float32)
    inside = (hand > 0.5).astype(np.uint8)
    depth = np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 3), np.float32)
    shade = 1 + np.float32(0.08) * noise(shape, 30, rng)
    shade *= 1 - np.float32(rng.uniform(0.1, 0.6)) * np.exp(-depth / np.float32(rng.uniform(2, 15)))
    if rng.random() < 0.5:
        creases = np.abs(noise(shape, rng.uniform(4, 12), rng)) < 0.1
        shade *= 1 - np.float32(rng.uniform(0.05, 0.3)) * creases
    picture = picture * (1 - dark)[..., np.newaxis]
    picture += (skin * shade[..., np.newaxis] - picture) * hand[..., np.newaxis]
    return hand, np.asarray(picture, np.float32)


def _fingers(shape: tuple[int, int], rng: Rng) -> Cover:
    """One to four fingers or a thumb that come in from an edge."""
    side = shape[0]
    cover = np.zeros(shape, np.float32)
    edge = int(rng.integers(4))
    wide = rng.uniform(0.06, 0.25) * side
    at = rng.uniform(0.1, 0.9) * side
    for n in range(int(rng.integers(1, 5))):
        start = np.array([at + n * wide * 1.1, -wide])
        end = start + np.array([rng.normal(0, 0.2) * side, wide + rng.uniform(0.05, 0.35) * side])
        ends = [tuple(np.rint(p).astype(int).tolist()) for p in (start, end)]
        cv2.line(cover, ends[0], ends[1], 1.0, max(2, round(wide)), cv2.LINE_AA)
    return np.ascontiguousarray(np.rot90(cover, edge))


def _through_lens(picture: Picture, height: float, clean: bool, rng: Rng) -> Picture:
    """Distance, sharpness, noise, levels, compression; or a scanner's two levels."""
    if rng.random() < 0.2:
        picture = _from_afar(picture, height, rng)
    picture = _sharpness(picture, clean, rng)
    if not clean and rng.random() < 0.75:
        picture = _noisy(picture, rng)
    if rng.random() < 0.3:
        low, high = rng.uniform(0, 60), rng.uniform(170, 255)
        picture = (picture - np.float32(low)) * np.float32(255 / (high - low))
    picture = np.asarray(picture.clip(0, 255), np.float32)
    if rng.random() < 0.3:
        power = np.float32(np.exp(rng.normal(0, 0.3)))
        picture = np.asarray(255 * (picture / 255) ** power, np.float32)
    if rng.random() < 0.25:
        picture[:] = picture.mean(axis=2, keepdims=True)
    if rng.random() < 0.07:
        picture = _two_levels(picture, rng)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(8, 96))]
        coded = cv2.imencode(".jpg", picture.astype(np.uint8), quality)[1]
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.float32)
    return picture


def _from_afar(picture: Picture, height: float, rng: Rng) -> Picture:
    """Of fewer pixels, down to what can just be read, and enlarged."""
    side = picture.shape[0]
    least = min(0.9, max(0.06, SMALLEST / height))
    small = max(8, round(side * float(np.exp(rng.uniform(np.log(least), np.log(0.9))))))
    reduced = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
    way = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
    return np.asarray(cv2.resize(reduced, (side, side), interpolation=way), np.float32)


def _sharpness(picture: Picture, clean: bool, rng: Rng) -> Picture:
    """Out of focus, moved, or sharpened by the camera."""
    if rng.random() < (0.3 if clean else 0.6):
        spread = float(np.exp(rng.uniform(np.log(0.3), np.log(2.2))))
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), spread), np.float32)
    if rng.random() < 0.08:
        length = int(rng.integers(3, 9))
        kernel = np.zeros((length, length), np.float32)
        x, y, to_x, to_y = rng.integers(0, length, 4).tolist()
        cv2.line(kernel, (x, y), (to_x, to_y), 1.0, 1)
        picture = np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.float32)
    if rng.random() < 0.15:
        soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.float32)
        picture = picture + np.float32(rng.uniform(0.3, 1.5)) * (picture - soft)
    return picture


def _noisy(picture: Picture, rng: Rng) -> Picture:
    """Grain of a sensor, of each colour or of all, fine or coarse."""
    side = picture.shape[0]
    amount = np.float32(rng.uniform(0.5, 14 if rng.random() < 0.3 else 5))
    grain = rng.standard_normal((side, side, 1 if rng.random() < 0.5 else 3), np.float32)
    if rng.random() < 0.4:
        coarse = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.8), np.float32)
        grain = 2 * coarse.reshape(grain.shape)
    return np.asarray(picture + amount * grain, np.float32)


def _two_levels(picture: Picture, rng: Rng) -> Picture:
    """Binarised: by one level, by the surroundings, or as a halftone."""
    grey = picture.mean(axis=2)
    kind = rng.random()
    if kind < 0.4:
        level, _ = cv2.threshold(grey.astype(np.uint8), 0, 1, cv2.THRESH_OTSU)
        light = grey > level + rng.uniform(-15, 15)
    elif kind < 0.85:
        around = cv2.GaussianBlur(grey, (0, 0), rng.uniform(5, 30))
        light = grey > np.asarray(around) - rng.uniform(4, 20)
    else:
        light = grey > rng.uniform(60, 200, grey.shape)
    two = np.where(light, rng.uniform(225, 255), rng.uniform(0, 40)).astype(np.float32)
    return np.repeat(two[..., np.newaxis], 3, axis=2)
