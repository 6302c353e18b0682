"""Styles of digits that the data sets hardly have, drawn by chance instead of copied.

UNIPEN's writers lived mostly in the USA. Elsewhere a 1 has an upstroke as long as its stem, a 7 a
bar, a 4 is open or a bolt, an 8 is two rings. Each family below is such a habit: a few points with
wide ranges, and curves through them. `warp.py` adds what hands have in common: slant, tremor,
other ends.

Families draw in a box about 1 high, x to the right and y downwards. Angles are degrees, clockwise
from the right as y points down.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import Stroke

Piece = NDArray[np.float64]
"""Part of a stroke between two corners: shape (N, 2), N >= 2."""

Point = tuple[float, float]

Family = Callable[[np.random.Generator], list[Stroke]]
"""Draws a digit in one style."""

SPACING = 0.055
"""Distance of two points along a stroke, in heights of the digit: a tablet's at a steady hand."""

FEWEST, MOST = 12, 40
"""Points of a stroke, however short or long."""

CHORDS = 8
"""Of a curve, between two of its control points."""

ARC_STEP = 12
"""Degrees between two points of an arc."""


def drawn(digit: int, rng: np.random.Generator) -> list[Stroke]:
    """A digit in one of its styles.

    Args:
        digit: 0 to 9; each of its families is as likely as another.

    Returns:
        Strokes about the origin whose longer side is 1, in the order of writing.
    """
    families = STYLES[digit]
    return families[int(rng.integers(len(families)))](rng)


def _digit(rounding: int, *strokes: Sequence[Piece]) -> list[Stroke]:
    """Strokes of pieces as `drawn` returns them; corners are smoothed so many times."""
    sampled = [_sampled(stroke, rounding) for stroke in strokes]
    points = np.concatenate(sampled)
    low, high = points.min(axis=0), points.max(axis=0)
    return [(stroke - (low + high) / 2) / (high - low).max() for stroke in sampled]


def _sampled(pieces: Sequence[Piece], rounding: int) -> Stroke:
    """The pieces end to end, with points nearly evenly spaced and one on every corner."""
    alongs = [_along(piece) for piece in pieces]
    total = sum(float(along[-1]) for along in alongs)
    step = total / min(max(total / SPACING, FEWEST), MOST - 1)
    parts: list[Piece] = []
    for piece, along in zip(pieces, alongs, strict=True):
        places = np.linspace(0, along[-1], 1 + max(1, round(along[-1] / step)))
        part = np.stack([np.interp(places, along, piece[:, axis]) for axis in (0, 1)], 1)
        parts.append(part[1:] if parts else part)
    stroke = np.concatenate(parts)
    for _ in range(rounding):
        stroke[1:-1] = (stroke[:-2] + 2 * stroke[1:-1] + stroke[2:]) / 4
    return stroke


def _along(piece: Piece) -> NDArray[np.float64]:
    """How far along the piece each of its points lies, (N,)."""
    moves = piece[1:] - piece[:-1]
    return np.concatenate([[0.0], np.cumsum(np.hypot(moves[:, 0], moves[:, 1]))])


_PLACES = np.linspace(0, 1, 9)[:, np.newaxis]
"""Along a line, as shares of its length."""


def _line(start: Point, end: Point, bow: float = 0.0) -> Piece:
    """From one point to another, bulging to the left of the way by a share of its length."""
    a, b = np.array(start), np.array(end)
    way = b - a
    side = np.array([way[1], -way[0]])
    return np.asarray(a + _PLACES * way + 4 * _PLACES * (1 - _PLACES) * bow * side)


def _arc(
    centre: Point, radii: tuple[float, float], start: float, end: float, shrink: float = 1.0
) -> Piece:
    """Part of an ellipse, or of a spiral whose radii shrink to a share by its end."""
    steps = 2 + round(abs(end - start) / ARC_STEP)
    angles = np.deg2rad(np.linspace(start, end, steps))
    scale = np.linspace(1, shrink, steps)
    x = centre[0] + radii[0] * scale * np.cos(angles)
    y = centre[1] + radii[1] * scale * np.sin(angles)
    return np.stack([x, y], 1)


def _catmull_rom() -> NDArray[np.float64]:
    """Weights of four control points at the places between the inner two, (CHORDS, 4)."""
    t = np.arange(CHORDS)[:, np.newaxis] / CHORDS
    basis = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    return np.asarray(t ** np.arange(4) @ basis)


_WEIGHTS = _catmull_rom()


def _curve(*points: Point) -> Piece:
    """A smooth curve through points (Catmull and Rom, "A class of local interpolating splines",
    1974).
    """
    knots = np.array(points)
    padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    spans = np.stack([padded[i : i + len(knots) - 1] for i in range(4)], 1)
    return np.concatenate([(_WEIGHTS @ spans).reshape(-1, 2), knots[-1:]])


def _towards(start: Point, degrees: float, length: float) -> Point:
    """The point so far from another."""
    angle = np.deg2rad(degrees)
    return start[0] + length * float(np.cos(angle)), start[1] + length * float(np.sin(angle))


def _end(piece: Piece) -> Point:
    """Where a piece ends."""
    return float(piece[-1, 0]), float(piece[-1, 1])


def _slashed_zero(rng: np.random.Generator) -> list[Stroke]:
    """A ring with a slash from above right to below left, inside the ring or across."""
    u = rng.uniform
    start, lean = u(-140, -40), u(5, 42)
    ring = _arc((0, 0), (u(0.27, 0.45), 0.5), start, start - u(345, 385))
    # A slash that is upright stays inside: across, it makes a Φ.
    reach = u(0.3, 0.47) if lean < 18 else u(0.3, 0.72)
    top = _towards((u(-0.04, 0.04), u(-0.04, 0.04)), lean - 90, reach)
    return _digit(0, [ring], [_line(top, _towards(top, lean + 90, 2 * reach), u(-0.04, 0.04))])


def _gaping_zero(rng: np.random.Generator) -> list[Stroke]:
    """A ring that is not quite closed near its top: at its side, it would be a C."""
    u = rng.uniform
    gap = u(8, 45)
    start = -90 - gap / 2 + u(-25, 25)
    return _digit(0, [_arc((0, 0), (u(0.26, 0.45), 0.5), start, start + gap - 360, u(0.88, 1.1))])


def _curled_zero(rng: np.random.Generator) -> list[Stroke]:
    """A ring whose end curls at the top: on inside the ring, or as a small loop."""
    u = rng.uniform
    radii = u(0.28, 0.44), 0.5
    start = u(-100, -45)
    ring = _arc((0, 0), radii, start, start - u(345, 365))
    x, y = _end(ring)
    size = u(0.1, 0.2)
    if rng.random() < 0.5:
        curl = _curve((x, y), (x - 1.2 * size, y + u(0.2, 0.5) * size),
                      (x - u(1.8, 2.6) * size, y + u(1.0, 2.0) * size))  # fmt: skip
    else:
        curl = _curve((x, y), (x - 0.9 * size, y - 0.3 * size), (x - 1.7 * size, y + 0.3 * size),
                      (x - 1.3 * size, y + 1.1 * size), (x - 0.4 * size, y + 0.8 * size),
                      (x + u(-0.2, 0.8) * size, y + u(-0.6, 0.2) * size))  # fmt: skip
    return _digit(int(rng.integers(1, 3)), [ring, curl])


def _narrow_zero(rng: np.random.Generator) -> list[Stroke]:
    """A narrow ellipse."""
    u = rng.uniform
    start = u(-130, -50)
    sweep = u(345, 395) * rng.choice([-1, -1, 1])
    return _digit(0, [_arc((0, 0), (u(0.13, 0.24), 0.5), start, start + sweep, u(0.9, 1.1))])


def _flagged_one(rng: np.random.Generator) -> list[Stroke]:
    """A 1 as in France or Germany: its upstroke is up to as long as its stem, a Λ then."""
    u = rng.uniform
    length = u(0.15, 1.05)
    # A long flag is steep: one that lies flat makes a 7.
    angle = u(15, 60 - 22 * length)
    lean = u(max(-12, angle - 55 + 8 * length), min(14, 0.55 * angle))
    apex = (0.0, 0.0)
    foot = _towards(apex, 90 - lean, 1)
    flag = _line(_towards(apex, 90 - lean + angle, length), apex, u(-0.13, 0.09))
    stem = _line(apex, foot, u(-0.05, 0.05))
    strokes = [[flag, stem]]
    if rng.random() < 0.15:
        strokes = [[stem], [flag[:: rng.choice([-1, 1])]]]
    # Under a long flag, a foot closes a triangle.
    if length < 0.65 and rng.random() < 0.3:
        strokes.append([_serif(foot, rng)])
    return _digit(int(rng.integers(4)), *strokes)


def _serif_one(rng: np.random.Generator) -> list[Stroke]:
    """A 1 with a short flag and a foot, as in print."""
    u = rng.uniform
    lean = u(-8, 14)
    foot = _towards((0, 0), 90 + lean, 1)
    flag = _line(_towards((0, 0), u(115, 155), u(0.12, 0.34)), (0, 0), u(-0.1, 0.1))
    stem = _line((0, 0), foot, u(-0.04, 0.04))
    return _digit(int(rng.integers(3)), [flag, stem], [_serif(foot, rng)])


def _bare_one(rng: np.random.Generator) -> list[Stroke]:
    """A stick, somewhat slanted or bowed."""
    lean = rng.uniform(-12, 22)
    return _digit(0, [_line((0, 0), _towards((0, 0), 90 + lean, 1), rng.uniform(-0.08, 0.08))])


def _serif(foot: Point, rng: np.random.Generator) -> Piece:
    """The line that a digit stands on."""
    left, right = rng.uniform(0.1, 0.32, 2)
    tilt, drop = rng.uniform(-0.04, 0.04, 2)
    return _line((foot[0] - left, foot[1] + drop + tilt), (foot[0] + right, foot[1] + drop - tilt))


def _head(radii: tuple[float, float], start: float, rng: np.random.Generator) -> Piece:
    """The upper half of a 2: from the left, at an angle, over the top to the right."""
    return _arc(radii, radii, start, rng.uniform(370, 405), rng.uniform(0.95, 1.1))


def _footless_two(rng: np.random.Generator) -> list[Stroke]:
    """A 2 without foot, like a question mark, or with a tiny hook for a foot."""
    u = rng.uniform
    hooked = rng.random() < 0.85
    # Nothing but the bent head tells it from a 7 where there is no hook.
    start = u(140, 185) if hooked else u(125, 150)
    head = _head((u(0.2, 0.32), u(0.17, 0.25)), start, rng)
    foot = (u(0.0, 0.14), u(0.95, 1.0))
    pieces = [head, _line(_end(head), foot, u(-0.14, -0.02))]
    if hooked:
        hook = (foot[0] + u(0.1, 0.26), foot[1] + u(-0.04, 0.06))
        pieces.append(_line(foot, hook, u(-0.1, 0.1)))
    return _digit(int(rng.integers(1, 4)), pieces)


def _angular_two(rng: np.random.Generator) -> list[Stroke]:
    """A 2 like a Z, whose top is a little round."""
    u = rng.uniform
    width = u(0.5, 0.8)
    top = _curve((0, u(0.05, 0.2)), (u(0.3, 0.6) * width, u(-0.02, 0.02)),
                 (u(0.9, 1) * width, u(0.08, 0.16)))  # fmt: skip
    corner = (u(0, 0.1) * width, 1.0)
    diagonal = _line((top[-1, 0], top[-1, 1]), corner, u(-0.12, 0.06))
    foot = _line(corner, (u(0.9, 1.15) * width, 1 + u(-0.06, 0.04)), u(-0.06, 0.06))
    return _digit(int(rng.integers(4)), [top, diagonal, foot])


def _looped_two(rng: np.random.Generator) -> list[Stroke]:
    """A 2 with a loop at the bottom left, out of which the foot runs."""
    u = rng.uniform
    head = _head((u(0.22, 0.36), u(0.17, 0.24)), u(150, 215), rng)
    width, size = 2 * float(head[:, 0].mean()), u(0.5, 1.5)
    loop = _curve(_end(head), (0.28 * width, 0.84), (0.1 * width, 0.96),
                  (-0.04 * size, 0.96 - 0.04 * size),
                  (0.02, 0.93 - 0.11 * size), (0.2 * width, 0.93 - 0.08 * size),
                  (0.6 * width, u(0.93, 1.02)), (u(0.95, 1.4) * width, u(0.84, 1.0)))  # fmt: skip
    return _digit(2, [head, loop])


def _wavy_two(rng: np.random.Generator) -> list[Stroke]:
    """A 2 whose foot is a wave."""
    u = rng.uniform
    head = _head((u(0.22, 0.36), u(0.17, 0.25)), u(150, 215), rng)
    width, height = float(head[:, 0].max()), u(0.03, 0.09)
    corner = (u(-0.05, 0.12), u(0.94, 1.0))
    foot = _curve(corner, (0.3 * width, 0.97 - height), (0.65 * width, 0.97 + height / 2),
                  (u(0.95, 1.3) * width, 0.97 - height * u(0.2, 1.5)))  # fmt: skip
    return _digit(int(rng.integers(1, 4)), [head, _line(_end(head), corner, u(-0.12, 0.04)), foot])


def _bowl(start: Point, first: float, width: float, rng: np.random.Generator) -> Piece:
    """The lower half of a 3 or a 5: from a point to an arc that begins at an angle."""
    u = rng.uniform
    height = (1 - start[1] + u(0, 0.08)) / 2
    middle = u(0.4, 0.5) * width
    arc = _arc((middle, 1 - height), (width - middle, height), first, u(115, 165), u(0.95, 1.1))
    return np.concatenate([[start], arc])


def _flat_three(rng: np.random.Generator) -> list[Stroke]:
    """A 3 with a flat top, like a Z above."""
    u = rng.uniform
    width = u(0.45, 0.7)
    corner = (u(0.8, 1) * width, u(-0.04, 0.04))
    waist = (u(0.25, 0.42) * width, u(0.34, 0.46))
    top = _line((0, u(-0.02, 0.08)), corner, u(-0.04, 0.06))
    diagonal = _line(corner, waist, u(-0.05, 0.08))
    return _digit(int(rng.integers(4)), [top, diagonal, _bowl(waist, u(-85, -60), width, rng)])


def _waistless_three(rng: np.random.Generator) -> list[Stroke]:
    """A 3 whose waist hardly goes in."""
    u = rng.uniform
    upper = u(0.2, 0.27)
    lower = 0.5 - upper
    right = u(0.2, 0.34)
    above = _arc((0, upper), (right * u(0.85, 1), upper), u(190, 235), 360 + u(28, 58))
    below = _arc((0, 1 - lower), (right, lower), -u(28, 58), u(115, 165), u(0.95, 1.1))
    return _digit(int(rng.integers(2, 5)), [above, _line(_end(above), _end(below[:1])), below])


def _bolt_four(rng: np.random.Generator) -> list[Stroke]:
    """An open 4 in one stroke: down to the left, to the right, then down or first up again."""
    u = rng.uniform
    width, bar = u(0.35, 0.7), u(0.45, 0.62)
    left = (0.0, bar)
    right = (width, bar + u(-0.08, 0.06))
    top = (u(0.15, 0.65) * width, u(0, 0.1))
    bottom = (width * u(0.75, 1.1), 1.0)
    pieces = [_line(top, left, u(-0.06, 0.08)), _line(left, right, u(-0.08, 0.08))]
    if rng.random() < 0.4:
        # A stem that reaches up leaves the 4 open only where it begins away from it.
        top = (u(0.02, 0.2) * width, top[1])
        turn = (width * u(0.98, 1.08), u(0.05, 0.4))
        pieces = [_line(top, left, u(-0.06, 0.06)), pieces[1], _line(right, turn, u(-0.04, 0.04))]
        right = turn
    return _digit(int(rng.integers(3)), [*pieces, _line(right, bottom, u(-0.05, 0.05))])


def _open_four(rng: np.random.Generator) -> list[Stroke]:
    """An open 4 in two strokes: an L, and a stem through its bar."""
    u = rng.uniform
    width, bar = u(0.5, 0.85), u(0.45, 0.68)
    left, right = (0.0, bar), (width, bar + u(-0.08, 0.05))
    angle = [_line((u(0.02, 0.3) * width, u(0, 0.12)), left, u(-0.06, 0.06)),
             _line(left, right, u(-0.05, 0.05))]  # fmt: skip
    x = width * u(0.6, 0.9)
    stem = _line((x + u(-0.05, 0.1), u(0, 0.38)), (x + u(-0.12, 0.05), 1.0), u(-0.04, 0.04))
    return _digit(int(rng.integers(3)), angle, [stem])


def _closed_four(rng: np.random.Generator) -> list[Stroke]:
    """A triangle and the stem in one stroke."""
    u = rng.uniform
    width, bar = u(0.45, 0.75), u(0.55, 0.74)
    x = width * u(0.62, 0.9)
    top, left = (x + u(-0.04, 0.06), 0.0), (0.0, bar)
    right = (width, bar + u(-0.06, 0.05))
    above, below = (top[0] + u(-0.03, 0.03), u(-0.02, 0.04)), (x + u(-0.1, 0.04), 1.0)
    if rng.random() < 0.5:
        # From the end of the bar to the left.
        sides = [_line(right, left, u(-0.04, 0.04)), _line(left, top, u(-0.05, 0.05))]
    else:
        # From the top; the pen goes back up where the stem will be.
        right = (x + u(-0.02, 0.06), right[1])
        sides = [_line(top, left, u(-0.05, 0.05)), _line(left, right, u(-0.04, 0.04))]
    back = _line(_end(sides[-1]), above, u(-0.03, 0.03))
    return _digit(int(rng.integers(2)), [*sides, back, _line(above, below, u(-0.04, 0.04))])


def _hatless_five(rng: np.random.Generator) -> list[Stroke]:
    """A 5 in one stroke, begun at the right: an S with corners."""
    u = rng.uniform
    width = u(0.42, 0.66)
    shoulder, waist = (u(0.02, 0.25) * width, u(0, 0.06)), (u(-0.04, 0.1) * width, u(0.38, 0.5))
    hat = _line((u(0.7, 1.15) * width, u(-0.06, 0.06)), shoulder, u(-0.05, 0.08))
    back = _line(shoulder, waist, u(-0.06, 0.06))
    return _digit(int(rng.integers(5)), [hat, back, _bowl(waist, u(-125, -105), width, rng)])


def _detached_five(rng: np.random.Generator) -> list[Stroke]:
    """A 5 whose hat is drawn last, away from the rest."""
    u = rng.uniform
    width = u(0.42, 0.66)
    top, waist = (u(0, 0.2) * width, u(0, 0.08)), (u(-0.04, 0.1) * width, u(0.38, 0.5))
    back = _line(top, waist, u(-0.06, 0.06))
    x, y = top[0] + u(0.0, 0.16), top[1] + u(-0.1, 0.02)
    hat = _line((x, y), (x + u(0.25, 0.5), y + u(-0.08, 0.04)), u(-0.08, 0.08))
    return _digit(int(rng.integers(3)), [back, _bowl(waist, u(-125, -105), width, rng)], [hat])


def _straight_six(rng: np.random.Generator) -> list[Stroke]:
    """A nearly straight stem on a small bowl."""
    u = rng.uniform
    radii = u(0.14, 0.28), u(0.14, 0.24)
    centre = (radii[0], 1 - radii[1])
    stem = _line((u(0.06, 0.45), 0), (0, centre[1]), u(-0.05, 0.1))
    return _digit(int(rng.integers(1, 3)), [stem, _arc(centre, radii, 180, -u(140, 205))])


def _curled_six(rng: np.random.Generator) -> list[Stroke]:
    """A 6 whose bowl winds up inside, or whose stem begins with a hook."""
    u = rng.uniform
    radii = u(0.2, 0.32), u(0.2, 0.3)
    centre = (radii[0], 1 - radii[1])
    x = u(0.28, 0.5)
    stem = [(x, 0.0), (u(0.06, 0.12), u(0.34, 0.42)), (0.0, centre[1])]
    if rng.random() < 0.5:
        bowl = _arc(centre, radii, 180, -u(200, 330), u(0.35, 0.65))
    else:
        bowl = _arc(centre, radii, 180, -u(150, 200), u(0.85, 1))
        stem[:1] = [(x + u(0.08, 0.16), u(0.08, 0.2)), (x + 0.05, 0.01), (x - 0.08, 0.06)]
    return _digit(int(rng.integers(1, 3)), [_curve(*stem), bowl])


def _seven(top: Sequence[Piece], bow: float, bar: float, rng: np.random.Generator) -> list[Stroke]:
    """A stem from the end of the top, and for a share of them a bar through it."""
    u = rng.uniform
    corner = _end(top[-1])
    stem = _line(corner, (corner[0] - u(0.12, 0.5), 1.0), bow)
    strokes = [[*top, stem]]
    if rng.random() < bar:
        x, y = stem[int(rng.integers(3, 6))]
        left, right = u(0.12, 0.28, 2)
        tilt = u(-0.05, 0.08)
        strokes.append([_line((x - left, y + tilt), (x + right, y - tilt), u(-0.06, 0.06))])
    return _digit(int(rng.integers(3)), *strokes)


def _hooked_seven(rng: np.random.Generator) -> list[Stroke]:
    """A 7 with a serif at the top left and a bar."""
    u = rng.uniform
    width = u(0.45, 0.75)
    left = (u(0, 0.04), u(-0.02, 0.06))
    hook = _line((u(-0.06, 0.05), left[1] + u(0.08, 0.25)), left)
    top = _line(left, (width, u(-0.05, 0.05)), u(-0.05, 0.05))
    return _seven([hook, top], u(-0.1, 0.05), 1, rng)


def _curved_seven(rng: np.random.Generator) -> list[Stroke]:
    """A 7 with a curved stem."""
    u = rng.uniform
    top = _line((0, u(-0.04, 0.08)), (u(0.45, 0.75), u(-0.05, 0.05)), u(-0.06, 0.06))
    return _seven([top], u(0.06, 0.12) if rng.random() < 0.25 else u(-0.2, -0.06), 0.4, rng)


def _wavy_seven(rng: np.random.Generator) -> list[Stroke]:
    """A 7 with a wave on top."""
    u = rng.uniform
    width, height = u(0.5, 0.8), u(0.04, 0.1)
    top = _curve((0, height * u(0.2, 1.4)), (0.28 * width, -height * u(0.3, 0.8)),
                 (0.65 * width, height * u(0.4, 1)), (width, -height * u(0, 1)))  # fmt: skip
    return _seven([top], u(-0.12, 0.06), 0.5, rng)


def _rings_eight(rng: np.random.Generator) -> list[Stroke]:
    """Two rings, one on the other: they touch, overlap a bit, or all but touch."""
    u = rng.uniform
    upper, lower = u(0.16, 0.26), u(0.21, 0.28)
    gap = u(-0.06, 0.04)
    rings = []
    for y, radius in ((-upper - gap, upper), (lower, lower)):
        start, sweep = u(-150, -30), u(335, 385) * rng.choice([-1, -1, 1])
        centre = (u(-0.06, 0.06), y)
        rings.append([_arc(centre, (radius * u(0.75, 1.15), radius), start, start + sweep)])
    return _digit(0, *rings)


def _middle_eight(rng: np.random.Generator) -> list[Stroke]:
    """An 8 begun in the middle: round the upper loop, then round the lower one."""
    u = rng.uniform
    upper, waist = u(0.17, 0.27), u(0.42, 0.5)
    lower = upper * u(1, 1.4)
    turn = np.linspace(u(-0.15, 0.15), 2 * np.pi + u(-0.2, 0.15), 40)
    rise = np.sin(turn)
    # Between an hourglass, 0, and two circles, 1.
    roundness = u(0.2, 0.9)
    x = np.sin(2 * turn) * np.where(rise > 0, upper, lower) * rng.choice([-1, 1])
    y = -rise * (1 - roundness + roundness * abs(rise)) * np.where(rise > 0, waist, 1 - waist)
    return _digit(0, [np.stack([x, y], 1)])


def _open_eight(rng: np.random.Generator) -> list[Stroke]:
    """An S that a diagonal closes, all but its upper end."""
    u = rng.uniform
    width = u(0.42, 0.62)
    start = (u(0.85, 1.0), u(0.1, 0.18))
    turn = (u(-0.02, 0.08), u(0.74, 0.82))
    reach = u(0.72, 1.02)
    end = (turn[0] + reach * (start[0] - turn[0]), turn[1] + reach * (start[1] - turn[1]))
    knots = [start, (u(0.45, 0.6), 0.0), (u(0.05, 0.12), u(0.2, 0.26)), (0.5, u(0.44, 0.52)),
             (u(0.92, 1.05), u(0.72, 0.78)), (u(0.45, 0.55), 1.0), turn]  # fmt: skip
    if rng.random() < 0.7:
        snake = [_curve(*((x * width, y) for x, y in (*knots, (0.5, u(0.44, 0.52)), end)))]
    else:
        snake = [_curve(*((x * width, y) for x, y in knots))]
        snake.append(_line(_end(snake[0]), (end[0] * width, end[1]), u(-0.06, 0.06)))
    return _digit(int(rng.integers(1, 4)), snake)


def _ring_and_stem(rng: np.random.Generator) -> list[Stroke]:
    """A ring, and a stem of its own that begins at its right or near its top."""
    u = rng.uniform
    x_radius, y_radius = u(0.17, 0.3), u(0.18, 0.28)
    start = u(-110, -20)
    ring = _arc((0, y_radius), (x_radius, y_radius), start, start - u(330, 375))
    x, y = x_radius + u(-0.04, 0.05), y_radius * u(0, 1.1)
    # Through the middle of the ring, it would be the slash of a 0.
    most = min(0.35, 0.45 * x_radius * (1 - y) / (2 * y_radius - y))
    return _digit(0, [ring], [_line((x, y), (x - u(-0.05, most), 1), u(-0.08, 0.06))])


def _loop(radii: tuple[float, float], rng: np.random.Generator) -> Piece:
    """The loop of a 9, all but closed: from its right over the top and back."""
    return _arc((0, radii[1]), radii, rng.uniform(-40, 5), rng.uniform(-385, -355))


def _looped_nine(rng: np.random.Generator) -> list[Stroke]:
    """A small loop on a long curved leg."""
    u = rng.uniform
    loop = _loop((u(0.13, 0.2), u(0.12, 0.19)), rng)
    leg = _line(_end(loop), (-u(0.05, 0.3), 1), u(0.06, 0.2))
    return _digit(int(rng.integers(3)), [loop, leg])


def _straight_nine(rng: np.random.Generator) -> list[Stroke]:
    """A 9 with a straight leg."""
    u = rng.uniform
    loop = _loop((u(0.18, 0.3), u(0.17, 0.27)), rng)
    x, _ = _end(loop)
    return _digit(int(rng.integers(3)), [loop, _line(_end(loop), (x - u(-0.05, 0.3), 1))])


def _hooked_nine(rng: np.random.Generator) -> list[Stroke]:
    """A 9 whose leg hooks to the left, like a g."""
    u = rng.uniform
    loop = _loop((u(0.18, 0.28), u(0.16, 0.24)), rng)
    x = _end(loop)[0] + u(-0.06, 0.04)
    leg = _curve(_end(loop), (x, u(0.58, 0.72)), (x - u(0.06, 0.1), u(0.9, 0.95)),
                 (x - u(0.2, 0.3), 1), (-u(0.1, 0.3), 1 - u(0.03, 0.14)))  # fmt: skip
    return _digit(int(rng.integers(1, 3)), [loop, leg])


STYLES: Mapping[int, tuple[Family, ...]] = MappingProxyType(
    {
        0: (_slashed_zero, _gaping_zero, _curled_zero, _narrow_zero),
        1: (_flagged_one, _serif_one, _bare_one),
        2: (_footless_two, _angular_two, _looped_two, _wavy_two),
        3: (_flat_three, _waistless_three),
        4: (_bolt_four, _open_four, _closed_four),
        5: (_hatless_five, _detached_five),
        6: (_straight_six, _curled_six),
        7: (_hooked_seven, _curved_seven, _wavy_seven),
        8: (_rings_eight, _middle_eight, _open_eight),
        9: (_ring_and_stem, _looped_nine, _straight_nine, _hooked_nine),
    }
)
"""The families of each digit."""
