"""Ink: what was written stays, the paper goes, whichever of the two is darker."""

import cv2
import numpy as np
import pytest

from tests import hand
from webapp.recognition.glyph import glyph_of_strokes
from webapp.recognition.ink import FLAT_FAINT, WORKING_SIDE, ink_of_image


def photo(digit, *, light=(235, 120), ink=0.35, noise=4.0, size=600, seed=0):
    """A digit on paper, lit unevenly from left to right: (size, size) uint8."""
    rng = np.random.default_rng(seed)
    paper = np.linspace(*light, size)[np.newaxis, :].repeat(size, 0)
    coverage = (255 - hand.picture(digit, size, ink=0, pen=size // 30)) / 255
    coverage = cv2.GaussianBlur(coverage, (0, 0), 1.5)
    lit = paper * (1 - (1 - ink) * coverage)
    return np.clip(lit + rng.normal(0, noise, lit.shape), 0, 255).astype(np.uint8)


def overlap(ink, digit):
    """Intersection over union of found and drawn ink."""
    drawn = hand.picture(digit, len(ink), ink=255, paper=0, pen=len(ink) // 30) > 127
    found = ink > 127
    return (found & drawn).sum() / (found | drawn).sum()


def test_drawn_ink_is_exact():
    """On a flat background the ink is the difference, but for its faintest fringe."""
    picture = hand.picture(5, ink=20, paper=255)
    difference = 255 - picture
    expected = np.where(difference > FLAT_FAINT, difference, 0)
    assert np.array_equal(ink_of_image(picture), expected)


def test_dark_on_light_and_light_on_dark_are_the_same():
    """A picture and its negative have the same ink."""
    picture = hand.picture(4)
    assert np.array_equal(ink_of_image(picture), ink_of_image(255 - picture))


def test_a_picture_like_mnist_is_its_own_ink():
    """White ink on a black 28x28 image is left as it is."""
    glyph = glyph_of_strokes(hand.strokes(8))[..., 0]
    assert np.abs(ink_of_image(glyph).astype(int) - glyph).max() <= FLAT_FAINT


@pytest.mark.parametrize("quality", [60, 75, 95])
def test_what_lossy_coding_leaves_is_no_ink(quality):
    """The ripples of a JPEG around a drawn digit do not widen its box."""
    picture = hand.picture(2)
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    box, expected = (cv2.boundingRect(ink_of_image(p)) for p in (decoded, picture))
    assert np.abs(np.subtract(box, expected)).max() <= 3


@pytest.mark.parametrize("digit", range(10))
def test_a_photo_under_uneven_light(digit):
    """Shadow across the paper is no ink, and ink in the shadow is."""
    assert overlap(ink_of_image(photo(digit)), digit) > 0.7


@pytest.mark.parametrize("pen", [30, 60, 100])
@pytest.mark.parametrize("margin", [0, 30, 150])
def test_thick_pens_and_tight_crops(pen, margin):
    """Ink that fills a good part of the picture is still the ink, not the paper."""
    drawn = hand.picture(3, 600, ink=0, pen=pen)
    x, y, width, height = cv2.boundingRect(255 - drawn)
    side = max(width, height) + 2 * margin
    picture = np.full((side, side), 255, np.uint8)
    left, top = (side - width) // 2, (side - height) // 2
    picture[top : top + height, left : left + width] = drawn[y : y + height, x : x + width]
    rng = np.random.default_rng(2)
    light = np.linspace(230, 160, side)[np.newaxis, :]
    lit = light * (0.3 + 0.7 * picture / 255) + rng.normal(0, 4, picture.shape)
    found = ink_of_image(lit.clip(0, 255).astype(np.uint8)) > 127
    expected = picture < 128
    assert (found & expected).sum() / (found | expected).sum() > 0.85


@pytest.mark.parametrize("digit", [1, 4, 8])
def test_small_writing_on_a_large_page(digit):
    """A digit of a twentieth of the page's height is found, and nothing else is."""
    page = np.full((2000, 1500), 215.0)
    small = 255.0 - hand.picture(digit, 140, ink=0, pen=8)
    page[1200:1340, 300:440] *= 1 - 0.7 * small / 255
    page += np.random.default_rng(3).normal(0, 4, page.shape)
    ink = ink_of_image(page.clip(0, 255).astype(np.uint8))
    rows, columns = np.nonzero(ink)
    scale = 2000 / WORKING_SIDE
    assert 1200 <= rows.min() * scale < rows.max() * scale <= 1345
    assert 300 <= columns.min() * scale < columns.max() * scale <= 445


def test_a_sheet_on_a_desk():
    """The digit on the sheet is the ink, though the sheet's corners are larger."""
    desk = np.full((700, 700), 70, np.uint8)
    desk[60:640, 60:640] = photo(1, light=(235, 200), noise=0, size=580)
    ink = ink_of_image(desk)
    x, _, width, height = cv2.boundingRect(ink)
    assert 60 < x < x + width < 640
    assert width < 100 < height


def test_a_hard_shadow_is_no_ink():
    """A shadow with a sharp edge across the paper leaves the digit alone."""
    picture = photo(5, light=(225, 215))
    picture[:, :250] = (picture[:, :250] * 0.55).astype(np.uint8)
    assert overlap(ink_of_image(picture), 5) > 0.6


def test_squared_paper():
    """The squares of the paper are no ink, and do not widen its box."""
    picture = photo(4, light=(225, 200))
    squares = picture.copy()
    squares[::40] = squares[::40] * 0.8
    squares[:, ::40] = squares[:, ::40] * 0.8
    box, expected = (cv2.boundingRect(ink_of_image(p)) for p in (squares, picture))
    assert np.abs(np.subtract(box, expected)).max() <= 25


COLOURS = {
    "yellow_on_white": ((255, 255, 255), (0, 255, 255)),
    "blue_on_black": ((0, 0, 0), (255, 0, 0)),
    "red_on_green": ((0, 128, 0), (0, 0, 255)),
    "black_on_yellow": ((60, 220, 250), (20, 20, 20)),
}
"""Paper and pen: blue, green, red."""


@pytest.mark.parametrize(("paper", "pen"), COLOURS.values(), ids=COLOURS)
def test_colours_that_are_alike_in_grey(paper, pen):
    """A pen that differs from the paper in colour alone is ink."""
    coverage = (255 - hand.picture(6, 200, ink=0, pen=8))[..., np.newaxis] / 255
    picture = (np.array(paper) * (1 - coverage) + np.array(pen) * coverage).astype(np.uint8)
    found = ink_of_image(picture) > 100
    expected = coverage[..., 0] > 0.5
    assert (found & expected).sum() / (found | expected).sum() > 0.7


def test_faint_pencil_is_ink():
    """Strokes a fifth darker than the paper are found under noise."""
    assert overlap(ink_of_image(photo(2, light=(200, 190), ink=0.75, noise=3)), 2) > 0.6


def test_a_photo_of_chalk():
    """White on a dark, unevenly lit board is ink."""
    negative = 255 - photo(7, light=(225, 180), ink=0.2)
    assert overlap(ink_of_image(negative), 7) > 0.7


def test_specks_are_no_ink():
    """Dust far smaller than the digit is dropped."""
    picture = photo(1)
    picture[100:103, 500:503] = 0
    assert not ink_of_image(picture)[90:115, 490:515].any()


@pytest.mark.parametrize("level", [0, 7, 128, 255])
def test_a_blank_picture_has_no_ink(level):
    """One level all over is no ink."""
    assert not ink_of_image(np.full((60, 40), level, np.uint8)).any()


@pytest.mark.parametrize("noise", [1.0, 4.0, 12.0])
def test_blank_paper_has_no_ink(noise):
    """Noise and a shadow alone are no ink."""
    blank = np.random.default_rng(1).normal(0, noise, (500, 400))
    blank += np.linspace(240, 150, 400)
    assert not ink_of_image(blank.clip(0, 255).astype(np.uint8)).any()


def test_a_faint_smear_is_no_ink():
    """A difference that nobody would call writing is none."""
    picture = np.full((80, 80), 250, np.uint8)
    picture[20:60, 38:42] = 235
    assert not ink_of_image(picture).any()


def test_large_pictures_are_reduced():
    """Work is bounded whatever the picture's size; the shape of the ink stays."""
    ink = ink_of_image(hand.picture(6, 2600, pen=130))
    assert max(ink.shape) == WORKING_SIDE
    assert ink.max() > 200


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (2, 3)])
def test_tiny_pictures_do_not_break_it(shape):
    """Any shape is answered, if only with no ink."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        picture = rng.integers(0, 256, shape).astype(np.uint8)
        assert ink_of_image(picture).shape == shape
