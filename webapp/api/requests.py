"""Requests of the API, as types that validate them.

Field names are fixed (docs/api.md).
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from ..config import (
    MAX_ADDENDS_TEXT,
    MAX_ALTERNATIVES,
    MAX_BATCH_POINTS,
    MAX_BATCH_STROKES,
    MAX_COORDINATE,
    MAX_DRAWINGS,
    MAX_POINTS,
    MAX_STROKES,
    MAX_VALUE,
    MAX_WRITTEN,
)
from ..forms import (
    MOST_ADDENDS,
    MOST_CHARACTERS,
    Check,
    Pattern,
    PatternError,
    Wanted,
)
from ..recognition import Expect, Stroke
from .answers import SurfaceAnswer
from .refusals import document_of, invalid, invalid_field, malformed, shown

Coordinate = Annotated[float, Meta(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]

Size = Annotated[float, Meta(gt=0, le=MAX_COORDINATE)]

Pressure = Annotated[float, Meta(ge=0, le=1)]

Alternatives = Annotated[
    int, Meta(ge=0, le=MAX_ALTERNATIVES, description="Other readings to give, at most.")
]

Glyphs = Annotated[bool, Meta(description="Give the 28×28 picture of each digit, too.")]

Hint = Annotated[
    Expect,
    Meta(
        description="What to read: `number`, digits and the signs of numbers; `digits`, digits "
        "only; `digit`, one digit that all ink belongs to."
    ),
]


class StrokeColumns(msgspec.Struct, forbid_unknown_fields=True):
    """One stroke, with a column per quantity. All columns have one length."""

    x: Annotated[
        list[Coordinate],
        Meta(min_length=1, max_length=MAX_POINTS, description="Places to the right, in any unit."),
    ]
    y: Annotated[
        list[Coordinate],
        Meta(min_length=1, max_length=MAX_POINTS, description="Places downwards, in that unit."),
    ]
    t: Annotated[
        Annotated[list[Coordinate], Meta(max_length=MAX_POINTS)] | None,
        Meta(description="Times since the drawing's first point, in ms."),
    ] = None
    p: Annotated[
        Annotated[list[Pressure], Meta(max_length=MAX_POINTS)] | None,
        Meta(description="Pressures of the pen, from 0 to 1."),
    ] = None


Value = Annotated[float, Meta(ge=-MAX_VALUE, le=MAX_VALUE)]

Written = Annotated[str, Meta(max_length=MAX_WRITTEN)]


class Bounds(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a form's field may hold. Each line of the text must."""

    pattern: Annotated[
        Annotated[str, Meta(max_length=MOST_CHARACTERS)] | None,
        Meta(
            description="Form of the text: `0` is a digit, other digits and signs stand for "
            "themselves; `0{4}`, `0{2,4}`, `0+`, `0*` and `0?` repeat; `(…)` groups; `|` parts "
            "alternatives; a symbol after a backslash stands for itself. `00/00/0000` is a date, "
            "`-?0+(.00)?` an amount.",
        ),
    ] = None
    min: Annotated[Value | None, Meta(description="Least value of the number.")] = None
    max: Annotated[Value | None, Meta(description="Largest value of the number.")] = None
    check: Annotated[
        Check | None,
        Meta(
            description="Check digits that the number must have: `luhn` (bank cards), `isbn`, "
            "`ean13`, `mod97` (ISO/IEC 7064)."
        ),
    ] = None

    def wanted(self, place: str = "") -> Wanted | None:
        """Return the bounds for the recogniser, or None if there are none.

        Args:
            place: JSON pointer to the object that has them.

        Raises:
            ProblemError: 422, the pattern or a number of `sum_of` is invalid, or `min` is above
                `max`.
        """
        sum_of: list[float | str] | str | None = getattr(self, "sum_of", None)
        addends = sum_of.split() if isinstance(sum_of, str) else sum_of
        bounds = (self.pattern, self.min, self.max, self.check, addends)
        if all(bound is None for bound in bounds):
            return None
        expect = getattr(self, "expect", "number")
        if expect != "number":
            raise invalid(
                f"{place}/expect",
                f"pattern, min, max, check and sum_of need number here, not {expect}",
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise invalid(f"{place}/min", f"min is {self.min:g}, above max, {self.max:g}")
        try:
            pattern = None if self.pattern is None else Pattern(self.pattern)
        except PatternError as error:
            raise invalid(f"{place}/pattern", f"pattern: {error}") from error
        try:
            return Wanted(pattern, self.min, self.max, self.check, addends)
        except ValueError as error:
            raise invalid(f"{place}/sum_of", f"sum_of: {error}") from error


class StrokesRequest(Bounds, forbid_unknown_fields=True):
    """The body of POST /api/v1/predict/strokes."""

    strokes: Annotated[list[StrokeColumns], Meta(max_length=MAX_STROKES)]
    width: Annotated[
        Size | None, Meta(description="Width of the drawing surface, in the unit of the points.")
    ] = None
    height: Annotated[Size | None, Meta(description="Height of the drawing surface.")] = None
    sum_of: Annotated[
        Annotated[list[Value | Written], Meta(min_length=1, max_length=MOST_ADDENDS)] | None,
        Meta(
            description="Numbers whose sum the number must be, exactly. As text they are read "
            "like what is written: `12.50`, `12,50`, `1.234,50`.",
        ),
    ] = None
    expect: Hint = "number"
    glyphs: Glyphs = False
    alternatives: Alternatives = 3

    def as_strokes(self, place: str = "") -> list[Stroke]:
        """Return the strokes as arrays of shape (N, 2).

        Args:
            place: JSON pointer to this drawing in the body.

        Raises:
            ProblemError: 422, the columns of a stroke differ in length, or there are too many
                points in all.
        """
        total = 0
        for number, stroke in enumerate(self.strokes):
            length = len(stroke.x)
            total += length
            for name in ("y", "t", "p"):
                column = getattr(stroke, name)
                if column is not None and len(column) != length:
                    where = f"{place}/strokes/{number}/{name}"
                    raise invalid(
                        where,
                        f"{where[1:].replace('/', '.')}: expected as many values as x "
                        f"({length}), got {len(column)}",
                    )
        if total > MAX_POINTS:
            raise invalid(
                f"{place}/strokes", f"{total} points in all, but at most {MAX_POINTS} are read"
            )
        return [np.column_stack([stroke.x, stroke.y]).astype(np.float64) for stroke in self.strokes]

    def surface(self) -> "SurfaceAnswer | None":
        """Return the size of the drawing area, or None if the request does not state it."""
        if self.width is None or self.height is None:
            return None
        return SurfaceAnswer(self.width, self.height)


class BatchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /api/v1/predict/batch."""

    drawings: Annotated[list[StrokesRequest], Meta(min_length=1, max_length=MAX_DRAWINGS)]

    def as_drawings(self) -> list[list[Stroke]]:
        """Return the strokes of each drawing.

        Raises:
            ProblemError: 422, a drawing is invalid, or there are too many points or strokes in all.
        """
        drawings = [d.as_strokes(f"/drawings/{i}") for i, d in enumerate(self.drawings)]
        points = sum(len(stroke) for strokes in drawings for stroke in strokes)
        for total, most, what in (
            (sum(map(len, drawings)), MAX_BATCH_STROKES, "strokes"),
            (points, MAX_BATCH_POINTS, "points"),
        ):
            if total > most:
                raise invalid("/drawings", f"{total} {what} in all, but at most {most} are read")
        return drawings


Index = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_POINTS,
        description="Which of the reading's `digits` to explain, from 0; signs do not count.",
    ),
]


class ExplainRequest(StrokesRequest):
    """The body of POST /api/v1/explain, for strokes."""

    index: Index = 0


class ImageOptions(Bounds, forbid_unknown_fields=True):
    """Query or form fields of POST /api/v1/predict/image."""

    sum_of: Annotated[
        Annotated[str, Meta(max_length=MAX_ADDENDS_TEXT)] | None,
        Meta(
            description=f"Numbers whose sum the number must be, exactly: 1 to {MOST_ADDENDS}, "
            "with spaces between them. They are read like what is written: `12.50`, `12,50`.",
        ),
    ] = None
    expect: Hint = "number"
    glyphs: Glyphs = False
    alternatives: Alternatives = 3


class ExplainOptions(ImageOptions):
    """Query or form fields of POST /api/v1/explain, for a picture."""

    index: Index = 0


Checked = TypeVar("Checked")

# msgspec analyses a type at its first use, and crashes if two threads do so at once. The decoders
# are therefore made here, before there are threads.
_DECODERS: Mapping[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind)
    for kind in (StrokesRequest, BatchRequest, ExplainRequest, ImageOptions, ExplainOptions)
}


def decode_json(body: bytes, kind: type[Checked]) -> Checked:
    """Decode and validate a JSON body against one of the types above.

    Raises:
        ProblemError: 400 if it is not JSON; 422 if it is invalid, or an object has a name twice.
    """
    try:
        checked: Checked = _DECODERS[kind].decode(body)
    except msgspec.ValidationError as error:
        # msgspec validates while it reads, so the rest may still be malformed.
        raise invalid_field(error, document_of(body)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error) from error
    # msgspec uses the last of two members with one name. Another parser may use the first.
    json.loads(body, object_pairs_hook=_unrepeated)
    return checked


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object from its members, which must have different names.

    Raises:
        ProblemError: 422.
    """
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise invalid("", f"{shown(name)} is given more than once in one object")
        members[name] = value
    return members


def convert_fields(fields: Mapping[str, str], kind: type[Checked]) -> Checked:
    """Convert query or form fields, which are text, and validate them against a type.

    Raises:
        ProblemError: 422.
    """
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_field(error, fields) from error
