"""A training run: from data to a folder with the fitted network and its log."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.recognition import CHANNELS, SIDE, glyph_of_strokes

from ..data.folds import FOLDS
from ..data.mnist import Mnist
from ..data.nondigits import NonDigit, read_nondigits
from ..data.strokes import StrokeSample, file_name, read_stroke_file
from ..errors import TrainError
from .fit import Hyperparameters
from .sources import GlyphSource, NonDigitSource, Source, SpoiltGlyphSource, StrokeSource, balanced


@dataclass(frozen=True)
class Data:
    """Data that a model is trained and chosen on. Test sets are not part of it."""

    glyphs: NDArray[np.uint8]
    """MNIST's training images, (N, 28, 28, 1)."""
    labels: NDArray[np.int64]
    dev_glyphs: NDArray[np.uint8]
    """MNIST's held-out training images, (M, 28, 28, 1)."""
    dev_labels: NDArray[np.int64]
    digits: dict[Path, list[StrokeSample]]
    """Digits of each stroke file."""
    others: dict[Path, list[NonDigit]]
    """Non-digits of each stroke file, train split only."""
    without: tuple[str, ...] = ()
    """Contributors that are left out of all stroke files, sorted."""

    def of(self, split: str) -> list[StrokeSample]:
        """Return the digits of a split, from all files."""
        return [s for samples in self.digits.values() for s in samples if s.split == split]


def load_data(
    mnist: Mnist,
    strokes: Sequence[Path],
    others: Sequence[Path],
    held_out: NDArray[np.bool_],
    without: Sequence[str] = (),
) -> Data:
    """Load the data of a run.

    Args:
        held_out: (60000,), the MNIST rows that are dev.
        without: contributors that are left out of digits and non-digits, in every split.

    Raises:
        TrainError: a file has nothing to train on, two files share a name, or a contributor to
            leave out is unknown.
    """
    names = [file_name(path) for path in (*strokes, *others)]
    for name in names:
        if names.count(name) > 1:
            raise TrainError(
                f"two files are named {name}; a model's card tells them by their names"
            )
    data = Data(
        mnist.train_glyphs[~held_out],
        mnist.train_labels[~held_out],
        mnist.train_glyphs[held_out],
        mnist.train_labels[held_out],
        {path: single_digits(path) for path in strokes},
        {path: list(read_nondigits(path, "train")) for path in others},
    )
    if without:
        data = _leave_out(data, without)
    if strokes and not data.of("train"):
        raise TrainError("the stroke files have no digits by train writers")
    for path, samples in data.others.items():
        if not samples:
            raise TrainError(f"{path} has nothing by train writers that is no digit")
    if others and not strokes:
        raise TrainError("--others needs --strokes: pairs and fragments are made of digits")
    return data


def _leave_out(data: Data, without: Sequence[str]) -> Data:
    """Remove contributors from the data, and files that are then empty.

    Raises:
        TrainError: a contributor is in no file, and in none of `FOLDS`.
    """
    known = {name for fold in FOLDS for name in fold}
    known |= {sample.provider for samples in data.digits.values() for sample in samples}
    known |= {sample.provider for samples in data.others.values() for sample in samples}
    unknown = sorted(set(without) - known)
    if unknown:
        raise TrainError(
            f"--without {unknown[0]}: no file has a contributor of that name, but "
            f"{', '.join(sorted(known - {''}))}"
        )
    digits = {
        path: [sample for sample in samples if sample.provider not in without]
        for path, samples in data.digits.items()
    }
    others = {
        path: [sample for sample in samples if sample.provider not in without]
        for path, samples in data.others.items()
    }
    return replace(
        data,
        digits={path: samples for path, samples in digits.items() if samples},
        others={path: samples for path, samples in others.items() if samples},
        without=tuple(sorted(set(without))),
    )


def single_digits(path: Path) -> list[StrokeSample]:
    """Return the samples of a stroke file that are single digits."""
    return [sample for sample in read_stroke_file(path) if sample.is_digit]


def sources_of(data: Data, settings: Hyperparameters) -> list[Source]:
    """Return the sources of an epoch: MNIST's images, pen strokes and non-digits."""
    images = len(data.labels)
    sources: list[Source] = [GlyphSource(data.glyphs, data.labels, settings.augmentation)]
    theirs = data.of("train")
    if theirs:
        count = round(images * settings.strokes_share)
        chosen = balanced(theirs, settings.writer_cap, count, settings.seed)
        sources.append(
            StrokeSource(chosen, settings.warp, settings.rendering, settings.styled_share)
        )
    samples = [s for others in data.others.values() for s in others]
    if samples:
        count = round(images * settings.nondigits_share)
        spoilt = round(count * settings.spoilt_share)
        drawn = round(count * settings.drawn_share)
        written = balanced(samples, settings.writer_cap, len(samples), settings.seed)
        sources += [
            SpoiltGlyphSource(data.glyphs, spoilt, settings.augmentation),
            NonDigitSource(
                written, theirs, count - spoilt, drawn, settings.warp, settings.rendering
            ),
        ]
    return sources


def dev_glyphs(data: Data) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
    """Return dev glyphs, (N, 28, 28, 5), and labels. None without a dev set."""
    drawn = data.of("dev")
    images = len(data.dev_labels)
    if not images and not drawn:
        return None
    glyphs = np.zeros((images + len(drawn), SIDE, SIDE, CHANNELS), np.uint8)
    glyphs[:images, ..., :1] = data.dev_glyphs
    for row, sample in enumerate(drawn):
        glyphs[images + row] = glyph_of_strokes(sample.strokes)
    return glyphs, np.concatenate([data.dev_labels, [int(s.label) for s in drawn]]).astype(int)


def run(name: str, data: Data, settings: Hyperparameters, folder: Path) -> dict[str, Any]:
    """Fit a network. Write NAME.keras and NAME.run.json to a folder.

    Returns:
        The content of NAME.run.json.
    """
    import keras

    from ..fit import artefacts
    from .fit import fit

    start = time.monotonic()
    trained = fit(sources_of(data, settings), settings, dev_glyphs(data))
    log = {
        "name": name,
        "created": artefacts.today(),
        "hyperparameters": asdict(settings),
        "seconds": round(time.monotonic() - start),
        "versions": artefacts.environment(),
        "rows": {
            "MNIST": {"train": len(data.labels), "dev": len(data.dev_labels)},
            **{file_name(path): _counts(samples, path) for path, samples in data.digits.items()},
            **{
                file_name(path): {"train": len(samples), "sha256": _sha256(path)}
                for path, samples in data.others.items()
            },
        },
        "without": list(data.without),
        "curves": trained.history,
    }
    network = trained.network
    if not data.others:
        # It has seen only digits, so its output of P(is a digit) has no meaning.
        network = keras.Model(network.input, {"digit": network.output["digit"]})
    with artefacts.workplace(folder) as built:
        network.save(built / f"{name}.keras")
        artefacts.write_card(built / f"{name}.run.json", log)
        artefacts.publish(built, folder)
    return log


def _counts(samples: Sequence[StrokeSample], path: Path) -> dict[str, Any]:
    counts = {split: sum(s.split == split for s in samples) for split in ("train", "dev", "test")}
    writers = len({s.writer for s in samples if s.split == "train"})
    return {**counts, "writers": writers, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
