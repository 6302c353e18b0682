"""The library: read pictures and drawings from Python, without the site."""

from collections.abc import Sequence
from functools import cache
from os import PathLike
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .backend import classifier_of, eyes_of, line_reader_of, recognizer_of
from .config import MAX_ALTERNATIVES, Settings, load_settings
from .forms import Wanted
from .recognition import (
    GROUPS,
    PIXELS,
    Budget,
    Expect,
    ImageTooLargeError,
    Limits,
    Reading,
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
        ConfigError: a setting of the environment is invalid, or Keras is set and not installed.
        ModelError: a model is missing or broken.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load_settings()
        folder = Path(self.settings.models)
        pictures, drawings, lines, eyes = (
            load_model(folder, name)
            for name in (
                self.settings.model,
                self.settings.stroke_model,
                self.settings.line_model,
                self.settings.eyes_model,
            )
        )
        shared = lines, line_reader_of(self.settings, lines), eyes_of(self.settings, eyes)
        self._pictures, self._drawings = (
            recognizer_of(model, classifier_of(self.settings, model), *shared)
            for model in (pictures, drawings)
        )
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
