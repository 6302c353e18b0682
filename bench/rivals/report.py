"""The comparison in words: docs/rivals.md, its JSON, and a short form for page and README."""

import json
import math
from typing import Any

from train.line.report import between
from train.measure.statistics import Z95
from webapp.config import ROOT

from .readers import OWN_TITLE

DOCUMENT = ROOT / "docs" / "rivals.md"
FIGURES = ROOT / "docs" / "rivals.json"
BEGIN = "<!-- what follows is written by `python -m bench.rivals` -->"
END = "<!-- until here -->"

README = ROOT / "README.md"
README_BEGIN = "<!-- written by `python -m bench.rivals` -->"
README_END = "<!-- end of the comparison -->"
PAGE = ROOT / "webapp" / "site" / "rivals.json"
"""The short form, as the page `/model` reads it."""

SHORT_SETS = {
    "single digits, digits": "Drawn digits, held-out UNIPEN writers",
    "digit_strings": "Drawn numbers, the same",
    "dates": "Dates with slashes, composed of their digits",
    "field": "Photos of numbers, by people of other projects",
    "pictures, cheque amounts": "Generated cheque amounts",
    "pictures, long touching": "Generated photos of long numbers, digits touching",
}
"""Sets of the short form, and their labels: what people ask first, and where Inkling is weak."""

SHORT_READERS = {
    "Inkling": (OWN_TITLE,),
    "PP-OCR v6 small": ("PP-OCR, confined", "PP-OCR, pages"),
    "Tesseract 5": ("Tesseract",),
    "CNN of MNIST": ("CNN, boxed",),
}
"""Columns of the short form. Of the readers named, the first that read the set."""

NOTHING = "–"
"""Where a reader does not read a set."""

TIMED = ("single digits, digits", "composed, apart", "pictures, cheque amounts")
"""Sets whose times are shown: a digit, a number of four digits, an amount on patterned paper."""

Figures = dict[str, Any]


def write(figures: Figures) -> None:
    """Write the figures into the document, beside it as JSON, and in short for page and README.

    Raises:
        DataError: see `between`.
    """
    short = short_of(figures)
    for path, content in ((FIGURES, figures), (PAGE, short)):
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    between(DOCUMENT, BEGIN, END, f"\n{text_of(figures)}\n")
    between(README, README_BEGIN, README_END, short_text_of(short))


def short_of(figures: Figures) -> Figures:
    """Return the short form: `date`, `readers`, and `rows` with label, count and shares read.

    If no reader of a column reads a set, the share is None.
    """
    sets = {row["title"]: row for row in figures["sets"]}
    rows = [
        {
            "label": label,
            "count": sets[title]["count"],
            "exact": [_share_of(sets[title], named) for named in SHORT_READERS.values()],
        }
        for title, label in SHORT_SETS.items()
        if title in sets
    ]
    return {"date": figures["machine"]["date"], "readers": [*SHORT_READERS], "rows": rows}


def _share_of(row: Figures, named: tuple[str, ...]) -> float | None:
    found = next((row["readers"][title] for title in named if title in row["readers"]), None)
    return found and found["exact"] / row["count"]


def short_text_of(short: Figures) -> str:
    """Format the short form as a Markdown table."""
    lines = [
        f"| read exactly | samples | {' | '.join(short['readers'])} |",
        "| --- " * (len(short["readers"]) + 2) + "|",
    ]
    for row in short["rows"]:
        cells = [NOTHING if share is None else f"{100 * share:.0f} %" for share in row["exact"]]
        lines.append(f"| {row['label']} | {row['count']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def text_of(figures: Figures) -> str:
    """Format all tables as Markdown."""
    where, titles = figures["machine"], [*figures["readers"]]
    numbers = [row for row in figures["sets"] if row["numbers"]]
    others = [row for row in figures["sets"] if not row["numbers"]]
    return "\n\n".join(
        [
            f"Measured {where['date']} at commit `{where['commit']}`, {where['cores']} cores, "
            f"{where['system']}, Python {where['python']}.",
            "### Read exactly",
            _table(numbers, titles, _exact),
            "### Errors of digits and signs, as a share of those written",
            _table(numbers, titles, _errors),
            "### Wrong though sure, as a share of the set",
            _table(numbers, titles, _wrong),
            "### Not a number, but confidently read as one",
            _table(others, titles, _wrong),
            "### Time, memory and size",
            _costs(figures),
        ]
    )


def _table(rows: list[Figures], titles: list[str], cell: Any) -> str:
    lines = [f"| set | samples | {' | '.join(titles)} |", "| --- " * (len(titles) + 2) + "|"]
    for row in rows:
        cells = [cell(row, title) if title in row["readers"] else NOTHING for title in titles]
        lines.append(f"| {row['title']} | {row['count']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _exact(row: Figures, title: str) -> str:
    """Return the share read exactly, with a mark if the other reader is ahead (▲) or even (=)."""
    share = f"{row['readers'][title]['exact'] / row['count']:.1%}".replace("%", " %")
    if title == OWN_TITLE:
        return f"**{share}**"
    low, high = difference95(row["readers"][OWN_TITLE]["right"], row["readers"][title]["right"])
    return share + (" ▲" if high < 0 else "" if low > 0 else " =")


def _errors(row: Figures, title: str) -> str:
    return f"{row['readers'][title]['errors'] / row['symbols']:.1%}".replace("%", " %")


def _wrong(row: Figures, title: str) -> str:
    found = row["readers"][title]
    return f"{found['wrong_though_sure'] / row['count']:.1%}".replace("%", " %")


def difference95(one: str, other: str) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two shares of the same samples.

    Of paired samples only those count that one side alone reads right (McNemar, 1947).

    Args:
        one, other: a `1` for each sample that is read right, a `0` for each other.
    """
    pairs = [*zip(one, other, strict=True)]
    ahead, behind = pairs.count(("1", "0")), pairs.count(("0", "1"))
    mean = (ahead - behind) / len(pairs)
    spread = math.sqrt(ahead + behind - (ahead - behind) ** 2 / len(pairs)) / len(pairs)
    return mean - Z95 * spread, mean + Z95 * spread


def _costs(figures: Figures) -> str:
    sets = {row["title"]: row for row in figures["sets"] if row["title"] in TIMED}
    lines = [
        f"| reader | {', '.join(sets)}: median times | peak memory | packages | other models |",
        "| --- | --- | --- | --- | --- |",
    ]
    for title, found in figures["readers"].items():
        times = [
            f"{row['readers'][title]['median_ms']:.1f}" if title in row["readers"] else NOTHING
            for row in sets.values()
        ]
        lines.append(
            f"| {title} | {', '.join(times)} ms | {found['peak_mib']:.0f} MiB "
            f"| {found['packages_mib']:.0f} MiB | {found['models_mib']:.1f} MiB |"
        )
    return "\n".join(lines)
