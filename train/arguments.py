"""Numbers on the command line, within their bounds."""

import argparse


def positive(text: str) -> int:
    """Parse a count, 1 to 10,000.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    return _bounded(text, 1, 10_000)


def seed(text: str) -> int:
    """Parse a seed, 0 to 2**32 - 1.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    return _bounded(text, 0, 2**32 - 1)


def _bounded(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"must be a number from {least} to {most}, got {text!r}")
    return int(text)
