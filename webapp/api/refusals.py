"""Refusals of requests that are not JSON, or have an invalid field."""

import re
from collections.abc import Mapping
from typing import Any, get_args

import msgspec
from msgspec import UNSET

from ..forms import Check
from ..problems import FieldError, ProblemError
from ..recognition import Expect

SHOWN_LENGTH = 60
"""Longest excerpt of a value or a name in an error, in characters."""

SHOWN_BODY_BYTES = 256 * 1024
"""Bodies above this size, in bytes, are not parsed again to show the invalid value. 4 MiB of nested
brackets would take 190 MiB and a second."""

_CHOICES: Mapping[str, Any] = {"expect": Expect, "check": Check}
"""Fields with a fixed choice of values."""


def invalid(place: str, detail: str) -> ProblemError:
    """Return the 422 for one field, at a JSON pointer."""
    return ProblemError(422, detail, [FieldError(place, detail)])


def malformed(error: Exception) -> ProblemError:
    """Return the 400 for a body that is not JSON."""
    if isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    elif isinstance(error, UnicodeDecodeError):
        reason = "it is not UTF-8"
    else:
        reason = str(error).removeprefix("JSON is malformed: ")
    return ProblemError(400, f"The body is not JSON: {reason}.")


def document_of(body: bytes) -> object:
    """Parse the body without a type, to show an invalid value. `UNSET` for a large body.

    Fractions keep their text, however large (1e400). A large body is only checked.

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
    "`float | str`": "a number or text",
    "`int`": "a whole number",
    "`str`": "text",
    "`bool`": "true or false",
    "`array`": "an array",
    "`object`": "an object",
    "`null`": "null",
}


def invalid_field(error: msgspec.ValidationError, document: object) -> ProblemError:
    """Convert a validation error, such as `Expected `float` <= 1 - at `$.p[0]``, to a 422."""
    # A field's name may contain this separator. The path that msgspec appends comes last.
    expectation, _, path = str(error).rpartition(" - at `$")
    if not re.fullmatch(r"[\w.\[\]]*`", path):
        expectation, path = str(error), ""
    tokens = re.findall(r"\.([A-Za-z_]+)|\[(\d+)\]", path)
    keys = [name or int(index) for name, index in tokens]
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", expectation, re.DOTALL)
    if unknown:
        name = unknown[1][:SHOWN_LENGTH]
        return invalid(pointer([*keys, name]), f"{shown(name)} is not a field here")
    missing = re.fullmatch(r"Object missing required field `(.*)`", expectation)
    if missing:
        return invalid(pointer([*keys, missing[1]]), f"{missing[1]} is missing")
    if expectation.startswith("Invalid enum value"):  # msgspec does not list the valid values
        values = get_args(_CHOICES[str(keys[-1])])
        expectation = "one of " + ", ".join(f'"{value}"' for value in values)
    elif expectation == "Number out of range":
        expectation = "a finite number"
    expectation, _, _ = expectation.partition(", got ")
    expectation = expectation.replace(" | null`", "`")  # null means the same as an omitted field
    for term, word in _WORDS.items():
        expectation = expectation.replace(term, word)
    expectation = expectation.removeprefix("Expected ")
    where = ".".join(str(key) for key in keys) or "the body"
    got = "" if document is UNSET else f", got {shown(_at(document, keys))}"
    return invalid(pointer(keys), f"{where}: expected {expectation}{got}")


def pointer(keys: list[Any]) -> str:
    """Return a JSON pointer (RFC 6901)."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def _at(document: Any, keys: list[Any]) -> Any:
    """Return the value at a path that msgspec reported."""
    for key in keys:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def shown(value: object) -> str:
    """Return a value, shortened for an error."""
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 3] + "..."
