"""Augmentation of glyphs as images.

It warps a whole batch in one `cv2.remap`, so that it keeps up with training on two cores. All
randomness comes from the generator passed in.
"""

from dataclasses import astuple, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MARGIN = 8
"""Empty pixels around each glyph during warping, which keep neighbours in the batch apart."""

CONTROL_POINTS = 4
"""Control points per side of the smooth elastic field."""


@dataclass(frozen=True)
class Augmentation:
    """Amounts of variation. Each is drawn uniformly from minus to plus the bound."""

    rotation: float = 15.0
    """Rotation, in degrees."""
    shear: float = 0.25
    """Slant: pixels sideways per pixel of height."""
    scale: float = 0.15
    """Relative size, drawn for each axis."""
    shift: float = 2.0
    """Shift, in pixels."""
    elastic: float = 1.0
    """Standard deviation of the control points' displacement, in pixels."""
    pen: float = 0.5
    """Weight of a 3x3 dilation (or erosion): thicker (or thinner) strokes."""

    def times(self, factor: float) -> "Augmentation":
        """Return the amounts multiplied by a factor."""
        return Augmentation(*(factor * amount for amount in astuple(self)))


def augment(
    glyphs: NDArray[np.uint8], amount: Augmentation, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Vary slant, size, place, shape and pen width of each glyph independently.

    Args:
        glyphs: (N, H, W, 1) uint8, ink 255 on 0; N * (H + 16) below 32767, OpenCV's limit.

    Returns:
        An array of the same shape and dtype. The input is not modified.
    """
    count, height, width, _ = glyphs.shape
    padded = np.pad(glyphs[..., 0], ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    tall, wide = height + 2 * MARGIN, width + 2 * MARGIN
    strip = _vary_pen(padded.reshape(count * tall, wide), count, amount.pen, rng)

    source = _affine_sources(count, height, width, amount, rng)
    source += _elastic_field(count, height, width, amount.elastic, rng)
    map_x = np.clip(source[..., 0] + MARGIN, 0, wide - 1)
    map_y = np.clip(source[..., 1] + MARGIN, 0, tall - 1)
    map_y += np.arange(count, dtype=np.float32)[:, None, None] * tall
    warped = cv2.remap(
        strip,
        map_x.reshape(-1, width),
        map_y.reshape(-1, width),
        cv2.INTER_LINEAR,
    )
    return np.asarray(warped, np.uint8).reshape(glyphs.shape)


def roughen(glyphs: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Degrade clean renderings like a camera or scanner: paler, softer or grainy ink.

    Args:
        glyphs: (N, H, W, C) uint8. Only channel 0, the ink, changes.

    Returns:
        An array of the same shape and dtype. The input is not modified.
    """
    ink = glyphs[..., 0].astype(np.float32) / 255
    count = (len(ink), 1, 1)
    blurred = np.stack([cv2.blur(one, (3, 3)) for one in ink])
    ink += (blurred - ink) * np.maximum(rng.uniform(-0.5, 0.7, count), 0)
    ink **= np.exp(rng.uniform(-0.5, 0.5, count))
    grain = np.maximum(rng.uniform(-0.15, 0.12, count), 0)
    ink += grain * rng.normal(0, 1, ink.shape) * (ink > 0.05)
    rough = glyphs.copy()
    rough[..., 0] = np.rint(255 * np.clip(ink, 0, 1))
    return rough


def _vary_pen(
    strip: NDArray[np.uint8], count: int, bound: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Blend each glyph with its dilation or erosion."""
    kernel = np.ones((3, 3), np.uint8)
    mix = rng.uniform(-bound, bound, count).astype(np.float32)
    mix = np.repeat(mix, len(strip) // count)[:, np.newaxis]
    thicker = np.maximum(mix, 0) * (cv2.dilate(strip, kernel) - strip)
    thinner = np.minimum(mix, 0) * (strip - cv2.erode(strip, kernel))
    return np.asarray(np.rint(strip + thicker + thinner), np.uint8)


def _affine_sources(
    count: int, height: int, width: int, amount: Augmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return each output pixel's source, (N, H, W, 2), of a random affine map about the centre."""
    angle = np.deg2rad(rng.uniform(-amount.rotation, amount.rotation, count))
    shear = rng.uniform(-amount.shear, amount.shear, count)
    scale = rng.uniform(1 - amount.scale, 1 + amount.scale, (count, 2))
    shift = rng.uniform(-amount.shift, amount.shift, (count, 2))
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    slant = np.zeros((count, 2, 2))
    slant[:, 0, 0] = slant[:, 1, 1] = 1
    slant[:, 0, 1] = shear
    matrix = (rotation @ slant / scale[:, np.newaxis, :]).astype(np.float32)
    ys = np.arange(height, dtype=np.float32)[:, np.newaxis] - (height - 1) / 2
    xs = np.arange(width, dtype=np.float32)[np.newaxis, :] - (width - 1) / 2
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    origin = (centre - shift).astype(np.float32)
    source = np.empty((count, height, width, 2), np.float32)
    for axis in (0, 1):
        across, down, start = matrix[:, axis, 0], matrix[:, axis, 1], origin[:, axis]
        source[..., axis] = (
            across[:, None, None] * xs + down[:, None, None] * ys + start[:, None, None]
        )
    return source


def _elastic_field(
    count: int, height: int, width: int, deviation: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return smooth random displacements, (N, H, W, 2), in pixels (Simard et al., ICDAR 2003)."""
    control = rng.normal(0, deviation, (2, count, CONTROL_POINTS, CONTROL_POINTS))
    field = _smooth_basis(height) @ control.astype(np.float32) @ _smooth_basis(width).T
    return np.asarray(np.moveaxis(field, 0, -1), np.float32)


def _smooth_basis(length: int) -> NDArray[np.float32]:
    """Return weights, (length, CONTROL_POINTS), that interpolate control points. Rows sum to 1."""
    position = np.linspace(0, CONTROL_POINTS - 1, length)[:, np.newaxis]
    weights = np.exp(-((position - np.arange(CONTROL_POINTS)) ** 2) / (2 * 0.6**2))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
