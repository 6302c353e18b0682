"""Surfaces without writing: paper of all kinds, and its surroundings.

Colours are blue, green and red, 0 to 255. Lengths are in pixels unless a name says otherwise. All
randomness comes from the generator passed in. Ranges are wider than in reality on purpose, so that
real pictures are within them (domain randomisation, Tobin et al., 2017).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator

Picture = NDArray[np.float32]
"""(H, W, 3), blue, green and red, 0 to 255."""

Cover = NDArray[np.float32]
"""(H, W), 0 to 1: share of each pixel that is covered."""

Colour = NDArray[np.float32]
"""(3,), blue, green and red, 0 to 255."""


def noise(shape: tuple[int, int], scale: float, rng: Rng) -> Cover:
    """Return smooth noise of mean 0 and deviation 1, with features about `scale` pixels wide."""
    height, width = shape
    rows, columns = max(2, int(height / scale) + 2), max(2, int(width / scale) + 2)
    coarse = rng.standard_normal((rows, columns), np.float32)
    if scale <= 1:
        coarse = coarse[:height, :width]
    if coarse.shape != shape:
        coarse = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
    return np.asarray(coarse / max(float(coarse.std()), 1e-6), np.float32)


def colour(rng: Rng, low: float, high: float, tint: float) -> Colour:
    """Return a random colour: a level of grey between two bounds, and a tint."""
    level = rng.uniform(low, high)
    return (level + rng.normal(0, tint, 3)).clip(0, 255).astype(np.float32)


def paper(shape: tuple[int, int], rng: Rng) -> Picture:
    """Return bare paper, chalkboard or whiteboard: colour, clouds, grain and fibres."""
    kind = rng.random()
    if kind < 0.7:
        base = colour(rng, 190, 255, 8)
    elif kind < 0.9:
        base = colour(rng, 110, 230, 22)
    else:
        base = colour(rng, 15, 110, 12)
    sheet = np.empty((*shape, 3), np.float32)
    sheet[:] = base
    if rng.random() < 0.15:
        return sheet  # a screen, or a cleaned scan
    level = np.zeros(shape, np.float32)
    for scale, most in ((120, 8.0), (25, 5.0), (5, 5.0), (1, 6.0)):
        if rng.random() < 0.6:
            level += noise(shape, scale * rng.uniform(0.6, 1.6), rng) * np.float32(
                most * rng.random() ** 2
            )
    if rng.random() < 0.1:
        level += _fibres(shape, rng) * np.float32(rng.uniform(-40, 20))
    if rng.random() < 0.08:
        # Crumpled paper: facets of light.
        creases = np.abs(noise(shape, rng.uniform(15, 60), rng))
        level -= np.float32(rng.uniform(5, 25)) * np.exp(-creases * 6).astype(np.float32)
    return np.asarray(sheet + level[..., np.newaxis], np.float32)


def _fibres(shape: tuple[int, int], rng: Rng) -> Cover:
    canvas = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(5, 60))):
        start = rng.uniform(0, shape[::-1])
        turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.5, 5))
        steps = np.stack([np.cos(turn), np.sin(turn)], 1) * rng.uniform(1, 5)
        points = np.rint(start + np.cumsum(steps, 0)).astype(np.int32)
        cv2.polylines(canvas, [points], False, 1.0, 1, cv2.LINE_AA)
    return canvas


def desk(shape: tuple[int, int], rng: Rng) -> Picture:
    """Return a surface that a sheet may lie on: wood, cloth, keys, other sheets, clutter."""
    ground = np.empty((*shape, 3), np.float32)
    ground[:] = colour(rng, 10, 200, 30)
    level = noise(shape, rng.uniform(20, 90), rng) * np.float32(rng.uniform(0, 15))
    kind = rng.random()
    if kind < 0.35:
        # Grain of wood: long in one direction.
        stretched = noise((shape[0], max(2, shape[1] // 20)), rng.uniform(1.5, 6), rng)
        grain = cv2.resize(stretched, shape[::-1], interpolation=cv2.INTER_LINEAR)
        level += np.asarray(grain.T if rng.random() < 0.5 and shape[0] == shape[1] else grain) * (
            np.float32(rng.uniform(4, 22))
        )
    elif kind < 0.6:
        rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        step = rng.uniform(3, 14)
        weave = np.sin(columns * (2 * np.pi / step)) * np.sin(rows * (2 * np.pi / step))
        level += weave * np.float32(rng.uniform(4, 30))
    elif kind < 0.75:
        _keys(ground, rng)
    else:
        _clutter(ground, rng)
    level += noise(shape, 1, rng) * np.float32(rng.uniform(0, 10))
    return np.asarray((ground + level[..., np.newaxis]).clip(0, 255), np.float32)


def _keys(ground: Picture, rng: Rng) -> None:
    """Draw rows of light or dark keys with signs on them."""
    height, width = ground.shape[:2]
    drawn = ground.astype(np.uint8)
    step = rng.uniform(20, 60)
    dark, light = colour(rng, 10, 90, 5), colour(rng, 120, 250, 5)
    face, sign = (dark, light) if rng.random() < 0.6 else (light, dark)
    size = step / 60
    for top in np.arange(0, height, step):
        for left in np.arange(-rng.uniform(0, step), width, step):
            corner = (int(left + 2), int(top + 2))
            end = (int(left + step - 2), int(top + step - 2))
            cv2.rectangle(drawn, corner, end, face.tolist(), -1)
            place = (int(left + step * 0.3), int(top + step * 0.65))
            text = chr(int(rng.integers(48, 91)))
            cv2.putText(drawn, text, place, 0, size, sign.tolist(), 1, cv2.LINE_AA)
    ground[:] = drawn


def _clutter(ground: Picture, rng: Rng) -> None:
    """Draw shapes of any colour, some of them other sheets with lines on them."""
    height, width = ground.shape[:2]
    for _ in range(int(rng.integers(1, 9))):
        centre = rng.uniform(0, (width, height))
        size = rng.uniform(10, 0.8 * max(width, height), 2)
        box = cv2.boxPoints((centre.tolist(), size.tolist(), float(rng.uniform(0, 180))))
        cv2.fillConvexPoly(ground, np.rint(box).astype(np.int32), colour(rng, 0, 255, 30).tolist())
    if rng.random() < 0.5:
        ink = colour(rng, 0, 200, 10).tolist()
        for _ in range(int(rng.integers(1, 12))):
            start, end = np.rint(rng.uniform(0, (width, height), (2, 2))).astype(int).tolist()
            cv2.line(ground, start, end, ink, int(rng.integers(1, 5)), cv2.LINE_AA)


def with_ink(sheet: Picture, cover: Cover, rng: Rng) -> Picture:
    """Print a cover onto a sheet in any colour, from pale to full."""
    strength = rng.uniform(0.06, 0.5) if rng.random() < 0.6 else rng.uniform(0.4, 1.0)
    if rng.random() < 0.15:
        ink = colour(rng, 200, 255, 10)
    else:
        ink = colour(rng, 0, 170, 45 if rng.random() < 0.5 else 5)
    return np.asarray(
        sheet + (ink - sheet) * (cover * np.float32(strength))[..., np.newaxis], np.float32
    )
