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

Line = Annotated[int, Meta(description="Index in `lines`, from 0.")]

Strokes = Annotated[
    list[int], Meta(description="Indices of its strokes in the request. Absent for pictures.")
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
    line: Line
    index: Place
    confidence: Annotated[
        float, Meta(description="Probability that `digit` is right, if the ink is a digit.")
    ]
    probabilities: Annotated[
        list[float],
        Meta(
            description="Probabilities of 0 to 9, if the ink is a digit. Their sum is 1. A letter "
            "may have 0.99 here: multiply by `is_digit`."
        ),
    ]
    is_digit: Annotated[
        float | None,
        Meta(
            description="Probability that the ink is a digit at all; null if the model does not "
            "say."
        ),
    ]
    box: BoxAnswer
    strokes: Strokes | UnsetType = UNSET
    glyph: (
        Annotated[
            str, Meta(description="What the network sees, as a `data:` URI, if `glyphs` is true.")
        ]
        | UnsetType
    ) = UNSET


class SignAnswer(msgspec.Struct):
    """One sign of an answer, such as a decimal point."""

    sign: Annotated[
        str,
        Meta(pattern=r"^[-.,+/:%()=$#]$", description="One of `. , - + / : % ( ) = $ #`."),
    ]
    line: Line
    index: Place
    confidence: Annotated[float, Meta(description="Probability of this sign in this place.")]
    box: BoxAnswer
    strokes: Strokes | UnsetType = UNSET


class AlternativeAnswer(msgspec.Struct):
    """Another reading of the same ink."""

    text: str
    confidence: Annotated[float, Meta(description="Probability that this text is right.")]


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

    text: Annotated[
        str,
        Meta(
            description="What was read, digits and signs, its lines parted by line feeds. Empty "
            "for `not_a_number` and `empty`."
        ),
    ]
    lines: Annotated[list[str], Meta(description="The lines of `text`, from top to bottom.")]
    status: Annotated[
        Status,
        Meta(
            description="`ok`: the text is likely enough to be used. `unsure`: it is a guess, to "
            "be checked. `not_a_number`: there is ink, and it is no number. `empty`: there is no "
            "ink."
        ),
    ]
    confidence: Annotated[
        float,
        Meta(
            description="Calibrated probability that all of `text` is right; for `not_a_number`, "
            "that the ink is no number."
        ),
    ]
    digits: Annotated[
        list[DigitAnswer],
        Meta(
            description="Digits of the text, in its order; for `not_a_number`, the digit that was "
            "considered, if any."
        ),
    ]
    signs: Annotated[list[SignAnswer], Meta(description="Signs of the text, in its order.")]
    ignored: Annotated[
        list[BoxAnswer],
        Meta(
            description="Boxes of ink outside the text, such as scribbles, letters and words. "
            "Beside them, a text is `unsure`."
        ),
    ]
    alternatives: Annotated[
        list[AlternativeAnswer],
        Meta(description="Other readings, the likeliest first, at most as many as asked for."),
    ]
    surface: Annotated[
        SurfaceAnswer | None,
        Meta(
            description="Size of the upright picture, or the request's `width` and `height`; null "
            "if it has none."
        ),
    ]
    model: ModelAnswer
    timing_ms: TimingAnswer
    request_id: str
    limit: (
        Annotated[
            Bound,
            Meta(description="Bound of the request's budget that ended the reading early, if any."),
        ]
        | UnsetType
    ) = UNSET
    fits: (
        Annotated[
            bool,
            Meta(
                description="Whether every line is what `pattern`, `min`, `max`, `check` and "
                "`sum_of` allow. If false, `text` is what is read without them."
            ),
        ]
        | UnsetType
    ) = UNSET


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
