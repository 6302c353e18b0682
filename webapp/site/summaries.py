"""Summaries of the models: some figures of their cards, and bars for a chart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cards import NOTHING, Table
from .words import percent

RIVALS = Path(__file__).with_name("rivals.json")
"""Short form of the comparison with other readers, written by `python -m bench.rivals`."""

MODELS = ("Photo model", "Stroke model", "Line model", "Handwriting detector")
"""Titles of the served models, in the order of `cards`."""


@dataclass(frozen=True)
class Figure:
    """One number, and its label."""

    value: str
    label: str


@dataclass(frozen=True)
class Summary:
    """One use of Inkling, in a sentence and a few figures."""

    title: str
    text: str
    model: str
    """Model with the details, one of `MODELS`."""
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Bar:
    """Share of a dataset that is read exactly, 0 to 1, with its 95% interval if there is one."""

    name: str
    share: float
    interval: Sequence[float] | None
    value: str


@dataclass(frozen=True)
class _Source:
    """The place of a figure in a card: a section, its row for `data`, and the field `key`."""

    model: str
    section: str
    data: str
    key: str
    label: str
    """Label, with `{count}` for the size of the dataset."""


SUMMARIES: Sequence[tuple[str, str, str, Sequence[_Source]]] = (
    (
        "Photos",
        "Inkling finds the handwriting on the paper, then reads it.",
        "Photo model",
        (
            _Source(
                *("Photo model", "figures", "MNIST test", "accuracy"),
                "of {count} scanned digits read correctly",
            ),
            _Source(
                *("Line model", "figures", "pictures, apart", "accuracy"),
                "of {count} numbers in generated photos read exactly",
            ),
            _Source(
                *("Line model", "figures", "pictures, paper", "accuracy"),
                "of {count} on difficult paper: printed, ruled, in shadow",
            ),
        ),
    ),
    (
        "Drawings",
        "On the pad, Inkling also knows which way the pen moved.",
        "Stroke model",
        (
            _Source(
                *("Stroke model", "figures", "digits (dev writers)", "accuracy"),
                "of {count} drawn digits read correctly",
            ),
            _Source(
                *("Stroke model", "figures", "digits (dev writers)", "ok"),
                "of them read with confidence, without “probably” or “maybe”",
            ),
            _Source(
                *("Stroke model", "nondigits", "letters (dev)", "rejected"),
                "of {count} letters recognized as not a number",
            ),
        ),
    ),
    (
        "Whole numbers",
        "Inkling reads digits and signs in a row, as in 12.50 or 23/11.",
        "Line model",
        (
            _Source(
                *("Line model", "figures", "digit_strings", "accuracy"),
                "of {count} numbers by one hand read exactly",
            ),
            _Source(
                *("Line model", "figures", "dates", "accuracy"),
                "of {count} dates read exactly, composed of single digits",
            ),
        ),
    ),
)
"""Title, sentence, model and figures."""

KINDS: Mapping[str, Mapping[str, str]] = {
    "Drawn": {
        "single digits, digits": "Single digits",
        "digit_strings": "Numbers by one hand",
        "composed, apart": "Composed numbers",
        "composed, touching": "Digits touching",
        "composed, long, apart": "Long numbers",
        "composed, long, touching": "Long, digits touching",
        "negatives": "Negative numbers",
        "sums": "Sums",
        "percentages": "Percentages",
        "dates": "Dates",
        "decimals": "Decimals",
        "fractions": "Fractions",
    },
    "In generated photos": {
        "pictures, single digits": "Single digits",
        "pictures, apart": "Composed numbers",
        "pictures, touching": "Digits touching",
        "pictures, long apart": "Long numbers",
        "pictures, long touching": "Long, digits touching",
        "pictures, signs": "Numbers with signs",
        "pictures, cheques": "Cut out of cheques",
        "pictures, paper": "Difficult paper",
    },
}
"""Datasets of the line model's card in the chart, in its order, and their labels."""


def summaries(served: Sequence[Mapping[str, Any]]) -> list[Summary]:
    """Return the summaries of the served models, given their cards in the order of `MODELS`."""
    by_title = dict(zip(MODELS, served, strict=True))
    made = []
    for title, text, model, sources in SUMMARIES:
        found = [_figure(by_title[source.model], source) for source in sources]
        figures = [figure for figure in found if figure is not None]
        if model == "Line model":
            figures += _wrong_though_confident(by_title[model])
        made.append(Summary(title, text, model, figures))
    return made


def chart(card: Mapping[str, Any]) -> dict[str, list[Bar]]:
    """Return the share of each kind of number that a line model reads exactly.

    Kinds that the card lacks are left out.
    """
    rows = {row["data"]: row for row in card["figures"]}
    groups = {
        group: [_bar(name, rows[data]) for data, name in kinds.items() if data in rows]
        for group, kinds in KINDS.items()
    }
    return {group: bars for group, bars in groups.items() if bars}


def beside_others() -> Table:
    """Return the comparison with other readers as a table."""
    short = json.loads(RIVALS.read_text(encoding="utf-8"))
    rows = [
        (
            row["label"],
            str(row["count"]),
            *(NOTHING if share is None else f"{share:.0%}" for share in row["exact"]),
        )
        for row in short["rows"]
    ]
    caption = f"Read exactly, measured on the same handwriting on {short['date']}"
    return Table(caption, ("Handwriting", "Samples", *short["readers"]), rows)


def _figure(card: Mapping[str, Any], source: _Source) -> Figure | None:
    for row in card.get(source.section, ()):
        if row["data"] == source.data and row.get(source.key) is not None:
            label = source.label.format(count=f"{row['count']:,}")
            return Figure(percent(row[source.key]), label)
    return None


def _wrong_though_confident(card: Mapping[str, Any]) -> list[Figure]:
    """Return the error rate among confident readings of held-out writers.

    Neither the training nor the fit of the confidence has seen these writers.
    """
    folds = card.get("confidence", {}).get("folds", ())
    none = {row["data"] for row in card.get("nondigits", ())}
    sets = [part for fold in folds for name, part in fold["sets"].items() if name not in none]
    confident = sum(round(part["ok"] * part["count"]) for part in sets)
    if not confident:
        return []
    wrong = sum(part["wrong_though_ok"] for part in sets)
    label = f"wrong among {confident:,} confident readings of new writers"
    return [Figure(percent(wrong / confident), label)]


def _bar(name: str, row: Mapping[str, Any]) -> Bar:
    share = row["accuracy"]
    return Bar(name, share, row.get("accuracy95") or row.get("interval95"), percent(share))
