"""Code samples of the API's page, run unchanged against a real server."""

import html
import json
import re
import shutil
import subprocess
import sys
import urllib.request

import cv2
import pytest

from support import hand
from support.server import running_server
from webapp.api.samples import WIDTH, in_lines

RUNS = {
    "curl": ["sh", "-c"],
    "Python": [sys.executable, "-c"],
    "JavaScript (Node.js)": ["node", "--input-type=module", "-e"],
}
"""Commands that run a sample, their last argument."""


@pytest.fixture(scope="module")
def page():
    """The page of a running server, with its address in the samples."""
    with (
        running_server(WEB_CONCURRENCY="1") as url,
        urllib.request.urlopen(f"{url}/api/docs", timeout=30) as response,  # noqa: S310
    ):
        yield response.read().decode()


@pytest.fixture
def folder(tmp_path):
    """A folder with the photo that the samples name, a 7."""
    cv2.imwrite(str(tmp_path / "photo.jpg"), hand.picture(7))
    return tmp_path


def sample(page, label):
    """Return the code in a region of the page."""
    [code] = re.findall(
        rf'aria-label="{re.escape(label)}" tabindex="0"><code>(.+?)</code>', page, re.S
    )
    return html.unescape(code)


def run(language, code, folder):
    """Return the output of a sample."""
    command = RUNS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    done = subprocess.run(
        [*command, code], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("language", RUNS)
@pytest.mark.parametrize(("summary", "number"), [("Read a drawing", "-7"), ("Read a picture", "7")])
def test_a_sample_reads_a_number(page, folder, summary, number, language):
    """The samples read a minus and a seven in strokes, and a seven in a photo."""
    printed = run(language, sample(page, f"{summary}, {language}"), folder)
    text = json.loads(printed)["text"] if language == "curl" else printed.split()[0]
    assert text == number


@pytest.mark.parametrize(
    ("summary", "field"),
    [
        ("Read several drawings", "results"),
        ("How one digit was read", "layers"),
    ],
)
def test_the_other_questions_have_a_line_for_a_shell(page, folder, summary, field):
    """The other routes have a sample for a shell that works."""
    assert json.loads(run("curl", sample(page, f"{summary}, curl"), folder))[field]


def test_json_is_broken_into_lines_where_it_is_long():
    """Long JSON is broken into lines and stays the same."""
    assert in_lines({"a": [1, 2]}) == '{"a": [1, 2]}'
    value = {"strokes": [{"x": [20, 62], "y": [150]}] * 3, "none": [], "text": "a" * 80}
    text = in_lines(value)
    assert json.loads(text) == value
    assert text.startswith('{\n  "strokes": [\n    {"x": [20, 62], "y": [150]},\n')
    assert all(len(line) <= WIDTH + 1 for line in text.splitlines() if "aaa" not in line)
