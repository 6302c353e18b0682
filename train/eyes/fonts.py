"""Fonts and words of printed text."""

from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np

from .surfaces import Cover, Rng

PRINTED = """
Total Amount Date Name No. Invoice Page of Signature Price Qty Class Year Account Balance
Tel Order Ref Room Score Marks Answer Question Paid Received Sum Tax USD EUR Rs Kg Item
Roll Subject Bank Branch Only Pay Against Cheque Bearer Reg Form Section Grade Maths
Student
"""
"""Words on forms."""


@cache
def _fonts() -> tuple[Path, ...]:
    """Return the fonts with letters and digits that the plotting library ships."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return tuple(
        sorted(
            p
            for p in folder.glob("*.ttf")
            if "Display" not in p.name
            and not p.name.startswith(("cmsy", "cmex", "cmmi", "STIXNonUni", "STIXSiz"))
        )
    )


@cache
def _face(path: Path) -> cv2.FontFace:
    return cv2.FontFace(str(path))


def printed(cover: Cover, text: str, corner: tuple[float, float], size: float, rng: Rng) -> None:
    """Print a text into a cover in a random font. The corner is the start of the baseline."""
    place = (round(corner[0]), round(corner[1]))
    canvas = np.zeros((*cover.shape, 3), np.uint8)
    white = (255, 255, 255)
    if rng.random() < 0.15:
        thick = max(1, round(size * rng.uniform(0.03, 0.14)))
        face = int(rng.choice([0, 2, 3, 4]))
        cv2.putText(canvas, text, place, face, size / 30, white, thick, cv2.LINE_AA)
    else:
        fonts = _fonts()
        font = _face(fonts[int(rng.integers(len(fonts)))])
        cv2.putText(canvas, text, place, white, font, max(6, round(size)))
    np.maximum(cover, canvas[..., 0] / np.float32(255), out=cover)


def printed_text(rng: Rng) -> str:
    """Return a word, a number or both, as on forms."""
    kind = rng.random()
    digits = "".join(str(d) for d in rng.integers(0, 10, int(rng.integers(1, 9))))
    words = PRINTED.split()
    word = str(rng.choice(words))
    if rng.random() < 0.3:
        word = word.upper()
    if kind < 0.45:
        return word + (":" if rng.random() < 0.4 else "")
    if kind < 0.7:
        return digits
    if kind < 0.85:
        return f"{word} {digits}"
    return " ".join(rng.choice(words, int(rng.integers(2, 6))).tolist())
