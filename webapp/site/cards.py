"""The models' cards: as they are served, and as tables and pictures for people.

A card's older and newer fields may be missing (docs/training.md); what is not there is not shown.
"""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engine import current_engine, current_stroke_engine
from .words import percent

PLOTS = {
    "curves": "Error and loss by epoch.",
    "confusion": "Confusion matrix: written against read.",
    "reliability": "Reliability: accuracy by confidence. On the dashed line, they agree.",
    "risk": "Risk and coverage: the error rate if only the most confident readings are given; the "
    "dot is the threshold of unsure.",
}
"""Pictures beside a model, NAME-KIND.svg, and what they show."""

NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """Rows of text; the first cell of each is its head."""

    caption: str
    heads: Sequence[str]
    """Of the columns; none where the caption says it all."""
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class CardView:
    """A card, and what the page makes of it."""

    card: Mapping[str, Any]
    figures: Table
    nondigits: Table | None
    seeds: Table | None
    calibration: Sequence[Table]
    data: Sequence[str]
    """A line a set of data: how much of it, licence, citation."""
    plots: Mapping[str, str]
    """Kind and caption of those that there are."""


def cards() -> list[dict[str, Any]]:
    """The cards of the served models, with the versions that answers carry: pictures, strokes,
    lines and eyes.
    """
    pictures = current_engine()
    served = [pictures.model, current_stroke_engine().model, pictures.lines.model, pictures.eyes]
    # The name is that of the files, as in answers, whatever the card was called before.
    return [{**m.card, "name": m.name, "version": m.version} for m in served]


def view_of(card: Mapping[str, Any], folder: Path) -> CardView:
    """A card for the page; pictures are looked for in the models' folder."""
    nondigits = card.get("nondigits", ())
    return CardView(
        card=card,
        figures=_columns("Digits", FIGURES, card["figures"]),
        nondigits=_columns("Non-digits", NONDIGITS, nondigits) if nondigits else None,
        seeds=_seeds(card["seeds"]) if card.get("seeds") else None,
        calibration=_calibration(card.get("calibration", {})),
        data=[_entry(data) for data in card.get("data", ())],
        plots={
            kind: caption
            for kind, caption in PLOTS.items()
            if (folder / f"{card['name']}-{kind}.svg").is_file()
        },
    )


def _entry(data: Mapping[str, Any]) -> str:
    """What a card says of one set of data, in sentences."""
    uses = {"train": "for training", "dev": "for model selection", "test": "for testing"}
    counts = ", ".join(f"{_count(data[key])} {use}" for key, use in uses.items() if data.get(key))
    name = f"{data['name']} ({data['authors']})" if data.get("authors") else data["name"]
    sentences = [f"{name}: {counts}" if counts else name]
    if data.get("licence"):
        sentences.append(f"Licence: {data['licence']}")
    if data.get("citation"):
        sentences.append(data["citation"])
    return " ".join(f"{sentence}." for sentence in sentences)


# ---- figures ----


def _share(value: float) -> str:
    return percent(value, decimals=2)


def _count(value: int) -> str:
    return f"{value:,}"


def _interval(ends: Sequence[float]) -> str:
    low, high = ends
    return f"{100 * low:.2f} to {_share(high)}"


Column = tuple[str, Callable[[Any], str]]
"""Its head, and how its values are written."""

FIGURES: Mapping[str, Column] = {
    "data": ("data", str),
    "way": ("shown as", str),
    "count": ("samples", _count),
    "accuracy": ("accuracy", _share),
    "interval95": ("95% interval", _interval),
    "writers": ("writers", _count),
    "accuracy95": ("95% by writers", _interval),
    "per_writer": ("mean over writers", _share),
    "ok": ("confident", _share),
    "ok_accuracy": ("accuracy of the confident", _share),
    "unsure": ("unsure", _share),
    "rejected": ("rejected", _share),
    "ece": ("calibration error", _share),
}
"""Fields of a card on a set of digits, in the order of the table; the JSON has some more."""

NONDIGITS: Mapping[str, Column] = {
    "data": ("data", str),
    "way": ("shown as", str),
    "count": ("samples", _count),
    "auroc": ("AUROC against digits", "{:.4f}".format),
    "rejected": ("rejected", _share),
    "unsure": ("unsure", _share),
    "ok": ("taken for a digit", _share),
}
"""The same on a set of what is no digit."""


def _columns(
    caption: str, columns: Mapping[str, Column], rows: Sequence[Mapping[str, Any]]
) -> Table:
    """One row a set of data, with the columns that any of them has."""
    shown = {
        key: column
        for key, column in columns.items()
        if any(row.get(key) is not None for row in rows)
    }
    return Table(
        caption,
        [head for head, _ in shown.values()],
        [
            [
                NOTHING if row.get(key) is None else written(row[key])
                for key, (_, written) in shown.items()
            ]
            for row in rows
        ],
    )


def _seeds(seeds: Sequence[Mapping[str, Any]]) -> Table:
    """Share read right by data: mean, standard deviation (of a sample), and each run's."""
    runs = [{row["data"]: row["accuracy"] for row in run["figures"]} for run in seeds]
    names = dict.fromkeys(name for run in runs for name in run)
    return Table(
        "Read right, by the seed of the run",
        ["data", "mean ± sd", *(f"seed {run['seed']}" for run in seeds)],
        [
            [
                name,
                _mean_and_deviation([run[name] for run in runs if name in run]),
                *(_share(run[name]) if name in run else NOTHING for run in runs),
            ]
            for name in names
        ],
    )


def _mean_and_deviation(values: Sequence[float]) -> str:
    mean = _share(statistics.mean(values))
    if len(values) == 1:
        return mean
    return f"{100 * statistics.mean(values):.2f} ± {_share(statistics.stdev(values))}"


# ---- calibration ----

CONSTANTS = {
    "temperature": "softmax temperature",
    "scale": "scale of the log-odds of being a digit",
    "offset": "offset of the log-odds of being a digit",
    "not_a_number": "P(is a digit) below which a drawing is rejected",
    "unsure": "confidence below which a reading is unsure",
}

RATES = {
    "ece": "expected calibration error",
    "nll": "log-likelihood loss",
    "auroc": "AUROC against digits",
    "ok": "confident",
    "unsure": "unsure",
    "rejected": "rejected",
    "wrong_of_ok": "wrong among the confident",
    "digits": "digits",
    "nondigits": "non-digits",
    "nondigit_prior": "assumed share of non-digits",
    "rejected_digits": "digits that may be rejected",
    "unsure_digits": "digits that may be unsure",
}

SECTIONS = {
    "chosen_on": "Drawings it was chosen on",
    "stated": "Target",
    "before": "Digits, before",
    "after": "Digits, after",
    "nondigits": "Non-digits, after",
    "held_out": "Digits, after, on held-out writers",
}

PLAIN = {"temperature", "scale", "offset", "nll", "auroc"}
"""Numbers that are no shares."""


def _calibration(report: Mapping[str, Any]) -> list[Table]:
    """The constants, then each part of the report; names that are not known stand as they are."""
    parts = [("Constants", CONSTANTS, report)] + [
        (SECTIONS.get(name, _words(name)), RATES, part)
        for name, part in report.items()
        if isinstance(part, Mapping)
    ]
    tables = [
        Table(title, [], [[labels.get(k, _words(k)), _number(k, v)] for k, v in _numbers(part)])
        for title, labels, part in parts
    ]
    return [table for table in tables if table.rows]


def _numbers(part: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    for key, value in part.items():
        if isinstance(value, int | float):
            yield key, value


def _number(key: str, value: float) -> str:
    if isinstance(value, int):
        return _count(value)
    return f"{value:.4g}" if key in PLAIN or not 0 <= value <= 1 else _share(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
