"""Measurement of bounds on texts: what a known form of a field adds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from webapp.config import Settings
from webapp.forms import Pattern, Wanted
from webapp.library import Reader

from .evaluate import SEED
from .inks import Source
from .sets import Amounts, LineSample, line_sets

BEGIN, END = "<!-- patterns -->", "<!-- end of patterns -->"
"""Lines of docs/figures.md around the table."""

AMOUNTS = Amounts(500, 500, 500, 500, 2)
"""Those of the published figures, but hardly any non-numbers, which have no pattern."""


@dataclass(frozen=True)
class Field:
    """A kind of field, and the set that has such texts."""

    data: str
    pattern: str
    """The pattern as the table shows it."""
    of: Callable[[str], str]
    """Returns the pattern for what is written."""


def _length(change: int) -> Callable[[str], str]:
    return lambda text: f"0{{{max(1, len(text) + change)}}}"


FIELDS = (
    Field("digit_strings", "the right length", _length(0)),
    Field("digit_strings", "a digit too many", _length(1)),
    Field("digit_strings", "a digit too few", _length(-1)),
    Field("composed, touching", "`0{4}`", _length(0)),
    Field("decimals", "`0+.00`", lambda _: "0+.00"),
    Field("dates", "`0{1,2}/0{1,2}/00`", lambda _: "0{1,2}/0{1,2}/00"),
    Field("percentages", "`0{1,3}%`", lambda _: "0{1,3}%"),
    Field("pictures, touching", "`0{2}`", _length(0)),
    Field("pictures, apart", "`0{4}`", _length(0)),
    Field("pictures, cheques", "digits and signs as written", lambda text: _as_written(text)),
)
"""Measured fields. Each set is also read without a pattern."""


def measure(models: Path, dev: Source) -> str:
    """Read the sets with and without a pattern. Return a table in Markdown."""
    reader = Reader(Settings(models=str(models)))
    names = {field.data for field in FIELDS}
    sets = {name: own for name, own in line_sets(dev, AMOUNTS, SEED) if name in names}
    rows = ["| set | pattern | exact | `ok` | wrong of `ok` |", "| --- | --- | --- | --- | --- |"]
    for name in dict.fromkeys(field.data for field in FIELDS):
        rows.append(_row(name, "none", _read(reader, sets[name], None)))
        rows += [
            _row(name, field.pattern, _read(reader, sets[name], field.of))
            for field in FIELDS
            if field.data == name
        ]
    return "\n".join(rows)


def _row(name: str, pattern: str, read: Sequence[tuple[bool, bool]]) -> str:
    right, sure = (sum(column) for column in zip(*read, strict=True))
    wrong = sum(ok and not exact for exact, ok in read)
    count = len(read)
    return f"| {name} | {pattern} | {right / count:.1%} of {count} | {sure} | {wrong} |"


def _read(
    reader: Reader, samples: Sequence[LineSample], pattern_of: Callable[[str], str] | None
) -> list[tuple[bool, bool]]:
    """Return for each sample whether it is read exactly, and whether it is `ok`."""
    found: list[tuple[bool, bool]] = []
    for sample in samples:
        label = sample.label or ""
        wanted = None if pattern_of is None else Wanted(Pattern(pattern_of(label)))
        if sample.picture is not None:
            reading = reader.read_image(sample.picture, wanted=wanted)
        else:
            reading = reader.read_strokes([*(sample.strokes or ())], wanted=wanted)
        found.append((reading.text == label, reading.status == "ok"))
    return found


def _as_written(text: str) -> str:
    """Return the pattern of the digits and signs of a text, each sign after a backslash."""
    return "".join("0" if char.isdigit() else f"\\{char}" for char in text)
