"""MNIST: only the real one passes."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from train import mnist
from train.errors import DataError
from train.mnist import SHA256, load_mnist
from webapp.config import ROOT

OFFICIAL = ROOT.parent / "shared" / "data" / "mnist"


def test_it_rejects_a_missing_file(tmp_path):
    """The message names the file and the folder."""
    with pytest.raises(DataError, match="train-images-idx3-ubyte cannot be read"):
        load_mnist(tmp_path)


@pytest.mark.parametrize("zipped", [True, False])
def test_it_rejects_an_altered_file(tmp_path, zipped):
    """Data that is not MNIST's is not trained on, zipped or not."""
    for name in SHA256:
        content = bytes(16) + bytes(784)
        path = tmp_path / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(DataError, match="has SHA-256"):
        load_mnist(tmp_path)


def test_it_rejects_a_broken_archive(tmp_path):
    """A file cut off on its way is said to be unreadable."""
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(999))[:20])
    with pytest.raises(DataError, match="cannot be read"):
        load_mnist(tmp_path)


def test_a_failed_download_says_what_to_do(monkeypatch):
    """Without a network, the message names the way out."""
    import keras

    def fail():
        raise Exception("URL fetch failure")  # as keras raises it

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    with pytest.raises(DataError, match="--mnist DIR"):
        load_mnist()


def test_the_download_has_the_same_form(monkeypatch):
    """What Keras gives becomes glyphs of (N, 28, 28, 1) and int64 labels."""
    import keras

    rows = np.zeros((3, 28, 28), np.uint8), np.array([1, 2, 3], np.uint8)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: (rows, rows))
    loaded = load_mnist()
    assert loaded.train_glyphs.shape == (3, 28, 28, 1)
    assert loaded.test_labels.dtype == np.int64


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official files are not on this machine")
def test_the_official_files_pass():
    """60,000 and 10,000 glyphs, white ink on black, ten classes."""
    loaded = load_mnist(OFFICIAL)
    assert loaded.train_glyphs.shape == (60_000, 28, 28, 1)
    assert loaded.test_glyphs.shape == (10_000, 28, 28, 1)
    assert np.bincount(loaded.test_labels).tolist()[:2] == [980, 1135]
    assert loaded.train_glyphs[:, 0, 0].max() == 0


def test_headers_are_skipped(tmp_path, monkeypatch):
    """Images start after sixteen bytes, labels after eight."""
    for name, header in (("train-images-idx3-ubyte", 16), ("train-labels-idx1-ubyte", 8)):
        content = bytes(header) + bytes([9, 8, 7])
        Path(tmp_path / name).write_bytes(content)
        monkeypatch.setitem(mnist.SHA256, name, mnist.hashlib.sha256(content).hexdigest())
        assert mnist._idx(tmp_path, name).tolist() == [9, 8, 7]
