"""Strips: lines of writing as input of the line reader.

Training, evaluation, server and command line all make their strips here. A strip is `ROWS` pixels
high and as wide as its line. The height of the writing sets the scale, because the height of the
box does not: one descender, a slash or a sloping baseline would shrink every digit.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .drawing import CHANNELS, Stroke, draw
from .lines import TALL

Strip = NDArray[np.uint8]
"""Shape (32, W, 7), 0 to 255. Channel 0 is the ink, 255 on 0. Channels 1 to 4 hold the pen's
movement to the right, left, down and up. Channels 5 and 6 hold alternate strokes. For a picture,
all channels but the ink are 0.

The ink alone does not show a 1 drawn over the side of a 0. Separate strokes do.
"""

STRIP_CHANNELS = CHANNELS + 2
"""Channels of a strip: the five of a glyph, and two of alternate strokes."""

ROWS = 32
"""Height of a strip, in pixels."""

BODY = 20.0
"""Height of the writing in a strip, in pixels, as in MNIST's glyphs. Training varies it."""

FULL = 30.0
"""Height that all ink of a line is scaled to fit, in pixels, ..."""

LEAST_BODY = 13.0
"""... unless the writing would be lower than this. Ink beyond the strip is then cut off.
Training has no lower writing."""

WIDEST = 4096.0
"""Largest width of a strip, in pixels: some 250 digits without a wide gap. Longer lines shrink."""

MARGIN = 4
"""Empty columns on either side, in pixels."""

PEN = 1.8
"""Width of the redrawn pen, in pixels. It is thinner than a glyph's, which keeps digits apart."""

FLATTEST = 0.15
"""Least height of writing, as a share of the width of its tall strokes. It keeps a dash from being
enlarged to the height of a digit."""

SMALLEST = 2.0**-44
"""Least height of writing, as a share of its distance from the origin. 64-bit floats place smaller
writing with an error above a twentieth of a pixel."""

STEEPEST = math.tan(math.radians(35))
"""Steepest slope of a baseline that is levelled."""

SLOPE_REACH = 2.0
"""Least distance of two tall strokes that measure the slope, in heights of the writing."""


@dataclass(frozen=True)
class Frame:
    """Transform from ink to strip.

    The pixel of (x, y) is ((x - left) * scale, (y - slope * x - top) * scale).
    """

    scale: float
    """Pixels per unit of the ink."""
    left: float
    top: float
    slope: float
    """Fall of the baseline per unit to the right."""
    width: int
    """Width of the strip, in pixels."""
    height: float
    """Height of the writing, in units of the ink."""

    def moved(self, by: NDArray[np.float64]) -> "Frame":
        """Return the frame of the same ink moved by (x, y)."""
        x, y = by.tolist()
        return replace(self, left=self.left + x, top=self.top + y - self.slope * x)

    def pixels(self, points: Stroke) -> Stroke:
        """Return points in pixels of the strip, (N, 2)."""
        x = points[:, 0]
        return np.stack(
            [(x - self.left) * self.scale, (points[:, 1] - self.slope * x - self.top) * self.scale],
            1,
        )


def frame_of(boxes: NDArray[np.float64], body: float = BODY) -> Frame:
    """Return the frame of a line of ink.

    Args:
        boxes: (N, 4), left, top, right, bottom of each stroke or connected component, N >= 1.
        body: height of the writing in the strip, in pixels.
    """
    left, right = float(boxes[:, 0].min()), float(boxes[:, 2].max())
    heights = boxes[:, 3] - boxes[:, 1]
    tall = heights >= heights.max() / 2
    high = median(heights[tall])
    wide = median((boxes[:, 2] - boxes[:, 0])[tall])
    writing = max(high, FLATTEST * wide, SMALLEST * float(np.abs(boxes).max()), 1e-300)
    slope = _slope(boxes[tall], writing)
    middles = boxes[:, [0, 2]].mean(1) * slope
    tops, bottoms = boxes[:, 1] - middles, boxes[:, 3] - middles
    low, deep = float(tops.min()), float(bottoms.max())
    scale = body / writing
    if (deep - low) * scale > FULL:
        scale = max(FULL / (deep - low), min(scale, LEAST_BODY / writing))
    scale = min(scale, WIDEST / max(right - left, 1e-300))
    rows = ROWS / scale
    # The tall strokes are centred, then moved until all ink fits, if it can.
    middle = median(tops[tall] + bottoms[tall]) / 2
    spare = (FULL / scale - (deep - low)) / 2
    if spare * scale > -1:  # if the ink does not fit, the writing has priority
        spare = max(0.0, spare)
        middle = min(max(middle, (low + deep) / 2 - spare), (low + deep) / 2 + spare)
    width = math.ceil((right - left) * scale) + 2 * MARGIN
    return Frame(scale, left - MARGIN / scale, middle - rows / 2, slope, width, writing)


def frame_in(line: Frame, boxes: NDArray[np.float64]) -> Frame:
    """Return the frame of a part of a line. A low part keeps the line's scale and baseline.

    A frame of its own would enlarge a low part, such as a comma, to a digit.

    Args:
        line: the frame of the whole line.
        boxes: (N, 4) of the part, N >= 1.
    """
    own = frame_of(boxes)
    if own.height >= TALL * line.height:
        return own
    left, right = float(boxes[:, 0].min()), float(boxes[:, 2].max())
    width = math.ceil((right - left) * line.scale) + 2 * MARGIN
    return replace(line, left=left - MARGIN / line.scale, width=width)


def median(values: NDArray[np.float64]) -> float:
    """Return the median of values. For a few, it takes a tenth of the time of NumPy's."""
    return float(statistics.median(values.tolist()))


def boxes_of(strokes: Sequence[Stroke]) -> NDArray[np.float64]:
    """Return the boxes of strokes, (N, 4): left, top, right, bottom."""
    return np.array([[*stroke.min(axis=0), *stroke.max(axis=0)] for stroke in strokes])


def strip_of_strokes(
    strokes: Sequence[Stroke],
    frame: Frame | None = None,
    pen: float = PEN,
    directed: bool = True,
) -> Strip:
    """Return the strip of a line of strokes, redrawn as vectors.

    Args:
        strokes: one or more arrays of shape (N, 2), N >= 1, finite.
        frame: the frame of the line; None takes that of the strokes.
        pen: width of the pen, in pixels.
        directed: False leaves all channels but the ink empty, as for a picture.
    """
    frame = frame or frame_of(boxes_of(strokes))
    pixels = [frame.pixels(stroke) for stroke in strokes]
    (drawn,) = draw([pixels], frame.width, ROWS, pen, directed, directed)
    strip = np.zeros((ROWS, frame.width, STRIP_CHANNELS), np.uint8)
    strip[..., : drawn.shape[2]] = drawn
    return strip


def _slope(boxes: NDArray[np.float64], writing: float) -> float:
    """Return the slope of the baseline under tall strokes; 0 if too few are far enough apart.

    It is the median of the slopes between any two of them (Theil-Sen).
    """
    if len(boxes) < 3:
        return 0.0
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    middles = middles[np.linspace(0, len(middles) - 1, min(len(middles), 40)).astype(int)]
    across, down = (np.subtract.outer(middles[:, axis], middles[:, axis]) for axis in (0, 1))
    apart = across > SLOPE_REACH * writing
    if not apart.any():
        return 0.0
    return float(np.clip(np.median(down[apart] / across[apart]), -STEEPEST, STEEPEST))


def strip_of_ink(ink: NDArray[np.uint8], frame: Frame) -> Strip:
    """Return the strip of a line of a picture's ink, resampled.

    Args:
        ink: (H, W) uint8, ink 255 on 0.
        frame: the frame of the line, in pixels of `ink` with its corner at (0, 0).
    """
    rows, columns = ink.shape
    if frame.scale < 1:
        # Reducing by area first makes a pixel of the strip the mean of the pixels it covers.
        size = (max(1, round(columns * frame.scale)), max(1, round(rows * frame.scale)))
        ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)
    zoom = np.array([ink.shape[1] / columns, ink.shape[0] / rows])
    # OpenCV maps pixels of the strip to the ink and puts the centres of pixels on integers.
    across, down = zoom / frame.scale
    left = (frame.left + 0.5 / frame.scale) * zoom[0] - 0.5
    level = frame.top + (0.5 / frame.scale) + frame.slope * (frame.left + 0.5 / frame.scale)
    matrix = np.array(
        [
            [across, 0.0, left],
            [frame.slope * zoom[1] / frame.scale, down, level * zoom[1] - 0.5],
        ]
    )
    drawn = cv2.warpAffine(
        ink, matrix, (frame.width, ROWS), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    strip = np.zeros((ROWS, frame.width, STRIP_CHANNELS), np.uint8)
    strip[..., 0] = np.rint(drawn * (255 / max(int(drawn.max()), 1)))
    return strip
