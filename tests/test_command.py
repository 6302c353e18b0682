"""The command `inkling`: files in, text, JSON or CSV out."""

import csv
import importlib
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from support import hand
from support.server import ROOT, clean_environment
from webapp.command import main
from webapp.command.read import COLUMNS
from webapp.files import Row


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
    assert "no PNG, JPEG or WebP" in result.stderr
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
        ("note.txt", "a.png", "no PNG"),
        ("3.png", "none/a.webp", "No such file"),
        ("3.png", "none/a.png", "No such file"),
    ],
)
def test_show_says_what_is_wrong(folder, picture, output, message):
    """A wrong file ends `show` with a message."""
    result = run("show", folder / picture, "-o", folder / output)
    assert result.exit_code == 1
    assert message in result.stderr


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
