"""Ink: what was written, with the paper taken away.

Two kinds of picture come in. Drawn ones (a scan of MNIST, a screenshot, a canvas saved as a file)
have a background of one level: subtracting it leaves the ink exact, grey levels and all.
Photographed ones have paper under uneven light: the paper is estimated around every pixel, and
what differs from it by more than the noise is ink. Both may be dark on light or light on dark.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

WORKING_SIDE = 1024
"""Larger pictures are reduced to this longest side, in pixels: ink stays several pixels wide."""

FAR_MORE = 1.5
"""A single colour is looked at where its standard deviation is so many times that of grey."""

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
"""Side of the median that estimates the paper, in pixels of that size."""

MUCH_INK = 0.08
"""Share of the picture from which on ink could fill the median's window."""

TWO_LEVELS = 0.7
"""Share of the variance that two levels explain (Otsu's criterion) where a picture has just two."""

EVEN = 0.1
"""Bare paper around much ink differs from its estimate by at most this share of what ink does."""

PAPER_AROUND = 0.75
"""Share of the picture's outermost pixels that are paper where ink does not run off it."""

NOISE_MULTIPLE = 6
"""Ink in a photo is this many standard deviations of the noise away from the paper."""

PHOTO_CONTRAST = 18
"""... and at least this many levels."""

DEEPEST_SHADE = 3.0
"""Up to so many times is ink in the shade strengthened; more would be noise."""

EDGE_BLUR = 1.5
"""Standard deviation, in pixels, of the smoothing before slopes are measured: quietens noise."""

SHARPNESS = 0.06
"""Along its edge, ink rises by at least this share of its contrast a pixel; shadows are softer."""

REACH = 0.02
"""Faint ink belongs to strong ink no further away than this share of the picture's longer side:
a stroke fades out, the squares of the paper go on."""

SUBSTANTIAL = 0.02
"""A piece whose longer side is at least this share of the picture's is something written. Where
there is such a piece, those that reach the picture's edge are the desk or a shadow."""

PART_SHARE = 0.1
"""Pieces of at least this share of the largest one's area are parts of what was written."""

SPECK_SHARE = 0.01
"""Smaller pieces are parts only near the largest one, and specks of noise below this share."""

NEARBY = 0.15
"""How near: this share of the largest piece's longer side from its box."""


def ink_of_image(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the paper away.

    Args:
        picture: (H, W) or (H, W, 3) uint8, white 255, dark on light or light on dark.

    Returns:
        (H, W) uint8, ink 255 on 0, smaller than the picture where that was over `WORKING_SIDE`;
        all 0 where nothing was written.
    """
    grey = plane_of(reduced(picture))
    level = flat_level(grey)
    return ink_on_paper(grey, _written) if level is None else ink_on_flat(grey, level)


def flat_level(grey: NDArray[np.uint8]) -> int | None:
    """The level of a drawn picture's background; None of a photographed one."""
    histogram = np.bincount(grey.ravel(), minlength=256)
    level = int(histogram.argmax())
    return level if histogram[level] >= FLAT_SHARE * grey.size else None


def reduced(picture: NDArray[np.uint8], side: int = WORKING_SIDE) -> NDArray[np.uint8]:
    """The picture with at most so many pixels on its longer side."""
    height, width = picture.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return picture
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def plane_of(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey, or the one colour that shows far more: yellow on white has no other contrast."""
    if picture.ndim == 2:
        return picture
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    planes = [np.ascontiguousarray(picture[..., channel]) for channel in range(3)]
    boldest = max(planes, key=_deviation)
    return boldest if _deviation(boldest) > FAR_MORE * _deviation(grey) else grey


def _deviation(plane: NDArray[np.uint8]) -> float:
    """Standard deviation of the levels; NumPy's takes sixteen times the plane's memory."""
    return float(cv2.meanStdDev(plane)[1].item())


def ink_on_flat(grey: NDArray[np.uint8], level: int) -> NDArray[np.uint8]:
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


def ink_on_paper(
    grey: NDArray[np.uint8],
    written: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    cleared: Callable[[NDArray[np.uint8], float], NDArray[np.uint8]] | None = None,
) -> NDArray[np.uint8]:
    """The difference from the paper around, above the noise, darker or lighter than it.

    `written` takes away the pieces of ink that are none; `cleared`, before that, of the difference
    from the paper, given its noise, what is the paper's own or lies around it.

    Both are looked at, and what has the longer and sharper edge is the writing: a sheet's corner on
    a desk has more area, a shadow has more contrast, but neither has as much edge as a stroke.
    """
    # Each array has 13 MB, of the largest page that is looked at: few are there at once.
    slope = slope_at_edges(grey)
    if cleared is not None:
        # A thin stroke is level on its ridge.
        slope = np.asarray(cv2.dilate(slope, np.ones((3, 3), np.uint8)), np.float32)
    paper = _paper(grey)
    lighter = grey.astype(np.float32)
    lighter -= paper
    # Ink takes a share of the light away, so it is weaker in the shade.
    lit = max(float(np.percentile(paper, 95)), 1.0)
    darker = np.maximum(paper, lit / DEEPEST_SHADE, out=paper)
    np.divide(-lit, darker, out=darker)
    darker *= lighter
    noise = 1.4826 * float(np.median(np.abs(lighter)))  # of a normal distribution, from its MAD
    best, most = np.zeros_like(grey), 0.0
    for signed in (darker, lighter):
        ink = _above_noise(signed, noise, written, cleared)
        inside = (ink > 0).astype(np.uint8)
        edge = slope[(inside - cv2.erode(inside, np.ones((3, 3), np.uint8))) > 0]
        if edge.size == 0:
            continue
        least = SHARPNESS * np.percentile(signed[ink > 0], 90)
        # Half the edge of a sheet's corner is sharp, all of a stroke's is: that has to tell.
        energy = float((edge**2).sum() * (edge >= least).mean() ** 4)
        if cleared is not None:
            # A stroke is mostly edge; a patch of light or shade is not.
            energy *= edge.size / np.count_nonzero(inside)
        if edge.mean() >= least and energy > most:
            best, most = ink, energy
    return best


def slope_at_edges(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How steeply the level rises at every pixel, in levels a pixel, noise smoothed."""
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), EDGE_BLUR)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, x, 1 - x, scale=1 / 8) for x in (1, 0))
    return np.asarray(np.hypot(across, down), np.float32)


def _above_noise(
    signed: NDArray[np.float32],
    noise: float,
    written: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    cleared: Callable[[NDArray[np.uint8], float], NDArray[np.uint8]] | None,
) -> NDArray[np.uint8]:
    """Ink of one sign: what reaches far above the noise, and the fainter edge of that."""
    strength = signed.clip(0, 255).astype(np.uint8)
    if cleared is not None:
        strength = cleared(strength, noise)
    threshold = ink_threshold(strength, noise)
    strong = strength > threshold
    if not strong.any():
        return np.zeros_like(strength)
    faint = threshold / 2
    reach = 2 * max(1, round(REACH * max(strength.shape))) + 1
    near = cv2.dilate(strong.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    peak = float(np.percentile(strength[strong], 90))
    rescaled = ((signed - faint) * (255 / max(peak - faint, 1))).clip(0, 255).astype(np.uint8)
    return written(_connected(rescaled, (strength > faint) & near, strong))


def ink_threshold(strength: NDArray[np.uint8], noise: float) -> float:
    """How far strong ink differs from the paper, at least, in levels."""
    otsu, _ = cv2.threshold(strength[strength > noise], 0, 255, cv2.THRESH_OTSU)
    return max(float(otsu), NOISE_MULTIPLE * noise, PHOTO_CONTRAST)


def _paper(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The level of the paper at every pixel, around and under the ink."""
    height, width = grey.shape
    factor = min(1.0, PAPER_SIDE / max(height, width))
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    reduced = np.asarray(cv2.resize(grey, small, interpolation=cv2.INTER_AREA), np.uint8)
    covered = _much_ink(reduced)
    paper = None
    if covered is not None and covered.any() and not covered.all():
        # The mean of the paper around, weighted by nearness.
        bare = (~covered).astype(np.float32)
        spread = (0, 0), PAPER_WINDOW / 2
        paper = cv2.GaussianBlur(reduced * bare, *spread) / (
            cv2.GaussianBlur(bare, *spread) + np.float32(1e-6)
        )
        # Where that is not the paper's level, it was light and shade that fell into two.
        apart = np.abs(reduced - paper)
        if np.median(apart[~covered]) > EVEN * np.median(apart[covered]):
            paper = None
    if paper is None:
        # A wide median, which little ink cannot fill.
        window = min(PAPER_WINDOW, max(small) | 1)
        paper = cv2.medianBlur(reduced, window).astype(np.float32)
    return np.asarray(cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR))


def _much_ink(grey: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Where the ink is in a picture that it fills in good part: a thick pen, a tight crop.

    None where the picture does not fall into two levels, or paper does not lie around the ink: then
    it may be a shadow or a sheet on a desk, and there is little ink.
    """
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    light = grey > threshold
    share = float(light.mean())
    if min(share, 1 - share) < MUCH_INK:
        return None
    between = share * (1 - share) * (grey[light].mean() - grey[~light].mean()) ** 2
    if between < TWO_LEVELS * grey.var():
        return None
    ring = np.concatenate([light[0], light[-1], light[1:-1, 0], light[1:-1, -1]])
    paper_is_light = ring.mean() > 0.5
    around = ring.mean() if paper_is_light else 1 - ring.mean()
    whole = share if paper_is_light else 1 - share
    if around < PAPER_AROUND or whole < 0.5:
        return None
    ink = ~light if paper_is_light else light
    return cv2.dilate(ink.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


def _connected(
    ink: NDArray[np.uint8], faint: NDArray[np.bool_], strong: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Keep the pieces of faint ink that hold some strong ink (hysteresis, Canny 1986)."""
    _, pieces = cv2.connectedComponents(faint.astype(np.uint8), connectivity=8)
    kept = np.zeros(int(pieces.max()) + 1, bool)
    kept[np.unique(pieces[strong])] = True
    kept[0] = False
    return np.where(kept[pieces], ink, 0).astype(np.uint8)


def _written(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Drop the pieces that are the picture's surroundings or specks of noise."""
    count, pieces, statistics, _ = cv2.connectedComponentsWithStats(
        (ink > 0).astype(np.uint8), connectivity=8
    )
    if count == 1:
        return ink
    left, top, width, height, area = statistics[1:].T  # without the background
    rows, columns = ink.shape
    inside = (left > 0) & (top > 0) & (left + width < columns) & (top + height < rows)
    substantial = inside & (np.maximum(width, height) >= SUBSTANTIAL * max(rows, columns))
    possible = inside if substantial.any() else np.ones_like(inside)
    main = int(np.where(possible, area, 0).argmax())
    margin = NEARBY * max(width[main], height[main])
    near = (
        (left < left[main] + width[main] + margin)
        & (left + width > left[main] - margin)
        & (top < top[main] + height[main] + margin)
        & (top + height > top[main] - margin)
    )
    share = area / area[main]
    kept = possible & ((share >= PART_SHARE) | (near & (share >= SPECK_SHARE)))
    return np.where(np.concatenate([[False], kept])[pieces], ink, 0).astype(np.uint8)
