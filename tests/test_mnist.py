"""MNIST: loading, and verification by SHA-256."""

import gzip
import hashlib

import numpy as np
import pytest

from train.data import mnist
from train.data.mnist import SHA256, WRITERS, dev_rows, load_mnist
from train.errors import DataError
from webapp.config import ROOT

OFFICIAL = ROOT.parent / "shared" / "data" / "mnist"


def test_it_rejects_a_missing_file(tmp_path):
    """The error names the missing file and the folder."""
    with pytest.raises(DataError, match="neither train-images-idx3-ubyte nor"):
        load_mnist(tmp_path)


@pytest.mark.parametrize("zipped", [True, False])
def test_it_rejects_an_altered_file(tmp_path, zipped):
    """An altered file is refused, zipped or not."""
    for name in SHA256:
        content = bytes(16) + bytes(784) if "images" in name else bytes(8) + bytes(1)
        path = tmp_path / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(DataError, match="has SHA-256"):
        load_mnist(tmp_path)


def test_it_rejects_a_broken_archive(tmp_path):
    """A truncated archive is reported as unreadable."""
    whole = gzip.compress(np.random.default_rng(0).bytes(999))
    flipped = whole[:40] + bytes([whole[40] ^ 255]) + whole[41:]
    for broken in (whole[:20], flipped, b"no gzip"):
        (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(broken)
        with pytest.raises(DataError, match="cannot be read"):
            load_mnist(tmp_path)


def test_a_failed_download_says_what_to_do(monkeypatch):
    """The error of a failed download names the alternative."""
    import keras

    def fail():
        raise Exception("URL fetch failure")  # as keras raises it

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    with pytest.raises(DataError, match="--mnist DIR"):
        load_mnist()


def test_another_download_is_refused(monkeypatch):
    """A download is verified by the same hashes."""
    import keras

    rows = np.zeros((3, 28, 28), np.uint8), np.array([1, 2, 3], np.uint8)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: (rows, rows))
    with pytest.raises(DataError, match="has SHA-256"):
        load_mnist()


def test_the_hash_is_that_of_an_idx_file():
    """The hash computed from the arrays equals that of the idx file."""
    glyphs = np.arange(2 * 784, dtype=np.uint8).reshape(2, 28, 28, 1)
    loaded = mnist.Mnist(glyphs, np.array([3, 9]), glyphs, np.array([3, 9]))
    images = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]) + glyphs.tobytes()
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 2, 3, 9])
    assert loaded.sha256["train-images-idx3-ubyte"] == hashlib.sha256(images).hexdigest()
    assert loaded.sha256["t10k-labels-idx1-ubyte"] == hashlib.sha256(labels).hexdigest()


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official files are not on this machine")
def test_the_official_files_pass():
    """The official files have 60,000 and 10,000 glyphs, white on black, in ten classes."""
    loaded = load_mnist(OFFICIAL)
    assert loaded.train_glyphs.shape == (60_000, 28, 28, 1)
    assert loaded.test_glyphs.shape == (10_000, 28, 28, 1)
    assert np.bincount(loaded.test_labels).tolist()[:2] == [980, 1135]
    assert loaded.train_glyphs[:, 0, 0].max() == 0


def test_dev_is_cut_by_writer(tmp_path):
    """All images of a writer are in dev or none, and about one writer in twelve is."""
    labels = np.zeros((6000, 8), int)
    labels[:, 2] = np.arange(6000) // 10
    np.savez(tmp_path / WRITERS, train=labels)
    dev = dev_rows(tmp_path, 6000).reshape(600, 10)
    assert (dev.all(axis=1) == dev.any(axis=1)).all()
    assert 30 < dev.any(axis=1).sum() < 75


def test_dev_needs_the_writers(tmp_path):
    """A missing file of writers, or one of another length, is an error."""
    with pytest.raises(DataError, match="only known beside the files"):
        dev_rows(None, 10)
    with pytest.raises(DataError, match="cannot be read"):
        dev_rows(tmp_path, 10)
    np.savez(tmp_path / WRITERS, train=np.zeros((9, 8)))
    with pytest.raises(DataError, match="9 rows, not 10"):
        dev_rows(tmp_path, 10)
