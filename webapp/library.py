"""The library: read pictures and drawings from Python, without the site."""

from collections.abc import Sequence
from functools import cache
from os import PathLike
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .config import MAX_ALTERNATIVES, Settings, load_settings
from .forms import Wanted
from .recognition import (
    GROUPS,
    PIXELS,
    Budget,
    Calibration,
    Confidence,
    Expect,
    ImageTooLargeError,
    LanguageModel,
    Limits,
    LiteRTClassifier,
    LiteRTEyes,
    LiteRTLineReader,
    Reading,
    Recognizer,
    load_model,
)

Picture = bytes | str | PathLike[str] | NDArray[np.uint8]
"""A PNG, JPEG or WebP file, its path, or pixels as OpenCV has them: (H, W) or (H, W, 3) uint8,
blue, green and red."""


class Reader:
    """Reads numbers with the shipped models. It may be used from any thread.

    Loading takes some 50 ms, so make one and keep it. It does not survive a fork: processes that
    read make their own.

    Args:
        settings: limits of pictures, processor time and models, as the site has them; None takes
            those of the environment (docs/deploy.md).

    Raises:
        ConfigError: a setting of the environment is invalid.
        ModelError: a model is missing or broken.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load_settings()
        self._pictures = _recognizer(self.settings, self.settings.model)
        self._drawings = _recognizer(self.settings, self.settings.stroke_model)
        self.limits = Limits(
            pixels=self.settings.max_image_pixels,
            side=self.settings.max_image_side,
            decoded_bytes=self.settings.max_decoded_bytes,
        )
        """Limits of pictures."""

    def read_image(
        self,
        picture: Picture,
        expect: Expect = "number",
        alternatives: int = 3,
        wanted: Wanted | None = None,
    ) -> Reading:
        """Read the number or numbers in a picture.

        Args:
            expect: `number`, digits and signs in one or several lines; `digits`, the same without
                the signs; or `digit`, one digit that all ink belongs to.
            alternatives: number of alternatives, at most.
            wanted: bounds on each line, see `Wanted`. `expect` is then `number`.

        Raises:
            OSError: the file cannot be read.
            TypeError: `wanted` is no `Wanted`.
            ValueError: an argument is out of its bounds, or pixels have another shape or type.
            RecognitionError: no picture, one over a limit, or a reading that took too long.
        """
        _check(expect, alternatives, wanted)
        data = self.bytes_of(picture)
        return self._pictures.read_image(
            data, self.limits, alternatives, expect, self._budget(), wanted
        )

    def read_strokes(
        self,
        strokes: Sequence[ArrayLike],
        expect: Expect = "number",
        alternatives: int = 3,
        wanted: Wanted | None = None,
    ) -> Reading:
        """Read the number or numbers in a drawing.

        Args:
            strokes: the points of each stroke in the order of writing, (N, 2), x to the right and
                y downwards, any unit. Strokes without points are left out.
            expect: see `read_image`.
            alternatives: number of alternatives, at most.
            wanted: bounds on each line, see `Wanted`. `expect` is then `number`.

        Raises:
            TypeError: `wanted` is no `Wanted`.
            ValueError: an argument is out of its bounds, a stroke does not have the shape (N, 2),
                or a point is not finite.
            RecognitionError: the reading took too long.
        """
        _check(expect, alternatives, wanted)
        drawn = [np.asarray(stroke, np.float64) for stroke in strokes]
        drawn = [stroke for stroke in drawn if stroke.size]
        for stroke in drawn:
            if stroke.ndim != 2 or stroke.shape[1] != 2:
                raise ValueError(f"a stroke has shape (N, 2), got {stroke.shape}")
            if not np.isfinite(stroke).all():
                raise ValueError("a stroke has a point that is not finite")
        return self._drawings.read_strokes(drawn, alternatives, expect, self._budget(), wanted)

    def _budget(self) -> Budget:
        return Budget(processor_time=self.settings.reading_seconds, groups=GROUPS, pixels=PIXELS)

    def bytes_of(self, picture: Picture) -> bytes:
        """Return a picture as a file. A file is not read beyond the limit.

        Raises:
            OSError, ImageTooLargeError, ValueError: see `read_image`.
        """
        most = self.settings.max_image_bytes
        if isinstance(picture, np.ndarray):
            is_picture = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)
            if picture.dtype != np.uint8 or not is_picture or picture.size == 0:
                raise ValueError(
                    f"pixels have shape (H, W) or (H, W, 3) and dtype uint8, "
                    f"got {picture.shape} and {picture.dtype}"
                )
            return bytes(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])
        if isinstance(picture, bytes):
            data = picture
        else:
            with Path(picture).open("rb") as file:
                data = file.read(most + 1)
        if len(data) > most:
            raise ImageTooLargeError(f"The file has more than {most} bytes.")
        return data


def read_image(
    picture: Picture,
    expect: Expect = "number",
    alternatives: int = 3,
    wanted: Wanted | None = None,
) -> Reading:
    """Read the number or numbers in a picture with a `Reader` made at the first call.

    See `Reader.read_image`.
    """
    return _reader().read_image(picture, expect, alternatives, wanted)


def read_strokes(
    strokes: Sequence[ArrayLike],
    expect: Expect = "number",
    alternatives: int = 3,
    wanted: Wanted | None = None,
) -> Reading:
    """Read the number or numbers in a drawing with a `Reader` made at the first call.

    See `Reader.read_strokes`.

    Example:
        >>> seven = [(0, 0), (10, 0), (20, 0), (14, 16), (10, 30)]
        >>> read_strokes([seven]).text
        '7'
    """
    return _reader().read_strokes(strokes, expect, alternatives, wanted)


def _check(expect: Expect, alternatives: int, wanted: Wanted | None) -> None:
    if expect not in get_args(Expect):
        raise ValueError(f"expect is one of {', '.join(get_args(Expect))}, got {expect!r}")
    if not 0 <= alternatives <= MAX_ALTERNATIVES:
        raise ValueError(f"alternatives is 0 to {MAX_ALTERNATIVES}, got {alternatives}")
    if not isinstance(wanted, Wanted | None):
        raise TypeError(f"wanted is a Wanted, as Wanted(Pattern(...)), got {wanted!r:.60}")
    if wanted is not None and expect != "number":
        raise ValueError(f"bounds need expect to be 'number', got {expect!r}")


@cache
def _reader() -> Reader:
    return Reader()


def _recognizer(settings: Settings, name: str) -> Recognizer:
    """Return a recognizer with one of the networks of single digits."""
    folder = Path(settings.models)
    model, line, eyes = (
        load_model(folder, each) for each in (name, settings.line_model, settings.eyes_model)
    )
    return Recognizer(
        LiteRTClassifier(model.content),
        line_reader=LiteRTLineReader(line.content),
        eyes=LiteRTEyes(eyes.content),
        language_model=LanguageModel.of_card(line.card),
        calibration=Calibration.of_card(model.card),
        confidence=Confidence.of_card(line.card),
        picture_confidence=Confidence.of_card(line.card, pictures=True),
    )
