"""`flask --app wsgi read`: pictures from the command line."""

import pytest

from support import hand
from tests import fake


@pytest.fixture
def run(app):
    """A function that runs `read` with some files and returns its result."""
    return lambda *paths: app.test_cli_runner().invoke(args=["read", *map(str, paths)])


def test_it_works(run, tmp_path):
    """`read` prints a line with the digit of each file."""
    for digit in (3, 7):
        (tmp_path / f"{digit}.png").write_bytes(hand.png(hand.picture(digit)))
    result = run(tmp_path / "3.png", tmp_path / "7.png")
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert "3.png: 3 (" in first
    assert "7.png: 7 (" in second


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("ok", "1 (90.0%)"),
        ("unsure", "1 (unsure, 60.0%)"),
        ("not_a_number", "- (not a number, 90.0%)"),
    ],
)
def test_it_says_how_sure_it_is(status, line, tmp_path):
    """An unsure reading is marked as unsure, and a non-digit as not a number."""
    path = tmp_path / "3.png"
    path.write_bytes(hand.png(hand.picture(3)))
    result = fake.site(status).test_cli_runner().invoke(args=["read", str(path)])
    assert (result.exit_code, result.stdout) == (0, f"{path}: {line}\n")


def test_a_bad_file_does_not_stop_the_others(run, tmp_path):
    """An unreadable file gets an error line and sets the exit status, and the others are read."""
    (tmp_path / "note.txt").write_text("seven")
    (tmp_path / "7.png").write_bytes(hand.png(hand.picture(7)))
    result = run(tmp_path / "none.png", tmp_path / "note.txt", tmp_path / "7.png")
    assert result.exit_code == 1
    assert "none.png" in result.stderr
    assert "no PNG, JPEG or WebP" in result.stderr
    assert "7.png: 7" in result.stdout


def test_a_blank_picture_has_no_ink(run, tmp_path):
    """A blank picture is reported as empty."""
    import numpy as np

    (tmp_path / "blank.png").write_bytes(hand.png(np.full((20, 20), 255, np.uint8)))
    assert "- (no ink)" in run(tmp_path / "blank.png").stdout


def test_lines_of_a_picture_stand_in_one(run, tmp_path):
    """All lines of a picture are printed on one line."""
    from tests.test_pictures import drawn

    path = tmp_path / "page.png"
    strokes = [0.6 * stroke for stroke in hand.number("407", "12", gap=0.3)]
    path.write_bytes(hand.png(drawn(strokes, pen=4)))
    assert run(path).stdout.startswith(f"{path}: 407; 12 (")
