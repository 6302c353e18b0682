"""`python -m train evaluate`: measure a shipped model and compare it with its card."""

import argparse
import json
import re
import sys
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from webapp.recognition import (
    Calibration,
    Confidence,
    LanguageModel,
    LiteRTClassifier,
    LiteRTEyes,
    LiteRTLineReader,
    Model,
    Recognizer,
    load_model,
)

from ..data.mnist import load_mnist
from ..errors import TrainError
from .contributors import evaluate_contributors
from .digits import (
    MNIST_TEST,
    Figures,
    NonDigitFigures,
    Reader,
    Result,
    evaluate_glyphs,
    name_of,
)
from .guard import hold_to_card
from .numbers import NumberFigures, numbers_table
from .remote import RemoteRecognizer
from .sets import (
    digits_of,
    measure_nondigits,
    measure_numbers,
    measure_photos,
    measure_pictures,
    measure_strokes,
)
from .tables import table, worst_confusions
from .variants import Variant, Way, evaluate_variants, variants_table

MODELS = Path("models")

OUTPUT = Path("build/evaluation")

LINE_MODEL = "line"
"""Name of the model that reads lines. See `_beside`."""

EYES_MODEL = "eyes"
"""Name of the model that finds the writing in pictures."""

WAYS: tuple[Way, ...] = ("pictures", "strokes")


SERVER = ", server"
"""Suffix of the way of figures that a server's answers give."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command, except those it shares with training."""
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
    """All figures that were requested."""

    digits: list[Figures]
    others: list[NonDigitFigures]
    variants: list[Variant]
    numbers: list[NumberFigures]
    line: Model | None
    """The model that read numbers. None if there were none, or a server read them."""


def evaluate(options: argparse.Namespace) -> int:
    """Measure the served file. Fail if it is worse than its card."""
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
    """Measure single contributors. The card has no figures to compare with."""
    more = (options.others, options.numbers, options.photos is not None, options.pictures)
    if not options.strokes or any((*more, options.variants is not None)):
        raise TrainError("--only measures digits of --strokes: give --strokes, and no other data")
    here = _recognizer(model)
    with _reader(options.through_server, model, here) as reader:
        print(evaluate_contributors(options, model, reader))
    return 0


def _measured(options: argparse.Namespace, model: Model) -> Measured:
    mnist = load_mnist(options.mnist)
    pen = {path: digits_of(path, options.split) for path in options.strokes}
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
        pictures = [*measure_pictures(reader, mnist)] if options.pictures else []
        strokes = [*measure_strokes(reader, pen, options.split)]
        others = [*measure_nondigits(reader, options, pen, strokes)] if options.others else []
        numbers = [*measure_numbers(reader, options, pen)] if options.numbers else []
        if options.photos is not None:
            numbers += measure_photos(reader, options, pen, mnist)
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
    """Load another model from a folder, or else the shipped one.

    The folder of a fold or of a trial has only the network that was trained.
    """
    there = (models / f"{name}.json").exists()
    return load_model(models if there else MODELS, name)


def _recognizer(model: Model, eyes: Model | None = None, line: Model | None = None) -> Recognizer:
    """Build a recogniser of single digits, with eyes for pictures and a line model for numbers."""
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


def _reader(url: str | None, model: Model, here: Recognizer) -> AbstractContextManager[Reader]:
    """Return the reader of strokes and pictures: a server, or this process."""
    return closing(RemoteRecognizer(url, model)) if url else nullcontext(here)


def _text(options: argparse.Namespace, model: Model, measured: Measured) -> str:
    """Format the report that is printed."""
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
    """Save tables, plots and contact sheets.

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
        # Contact sheets of an earlier run are out of date.
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
    """Check whether a digit is misread, or a non-digit accepted."""
    return result.status == "ok" if result.label is None else result.read != result.label


def _slug(data: str) -> str:
    """Return the name of a set as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", data.lower()).strip("-")
