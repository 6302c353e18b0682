"""Model cards: as served, and as tables and pictures for a page.

Fields may be missing from a card (docs/training.md). They are then left out.
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
"""Pictures of a model, NAME-KIND.svg, and their captions."""

NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """Rows of text. The first cell of each row is its heading."""

    caption: str
    heads: Sequence[str]
    """Headings of the columns; empty if the caption is enough."""
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class CardView:
    """A card, prepared for the page."""

    card: Mapping[str, Any]
    figures: Table
    nondigits: Table | None
    seeds: Table | None
    calibration: Sequence[Table]
    data: Sequence[str]
    """One line per dataset: its size, licence and citation."""
    plots: Mapping[str, str]
    """Kinds and captions of the pictures that exist."""


def cards() -> list[dict[str, Any]]:
    """Return the cards of the served models, in the order of `summaries.MODELS`.

    Names and versions are those in answers.
    """
    pictures = current_engine()
    served = [pictures.model, current_stroke_engine().model, pictures.lines.model, pictures.eyes]
    # As in answers, the name is that of the files, whatever the card's own name.
    return [{**m.card, "name": m.name, "version": m.version} for m in served]


def view_of(card: Mapping[str, Any], folder: Path) -> CardView:
    """Prepare a card for the page. Its pictures are in the models' folder."""
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
    """Return a card's entry on one dataset, in sentences."""
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


NAMES = {
    "digits_words1": "digits written as a word",
    "digit_strings": "numbers by one hand",
    "digit_lines": "lines by one hand",
    "pendigits": "pen digits of UCI",
    "(dev writers)": "(not trained on)",
    "(dev)": "(not trained on)",
}
"""Parts of datasets' names in cards, and what the page says for them."""


def named(data: str) -> str:
    """Return the name of a dataset for the page."""
    for name, said in NAMES.items():
        data = data.replace(name, said)
    return data


Column = tuple[str, Callable[[Any], str]]
"""A heading, and the format of the column's values."""

FIGURES: Mapping[str, Column] = {
    "data": ("data", named),
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
"""Fields of a card for a dataset of digits, in the order of the table. The JSON has some more."""

NONDIGITS: Mapping[str, Column] = {
    "data": ("data", named),
    "way": ("shown as", str),
    "count": ("samples", _count),
    "auroc": ("AUROC against digits", "{:.4f}".format),
    "rejected": ("rejected", _share),
    "unsure": ("unsure", _share),
    "ok": ("taken for a digit", _share),
}
"""Fields of a card for a dataset of non-digits."""


def _columns(
    caption: str, columns: Mapping[str, Column], rows: Sequence[Mapping[str, Any]]
) -> Table:
    """Return a table with one row per dataset, and the columns that any of them has."""
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
    """Return accuracies by dataset: mean, sample standard deviation, and each run's."""
    runs = [{row["data"]: row["accuracy"] for row in run["figures"]} for run in seeds]
    names = dict.fromkeys(name for run in runs for name in run)
    return Table(
        "Read right, by the seed of the run",
        ["data", "mean ± sd", *(f"seed {run['seed']}" for run in seeds)],
        [
            [
                named(name),
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
"""Names of numbers that are not shares."""


def _calibration(report: Mapping[str, Any]) -> list[Table]:
    """Return tables of the constants and of the report's parts. Unknown names stay unchanged."""
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
