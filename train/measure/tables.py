"""Tables of figures as text."""

from collections.abc import Sequence

from .digits import Figures, NonDigitFigures

HEADS = (
    *("data", "way", "samples", "right", "95 %", "per writer", "95 % by writers", "ECE", "NLL"),
    *("AUROC", "ok", "unsure", "rejected", "right of ok"),
)
"""Headings of the table's columns."""


def table(rows: Sequence[Figures | NonDigitFigures]) -> str:
    """Format the figures, one line per set."""
    return aligned(
        [HEADS, *(_digit_line(r) if isinstance(r, Figures) else _other_line(r) for r in rows)]
    )


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Align cells in columns: the first two to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def worst_confusions(figures: Figures, most: int = 5) -> list[tuple[int, int, int]]:
    """Return (written, read, count) of the most frequent confusions, in descending order."""
    pairs = [
        (written, read, count)
        for written, row in enumerate(figures.confusion)
        for read, count in enumerate(row)
        if written != read and count
    ]
    return sorted(pairs, key=lambda pair: -pair[2])[:most]


def percent(share: float | None, digits: int = 2) -> str:
    """Format a share as a percentage. None is a dash."""
    return "–" if share is None else f"{share:.{digits}%}"


def _digit_line(row: Figures) -> tuple[str, ...]:
    return (
        row.data,
        row.way,
        f"{row.count:,}",
        percent(row.accuracy),
        range_of(row.interval),
        percent(row.per_writer) + (f" of {row.writers}" if row.writers else ""),
        range_of(row.per_writer95),
        percent(row.ece),
        "–" if row.nll is None else f"{row.nll:.4f}",
        "–",
        percent(row.ok),
        percent(row.unsure),
        percent(row.rejected),
        percent(row.ok_accuracy),
    )


def _other_line(row: NonDigitFigures) -> tuple[str, ...]:
    area = "–" if row.auroc is None else f"{row.auroc:.4f}"
    shares = (percent(row.ok), percent(row.unsure), percent(row.rejected))
    return (row.data, row.way, f"{row.count:,}", *("–",) * 6, area, *shares, "–")


def range_of(interval: tuple[float, float] | None) -> str:
    """Format an interval of shares. None is a dash."""
    return "–" if interval is None else f"{interval[0]:.2%} to {interval[1]:.2%}"
