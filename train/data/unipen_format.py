"""Parser of the UNIPEN format: statements that start with a dot and describe ink and segments."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ..errors import DataError

MM_PER_INCH = 25.4

BLANK = ["0", "0"]
"""NIST's replacement for ink that no segment of the release uses."""

STATEMENT = re.compile(r"^\.([A-Z][A-Z_0-9]*)", re.MULTILINE)

SEGMENT = re.compile(
    r'\s*\S+\s+(?P<where>[\d:-]+(?:\s*,\s*[\d:-]+)*)\s+(?:(?P<quality>[^\s"]+)\s+)?'
    r'"(?P<label>(?:[^"\\]|\\.)*)"',
    re.DOTALL,
)

RANGE = re.compile(r"(\d+)(?::(\d+))?(?:-(\d+)(?::(\d+))?)?")

ESCAPE = re.compile(r'\\(["\\])')

NO_LABEL = "without a label"

Files = Mapping[str, Callable[[], bytes]]
"""Reader of each file, by name, such as `data/1a/gmd/monu.dat`."""

Point = list[float]


@dataclass(frozen=True)
class _Place:
    """Position of a statement's text."""

    file: str
    text: str
    at: int

    def error(self, message: str, lines: int = 0) -> DataError:
        line = self.text.count("\n", 0, self.at) + 1 + lines
        return DataError(f"{self.file}, line {line}: {message}")


@dataclass(frozen=True)
class _Settings:
    """Settings of ink, from the statements before it."""

    columns: tuple[str, ...] = ("X", "Y")
    ppmm: tuple[float | None, float | None] = (None, None)
    hz: float | None = None
    writer: str | None = None


@dataclass(frozen=True)
class _Component:
    """The pen's path between two events. A recorded path of the lifted pen is a component, too."""

    place: _Place
    down: bool
    text: str
    settings: _Settings

    def points(self) -> list[Point]:
        """Return [x, y] points as in the file. Blanked ink has none."""
        words = self.text.split()
        columns = self.settings.columns
        if words == BLANK:
            return []
        try:
            numbers = [_number(word) for word in words]
        except ValueError as error:
            raise self._not_numbers() from error
        if len(numbers) % len(columns):
            raise self.place.error(
                f"{len(numbers)} numbers are no rows of {len(columns)} ({' '.join(columns)})"
            )
        x, y = columns.index("X"), columns.index("Y")
        step = len(columns)
        return [list(point) for point in zip(numbers[x::step], numbers[y::step], strict=True)]

    def _not_numbers(self) -> DataError:
        for lines, line in enumerate(self.text.split("\n")):
            for word in line.split():
                try:
                    _number(word)
                except ValueError:
                    return self.place.error(f"a coordinate is a number, got {word[:40]!r}", lines)
        raise AssertionError("some word is no number")


@dataclass(frozen=True)
class Segment:
    """A segment: its components and its label."""

    where: str
    ranges: tuple[tuple[int, int, int, int | None], ...]
    """First component, its first point, last component, its last point (None: to its end)."""
    quality: str
    label: str


class Document:
    """The components and the segments of one level, in the order of the statements."""

    def __init__(self, files: Files, level: str) -> None:
        self.components: list[_Component] = []
        self.segments: list[Segment] = []
        self.left_out: Counter[str] = Counter()
        self.missing: Counter[str] = Counter()
        self._files = files
        self._level = level
        self._settings = _Settings()

    def read(self, name: str, within: tuple[str, ...] = ()) -> None:
        """Parse a file of the distribution and the files it includes."""
        text = self._files[name]().decode("latin-1")
        found = list(STATEMENT.finditer(text))
        ends = [*(following.start() for following in found[1:]), len(text)]
        for statement, end in zip(found, ends, strict=False):  # a file may have no statements
            place = _Place(name, text, statement.end())
            self._take(statement[1], text[statement.end() : end], place, (*within, name))

    def _take(self, keyword: str, text: str, place: _Place, within: tuple[str, ...]) -> None:
        match keyword:
            case "INCLUDE":
                self._include(text.strip(), place, within)
            case "PEN_DOWN" | "PEN_UP":
                if text.strip():  # without points it is an event, not a component
                    down = keyword == "PEN_DOWN"
                    self.components.append(_Component(place, down, text, self._settings))
            case "SEGMENT":
                self._segment(text, place)
            case "COORD":
                columns = tuple(text.split())
                if not {"X", "Y"} <= set(columns):
                    raise place.error(f"ink has columns X and Y, got {text.strip()[:40]!r}")
                self._settings = replace(self._settings, columns=columns)
            case "WRITER_ID":
                writer = text.split()[0] if text.strip() else None
                self._settings = replace(self._settings, writer=writer)
            case "POINTS_PER_SECOND":
                self._settings = replace(self._settings, hz=_setting(text, place))
            case "X_POINTS_PER_MM" | "Y_POINTS_PER_MM" | "X_POINTS_PER_INCH" | "Y_POINTS_PER_INCH":
                value = _setting(text, place)
                if value is not None and keyword.endswith("INCH"):
                    value /= MM_PER_INCH
                x, y = self._settings.ppmm
                ppmm = (value, y) if keyword.startswith("X") else (x, value)
                self._settings = replace(self._settings, ppmm=ppmm)

    def _include(self, path: str, place: _Place, within: tuple[str, ...]) -> None:
        # Included paths are looked up among the distribution's files, so none leads out of it.
        name = f"include/{path}"
        if name in within:
            raise place.error(f"{path} includes itself")
        if name in self._files:
            self.read(name, within)
        else:
            self.missing[path] += 1

    def _segment(self, text: str, place: _Place) -> None:
        if text.split(maxsplit=1)[:1] != [self._level]:
            return
        if '"' not in text:
            self.left_out[NO_LABEL] += 1
            return
        found = SEGMENT.match(text)
        if not found:
            raise place.error(f"no segment: {' '.join(text.split())[:60]}")
        where = "".join(found["where"].split())
        self.segments.append(
            Segment(where, _ranges(where, place), found["quality"] or "?", _label(found["label"]))
        )

    def strokes(self, segment: Segment) -> list[list[Point]]:
        """Return the strokes of a segment.

        Raises:
            IndexError: the segment names a missing component.
        """
        drawn = []
        for first, first_point, last, last_point in segment.ranges:
            for number in range(first, last + 1):
                component = self.components[number]
                if component.down:
                    start = first_point if number == first else 0
                    end = last_point + 1 if number == last and last_point is not None else None
                    drawn.append(component.points()[start:end])
        return [stroke for stroke in drawn if stroke]


def _ranges(where: str, place: _Place) -> tuple[tuple[int, int, int, int | None], ...]:
    """Parse components or points of components, ends included: `3`, `1-2`, `4:10-5:3`, `3,5`."""
    ranges = []
    for part in where.split(","):
        found = RANGE.fullmatch(part)
        if not found:
            raise place.error(f"a segment has components such as 3 or 4:10-5:3, got {part[:40]!r}")
        single = found[3] is None  # a component, or a point of one
        first, last = int(found[1]), int(found[1] if single else found[3])
        end = found[2] if single else found[4]
        first_point, last_point = int(found[2] or 0), None if end is None else int(end)
        if last < first or (last == first and last_point is not None and last_point < first_point):
            raise place.error(f"a segment runs forwards, got {part[:40]!r}")
        ranges.append((first, first_point, last, last_point))
    return tuple(ranges)


def _label(text: str) -> str:
    return ESCAPE.sub(r"\1", " ".join(text.splitlines()))


def _number(word: str) -> float:
    try:
        return int(word)
    except ValueError:
        value = float(word)
        if not math.isfinite(value):
            raise
        return value


def _setting(text: str, place: _Place) -> float | None:
    """Parse a positive number. Return None if the file says that it is unknown."""
    word = (text.split() or ["?"])[0]
    if word == "?":
        return None
    try:
        value = _number(word)
    except ValueError:
        value = 0
    if value <= 0:
        raise place.error(f"a resolution is a number above 0, got {word[:40]!r}")
    return value
