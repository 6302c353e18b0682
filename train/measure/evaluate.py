"""`python -m train evaluate`: measure a shipped model and hold it to its card."""

import argparse
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from webapp.recognition import (
    Calibration,
    Confidence,
    LanguageModel,
    LiteRTClassifier,
    LiteRTEyes,
    LiteRTLineReader,
    Model,
    Recognizer,
    Stroke,
    load_model,
)

from ..data.compose import SPACINGS, Spacing, composed
from ..data.mnist import Mnist, load_mnist
from ..data.nondigits import GENERATED, generated, read_nondigits
from ..data.photo_sets import PhotoSample, generated_photos, numbers_as_pictures, read_photos
from ..data.photos import SCENES
from ..data.strokes import StrokeSample, read_stroke_file
from ..errors import CardError, TrainError
from ..progress import watched
from .contributors import evaluate_contributors
from .digits import (
    MNIST_TEST,
    Figures,
    NonDigitFigures,
    Picture,
    Reader,
    Result,
    evaluate_glyphs,
    evaluate_nondigits,
    evaluate_pictures,
    evaluate_strokes,
    name_of,
    percent,
    table,
    worst_confusions,
)
from .numbers import NumberFigures, evaluate_numbers, evaluate_photos, is_number, numbers_table
from .remote import RemoteRecognizer
from .statistics import Z95, auroc_error, wilson
from .variants import Variant, Way, evaluate_variants, variants_table

MODELS = Path("models")
OUTPUT = Path("build/evaluation")

LINE_MODEL = "line"
"""The model that reads lines; see `_beside`."""

EYES_MODEL = "eyes"
"""The model that finds the writing in pictures."""

MNIST_PICTURES = f"{MNIST_TEST}, as pictures"

GENERATED_COUNT = 1000
"""Drawings of each kind that is generated."""

GENERATED_SEED = 2026
"""Another than any that a training starts from."""

COMPOSED_COUNT = 500
"""Numbers of each spacing that are composed."""

COMPOSED_LENGTH = 4
"""Digits of each."""

COMPOSED_SEED = 2027

PAIRS: tuple[Spacing, ...] = ("kissing", "touching")
"""How the pairs of digits stand that are measured as pictures."""

PHOTO_COUNT = 20
"""Photos that are generated for each thing that goes wrong."""

PHOTO_SEED = 2028

WAYS: tuple[Way, ...] = ("pictures", "strokes")

SERVER = ", server"
"""Follows the way of what went through a server."""

ROUNDING = 2
"""Samples that may fall the other way on another processor, whose arithmetic rounds differently."""

AUROC_ROUNDING = 0.001
"""As much may the area under the curve differ for the same reason."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes beside the options that it shares with training."""
    parser.set_defaults(run=evaluate)
    parser.add_argument(
        "--strokes",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a stroke file of digits, read through the server's own path; may be given again",
    )
    parser.add_argument(
        "--others",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a stroke file of letters, symbols or doodles, to be told from the digits of "
        "--strokes; what we generate ourselves comes with it; may be given again",
    )
    parser.add_argument(
        "--numbers",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a stroke file of numbers, of any length, to be read as such, and with them numbers "
        "composed of the digits of the first --strokes; what else there is of --strokes and "
        "--others is then read as numbers too; may be given again",
    )
    parser.add_argument(
        "--photos",
        type=Path,
        nargs="*",
        metavar="DIR",
        help="read photographed numbers, generated of the digits of the first --strokes, and what "
        "there is in each DIR with its labels.jsonl; with --pictures, MNIST's as numbers too",
    )
    parser.add_argument(
        "--split",
        choices=("train", "dev", "test"),
        default="dev",
        help="whose strokes (default: dev)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="measure the digits of this contributor (`provider`) in --strokes and nothing else, "
        "by train and dev writers if the model was trained --without NAME; may be given again",
    )
    parser.add_argument(
        "--pictures",
        action="store_true",
        help="read MNIST's test set as picture files too, through the server's own path",
    )
    parser.add_argument(
        "--variants",
        nargs="*",
        choices=WAYS,
        metavar="WAY",
        help="read versions of the first stroke file's digits (thin, faint, tiny, rotated, …) as "
        "`pictures`, as `strokes`, or as both, which is the default",
    )
    parser.add_argument(
        "--through-server",
        metavar="URL",
        help="let a running server read strokes and pictures; its figures must be the same",
    )
    parser.add_argument(
        "--models", type=Path, default=MODELS, metavar="DIR", help=f"default: {MODELS}"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=OUTPUT,
        metavar="DIR",
        help=f"where tables and pictures go (default: {OUTPUT})",
    )


@dataclass(frozen=True)
class Measured:
    """All that was asked for."""

    digits: list[Figures]
    others: list[NonDigitFigures]
    variants: list[Variant]
    numbers: list[NumberFigures]
    line: Model | None
    """What read numbers; None where there were none, or a server read them."""


def evaluate(options: argparse.Namespace) -> int:
    """Measure the served file; fail where it is worse than the card says."""
    wanted = options.others or options.variants is not None or options.photos is not None
    if wanted and not options.strokes:
        raise TrainError("--others, --variants and --photos need digits: give --strokes")
    model = load_model(options.models, options.name)
    if options.only:
        return _evaluate_only(options, model)
    measured = _measured(options, model)
    text = _text(options, model, measured)
    print(text)
    _save(options, model, text, measured)
    for remark in hold_to_card(model.card, measured.digits, measured.others):
        print(remark)
    return 0


def _evaluate_only(options: argparse.Namespace, model: Model) -> int:
    """Measure single contributors; the card has no figures to hold them to."""
    more = (options.others, options.numbers, options.photos is not None, options.pictures)
    if not options.strokes or any((*more, options.variants is not None)):
        raise TrainError("--only measures digits of --strokes: give --strokes, and no other data")
    here = _recognizer(model)
    with _reader(options.through_server, model, here) as reader:
        print(evaluate_contributors(options, model, reader))
    return 0


def _measured(options: argparse.Namespace, model: Model) -> Measured:
    mnist = load_mnist(options.mnist)
    pen = {path: _samples(path, options.split) for path in options.strokes}
    ready = evaluate_glyphs(
        MNIST_TEST,
        LiteRTClassifier(model.content),
        mnist.test_glyphs,
        mnist.test_labels,
        Calibration.of_card(model.card),
    )
    reads_numbers = options.numbers or options.photos is not None
    eyes, line = None, None
    if not options.through_server:
        eyes = _beside(options.models, EYES_MODEL)
        line = _beside(options.models, LINE_MODEL) if reads_numbers else None
    with _reader(options.through_server, model, _recognizer(model, eyes, line)) as reader:
        pictures = [*_pictures(reader, mnist)] if options.pictures else []
        strokes = [*_strokes(reader, pen, options.split)]
        others = [*_others(reader, options, pen, strokes)] if options.others else []
        numbers = [*_numbers(reader, options, pen)] if options.numbers else []
        if options.photos is not None:
            numbers += _photos(reader, options, pen, mnist)
        variants: list[Variant] = []
        if options.variants is not None:
            variants = evaluate_variants(reader, pen[options.strokes[0]], options.variants or WAYS)
    mark = SERVER if options.through_server else ""
    return Measured(
        [ready, *(replace(row, way=row.way + mark) for row in (*pictures, *strokes))],
        [replace(row, way=row.way + mark) for row in others],
        variants,
        numbers,
        line,
    )


def _beside(models: Path, name: str) -> Model:
    """Another model of a folder, or the shipped one: the folder of a fold or of a trial has only
    the network that was trained.
    """
    there = (models / f"{name}.json").exists()
    return load_model(models if there else MODELS, name)


def _recognizer(model: Model, eyes: Model | None = None, line: Model | None = None) -> Recognizer:
    """A recogniser of single digits; in pictures, with eyes; of numbers, with a model of lines."""
    classifier = LiteRTClassifier(model.content)
    calibration = Calibration.of_card(model.card)
    seen = None if eyes is None else LiteRTEyes(eyes.content)
    if line is None:
        return Recognizer(classifier, eyes=seen, calibration=calibration)
    return Recognizer(
        classifier,
        eyes=seen,
        calibration=calibration,
        language_model=LanguageModel.of_card(line.card),
        line_reader=LiteRTLineReader(line.content),
        confidence=Confidence.of_card(line.card),
        picture_confidence=Confidence.of_card(line.card, pictures=True),
    )


def hold_to_card(
    card: Mapping[str, Any], digits: Sequence[Figures], others: Sequence[NonDigitFigures] = ()
) -> list[str]:
    """Compare figures with those of the same data in the card; MNIST's has to be in it.

    Returns:
        What is better than the card, and that nothing is worse.

    Raises:
        CardError: something is worse by more than noise: with as many samples as in the card, more
            than `ROUNDING` of them; else, more than a 95 % interval allows.
    """
    promised = {figure["data"]: figure for figure in card["figures"]}
    if MNIST_TEST not in promised:
        raise CardError(f"the card has no figure for {MNIST_TEST}")
    worse, better = [], []
    for row in digits:
        figure = promised.get(row.data)
        if figure is None:
            continue
        right, promise = (row.correct, row.count), (figure["correct"], figure["count"])
        found, said = (f"{correct} of {count}" for correct, count in (right, promise))
        if _is_worse(right, promise):
            worse.append(f"{row.data}: {found} right, but the card says {said}")
        elif _is_worse(promise, right):
            better.append(f"{row.data}: {found} right, better than the card's {said}.")
        rejected = figure.get("rejected")
        if row.rejected is None or rejected is None:
            continue
        if _is_worse(_kept(row.rejected, row.count), _kept(rejected, figure["count"])):
            shares = percent(row.rejected), percent(rejected)
            worse.append(f"{row.data}: {shares[0]} called no digit, but the card says {shares[1]}")
    areas = {figure["data"]: figure for figure in card.get("nondigits", [])}
    for other in others:
        figure = areas.get(other.data)
        if figure is not None and figure["auroc"] is not None and is_less_apart(other, figure):
            area = "none" if other.auroc is None else f"{other.auroc:.4f}"
            worse.append(f"{other.data}: AUROC {area}, but the card says {figure['auroc']:.4f}")
    if worse:
        raise CardError("; ".join(worse))
    return [*better, "The figures are those of the card or better, where it has them."]


def _kept(rejected: float, count: int) -> tuple[int, int]:
    """How many of so many were not rejected."""
    return count - round(rejected * count), count


def is_less_apart(found: NonDigitFigures, said: Mapping[str, Any], same_model: bool = True) -> bool:
    """Whether an area falls short of the card's by more than noise: for the same model and the same
    samples that of arithmetic, else that of the samples.
    """
    if found.auroc is None:
        return True
    noise = AUROC_ROUNDING
    if not same_model or (found.count, found.against) != (said["count"], said["against"]):
        errors = (
            auroc_error(found.auroc, found.against, found.count),
            auroc_error(said["auroc"], said["against"], said["count"]),
        )
        noise = Z95 * math.hypot(*errors)
    return bool(said["auroc"] - found.auroc > noise)


def _is_worse(found: tuple[int, int], said: tuple[int, int]) -> bool:
    """Whether (correct, count) of the same model falls short by more than noise."""
    if found[1] == said[1]:
        return said[0] - found[0] > ROUNDING
    return surely_worse(found, said)


def surely_worse(found: tuple[int, int], said: tuple[int, int]) -> bool:
    """Whether one (correct, count) falls short of another by more than chance.

    By the 95 % interval of a difference of two shares (Newcombe 1998, method 10).
    """
    lower, upper = said[0] / said[1], found[0] / found[1]
    spread = math.hypot(lower - wilson(*said)[0], wilson(*found)[1] - upper)
    return lower - upper > spread


def _reader(url: str | None, model: Model, here: Recognizer) -> AbstractContextManager[Reader]:
    """What reads strokes and pictures: a server, or this process."""
    return closing(RemoteRecognizer(url, model)) if url else nullcontext(here)


def _samples(path: Path, split: str) -> list[StrokeSample]:
    """The single digits of a stroke file that belong to a split.

    Raises:
        TrainError: there are none.
    """
    samples = [s for s in read_stroke_file(path) if s.split == split and s.is_digit]
    if not samples:
        raise TrainError(f"{path} has no digits by {split} writers")
    return samples


def _pictures(reader: Reader, mnist: Mnist) -> Iterator[Figures]:
    """MNIST's test set as the files that somebody would send: white on black."""
    rows = watched(range(len(mnist.test_labels)), MNIST_PICTURES)
    pictures = (Picture(int(mnist.test_labels[row]), _png(mnist, row)) for row in rows)
    found = evaluate_pictures(MNIST_PICTURES, reader, pictures)
    if found:
        yield found


def _png(mnist: Mnist, row: int) -> bytes:
    _, encoded = cv2.imencode(".png", mnist.test_glyphs[row, ..., 0])
    return encoded.tobytes()


def _strokes(
    reader: Reader, pen: Mapping[Path, Sequence[StrokeSample]], split: str
) -> Iterator[Figures]:
    for path, samples in pen.items():
        name = name_of(path, split)
        found = evaluate_strokes(name, reader, watched(samples, name))
        if found:
            yield found


def _numbers(
    reader: Reader,
    options: argparse.Namespace,
    pen: Mapping[Path, Sequence[StrokeSample]],
) -> Iterator[NumberFigures]:
    """A row for each file of numbers, for what is composed, and for single digits."""
    sets: dict[str, Sequence[StrokeSample]] = {}
    for path in options.numbers:
        samples = [s for s in read_stroke_file(path) if s.split == options.split and is_number(s)]
        if not samples:
            raise TrainError(f"{path} has no numbers by {options.split} writers")
        sets[name_of(path, options.split)] = samples
    for path in options.strokes[:1]:
        for number, spacing in enumerate(SPACINGS):
            rng = np.random.default_rng([COMPOSED_SEED, number])
            sets[f"{spacing} (composed of {name_of(path, options.split)})"] = composed(
                pen[path], COMPOSED_COUNT, COMPOSED_LENGTH, spacing, rng
            )
    for path, digits in pen.items():
        sets[name_of(path, options.split)] = digits
    for name, numbers in sets.items():
        found = evaluate_numbers(name, reader, watched(numbers, f"{name}, as numbers"))
        if found:
            yield found


def _photos(
    reader: Reader,
    options: argparse.Namespace,
    pen: Mapping[Path, Sequence[StrokeSample]],
    mnist: Mnist,
) -> Iterator[NumberFigures]:
    """Rows of pictures of numbers: generated, one for each thing that goes wrong; and real."""
    path = options.strokes[0]
    digits = pen[path]
    of = name_of(path, options.split)
    sets: dict[str, Iterable[PhotoSample]] = {
        f"{name} pairs as pictures ({of})": numbers_as_pictures(
            digits, COMPOSED_COUNT, 2, name, PHOTO_SEED
        )
        for name in PAIRS
    }
    every: list[PhotoSample] = []
    for kind in SCENES:
        photos = [*generated_photos(digits, kind, PHOTO_COUNT, PHOTO_SEED)]
        every += photos
        sets[f"photos: {kind}"] = photos
    sets["photos: all of these"] = every
    for folder in options.photos:
        sets[str(folder)] = read_photos(folder)
    if options.pictures:
        sets[MNIST_PICTURES] = (
            PhotoSample(str(mnist.test_labels[row]), "", _png(mnist, row))
            for row in range(len(mnist.test_labels))
        )
    for name, some in sets.items():
        found = evaluate_photos(name, reader, watched([*some], f"{name}, as numbers"))
        if found:
            yield found


def _others(
    reader: Reader,
    options: argparse.Namespace,
    pen: Mapping[Path, Sequence[StrokeSample]],
    read: Sequence[Figures],
) -> Iterator[NonDigitFigures]:
    """A row for each kind in the files, and for each kind that is generated."""
    scores = [row.scores for row in read if row.scores is not None]
    digit_scores = np.concatenate(scores) if scores else None
    sets: dict[str, tuple[str, list[Sequence[Stroke]]]] = {}
    for path in options.others:
        drawings = [*read_nondigits(path, options.split)]
        if not drawings:
            raise TrainError(f"{path} has nothing of the {options.split} split that is no digit")
        for drawing in drawings:
            name = f"{drawing.kind} ({options.split})"
            sets.setdefault(name, (drawing.kind, []))[1].append(drawing.strokes)
    every = [sample for samples in pen.values() for sample in samples]
    for number, kind in enumerate(GENERATED):
        rng = np.random.default_rng([GENERATED_SEED, number])
        sets[f"{kind} (generated)"] = kind, [*generated(kind, GENERATED_COUNT, rng, every)]
    for name, (kind, drawn) in sets.items():
        found = evaluate_nondigits(name, reader, watched(drawn, name), digit_scores, kind)
        if found:
            yield found
        # Pairs are numbers, and rubbing or a fragment may well be a 1.
        if options.numbers and kind not in GENERATED:
            name += ", as numbers"
            found = evaluate_nondigits(name, reader, watched(drawn, name), None, kind, "number")
            if found:
                yield found


def _text(options: argparse.Namespace, model: Model, measured: Measured) -> str:
    """All that people are told."""
    lines = [f"{model.name} {model.version}, {options.models / model.name}.tflite"]
    if measured.line:
        lines.append(f"Lines are read by {measured.line.name} {measured.line.version}.")
    if options.through_server:
        lines.append(
            f"Rows marked `server` were read by {options.through_server}; the others here."
        )
    lines += ["", table([*measured.digits, *measured.others]), ""]
    for row in measured.digits:
        worst = ", ".join(f"{w} as {r} ({n})" for w, r, n in worst_confusions(row))
        lines.append(f"{row.data}: most often misread {worst or 'nothing'}")
    if measured.numbers:
        lines += ["", "As numbers:", numbers_table(measured.numbers)]
    if measured.variants:
        where = ", read by the server" if options.through_server else ""
        first = name_of(options.strokes[0], options.split)
        lines += ["", f"Versions of {first}{where}:", variants_table(measured.variants)]
    return "\n".join(lines)


def _save(options: argparse.Namespace, model: Model, text: str, measured: Measured) -> None:
    """Tables, plots and contact sheets.

    Raises:
        TrainError: the folder cannot be written to.
    """
    from . import plots

    folder, name = options.output, model.name
    found = {
        "model": {"name": name, "version": model.version},
        "line": measured.line.version if measured.line else None,
        "split": options.split,
        "server": options.through_server,
        "figures": [row.as_dict() | {"worst": worst_confusions(row)} for row in measured.digits],
        "nondigits": [row.as_dict() for row in measured.others],
        "numbers": [row.as_dict() for row in measured.numbers],
        "variants": [
            {"version": v.name, "points": v.points, "points95": v.points95, **v.figures.as_dict()}
            for v in measured.variants
        ],
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A sheet of an earlier run says nothing of this one.
        for stale in folder.glob(f"{name}-misread-*.png"):
            stale.unlink()
        (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (folder / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
        plots.plot_reliability(measured.digits, folder / f"{name}-reliability.svg")
        plots.plot_risk(measured.digits, folder / f"{name}-risk.svg")
        rows: list[Figures | NonDigitFigures] = [*measured.digits, *measured.others]
        for row in rows:
            wrong = [result for result in row.results if _is_wrong(result)]
            if wrong:
                plots.contact_sheet(wrong, folder / f"{name}-misread-{_slug(row.data)}.png")
    except OSError as error:
        raise TrainError(f"{folder} cannot be written to: {error.strerror}") from error
    print(f"Tables, plots and what was misread: {folder}", file=sys.stderr)


def _is_wrong(result: Result) -> bool:
    """Another digit than was written; or, of what is none, taken for one."""
    return result.status == "ok" if result.label is None else result.read != result.label


def _slug(data: str) -> str:
    """The name of a set as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", data.lower()).strip("-")
