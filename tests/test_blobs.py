"""Connected ink: pieces, cuts, patches."""

import cv2
import numpy as np
import pytest

from tests import hand
from webapp.recognition import glyph_of_ink
from webapp.recognition.blobs import (
    MAX_SEAMS,
    PEN_MOST,
    cut_ink,
    patch_of,
    pen_width,
    pieces_of,
    with_pen,
)


def bars(*columns, height=60, width=6, size=200):
    """Upright bars at these columns."""
    ink = np.zeros((height + 20, size), np.uint8)
    for x in columns:
        ink[10 : 10 + height, x : x + width] = 255
    return ink


def test_it_works():
    """Pieces come from left to right, with all their pixels; a patch is their ink alone."""
    ink = bars(90, 20)
    left, right = pieces_of(ink)
    assert (left[:, 0].min(), left[:, 0].max()) == (20, 25)
    assert (right[:, 1].min(), right[:, 1].max()) == (10, 69)
    assert len(left) == 6 * 60
    assert patch_of([left], ink).shape == (60, 6)
    assert patch_of([left, right], ink).shape == (60, 76)
    assert patch_of([left], ink).all()


def test_a_blank_picture_has_no_pieces():
    """No ink, no pieces."""
    assert pieces_of(np.zeros((5, 5), np.uint8)) == []


def test_what_touches_is_cut_where_it_touches():
    """One of the seams goes between two bars that a thin bridge joins, and both get the bridge."""
    ink = bars(20, 80)
    ink[38:42, 20:86] = 255
    (piece,) = pieces_of(ink)
    parts = cut_ink(piece, 60.0)
    assert 2 <= len(parts) <= MAX_SEAMS + 1
    first, last = parts[0], parts[-1]
    assert first[:, 0].min() == 20
    assert last[:, 0].max() == 85
    pixels = {tuple(p) for part in parts for p in part.tolist()}
    assert pixels == {tuple(p) for p in piece.tolist()}


def test_a_narrow_piece_is_left_whole():
    """There is no room for a seam in it."""
    (piece,) = pieces_of(bars(20))
    assert len(cut_ink(piece, 60.0)) == 1


@pytest.mark.parametrize("width", [3, 6, 12])
def test_the_width_of_a_pen(width):
    """Of a bar, its own."""
    (bar,) = pieces_of(ink := bars(50, width=width))
    assert pen_width(patch_of([bar], ink)) == pytest.approx(width, rel=0.3)


def test_a_thin_pen_is_thickened_and_a_thick_one_left_alone():
    """Ink of a hair's breadth gets a share of the glyph's side."""
    thin = 255 - hand.picture(3, 200, ink=0, pen=2)
    thick = 255 - hand.picture(3, 200, ink=0, pen=20)
    (hair,), (felt,) = ([patch_of([p], ink) for p in pieces_of(ink)] for ink in (thin, thick))
    found = with_pen(hair)
    assert pen_width(found) > 2 * pen_width(hair) * max(found.shape) / (max(hair.shape) + 20)
    assert np.array_equal(with_pen(felt), felt)


@pytest.mark.parametrize("shape", [(3, 2000), (2000, 3), (1, 20_000)])
def test_ink_far_longer_than_it_is_thick_has_a_patch(shape):
    """A rule of paper, a stripe: thickened at a smaller size, it does not vanish."""
    assert with_pen(np.full(shape, 255, np.uint8)).any()


def test_a_large_thin_pen_is_thickened_as_a_small_one():
    """The glyph is the same, at the size of a page and reduced to `PEN_MOST`."""
    large = 255 - hand.picture(3, 1500, ink=0, pen=30)
    small = cv2.resize(large, (PEN_MOST, PEN_MOST), interpolation=cv2.INTER_AREA)
    one, other = (glyph_of_ink(with_pen(patch)).astype(int) for patch in (large, small))
    assert np.abs(one - other).mean() < 2
