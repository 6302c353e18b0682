"""The models' cards: as they are served, and as tables and pictures for people.

A card's older and newer fields may be missing (docs/training.md); what is not there is not shown.
"""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .engine import current_engine, current_stroke_engine
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

MODELS = ("Photo model", "Stroke model", "Line model", "Handwriting detector")
"""Titles of the served models, in the order of `cards`."""


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


# ---- at a glance ----


@dataclass(frozen=True)
class Figure:
    """One number, and what it counts."""

    value: str
    label: str


@dataclass(frozen=True)
class Summary:
    """What Inkling does with one kind of input, in a sentence and a few figures."""

    title: str
    text: str
    model: str
    """Whose details say more, one of `MODELS`."""
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Bar:
    """Share of a set that is read exactly, from 0 to 1, with its 95% interval if there is one."""

    name: str
    share: float
    interval: Sequence[float] | None
    value: str


@dataclass(frozen=True)
class _Source:
    """Where a card has a figure: in the row of `data` in a section, under `key`."""

    model: str
    section: str
    data: str
    key: str
    label: str
    """With `{count}` for the size of the set."""


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
"""Sets of the line model's card that the chart shows, in its order, and what they are."""


def summaries(served: Sequence[Mapping[str, Any]]) -> list[Summary]:
    """The summaries of the served models, cards in the order of `MODELS`."""
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
    """How much of each kind of number a line model reads exactly; kinds that it lacks are left
    out.
    """
    rows = {row["data"]: row for row in card["figures"]}
    groups = {
        group: [_bar(name, rows[data]) for data, name in kinds.items() if data in rows]
        for group, kinds in KINDS.items()
    }
    return {group: bars for group, bars in groups.items() if bars}


def _figure(card: Mapping[str, Any], source: _Source) -> Figure | None:
    for row in card.get(source.section, ()):
        if row["data"] == source.data and row.get(source.key) is not None:
            label = source.label.format(count=_count(row["count"]))
            return Figure(percent(row[source.key]), label)
    return None


def _wrong_though_confident(card: Mapping[str, Any]) -> list[Figure]:
    """Errors among the confident readings of writers that neither training nor the fit of the
    confidence has seen.
    """
    folds = card.get("confidence", {}).get("folds", ())
    none = {row["data"] for row in card.get("nondigits", ())}
    sets = [part for fold in folds for name, part in fold["sets"].items() if name not in none]
    confident = sum(round(part["ok"] * part["count"]) for part in sets)
    if not confident:
        return []
    wrong = sum(part["wrong_though_ok"] for part in sets)
    label = f"wrong among {_count(confident)} confident readings of new writers"
    return [Figure(percent(wrong / confident), label)]


def _bar(name: str, row: Mapping[str, Any]) -> Bar:
    share = row["accuracy"]
    return Bar(name, share, row.get("accuracy95") or row.get("interval95"), percent(share))


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
