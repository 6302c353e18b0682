"""MNIST, verified by SHA-256: from a folder of the official files, or through Keras."""

import gzip
import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of each official file, uncompressed, so that zipped and unzipped copies both pass."""

ABOUT = {
    "authors": "Y. LeCun, C. Cortes, C. J. C. Burges",
    "licence": "none is stated where its authors publish it",
    "citation": "LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document "
    "recognition. Proceedings of the IEEE 86(11), 1998",
}
"""Entry of a model's card for MNIST."""

WRITERS = "writers.npz"
"""QMNIST's labels of the same images: `train`, (60000, 8), with the writer in column 2."""

HEADER_BYTES = {"idx3": 16, "idx1": 8}
"""Length of the header: a magic number and the size of each dimension, four bytes each."""


@dataclass(frozen=True)
class Mnist:
    """MNIST: glyphs are uint8 of shape (N, 28, 28, 1), ink 255 on 0; labels int64 of shape (N,)."""

    train_glyphs: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_glyphs: NDArray[np.uint8]
    test_labels: NDArray[np.int64]

    @property
    def sha256(self) -> dict[str, str]:
        """SHA-256 of each official file, recomputed from the arrays."""
        return {
            f"{part}-{kind}-idx{array.ndim}-ubyte": hashlib.sha256(_idx_content(array)).hexdigest()
            for part, glyphs, labels in (
                ("train", self.train_glyphs, self.train_labels),
                ("t10k", self.test_glyphs, self.test_labels),
            )
            for kind, array in (("images", glyphs[..., 0]), ("labels", labels))
        }


def load_mnist(folder: Path | None = None) -> Mnist:
    """Load the official 60,000 and 10,000 digits.

    Args:
        folder: holds the four idx files, zipped or not. None downloads them through
            `keras.datasets`, which caches them in `~/.keras`.

    Raises:
        DataError: a file is missing, altered or cannot be downloaded.
    """
    loaded = _download() if folder is None else _read(folder)
    for name, found in loaded.sha256.items():
        if found != SHA256[name]:
            raise DataError(f"{name} has SHA-256 {found}, not MNIST's {SHA256[name]}")
    return loaded


def dev_rows(folder: Path | None, count: int) -> NDArray[np.bool_]:
    """Return which training images are dev: those of every twelfth writer, by CRC-32.

    Raises:
        DataError: the file of the writers is missing or has another length.
    """
    if folder is None:
        raise DataError(f"writers are only known beside the files: --mnist DIR with {WRITERS}")
    try:
        writers = np.load(folder / WRITERS)["train"][:, 2]
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise DataError(f"{folder / WRITERS} cannot be read: {error}") from error
    if len(writers) != count:
        raise DataError(f"{folder / WRITERS} has {len(writers)} rows, not {count}")
    return np.array([zlib.crc32(str(int(writer)).encode()) % 12 == 1 for writer in writers])


def _read(folder: Path) -> Mnist:
    return Mnist(
        _images(_payload(folder, "train-images-idx3-ubyte")),
        _payload(folder, "train-labels-idx1-ubyte").astype(np.int64),
        _images(_payload(folder, "t10k-images-idx3-ubyte")),
        _payload(folder, "t10k-labels-idx1-ubyte").astype(np.int64),
    )


def _download() -> Mnist:
    import keras

    try:
        (train_x, train_y), (test_x, test_y) = keras.datasets.mnist.load_data()
    except Exception as error:  # keras raises a bare Exception when a download fails
        raise DataError(
            f"MNIST could not be downloaded: {error}. Give a folder of its four official files "
            "instead: --mnist DIR"
        ) from error
    return Mnist(
        _images(train_x), train_y.astype(np.int64), _images(test_x), test_y.astype(np.int64)
    )


def _images(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels.reshape(-1, 28, 28, 1)


def _payload(folder: Path, name: str) -> NDArray[np.uint8]:
    """Return the bytes after the header of an idx file."""
    zipped, plain = folder / f"{name}.gz", folder / name
    try:
        content = gzip.decompress(zipped.read_bytes()) if zipped.exists() else plain.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"there is neither {name} nor {name}.gz in {folder}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} in {folder} cannot be read: {error}") from error
    header = HEADER_BYTES[name.split("-")[2]]
    size = len(content) - header
    if size < 0 or ("images" in name and size % (28 * 28)):
        raise DataError(f"{name} in {folder} has {len(content)} bytes, which no such file has")
    return np.frombuffer(content, np.uint8, offset=header)


def _idx_content(array: NDArray[np.generic]) -> bytes:
    """Serialise an array as an idx file: magic number, sizes, bytes."""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()
