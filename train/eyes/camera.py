"""The camera: light, hands, and a lens or a scanner between a sheet and its view."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .surfaces import Cover, Picture, Rng, colour, noise

SMALLEST = 11.0
"""Height of the smallest legible writing, in pixels."""


def projection(whole: tuple[int, int], side: int, amount: float, rng: Rng) -> NDArray[np.float64]:
    """Return the homography from the sheet to the view: rotation, a little zoom, perspective."""
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


def in_light(picture: Picture, rng: Rng) -> Picture:
    """Apply light and shade: gradients, lamps, vignettes, hard and soft shadows, a flash."""
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
    """Return the light beside a hand, a phone, a blind or a leaf: 1 in light, less in shadow."""
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


def with_hand(picture: Picture, rng: Rng) -> tuple[Cover, Picture]:
    """Put a hand into the view. Return where it covers the view, and the view with it.

    Fingers are round: they are darker at their sides, and have creases and a shadow on the paper.
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
    """Return one to four fingers or a thumb that reach in from an edge."""
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


def through_lens(picture: Picture, height: float, clean: bool, rng: Rng) -> Picture:
    """Apply distance, sharpness, noise, levels and compression, or the two levels of a scanner."""
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
    """Reduce the resolution, at most until writing is `SMALLEST` high, and enlarge it again."""
    side = picture.shape[0]
    least = min(0.9, max(0.06, SMALLEST / height))
    small = max(8, round(side * float(np.exp(rng.uniform(np.log(least), np.log(0.9))))))
    reduced = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
    way = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
    return np.asarray(cv2.resize(reduced, (side, side), interpolation=way), np.float32)


def _sharpness(picture: Picture, clean: bool, rng: Rng) -> Picture:
    """Blur the picture by focus or motion, or sharpen it as cameras do."""
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
    """Add sensor noise, per colour or common to all, fine or coarse."""
    side = picture.shape[0]
    amount = np.float32(rng.uniform(0.5, 14 if rng.random() < 0.3 else 5))
    grain = rng.standard_normal((side, side, 1 if rng.random() < 0.5 else 3), np.float32)
    if rng.random() < 0.4:
        coarse = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.8), np.float32)
        grain = 2 * coarse.reshape(grain.shape)
    return np.asarray(picture + amount * grain, np.float32)


def _two_levels(picture: Picture, rng: Rng) -> Picture:
    """Binarise the picture by a global threshold, a local one, or as a halftone."""
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
