"""Evaluation: figures of the line reader, and the guard of its card."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from webapp.recognition import Confidence, load_model

from ..fit import artefacts
from ..measure.guard import surely_worse
from ..measure.statistics import over_writers, wilson
from .calibrate import figures_of
from .inks import Source
from .reading import Outcomes, Setup, read_sets
from .run import NAME
from .sets import FULL, drawings_of, line_sets, photos_of

SEED = 2029
"""Seed of the composed sets. The folds use other seeds, so that no line occurs in both."""

HARSH = ("pictures, paper", "pictures, cheques")
"""Sets that the confidence is not fitted on. They are harder than real pictures on purpose: people
send pictures that can be read."""


def evaluate(
    models: Path, dev: Source, folders: Sequence[Path] = (), renew: bool = False
) -> list[str]:
    """Print the figures of the shipped line reader, and return those that are worse than the card.

    Args:
        models: the folder of the line reader and of the networks that give the second opinion.
        folders: folders of drawings with their labels, or of photos with their labels.jsonl.
        renew: write the figures into the card.
    """
    model = load_model(models, NAME)
    setup = Setup(
        model.content,
        Confidence.of_card(model.card),
        Confidence.of_card(model.card, pictures=True),
        model.card.get("language_model", {}),
        models,
    )
    print(f"{model.name} {model.version}")
    for folder in folders:
        sets = photos_of(folder) if (folder / "labels.jsonl").exists() else drawings_of(folder)
        some = read_sets(setup, sets.items())
        print(f"\n{folder}\n{table(some)}\n{digits_of(some)}")
        print(*misread(some), sep="\n")
    found = read_sets(setup, line_sets(dev, FULL, SEED))
    print(f"\n{table(found)}")
    figures = figures_in_card(found)
    if renew:
        artefacts.write_card(models / f"{NAME}.json", {**model.card, **figures})
    said, measured = _counts(model.card), _counts(figures)
    return [
        f"{what}: {here[0]} of {here[1]}, the card says {said[what][0]} of {said[what][1]}"
        for what, here in measured.items()
        if what in said and surely_worse(here, said[what])
    ]


def _counts(tables: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Count, for each set of a card, the exact readings and those that are not wrong and `ok`."""
    counts: dict[str, tuple[int, int]] = {}
    for row in tables["figures"]:
        count = row["count"]
        wrong = round(row["ok"] * count * (1 - (row["ok_accuracy"] or 0)))
        counts[f"{row['data']}, exact"] = row["correct"], count
        counts[f"{row['data']}, not wrong though ok"] = count - wrong, count
    for row in tables["nondigits"]:
        count = row["count"]
        counts[f"{row['data']}, not ok"] = count - round(row["ok"] * count), count
    return counts


def figures_in_card(found: Outcomes) -> dict[str, Any]:
    """Return the card's tables of numbers and of non-numbers."""
    rows: dict[str, list[dict[str, Any]]] = {"figures": [], "nondigits": []}
    for kind, own in found.items():
        said = figures_of(own)
        row = {"data": kind, "way": "lines", "count": said["count"], "ok": said["ok"]}
        unsure = max(0.0, 1 - said["ok"] - said["rejected"])  # rounding may make it negative
        row |= {"unsure": unsure, "rejected": said["rejected"]}
        if own[0].label is None:
            rows["nondigits"].append(row | {"auroc": None})
            continue
        right = np.array([one.right for one in own])
        row |= {
            "correct": int(right.sum()),
            "accuracy": said["exact"],
            "interval95": wilson(int(right.sum()), len(right)),
            "ok_accuracy": 1 - said["wrong_of_ok"] if said["ok"] else None,
        }
        writers = {one.writer for one in own}
        if len(writers) > 1:
            by_writer = over_writers([one.writer for one in own], right)
            row |= {"writers": by_writer.writers, "accuracy95": by_writer.accuracy95}
        rows["figures"].append(row)
    return rows


def table(found: Outcomes) -> str:
    """Format the figures, one line per set."""
    lines = [f"{'set':34} {'lines':>6} {'exact':>8} {'ok':>8} {'wrong of ok':>12} {'rejected':>9}"]
    for kind, own in found.items():
        said = figures_of(own)
        exact = "" if own[0].label is None else f"{said['exact']:.2%}"
        wrong = "" if own[0].label is None else f"{said['wrong_of_ok']:.2%}"
        lines.append(
            f"{kind:34} {said['count']:6,} {exact:>8} {said['ok']:8.2%} {wrong:>12} "
            f"{said['rejected']:9.2%}"
        )
    return "\n".join(lines)


def digits_of(found: Outcomes) -> str:
    """Summarise how many numbers have the right digits, ignoring signs."""
    own = [one for some in found.values() for one in some if one.label is not None]
    right = [_digits(one.text) == _digits(one.label or "") for one in own]
    sure = [one.status == "ok" for one in own]
    wrong = sum(ok and not exact for ok, exact in zip(sure, right, strict=True))
    empty = sum(one.status == "empty" for one in own)
    return (
        f"{sum(right)} of {len(own)} right, signs aside; {wrong} of {sum(sure)} ok are wrong; "
        f"{empty} called empty"
    )


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def misread(found: Outcomes) -> Iterator[str]:
    """Describe each misread line: the text written and the text read."""
    for kind, own in found.items():
        for one in own:
            if not one.right and one.label is not None:
                yield f"{kind}: {one.label} read as {one.text or one.status}"
