"""The line reader's network: fully convolutional, any width."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import layers

from webapp.recognition.ink.strip import ROWS, STRIP_CHANNELS
from webapp.recognition.symbols import CLASSES


@dataclass(frozen=True)
class LineShape:
    """Sizes of the layers."""

    planes: Sequence[int] = (24, 48, 64, 80, 112)
    """Filters of the five 3x3 convolutions. Pooling halves the height after the first, second and
    fourth, and the width after the first."""
    columns: int = 144
    """Filters of the convolution over the whole height, and of the residual ones along the line."""
    dilations: Sequence[int] = (1, 2, 4, 8)
    """Dilations of the residual convolutions, which are 5 columns wide. A column sees 3.5 heights
    to either side. This context tells a slash in a date from a bar."""
    dropout: float = 0.05


def build_line_network(shape: LineShape, precision: str = "float32") -> keras.Model:
    """Build the network: strips, (N, 32, W, 7) float32 in 0 to 1, W even, to two outputs.

    `logits`, (N, W / 2, 24), has the logits of each class in each column of two pixels. `extent`,
    (N, W / 2, 2), says how far the ink of the symbol there reaches to the left and to the right, in
    heights of the writing (20 pixels).

    Args:
        precision: Keras dtype policy of all layers but the outputs. See `build_network`.
    """
    policy = keras.DTypePolicy(precision)
    strip = keras.Input((ROWS, None, STRIP_CHANNELS), name="strip")
    features = strip
    for number, filters in enumerate(shape.planes, 1):
        features = _normalised(
            layers.Conv2D(filters, 3, padding="same", use_bias=False, dtype=policy), features
        )
        if number in (1, 2, 4):
            pool = (2, 2 if number == 1 else 1)
            features = layers.MaxPooling2D(pool, dtype=policy)(features)
    rows = ROWS // 8
    features = _normalised(
        layers.Conv2D(shape.columns, (rows, 1), use_bias=False, dtype=policy), features
    )
    for dilation in shape.dilations:
        convolution = layers.Conv2D(
            shape.columns,
            (1, 5),
            padding="same",
            dilation_rate=(1, dilation),
            use_bias=False,
            dtype=policy,
        )
        own = _normalised(convolution, features)
        features = layers.Add(dtype=policy)([features, own])
    features = layers.Dropout(shape.dropout, dtype=policy)(features)
    outputs = {}
    for name, count in (("logits", CLASSES), ("extent", 2)):
        found = layers.Conv2D(count, 1, name=f"{name}_columns", dtype="float32")(features)
        outputs[name] = layers.Reshape((-1, count), name=name, dtype="float32")(found)
    return keras.Model(strip, outputs, name="line")


def _normalised(layer: layers.Layer, features: keras.KerasTensor) -> keras.KerasTensor:
    """Apply a convolution, batch normalisation and ReLU."""
    policy = layer.dtype_policy
    found = layers.BatchNormalization(dtype=policy)(layer(features))
    return layers.Activation("relu", dtype=policy)(found)
