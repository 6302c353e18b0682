"""The line reader's figures in docs/figures.md, written from its card by `figures`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..fit import artefacts
from ..measure.evaluate import LINE_MODEL

BEGIN, END = "<!-- figures of models/line.json -->", "<!-- end of these figures -->"

HEADER = (
    "| set | dev lines | dev, read exactly | dev, `ok` | left out, read exactly (worst) "
    "| left out, `ok` | wrong of these |\n| --- | --- | --- | --- | --- | --- | --- |"
)

Card = Mapping[str, Any]


def rewrite(document: Path, models: Path) -> None:
    """Write the figures of the card between the marks of a document.

    Raises:
        DataError: a file cannot be read or written, the card is broken, or the document has no
            marks.
    """
    card = artefacts.read_card(models / f"{LINE_MODEL}.json")
    between(document, BEGIN, END, figures_of(card))


def between(document: Path, begin: str, end: str, table: str) -> None:
    """Write a table between two marks of a document.

    Raises:
        DataError: the document cannot be read or written, or does not have the marks once each.
    """
    try:
        text = document.read_text(encoding="utf-8")
        head, rest = text.split(begin)
        tail = rest.split(end)[1]
        document.write_text(f"{head}{begin}\n{table}\n{end}{tail}", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from error
    except (ValueError, IndexError) as error:
        raise DataError(f"{document} does not have {begin} and {end} once each") from error


def figures_of(card: Card) -> str:
    """Format the table, and a sentence on non-numbers, as Markdown."""
    left_out = _pooled(card)
    rows = [
        f"| {row['data']} | {row['count']:,} | {_exact(row)} | {_percent(row['ok'])} "
        f"| {_of_folds(left_out.get(row['data'], []))} |"
        for row in card["figures"]
    ]
    none = {row["data"]: row for row in card["nondigits"]}
    taken = ", ".join(
        f"{kind} {_percent(row['ok'])} of {row['count']:,}" for kind, row in none.items()
    )
    theirs = ", ".join(
        f"{kind} {_ok(own)} of {_count(own):,}" for kind, own in left_out.items() if kind in none
    )
    numbers = [fold for kind, own in left_out.items() if kind not in none for fold in own]
    wrong = sum(fold["wrong_though_ok"] for fold in numbers)
    return "\n".join(
        [
            HEADER,
            *rows,
            "",
            f"Of all `ok` numbers of the groups left out, {wrong} of {_ok(numbers):,} are wrong "
            f"({_percent(wrong / max(1, _ok(numbers)))}).",
            f"Non-numbers answered with `ok`: on dev {taken}; of the groups left out {theirs}.",
        ]
    )


def _pooled(card: Card) -> dict[str, list[Card]]:
    """Collect the figures of all folds by set."""
    found: dict[str, list[Card]] = {}
    for fold in card["confidence"]["folds"]:
        for kind, own in fold["sets"].items():
            found.setdefault(kind, []).append(own)
    return found


def _exact(row: Card) -> str:
    low, high = row.get("accuracy95") or row["interval95"]
    return f"{_percent(row['accuracy'])} ({100 * low:.2f} to {100 * high:.2f})"


def _of_folds(own: list[Card]) -> str:
    if not own:
        return "– | – | –"
    exact = [fold["exact"] for fold in own]
    wrong = sum(fold["wrong_though_ok"] for fold in own)
    return (
        f"{_percent(sum(exact) / len(exact))} ({_percent(min(exact))}) "
        f"| {_percent(_ok(own) / _count(own))} | "
        + (f"{wrong} of {_ok(own):,}" if _ok(own) else "–")
    )


def _ok(own: list[Card]) -> int:
    return sum(round(fold["ok"] * fold["count"]) for fold in own)


def _count(own: list[Card]) -> int:
    return sum(fold["count"] for fold in own)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
