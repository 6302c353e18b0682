"""Generated digits in styles that are rare in the data sets.

Most of UNIPEN's writers lived in the USA. Elsewhere a 1 has an upstroke as long as its stem, a 7
has a bar, a 4 is open or a bolt, an 8 is two rings. Each family below draws one such style: curves
through a few points with wide ranges. `strokes.py` adds slant, tremor and other ends.

Families draw in a box about 1 high, x to the right and y downwards. Angles are degrees, clockwise
from the right as y points down.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from webapp.recognition import Stroke

from .digit_styles_0_to_4 import (
    angular_two,
    bare_one,
    bolt_four,
    closed_four,
    curled_zero,
    flagged_one,
    flat_three,
    footless_two,
    gaping_zero,
    looped_two,
    narrow_zero,
    open_four,
    serif_one,
    slashed_zero,
    waistless_three,
    wavy_two,
)
from .digit_styles_5_to_9 import (
    curled_six,
    curved_seven,
    detached_five,
    hatless_five,
    hooked_nine,
    hooked_seven,
    looped_nine,
    middle_eight,
    open_eight,
    ring_and_stem,
    rings_eight,
    straight_nine,
    straight_six,
    wavy_seven,
)

Family = Callable[[np.random.Generator], list[Stroke]]
"""Function that draws a digit in one style."""


def drawn(digit: int, rng: np.random.Generator) -> list[Stroke]:
    """Return a digit in a random style.

    Args:
        digit: 0 to 9. Its families are equally likely.

    Returns:
        Strokes in the order of writing, centred on the origin, with a longer side of 1.
    """
    families = STYLES[digit]
    return families[int(rng.integers(len(families)))](rng)


STYLES: Mapping[int, tuple[Family, ...]] = MappingProxyType(
    {
        0: (slashed_zero, gaping_zero, curled_zero, narrow_zero),
        1: (flagged_one, serif_one, bare_one),
        2: (footless_two, angular_two, looped_two, wavy_two),
        3: (flat_three, waistless_three),
        4: (bolt_four, open_four, closed_four),
        5: (hatless_five, detached_five),
        6: (straight_six, curled_six),
        7: (hooked_seven, curved_seven, wavy_seven),
        8: (rings_eight, middle_eight, open_eight),
        9: (ring_and_stem, looped_nine, straight_nine, hooked_nine),
    }
)
"""The families of each digit."""
