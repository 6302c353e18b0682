"""Lines on paper, as the eyes see them.

The ink that the eyes find is not the ink that somebody wrote: strokes break, thin ones are lost,
pieces of print stay. The reader learns this from the eyes themselves.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.recognition import LiteRTEyes
from webapp.recognition.ink.pieces import PictureInk
from webapp.recognition.ink.strip import Strip, frame_of
from webapp.recognition.picture.layout import Page, page_of

from ..eyes.views import SIDE, View, view_of_line
from .inks import Inks

Rng = np.random.Generator

CROPPED = (30, 60)
"""Least and largest height of a picture cropped to its line, in pixels, as of a cheque's amount."""

SIDES = (128, 256)
"""Least and largest side of a view to train on, in pixels. Its time grows with the area."""

FOUND = 0.4
"""Least share of each connected component of the written ink that the eyes find. Of less, nobody
could say what was written."""

COMPONENT = 0.004
"""Least area of such a component, as a share of the line's height squared. Smaller ones are specks
that a stroke's end leaves."""

FALSE = 0.25
"""Largest share of ink that nobody wrote."""


def photographed(text: str, inks: Inks, cropped: bool, rng: Rng, side: int = SIDE) -> View:
    """Return a line on random paper, if cropped to its ink, `CROPPED` pixels high."""
    view = view_of_line(text, inks, rng, side)
    if not cropped:
        return view
    rows, columns = np.nonzero(view.ink)
    margin = rng.integers(1, 9, 4)
    top, left = np.maximum(0, np.array([rows.min(), columns.min()]) - margin[:2])
    part = slice(top, rows.max() + 1 + margin[2]), slice(left, columns.max() + 1 + margin[3])
    factor = rng.uniform(*CROPPED) / len(view.picture[part])
    picture, ink, body = (
        np.asarray(
            cv2.resize(levels[part], None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA),
            np.uint8,
        )
        for levels in (view.picture, view.ink, view.body)
    )
    return View(picture, ink, body)


def strip_as_seen(text: str, inks: Inks, eyes: Path, body: float, rng: Rng) -> Strip | None:
    """Return the strip of a photographed line. None if the eyes found too little or too much.

    Args:
        eyes: LiteRT file of the eyes.
        body: height of the writing in the strip, in pixels.
    """
    cropped = bool(rng.random() < 0.4)
    view = photographed(text, inks, cropped, rng, int(rng.integers(SIDES[0], SIDES[1] + 1)))
    page = page_of(view.picture, _eyes(eyes))
    if not page.rows:
        return None
    truth = cv2.warpAffine(
        view.ink, page.back, page.ink.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    written = np.asarray(truth > 127)
    members = max(page.rows, key=lambda row: _on(page, row, written))
    found = np.zeros(page.ink.shape, np.uint8)
    for piece in members:
        columns, rows = page.pieces[piece].astype(int).T
        found[rows, columns] = 1
    if not _is_seen(written, found):
        return None
    ink = PictureInk(page.ink, page.pieces)
    return ink.strip(members, frame_of(ink.boxes[members], body))


def _on(page: Page, row: list[int], written: NDArray[np.bool_]) -> int:
    """Return the number of pixels of a row on the written ink."""
    columns, rows = np.concatenate([page.pieces[piece] for piece in row]).astype(int).T
    return int(written[rows, columns].sum())


def _is_seen(written: NDArray[np.bool_], found: NDArray[np.uint8]) -> bool:
    """Check whether the found ink, 1 on 0, is that of the writing, so far as one can tell."""
    ink = written.astype(np.uint8)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    if count == 1:
        return False
    high = int(statistics[1:, cv2.CC_STAT_HEIGHT].max())
    near = np.ones((3, 3), np.uint8)
    seen = np.bincount(labels[cv2.dilate(found, near) > 0], minlength=count)[1:]
    areas = statistics[1:, cv2.CC_STAT_AREA]
    known = areas >= COMPONENT * high**2
    if (seen[known] < FOUND * areas[known]).any():
        return False
    reach = 1 + 2 * max(1, high // 20)
    beside = found[cv2.dilate(ink, np.ones((reach, reach), np.uint8)) == 0]
    return int(beside.sum()) <= FALSE * int(found.sum())


@cache
def _eyes(path: Path) -> LiteRTEyes:
    return LiteRTEyes(path.read_bytes())
