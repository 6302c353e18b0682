"""Inkling reads handwritten numbers: a site, an HTTP interface, a command and a library.

The installed package is called `inkling`; in a checkout it is the folder `webapp`.
"""

from typing import Any

from .forms import Pattern, PatternError, Wanted
from .library import Reader, read_image, read_strokes
from .recognition import Reading, RecognitionError

__all__ = [
    "Pattern",
    "PatternError",
    "Reader",
    "Reading",
    "RecognitionError",
    "Wanted",
    "read_image",
    "read_strokes",
]


def __getattr__(name: str) -> Any:
    """Import the site where it is asked for, by name: the library does without Flask."""
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .app import create_app

    return create_app
