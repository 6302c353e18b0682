"""Decoding: from the bytes of an upload to upright pixels."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ImageTooLargeError, UndecodableImageError
from .formats import Header, bare_png, exif_orientation, read_header, scans_of

STRIP_ROWS = 256
"""Rows of a picture per step, where a step takes many bytes per pixel."""


MAX_SCANS = 100
"""Scans of a progressive JPEG; encoders make some ten. Each scan visits all pixels, however few
bytes it has. Without a bound (djpeg's `-maxscans`), a file of 12 MiB could take minutes."""

LYING = 5
"""First of the EXIF orientations, up to 8, that swap width and height."""


@dataclass(frozen=True)
class Limits:
    """Limits of an image to decode."""

    pixels: int
    side: int
    decoded_bytes: int = 2**63
    """Memory that decoding may take at its peak, in bytes."""


def decode(data: bytes, limits: Limits) -> NDArray[np.uint8]:
    """Return the whole picture, not reduced; see `decode_reduced`."""
    return decode_reduced(data, limits, limits.side)[0]


def decode_reduced(
    data: bytes, limits: Limits, side: int
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Decode an image, turn it upright by its EXIF orientation, and put transparency on white.

    A JPEG is decoded at half its size if its longer side is over twice `side`. That takes a third
    of the time. The decoder halves in the frequency domain, so each pixel is the mean of 2x2.

    Returns:
        The picture, uint8 of shape (H, W) or (H, W, 3), blue, green and red, white 255; and the
        width and height of the whole upright picture.

    Raises:
        UnsupportedImageError: the first bytes are not those of a PNG, JPEG or WebP.
        ImageTooLargeError: over a limit, found before decoding.
        UndecodableImageError: the file is broken.
    """
    header = read_header(data)
    half = header.format == "JPEG" and max(header.width, header.height) > 2 * side
    _check_size(header, limits, half)
    if header.format == "PNG":
        data = bare_png(data)
    elif header.format == "JPEG" and scans_of(data) > MAX_SCANS:
        raise UndecodableImageError(
            f"The image is a JPEG file of {scans_of(data)} scans, but at most {MAX_SCANS} are read."
        )
    # Only "unchanged" keeps alpha. Without alpha, eight bits a channel are enough.
    mode = cv2.IMREAD_UNCHANGED if header.alpha else cv2.IMREAD_ANYCOLOR
    expected = header.height, header.width
    if half:
        mode = cv2.IMREAD_REDUCED_COLOR_2
        expected = -(-header.height // 2), -(-header.width // 2)
    try:
        raw, kinds, metadata = cv2.imdecodeWithMetadata(
            np.frombuffer(data, np.uint8), flags=mode | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error as error:
        raise UndecodableImageError(_broken(header)) from error
    if raw is None or raw.shape[:2] != expected:
        raise UndecodableImageError(_broken(header))
    picture = _on_white(np.asarray(raw))
    if header.clear_grey is not None:
        picture[picture == header.clear_grey] = 255
    whole = header.width, header.height
    for kind, block in zip(kinds, metadata, strict=True):
        if kind == cv2.IMAGE_METADATA_EXIF:
            orientation = exif_orientation(np.asarray(block).tobytes())
            picture = _upright(picture, orientation)
            if orientation >= LYING:
                whole = header.height, header.width
    return np.ascontiguousarray(picture), whole


def _check_size(header: Header, limits: Limits, half: bool) -> None:
    """Check an image against its limits, before decoding.

    Raises:
        ImageTooLargeError: over a limit.
    """
    pixels = header.width * header.height
    if max(header.width, header.height) > limits.side:
        raise ImageTooLargeError(
            f"The image has {header.width} x {header.height} pixels, "
            f"but a side may have at most {limits.side}."
        )
    if pixels > limits.pixels:
        raise ImageTooLargeError(
            f"The image has {header.width} x {header.height} = {pixels} pixels, "
            f"but at most {limits.pixels} are read."
        )
    needed = header.decoded_bytes(half)
    if needed > limits.decoded_bytes:
        raise ImageTooLargeError(
            f"The image has {header.width} x {header.height} pixels; decoding this kind of "
            f"{header.format} file takes {needed} bytes of memory, "
            f"but at most {limits.decoded_bytes} may be taken. Reduce it, or send a JPEG."
        )


def _broken(header: Header) -> str:
    return f"The image is a broken {header.format} file and cannot be decoded."


def _on_white(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Convert any of OpenCV's decoded forms to uint8, grey or BGR, with transparency on white.

    It works in strips, because the intermediate arrays take several times the picture's memory.
    """
    if image.dtype == np.uint8 and (image.ndim == 2 or image.shape[2] == 3):
        return np.asarray(image, np.uint8)
    opaque = np.empty((*image.shape[:2], 3)[: image.ndim], np.uint8)
    for top in range(0, len(image), STRIP_ROWS):
        rows = slice(top, top + STRIP_ROWS)
        strip = image[rows]
        if strip.dtype == np.uint16:
            strip = (strip >> 8).astype(np.uint8)  # type: ignore[operator]
        if strip.ndim == 3 and strip.shape[2] == 4:
            *colours, alpha = cv2.split(np.asarray(strip, np.uint8))
            dark = [cv2.multiply(cv2.bitwise_not(c), alpha, scale=1 / 255) for c in colours]
            strip = cv2.bitwise_not(cv2.merge(dark))
        opaque[rows] = strip
    return opaque


def _upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation (CIPA DC-008, tag 0x0112)."""
    if orientation >= LYING:
        image = np.swapaxes(image, 0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return image


def reduced(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the picture, reduced to at most `side` pixels on its longer side."""
    height, width = picture.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return picture
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
