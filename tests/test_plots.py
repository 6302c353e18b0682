"""Plots of an evaluation: reproducible bytes, and their content."""

import cv2
import numpy as np
import pytest

from train.measure.digits import Result, figures_of
from train.measure.plots import (
    CAPTION,
    SHEET_MOST,
    TILE,
    contact_sheet,
    plot_reliability,
    plot_risk,
)


def results(count=60, seed=0):
    """Return calibrated readings, some of them rejected."""
    rng = np.random.default_rng(seed)
    made = []
    for confidence in rng.uniform(0.3, 1, count):
        rest = (1 - confidence) / 9
        row = tuple(confidence if d == 3 else rest for d in range(10))
        label = 3 if rng.random() < confidence else 8
        status = "ok" if confidence > 0.4 else "not_a_number"
        glyph = np.full((28, 28), 255, np.uint8)
        made.append(Result("digits", label, None, status, "3", confidence, row, None, glyph))
    return made


@pytest.mark.parametrize("plot", [plot_reliability, plot_risk])
def test_the_same_figures_give_the_same_bytes(plot, tmp_path):
    """The same figures give the same bytes, and other figures give others."""
    once = [figures_of("some", results(), "strokes")]
    for name, rows in (("a", once), ("b", once), ("c", [figures_of("o", results(seed=1), "")])):
        plot(rows, tmp_path / f"{name}.svg")
    first, again, other = ((tmp_path / f"{name}.svg").read_bytes() for name in "abc")
    assert first == again != other
    assert b"<svg" in first
    assert b"<dc:date>" not in first


@pytest.mark.parametrize("plot", [plot_reliability, plot_risk])
def test_they_take_what_is_rejected_altogether(plot, tmp_path):
    """A set without a single reading can be plotted."""
    rejected = [Result("digits", 1, None, "not_a_number", "", 0.9, (0.1,) * 10, 0.1)] * 3
    plot([figures_of("none", rejected, "strokes")], tmp_path / "a.svg")
    assert (tmp_path / "a.svg").exists()


def test_a_sheet_has_a_place_for_each(tmp_path):
    """A contact sheet has three results side by side, ink dark on white, with captions."""
    contact_sheet(results(3), tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"), cv2.IMREAD_GRAYSCALE)
    assert sheet.shape[0] == TILE + CAPTION
    for place in range(3):
        left = place * sheet.shape[1] // 3
        assert (sheet[:TILE, left : left + TILE] == 0).all()
        assert (sheet[TILE:, left : left + TILE] < 128).any()


def test_a_sheet_ends_somewhere(tmp_path):
    """A contact sheet has a limited number of results, the most confident first."""
    blank = Result("doodles", None, None, "empty", "", 1.0, (), None)
    for count in (SHEET_MOST, SHEET_MOST + 50):
        contact_sheet([*results(count), blank], tmp_path / f"{count}.png")
    heights = {cv2.imread(str(path)).shape for path in tmp_path.iterdir()}
    assert len(heights) == 1
    contact_sheet([blank], tmp_path / "blank.png")
    assert (cv2.imread(str(tmp_path / "blank.png"))[:TILE] == 255).all()
