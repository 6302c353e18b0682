"""The command `inkling`: files in, text, JSON or CSV out."""

import csv
import importlib
import inspect
import json
import os
import pty
import socket
import subprocess
import sys
import threading
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
from webapp.files import Row, Source, files_below, plain
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
        ("[1, 2]", "expected an object"),
        ("not json", "JSON"),
        ("", "JSON"),
    ],
)
def test_a_bad_drawing_says_why(tmp_path, text, message):
    """An invalid drawing gets the error of the API."""
    path = tmp_path / "drawing.json"
    path.write_text(text)
    result = run("read", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


def test_a_drawing_may_begin_with_a_mark(tmp_path):
    """A byte order mark, as editors write it, is no part of a drawing."""
    path = tmp_path / "drawing.json"
    path.write_text(json.dumps({"strokes": hand.columns(4)}), encoding="utf-8-sig")
    assert "\t4\t" in run("read", path).stdout


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


def test_csv_says_whether_the_text_fits(folder):
    """CSV has it only with bounds."""
    for options, fits in ([], ""), (["--min", "8e9"], "false"), (["--max", "8e9"], "true"):
        (row,) = csv.DictReader(
            run("read", "--csv", *options, folder / "7.png").stdout.splitlines()
        )
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
        (["--max", "1e16"], "-1000000000000000.0<=x<=1000000000000000.0"),
        (["--json", "--csv"], "exclude each other"),
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
        (
            {"lines": ["7"], "status": "unsure", "confidence": 0.6, "fits": False},
            "7\tunsure, 60.0%, does not fit",
        ),
        ({"lines": ["7"], "status": "ok", "confidence": 0.9, "fits": True}, "7\t90.0%"),
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
    """With `--total`, the exit status is 0 if all totals hold."""
    path = tmp_path / "marks.png"
    path.write_bytes(hand.png(hand.sheet([["12", "5"], ["5", "28"], ["17", "33"]])))
    result = run("sheet", path, "--total", "-o", tmp_path / "a.csv")
    assert result.exit_code == 0
    assert "sum of column 1 holds: 17" in result.stdout


def test_a_total_that_is_missing_is_told(tmp_path):
    """With `--total`, a column without a total is an error. Otherwise it is none."""
    path = tmp_path / "marks.png"
    path.write_bytes(hand.png(hand.sheet([["12", "5"], ["5", "28"], ["17", ""]])))
    result = run("sheet", path, "--total", "-o", tmp_path / "a.csv")
    assert result.exit_code == 3
    assert "column 2 has no total" in result.stdout
    result = run("sheet", path, "-o", tmp_path / "a.csv")
    assert result.exit_code == 0
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
    reading = module.reading_of(Reader(), "", module.content_of(Source(str(marks))))
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


STEERING = "\x1b\x9b\u202e\u2066\u2028\u2029\n\t\udcff"
"""Characters of a file name that steer a terminal, turn a text around, or end a line or column."""


def test_names_for_people_are_plain(tmp_path):
    """Such characters are replaced. Letters of all scripts and spaces of all kinds stay."""
    assert plain(f"a{STEERING}b") == f"a{'?' * len(STEERING)}b"
    kept = "Prüfung 3\u202fPM\xa0数字 رقم.png"
    assert plain(kept) == kept


def chunks(descriptor):
    """Yield what comes from a terminal until nobody has it open."""
    try:
        while found := os.read(descriptor, 4096):
            yield found
    except OSError:  # so Linux says that it is closed
        return


@pytest.mark.parametrize(
    "command",
    [
        *(["read", *form, ".", f"c{STEERING}"] for form in ([], ["--csv"], ["--json"])),
        ["sheet", f"b{STEERING}.png", "-o", "a.csv"],
        ["show", f"b{STEERING}.png", "-o", "a.png"],
        ["show", "b.png", "-o", f"c{STEERING}"],
        ["read", "--manifest", f"b{STEERING}.png", "--out", "out"],
    ],
)
def test_no_name_steers_a_terminal(tmp_path, command):
    """In a terminal, no form of output and no error has such characters of a name."""
    (tmp_path / f"a{STEERING}.png").write_bytes(hand.png(hand.picture(7)))
    (tmp_path / f"b{STEERING}.png").write_text("no picture")
    (tmp_path / f"c{STEERING}").mkdir()
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "webapp", *command],
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(ROOT), NO_COLOR="1", TERM="dumb"),
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    ):
        os.close(terminal)
        said = b"".join(chunks(controller))
    os.close(controller)
    text = said.decode("utf-8", "surrogateescape")
    assert text
    assert not (set(STEERING) - {"\n"}) & set(text), text


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="it has no device that is full")  # noqa: PTH110
@pytest.mark.parametrize(
    "command",
    [
        ["doctor"],
        ["show", "3.png", "-o", "a.png"],
        ["sheet", "3.png", "-o", "-"],
        *(["read", *form, "3.png"] for form in ([], ["--csv"], ["--json"])),
    ],
)
def test_a_result_that_cannot_be_written_is_an_error(folder, command):
    """A full disk ends each command with one line."""
    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = subprocess.run(
            [sys.executable, "-m", "webapp", *command],
            cwd=folder,
            env=clean_environment(PYTHONPATH=str(ROOT)),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert process.returncode == 1
    assert process.stderr == ("Error: the result cannot be written: No space left on device\n")


@pytest.mark.parametrize("command", ["show", "sheet"])
def test_a_full_disk_leaves_what_was_there(folder, monkeypatch, command):
    """A file that cannot be written is named, and stays as it was. None is left beside it."""
    output = folder / ("a.png" if command == "show" else "a.csv")
    output.write_bytes(b"before")
    there = sorted(folder.iterdir())

    def full(*taken):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run(command, folder / "3.png", "-o", output)
    assert result.exit_code == 1
    assert f"{output}: No space left on device" in result.stderr
    assert output.read_bytes() == b"before"
    assert sorted(folder.iterdir()) == there


def test_a_result_may_have_a_long_name(folder):
    """A name of 255 bytes is written."""
    output = folder / f"{'ä' * 125}a.csv"
    assert run("sheet", folder / "3.png", "-o", output).exit_code == 0
    assert output.read_text() == "3\n"


def test_a_link_to_the_output_stays_one(folder):
    """What a link leads to is written."""
    (folder / "a.csv").symlink_to("b.csv")
    assert run("sheet", folder / "3.png", "-o", folder / "a.csv").exit_code == 0
    assert (folder / "b.csv").read_text() == "3\n"
    assert (folder / "a.csv").is_symlink()


def test_an_empty_folder_is_told(tmp_path):
    """A folder without pictures or drawings is told, and an empty name is no folder."""
    assert "no pictures" in run("read", tmp_path).stderr
    assert run("read", "").exit_code == 1


def test_a_folder_that_cannot_be_listed_is_an_error(folder, monkeypatch):
    """It gets an error and sets the exit status. The others are read."""
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("drawn"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = run("read", folder)
    assert result.exit_code == 1
    assert f"{folder}/drawn: Permission denied" in result.stderr
    assert len(result.stdout.splitlines()) == 2
    result = run("read", "--jsonl", folder / "drawn")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "file": f"{folder}/drawn",
        "error": "Permission denied",
    }
    assert "no pictures" not in result.stderr


def test_a_folder_stands_for_the_same_files_everywhere(folder):
    """Hidden files and folders, and files of runs, are no pictures of a folder, nor are pipes."""
    (folder / ".hidden").mkdir()
    for name in (".3.png", "_3.png", ".hidden/3.png"):
        (folder / name).write_bytes(b"not read")
    listing = importlib.import_module("webapp.batch.listing")
    names = [f"{folder}/3.png", f"{folder}/7.png", f"{folder}/drawn/4.json"]
    assert [line.split("\t")[0] for line in run("read", folder).stdout.splitlines()] == names
    assert listing.files_of(str(folder)) == names


def test_a_folder_may_be_deep(tmp_path):
    """Folders in folders are listed at any depth. A link to a folder is none, and no file."""
    deep = tmp_path.joinpath(*"a" * 100)
    deep.mkdir(parents=True)
    (deep / "7.png").write_bytes(hand.png(hand.picture(7)))
    (tmp_path / "link.png").symlink_to(tmp_path / "a")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 50)  # fewer calls within calls than folders
    try:
        found = [*files_below(str(tmp_path), pytest.fail)]
    finally:
        sys.setrecursionlimit(limit)
    assert found == [str(deep / "7.png")]


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_pipes_of_a_folder_are_not_waited_for(tmp_path, kind):
    """A pipe or a socket in a folder is an error. A pipe that is named is read."""
    path = tmp_path / "a.png"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    result = run("read", tmp_path)
    assert result.exit_code == 1
    assert "It is no file." in result.stderr


def test_a_pipe_that_is_named_is_read(tmp_path):
    """`inkling read <(program)` reads what the program writes."""
    pipe = tmp_path / "a.png"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(hand.png(hand.picture(7))))
    writer.start()
    result = run("read", pipe)
    writer.join()
    assert "\t7\t" in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        "read",
        "read --manifest",
        "read --manifest a --out",
        "sheet",
        "sheet a -o",
        "show",
        "show -o",
    ],
)
def test_names_of_files_are_completed(words):
    """The shell completes names of files where a command takes them."""
    result = run(
        env={
            "_INKLING_COMPLETE": "bash_complete",
            "COMP_WORDS": f"inkling {words} ",
            "COMP_CWORD": str(len(words.split()) + 1),
        },
        prog_name="inkling",
    )
    assert result.stdout == "file,\n"


def test_a_checkout_has_a_version():
    """`--version` works without an installation."""
    assert run("--version").exit_code == 0
