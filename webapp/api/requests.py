"""The interface as types: requests are checked against them, answers are made of them.

Field names are fixed (docs/api.md).
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, get_args

import msgspec
import numpy as np
from msgspec import UNSET, Meta

from ..config import (
    MAX_ALTERNATIVES,
    MAX_BATCH_POINTS,
    MAX_BATCH_STROKES,
    MAX_COORDINATE,
    MAX_DRAWINGS,
    MAX_POINTS,
    MAX_STROKES,
)
from ..problems import FieldError, ProblemError
from ..recognition import Expect, Stroke
from .answers import SurfaceAnswer

Coordinate = Annotated[float, Meta(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]

Size = Annotated[float, Meta(gt=0, le=MAX_COORDINATE)]

Pressure = Annotated[float, Meta(ge=0, le=1)]

Alternatives = Annotated[int, Meta(ge=0, le=MAX_ALTERNATIVES)]

Hint = Annotated[
    Expect,
    Meta(
        description="What to read: `number`, digits and the signs of numbers; `digits`, digits "
        "only; `digit`, one digit that all ink belongs to."
    ),
]


class StrokeColumns(msgspec.Struct, forbid_unknown_fields=True):
    """One pen-down movement, a column a quantity; all columns have one length."""

    x: Annotated[list[Coordinate], Meta(min_length=1, max_length=MAX_POINTS)]
    y: Annotated[list[Coordinate], Meta(min_length=1, max_length=MAX_POINTS)]
    t: Annotated[list[Coordinate], Meta(max_length=MAX_POINTS)] | None = None
    p: Annotated[list[Pressure], Meta(max_length=MAX_POINTS)] | None = None


class StrokesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /api/v1/predict/strokes."""

    strokes: Annotated[list[StrokeColumns], Meta(max_length=MAX_STROKES)]
    width: Size | None = None
    height: Size | None = None
    expect: Hint = "number"
    glyphs: bool = False
    alternatives: Alternatives = 3

    def as_strokes(self, place: str = "") -> list[Stroke]:
        """Arrays of shape (N, 2).

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
        """What the boxes refer to, if the request says it."""
        if self.width is None or self.height is None:
            return None
        return SurfaceAnswer(self.width, self.height)


class BatchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /api/v1/predict/batch."""

    drawings: Annotated[list[StrokesRequest], Meta(min_length=1, max_length=MAX_DRAWINGS)]

    def as_drawings(self) -> list[list[Stroke]]:
        """The strokes of each drawing.

        Raises:
            ProblemError: 422, one is invalid, or there are too many points or strokes in all.
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


Index = Annotated[int, Meta(ge=0, le=MAX_POINTS)]


class ExplainRequest(StrokesRequest):
    """The body of POST /api/v1/explain, where it is strokes."""

    index: Index = 0


class ImageOptions(msgspec.Struct, forbid_unknown_fields=True):
    """Query or form fields of POST /api/v1/predict/image."""

    expect: Hint = "number"
    glyphs: bool = False
    alternatives: Alternatives = 3


class ExplainOptions(ImageOptions):
    """Query or form fields of POST /api/v1/explain, where it is a picture."""

    index: Index = 0


Checked = TypeVar("Checked")

SHOWN_LENGTH = 60
"""Characters of a value or a name that a message repeats."""

SHOWN_BODY_BYTES = 256 * 1024
"""Larger bodies are not taken apart to show the value that is wrong: 4 MiB of nested brackets would
take 190 MiB and a second."""


# msgspec works out a type at its first use, and crashes where two threads do so at once: it is done
# here, before there are threads.
_DECODERS: Mapping[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind)
    for kind in (StrokesRequest, BatchRequest, ExplainRequest, ImageOptions, ExplainOptions)
}


def decode_json(body: bytes, kind: type[Checked]) -> Checked:
    """Check a JSON body against one of the types above.

    Raises:
        ProblemError: 400 where it is not JSON, 422 where it is not of the type, or a name comes
            twice in an object.
    """
    try:
        checked: Checked = _DECODERS[kind].decode(body)
    except msgspec.ValidationError as error:
        # msgspec checks as it reads: what follows may still be malformed.
        raise _invalid_field(error, _document(body)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error) from error
    # msgspec takes the last of two members of one name; another reader may take the first.
    json.loads(body, object_pairs_hook=_unrepeated)
    return checked


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of members whose names differ.

    Raises:
        ProblemError: 422.
    """
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise invalid("", f"{_shown(name)} is given more than once in one object")
        members[name] = value
    return members


def convert_fields(fields: Mapping[str, str], kind: type[Checked]) -> Checked:
    """Check query or form fields, all text, against a type.

    Raises:
        ProblemError: 422.
    """
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid_field(error, fields) from error


def invalid(place: str, detail: str) -> ProblemError:
    """422 about one field, at a JSON pointer."""
    return ProblemError(422, detail, [FieldError(place, detail)])


def malformed(error: Exception) -> ProblemError:
    """400 about a body that is no JSON."""
    if isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    elif isinstance(error, UnicodeDecodeError):
        reason = "it is not UTF-8"
    else:
        reason = str(error).removeprefix("JSON is malformed: ")
    return ProblemError(400, f"The body is not JSON: {reason}.")


def _document(body: bytes) -> object:
    """The body without a type, for what an error shows of it; fractions as they were written,
    however large (1e400). `UNSET` for a large body, which is only checked.

    Raises:
        ProblemError: 400, it is not JSON.
    """
    try:
        if len(body) > SHOWN_BODY_BYTES:
            _CHECKED_ONLY.decode(body)
            return UNSET
        return _LITERAL_FRACTIONS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error) from error


_CHECKED_ONLY = msgspec.json.Decoder(msgspec.Raw)

_LITERAL_FRACTIONS = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode()))

_WORDS = {
    "`float`": "a number",
    "`int`": "a whole number",
    "`str`": "text",
    "`bool`": "true or false",
}


_WORDS |= {"`array`": "an array", "`object`": "an object", "`null`": "null"}


def _invalid_field(error: msgspec.ValidationError, document: object) -> ProblemError:
    """A validation error with pointer and value: `Expected `float` <= 1 - at `$.p[0]``."""
    # A field's name may hold anything, this separator too; the path that msgspec adds comes last.
    expectation, _, path = str(error).rpartition(" - at `$")
    if not re.fullmatch(r"[\w.\[\]]*`", path):
        expectation, path = str(error), ""
    tokens = re.findall(r"\.([A-Za-z_]+)|\[(\d+)\]", path)
    keys = [name or int(index) for name, index in tokens]
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", expectation, re.DOTALL)
    if unknown:
        name = unknown[1][:SHOWN_LENGTH]
        return invalid(pointer([*keys, name]), f"{_shown(name)} is not a field here")
    missing = re.fullmatch(r"Object missing required field `(.*)`", expectation)
    if missing:
        return invalid(pointer([*keys, missing[1]]), f"{missing[1]} is missing")
    if expectation.startswith("Invalid enum value"):  # msgspec does not say which there are
        expectation = "one of " + ", ".join(f'"{value}"' for value in get_args(Expect))
    elif expectation == "Number out of range":
        expectation = "a finite number"
    expectation, _, _ = expectation.partition(", got ")
    expectation = expectation.replace(" | null`", "`")  # null is only the same as nothing given
    for term, word in _WORDS.items():
        expectation = expectation.replace(term, word)
    expectation = expectation.removeprefix("Expected ")
    where = ".".join(str(key) for key in keys) or "the body"
    got = "" if document is UNSET else f", got {_shown(_at(document, keys))}"
    return invalid(pointer(keys), f"{where}: expected {expectation}{got}")


def pointer(keys: list[Any]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def _at(document: Any, keys: list[Any]) -> Any:
    """The value at a path that msgspec reported."""
    for key in keys:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _shown(value: object) -> str:
    """A value short enough for a message."""
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 3] + "..."
