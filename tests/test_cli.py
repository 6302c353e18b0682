"""`flask --app wsgi read`: pictures from the command line."""

import pytest

from tests import hand


@pytest.fixture
def run(app):
    """Run `read` with some files: its result."""
    return lambda *paths: app.test_cli_runner().invoke(args=["read", *map(str, paths)])


def test_it_works(run, tmp_path):
    """Each file has a line with its digit."""
    for digit in (3, 7):
        (tmp_path / f"{digit}.png").write_bytes(hand.png(hand.picture(digit)))
    result = run(tmp_path / "3.png", tmp_path / "7.png")
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert "3.png: 3 (" in first
    assert "7.png: 7 (" in second


def test_a_bad_file_does_not_stop_the_others(run, tmp_path):
    """What cannot be read is said, the rest is read, and the exit status tells."""
    (tmp_path / "note.txt").write_text("seven")
    (tmp_path / "7.png").write_bytes(hand.png(hand.picture(7)))
    result = run(tmp_path / "none.png", tmp_path / "note.txt", tmp_path / "7.png")
    assert result.exit_code == 1
    assert "none.png" in result.stderr
    assert "no PNG, JPEG or WebP" in result.stderr
    assert "7.png: 7" in result.stdout


def test_a_blank_picture_has_no_ink(run, tmp_path):
    """Nothing written, nothing read."""
    import numpy as np

    (tmp_path / "blank.png").write_bytes(hand.png(np.full((20, 20), 255, np.uint8)))
    assert "- (no ink)" in run(tmp_path / "blank.png").stdout
