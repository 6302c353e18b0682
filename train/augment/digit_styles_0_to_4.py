"""Styles of the digits 0 to 4. See `digit_styles`."""

import numpy as np

from webapp.recognition import Stroke

from .curves import Piece, Point, arc_of, digit_of, end_of, spline, straight, towards


def slashed_zero(rng: np.random.Generator) -> list[Stroke]:
    """Draw a ring with a slash from above right to below left, inside the ring or across."""
    u = rng.uniform
    start, lean = u(-140, -40), u(5, 42)
    ring = arc_of((0, 0), (u(0.27, 0.45), 0.5), start, start - u(345, 385))
    # An upright slash stays inside: across, it makes a Φ.
    reach = u(0.3, 0.47) if lean < 18 else u(0.3, 0.72)
    top = towards((u(-0.04, 0.04), u(-0.04, 0.04)), lean - 90, reach)
    return digit_of(0, [ring], [straight(top, towards(top, lean + 90, 2 * reach), u(-0.04, 0.04))])


def gaping_zero(rng: np.random.Generator) -> list[Stroke]:
    """Draw a ring with a gap near its top. A gap at its side would make a C."""
    u = rng.uniform
    gap = u(8, 45)
    start = -90 - gap / 2 + u(-25, 25)
    return digit_of(
        0, [arc_of((0, 0), (u(0.26, 0.45), 0.5), start, start + gap - 360, u(0.88, 1.1))]
    )


def curled_zero(rng: np.random.Generator) -> list[Stroke]:
    """Draw a ring that ends in a curl at the top, inside the ring or as a small loop."""
    u = rng.uniform
    radii = u(0.28, 0.44), 0.5
    start = u(-100, -45)
    ring = arc_of((0, 0), radii, start, start - u(345, 365))
    x, y = end_of(ring)
    size = u(0.1, 0.2)
    if rng.random() < 0.5:
        curl = spline((x, y), (x - 1.2 * size, y + u(0.2, 0.5) * size),
                      (x - u(1.8, 2.6) * size, y + u(1.0, 2.0) * size))  # fmt: skip
    else:
        curl = spline((x, y), (x - 0.9 * size, y - 0.3 * size), (x - 1.7 * size, y + 0.3 * size),
                      (x - 1.3 * size, y + 1.1 * size), (x - 0.4 * size, y + 0.8 * size),
                      (x + u(-0.2, 0.8) * size, y + u(-0.6, 0.2) * size))  # fmt: skip
    return digit_of(int(rng.integers(1, 3)), [ring, curl])


def narrow_zero(rng: np.random.Generator) -> list[Stroke]:
    """Draw a narrow ellipse."""
    u = rng.uniform
    start = u(-130, -50)
    sweep = u(345, 395) * rng.choice([-1, -1, 1])
    return digit_of(0, [arc_of((0, 0), (u(0.13, 0.24), 0.5), start, start + sweep, u(0.9, 1.1))])


def flagged_one(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 1 as in France or Germany, with an upstroke up to as long as its stem, like a Λ."""
    u = rng.uniform
    length = u(0.15, 1.05)
    # A long flag is steep: a flat one makes a 7.
    angle = u(15, 60 - 22 * length)
    lean = u(max(-12, angle - 55 + 8 * length), min(14, 0.55 * angle))
    apex = (0.0, 0.0)
    foot = towards(apex, 90 - lean, 1)
    flag = straight(towards(apex, 90 - lean + angle, length), apex, u(-0.13, 0.09))
    stem = straight(apex, foot, u(-0.05, 0.05))
    strokes = [[flag, stem]]
    if rng.random() < 0.15:
        strokes = [[stem], [flag[:: rng.choice([-1, 1])]]]
    # A foot under a long flag would close a triangle.
    if length < 0.65 and rng.random() < 0.3:
        strokes.append([_serif(foot, rng)])
    return digit_of(int(rng.integers(4)), *strokes)


def serif_one(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 1 with a short flag and a foot, as in print."""
    u = rng.uniform
    lean = u(-8, 14)
    foot = towards((0, 0), 90 + lean, 1)
    flag = straight(towards((0, 0), u(115, 155), u(0.12, 0.34)), (0, 0), u(-0.1, 0.1))
    stem = straight((0, 0), foot, u(-0.04, 0.04))
    return digit_of(int(rng.integers(3)), [flag, stem], [_serif(foot, rng)])


def bare_one(rng: np.random.Generator) -> list[Stroke]:
    """Draw a stick, somewhat slanted or bowed."""
    lean = rng.uniform(-12, 22)
    return digit_of(0, [straight((0, 0), towards((0, 0), 90 + lean, 1), rng.uniform(-0.08, 0.08))])


def _serif(foot: Point, rng: np.random.Generator) -> Piece:
    """Return the horizontal foot of a digit."""
    left, right = rng.uniform(0.1, 0.32, 2)
    tilt, drop = rng.uniform(-0.04, 0.04, 2)
    return straight(
        (foot[0] - left, foot[1] + drop + tilt), (foot[0] + right, foot[1] + drop - tilt)
    )


def _head(radii: tuple[float, float], start: float, rng: np.random.Generator) -> Piece:
    """Return the upper half of a 2: from the left, at an angle, over the top to the right."""
    return arc_of(radii, radii, start, rng.uniform(370, 405), rng.uniform(0.95, 1.1))


def footless_two(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 2 without a foot, like a question mark, or with a tiny hook as a foot."""
    u = rng.uniform
    hooked = rng.random() < 0.85
    # Without a hook, only the bent head distinguishes it from a 7.
    start = u(140, 185) if hooked else u(125, 150)
    head = _head((u(0.2, 0.32), u(0.17, 0.25)), start, rng)
    foot = (u(0.0, 0.14), u(0.95, 1.0))
    pieces = [head, straight(end_of(head), foot, u(-0.14, -0.02))]
    if hooked:
        hook = (foot[0] + u(0.1, 0.26), foot[1] + u(-0.04, 0.06))
        pieces.append(straight(foot, hook, u(-0.1, 0.1)))
    return digit_of(int(rng.integers(1, 4)), pieces)


def angular_two(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 2 like a Z with a slightly round top."""
    u = rng.uniform
    width = u(0.5, 0.8)
    top = spline((0, u(0.05, 0.2)), (u(0.3, 0.6) * width, u(-0.02, 0.02)),
                 (u(0.9, 1) * width, u(0.08, 0.16)))  # fmt: skip
    corner = (u(0, 0.1) * width, 1.0)
    diagonal = straight((top[-1, 0], top[-1, 1]), corner, u(-0.12, 0.06))
    foot = straight(corner, (u(0.9, 1.15) * width, 1 + u(-0.06, 0.04)), u(-0.06, 0.06))
    return digit_of(int(rng.integers(4)), [top, diagonal, foot])


def looped_two(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 2 with a loop at the bottom left that runs out into the foot."""
    u = rng.uniform
    head = _head((u(0.22, 0.36), u(0.17, 0.24)), u(150, 215), rng)
    width, size = 2 * float(head[:, 0].mean()), u(0.5, 1.5)
    loop = spline(end_of(head), (0.28 * width, 0.84), (0.1 * width, 0.96),
                  (-0.04 * size, 0.96 - 0.04 * size),
                  (0.02, 0.93 - 0.11 * size), (0.2 * width, 0.93 - 0.08 * size),
                  (0.6 * width, u(0.93, 1.02)), (u(0.95, 1.4) * width, u(0.84, 1.0)))  # fmt: skip
    return digit_of(2, [head, loop])


def wavy_two(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 2 with a wave as its foot."""
    u = rng.uniform
    head = _head((u(0.22, 0.36), u(0.17, 0.25)), u(150, 215), rng)
    width, height = float(head[:, 0].max()), u(0.03, 0.09)
    corner = (u(-0.05, 0.12), u(0.94, 1.0))
    foot = spline(corner, (0.3 * width, 0.97 - height), (0.65 * width, 0.97 + height / 2),
                  (u(0.95, 1.3) * width, 0.97 - height * u(0.2, 1.5)))  # fmt: skip
    return digit_of(
        int(rng.integers(1, 4)), [head, straight(end_of(head), corner, u(-0.12, 0.04)), foot]
    )


def bowl(start: Point, first: float, width: float, rng: np.random.Generator) -> Piece:
    """Return the lower half of a 3 or a 5: from a point to an arc that starts at an angle."""
    u = rng.uniform
    height = (1 - start[1] + u(0, 0.08)) / 2
    middle = u(0.4, 0.5) * width
    arc = arc_of((middle, 1 - height), (width - middle, height), first, u(115, 165), u(0.95, 1.1))
    return np.concatenate([[start], arc])


def flat_three(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 3 with a flat top, like the top of a Z."""
    u = rng.uniform
    width = u(0.45, 0.7)
    corner = (u(0.8, 1) * width, u(-0.04, 0.04))
    waist = (u(0.25, 0.42) * width, u(0.34, 0.46))
    top = straight((0, u(-0.02, 0.08)), corner, u(-0.04, 0.06))
    diagonal = straight(corner, waist, u(-0.05, 0.08))
    return digit_of(int(rng.integers(4)), [top, diagonal, bowl(waist, u(-85, -60), width, rng)])


def waistless_three(rng: np.random.Generator) -> list[Stroke]:
    """Draw a 3 with hardly any waist."""
    u = rng.uniform
    upper = u(0.2, 0.27)
    lower = 0.5 - upper
    right = u(0.2, 0.34)
    above = arc_of((0, upper), (right * u(0.85, 1), upper), u(190, 235), 360 + u(28, 58))
    below = arc_of((0, 1 - lower), (right, lower), -u(28, 58), u(115, 165), u(0.95, 1.1))
    return digit_of(
        int(rng.integers(2, 5)), [above, straight(end_of(above), end_of(below[:1])), below]
    )


def bolt_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw an open 4 in one stroke: down to the left, to the right, then down, or up and down."""
    u = rng.uniform
    width, bar = u(0.35, 0.7), u(0.45, 0.62)
    left = (0.0, bar)
    right = (width, bar + u(-0.08, 0.06))
    top = (u(0.15, 0.65) * width, u(0, 0.1))
    bottom = (width * u(0.75, 1.1), 1.0)
    pieces = [straight(top, left, u(-0.06, 0.08)), straight(left, right, u(-0.08, 0.08))]
    if rng.random() < 0.4:
        # With a stem that reaches up, the 4 is open only if it starts away from the stem.
        top = (u(0.02, 0.2) * width, top[1])
        turn = (width * u(0.98, 1.08), u(0.05, 0.4))
        pieces = [
            straight(top, left, u(-0.06, 0.06)),
            pieces[1],
            straight(right, turn, u(-0.04, 0.04)),
        ]
        right = turn
    return digit_of(int(rng.integers(3)), [*pieces, straight(right, bottom, u(-0.05, 0.05))])


def open_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw an open 4 in two strokes: an L, and a stem through its bar."""
    u = rng.uniform
    width, bar = u(0.5, 0.85), u(0.45, 0.68)
    left, right = (0.0, bar), (width, bar + u(-0.08, 0.05))
    angle = [straight((u(0.02, 0.3) * width, u(0, 0.12)), left, u(-0.06, 0.06)),
             straight(left, right, u(-0.05, 0.05))]  # fmt: skip
    x = width * u(0.6, 0.9)
    stem = straight((x + u(-0.05, 0.1), u(0, 0.38)), (x + u(-0.12, 0.05), 1.0), u(-0.04, 0.04))
    return digit_of(int(rng.integers(3)), angle, [stem])


def closed_four(rng: np.random.Generator) -> list[Stroke]:
    """Draw a triangle and the stem in one stroke."""
    u = rng.uniform
    width, bar = u(0.45, 0.75), u(0.55, 0.74)
    x = width * u(0.62, 0.9)
    top, left = (x + u(-0.04, 0.06), 0.0), (0.0, bar)
    right = (width, bar + u(-0.06, 0.05))
    above, below = (top[0] + u(-0.03, 0.03), u(-0.02, 0.04)), (x + u(-0.1, 0.04), 1.0)
    if rng.random() < 0.5:
        # From the end of the bar to the left.
        sides = [straight(right, left, u(-0.04, 0.04)), straight(left, top, u(-0.05, 0.05))]
    else:
        # From the top. The pen goes back up to the start of the stem.
        right = (x + u(-0.02, 0.06), right[1])
        sides = [straight(top, left, u(-0.05, 0.05)), straight(left, right, u(-0.04, 0.04))]
    back = straight(end_of(sides[-1]), above, u(-0.03, 0.03))
    return digit_of(int(rng.integers(2)), [*sides, back, straight(above, below, u(-0.04, 0.04))])
