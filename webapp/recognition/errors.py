"""Errors of the recogniser."""

from typing import Literal

Bound = Literal["processor_time", "time", "groups", "pixels"]
"""The bounds of a `Budget`, as the API names them."""


class RecognitionError(Exception):
    """Base class of the recogniser's errors."""


class UnsupportedImageError(RecognitionError):
    """The bytes are not an image in a supported format."""


class ImageTooLargeError(RecognitionError):
    """The image has too many pixels, or a side that is too long."""


class UndecodableImageError(RecognitionError):
    """The format is supported, but the image cannot be decoded."""


class BudgetError(RecognitionError):
    """The reading met a bound of its budget before it had an answer."""

    def __init__(self, bound: Bound, most: float) -> None:
        super().__init__(_MET[bound].format(most=most))
        self.bound = bound


class GoneError(RecognitionError):
    """The client closed its connection before the reading was done."""


class ModelError(RecognitionError):
    """The model file is missing, altered, or does not match its card."""


_MET: dict[Bound, str] = {
    "processor_time": "Reading this takes more than {most:g} s of processor time. "
    "Send less ink, or a smaller picture.",
    "time": "The request took more than {most:g} s, waiting included.",
    "groups": "Reading this takes the networks more than {most:,.0f} groups of ink. Send less ink.",
    "pixels": "Reading this takes more than {most:,.0f} pixels of patches. Send a smaller picture.",
}
