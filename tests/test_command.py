"""The command `inkling`: files in, text, JSON or CSV out."""

import csv
import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from support import hand
from support.server import ROOT, clean_environment
from webapp import Reader
from webapp.command import main
from webapp.command.grid import Cell, Grid
from webapp.command.read import COLUMNS
from webapp.command.sheet import totals_of
from webapp.files import Row
from webapp.recognition import Box


def run(*arguments, **options):
    """Run the command and return its result."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], **options)


@pytest.fixture
def folder(tmp_path):
    """A folder with two pictures, a drawing in a folder of its own, and a note."""
    for digit in (3, 7):
        (tmp_path / f"{digit}.png").write_bytes(hand.png(hand.picture(digit)))
    (tmp_path / "drawn").mkdir()
    drawing = {"strokes": hand.columns(4)}
    (tmp_path / "drawn" / "4.json").write_text(json.dumps(drawing))
    (tmp_path / "note.txt").write_text("seven")
    return tmp_path


def test_it_works(folder):
    """Each file gets a line with its text and confidence. A folder stands for its files."""
    result = run("read", folder)
    assert result.exit_code == 0
    names = [f"{folder}/3.png", f"{folder}/7.png", f"{folder}/drawn/4.json"]
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [(name, text) for name, text, _ in rows] == [*zip(names, "374", strict=True)]
    assert all(said.endswith("%") for _, _, said in rows)
    assert result.stderr == ""


def test_a_bad_file_does_not_stop_the_others(folder):
    """An unreadable file gets an error line and sets the exit status. The others are read."""
    result = run("read", folder / "none.png", folder / "note.txt", folder / "7.png")
    assert result.exit_code == 1
    assert "none.png: No such file" in result.stderr
    assert "not a PNG, JPEG or WebP" in result.stderr
    assert "7.png\t7" in result.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"strokes": 7}', "strokes"),
        ('{"strokes": [{"x": [1, 2], "y": [1]}]}', "values"),
        ("{", "JSON"),
    ],
)
def test_a_bad_drawing_says_why(tmp_path, text, message):
    """An invalid drawing gets the error of the API."""
    path = tmp_path / "drawing.json"
    path.write_text(text)
    result = run("read", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


@pytest.mark.parametrize("form", ["--json", "--jsonl", "--csv"])
def test_each_form_has_all_files(folder, form):
    """JSON, JSON lines and CSV have a row per file, those with an error too."""
    result = run("read", form, folder / "3.png", folder / "none.png")
    assert result.exit_code == 1
    if form == "--csv":
        rows = [*csv.DictReader(result.stdout.splitlines())]
        assert [*rows[0]] == [*COLUMNS]
    elif form == "--json":
        rows = json.loads(result.stdout)
    else:
        rows = [json.loads(line) for line in result.stdout.splitlines()]
    good, bad = rows
    assert good["file"] == f"{folder}/3.png"
    assert good["text"] == "3"
    assert good["status"] in ("ok", "unsure")
    assert 0 < float(good["confidence"]) <= 1
    assert bad["error"] == "No such file or directory"


def test_no_files_give_an_empty_array(tmp_path):
    """A folder without pictures gives valid JSON, and no error."""
    result = run("read", "--json", tmp_path)
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_json_has_what_the_api_answers(folder, app):
    """A row of JSON is the API's answer, without what belongs to a request."""
    row = json.loads(run("read", "--jsonl", folder / "drawn" / "4.json").stdout)
    body = (folder / "drawn" / "4.json").read_bytes()
    answer = app.test_client().post(
        "/api/v1/predict/strokes", data=body, content_type="application/json"
    )
    wanted = {
        name: value
        for name, value in answer.json.items()
        if name not in ("request_id", "timing_ms", "model")
    }
    assert row == {"file": f"{folder}/drawn/4.json"} | wanted


@pytest.mark.parametrize("kind", ["picture", "drawing"])
def test_the_standard_input_is_read(folder, kind):
    """`-` reads a picture or a drawing from the standard input, once."""
    name = {"picture": "3.png", "drawing": "drawn/4.json"}[kind]
    data = (folder / name).read_bytes()
    result = run("read", "-", input=data)
    assert result.stdout.split("\t")[:2] == ["-", name[-5 if kind == "picture" else -6]]
    assert run("read", "-", "-", input=data).exit_code == 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_jobs_change_nothing_else(folder, jobs):
    """Several processes give the same rows in the same order, with broken files between."""
    paths = [folder / "3.png", folder / "none.png", *[folder / "7.png"] * 9, folder / "note.txt"]
    result = run("read", "--csv", "--jobs", jobs, *paths)
    assert result.exit_code == 1
    rows = [*csv.DictReader(result.stdout.splitlines())]
    assert [row["file"] for row in rows] == [str(path) for path in paths]
    assert [row["text"] for row in rows] == ["3", "", *"777777777", ""]


def test_expect_is_passed_on(folder, tmp_path):
    """`--expect digit` reads all ink as one digit, whatever a drawing says."""
    drawing = {"strokes": hand.columns(1) + hand.columns(1), "expect": "number"}
    path = tmp_path / "ones.json"
    path.write_text(json.dumps(drawing))
    for expect in ("digit", "number"):
        row = json.loads(run("read", "--jsonl", "--expect", expect, path).stdout)
        assert len(row["digits"]) <= 1 or expect == "number"
    assert run("read", "--expect", "word", path).exit_code == 2


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        (["--pattern", "0"], True),
        (["--pattern", "0{3}"], False),
        (["--min", "8e9"], False),
        (["--max", "8e9"], True),
        (["--check", "luhn"], False),
        (["--sum-of", "4.5 -2.5"], False),
    ],
)
def test_bounds_are_passed_on(folder, options, fits):
    """Bounds hold for pictures and drawings, and the row says whether the text fits."""
    for jobs in (1, 2):
        result = run("read", "--jsonl", "--jobs", jobs, *options, folder / "7.png")
        assert json.loads(result.stdout)["fits"] == fits
    row = json.loads(run("read", "--jsonl", *options, folder / "drawn" / "4.json").stdout)
    assert row["fits"] == fits


def test_a_sum_is_passed_on(folder):
    """`--sum-of` has spaces between its numbers, and the text is their sum."""
    files = [folder / "3.png", folder / "7.png"]
    rows = run("read", "--jsonl", "--sum-of", " 4.5 -1  3,50", *files).stdout.splitlines()
    assert [json.loads(row)["fits"] for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pattern", "0{"], "character 3"),
        (["--min", "2", "--max", "1"], "above the most"),
        (["--min", "nan"], "finite"),
        (["--pattern", "0", "--expect", "digit"], "do not go with"),
        (["--jobs", "2", "-"], "standard input"),
        (["--check", "crc"], "luhn"),
        (["--sum-of", "2 x"], "got 'x'"),
        (["--sum-of", ""], "1 to 100"),
        (["--sum-of", "2 " * 101], "1 to 100"),
        (["--sum-of", "2", "--expect", "digit"], "do not go with"),
    ],
)
def test_invalid_bounds_are_wrong_usage(folder, options, words):
    """Invalid bounds end it before any file is read."""
    result = run("read", *options, folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ({"lines": ["407", "12"], "status": "ok", "confidence": 0.9}, "407; 12\t90.0%"),
        ({"lines": ["1"], "status": "unsure", "confidence": 0.6}, "1\tunsure, 60.0%"),
        ({"lines": [], "status": "not_a_number", "confidence": 0.9}, "-\tnot a number, 90.0%"),
        ({"lines": [], "status": "empty", "confidence": 1.0}, "-\tno ink"),
    ],
)
def test_it_says_how_sure_it_is(monkeypatch, answer, line):
    """A status other than ok stands before the confidence."""
    module = importlib.import_module("webapp.command.read")  # its command has the same name
    monkeypatch.setattr(module, "read_files", lambda *_: [Row("a.png", answer)])
    assert run("read", "a.png").stdout == f"a.png\t{line}\n"


def test_a_reader_that_leaves_ends_it_quietly(folder):
    """`inkling read … | head` ends without a traceback."""
    reads, writes = os.pipe()
    os.close(reads)
    process = subprocess.run(
        [sys.executable, "-m", "webapp", "read", "--jsonl", *[str(folder / "3.png")] * 3],
        cwd=ROOT,
        env=clean_environment(),
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(writes)
    assert "Traceback" not in process.stderr


def test_a_wrong_setting_is_named(folder, monkeypatch):
    """A wrong setting or a missing model ends it with a message."""
    monkeypatch.setenv("INKLING_MODELS", str(folder))
    for arguments in (["read", folder], ["doctor"]):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "cannot be read" in result.stderr
    monkeypatch.setenv("INKLING_MODLES", "x")
    assert "INKLING_MODLES" in run("doctor").stderr


def test_show_draws_what_is_read(folder):
    """`show` writes the picture, enlarged if small, with a box around the digit."""
    output = folder / "overlay.png"
    result = run("show", folder / "7.png", "-o", output)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("7 (")
    drawn = cv2.imread(str(output))
    assert max(drawn.shape[:2]) >= 640
    coloured = np.ptp(drawn.astype(int), axis=2) > 60
    rows, columns = np.nonzero(coloured)
    assert np.ptp(columns) > 0.3 * drawn.shape[1]
    assert np.ptp(rows) > 0.5 * drawn.shape[0]


@pytest.mark.parametrize(
    ("picture", "output", "message"),
    [
        ("none.png", "a.png", "No such file"),
        ("note.txt", "a.png", "not a PNG"),
        ("3.png", "none/a.webp", "No such file"),
        ("3.png", "none/a.png", "No such file"),
    ],
)
def test_show_says_what_is_wrong(folder, picture, output, message):
    """A wrong file ends `show` with a message."""
    result = run("show", folder / picture, "-o", folder / output)
    assert result.exit_code == 1
    assert message in result.stderr


MARKS = [["12", "40", ""], ["5", "28", "6"], ["17", "69", "6"]]
"""A table: the first column adds up, the second is off by 1, the third has two numbers."""


@pytest.fixture
def marks(tmp_path):
    """A picture of the table."""
    path = tmp_path / "marks.png"
    path.write_bytes(hand.png(hand.sheet(MARKS)))
    return path


def test_a_sheet_becomes_a_csv_file(marks):
    """Each number is in its place, and what is doubtful comes first, the least certain at the top.

    The last line says how much there is, and what adds up is told before.
    """
    output = marks.with_suffix(".csv")
    result = run("sheet", marks, "-o", output)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [*csv.reader(output.read_text().splitlines())] == MARKS
    *cells, total, size = result.stdout.splitlines()
    assert total == "sum of column 1 holds: 17"
    assert size == f"the table has 3 by 3 cells, {len(cells)} doubtful, 1 empty"
    shown = [cell.split("\t") for cell in cells]
    assert all(MARKS[int(row) - 1][int(column) - 1] == text for row, column, text, *_ in shown)
    sure = [float(cell[3].rstrip("%")) for cell in shown]
    assert sure == sorted(sure)


@pytest.mark.parametrize("slope", [-0.04, 0.04])
def test_a_sheet_may_slope(tmp_path, slope):
    """Rows that fall or rise by a third of the way to the next row are found."""
    rows = [["12", "7", "340"], ["5", "28", "61"], ["17", "35", "401"]]
    path = tmp_path / "marks.png"
    path.write_bytes(hand.png(hand.sheet(rows, slope=slope)))
    result = run("sheet", path, "-o", "-")
    assert [*csv.reader(result.stdout.splitlines())] == rows


def test_doubtful_cells_are_a_table_in_a_terminal(monkeypatch, marks):
    """In a terminal the doubtful cells have a heading."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    lines = run("sheet", marks, "--total", "-o", marks.with_suffix(".csv")).stdout.splitlines()
    assert all(name in lines[1] for name in ("row", "column", "text", "confidence"))
    assert any("69" in line for line in lines[3:-4])


def test_a_total_that_does_not_hold_is_told(marks):
    """With `--total` its column is doubtful, and the exit status is one of its own."""
    output = marks.with_suffix(".csv")
    result = run("sheet", marks, "--total", "-o", output)
    assert result.exit_code == 3
    lines = result.stdout.splitlines()
    assert "sum of column 1 holds: 17" in lines
    assert "sum of column 2 is off by 1: 69 is written, 68 is the sum" in lines
    assert "sum of column 3 holds: 6" in lines
    listed = {tuple(line.split("\t")[:2]) for line in lines if "\t" in line}
    assert {("1", "2"), ("2", "2"), ("3", "2")} <= listed
    # The numbers stay as they are read.
    assert [*csv.reader(output.read_text().splitlines())] == MARKS


def test_totals_that_hold_are_no_error(tmp_path):
    """With `--total`, the exit status is 0 if all totals hold. A column may have none."""
    path = tmp_path / "marks.png"
    path.write_bytes(hand.png(hand.sheet([["12", "5"], ["5", "28"], ["17", ""]])))
    result = run("sheet", path, "--total", "-o", tmp_path / "a.csv")
    assert result.exit_code == 0
    assert "sum of column 1 holds: 17" in result.stdout
    assert "column 2" not in result.stdout


@pytest.mark.parametrize(
    ("columns", "told", "said"),
    [
        (["0.1", "0.2", "0.3"], False, ["sum of column 1 holds: 0.3"]),
        (["1.000,50", "1,000.50", "2001"], False, ["sum of column 1 holds: 2001"]),
        (["5", "-8", "-3"], False, ["sum of column 1 holds: -3"]),
        (["7", "7"], False, []),
        (["7"], False, []),
        (["1", "2", "4"], False, []),
        (["1/2", "2", "2"], False, []),
        (["7", "7"], True, ["sum of column 1 holds: 7"]),
        (["0.10", "0.2", "0.25"], True, ["off by -0.05: 0.25 is written, 0.30 is the sum"]),
        (["1/2", "2", "2"], True, ["cannot be checked"]),
        (["1", "2", "1/2"], True, ["cannot be checked"]),
        (["5"], True, ["off by 5: 5 is written, 0 is the sum"]),
    ],
)
def test_sums_are_exact(columns, told, said):
    """A last number is a total if it is the exact sum of two or more, or if it is said to be."""
    cells = tuple(Cell(row, 0, text, 1.0, False) for row, text in enumerate(columns))
    found = [str(total) for total in totals_of(Grid(len(cells), 1, cells), told)]
    assert len(found) == len(said)
    assert all(words in total for words, total in zip(said, found, strict=True))


def test_a_sheet_comes_from_the_standard_input(marks):
    """`-` is the standard input, and with `-o -` the CSV alone is the standard output."""
    result = run("sheet", "-", "-o", "-", input=marks.read_bytes())
    assert result.exit_code == 0
    assert [*csv.reader(result.stdout.splitlines())] == MARKS
    assert "sum of column 1 holds: 17" in result.stderr


def test_a_drawing_may_be_a_sheet(tmp_path):
    """A drawing is read, too."""
    strokes = [{"x": s[:, 0].tolist(), "y": s[:, 1].tolist()} for s in hand.number("407", "52")]
    (tmp_path / "a.json").write_text(json.dumps({"strokes": strokes}))
    result = run("sheet", tmp_path / "a.json", "-o", tmp_path / "a.csv")
    assert (result.exit_code, (tmp_path / "a.csv").read_text()) == (0, "407\n52\n")


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--total"], 3)])
def test_an_empty_sheet_gives_an_empty_file(tmp_path, options, status):
    """A page without ink has no cells; a total that is said to be there is missing."""
    (tmp_path / "a.png").write_bytes(hand.png(np.full((200, 200), 255, np.uint8)))
    result = run("sheet", *options, tmp_path / "a.png", "-o", tmp_path / "a.csv")
    assert (result.exit_code, (tmp_path / "a.csv").read_text()) == (status, "")
    assert "there is no ink" in result.stdout


def test_ink_that_is_not_read_is_told(monkeypatch, marks):
    """Scribbles, ink beside the table and a reading that ended early are said."""
    module = importlib.import_module("webapp.command.sheet")
    reading = module.reading_of(Reader(), module.content_of(str(marks)))
    box = reading.digits[0].box
    changed = replace(reading, ignored=(box, Box(-500, 0, 5, 5)), limit="time")
    monkeypatch.setattr(module, "reading_of", lambda *_, **__: changed)
    lines = run("sheet", marks, "-o", marks.with_suffix(".csv")).stdout.splitlines()
    assert any(line.startswith("1\t1\t12\t") for line in lines)
    assert "pieces of ink beside the table that are not read: 1" in lines
    assert "the reading ended early, by its bound of time" in lines


@pytest.mark.parametrize(
    ("picture", "output", "status", "message"),
    [
        ("none.png", "a.csv", 1, "none.png: No such file"),
        ("note.txt", "a.csv", 1, "note.txt: The image is not a PNG"),
        ("3.png", "none/a.csv", 1, "a.csv: No such file"),
        ("3.png", "drawn.csv", 1, "drawn.csv: Is a directory"),
        ("3.png", "3.png", 2, "does not end in .csv"),
    ],
)
def test_sheet_says_what_is_wrong(folder, picture, output, status, message):
    """A picture that cannot be read, and a file that cannot be written, end it with a message."""
    (folder / "drawn.csv").mkdir()
    result = run("sheet", folder / picture, "-o", folder / output)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr
    assert not (folder / "a.csv").exists()


def test_a_sheet_needs_one_picture_and_a_name(marks):
    """No picture, two pictures, or no name for the file is wrong usage."""
    for arguments in (["-o", "a.csv"], [marks, marks, "-o", "a.csv"], [marks]):
        assert run("sheet", *arguments).exit_code == 2


def test_doctor_checks_the_installation(monkeypatch):
    """`doctor` names versions, models, settings and reads a digit. It hides secrets."""
    monkeypatch.setenv("INKLING_METRICS_TOKEN", "0123456789abcdef")
    monkeypatch.setenv("INKLING_READINGS", "3")
    result = run("doctor")
    assert result.exit_code == 0, result.stderr
    for words in ("python", "numpy", "line", "INKLING_READINGS = 3", "'7'", "All is well."):
        assert words in result.stdout
    assert "0123456789abcdef" not in result.stdout
    assert "INKLING_METRICS_TOKEN = (hidden)" in result.stdout


def test_show_writes_pictures_only(folder):
    """An output name without a picture's suffix is wrong usage, before anything is read."""
    result = run("show", folder / "7.png", "-o", folder / "a.bmp")
    assert result.exit_code == 2
    assert "a.bmp" in result.stderr


@pytest.mark.parametrize("form", [None, "--json", "--jsonl", "--csv"])
def test_any_file_name_is_printed(tmp_path, form):
    """Names that are no text, or look like markup, end neither the run nor a line."""
    names = [b"\xff.png", b"[red].png", b"a\tb.png"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(hand.png(hand.picture(7)))
    command = [sys.executable, "-m", "webapp", "read", *([form] if form else []), str(tmp_path)]
    process = subprocess.run(
        command,
        cwd=ROOT,
        env=clean_environment(PYTHONIOENCODING="utf-8:strict"),
        capture_output=True,
        timeout=60,
    )
    assert process.returncode == 0, process.stderr
    text = process.stdout.decode("utf-8", "surrogateescape")
    if form == "--json":
        assert len(json.loads(text)) == 3
    elif form == "--csv":
        assert len([*csv.DictReader(text.splitlines())]) == 3
    else:
        assert len(text.splitlines()) == 3
        assert form == "--jsonl" or all(line.count("\t") == 2 for line in text.splitlines())


def test_an_empty_folder_is_told(tmp_path):
    """A folder without pictures or drawings is told, and an empty name is no folder."""
    assert "no pictures" in run("read", tmp_path).stderr
    assert run("read", "").exit_code == 1


def test_a_checkout_has_a_version():
    """`--version` works without an installation."""
    assert run("--version").exit_code == 0
