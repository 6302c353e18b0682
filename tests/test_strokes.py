"""Stroke files: read completely, or rejected with the place of the error."""

import gzip
import json
import zlib

import numpy as np
import pytest

from train.data.strokes import (
    StrokeSample,
    file_name,
    imported_from_unipen,
    of_pendigits,
    read_stroke_file,
)
from train.errors import DataError

ROW = {"label": "7", "writer": "one", "strokes": [[[0, 0], [4, 0], [1, 9]], [[1, 4], [3, 4]]]}


def stroke_file(folder, *lines):
    """Write a stroke file of these lines, dicts as JSON."""
    path = folder / "some.jsonl.gz"
    text = "".join((json.dumps(li) if isinstance(li, dict) else li) + "\n" for li in lines)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_it_works(tmp_path):
    """A line becomes a sample with arrays of shape (N, 2)."""
    (sample,) = read_stroke_file(stroke_file(tmp_path, ROW))
    assert (sample.label, sample.writer) == ("7", "one")
    assert [stroke.shape for stroke in sample.strokes] == [(3, 2), (2, 2)]
    assert sample.strokes[0].dtype == np.float64


def test_suspect_rows_are_left_out(tmp_path):
    """Rows marked as mislabelled are skipped."""
    assert list(read_stroke_file(stroke_file(tmp_path, {**ROW, "suspect": True}))) == []


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"label": "1"}', '{"label": "1", "writer": "a", "strokes": [[[1]]]}',
     '{"label": "1", "writer": "a", "strokes": [[]]}',
     '{"label": "1", "writer": "a", "strokes": [[[1, NaN]]]}'],
)  # fmt: skip
def test_it_rejects_what_is_no_sample(tmp_path, line):
    """The error has the file and the line's number."""
    with pytest.raises(DataError, match=r"some\.jsonl\.gz, line 2"):
        list(read_stroke_file(stroke_file(tmp_path, ROW, line)))


def test_it_rejects_what_is_no_file(tmp_path):
    """A missing file and a file that is not gzip are reported as unreadable."""
    plain = tmp_path / "plain.jsonl.gz"
    plain.write_text("{}")
    for path in (tmp_path / "none.jsonl.gz", plain):
        with pytest.raises(DataError, match="cannot be read"):
            list(read_stroke_file(path))


def test_writers_are_split_by_their_names():
    """CRC-32 modulo 4 splits the writers: 0 is test, 1 is dev, 2 and 3 are train."""
    found = {}
    for number in range(40):
        writer = f"writer-{number}"
        found[zlib.crc32(writer.encode()) % 4] = StrokeSample("1", writer, ()).split
    assert found == {0: "test", 1: "dev", 2: "train", 3: "train"}


@pytest.mark.parametrize(
    ("source", "imported"),
    [("data/1a/aga/dawnmrsh.dat#87", True), ("school/1", False), (None, False)],
)
def test_only_what_was_imported_is_unipen_s(tmp_path, source, imported):
    """Only an imported file has UNIPEN's licence."""
    assert imported_from_unipen(stroke_file(tmp_path, {**ROW, "src": source})) is imported


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("pendigits-orig.tra 12 224", "pendigits.jsonl.gz"),
        ("data/1a/aga/dawnmrsh.dat#87", "some.jsonl.gz"),
        (None, "some.jsonl.gz"),
    ],
)
def test_pendigits_are_told_by_their_source(tmp_path, source, name):
    """Pendigits are recognised by their source, because their file may share another's name."""
    path = stroke_file(tmp_path, {**ROW, "src": source})
    assert file_name(path) == name
    assert of_pendigits(path) is (name != path.name)


def test_a_file_without_rows_has_no_source(tmp_path):
    """An empty file keeps its name, and a file that is not gzip is an error."""
    assert file_name(stroke_file(tmp_path)) == "some.jsonl.gz"
    plain = tmp_path / "plain.jsonl.gz"
    plain.write_text("{}")
    with pytest.raises(DataError, match="cannot be read"):
        file_name(plain)


def test_a_contributor_is_read_where_there_is_one(tmp_path):
    """A sample's contributor is empty if the file has no such field."""
    path = stroke_file(tmp_path, {**ROW, "provider": "aga"}, ROW)
    assert [sample.provider for sample in read_stroke_file(path)] == ["aga", ""]
