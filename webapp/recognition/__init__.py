"""The recogniser: plain arguments in, frozen dataclasses out. No web framework, no TensorFlow."""

from .budget import GROUPS, PIXELS, Budget
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
from .explain import MOST_EVIDENCE, Layer, evidence_map, explain
from .ink.drawing import CHANNELS, Stroke
from .ink.glyph import PEN, SIDE, Glyph, glyph_of_ink, glyph_of_strokes, network_input
from .network.bounds import Bounds
from .network.calibration import Calibration, log_odds, tempered
from .network.classifier import (
    Classifier,
    LiteRTClassifier,
    Model,
    Outputs,
    load_model,
    read_checked,
    sorted_outputs,
)
from .network.confidence import Confidence
from .network.language_model import LanguageModel
from .network.line_reader import Columns, LineReader, LiteRTLineReader
from .picture.decode import Limits
from .picture.eyes import Eyes, LiteRTEyes, Seen, eyes_input
from .picture.formats import FORMATS
from .recognizer import Recognizer
from .results import Alternative, Box, Digit, Expect, Reading, Sign, Status

__all__ = [
    "CHANNELS",
    "FORMATS",
    "GROUPS",
    "MOST_EVIDENCE",
    "PEN",
    "PIXELS",
    "SIDE",
    "Alternative",
    "Bound",
    "Bounds",
    "Box",
    "Budget",
    "BudgetError",
    "Calibration",
    "Classifier",
    "Columns",
    "Confidence",
    "Digit",
    "Expect",
    "Eyes",
    "Glyph",
    "GoneError",
    "ImageTooLargeError",
    "LanguageModel",
    "Layer",
    "Limits",
    "LineReader",
    "LiteRTClassifier",
    "LiteRTEyes",
    "LiteRTLineReader",
    "Model",
    "ModelError",
    "Outputs",
    "Reading",
    "RecognitionError",
    "Recognizer",
    "Seen",
    "Sign",
    "Status",
    "Stroke",
    "UndecodableImageError",
    "UnsupportedImageError",
    "evidence_map",
    "explain",
    "eyes_input",
    "glyph_of_ink",
    "glyph_of_strokes",
    "load_model",
    "log_odds",
    "network_input",
    "read_checked",
    "sorted_outputs",
    "tempered",
]
