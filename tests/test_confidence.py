"""The confidence: from evidence to the probability that a text is right."""

import math
from dataclasses import replace

import pytest

from webapp.config import ROOT
from webapp.recognition import Confidence, ModelError, load_model
from webapp.recognition.network.confidence import Evidence

PLAIN = Evidence(
    share=0.9,
    weakest=0.95,
    opinion=0.99,
    is_digit=0.98,
    misfit=0.1,
    symbols=4,
    pieces=4,
    left_out=0.0,
)
"""Evidence of a number of four digits that is read with little doubt."""

FITTED = Confidence(
    bias=0.5, share=0.6, weakest=0.3, opinion=0.2, is_digit=0.4, misfit=-1.0, symbols=-0.2
)
"""Weights with the signs that a fit gives."""


def test_it_works():
    """The confidence is a logistic model of the features."""
    odds = (
        0.5
        + 0.6 * math.log(0.9 / 0.1)
        + 0.3 * math.log(0.95 / 0.05)
        + 0.2 * math.log(0.99 / 0.01)
        + 0.4 * math.log(0.98 / 0.02)
        - 1.0 * 0.1
        - 0.2 * math.log(4)
    )
    assert FITTED.of(PLAIN) == pytest.approx(1 / (1 + math.exp(-odds)))


def test_without_a_card_the_line_reader_is_taken_at_its_word():
    """The default confidence is the share of the best text."""
    for share in (0.01, 0.5, 0.987):
        assert Confidence().of(replace(PLAIN, share=share)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("share", 0.5),
        ("weakest", 0.4),
        ("opinion", 0.01),
        ("is_digit", 0.02),
        ("misfit", 0.9),
        ("symbols", 40),
        ("left_out", 0.3),
    ],
)
def test_worse_evidence_makes_it_less_sure(name, value):
    """Each kind of evidence reduces the confidence if it gets worse."""
    assert FITTED.of(replace(PLAIN, **{name: value})) < FITTED.of(PLAIN)


def test_what_is_left_out_is_never_read():
    """The confidence is multiplied by the share of the ink that is part of the text."""
    sure = FITTED.of(PLAIN)
    assert FITTED.of(replace(PLAIN, left_out=0.5)) == pytest.approx(sure / 2)
    assert FITTED.of(replace(PLAIN, left_out=1.0)) == 0


@pytest.mark.parametrize("weight", [1e6, -1e6])
@pytest.mark.parametrize("share", [0.0, 1e-300, 1.0])
@pytest.mark.parametrize("symbols", [0, 1, 250])
def test_it_is_a_probability_at_the_edges(weight, share, symbols):
    """The confidence is between 0 and 1 for extreme shares, symbol counts and weights."""
    extreme = replace(PLAIN, share=share, weakest=share, symbols=symbols, misfit=1e300)
    for confidence in (Confidence(share=weight), Confidence(misfit=weight), FITTED):
        assert 0 <= confidence.of(extreme) <= 1


def test_a_misfit_counts_up_to_a_height():
    """A misfit counts up to one height."""
    assert FITTED.of(replace(PLAIN, misfit=1.0)) == FITTED.of(replace(PLAIN, misfit=9.0))


def test_a_card_without_it_gives_the_defaults():
    """A card without a confidence gives the default one."""
    assert Confidence.of_card({}) == Confidence()
    assert Confidence.of_card({"confidence": {}}) == Confidence()


def test_a_card_says_each_constant():
    """A card sets each constant, and its other fields are ignored."""
    said = {"bias": 1, "share": 0.5, "unsure": 0.7, "second_opinion": 0.25, "fitted_on": "dev"}
    expected = Confidence(bias=1.0, share=0.5, unsure=0.7, second_opinion=0.25)
    assert Confidence.of_card({"confidence": said}) == expected


def test_pictures_have_constants_of_their_own():
    """Pictures have their own constants if the card has them, and those of strokes otherwise."""
    said = {"bias": 1, "pictures": {"bias": 2}}
    assert Confidence.of_card({"confidence": said}, pictures=True) == Confidence(bias=2.0)
    assert Confidence.of_card({"confidence": said}) == Confidence(bias=1.0)
    assert Confidence.of_card({"confidence": {"bias": 1}}, pictures=True) == Confidence(bias=1.0)


@pytest.mark.parametrize(
    "broken", [{"bias": "warm"}, {"unsure": None}, {"share": [1]}, {"misfit": "nan"}, 3, None]
)
def test_it_rejects_a_confidence_that_is_none(broken):
    """The error says which constant is invalid."""
    with pytest.raises(ModelError, match="confidence in the model card is broken"):
        Confidence.of_card({"confidence": broken})
    with pytest.raises(ModelError, match="confidence in the model card is broken"):
        Confidence.of_card({"confidence": {"pictures": broken}}, pictures=True)


@pytest.mark.parametrize("pictures", [False, True])
@pytest.mark.parametrize("symbols", [1, 2, 4, 8, 12, 20, 40])
def test_the_shipped_confidence_is_no_surer_than_the_reader(symbols, pictures):
    """With the shipped confidence, a text that the reader itself gives one half is never `ok`."""
    model = Confidence.of_card(load_model(ROOT / "models", "line").card, pictures)
    for pieces in (1, symbols, 2 * symbols):
        torn = Evidence(0.5, 0.999, 0.999, 0.999, 0.0, symbols, pieces, 0.0)
        assert model.of(torn) < 0.9 < model.unsure
