"""The seed network: three convolutions, 93,322 parameters."""

from collections.abc import Sequence

import keras
from keras import layers

PARAMETERS = 93_322
"""What the network must count; a test and every training run hold it to this."""

CONVOLUTIONS: Sequence[int] = (32, 64, 64)
"""Filters of the three 3x3 convolutions; the first two are followed by 2x2 max-pooling."""


def build_network() -> keras.Model:
    """28x28x1 glyphs, float32 in 0 to 1, to the probabilities of the ten digits."""
    first, second, third = CONVOLUTIONS
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1), name="glyph"),
            layers.Conv2D(first, 3, activation="relu", name="conv1"),
            layers.MaxPooling2D(2, name="pool1"),
            layers.Conv2D(second, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Conv2D(third, 3, activation="relu", name="conv3"),
            layers.Flatten(name="flatten"),
            layers.Dense(64, activation="relu", name="dense"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )
    if network.count_params() != PARAMETERS:
        raise AssertionError(f"{network.count_params()} parameters, not {PARAMETERS}")
    return network
