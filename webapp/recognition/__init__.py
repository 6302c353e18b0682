"""The recogniser: plain arguments in, frozen dataclasses out. No web framework, no TensorFlow."""

from .classifier import Classifier, LiteRTClassifier, Model, load_model, read_checked
from .errors import (
    ImageTooLargeError,
    ModelError,
    RecognitionError,
    UndecodableImageError,
    UnsupportedImageError,
)
from .glyph import SIDE, Glyph, Stroke, glyph_of_ink, glyph_of_strokes, network_input
from .image import FORMATS, Limits
from .reader import Alternative, Box, Digit, Reading, Recognizer, Status

__all__ = [
    "FORMATS",
    "SIDE",
    "Alternative",
    "Box",
    "Classifier",
    "Digit",
    "Glyph",
    "ImageTooLargeError",
    "Limits",
    "LiteRTClassifier",
    "Model",
    "ModelError",
    "Reading",
    "RecognitionError",
    "Recognizer",
    "Status",
    "Stroke",
    "UndecodableImageError",
    "UnsupportedImageError",
    "glyph_of_ink",
    "glyph_of_strokes",
    "load_model",
    "network_input",
    "read_checked",
]
