"""Print: everything on a sheet before anyone writes on it."""

from collections.abc import Callable

import cv2
import numpy as np

from .fonts import printed, printed_text
from .surfaces import Cover, Picture, Rng, noise, with_ink


def _rules(shape: tuple[int, int], pitch: float, rng: Rng) -> Cover:
    """Return lines of ruled or squared paper, solid, dashed or dotted."""
    height, width = shape
    cover = np.zeros(shape, np.float32)
    thick = int(rng.integers(1, 3)) if rng.random() < 0.8 else int(rng.integers(2, 7))
    tilt = rng.normal(0, 0.02)
    across = rng.random() < 0.9
    upright = not across or rng.random() < 0.4
    fill = 1.0
    if across:
        for y in np.arange(rng.uniform(0, pitch), height + pitch, pitch):
            ends = (0, round(y)), (width, round(y + tilt * width))
            cv2.line(cover, *ends, fill, thick, cv2.LINE_AA)
    if upright:
        wide = pitch if rng.random() < 0.6 else pitch * rng.uniform(1.5, 6)
        for x in np.arange(rng.uniform(0, wide), width + wide, wide):
            ends = (round(x), 0), (round(x - tilt * height), height)
            cv2.line(cover, *ends, fill, thick, cv2.LINE_AA)
    if rng.random() < 0.15:
        step = int(rng.integers(2, 9))
        keep = (np.arange(width) % (2 * step)) < step
        cover *= keep[np.newaxis, :]
    return cover


def _boxes(shape: tuple[int, int], pitch: float, rng: Rng) -> Cover:
    """Return boxes and combs of a form."""
    height, width = shape
    cover = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 6))):
        left, top = rng.uniform(-0.2 * width, 0.8 * width), rng.uniform(-0.1 * height, height)
        cell, tall = pitch * rng.uniform(0.6, 1.6), pitch * rng.uniform(0.9, 2.2)
        count = 1 if rng.random() < 0.4 else int(rng.integers(2, 14))
        if count == 1:
            cell *= rng.uniform(1, 8)
        thick = int(rng.integers(1, 4))
        open_top = rng.random() < 0.2
        for n in range(count):
            a = (round(left + n * cell), round(top))
            b = (round(left + (n + 1) * cell), round(top + tall))
            if open_top:
                cv2.line(cover, (a[0], b[1]), b, 1.0, thick)
                cv2.line(cover, (a[0], b[1] - round(tall * 0.3)), (a[0], b[1]), 1.0, thick)
            else:
                cv2.rectangle(cover, a, b, 1.0, thick)
    return cover


def _curves(shape: tuple[int, int], pitch: float, rng: Rng) -> Cover:
    """Return a security pattern of many parallel curves (guilloche)."""
    height, width = shape
    cover = np.zeros(shape, np.float32)
    x = np.linspace(-5, width + 5, 80)
    waves = rng.uniform(0.3, 1, 3), rng.uniform(10, 120, 3), rng.uniform(0, 6.3, 3)
    step = rng.uniform(2.5, 12)
    swing = rng.uniform(2, 0.6 * pitch + 3)
    shift = rng.uniform(0, 0.4)
    for n, y in enumerate(np.arange(-swing, height + swing, step)):
        along = sum(
            a * np.sin(2 * np.pi * x / (4 * w) + p + n * shift)
            for a, w, p in zip(*waves, strict=True)
        )
        points = np.rint(np.stack([x, y + swing * along], 1) * 8).astype(np.int32)
        cv2.polylines(cover, [points], False, 1.0, 1, cv2.LINE_AA, 3)
    if rng.random() < 0.3:
        cover = np.ascontiguousarray(cv2.resize(cover.T, (width, height)))
    return cover


def _dots(shape: tuple[int, int], pitch: float, rng: Rng) -> Cover:
    """Return a raster of dots or short strokes, like a halftone or a hatching."""
    height, width = shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = rng.uniform(0, np.pi)
    step = rng.uniform(2.5, 14)
    across = columns * np.cos(turn) + rows * np.sin(turn)
    along = rows * np.cos(turn) - columns * np.sin(turn)
    wave = np.cos(across * (2 * np.pi / step))
    if rng.random() < 0.6:
        wave = wave * np.cos(along * (2 * np.pi / step))
    level = rng.uniform(-0.2, 0.8) + 0.4 * noise(shape, rng.uniform(15, 80), rng)
    return np.asarray((3 * (wave - level)).clip(0, 1), np.float32)


def _print(shape: tuple[int, int], pitch: float, rng: Rng) -> Cover:
    """Return printed words and numbers, in lines or anywhere."""
    height, width = shape
    cover = np.zeros(shape, np.float32)
    size = pitch * rng.uniform(0.35, 1.6)
    if rng.random() < 0.4:
        for y in np.arange(rng.uniform(0, 2 * size), height + size, size * rng.uniform(1.2, 3)):
            text = " ".join(printed_text(rng) for _ in range(int(rng.integers(1, 5))))
            printed(cover, text, (rng.uniform(-size, 0.5 * width), y), size, rng)
    else:
        for _ in range(int(rng.integers(1, 8))):
            corner = rng.uniform(-0.1 * width, 0.9 * width), rng.uniform(0, height)
            printed(cover, printed_text(rng), corner, size * rng.uniform(0.6, 1.4), rng)
    return cover


def _marks(shape: tuple[int, int], pitch: float, rng: Rng) -> Cover:
    """Return logos, stamps, bar codes and blocks of print."""
    height, width = shape
    cover = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre = rng.uniform(0, width), rng.uniform(0, height)
        place = round(centre[0]), round(centre[1])
        size = pitch * rng.uniform(0.5, 3)
        kind = rng.random()
        if kind < 0.3:
            for radius in (size, size * rng.uniform(0.6, 0.9)):
                thick = max(1, round(size * rng.uniform(0.02, 0.08)))
                cv2.circle(cover, place, round(radius), 1.0, thick, cv2.LINE_AA)
            printed(cover, printed_text(rng), (centre[0] - size * 0.6, centre[1]), size * 0.3, rng)
        elif kind < 0.5:
            x = centre[0]
            while x < centre[0] + 3 * size:
                bar = rng.uniform(1, max(2, size * 0.08))
                end = (round(x + bar), round(centre[1] + size))
                cv2.rectangle(cover, (round(x), place[1]), end, 1.0, -1)
                x += bar + rng.uniform(1, max(2, size * 0.08))
        elif kind < 0.7:
            cells = (rng.random((9, 9)) < 0.5).astype(np.float32)
            side = max(9, round(size))
            code = cv2.resize(cells, (side, side), interpolation=cv2.INTER_NEAREST)
            _put(cover, np.asarray(code, np.float32), place)
        else:
            count = int(rng.integers(3, 8))
            angles = np.sort(rng.uniform(0, 2 * np.pi, count))
            radii = size * rng.uniform(0.3, 1, count)
            points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, np.newaxis] + centre
            polygon = np.rint(points).astype(np.int32)
            if rng.random() < 0.6:
                cv2.fillPoly(cover, [polygon], 1.0, cv2.LINE_AA)
            else:
                thick = max(1, round(size * 0.05))
                cv2.polylines(cover, [polygon], True, 1.0, thick, cv2.LINE_AA)
    return cover


def _put(cover: Cover, patch: Cover, corner: tuple[int, int]) -> None:
    left, top = corner
    part = cover[max(0, top) : top + patch.shape[0], max(0, left) : left + patch.shape[1]]
    own = patch[max(0, -top) :, max(0, -left) :][: part.shape[0], : part.shape[1]]
    if part.size and own.size:
        np.maximum(part, own, out=part)


def _stains(shape: tuple[int, int], pitch: float, rng: Rng) -> Cover:
    """Return cup rings, blots, specks and holes."""
    cover = np.zeros(shape, np.float32)
    height, width = shape
    for _ in range(int(rng.integers(1, 12))):
        place = int(rng.integers(width)), int(rng.integers(height))
        kind = rng.random()
        if kind < 0.2:
            radius = round(rng.uniform(10, 0.4 * width))
            thick = max(1, round(rng.uniform(0.5, 8)))
            cv2.circle(cover, place, radius, 1.0, thick, cv2.LINE_AA)
        else:
            radius = round(np.exp(rng.uniform(np.log(0.6), np.log(8))))
            cv2.circle(cover, place, radius, 1.0, -1, cv2.LINE_AA)
    rough = 1 + 0.5 * noise(shape, rng.uniform(2, 10), rng)
    return np.asarray((cover * rough).clip(0, 1), np.float32)


def _folds(shape: tuple[int, int], pitch: float, rng: Rng) -> Cover:
    """Return straight creases or the edge of another sheet, wide, or thin and long."""
    cover = np.zeros(shape, np.float32)
    height, width = shape
    for _ in range(int(rng.integers(1, 4))):
        ends = rng.uniform(-0.2, 1.2, (2, 2)) * (width, height)
        start, end = np.rint(ends + (ends - ends.mean(0)) * 3).astype(int).tolist()
        cv2.line(cover, start, end, 1.0, int(rng.integers(1, 5)), cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.4, 3)), np.float32)


def _spiral(shape: tuple[int, int], pitch: float, rng: Rng) -> Cover:
    """Return the wire and the holes of a notepad along one side."""
    height, width = shape
    cover = np.zeros(shape, np.float32)
    step = rng.uniform(8, 40)
    depth = rng.uniform(0.6, 2.2) * step
    at = rng.uniform(0, 0.2 * width)
    thick = max(1, round(step * rng.uniform(0.05, 0.2)))
    holes, square, wires = rng.random() < 0.8, rng.random() < 0.3, int(rng.integers(1, 3))
    lean, flat = float(rng.uniform(-15, 25)), rng.uniform(0.15, 0.5)
    shine = float(rng.uniform(0, 0.5)) if rng.random() < 0.7 else 1.0
    for y in np.arange(rng.uniform(0, step), height, step):
        centre = round(at + depth), round(y + step * 0.2)
        size = max(1, round(step * 0.15))
        if holes and square:
            corner, end = ((centre[0] + s, centre[1] + s) for s in (-size, size))
            cv2.rectangle(cover, corner, end, 1.0, -1)
        elif holes:
            cv2.circle(cover, centre, size, 1.0, -1, cv2.LINE_AA)
        for wire in range(wires):
            middle = round(at), round(y + wire * step * 0.25)
            ellipse = middle, (round(2 * depth), max(1, round(2 * step * flat))), lean
            cv2.ellipse(cover, ellipse, 1.0, thick, cv2.LINE_AA)
            if thick > 2:  # round wire is light in its middle
                cv2.ellipse(cover, ellipse, shine, max(1, thick // 3), cv2.LINE_AA)
    return np.ascontiguousarray(np.rot90(cover, int(rng.integers(4)))) if height == width else cover


PARTS: tuple[tuple[float, Callable[[tuple[int, int], float, Rng], Cover]], ...] = (
    (0.38, _rules),
    (0.2, _boxes),
    (0.14, _curves),
    (0.08, _dots),
    (0.3, _print),
    (0.12, _marks),
    (0.12, _stains),
    (0.08, _folds),
    (0.1, _spiral),
)
"""Non-handwriting that may be on paper, with the probability of each. The shares are a guess."""


def with_print(sheet: Picture, pitch: float, rng: Rng, share: float = 1.0) -> Picture:
    """Add print, stains and folds to a sheet.

    Args:
        pitch: height of the writing to come, in pixels. Print is about as large.
        share: factor of the probability of each part.
    """
    for chance, part in PARTS:
        if rng.random() >= chance * share:
            continue
        cover = part(sheet.shape[:2], pitch * float(np.exp(rng.normal(0, 0.3))), rng)
        sheet = with_ink(sheet, cover, rng)
    return sheet
