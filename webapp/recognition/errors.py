"""What can go wrong between a drawing and its reading."""


class RecognitionError(Exception):
    """Base of every error that the recogniser raises on purpose."""


class UnsupportedImageError(RecognitionError):
    """The bytes are not an image of a format that is read."""


class ImageTooLargeError(RecognitionError):
    """The image has more pixels, or a longer side, than is allowed."""


class UndecodableImageError(RecognitionError):
    """The bytes claim a known format but cannot be decoded."""


class ModelError(RecognitionError):
    """The shipped model is missing, altered or not what its card says."""
