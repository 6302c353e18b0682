"""Photographed lines as the eyes see them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.ink_files import inks_in
from train.eyes.views import SIDE
from train.line import compose, seen
from train.line.compose import random_line
from train.line.seen import CROPPED, photographed, strip_as_seen
from train.measure.evaluate import EYES_MODEL, MODELS
from webapp.recognition import Seen
from webapp.recognition.ink.strip import ROWS
from webapp.recognition.symbols import OTHER, SYMBOLS

EYES = MODELS / f"{EYES_MODEL}.tflite"

BODY = 20.0


@pytest.fixture(scope="module")
def inks(tmp_path_factory):
    """Ink of two contributors."""
    return inks_in(tmp_path_factory.mktemp("inks"))


class FakeEyes:
    """Eyes that find what `change` makes of the written ink of the latest view."""

    def __init__(self, monkeypatch, change):
        self.change = change
        self.ink = None
        real = seen.photographed

        def watched(*arguments):
            view = real(*arguments)
            self.ink, self.body = view.ink, view.body
            return view

        monkeypatch.setattr(seen, "photographed", watched)
        monkeypatch.setattr(seen, "_eyes", lambda path: self)

    def see(self, picture, budget=None):
        """Return the changed ink at the size of the picture."""
        size = picture.shape[1::-1]
        ink = cv2.resize(self.change(self.ink.copy()), size, interpolation=cv2.INTER_NEAREST)
        small = (-(-size[0] // 4), -(-size[1] // 4))
        return Seen(ink, cv2.resize(self.body, small, interpolation=cv2.INTER_NEAREST))


def strips(inks, count=12, text="407"):
    """Return the strips of some views, None for those that are not used."""
    return [
        strip_as_seen(text, inks, EYES, BODY, np.random.default_rng(seed)) for seed in range(count)
    ]


def test_it_works(inks):
    """The shipped eyes see enough of many lines, and a strip is ink 32 rows high."""
    found = [strip for strip in strips(inks, 24) if strip is not None]
    assert len(found) >= 8
    for strip in found:
        assert strip.shape[0] == ROWS
        assert strip.dtype == np.uint8
        assert strip.max() > 128


def test_the_same_seed_gives_the_same_strip(inks):
    """The same seed gives the same strip."""
    one, same = (
        [None if strip is None else strip.tobytes() for strip in strips(inks, 6)] for _ in range(2)
    )
    assert one == same
    assert len(set(one)) > 3


def test_ink_that_the_eyes_find_is_used(inks, monkeypatch):
    """With all of the ink found, most views are used, except for turned ones, which these eyes do
    not turn.
    """
    FakeEyes(monkeypatch, lambda ink: ink)
    assert sum(strip is not None for strip in strips(inks)) >= 9


def lost(ink):
    """Remove the connected component that is farthest to the right."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(ink)
    rightmost = 1 + int(statistics[1:, cv2.CC_STAT_LEFT].argmax())
    return np.where(labels == rightmost, 0, ink).astype(np.uint8)


def blot(ink):
    """Add a blot as high as the writing, right beside it."""
    rows, columns = np.nonzero(ink)
    high = np.ptp(rows) + 1
    middle = int(columns.max() + 0.6 * high), int(rows.mean())
    wide = np.pad(ink, ((0, 0), (0, 0)))
    return cv2.circle(wide, middle, int(high / 2), 255, -1)


def apart(text, inks, cropped, rng, side):
    """Return a view of symbols that stand apart, with room to the right."""
    ink = np.zeros((128, 320), np.uint8)
    for left in (30, 80, 130):
        cv2.circle(ink, (left + 12, 64), 20, 255, 3)
    body = np.zeros_like(ink)
    body[55:73, 20:180] = 255
    return seen.View(cv2.merge([255 - ink] * 3), ink, body)


@pytest.mark.parametrize(
    ("change", "used"), [(lambda ink: ink, True), (lost, False), (blot, False)]
)
def test_lines_that_nobody_could_read_are_not_used(inks, monkeypatch, change, used):
    """A line of which a symbol is lost, or with much ink that nobody wrote, is not used."""
    monkeypatch.setattr(seen, "photographed", apart)
    FakeEyes(monkeypatch, change)
    assert (strips(inks, 1)[0] is not None) == used


def test_nothing_seen_gives_no_strip(inks, monkeypatch):
    """Where the eyes see nothing, there is no strip."""
    FakeEyes(monkeypatch, np.zeros_like)
    assert strips(inks, 2) == [None, None]


@pytest.mark.parametrize("seed", range(4))
def test_a_cropped_picture_holds_the_line(inks, seed):
    """A cropped picture has the height of a field and touches its ink on every side."""
    whole, cropped = (
        photographed("407", inks, crop, np.random.default_rng(seed)) for crop in (False, True)
    )
    assert whole.picture.shape == (SIDE, SIDE, 3)
    assert CROPPED[0] - 1 <= len(cropped.picture) <= CROPPED[1] + 1
    assert cropped.ink.shape == cropped.body.shape == cropped.picture.shape[:2]
    rows, columns = np.nonzero(cropped.ink)
    margins = (
        rows.min(),
        columns.min(),
        *(np.array(cropped.ink.shape) - 1 - (rows.max(), columns.max())),
    )
    assert max(margins) < 0.7 * max(cropped.ink.shape)


def test_some_lines_are_seen_by_the_eyes(inks, monkeypatch):
    """Six lines in a hundred are photographed, with the classes of their text as target."""
    monkeypatch.setattr(compose, "text_to_write", lambda rng: "4 a7")
    strip = np.full((ROWS, 50, 1), 7, np.uint8)
    monkeypatch.setattr(compose, "strip_as_seen", lambda *arguments: strip)
    few = replace(inks, strings=[])
    lines = [random_line(few, np.random.default_rng(seed), EYES) for seed in range(400)]
    photos = [line for line in lines if line.strip is strip]
    assert 0.02 < len(photos) / len(lines) < 0.11
    for line in photos:
        assert line.target.tolist() == [SYMBOLS.index("4"), OTHER, SYMBOLS.index("7")]
        assert line.extents is None
    assert not any(
        random_line(few, np.random.default_rng(seed)).strip is strip for seed in range(100)
    )


def test_unseen_lines_are_replaced(inks, monkeypatch):
    """If the eyes do not see a line, another one takes its place."""
    monkeypatch.setattr(compose, "strip_as_seen", lambda *arguments: None)
    lines = [random_line(inks, np.random.default_rng(seed), EYES) for seed in range(40)]
    assert all(line.strip.any() for line in lines)
