"""The networks of single digits: the seed network, and its extensions."""

import keras
import pytest

from train.digit.network import PARAMETERS, build_network


def test_the_ten_class_part_is_the_seed_network():
    """The ten-class part has the seed network's layers and its 93,322 parameters."""
    network = build_network()
    part = keras.Model(network.input, network.output["digit"])
    assert part.count_params() == PARAMETERS == 93_322
    assert part.input_shape == (None, 28, 28, 1)
    assert part.output_shape == (None, 10)
    kinds = [type(layer).__name__ for layer in part.layers[1:]]
    assert kinds == [
        "Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Conv2D", "Flatten", "Dense", "Dense",
    ]  # fmt: skip
    activations = [la.activation.__name__ for la in part.layers if hasattr(la, "activation")]
    assert activations == ["relu", "relu", "relu", "relu", "softmax"]


@pytest.mark.parametrize(("channels", "more"), [(1, 0), (5, 4 * 9 * 32)])
def test_the_other_output_adds_65_weights(channels, more):
    """P(is a digit) adds 65 weights, and direction maps add weights to the first layer only."""
    network = build_network(channels)
    assert network.count_params() == PARAMETERS + 65 + more
    assert network.output["is_digit"].shape == (None, 1)
    assert network.get_layer("is_digit").input is network.get_layer("digit").input
