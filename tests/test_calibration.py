"""Application of the calibration to a network's outputs."""

import numpy as np
import pytest

from webapp.recognition import Calibration, ModelError, Outputs, log_odds, tempered

DIGITS = np.float32([[0.01] * 9 + [0.91], [0.1] * 10, [0.5, 0.5] + [0.0] * 8])


def outputs(*is_digit):
    """Return the outputs for three glyphs, with P(is a digit) if given."""
    return Outputs(DIGITS, np.float32(is_digit) if is_digit else None)


def test_by_default_a_network_is_taken_at_its_word():
    """The default calibration changes nothing but rounding."""
    plain, said = Calibration(), (0.001, 0.5, 0.98)
    probabilities = plain.probabilities(outputs(*said))
    assert probabilities == pytest.approx(DIGITS, abs=1e-7)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-12)
    assert plain.is_digit(outputs(*said)) == pytest.approx(said, abs=1e-7)
    assert (plain.not_a_number, plain.unsure) == (0, 0)


def test_a_temperature_divides_the_logits():
    """A temperature of 2 takes the square root of the ratios of probabilities."""
    first, even, _ = Calibration(temperature=2).probabilities(outputs())
    assert first[9] / first[0] == pytest.approx(91**0.5)
    assert first.sum() == pytest.approx(1)
    assert even == pytest.approx([0.1] * 10)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 3.0, 100.0])
def test_a_temperature_keeps_the_order(temperature):
    """A temperature keeps the order of the digits, and zero probabilities break nothing."""
    rng = np.random.default_rng(1)
    rows = rng.dirichlet([0.3] * 10, 50).astype(np.float32)
    rows[0] = np.eye(10)[4]
    warmed = tempered(rows, temperature)
    assert np.isfinite(warmed).all()
    assert np.array_equal(warmed.argmax(axis=1), rows.argmax(axis=1))
    assert warmed.sum(axis=1) == pytest.approx(np.ones(50))


def test_scale_and_offset_are_of_the_odds():
    """Scale and offset apply to the log-odds: 3 to 1, squared, times 2, is 18 to 1."""
    judged = Calibration(scale=2, offset=np.log(2)).is_digit(outputs(0.75, 0.5, 0.25))
    assert judged == pytest.approx([18 / 19, 2 / 3, (2 / 9) / (1 + 2 / 9)])


def test_the_certain_stay_finite():
    """Probabilities of 0 and 1 have finite log-odds and stay probabilities."""
    assert np.isfinite(log_odds(np.float32([0, 1]))).all()
    assert Calibration(scale=3).is_digit(outputs(0, 0.5, 1)) == pytest.approx([0, 0.5, 1])


def test_without_that_output_there_is_nothing_to_calibrate():
    """Without P(is a digit), its calibration is None."""
    assert Calibration(scale=2, offset=1).is_digit(outputs()) is None


def test_a_card_without_constants_changes_nothing():
    """A card without a calibration gives the default one."""
    assert Calibration.of_card({"name": "digits"}) == Calibration()
    assert Calibration.of_card({"calibration": {}}) == Calibration()


def test_the_constants_are_the_card_s():
    """Missing constants keep their default, and other fields of the report are ignored."""
    card = {"calibration": {"temperature": 1.4, "unsure": 1, "ece": 0.004, "data": "dev"}}
    assert Calibration.of_card(card) == Calibration(temperature=1.4, unsure=1.0)


@pytest.mark.parametrize(
    "said",
    [
        *(None, 3, {"temperature": "warm"}, {"unsure": [0.5]}, {"scale": float("nan")}),
        *({"temperature": 0}, {"temperature": -1}, {"not_a_number": float("inf")}),
    ],
)
def test_it_rejects_constants_that_cannot_be(said):
    """The error says which constant is invalid."""
    with pytest.raises(ModelError, match="the calibration in the model card is broken"):
        Calibration.of_card({"calibration": said})
