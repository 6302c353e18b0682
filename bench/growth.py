"""`python -m bench.growth`: how the time of a reading grows with the size of what is read.

Digits, lines, strokes, points and pixels are doubled five times, each alone. The exponent of growth
is that of the last two doublings: 1 is linear. The table and the chart go into docs/performance.
"""

import argparse
import math
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from bench.report import DOCUMENT, pyplot, save
from support import hand
from train.line.report import between
from webapp.library import Reader

BEGIN, END = "<!-- written by `python -m bench.growth` -->", "<!-- end of growth -->"

DOUBLINGS = 5

Strokes = list[np.ndarray]


def digits(count: int) -> Strokes:
    """Return a line of digits."""
    return hand.number(("4071852936" * 4)[:count])


def lines(count: int) -> Strokes:
    """Return lines of four digits."""
    return hand.number(*["4071"] * count)


def points(times: int) -> Strokes:
    """Return four digits, with more points on the same path."""
    return [_resampled(stroke, times * len(stroke)) for stroke in hand.number("4071")]


def strokes(times: int) -> Strokes:
    """Return four digits with each stroke drawn several times, one over the other."""
    rng = np.random.default_rng(1)
    number = hand.number("4071")
    return [stroke + rng.normal(0, 1, 2) for _ in range(times) for stroke in number]


def photo(times: int) -> bytes:
    """Return a photo of four digits on paper with some noise, from a quarter of a megapixel on."""
    height = round(433 * math.sqrt(times))
    rng = np.random.default_rng(1)
    picture = cv2.resize(hand.picture(4), (height // 3, height // 3))
    paper = rng.normal(200, 6, (height, height * 4 // 3)).clip(0, 255).astype(np.uint8)
    for number in range(4):
        left = height // 3 * number
        place = paper[height // 3 : height // 3 * 2, left : left + height // 3]
        np.minimum(place, picture, out=place, where=picture < 128)
    return cv2.imencode(".jpg", paper, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def _resampled(stroke: np.ndarray, count: int) -> np.ndarray:
    """Return a stroke with this many points, at even distances of its own numbering."""
    places = np.linspace(0, len(stroke) - 1, count)
    return np.stack([np.interp(places, np.arange(len(stroke)), axis) for axis in stroke.T], 1)


def measure(rounds: int) -> dict[str, list[tuple[int, float]]]:
    """Return the sizes and the milliseconds of processor time, the least of some rounds."""
    reader = Reader()
    drawn: dict[str, Callable[[int], Strokes]] = {
        "digits in a line": digits,
        "lines of four digits": lines,
        "times that each stroke is drawn": strokes,
        "points, times 60 a digit": points,
    }
    readings: dict[str, list[tuple[int, Callable[[], object]]]] = {}
    sizes = [2**power for power in range(DOUBLINGS + 1)]
    for what, draw in drawn.items():
        inks = [draw(size) for size in sizes]
        readings[what] = [
            (size, lambda ink=ink: reader.read_strokes(ink))  # type: ignore[misc]
            for size, ink in zip(sizes, inks, strict=True)
        ]
    photos = [photo(size) for size in sizes]
    readings["quarters of a megapixel"] = [
        (size, lambda data=data: reader.read_image(data))  # type: ignore[misc]
        for size, data in zip(sizes, photos, strict=True)
    ]
    return {
        what: [(size, min(_milliseconds(read) for _ in range(rounds))) for size, read in own]
        for what, own in readings.items()
    }


def _milliseconds(read: Callable[[], object]) -> float:
    start = time.process_time()
    read()
    return 1000 * (time.process_time() - start)


def exponent(times: Sequence[tuple[int, float]]) -> float:
    """Return the exponent of growth over the last two doublings."""
    (small, before), _, (large, after) = times[-3:]
    return math.log(after / before) / math.log(large / small)


def table(found: dict[str, list[tuple[int, float]]]) -> str:
    """Return the times in Markdown."""
    sizes = [size for size, _ in next(iter(found.values()))]
    lines = [f"| ms for | {' | '.join(map(str, sizes))} | exponent at the end |"]
    lines.append(f"| --- |{' --- |' * (len(sizes) + 1)}")
    for what, own in found.items():
        times = " | ".join(f"{taken:.1f}" for _, taken in own)
        lines.append(f"| {what} | {times} | {exponent(own):.2f} |")
    return "\n".join(lines)


def chart(found: dict[str, list[tuple[int, float]]]) -> None:
    """Draw the times over the sizes, both in powers, with a linear one to compare."""
    figure, axes = pyplot().subplots(figsize=(6, 3.4))
    for what, own in found.items():
        axes.plot(*zip(*own, strict=True), "o-", label=what, markersize=3)
    sizes = [size for size, _ in own]
    axes.plot(sizes, sizes, "k:", linewidth=1, label="linear")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("size")
    axes.set_ylabel("ms")
    axes.legend(frameon=False, fontsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, "growth")


def main() -> None:
    """Print the table, and write it and the chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of each reading (default: 7)")
    found = measure(parser.parse_args().rounds)
    print(table(found))
    between(DOCUMENT, BEGIN, END, table(found))
    chart(found)


if __name__ == "__main__":
    main()
