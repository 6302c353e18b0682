"""Networks of single digits: the seed network of 93,322 parameters, and its extensions."""

from collections.abc import Sequence

import keras
from keras import layers

PARAMETERS = 93_322
"""Parameters of the ten-class part on ink alone. A test and every run verify this number."""

CONVOLUTIONS: Sequence[int] = (32, 64, 64)
"""Filters of the three 3x3 convolutions. 2x2 max-pooling follows the first two."""


def build_network(channels: int = 1, precision: str = "float32") -> keras.Model:
    """Build the network: glyphs, (N, 28, 28, channels) float32 in 0 to 1, to two outputs.

    `digit`, (N, 10), has the probabilities of the ten digits. With one channel it is exactly the
    seed network. `is_digit`, (N, 1), is computed from the same 64 features. More channels only add
    weights to the first convolution.

    Args:
        precision: Keras dtype policy of all layers but the two outputs. The weights are float32
            under any policy. `mixed_bfloat16` computes in bfloat16, to train faster.
    """
    policy = keras.DTypePolicy(precision)
    first, second, third = CONVOLUTIONS
    glyph = keras.Input((28, 28, channels), name="glyph")
    features = glyph
    for layer in (
        layers.Conv2D(first, 3, activation="relu", name="conv1", dtype=policy),
        layers.MaxPooling2D(2, name="pool1", dtype=policy),
        layers.Conv2D(second, 3, activation="relu", name="conv2", dtype=policy),
        layers.MaxPooling2D(2, name="pool2", dtype=policy),
        layers.Conv2D(third, 3, activation="relu", name="conv3", dtype=policy),
        layers.Flatten(name="flatten", dtype=policy),
        layers.Dense(64, activation="relu", name="dense", dtype=policy),
    ):
        features = layer(features)
    digit = layers.Dense(10, activation="softmax", name="digit")(features)
    is_digit = layers.Dense(1, activation="sigmoid", name="is_digit")(features)
    counted = keras.Model(glyph, digit).count_params()
    if counted != PARAMETERS + (channels - 1) * 9 * first:
        raise AssertionError(f"{counted} parameters, not {PARAMETERS}")
    return keras.Model(glyph, {"digit": digit, "is_digit": is_digit}, name="digits")
