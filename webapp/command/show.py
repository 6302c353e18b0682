"""`inkling show`: a picture with what was read in it."""

from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from ..files import DRAWING, SUFFIXES, quiet_reader, write_whole
from ..recognition import Box, Reading, RecognitionError
from ..recognition.picture.decode import decode

READ, IGNORED = (200, 90, 20), (120, 120, 120)
"""Colours of the boxes of symbols, and of those of ignored ink, as OpenCV orders channels."""

PAPER = (255, 255, 255)

FONT = cv2.FONT_HERSHEY_SIMPLEX

SIDE = 640
"""Least longer side of the picture that is written, in pixels."""

TEXT_SHARE, LEAST_TEXT = 0.35, 14
"""Height of the labels, as a share of the tallest symbol; and at least, in pixels."""


@click.command()
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE"
)
def show(picture: Path, output: Path) -> None:
    """Write a copy of PICTURE with boxes around what was read, as PNG, JPEG or WebP."""
    if output.suffix.lower() not in SUFFIXES - {DRAWING}:
        raise click.UsageError(f"{output} does not end in .png, .jpg or .webp")
    reader = quiet_reader()
    try:
        data = reader.bytes_of(picture)
        reading = reader.read_image(data)
        drawn = overlay(decode(data, reader.limits), reading)
        written, content = cv2.imencode(output.suffix.lower(), drawn)
        if not written:
            raise click.ClickException(f"{output}: the picture is too large for this format")
        write_whole(output, content.tobytes())
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    except RecognitionError as error:
        raise click.ClickException(f"{picture}: {error}") from error
    click.echo(f"{'; '.join(reading.lines) or '-'} ({reading.status}, {reading.confidence:.1%})")


def overlay(picture: NDArray[np.uint8], reading: Reading) -> NDArray[np.uint8]:
    """Return a picture, (H, W, 3), with the boxes and texts of a reading. Small ones are enlarged.

    Each symbol stands above its box, so there is a margin above the picture.
    """
    factor = max(1.0, SIDE / max(picture.shape))
    size = tuple(round(factor * side) for side in picture.shape[1::-1])
    drawn = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    if drawn.ndim == 2:
        drawn = cv2.cvtColor(drawn, cv2.COLOR_GRAY2BGR)
    symbols = [
        *((str(digit.digit), digit.box) for digit in reading.digits),
        *((sign.sign, sign.box) for sign in reading.signs),
    ]
    # One size for all, so that a point's label is legible, too.
    tallest = max((box.height for _, box in symbols), default=0.0) * factor
    high = round(max(LEAST_TEXT, TEXT_SHARE * tallest))
    drawn = cv2.copyMakeBorder(drawn, 2 * high, 0, 0, 0, cv2.BORDER_CONSTANT, value=(255,) * 3)
    thick = max(1, round(max(size) / 400))
    for box in reading.ignored:
        _frame(drawn, box, factor, 2 * high, IGNORED, thick)
    scale = cv2.getFontScaleFromHeight(FONT, high, thick)
    for symbol, box in symbols:
        left, top = _frame(drawn, box, factor, 2 * high, READ, thick)
        place = left, top - high // 3
        cv2.putText(drawn, symbol, place, FONT, scale, PAPER, 4 * thick, cv2.LINE_AA)
        cv2.putText(drawn, symbol, place, FONT, scale, READ, thick, cv2.LINE_AA)
    return np.asarray(drawn, np.uint8)


def _frame(
    drawn: cv2.typing.MatLike,
    box: Box,
    factor: float,
    margin: int,
    colour: tuple[int, int, int],
    thick: int,
) -> tuple[int, int]:
    """Draw a box and return its left and top, in pixels."""
    corners = np.array([[box.x, box.y], [box.x + box.width, box.y + box.height]])
    (left, top), (right, bottom) = (factor * corners + (0, margin)).round().astype(int).tolist()
    cv2.rectangle(drawn, (left, top), (right, bottom), colour, thick)
    return left, top
