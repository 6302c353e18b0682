"""Plots of a training run and of an evaluation.

They are SVG, sharp at any size and small in the repository. Contact sheets are PNG.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np

matplotlib.use("svg")
# The same figures give the same file, byte for byte.
matplotlib.rcParams["svg.hashsalt"] = "inkling"

from matplotlib import pyplot, ticker  # noqa: E402  the backend has to be chosen before this import

from .digits import Figures, Result  # noqa: E402
from .statistics import bin_of, wilson  # noqa: E402

NO_DATE = {"Date": None}

CURVE_POINTS = 200
"""Points of a curve over samples."""

TILE = 84
"""Side of a glyph on a contact sheet, in pixels: three times the network's."""

CAPTION = 36
"""Height of the caption below it, in pixels."""

GAP = 26
"""Pixels between two glyphs. A caption may extend into them."""

SHEET_COLUMNS = 12

SHEET_MOST = 300
"""Largest number of glyphs on a contact sheet, as many as a person looks through."""


def plot_curves(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Plot error and loss by epoch, of the training data and, if present, of dev."""
    epochs = range(1, len(history["loss"]) + 1)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    names = {"": "training, augmented", "val_": "dev, averaged weights"}
    for prefix, label in names.items():
        if f"{prefix}loss" in history:
            error = [100 * (1 - value) for value in history[f"{prefix}accuracy"]]
            left.plot(epochs, error, label=label)
            right.plot(epochs, history[f"{prefix}loss"], label=label)
    left.set(xlabel="epoch", ylabel="misread, %", yscale="log", title="Error")
    right.set(xlabel="epoch", ylabel="cross-entropy", title="Loss")
    right.legend(frameon=False, loc="upper right")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        # 0.5 and 20 instead of powers of ten, at every tick with a label.
        axes.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    figure.savefig(path, metadata=NO_DATE)
    pyplot.close(figure)


def plot_losses(history: Mapping[str, Sequence[float]], missed: str, path: Path) -> None:
    """Plot the losses by round, and the error on dev.

    Args:
        history: `Fitted.history`.
        missed: title of the error, which is 1 less `dev`.
    """
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    losses = {name: values for name, values in history.items() if name != "dev"}
    rounds = max(map(len, losses.values()))
    if history["dev"]:
        looks = np.linspace(0, rounds, len(history["dev"]) + 1)[1:]
        left.plot(looks, [100 * (1 - value) for value in history["dev"]])
    left.set(xlabel="round", ylabel="%", title=missed)
    for name, values in losses.items():
        right.plot(range(1, rounds + 1), values, label=name)
    right.set(xlabel="round", yscale="log", title="Losses")
    right.legend()
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    figure.savefig(path, metadata=NO_DATE)
    pyplot.close(figure)


def plot_confusion(figures: Figures, path: Path) -> None:
    """Plot the confusion matrix. Colour marks the misread digits only."""
    matrix = figures.confusion
    off = [
        [0 if row == column else count for column, count in enumerate(counts)]
        for row, counts in enumerate(matrix)
    ]
    figure, axes = pyplot.subplots(figsize=(5.6, 5.2), layout="constrained")
    axes.imshow(off, cmap="Oranges", vmin=0, vmax=2 * max(4, *map(max, off)))
    for row, counts in enumerate(matrix):
        for column, count in enumerate(counts):
            if count:
                right = row == column
                axes.text(
                    column,
                    row,
                    str(count),
                    ha="center",
                    va="center",
                    color="#777777" if right else "black",
                    fontsize=8,
                )
    axes.set(
        xticks=range(len(matrix)),
        yticks=range(len(matrix)),
        xlabel="read as",
        ylabel="written",
        title=f"{figures.data}: {figures.accuracy:.2%} of {figures.count} right",
    )
    figure.savefig(path, metadata=NO_DATE)
    pyplot.close(figure)


def plot_reliability(rows: Sequence[Figures], path: Path) -> None:
    """Plot accuracy by confidence. Calibrated readings lie on the diagonal.

    Each point is a bin of the calibration error, with the 95 % interval of its accuracy.
    """
    figure, axes = pyplot.subplots(figsize=(5.6, 5.2), layout="constrained")
    axes.plot([0, 100], [0, 100], color="#777777", linewidth=1, linestyle="--", label="honest")
    for row in rows:
        answered = [result for result in row.results if result.answered]
        if not answered:
            continue
        confidence = np.array([result.confidence for result in answered])
        right = np.array([result.read == result.label for result in answered])
        bins = bin_of(confidence)
        points = []
        for number in np.unique(bins):
            inside = bins == number
            low, high = wilson(int(right[inside].sum()), int(inside.sum()))
            points.append((confidence[inside].mean(), right[inside].mean(), low, high))
        x, y, low, high = 100 * np.array(points).T
        label = f"{row.data}, error {row.ece:.2%}"
        # By rounding, Wilson's interval may start above a share of 0 or end below a share of 1.
        spread = np.maximum([y - low, high - y], 0)
        axes.errorbar(x, y, spread, label=label, fmt="o", markersize=4, linewidth=1)
    axes.set(xlabel="confidence, %", ylabel="right, %", title="Reliability")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, metadata=NO_DATE)
    pyplot.close(figure)


def plot_risk(rows: Sequence[Figures], path: Path) -> None:
    """Plot the share of wrong answers by the share given. A dot marks where `ok` ends."""
    figure, axes = pyplot.subplots(figsize=(5.6, 4.2), layout="constrained")
    for row in rows:
        belief = np.array([result.belief for result in row.results])
        wrong = np.array([result.read != result.label for result in row.results])
        errors = np.cumsum(wrong[np.argsort(-belief, kind="stable")])
        # A few hundred points look like the whole curve, in a smaller file.
        count = len(errors)
        given = np.unique(np.linspace(1, count, min(count, CURVE_POINTS)).astype(int))
        (line,) = axes.plot(100 * given / count, 100 * errors[given - 1] / given, label=row.data)
        if row.ok is not None and row.ok_accuracy is not None:
            place = [100 * row.ok], [100 * (1 - row.ok_accuracy)]
            axes.plot(*place, marker="o", color=line.get_color())
    # The more confident half is hardly ever wrong.
    axes.set(xlabel="answered, %", ylabel="wrong of those, %", title="Risk by coverage")
    axes.set_xlim(50, 101)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(path, metadata=NO_DATE)
    pyplot.close(figure)


def contact_sheet(results: Sequence[Result], path: Path) -> None:
    """Write a PNG with the network's input, the label, the reading and the confidence of results.

    The most confident come first, `SHEET_MOST` at most. Results without ink have an empty place.

    Args:
        results: at least one.
    """
    shown = sorted(results, key=lambda result: -result.belief)[:SHEET_MOST]
    tall, wide = TILE + CAPTION, TILE + GAP
    across = min(SHEET_COLUMNS, len(shown))
    sheet = np.full((-(-len(shown) // across) * tall, across * wide), 255, np.uint8)
    for place, result in enumerate(shown):
        top, left = place // across * tall, place % across * wide
        if result.glyph is not None:
            tile = cv2.resize(result.glyph, (TILE, TILE), interpolation=cv2.INTER_NEAREST)
            sheet[top : top + TILE, left : left + TILE] = 255 - tile
        written = result.kind if result.label is None else str(result.label)
        read = "nothing" if result.read < 0 else str(result.read)
        lines = f"{written} as {read}", f"{result.belief:.3f} {result.status}"
        for number, line in enumerate(lines):
            corner = (left + 2, top + TILE + 12 + 14 * number)
            cv2.putText(sheet, line, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.36, 0, 1, cv2.LINE_AA)
    _, encoded = cv2.imencode(".png", sheet)
    path.write_bytes(encoded.tobytes())
