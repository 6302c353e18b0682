"""Styles of the digits 5 to 9. See `digit_styles`."""

from collections.abc import Sequence

import numpy as np

from webapp.recognition import Stroke

from .curves import Piece, arc_of, digit_of, end_of, spline, straight
from .digit_styles_0_to_4 import bowl


def hatless_five(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 5 in one stroke from the right: an S with corners."""
    u = rng.uniform
    width = u(0.42, 0.66)
    shoulder, waist = (u(0.02, 0.25) * width, u(0, 0.06)), (u(-0.04, 0.1) * width, u(0.38, 0.5))
    hat = straight((u(0.7, 1.15) * width, u(-0.06, 0.06)), shoulder, u(-0.05, 0.08))
    back = straight(shoulder, waist, u(-0.06, 0.06))
    return digit_of(int(rng.integers(5)), [hat, back, bowl(waist, u(-125, -105), width, rng)])


def detached_five(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 5 with a top bar that is written last and stands apart."""
    u = rng.uniform
    width = u(0.42, 0.66)
    top, waist = (u(0, 0.2) * width, u(0, 0.08)), (u(-0.04, 0.1) * width, u(0.38, 0.5))
    back = straight(top, waist, u(-0.06, 0.06))
    x, y = top[0] + u(0.0, 0.16), top[1] + u(-0.1, 0.02)
    hat = straight((x, y), (x + u(0.25, 0.5), y + u(-0.08, 0.04)), u(-0.08, 0.08))
    return digit_of(int(rng.integers(3)), [back, bowl(waist, u(-125, -105), width, rng)], [hat])


def straight_six(rng: np.random.Generator) -> list[Stroke]:
    """Draw a nearly straight stem on a small bowl."""
    u = rng.uniform
    radii = u(0.14, 0.28), u(0.14, 0.24)
    centre = (radii[0], 1 - radii[1])
    stem = straight((u(0.06, 0.45), 0), (0, centre[1]), u(-0.05, 0.1))
    return digit_of(int(rng.integers(1, 3)), [stem, arc_of(centre, radii, 180, -u(140, 205))])


def curled_six(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 6 with a bowl that winds up inside, or with a hook at the start of its stem."""
    u = rng.uniform
    radii = u(0.2, 0.32), u(0.2, 0.3)
    centre = (radii[0], 1 - radii[1])
    x = u(0.28, 0.5)
    stem = [(x, 0.0), (u(0.06, 0.12), u(0.34, 0.42)), (0.0, centre[1])]
    if rng.random() < 0.5:
        bowl = arc_of(centre, radii, 180, -u(200, 330), u(0.35, 0.65))
    else:
        bowl = arc_of(centre, radii, 180, -u(150, 200), u(0.85, 1))
        stem[:1] = [(x + u(0.08, 0.16), u(0.08, 0.2)), (x + 0.05, 0.01), (x - 0.08, 0.06)]
    return digit_of(int(rng.integers(1, 3)), [spline(*stem), bowl])


def _seven(top: Sequence[Piece], bow: float, bar: float, rng: np.random.Generator) -> list[Stroke]:
    """Add a stem at the end of the top, and with probability `bar` a bar through it."""
    u = rng.uniform
    corner = end_of(top[-1])
    stem = straight(corner, (corner[0] - u(0.12, 0.5), 1.0), bow)
    strokes = [[*top, stem]]
    if rng.random() < bar:
        x, y = stem[int(rng.integers(3, 6))]
        left, right = u(0.12, 0.28, 2)
        tilt = u(-0.05, 0.08)
        strokes.append([straight((x - left, y + tilt), (x + right, y - tilt), u(-0.06, 0.06))])
    return digit_of(int(rng.integers(3)), *strokes)


def hooked_seven(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 7 with a serif at the top left and a bar."""
    u = rng.uniform
    width = u(0.45, 0.75)
    left = (u(0, 0.04), u(-0.02, 0.06))
    hook = straight((u(-0.06, 0.05), left[1] + u(0.08, 0.25)), left)
    top = straight(left, (width, u(-0.05, 0.05)), u(-0.05, 0.05))
    return _seven([hook, top], u(-0.1, 0.05), 1, rng)


def curved_seven(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 7 with a curved stem."""
    u = rng.uniform
    top = straight((0, u(-0.04, 0.08)), (u(0.45, 0.75), u(-0.05, 0.05)), u(-0.06, 0.06))
    return _seven([top], u(0.06, 0.12) if rng.random() < 0.25 else u(-0.2, -0.06), 0.4, rng)


def wavy_seven(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 7 with a wave on top."""
    u = rng.uniform
    width, height = u(0.5, 0.8), u(0.04, 0.1)
    top = spline((0, height * u(0.2, 1.4)), (0.28 * width, -height * u(0.3, 0.8)),
                 (0.65 * width, height * u(0.4, 1)), (width, -height * u(0, 1)))  # fmt: skip
    return _seven([top], u(-0.12, 0.06), 0.5, rng)


def rings_eight(rng: np.random.Generator) -> list[Stroke]:
    """Draw two rings, one on top of the other, that touch, overlap a little, or nearly touch."""
    u = rng.uniform
    upper, lower = u(0.16, 0.26), u(0.21, 0.28)
    gap = u(-0.06, 0.04)
    rings = []
    for y, radius in ((-upper - gap, upper), (lower, lower)):
        start, sweep = u(-150, -30), u(335, 385) * rng.choice([-1, -1, 1])
        centre = (u(-0.06, 0.06), y)
        rings.append([arc_of(centre, (radius * u(0.75, 1.15), radius), start, start + sweep)])
    return digit_of(0, *rings)


def middle_eight(rng: np.random.Generator) -> list[Stroke]:
    """Draw an 8 from its middle: around the upper loop, then around the lower one."""
    u = rng.uniform
    upper, waist = u(0.17, 0.27), u(0.42, 0.5)
    lower = upper * u(1, 1.4)
    turn = np.linspace(u(-0.15, 0.15), 2 * np.pi + u(-0.2, 0.15), 40)
    rise = np.sin(turn)
    # 0 is an hourglass, 1 is two circles.
    roundness = u(0.2, 0.9)
    x = np.sin(2 * turn) * np.where(rise > 0, upper, lower) * rng.choice([-1, 1])
    y = -rise * (1 - roundness + roundness * abs(rise)) * np.where(rise > 0, waist, 1 - waist)
    return digit_of(0, [np.stack([x, y], 1)])


def open_eight(rng: np.random.Generator) -> list[Stroke]:
    """Draw an S that a diagonal closes except at its upper end."""
    u = rng.uniform
    width = u(0.42, 0.62)
    start = (u(0.85, 1.0), u(0.1, 0.18))
    turn = (u(-0.02, 0.08), u(0.74, 0.82))
    reach = u(0.72, 1.02)
    end = (turn[0] + reach * (start[0] - turn[0]), turn[1] + reach * (start[1] - turn[1]))
    knots = [start, (u(0.45, 0.6), 0.0), (u(0.05, 0.12), u(0.2, 0.26)), (0.5, u(0.44, 0.52)),
             (u(0.92, 1.05), u(0.72, 0.78)), (u(0.45, 0.55), 1.0), turn]  # fmt: skip
    if rng.random() < 0.7:
        snake = [spline(*((x * width, y) for x, y in (*knots, (0.5, u(0.44, 0.52)), end)))]
    else:
        snake = [spline(*((x * width, y) for x, y in knots))]
        snake.append(straight(end_of(snake[0]), (end[0] * width, end[1]), u(-0.06, 0.06)))
    return digit_of(int(rng.integers(1, 4)), snake)


def ring_and_stem(rng: np.random.Generator) -> list[Stroke]:
    """Draw a ring and a separate stem that starts at its right or near its top."""
    u = rng.uniform
    x_radius, y_radius = u(0.17, 0.3), u(0.18, 0.28)
    start = u(-110, -20)
    ring = arc_of((0, y_radius), (x_radius, y_radius), start, start - u(330, 375))
    x, y = x_radius + u(-0.04, 0.05), y_radius * u(0, 1.1)
    # Through the middle of the ring, it would be the slash of a 0.
    most = min(0.35, 0.45 * x_radius * (1 - y) / (2 * y_radius - y))
    return digit_of(0, [ring], [straight((x, y), (x - u(-0.05, most), 1), u(-0.08, 0.06))])


def _loop(radii: tuple[float, float], rng: np.random.Generator) -> Piece:
    """Return the nearly closed loop of a 9: from its right over the top and back."""
    return arc_of((0, radii[1]), radii, rng.uniform(-40, 5), rng.uniform(-385, -355))


def looped_nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a small loop on a long curved leg."""
    u = rng.uniform
    loop = _loop((u(0.13, 0.2), u(0.12, 0.19)), rng)
    leg = straight(end_of(loop), (-u(0.05, 0.3), 1), u(0.06, 0.2))
    return digit_of(int(rng.integers(3)), [loop, leg])


def straight_nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 with a straight leg."""
    u = rng.uniform
    loop = _loop((u(0.18, 0.3), u(0.17, 0.27)), rng)
    x, _ = end_of(loop)
    return digit_of(int(rng.integers(3)), [loop, straight(end_of(loop), (x - u(-0.05, 0.3), 1))])


def hooked_nine(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 9 with a leg that hooks to the left, like a g."""
    u = rng.uniform
    loop = _loop((u(0.18, 0.28), u(0.16, 0.24)), rng)
    x = end_of(loop)[0] + u(-0.06, 0.04)
    leg = spline(end_of(loop), (x, u(0.58, 0.72)), (x - u(0.06, 0.1), u(0.9, 0.95)),
                 (x - u(0.2, 0.3), 1), (-u(0.1, 0.3), 1 - u(0.03, 0.14)))  # fmt: skip
    return digit_of(int(rng.integers(1, 3)), [loop, leg])
