"""From the bytes of an upload to pixels, the right way up."""

import struct
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import ImageTooLargeError, UndecodableImageError, UnsupportedImageError

FORMATS = ("PNG", "JPEG", "WebP")
"""What is read. OpenCV would open ten formats; these three are what browsers and cameras make."""

WHITE = 255

STRIP_ROWS = 256
"""Rows of a picture that are turned to grey at once."""

# JPEG (ITU-T T.81, table B.1): a frame header starts with one of these markers.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# ... and before it stand tables, application segments and comments.
_JPEG_SEGMENTS = _JPEG_FRAMES | {0xC4, 0xCC, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE}

_JPEG_SCAN = b"\xff\xda"

MAX_SCANS = 100
"""Scans of a progressive JPEG; encoders make some ten. Each goes over all pixels, however few bytes
it has: without a bound (djpeg's `-maxscans`), a file of 12 MiB could take minutes."""

_PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"})
"""What pixels and their orientation need. Texts and profiles would be unpacked before they are
ignored, 8 MB from each 8 KB, and the frames of an animation be looked at."""

_EXIF_ORIENTATION = 0x0112

LYING = 5
"""EXIF orientations from this one on, up to 8, swap width and height."""


@dataclass(frozen=True)
class Header:
    """What the first bytes of an image tell: one of `FORMATS`; its size as stored, in pixels."""

    format: str
    width: int
    height: int
    alpha: bool = False
    """Whether pixels may be transparent."""


@dataclass(frozen=True)
class Limits:
    """The largest image that is decoded."""

    pixels: int
    side: int


def decode(data: bytes, limits: Limits) -> NDArray[np.uint8]:
    """Decode an image, upright by its EXIF orientation, transparency put on white.

    Returns:
        uint8 of shape (H, W) or (H, W, 3), blue, green and red, white 255.

    Raises:
        UnsupportedImageError: not a PNG, JPEG or WebP by its first bytes.
        ImageTooLargeError: over a limit; found before anything is decoded.
        UndecodableImageError: broken.
    """
    return decode_reduced(data, limits, limits.side)[0]


def decode_reduced(
    data: bytes, limits: Limits, side: int
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """As `decode`, but a JPEG with a longer side of over twice `side` is decoded at half its size.

    That takes a third of the time: the halving is done on its cosines, each the mean of 2x2 pixels.

    Returns:
        The picture, and the width and height that it has upright and whole.
    """
    header = read_header(data)
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
    if header.format == "PNG":
        data = _bare_png(data)
    elif header.format == "JPEG" and data.count(_JPEG_SCAN) > MAX_SCANS:
        raise UndecodableImageError(
            f"The image is a JPEG file of {data.count(_JPEG_SCAN)} scans, "
            f"but at most {MAX_SCANS} are read."
        )
    # Every mode but unchanged drops alpha; for the rest, eight bits a channel are enough.
    mode = cv2.IMREAD_UNCHANGED if header.alpha else cv2.IMREAD_ANYCOLOR
    expected = header.height, header.width
    if header.format == "JPEG" and max(expected) > 2 * side:
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
    whole = header.width, header.height
    for kind, block in zip(kinds, metadata, strict=True):
        if kind == cv2.IMAGE_METADATA_EXIF:
            orientation = exif_orientation(np.asarray(block).tobytes())
            picture = _upright(picture, orientation)
            if orientation >= LYING:
                whole = header.height, header.width
    return np.ascontiguousarray(picture), whole


def read_header(data: bytes) -> Header:
    """Format and size from the magic bytes, without decoding.

    Raises:
        UnsupportedImageError, UndecodableImageError: as for `decode`.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        name, size, alpha = "PNG", _png_size(data), _png_alpha(data)
    elif data.startswith(b"\xff\xd8\xff"):
        name, size, alpha = "JPEG", _jpeg_size(data), False
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        # Lossy WebP without an extended header is opaque (RFC 9649); the others may say.
        name, size, alpha = "WebP", _webp_size(data), data[12:16] != b"VP8 "
    else:
        raise UnsupportedImageError(
            f"The image is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file; "
            "other formats are not read."
        )
    if size is None or 0 in size:
        raise UndecodableImageError(f"The image is a {name} file with a broken header.")
    return Header(name, *size, alpha)


def exif_orientation(block: bytes) -> int:
    """The orientation, 1 to 8, of an EXIF block (a TIFF header and its first directory); else 1."""
    block = block.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
        (entries,) = struct.unpack_from(order + "H", block, start)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(order + "HHIH", block, start + 2 + 12 * entry)
            if tag == _EXIF_ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1  # cut short: no orientation, as if there were no EXIF
    return 1


def _broken(header: Header) -> str:
    return f"The image is a broken {header.format} file and cannot be decoded."


def _on_white(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Any of OpenCV's decoded forms as uint8, grey or BGR, what shows through white.

    In strips, because the steps between take several times the memory of the picture.
    """
    if image.dtype == np.uint8 and (image.ndim == 2 or image.shape[2] == 3):
        return np.asarray(image, np.uint8)
    opaque = np.empty((*image.shape[:2], 3)[: image.ndim], np.uint8)
    for top in range(0, len(image), STRIP_ROWS):
        rows = slice(top, top + STRIP_ROWS)
        strip = image[rows]
        if strip.dtype == np.uint16:
            strip = strip >> 8  # type: ignore[operator]
        pixels = strip.astype(np.uint16)
        if pixels.ndim == 3 and pixels.shape[2] == 4:
            alpha = pixels[..., 3:]
            pixels = (pixels[..., :3] * alpha + WHITE * (255 - alpha) + 127) // 255
        opaque[rows] = pixels
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


def _png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from IHDR, which the standard puts first (W3C PNG, 11.2.1)."""
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _png_alpha(data: bytes) -> bool:
    """Whether the colour type has alpha, or a tRNS chunk comes before the pixels."""
    has_channel = len(data) > 25 and bool(data[25] & 4)
    return has_channel or b"tRNS" in data[: data.find(b"IDAT") + 1]


def _bare_png(data: bytes) -> bytes:
    """The file without what is not needed, up to its end (W3C PNG, 5.3: length, type, data, CRC).

    It ends before a chunk that claims to be longer than what is there, so that the decoder refuses
    it: OpenCV would set aside what is claimed, 4 GB, before it looks.
    """
    kept = [data[:8]]
    place, kind = 8, b""
    while place + 12 <= len(data) and kind != b"IEND":
        kind = data[place + 4 : place + 8]
        end = place + 12 + int.from_bytes(data[place : place + 4])
        if end > len(data):
            break
        if kind in _PNG_CHUNKS:
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the frame header, skipping the segments before it."""
    place = 2
    while place + 4 <= len(data):
        marker = data[place + 1]
        # Nothing may stand between segments, and nothing but segments: a decoder that is more
        # forgiving than this would find another size in the same bytes.
        if data[place] != 0xFF or marker not in _JPEG_SEGMENTS:
            return None
        (length,) = struct.unpack_from(">H", data, place + 2)
        if marker in _JPEG_FRAMES:
            if place + 9 > len(data):
                return None
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if length < 2:
            return None
        place += 2 + length
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of the canvas, or of the only frame (RFC 9649)."""
    if len(data) < 30:
        return None
    kind = data[12:16]
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return (
            int.from_bytes(data[24:27], "little") + 1,
            int.from_bytes(data[27:30], "little") + 1,
        )
    return None
