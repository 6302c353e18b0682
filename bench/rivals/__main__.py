"""`python -m bench.rivals`: reads the same handwriting with Inkling and with other readers.

It needs its own environment: `scripts/venv.sh .venv-rivals requirements/rivals.txt`. It prints each
set's figures and writes docs/rivals.md, docs/rivals.json, and the short forms in the README and on
the page `/model`. Each reader has a process and one core, and they take turns.
"""

import argparse
from pathlib import Path

# What is heavy is imported where it is used: the readers' processes import this module, too.


def main() -> None:
    """Compare the readers."""
    from bench.report import machine
    from train.line.cli import add_data, source_of
    from train.measure.evaluate import MODELS

    from . import common_cnn, report
    from .readers import OWN_TITLE, READERS
    from .run import Side, figures_of, models_of, read_beside, sizes
    from .sets import all_sets

    parser = argparse.ArgumentParser(prog="python -m bench.rivals", description=__doc__)
    add_data(parser)
    parser.add_argument(
        "--lines", type=Path, action="append", default=[], metavar="FILE",
        help="stroke file of numbers in several groups",
    )  # fmt: skip
    parser.add_argument(
        "--folder", type=Path, action="append", default=[], metavar="DIR",
        help="photos with their labels.jsonl",
    )  # fmt: skip
    parser.add_argument("--most", type=int, default=300, help="samples of a set (default: 300)")
    parser.add_argument("--only", nargs="*", default=[], help="readers, by their titles")
    parser.add_argument(
        "--trained", type=Path, default=Path("build/rivals"), help="keeps the network of the "
        "common way (default: build/rivals)",
    )  # fmt: skip
    options = parser.parse_args()
    common_cnn.train(options.mnist, options.trained)
    wanted = [r for r in READERS if not options.only or r.title in (OWN_TITLE, *options.only)]
    sides = [Side(reader, options.trained) for reader in wanted]
    figures: dict = {"machine": machine(), "sets": [], "readers": {}}
    for each in all_sets(source_of(options, "dev"), options.lines, options.folder, options.most):
        if not each.samples:
            continue
        fitting = [side for side in sides if each.kind in side.reader.kinds]
        read = read_beside(fitting, each.samples)
        row = {
            "title": each.title,
            "count": len(each.samples),
            "numbers": each.samples[0].label is not None,
            "symbols": sum(len(sample.label or "") for sample in each.samples),
            "readers": figures_of(each.samples, read),
        }
        figures["sets"].append(row)
        found = row["readers"].items()
        said = (f"{title} {own['exact']} ({own['wrong_though_sure']})" for title, own in found)
        print(f"{each.title}, {len(each.samples)}: {'; '.join(said)}", flush=True)
    for side in sides:
        figures["readers"][side.reader.title] = {
            "peak_mib": round(side.peak_mib()),
            **sizes(side.reader, models_of(side.reader, options.trained, MODELS)),
        }
        side.close()
    if options.only:
        print(report.text_of(figures), "\nnothing is written: this was not the whole")
    else:
        report.write(figures)


if __name__ == "__main__":
    main()
