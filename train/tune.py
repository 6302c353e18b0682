"""`python -m train tune`: choose what counts how much between ways to read a number.

Coordinate descent over `Weights` on train writers. What the network says does not depend on them
and is asked once, so that a few thousand searches take minutes.
"""

import argparse
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np

from webapp.recognition import (
    Calibration,
    Classifier,
    Glyph,
    LiteRTClassifier,
    Stroke,
    glyph_of_strokes,
    load_model,
)
from webapp.recognition.blobs import pieces_of
from webapp.recognition.image import decode
from webapp.recognition.lattice import Weights
from webapp.recognition.numbers import (
    PICTURE_WEIGHTS,
    Judge,
    Medium,
    picture_medium,
    read_numbers,
    remembering,
    stroke_medium,
)
from webapp.recognition.page import page_of
from webapp.recognition.reader import Timing, glyphs_in, judge_of

from .compose import SPACINGS, composed
from .errors import TrainError
from .evaluation import LIMITS
from .number_figures import is_number
from .photo_sets import PhotoSample, generated_photos, pairs_as_pictures
from .photos import SCENES
from .strokes import StrokeSample, read_stroke_file

SPLIT = "train"
"""Whose numbers: never those that the figures are of."""

SEED = 2029

FACTORS = (0.0, 0.5, 0.7, 0.85, 1.2, 1.5, 2.0)
"""Of a weight's present value, what is tried; of 1 where that is 0."""

FLOOR = 1e-3
"""Shares of the label count as at least this: one hopeless number decides nothing."""

EXACT = 2.0
"""What a number read exactly is worth, beside the logarithm of its share."""


Asking = Callable[[Callable[[list[Stroke]], Glyph]], Judge]
"""What makes glyphs of groups, to what judges these groups."""


@dataclass(frozen=True)
class Case:
    """Ink, and the digits that it is."""

    label: str
    """Line after line, without breaks: where they were is not always known."""
    inks: Sequence[Stroke]
    medium: Callable[[Weights], Medium]


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.set_defaults(run=tune)
    parser.add_argument("--strokes", type=Path, required=True, metavar="FILE", help="of digits")
    parser.add_argument(
        "--numbers",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a stroke file of numbers; may be given again",
    )
    parser.add_argument(
        "--pictures", action="store_true", help="the weights of pictures, not those of strokes"
    )
    parser.add_argument(
        "--count", type=int, default=150, help="numbers of each kind, at most (default: 150)"
    )
    parser.add_argument("--rounds", type=int, default=2, help="of the descent (default: 2)")
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")


def tune(options: argparse.Namespace) -> int:
    """Choose and print; nothing is written."""
    model = load_model(options.models, options.name)
    ask = partial(asked_once, LiteRTClassifier(model.content), Calibration.of_card(model.card))
    digits = [s for s in read_stroke_file(options.strokes) if s.split == SPLIT and s.is_digit]
    if not digits:
        raise TrainError(f"{options.strokes} has no digits by {SPLIT} writers")
    sets = _pictures if options.pictures else _strokes
    cases = [*sets(options, digits, ask)]
    weights = PICTURE_WEIGHTS if options.pictures else Weights()
    best = descend(weights, cases, options.rounds, print)
    changed = {f.name: getattr(best, f.name) for f in fields(Weights)}
    print("\n".join(f"    {name}: float = {value:g}" for name, value in changed.items()))
    return 0


def descend(
    weights: Weights, cases: Sequence[Case], rounds: int, say: Callable[[str], object]
) -> Weights:
    """The weights after so many rounds of trying each in turn, the others left alone."""
    best, most = weights, worth(weights, cases)
    say(f"at first: {most[0]:.4f}, exact {most[1]:.2%} of {len(cases)}")
    for _, field in itertools.product(range(rounds), fields(Weights)):
        start = best
        for factor in FACTORS:
            value = getattr(start, field.name) or 1.0  # of nothing, a share would be nothing
            tried = replace(start, **{field.name: value * factor})
            found = worth(tried, cases)
            if found[0] > most[0] + 1e-6:
                best, most = tried, found
        value = getattr(best, field.name)
        say(f"{field.name} = {value:g}: {most[0]:.4f}, exact {most[1]:.2%}")
    return best


def worth(weights: Weights, cases: Sequence[Case]) -> tuple[float, float]:
    """What is to be as large as possible; and the share of numbers read exactly."""
    total, exact = 0.0, 0
    for case in cases:
        numbers = read_numbers(case.inks, case.medium(weights))
        texts = [("".join(lines), share) for lines, share in numbers.readings]
        share = sum(share for text, share in texts if text == case.label)
        right = texts[0][0] == case.label
        exact += right
        total += math.log(max(share, FLOOR)) + EXACT * right
    return total / len(cases), exact / len(cases)


def asked_once(
    classifier: Classifier, calibration: Calibration, glyph_of: Callable[[list[Stroke]], Glyph]
) -> Judge:
    """What judges groups of ink, each of which the network is asked about once."""
    judge = judge_of(classifier, calibration, glyph_of, Timing())
    # What a cut makes is made anew in each search: the same points, another array.
    return remembering(judge, lambda group: tuple(points.tobytes() for points in group))


def _strokes(
    options: argparse.Namespace, digits: Sequence[StrokeSample], ask: Asking
) -> Iterator[Case]:
    rng = np.random.default_rng(SEED)
    several = [s for s in digits if len(s.strokes) > 1]
    chosen = [*_some(digits, options.count, rng), *_some(several, options.count, rng)]
    for path in options.numbers:
        numbers = [s for s in read_stroke_file(path) if s.split == SPLIT and is_number(s)]
        chosen += _some(numbers, options.count, rng)
    for spacing in SPACINGS:
        chosen += composed(digits, options.count, 4, spacing, rng)
    judge = ask(glyph_of_strokes)
    for sample in chosen:
        label = "".join(sample.label.split())
        yield Case(label, sample.strokes, partial(stroke_medium, judge))


def _pictures(
    options: argparse.Namespace, digits: Sequence[StrokeSample], ask: Asking
) -> Iterator[Case]:
    photos: list[PhotoSample] = [*pairs_as_pictures(digits, options.count, "kissing", SEED)]
    for kind in SCENES:
        photos += generated_photos(digits, kind, max(1, options.count // len(SCENES)), SEED)
    for photo in photos:
        page = page_of(decode(photo.data, LIMITS))
        inks = pieces_of(page.ink)
        if not inks:
            continue
        label = "".join(photo.label.split())
        yield Case(label, inks, partial(picture_medium, ask(glyphs_in(page.ink))))


def _some(
    samples: Sequence[StrokeSample], count: int, rng: np.random.Generator
) -> list[StrokeSample]:
    chosen = rng.choice(len(samples), min(count, len(samples)), replace=False)
    return [samples[i] for i in sorted(chosen.tolist())]
