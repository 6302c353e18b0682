"""Versions of digits as people produce them: with other pens, sizes, places and angles.

All are drawn from strokes and read through the server's own path: as pictures and, where it
applies, as strokes. No version should be read much worse than the plain one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Glyph, Stroke, glyph_of_ink, glyph_of_strokes

from ..data.strokes import StrokeSample
from ..progress import watched
from .digits import Figures, Picture, Reader, evaluate_pictures, evaluate_strokes
from .statistics import Z95
from .tables import percent

Way = Literal["pictures", "strokes"]

PLAIN = "plain"
SCRAMBLED = "scrambled"
"""Version with strokes in random order and direction, as few people write."""

PAPER = 255
"""Grey level of the paper: white."""

SUBPIXEL_BITS = 4
"""Fractional bits of the coordinates in OpenCV's line drawing."""

DRAWN_SIDE = 1120
"""Side, in pixels, that a smaller canvas is enlarged to for drawing."""

FAST_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1)
"""Fast compression. The files are read once, so their size does not matter."""


@dataclass(frozen=True)
class Look:
    """Appearance of a digit on the canvas. Lengths are in pixels."""

    side: int = 280
    """Side of the square canvas, by default that of the page's pad."""
    size: float = 168.0
    """Longer side of the digit, without the pen's width."""
    pen: float = 0.06
    """Width of the pen, as a share of the size."""
    ink: int = 0
    """Grey level of the ink: 0 is black."""
    cornered: bool = False
    """Whether the digit is in the lower right corner instead of the middle."""
    angle: float = 0.0
    """Rotation in degrees, clockwise."""


PICTURES: dict[str, Look] = {
    PLAIN: Look(),
    "thin": Look(pen=0.015),
    "thick": Look(pen=0.15),
    "faint": Look(ink=205),
    "tiny": Look(size=24),
    "huge": Look(side=2000, size=1800),
    "off-centre": Look(cornered=True),
    "rotated +15°": Look(angle=15),
    "rotated -15°": Look(angle=-15),
}
"""Versions as pictures. A pen of 0.06 is a felt pen on a note, 0.015 a sharp pencil, 0.15 a marker.
Ink at 205 on white has a fifth of the contrast of black ink, like a hard pencil in a scan."""

STROKES: dict[str, Look] = {
    name: PICTURES[name] for name in ("tiny", "huge", "off-centre", "rotated +15°", "rotated -15°")
}
"""Versions as strokes, without pen and ink. Their points are whole pixels, like a mouse's."""


@dataclass(frozen=True)
class Variant:
    """The result on one version, compared with the plain one of the same samples."""

    name: str
    figures: Figures
    points: float
    """Difference of the accuracy from the plain version's, in points. Negative is worse."""
    points95: float
    """Half of its 95 % interval, in points, paired by sample and clustered by writer."""


def evaluate_variants(
    reader: Reader, samples: Sequence[StrokeSample], ways: Sequence[Way]
) -> list[Variant]:
    """Read every version of every sample, in each way the plain one first.

    Args:
        samples: single digits, at least one.
    """
    variants: list[Variant] = []
    for way in ways:
        plain: Figures | None = None
        for name in PICTURES if way == "pictures" else (PLAIN, SCRAMBLED, *STROKES):
            watch = watched(samples, f"{name} {way}")
            if way == "pictures":
                look = PICTURES[name]
                pictures = (Picture(int(s.label), png(s.strokes, look), s.writer) for s in watch)
                found = evaluate_pictures(name, reader, pictures)
            else:
                rng = np.random.default_rng(0)
                drawn = (replace(s, strokes=tuple(version(name, s.strokes, rng))) for s in watch)
                found = evaluate_strokes(name, reader, drawn)
            if found is None:
                raise ValueError("versions need samples, got none")
            plain = plain or found
            variants.append(Variant(name, found, *_difference(found, plain)))
    return variants


def version(name: str, strokes: Sequence[Stroke], rng: np.random.Generator) -> Sequence[Stroke]:
    """Return one of the versions that are read as strokes."""
    if name == PLAIN:
        return strokes
    if name == SCRAMBLED:
        return [strokes[row][:: rng.choice([-1, 1])] for row in rng.permutation(len(strokes))]
    return pixelled(strokes, STROKES[name])


def placed(strokes: Sequence[Stroke], look: Look) -> list[Stroke]:
    """Return the strokes in pixels of the canvas: rotated, scaled and placed."""
    angle = np.deg2rad(look.angle)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = [stroke @ np.array([[cos, sin], [-sin, cos]]) for stroke in strokes]
    points = np.concatenate(turned)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = look.size / max(float((high - low).max()), 1e-9)  # a dot stays a dot
    if look.cornered:
        # The pen's edge is two pixels from the canvas's.
        corner = look.side - 2 - look.size * look.pen / 2
        return [(stroke - high) * scale + corner for stroke in turned]
    return [(stroke - (low + high) / 2) * scale + look.side / 2 for stroke in turned]


def pixelled(strokes: Sequence[Stroke], look: Look) -> list[Stroke]:
    """Return the strokes on the canvas, with points on whole pixels."""
    return [np.rint(stroke) for stroke in placed(strokes, look)]


def picture(strokes: Sequence[Stroke], look: Look) -> NDArray[np.uint8]:
    """Draw the strokes with a round pen: (side, side) uint8, grey.

    The drawing is larger and reduced by area, because OpenCV's own smooth lines are too wide.
    """
    larger = max(1, DRAWN_SIDE // look.side)
    drawn = np.full((look.side * larger, look.side * larger), PAPER, np.uint8)
    width = max(1, round(look.size * look.pen * larger))
    for stroke in placed(strokes, look):
        # OpenCV's integers are the centres of pixels.
        points = np.rint((stroke * larger - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
        if len(points) == 1:
            points = np.repeat(points, 2, axis=0)
        cv2.polylines(drawn, [points], False, look.ink, width, cv2.LINE_8, SUBPIXEL_BITS)
    size = (look.side, look.side)
    return np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.uint8)


def png(strokes: Sequence[Stroke], look: Look) -> bytes:
    """Return `picture` as a PNG file."""
    _, encoded = cv2.imencode(".png", picture(strokes, look), FAST_PNG)
    return encoded.tobytes()


def glyph_in_picture(strokes: Sequence[Stroke], rng: np.random.Generator) -> Glyph:
    """Return the glyph of strokes in a picture: drawn in a random look, and read back."""
    looks = [look for name, look in PICTURES.items() if name != "huge"]  # slow, and like plain
    drawn = picture(strokes, looks[int(rng.integers(len(looks)))])
    # As from the eyes, whose output is as dark as they are confident.
    dark = (PAPER - drawn).astype(np.float32)
    ink = np.asarray(dark * (255 / max(float(dark.max()), 1.0)), np.uint8)
    # Nothing may be left of a smudge.
    return glyph_of_ink(ink) if ink.any() else glyph_of_strokes(strokes, directed=False)


def variants_table(variants: Sequence[Variant]) -> str:
    """Format the results, one line per version."""
    form = "{:<14} {:<8} {:>8} {:>9} {:>18}"
    lines = [form.format("version", "way", "samples", "right", "points to plain")]
    for variant in variants:
        found = variant.figures
        against = f"{variant.points:+.2f} ± {variant.points95:.2f}"
        against = "" if variant.name == PLAIN else against
        lines.append(
            form.format(
                variant.name, found.way, f"{found.count:,}", percent(found.accuracy), against
            ).rstrip()
        )
    return "\n".join(lines)


def _difference(found: Figures, plain: Figures) -> tuple[float, float]:
    """Return the difference in points and half of its 95 % interval, for the same samples in order.

    The standard error is the cluster-robust one (Liang and Zeger, Biometrika 1986), with writers as
    clusters.
    """
    right, before = (
        np.array([result.read == result.label for result in figures.results], float)
        for figures in (found, plain)
    )
    gain = 100 * (right - before)
    _, writer = np.unique([str(result.writer) for result in found.results], return_inverse=True)
    together = np.bincount(writer, gain - gain.mean())
    return float(gain.mean()), float(Z95 * np.sqrt((together**2).sum()) / len(gain))
