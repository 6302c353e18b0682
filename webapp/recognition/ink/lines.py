"""Lines of writing, found from the boxes of strokes or connected components alone."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""(N, 4): left, top, right, bottom of each piece of ink."""

TALL = 0.5
"""Least height of a tall piece, as a share of the highest. Tall pieces define the lines. A lower
piece joins the nearest tall one, ..."""

ABOVE, BELOW = 0.25, 0.15
"""... if it lies at most this share of that one's height above it, as the bar of a 5, or below
it, as a comma. Pieces further away form lines of their own."""

SAME_LINE = 0.35
"""Two tall pieces are on one line if their heights overlap by this share of the lower one ..."""

NEAR = 3.0
"""... and they are at most this many heights apart, since lines may slope."""

DOWN = 3.0
"""Weight of a vertical gap against a horizontal one. A point stands beside its digit, though the
next line may be as near below."""

ALONGSIDE = 0.5
"""Parts with heights that overlap by this share of the lower one are one line at any distance."""

WIDE_GAP = 3.0
"""Gap that separates two lines, in heights. The reader sees 3.5 heights to either side. Five of
UNIPEN's 724 train and dev numbers have such a gap, each between two numbers."""


def lines_of(boxes: Boxes) -> list[list[int]]:
    """Return the indices of the pieces of each line, from the top, each line from left to right.

    Tall pieces that overlap in height form lines, and nearby low pieces join them. The remaining
    pieces are then grouped the same way.
    """
    rows: list[list[int]] = []
    rest = np.arange(len(boxes))
    while len(rest):
        found, near = _tallest(boxes[rest])
        rows += [rest[row].tolist() for row in found]
        rest = rest[~near]
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    return sorted(rows, key=lambda row: float(np.median(middles[row, 1])))


def _tallest(boxes: Boxes) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """Return the lines of tall pieces, each from left to right, and which pieces are in one."""
    low, high = boxes[:, :2], boxes[:, 2:]
    order = np.argsort(low[:, 0] + high[:, 0], kind="stable")
    heights = high[:, 1] - low[:, 1]
    highest = float(heights.max())
    tall = np.flatnonzero(heights >= TALL * highest)
    tops, bottoms = low[tall, 1], high[tall, 1]
    common = float(bottoms.min() - tops.max())
    above, below = tops.min() - high[:, 1].min(), low[:, 1].max() - bottoms.max()
    whole = above <= ABOVE * highest and below <= BELOW * highest
    if whole and common > ALONGSIDE * highest:  # most drawings
        return [order.tolist()], np.ones(len(boxes), bool)
    names = _linked(low, high, tall, NEAR * float(np.median(heights[tall])))
    nearest = _nearest(low, high, tall)
    own = heights[nearest]
    near = (low[nearest, 1] - high[:, 1] <= ABOVE * own) & (
        low[:, 1] - high[nearest, 1] <= BELOW * own
    )
    members: dict[int, list[int]] = {}
    for index in order[near[order]].tolist():
        members.setdefault(int(names[int(nearest[index])]), []).append(index)
    return [*members.values()], near


def parts_of(boxes: Boxes, line: list[int], height: float) -> list[list[int]]:
    """Return the parts of a row, split at gaps of `WIDE_GAP` heights."""
    parts: list[list[int]] = []
    end = -np.inf
    for index in sorted(line, key=lambda i: float(boxes[i, 0])):
        if not parts or boxes[index, 0] > end + WIDE_GAP * height:
            parts.append([])
        parts[-1].append(index)
        end = max(end, float(boxes[index, 2]))
    return parts


def _linked(
    low: NDArray[np.float64], high: NDArray[np.float64], tall: NDArray[np.int64], near: float
) -> dict[int, int]:
    """Return the name of a line for each tall piece."""
    names = np.arange(len(tall))

    def merge(one: int, others: NDArray[np.int64]) -> None:
        new = names[others] != names[one]
        if new.any():
            names[np.isin(names, names[others[new]])] = names[one]

    tops, bottoms, lefts, rights = low[tall, 1], high[tall, 1], low[tall, 0], high[tall, 0]
    heights = bottoms - tops
    for one in range(len(tall) - 1):
        rest = slice(one + 1, None)
        overlap = np.minimum(bottoms[rest], bottoms[one]) - np.maximum(tops[rest], tops[one])
        lower = np.minimum(heights[rest], heights[one])
        apart = np.maximum(lefts[rest], lefts[one]) - np.minimum(rights[rest], rights[one])
        merge(one, one + 1 + np.flatnonzero((overlap > SAME_LINE * lower) & (apart < near)))
    # Parts of one line may be further apart than `near`.
    parts = [np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())]
    ends = np.array([(np.median(tops[part]), np.median(bottoms[part])) for part in parts])
    for place, part in enumerate(parts[:-1]):
        own, others = ends[place], ends[place + 1 :]
        shared = np.minimum(own[1], others[:, 1]) - np.maximum(own[0], others[:, 0])
        lower = np.minimum(own[1] - own[0], others[:, 1] - others[:, 0])
        beside = np.flatnonzero(shared > ALONGSIDE * lower).tolist()
        merge(part[0], np.array([parts[place + 1 + other][0] for other in beside], np.int64))
    return dict(zip(tall.tolist(), names.tolist(), strict=True))


def _nearest(
    low: NDArray[np.float64], high: NDArray[np.float64], tall: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the nearest tall piece for each piece. A tall piece is its own nearest."""
    found = np.arange(len(low))
    for index in np.setdiff1d(found, tall).tolist():
        gaps = np.maximum(0, np.maximum(low[tall] - high[index], low[index] - high[tall]))
        middles = np.abs((low[tall] + high[tall] - low[index] - high[index]) / 2).sum(axis=1)
        away = np.hypot(gaps[:, 0], DOWN * gaps[:, 1])
        found[index] = tall[np.lexsort((middles, away))[0]]
    return found
