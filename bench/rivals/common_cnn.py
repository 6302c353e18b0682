"""The common way: a CNN that is trained on MNIST as it is, without augmentation."""

from pathlib import Path

import keras
from keras import layers

from train.data.mnist import load_mnist

from .readers import CNN

EPOCHS, BATCH = 12, 128
"""Of the convolutional example in Keras's documentation, whose network this is."""


def train(mnist: Path | None, folder: Path) -> None:
    """Train the network into a folder, unless it is there.

    Raises:
        DataError: see `load_mnist`.
    """
    if (folder / CNN).exists():
        return
    data = load_mnist(mnist)
    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(
        data.train_glyphs / 255, data.train_labels, batch_size=BATCH, epochs=EPOCHS, verbose=2
    )
    folder.mkdir(parents=True, exist_ok=True)
    network.save(folder / CNN)
