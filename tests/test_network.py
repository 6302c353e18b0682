"""The seed network, exactly."""

from train.network import PARAMETERS, build_network


def test_it_is_the_seed_network():
    """Three convolutions, two poolings, dense 64, softmax 10: 93,322 parameters."""
    network = build_network()
    assert network.count_params() == PARAMETERS == 93_322
    assert network.input_shape == (None, 28, 28, 1)
    assert network.output_shape == (None, 10)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds == [
        "Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Conv2D", "Flatten", "Dense", "Dense",
    ]  # fmt: skip
    activations = [la.activation.__name__ for la in network.layers if hasattr(la, "activation")]
    assert activations == ["relu", "relu", "relu", "relu", "softmax"]
