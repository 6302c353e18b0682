"""Answers of the API, as types, and the conversion of readings to answers."""

import base64
from collections.abc import Sequence
from typing import Annotated

import cv2
import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from numpy.typing import NDArray

from ..recognition import (
    MOST_EVIDENCE,
    SIDE,
    Bound,
    Box,
    Digit,
    Glyph,
    Layer,
    Reading,
    Sign,
    Status,
)

Place = Annotated[
    int, Meta(ge=0, description="Place in the text of the line, in characters from 0.")
]


class BoxAnswer(msgspec.Struct):
    """A rectangle in the unit of the request."""

    x: float
    y: float
    width: float
    height: float


class DigitAnswer(msgspec.Struct):
    """One digit of an answer."""

    digit: int
    line: int
    index: Place
    confidence: float
    probabilities: list[float]
    is_digit: float | None
    box: BoxAnswer
    strokes: list[int] | UnsetType = UNSET
    glyph: str | UnsetType = UNSET


class SignAnswer(msgspec.Struct):
    """One sign of an answer, such as a decimal point."""

    sign: Annotated[
        str,
        Meta(pattern=r"^[-.,+/:%()=$#]$", description="One of `. , - + / : % ( ) = $ #`."),
    ]
    line: int
    index: Place
    confidence: float
    box: BoxAnswer
    strokes: list[int] | UnsetType = UNSET


class AlternativeAnswer(msgspec.Struct):
    """Another reading of the same ink."""

    text: str
    confidence: float


class SurfaceAnswer(msgspec.Struct):
    """The size of the area that boxes refer to."""

    width: float
    height: float


class ModelAnswer(msgspec.Struct):
    """The model that read the ink."""

    name: str
    version: str


class TimingAnswer(msgspec.Struct):
    """Time spent, in milliseconds."""

    total: float
    ink: float
    segment: float
    classify: float


class Answer(msgspec.Struct):
    """The answer to a drawing or a picture."""

    text: str
    lines: list[str]
    status: Status
    confidence: float
    digits: list[DigitAnswer]
    signs: list[SignAnswer]
    ignored: list[BoxAnswer]
    alternatives: list[AlternativeAnswer]
    surface: SurfaceAnswer | None
    model: ModelAnswer
    timing_ms: TimingAnswer
    request_id: str
    limit: Bound | UnsetType = UNSET
    """The bound of the request's budget that ended the reading early."""
    fits: bool | UnsetType = UNSET
    """Whether every line is what the request's bounds allow."""


class BatchAnswer(msgspec.Struct):
    """The answers to a batch, in the order of its drawings."""

    results: list[Answer]


class LayerAnswer(msgspec.Struct):
    """The feature maps of one layer."""

    name: str
    shape: list[int]
    parameters: Annotated[int, Meta(ge=0, description="Weights and biases; 0 for the input.")]
    maps: str


Nats = Annotated[float, Meta(ge=-round(MOST_EVIDENCE, 1), le=round(MOST_EVIDENCE, 1))]

Evidence = Annotated[
    list[Annotated[list[Nats], Meta(min_length=SIDE, max_length=SIDE)]],
    Meta(
        min_length=SIDE,
        max_length=SIDE,
        description="How much the ink of each pixel of `glyph`, row by row, speaks for `digit` "
        "(above 0) or against it (below 0), in nats: what the log-odds lose without it. 0 where "
        "there is no ink.",
    ),
]


class ExplainAnswer(msgspec.Struct):
    """What the network computes for one digit."""

    digit: Annotated[int, Meta(ge=0, le=9, description="The digit that was read.")]
    glyph: str
    layers: list[LayerAnswer]
    probabilities: list[float]
    evidence: Evidence


def explain_answer_of(
    digit: Digit, layers: Sequence[Layer], evidence: NDArray[np.float64]
) -> ExplainAnswer:
    """Return the explanation of one digit as an answer of the API."""
    return ExplainAnswer(
        digit.digit,
        glyph_uri(digit.glyph),
        [
            LayerAnswer(each.name, list(each.maps.shape), each.parameters, png_uri(each.picture()))
            for each in layers
        ],
        list(digit.probabilities),
        np.round(evidence, 3).tolist(),
    )


def answer_of(
    reading: Reading,
    *,
    surface: SurfaceAnswer | None,
    model: ModelAnswer,
    total_ms: float,
    request_id: str,
    glyphs: bool,
) -> Answer:
    """Return a reading as an answer of the API."""
    timing = reading.timing
    return Answer(
        text=reading.text,
        lines=list(reading.lines),
        status=reading.status,
        confidence=reading.confidence,
        digits=[
            DigitAnswer(
                digit=digit.digit,
                line=digit.line,
                index=digit.index,
                confidence=digit.confidence,
                probabilities=list(digit.probabilities),
                is_digit=digit.is_digit,
                box=_box(digit.box),
                strokes=_strokes(digit),
                glyph=glyph_uri(digit.glyph) if glyphs else UNSET,
            )
            for digit in reading.digits
        ],
        signs=[
            SignAnswer(
                sign=sign.sign,
                line=sign.line,
                index=sign.index,
                confidence=sign.confidence,
                box=_box(sign.box),
                strokes=_strokes(sign),
            )
            for sign in reading.signs
        ],
        ignored=[_box(box) for box in reading.ignored],
        limit=reading.limit or UNSET,
        fits=UNSET if reading.fits is None else reading.fits,
        alternatives=[AlternativeAnswer(a.text, a.confidence) for a in reading.alternatives],
        surface=surface,
        model=model,
        timing_ms=TimingAnswer(
            round(total_ms, 3),
            round(timing.ink, 3),
            round(timing.segment, 3),
            round(timing.classify, 3),
        ),
        request_id=request_id,
    )


def _box(box: Box) -> BoxAnswer:
    return BoxAnswer(box.x, box.y, box.width, box.height)


def _strokes(symbol: Digit | Sign) -> list[int] | UnsetType:
    """Return the indices of a symbol's strokes; UNSET for a picture."""
    return UNSET if symbol.strokes is None else list(symbol.strokes)


def glyph_uri(glyph: Glyph) -> str:
    """Return the ink of a glyph as a data: URI of a PNG, white on black as the network has it."""
    return png_uri(glyph[..., 0])


def png_uri(picture: NDArray[np.uint8]) -> str:
    """Return a grey picture as a data: URI of a PNG."""
    _, encoded = cv2.imencode(".png", picture)
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
