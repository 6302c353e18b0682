"""Stroke files and inks drawn by hand, which the tests compose lines of."""

import gzip
import json
from pathlib import Path

import numpy as np

from support import hand
from support.hand import arc
from train.data.nondigits import QUICK_DRAW_WRITER
from train.data.strokes import StrokeSample
from train.line.inks import Files, Inks, Source, load_inks
from webapp.recognition import glyph_of_strokes

RING = arc(0, 0, 0.15, 0.15, 0, 360)

SIGNS = {
    ".": [[(0, 0), (0.02, 0.02)]],
    ",": [[(0.08, 0), (0, 0.3)]],
    "-": [[(0, 0), (0.2, 0.01), (0.4, 0)]],
    "+": [[(0, 0.2), (0.4, 0.2)], [(0.2, 0), (0.2, 0.4)]],
    "/": [[(0.4, 0), (0.2, 0.5), (0, 1)]],
    ":": [[(0, 0), (0.02, 0.02)], [(0, 0.5), (0.02, 0.52)]],
    "%": [RING, [(0.6, 0), (0, 1)], [(x + 0.5, y + 0.8) for x, y in RING]],
    "(": [arc(0.5, 0.5, 0.35, 0.6, 250, 110)],
    ")": [arc(0.5, 0.5, 0.35, 0.6, -70, 70)],
    "=": [[(0, 0), (0.4, 0)], [(0, 0.2), (0.4, 0.2)]],
    "$": [
        arc(0.5, 0.3, 0.2, 0.2, -30, -270) + arc(0.5, 0.7, 0.2, 0.2, -90, 150),
        [(0.5, 0), (0.5, 1)],
    ],
    "#": [[(0.3, 0), (0.2, 1)], [(0.7, 0), (0.6, 1)], [(0, 0.3), (1, 0.3)], [(0, 0.7), (1, 0.7)]],
}
"""Strokes of each sign, y downwards, in any unit."""

LETTERS = {
    "A": [[(0, 1), (0.4, 0), (0.8, 1)], [(0.2, 0.6), (0.6, 0.6)]],
    "h": [[(0, 0), (0, 1)], [(0, 0.6), (0.3, 0.5), (0.4, 1)]],
}
MARKS = {"*": [[(0, 0), (0.4, 0.4)], [(0.4, 0), (0, 0.4)], [(0.2, 0), (0.2, 0.4)]]}
HOUSE = [[(0, 1), (0, 0.4), (0.5, 0), (1, 0.4), (1, 1), (0, 1)]]

WRITERS = {
    split: [
        name for name in (f"w{n}" for n in range(40)) if StrokeSample("", name, ()).split == split
    ]
    for split in ("train", "dev", "test")
}
"""Names of writers of each split."""


def row(label, strokes, writer, provider=""):
    """A row of a stroke file."""
    drawn = [[[float(x), float(y)] for x, y in stroke] for stroke in strokes]
    return {"label": label, "writer": writer, "strokes": drawn, "provider": provider}


def symbol_rows(drawings, writers, provider=""):
    """Each of the drawings by each writer."""
    return [
        row(label, strokes, writer, provider)
        for label, strokes in drawings.items()
        for writer in writers
    ]


def digit_rows(writers, provider="", repeats=1):
    """Return rows of the ten digits by each writer, repeated."""
    drawings = {str(digit): hand.DIGITS[digit] for digit in range(10)}
    return repeats * symbol_rows(drawings, writers, provider)


def number_rows(writers, provider=""):
    """Return rows of numbers written in one go, by each writer."""
    return symbol_rows({text: hand.number(text) for text in ("407", "12")}, writers, provider)


def doodle_rows(*classes):
    """Return a row with a house for each class of doodles."""
    return symbol_rows(dict.fromkeys(classes, HOUSE), [QUICK_DRAW_WRITER])


def write(path: Path, rows) -> Path:
    """Write a stroke file of these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(each) + "\n" for each in rows)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def files_in(folder: Path, providers=("one", "two"), writers=WRITERS) -> Files:
    """Write stroke files of digits, numbers and symbols by writers of each split."""
    digits, numbers, symbols = [], [], doodle_rows("house", "tent", "bus", "car", "tree", "fork")
    for number, provider in enumerate(providers):
        for names in writers.values():
            own = names[number :: len(providers)][:2]
            digits += digit_rows(own, provider)
            numbers += number_rows(own[:1], provider)
            symbols += symbol_rows(SIGNS | LETTERS | MARKS, own[:1], provider)
    return Files(
        (write(folder / "digits.jsonl.gz", digits),),
        (write(folder / "numbers.jsonl.gz", numbers),),
        (write(folder / "symbols.jsonl.gz", symbols),),
    )


def inks_in(folder: Path) -> Inks:
    """Return the inks of the train writers of `files_in`, and MNIST-like glyphs by two writers."""
    found = load_inks(Source(files_in(folder)))
    glyphs = np.stack([glyph_of_strokes(hand.strokes(d))[..., 0] for d in (*range(10), *range(10))])
    rows = [{d: np.array([d + start]) for d in range(10)} for start in (0, 10)]
    return Inks(
        found.writers,
        found.signs,
        found.marks,
        found.letters,
        found.doodles,
        found.strings,
        glyphs,
        rows,
    )
