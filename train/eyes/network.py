"""The eyes' network: an encoder and a decoder with skips, like U-Net (Ronneberger et al., 2015)."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import layers


@dataclass(frozen=True)
class EyesShape:
    """Sizes of the layers."""

    planes: Sequence[int] = (16, 24, 40, 56, 64)
    """Filters at a half of the picture's size, a quarter, and so on. At least three."""


def build_eyes(shape: EyesShape, precision: str = "float32") -> keras.Model:
    """Build the network: pictures, (N, H, W, 3) float32, standardised, to two outputs.

    `ink`, (N, H, W, 1), is the logit that a pixel is handwriting. `body`, (N, H / 4, W / 4, 1), is
    the logit that it is in the body of a line. H and W are multiples of 2 to the number of planes.

    Args:
        precision: Keras dtype policy of all layers but the outputs.
    """
    policy = keras.DTypePolicy(precision)

    def convolved(
        features: keras.KerasTensor, filters: int, size: int = 3, stride: int = 1
    ) -> keras.KerasTensor:
        made = layers.Conv2D(filters, size, stride, padding="same", use_bias=False, dtype=policy)
        normalised = layers.BatchNormalization(dtype=policy)(made(features))
        return layers.ReLU(dtype=policy)(normalised)

    picture = keras.Input((None, None, 3), name="picture")
    features = convolved(picture, shape.planes[0], 4, 2)
    levels = [convolved(features, shape.planes[0])]
    for filters in shape.planes[1:]:
        levels.append(convolved(convolved(levels[-1], filters, 3, 2), filters))
    features = levels[-1]
    for number in reversed(range(len(levels) - 1)):
        # Skips are added, not concatenated, which halves the time.
        raised = layers.Conv2D(shape.planes[number], 1, dtype=policy)(features)
        raised = layers.UpSampling2D(2, dtype=policy)(raised)
        features = layers.Add(dtype=policy)([raised, levels[number]])
        features = convolved(features, shape.planes[number])
        if number == 1:
            body = layers.Conv2D(1, 1, dtype="float32", name="body")(features)
    ink = layers.Conv2DTranspose(1, 4, 2, padding="same", dtype="float32", name="ink")(features)
    return keras.Model(picture, {"ink": ink, "body": body}, name="eyes")
