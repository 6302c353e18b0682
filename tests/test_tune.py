"""Choosing what counts how much."""

from dataclasses import replace
from functools import partial

import pytest

from tests import hand
from train.tune import Case, asked_once, descend, worth
from webapp.recognition import Calibration, glyph_of_strokes
from webapp.recognition.lattice import Weights
from webapp.recognition.numbers import stroke_medium


@pytest.fixture(scope="module")
def cases(app):
    """Two numbers that the shipped network reads."""
    engine = app.extensions["stroke_engine"]
    calibration = Calibration.of_card(engine.model.card)
    judge = asked_once(engine.classifier, calibration, glyph_of_strokes)
    medium = partial(stroke_medium, judge)
    return [Case("407", hand.number("407"), medium), Case("1987", hand.number("1987"), medium)]


def test_it_works(cases):
    """Weights that read nothing become such that read something."""
    broken = replace(Weights(), more=200.0)
    assert worth(broken, cases)[1] == 0
    better = descend(broken, cases, 3, lambda _: None)
    assert worth(better, cases)[0] > worth(broken, cases)[0]
    assert worth(Weights(), cases)[1] == 1


def test_the_network_is_asked_once(cases, monkeypatch):
    """What it says does not depend on the weights."""
    first = worth(Weights(), cases)
    monkeypatch.setattr("webapp.recognition.LiteRTClassifier.classify", None)
    assert worth(Weights(), cases) == first


def test_a_weight_of_nothing_is_tried_too(cases, monkeypatch):
    """Shares of it would be nothing again."""
    monkeypatch.setattr("train.tune.worth", lambda weights, _: (weights.late, 0.0))
    assert descend(replace(Weights(), late=0.0), cases, 1, lambda _: None).late > 0
