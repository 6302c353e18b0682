"""Transcription: from lines of ink to symbols and their ink.

Each line becomes a strip. The line reader scores its columns, and a beam search finds the likeliest
texts. Each symbol of a text is assigned its ink. The network of single digits gives a second
opinion on the ink of each digit. Strokes and a picture's connected components take the same path
(`Ink`).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .budget import Budget
from .errors import Bound, BudgetError
from .ink.drawing import Stroke
from .ink.glyph import Glyph
from .ink.lines import Boxes, lines_of, parts_of
from .ink.strip import ROWS, Frame, frame_in, frame_of
from .network.beam_search import Hypothesis, align, prefix_beam_search
from .network.bounds import MISUSED, Bounds
from .network.confidence import Confidence
from .network.language_model import LanguageModel
from .network.line_reader import Columns, LineReader
from .ownership import Ink, owned_ink
from .symbols import OTHER
from .transcript import (
    BEAM,
    UNLIKELY,
    Line,
    Opinions,
    Text,
    Transcript,
    transcript_of,
    visible_text,
)

CONSIDERED = 5
"""Texts of a line that get a second opinion, at most, ..."""

NEGLIGIBLE = 0.005
"""... and their least probability, as a share of the best text's. A second opinion rarely closes
a wider gap."""

TOGETHER = 0.1
"""Widest gap between two parts of a digit, as a share of its height, at which the digit need not be
read better than two lines. Of 433 digits of train and dev writers that seem to be two lines, 422
are read, 409 without this; of 600 pairs of lines with gaps of 0.15 to 0.5, 554, and 486 without a
limit."""

SecondOpinion = Callable[
    [list[list[Stroke]]], tuple[list[Glyph], NDArray[np.float64], NDArray[np.float64] | None]
]
"""Function from the ink of N digits to their glyphs, calibrated P(digit), (N, 10), and P(is a
digit), (N,) or None."""


@dataclass(frozen=True)
class Tools:
    """Networks, constants and budget of a reading."""

    reader: LineReader
    second_opinion: SecondOpinion
    constants: Confidence
    """Weights and a cost that choose the text."""
    budget: Budget
    language_model: LanguageModel = field(default_factory=lambda: LanguageModel({}))
    wanted: Bounds | None = None
    """Bounds on each line of the text."""


def transcribe(ink: Ink, tools: Tools, rows: Sequence[list[int]] | None = None) -> Transcript:
    """Read all ink, in one line or several.

    Args:
        rows: the pieces of each row; None finds them. Pieces outside all rows are ignored.

    Raises:
        BudgetError: the budget ended before a line was read.
        GoneError: see `Budget.check`.
    """
    given = rows is not None
    rows = lines_of(ink.boxes) if rows is None else rows
    lines = list(_lines(ink.boxes, rows, split=tools.wanted is None))
    found: list[Line] = []
    limit: Bound | None = None
    for members, frame in lines:
        try:
            found.append(_line(ink, members, frame, tools))
        except BudgetError as error:
            if not found:
                raise
            limit = error.bound
            break
    unread = [members for members, _ in lines[len(found) :]]
    if given:
        held = {piece for row in rows for piece in row}
        unread += [[piece] for piece in range(len(ink.pieces)) if piece not in held]
    best = transcript_of(ink, found, tools.constants.second_opinion, limit, unread)
    if len(rows) == 2 and len(best.symbols) <= 2 and limit is None:
        # Two lines may be one digit of two parts, one above the other, such as an 8 of two rings.
        try:
            one = _line(ink, range(len(ink.pieces)), frame_of(ink.boxes), tools)
        except BudgetError as error:
            return replace(best, limit=error.bound)
        whole = transcript_of(ink, [one], tools.constants.second_opinion)
        # Of close parts, one digit is far more frequent than two lines of one digit each.
        enough = 0.9 if _gap(ink.boxes, rows) < TOGETHER else 1.0
        if len(whole.symbols) == 1 and whole.quality > min(best.quality, enough):
            return whole
    return best


def _gap(boxes: Boxes, rows: Sequence[list[int]]) -> float:
    """Return the gap between two rows, as a share of the height of both."""
    upper, lower = sorted((float(boxes[row, 1].min()), float(boxes[row, 3].max())) for row in rows)
    height = max(upper[1], lower[1]) - upper[0]
    return (lower[0] - upper[1]) / max(height, 1e-300)


def _lines(
    boxes: Boxes, rows: Sequence[list[int]], split: bool
) -> Iterator[tuple[list[int], Frame]]:
    """Yield the pieces and the frame of each line, from the top.

    Args:
        split: whether wide gaps split a row. A field of a form may have any gaps.
    """
    for row in rows:
        whole = frame_of(boxes[row])
        for members in parts_of(boxes, row, whole.height) if split else [row]:
            yield members, frame_in(whole, boxes[members])


def _line(ink: Ink, members: Sequence[int], frame: Frame, tools: Tools) -> Line:
    tools.budget.spend(pixels=ROWS * frame.width)
    members = sorted(members)  # in order of writing: the strip alternates strokes
    columns = tools.reader.read(ink.strip(members, frame), tools.budget)
    columns = _adjusted(columns, tools.constants.other_cost)
    found, fits = _hypotheses(columns, tools)
    found = _weighed(found, tools)
    least = found[0].log_probability + math.log(NEGLIGIBLE)
    count = sum(one.log_probability >= least for one in found[:CONSIDERED])
    texts = [_text(ink, members, frame, columns, one, tools.budget) for one in found[:count]]
    return Line(texts, found[count:], _second_opinions(texts, tools), fits)


def _hypotheses(columns: Columns, tools: Tools) -> tuple[list[Hypothesis], float | None]:
    """Return the likeliest texts, and the probability that the text is wanted.

    If that is negligible, all texts are returned, and 0. If nothing is wanted, None. Otherwise the
    wanted texts share the probability of all.
    """
    wanted = tools.wanted
    if wanted is not None:
        beam = BEAM * wanted.beam
        found = prefix_beam_search(columns.log_probabilities, beam, tools.budget, wanted.pattern)
        found = [one for one in found if wanted.holds(visible_text(one.symbols))][:BEAM]
        fits = sum(math.exp(one.log_probability) for one in found)
        if fits >= MISUSED:
            scale = math.log(fits)
            return [
                replace(one, log_probability=min(0.0, one.log_probability - scale)) for one in found
            ], fits
    every = prefix_beam_search(columns.log_probabilities, BEAM, tools.budget)
    return every, None if wanted is None else 0.0


def _adjusted(columns: Columns, other_cost: float) -> Columns:
    """Return columns with less other ink, as real writing has less of it than training lines.

    The logits of that class are lowered, then normalised again (Menon et al., "Long-tail learning
    via logit adjustment", ICLR 2021).
    """
    scores = columns.log_probabilities.copy()
    scores[:, OTHER] -= other_cost
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return replace(columns, log_probabilities=scores)


def _weighed(found: Sequence[Hypothesis], tools: Tools) -> list[Hypothesis]:
    """Return hypotheses with the language model's log probabilities added, the best first.

    Their total probability stays the same, so paths that the search lost stay lost.
    """
    before = np.array([one.log_probability for one in found])
    if not np.isfinite(before).all():  # no text is possible
        return [*found]
    shapes = [tools.language_model.log_probability(visible_text(one.symbols)) for one in found]
    after = before + tools.constants.language_model * np.array(shapes)
    after += np.logaddexp.reduce(before) - np.logaddexp.reduce(after)
    return [
        replace(found[row], log_probability=min(0.0, float(after[row])))
        for row in np.argsort(-after, kind="stable")
    ]


def _text(
    ink: Ink,
    members: Sequence[int],
    frame: Frame,
    columns: Columns,
    found: Hypothesis,
    budget: Budget,
) -> Text:
    placed = align(columns.log_probabilities, found.symbols, budget)
    peaks = [symbol.peak for symbol in placed]
    spans = columns.extents[peaks].astype(np.float64)
    owned, loose, misfit = owned_ink(ink, members, frame, spans)
    spread = np.exp(columns.log_probabilities[peaks].astype(np.float64))
    return Text(found.symbols, found.log_probability, owned, loose, spread, misfit)


def _second_opinions(texts: Sequence[Text], tools: Tools) -> Opinions:
    """Classify the ink of digits and other ink of a line's texts, each ink once, in one batch.

    It sets `Text.rows` and `Text.score`.
    """
    groups: list[list[Stroke]] = []
    rows: dict[tuple[tuple[int, int, int], ...], int] = {}
    for text in texts:
        found: list[int | None] = []
        for symbol, own in zip(text.symbols, text.ink, strict=True):
            if (symbol >= 10 and symbol != OTHER) or not own:
                found.append(None)
                continue
            name = tuple((piece, len(points), hash(points.tobytes())) for piece, points in own)
            if name not in rows:
                rows[name] = len(groups)
                groups.append([points for _, points in own])
            found.append(rows[name])
        text.rows = found
    opinions = (
        Opinions(*tools.second_opinion(groups)) if groups else Opinions([], np.zeros((0, 10)), None)
    )
    for text in texts:
        said = [
            max(opinions.of(symbol, row), UNLIKELY)
            for symbol, row in zip(text.symbols, text.rows, strict=True)
            if row is not None
        ]
        text.score = text.log_probability + tools.constants.second_opinion * sum(
            map(math.log, said)
        )
    return opinions
