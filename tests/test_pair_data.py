"""Pairs that are composed to train on and to measure with."""

import numpy as np
import pytest

from tests import hand
from train.errors import TrainError
from train.nondigits import NOT_A_DIGIT, NonDigit
from train.pairs import image_pairs, no_pairs, pool_of_pairs, touching_pairs
from train.strokes import StrokeSample
from train.warp import Warp
from webapp.recognition import glyph_of_strokes

DIGITS = [StrokeSample(str(d), "me", tuple(hand.strokes(d))) for d in range(10)]
IMAGES = np.stack([glyph_of_strokes(hand.strokes(d))[..., :1] for d in range(10)])
LABELS = np.arange(10)
LETTERS = [NonDigit("letters", "H", "me", tuple(hand.strokes(4)))]


def pool(digits=DIGITS, letters=LETTERS, seed=1, count=60):
    """Some glyphs."""
    return pool_of_pairs(IMAGES, LABELS, digits, letters, count, Warp(), seed)


def test_it_works():
    """Pairs of all kinds and what is none, with ink, hardly two alike."""
    glyphs, labels = pool()
    assert (glyphs.shape, glyphs.dtype) == ((60, 28, 48, 1), np.uint8)
    assert (glyphs.reshape(60, -1).max(axis=1) == 255).all()
    assert len({glyph.tobytes() for glyph in glyphs}) > 55
    assert (labels == NOT_A_DIGIT).sum() in range(4, 30)
    assert labels.max() < 100
    assert len(set(labels.tolist())) > 20


def test_the_same_seed_gives_the_same_pool():
    """And another seed another one."""
    one, same, other = (pool(seed=seed, count=20) for seed in (1, 1, 2))
    assert np.array_equal(one[0], same[0])
    assert np.array_equal(one[1], same[1])
    assert not np.array_equal(one[0], other[0])


def test_images_do_without_strokes():
    """MNIST alone gives pairs, too."""
    _, labels = pool(digits=[], letters=[])
    assert (labels >= 0).sum() > 30


def test_a_pair_takes_two_digits_of_one_writer():
    """Who wrote one digit gives none."""
    with pytest.raises(TrainError, match="no writer has two digits"):
        pool(digits=DIGITS[:1])


def test_pairs_to_measure_with_are_what_their_label_says():
    """A 1 is narrow: of images and of strokes, 11 is narrower than 00."""
    for glyphs, labels in (
        image_pairs(IMAGES[:2], LABELS[:2], 40, 3),
        touching_pairs(DIGITS[:2], 40, "kissing", 3),
    ):
        widths = {
            label: np.mean([np.ptp(np.nonzero(g[..., 0])[1]) for g in glyphs[labels == label]])
            for label in {1, 10} & set(labels.tolist())
        }
        zeros = [np.ptp(np.nonzero(g[..., 0])[1]) for g in glyphs[labels == 0]]
        assert set(labels.tolist()) <= {0, 1, 10, 11}
        assert widths
        if zeros:
            assert max(widths.values()) < np.mean(zeros)


def test_what_is_no_pair_fills_its_glyph():
    """As high as a pair's."""
    glyphs = no_pairs([hand.strokes(3), hand.strokes(1)], 1)
    heights = [np.ptp(np.nonzero(glyph[..., 0])[0]) + 1 for glyph in glyphs]
    assert heights == [22, 22]
