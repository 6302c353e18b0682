"""Generated photos of numbers, made of strokes: paper, light, pen and camera, with their defects.

The same seed gives the same bytes. Evaluation and tests use them where no real photos are at hand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Stroke

Picture = NDArray[np.float32]
"""(H, W, 3), blue, green and red, 0 to 255."""

QUALITY = (60, 95)
"""Least and largest JPEG quality."""

DIGIT_HEIGHT = (55.0, 130.0)
"""Least and largest height of the writing, in pixels."""

PEN = (0.05, 0.11)
"""Least and largest width of the pen, in heights of the writing. A ballpoint's is some 0.07, a
felt pen's 0.15."""

LINE_PITCH = 1.9
"""Distance between lines, in heights of the writing."""

MARGIN = (0.8, 2.5)
"""Least and largest margin of bare paper around the writing, in heights."""


@dataclass
class Scene:
    """Settings of a photo."""

    paper: tuple[float, float, float] = (232, 238, 240)
    """Colour, 0 to 255, blue, green and red."""
    ink: tuple[float, float, float] = (60, 45, 40)
    strength: float = 1.0
    """Opacity of the ink."""
    pen: tuple[float, float] = PEN
    light: float = 1.0
    gradient: float = 0.1
    """Darkening of one side, 0 to 1."""
    shadow: float = 0.0
    """Darkening of the shadow, 0 to 1."""
    softness: float = 60.0
    """Width of the shadow's edge, in pixels."""
    rules: float = 0.0
    """Darkening of the paper's lines, 0 to 1."""
    squared: bool = False
    grain: float = 2.0
    """Standard deviation of the paper's texture, in levels."""
    noise: float = 2.5
    """Standard deviation of the camera's noise, in levels."""
    blots: int = 0
    """Number of dirt specks on the paper."""
    blur: float = 0.7
    """Standard deviation of the blur, in pixels."""
    turn: float = 2.0
    """Largest rotation of the sheet to either side, in degrees."""
    least_turn: float = 0.0
    """Least rotation of the sheet, in degrees."""
    perspective: float = 0.01
    """Largest shift of a corner, as a share of the picture."""
    desk: float | None = None
    """Width of the desk around the sheet, as a share of the sheet's longer side. 0 shows only the
    wedges beside a turned sheet that fills the picture. None shows no desk."""
    wood: tuple[float, float] = (0.6, 1.3)
    """Least and largest lightness of the desk. The paper's is 3."""


SCENES: dict[str, Callable[[np.random.Generator], Scene]] = {
    "plain": lambda rng: Scene(),
    "shadow": lambda rng: Scene(shadow=rng.uniform(0.25, 0.5), softness=rng.uniform(2, 80)),
    "gradient": lambda rng: Scene(gradient=rng.uniform(0.4, 0.65)),
    "yellow paper": lambda rng: Scene(paper=(rng.uniform(90, 170), 215, 230)),
    "dim": lambda rng: Scene(light=rng.uniform(0.2, 0.4), noise=3.5),
    "blue pen": lambda rng: Scene(ink=(150, 70, 40)),
    "red pen": lambda rng: Scene(ink=(60, 50, 190)),
    "pencil": lambda rng: Scene(
        ink=(110, 110, 110), strength=rng.uniform(0.5, 0.8), pen=(0.04, 0.08), grain=3.0
    ),
    "felt pen": lambda rng: Scene(pen=(0.13, 0.2)),
    "chalk": lambda rng: Scene(
        paper=(50, 58, 48), ink=(225, 232, 230), strength=0.85, pen=(0.08, 0.14), grain=4.0
    ),
    "ruled paper": lambda rng: Scene(rules=rng.uniform(0.12, 0.3)),
    "squared paper": lambda rng: Scene(rules=rng.uniform(0.1, 0.25), squared=True),
    "noise": lambda rng: Scene(noise=rng.uniform(8, 14)),
    "blots": lambda rng: Scene(blots=int(rng.integers(4, 12))),
    "blur": lambda rng: Scene(blur=rng.uniform(1.6, 2.6)),
    "turned": lambda rng: Scene(turn=20, least_turn=8),
    "perspective": lambda rng: Scene(perspective=0.07),
    "desk": lambda rng: Scene(desk=0.15, turn=12),
    "turned on squares": lambda rng: Scene(rules=0.18, squared=True, turn=15, least_turn=5),
    "edge of the desk": lambda rng: Scene(desk=0.0, turn=7, least_turn=2, wood=(0.6, 2.0)),
}
"""Scenes by name: one defect each, and some combinations of two."""


def photo_of(lines: Sequence[Sequence[Stroke]], kind: str, rng: np.random.Generator) -> bytes:
    """Return a photo of lines of writing as a JPEG file.

    Args:
        lines: strokes of each line, about 1 high, standing on y = 0 (see `compose`).
        kind: a key of `SCENES`.
    """
    scene = SCENES[kind](rng)
    height = rng.uniform(*DIGIT_HEIGHT)
    margin = rng.uniform(*MARGIN, size=4) * height
    placed: list[Stroke] = []
    right = 0.0
    for row, strokes in enumerate(lines):
        indent = rng.uniform(0, 1) - min(float(s[:, 0].min()) for s in strokes)
        shift = np.array([indent, 1 + row * LINE_PITCH])
        placed += [(s + shift) * height + margin[:2] for s in strokes]
        right = max(right, max(float(s[:, 0].max()) for s in placed))
    size = round(right + margin[2]), round(margin[1] + margin[3] + height * LINE_PITCH * len(lines))
    sheet = _paper(scene, size, height, rng)
    cover = scene.strength * coverage(placed, size, rng.uniform(*scene.pen) * height)
    if scene.strength < 1:
        cover *= np.clip(rng.normal(1, 0.15, cover.shape), 0.4, 1.3)  # the paper's texture
    ink = np.array(scene.ink, np.float32) * rng.uniform(0.85, 1.1)
    sheet += (ink - sheet) * cover[..., np.newaxis].clip(0, 1).astype(np.float32)
    picture = _taken(_laid(sheet, scene, rng), scene, rng)
    quality = int(rng.integers(*QUALITY))
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def coverage(strokes: Sequence[Stroke], size: tuple[int, int], pen: float) -> NDArray[np.float32]:
    """Return the share of each pixel that strokes cover, 0 to 1: (H, W), for a size (W, H)."""
    canvas = np.zeros((size[1], size[0]), np.uint8)
    for stroke in strokes:
        points = np.rint(stroke * 16).astype(np.int32)
        if len(points) == 1:
            points = np.repeat(points, 2, axis=0)
        cv2.polylines(canvas, [points], False, 255, max(1, round(pen)), cv2.LINE_AA, 4)
    return np.asarray(canvas / np.float32(255), np.float32)


def _paper(scene: Scene, size: tuple[int, int], height: float, rng: np.random.Generator) -> Picture:
    """Return a sheet without writing."""
    width, depth = size
    texture = cv2.GaussianBlur(rng.normal(0, 1, (depth, width)).astype(np.float32), (0, 0), 1.2)
    grain = np.asarray(texture) * (scene.grain / max(float(np.std(texture)), 1e-6))
    sheet = np.array(scene.paper, np.float32) + grain[..., np.newaxis]
    if scene.rules:
        pitch = height * (rng.uniform(0.4, 0.6) if scene.squared else LINE_PITCH)
        thick = max(1, round(0.02 * height))
        cover = np.zeros((depth, width), np.float32)
        for y in np.arange(rng.uniform(0, pitch), depth, pitch):
            cv2.line(cover, (0, round(y)), (width, round(y)), 1.0, thick)
        if scene.squared:
            for x in np.arange(rng.uniform(0, pitch), width, pitch):
                cv2.line(cover, (round(x), 0), (round(x), depth), 1.0, thick)
        tint = np.array([0.5, 0.85, 1.0], np.float32)  # bluish lines: blue is reduced least
        sheet *= 1 - scene.rules * cover[..., np.newaxis] * tint
    for _ in range(scene.blots):
        centre = (int(rng.integers(width)), int(rng.integers(depth)))
        level = float(rng.uniform(0.3, 0.8))
        patch = np.zeros((depth, width), np.float32)
        cv2.circle(patch, centre, int(rng.integers(1, max(2, round(0.06 * height)))), 1.0, -1)
        sheet *= 1 - level * patch[..., np.newaxis]
    return sheet.astype(np.float32)


def _laid(sheet: Picture, scene: Scene, rng: np.random.Generator) -> Picture:
    """Rotate the sheet, apply perspective, and put it on a desk or let it fill the picture."""
    height, width = sheet.shape[:2]
    angle = rng.uniform(scene.least_turn, scene.turn) * rng.choice([-1, 1])
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    out = (round(width * cos + height * sin), round(width * sin + height * cos))
    if scene.desk == 0:
        out = (width, height)
    elif scene.desk:
        around = round(scene.desk * max(height, width))
        out = (out[0] + 2 * around, out[1] + 2 * around)
    matrix[:, 2] += (out[0] - width) / 2, (out[1] - height) / 2
    corners = np.array([[0, 0], [out[0], 0], [out[0], out[1]], [0, out[1]]], np.float32)
    moved = corners + (rng.uniform(-1, 1, (4, 2)) * scene.perspective * min(out)).astype(np.float32)
    seen = cv2.getPerspectiveTransform(corners, moved) @ np.vstack([matrix, [0, 0, 1]])
    laid = cv2.warpPerspective(
        sheet, seen, out, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    if scene.desk is not None:
        mask = np.full((height, width), 1, np.float32)
        on = cv2.warpPerspective(mask, seen, out)[..., np.newaxis]
        grain = cv2.GaussianBlur(rng.normal(0, 1, (out[1], out[0])).astype(np.float32), (0, 0), 2)
        wood = np.array([40, 60, 85], np.float32) * rng.uniform(*scene.wood)
        laid = laid * on + (wood + 60 * grain[..., np.newaxis]) * (1 - on)
    return np.asarray(laid, np.float32)


def _taken(scene_picture: Picture, scene: Scene, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Apply the camera: light, blur, noise."""
    height, width = scene_picture.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = (columns / width - 0.5) * np.cos(angle) + (rows / height - 0.5) * np.sin(angle)
    light = scene.light * (1 - scene.gradient * (along + 0.5).clip(0, 1))
    if scene.shadow:
        angle = rng.uniform(0, 2 * np.pi)
        place = (columns - width * rng.uniform(0.3, 0.7)) * np.cos(angle)
        place += (rows - height * rng.uniform(0.3, 0.7)) * np.sin(angle)
        light *= 1 - scene.shadow / (1 + np.exp(-(place / scene.softness).clip(-50, 50)))
    seen = cv2.GaussianBlur(scene_picture * light[..., np.newaxis], (0, 0), scene.blur)
    seen = seen + rng.normal(0, scene.noise, seen.shape)
    return np.asarray(np.rint(seen).clip(0, 255), np.uint8)
