"""Pictures of a training run, as SVG: crisp at any size and small in the repository."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
# The same figures give the same file, byte for byte.
matplotlib.rcParams["svg.hashsalt"] = "inkling"

from matplotlib import pyplot, ticker  # noqa: E402  the backend has to be chosen before this import

from .evaluation import Figures  # noqa: E402

NO_DATE = {"Date": None}


def plot_curves(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Error and loss by epoch, of the training data and, if it was watched, of dev."""
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
        # 0.5 and 20, not powers of ten, at every tick that has a label.
        axes.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    figure.savefig(path, metadata=NO_DATE)
    pyplot.close(figure)


def plot_confusion(figures: Figures, path: Path) -> None:
    """The confusion matrix; the misread stand out, the right ones are only counted."""
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
