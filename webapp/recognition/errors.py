"""What can go wrong between a drawing and its reading."""

from typing import Literal

Bound = Literal["processor_time", "time", "groups", "pixels"]
"""The bounds of a `Budget`, by the names that an answer gives them."""


class RecognitionError(Exception):
    """Base of every error that the recogniser raises on purpose."""


class UnsupportedImageError(RecognitionError):
    """The bytes are not an image of a format that is read."""


class ImageTooLargeError(RecognitionError):
    """The image has more pixels, or a longer side, than is allowed."""


class UndecodableImageError(RecognitionError):
    """The bytes claim a known format but cannot be decoded."""


class BudgetError(RecognitionError):
    """The reading met a bound of its budget before there was an answer."""

    def __init__(self, bound: Bound, most: float) -> None:
        super().__init__(_MET[bound].format(most=most))
        self.bound = bound


class GoneError(RecognitionError):
    """The client closed its connection before its request was read."""


class ModelError(RecognitionError):
    """The shipped model is missing, altered or not what its card says."""


_MET: dict[Bound, str] = {
    "processor_time": "Reading this takes more than {most:g} s of processor time. "
    "Send less ink, or a smaller picture.",
    "time": "The request took more than {most:g} s, waiting included.",
    "groups": "Reading this takes the networks more than {most:,.0f} groups of ink. Send less ink.",
    "pixels": "Reading this takes more than {most:,.0f} pixels of patches. Send a smaller picture.",
}
