"""Versions of digits: their appearance, and their comparison with the plain one."""

import cv2
import numpy as np
import pytest

from support import hand
from tests.fake import Says, Sees
from train.data.strokes import StrokeSample
from train.measure.variants import (
    PICTURES,
    STROKES,
    Look,
    evaluate_variants,
    glyph_in_picture,
    picture,
    pixelled,
    placed,
    variants_table,
)
from webapp.recognition import Outputs, Recognizer

SAMPLES = [StrokeSample(str(d), f"w{d % 3}", tuple(hand.strokes(d))) for d in range(10)]


def ink_box(name, digit=2):
    """Return left, top, width and height of the ink of a version, and the picture."""
    image = picture(hand.strokes(digit), PICTURES[name])
    return *cv2.boundingRect((image < 255).astype(np.uint8)), image


def test_plain_is_in_the_middle():
    """The plain version is 168 pixels plus the pen, black on white, in the canvas's middle."""
    left, top, width, height, image = ink_box("plain")
    assert image.shape == (280, 280)
    assert max(width, height) == pytest.approx(168 + 10, abs=3)
    assert left + width / 2 == pytest.approx(140, abs=2)
    assert top + height / 2 == pytest.approx(140, abs=2)
    assert (image.min(), image.max()) == (0, 255)


def test_pens_differ_in_width():
    """The amount of ink follows the pen's width."""
    ink = {name: (255 - ink_box(name)[4].astype(float)).sum() for name in PICTURES}
    assert ink["thin"] / ink["plain"] == pytest.approx(0.015 / 0.06, rel=0.15)
    assert ink["thick"] / ink["plain"] == pytest.approx(0.15 / 0.06, rel=0.15)


def test_faint_is_light_grey():
    """Faint ink has a fifth of the contrast."""
    assert ink_box("faint")[4].min() == 205


def test_tiny_and_huge():
    """Tiny digits are 24 pixels long on the page's canvas, huge ones fill 2,000 pixels."""
    _, _, width, height, image = ink_box("tiny")
    assert image.shape == (280, 280)
    assert 24 <= max(width, height) <= 27
    left, top, width, height, image = ink_box("huge")
    assert image.shape == (2000, 2000)
    assert min(left, top) >= 0
    assert max(width, height) == pytest.approx(1800 + 108, abs=6)


@pytest.mark.parametrize("digit", range(10))
def test_off_centre_is_in_the_corner_and_whole(digit):
    """An off-centre digit is complete, a few white pixels from the corner."""
    left, top, width, height, image = ink_box("off-centre", digit)
    assert 277 <= left + width <= 279
    assert 277 <= top + height <= 279
    assert (image[:, -1] == 255).all()


def test_plus_is_clockwise():
    """A positive angle turns clockwise: the foot of an upright stroke moves to the left."""
    upright = [np.array([[0.0, 0.0], [0.0, 10.0]])]
    (turned,) = placed(upright, Look(angle=15))
    across, down = turned[1] - turned[0]
    assert np.degrees(np.arctan2(-across, down)) == pytest.approx(15)
    (other,) = placed(upright, Look(angle=-15))
    assert other[1, 0] - other[0, 0] == pytest.approx(-across)


def test_strokes_are_as_a_mouse_gives_them():
    """Strokes have whole pixels inside the canvas, in the stated size."""
    for name, look in STROKES.items():
        points = np.concatenate(pixelled(hand.strokes(5), look))
        assert np.array_equal(points, np.rint(points)), name
        assert points.min() >= 0, name
        assert points.max() < look.side, name
        assert np.ptp(points, axis=0).max() == pytest.approx(look.size, abs=1), name


def test_a_dot_stays_one():
    """A dot becomes a disc of the pen's width."""
    for look in PICTURES.values():
        drawn = picture([np.array([[3.0, 4.0]])], look) < (255 + look.ink) / 2
        across = np.sqrt(drawn.sum() * 4 / np.pi)
        assert across == pytest.approx(look.size * look.pen, rel=0.1, abs=1)


def test_every_version_of_every_digit_is_found():
    """The server's own path finds ink in every version, even faint and tiny."""
    variants = evaluate_variants(Recognizer(Says(), eyes=Sees()), SAMPLES, ["pictures"])
    assert [v.name for v in variants] == list(PICTURES)
    for variant in variants:
        assert {r.status for r in variant.figures.results} == {"ok"}, variant.name
        assert variant.figures.way == "pictures"
        assert (variant.figures.count, variant.figures.writers) == (10, 3)


def test_versions_are_measured_against_the_plain_one():
    """Differences are in points, with an interval clustered by writer."""

    class Tires:
        """Reads the label of the first ten digits, the plain ones, then always 1."""

        def __init__(self):
            self._count = 0

        def classify(self, glyphs):
            digit = self._count if self._count < 10 else 1
            self._count += 1
            return Outputs(np.eye(10, dtype=np.float32)[[digit]], None)

    variants = evaluate_variants(Recognizer(Tires()), SAMPLES, ["strokes"])
    assert [v.name for v in variants] == ["plain", "scrambled", *STROKES]
    plain, *others = variants
    assert (plain.figures.accuracy, plain.points, plain.points95) == (1.0, 0.0, 0.0)
    for variant in others:
        assert variant.points == pytest.approx(-90)
        # All but the 1 are lost: 10 below the mean, and the 1 is 90 above it, by writer.
        together = np.hypot(np.hypot(4 * -10, 90 - 2 * 10), 3 * -10)
        assert variant.points95 == pytest.approx(1.96 * together / 10, rel=1e-3)
    text = variants_table(variants)
    assert text.count("\n") == len(variants)
    assert "-90.00 ± 16.86" in text


def test_a_glyph_in_a_picture_has_ink_alone():
    """A glyph from a picture, in any look, has ink and no direction."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        glyph = glyph_in_picture(hand.strokes(8), rng)
        assert glyph[..., 0].max() == 255
        assert not glyph[..., 1:].any()


def test_both_ways_have_a_plain_version_of_their_own():
    """Pictures are compared with the plain pictures, strokes with the plain strokes."""
    variants = evaluate_variants(
        Recognizer(Says(), eyes=Sees()), SAMPLES[:1], ["pictures", "strokes"]
    )
    assert [v.figures.way for v in variants if v.name == "plain"] == ["pictures", "strokes"]


def test_it_rejects_no_samples():
    """Without samples, the evaluation fails."""
    with pytest.raises(ValueError, match="need samples, got none"):
        evaluate_variants(Recognizer(Says()), [], ["strokes"])
