"""The recogniser: plain arguments in, frozen dataclasses out. No web framework, no TensorFlow."""

from .budget import GROUPS, PIXELS, Budget
from .calibration import Calibration, log_odds, tempered
from .classifier import (
    Classifier,
    LiteRTClassifier,
    Model,
    Outputs,
    load_model,
    read_checked,
    sorted_outputs,
)
from .confidence import Confidence
from .drawing import CHANNELS, Stroke
from .errors import (
    Bound,
    BudgetError,
    GoneError,
    ImageTooLargeError,
    ModelError,
    RecognitionError,
    UndecodableImageError,
    UnsupportedImageError,
)
from .explain import Layer, explain
from .glyph import (
    PEN,
    SIDE,
    Glyph,
    glyph_of_ink,
    glyph_of_strokes,
    network_input,
)
from .image import FORMATS, Limits
from .ink import ink_of_image
from .line_reader import Columns, LineReader, LiteRTLineReader
from .reader import Alternative, Box, Digit, Expect, Reading, Recognizer, Sign, Status

__all__ = [
    "CHANNELS",
    "FORMATS",
    "GROUPS",
    "PEN",
    "PIXELS",
    "SIDE",
    "Alternative",
    "Bound",
    "Box",
    "Budget",
    "BudgetError",
    "Calibration",
    "Classifier",
    "Columns",
    "Confidence",
    "Digit",
    "Expect",
    "Glyph",
    "GoneError",
    "ImageTooLargeError",
    "Layer",
    "Limits",
    "LineReader",
    "LiteRTClassifier",
    "LiteRTLineReader",
    "Model",
    "ModelError",
    "Outputs",
    "Reading",
    "RecognitionError",
    "Recognizer",
    "Sign",
    "Status",
    "Stroke",
    "UndecodableImageError",
    "UnsupportedImageError",
    "explain",
    "glyph_of_ink",
    "glyph_of_strokes",
    "ink_of_image",
    "load_model",
    "log_odds",
    "network_input",
    "read_checked",
    "sorted_outputs",
    "tempered",
]
