"""`flask --app wsgi read`: pictures from the command line."""

import pytest

from tests import fake, hand


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


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("ok", "1 (90.0%)"),
        ("unsure", "1 (unsure, 60.0%)"),
        ("not_a_number", "- (not a number, 90.0%)"),
    ],
)
def test_it_says_how_sure_it_is(status, line, tmp_path):
    """A guess is called one, and what is no digit is not read as one."""
    path = tmp_path / "3.png"
    path.write_bytes(hand.png(hand.picture(3)))
    result = fake.site(status).test_cli_runner().invoke(args=["read", str(path)])
    assert (result.exit_code, result.stdout) == (0, f"{path}: {line}\n")


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


def test_lines_of_a_picture_stand_in_one(run, tmp_path):
    """One line a file, whatever is written on it."""
    from tests.test_pictures import drawn

    path = tmp_path / "page.png"
    strokes = [0.6 * stroke for stroke in hand.number("407", "12", gap=0.3)]
    path.write_bytes(hand.png(drawn(strokes, pen=4)))
    assert run(path).stdout.startswith(f"{path}: 407; 12 (")
