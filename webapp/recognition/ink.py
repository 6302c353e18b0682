"""Ink: what was written, with the paper taken away.

Two kinds of picture come in. Drawn ones (a scan of MNIST, a screenshot, a canvas saved as a file)
have a background of one level: subtracting it leaves the ink exact, grey levels and all.
Photographed ones have paper under uneven light: the paper is estimated around every pixel, and
what differs from it by more than the noise is ink. Both may be dark on light or light on dark.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

WORKING_SIDE = 1024
"""Larger pictures are reduced to this longest side, in pixels: ink stays several pixels wide."""

FLAT_SHARE = 0.5
"""Share of pixels of exactly one level that makes a background flat, hence the picture a drawn
one. Noise or a gradient of light leaves a photo far below it."""

FLAT_FAINT = 8
"""Levels up to which a difference from a flat background is what lossy coding left around edges."""

FLAT_CONTRAST = 32
"""Levels by which the strongest ink of a drawn picture must differ from its background."""

PAPER_SIDE = 256
"""The paper is estimated at this size: it varies slowly."""

PAPER_WINDOW = 61
"""Side of the median that estimates the paper, in pixels of that size: wider than any stroke."""

NOISE_MULTIPLE = 6
"""Ink in a photo is this many standard deviations of the noise away from the paper."""

PHOTO_CONTRAST = 18
"""... and at least this many levels."""

SPECK_SHARE = 0.01
"""Pieces of ink smaller than this share of the largest piece are specks of noise."""


def ink_of_image(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the paper away.

    Args:
        grey: (H, W) uint8, white 255, dark on light or light on dark.

    Returns:
        (H, W) uint8, ink 255 on 0, smaller than the picture where that was over `WORKING_SIDE`;
        all 0 where nothing was written.
    """
    grey = _reduced(grey)
    histogram = np.bincount(grey.ravel(), minlength=256)
    level = int(histogram.argmax())
    if histogram[level] >= FLAT_SHARE * grey.size:
        return _ink_on_flat(grey, level)
    return _ink_on_paper(grey)


def _reduced(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = grey.shape
    factor = WORKING_SIDE / max(height, width)
    if factor >= 1:
        return grey
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _ink_on_flat(grey: NDArray[np.uint8], level: int) -> NDArray[np.uint8]:
    """The difference from one background level, on the side where it reaches further."""
    signed = grey.astype(np.int16) - level
    if -signed.min() > signed.max():
        signed = -signed
    strength = signed.clip(0).astype(np.uint8)
    peak = int(strength.max())
    if peak < FLAT_CONTRAST:
        return np.zeros_like(grey)
    # Faint edges belong to ink only where they touch some that is not faint.
    return _connected(strength, strength > FLAT_FAINT, strength >= peak / 4)


def _ink_on_paper(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The difference from the paper around, above the noise."""
    signed = grey.astype(np.float32) - _paper(grey)
    # The paper is the most of the picture, so the ink is the longer tail.
    if -np.percentile(signed, 0.5) > np.percentile(signed, 99.5):
        signed = -signed
    noise = 1.4826 * float(np.median(np.abs(signed)))  # of a normal distribution, from its MAD
    strength = signed.clip(0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(strength[strength > noise], 0, 255, cv2.THRESH_OTSU)
    threshold = max(float(otsu), NOISE_MULTIPLE * noise, PHOTO_CONTRAST)
    strong = strength > threshold
    if not strong.any():
        return np.zeros_like(grey)
    faint = threshold / 2
    peak = float(np.percentile(strength[strong], 90))
    rescaled = ((signed - faint) * (255 / max(peak - faint, 1))).clip(0, 255).astype(np.uint8)
    return _without_specks(_connected(rescaled, strength > faint, strong))


def _paper(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The level of the paper at every pixel: a wide median, which no stroke can fill."""
    height, width = grey.shape
    factor = min(1.0, PAPER_SIDE / max(height, width))
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    reduced = np.asarray(cv2.resize(grey, small, interpolation=cv2.INTER_AREA), np.uint8)
    window = min(PAPER_WINDOW, max(small) | 1)
    paper = cv2.medianBlur(reduced, window).astype(np.float32)
    return np.asarray(cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR))


def _connected(
    ink: NDArray[np.uint8], faint: NDArray[np.bool_], strong: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Keep the pieces of faint ink that hold some strong ink (hysteresis, Canny 1986)."""
    _, pieces = cv2.connectedComponents(faint.astype(np.uint8), connectivity=8)
    kept = np.zeros(int(pieces.max()) + 1, bool)
    kept[np.unique(pieces[strong])] = True
    kept[0] = False
    return np.where(kept[pieces], ink, 0).astype(np.uint8)


def _without_specks(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Drop pieces far smaller than the largest."""
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(
        (ink > 0).astype(np.uint8), connectivity=8
    )
    areas = statistics[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept = areas >= SPECK_SHARE * areas.max()
    kept[0] = False
    return np.where(kept[pieces], ink, 0).astype(np.uint8)
