"""Formats of pictures: facts from the first bytes of a file, read before decoding."""

import itertools
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..errors import UndecodableImageError, UnsupportedImageError

FORMATS = ("PNG", "JPEG", "WebP")
"""Supported formats. OpenCV would open ten; browsers and cameras make these three."""

# JPEG (ITU-T T.81, table B.1): a frame header starts with one of these markers.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# ... and before it stand tables, application segments and comments.
_JPEG_SEGMENTS = _JPEG_FRAMES | {0xC4, 0xCC, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE}

_JPEG_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})

_SCAN = 0xDA
"""JPEG's marker of a scan, followed by compressed pixels."""

MAX_CHUNKS = 20_000
"""Chunks of a PNG, at most. Encoders write pixels in chunks of 4 KiB and more, some 3,000 in a file
of 12 MiB; 900,000 empty ones took 3.3 s."""

MAX_SEGMENTS = 1_000
"""Segments before the pixels of a JPEG, at most. A profile and metadata of 12 MiB have some 200,
each of up to 64 KiB; three million empty comments took 1.7 s."""

_PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"})
"""Chunks that hold pixels and their orientation. The decoder would unpack texts and profiles before
it ignores them, 8 MB from each 8 KB, and process the frames of an animation."""

_EXIF_ORIENTATION = 0x0112
"""Tag of the camera's orientation (Exif 2.32, table 4)."""


@dataclass(frozen=True)
class Header:
    """Facts from an image's header: one of `FORMATS`, and the size as stored, in pixels."""

    format: str
    width: int
    height: int
    alpha: bool = False
    """Whether pixels may be transparent."""
    pixel_bytes: int = 3
    """Bytes per decoded pixel: channels times bytes per channel, as OpenCV returns them."""
    work_bytes: float = 0.0
    """Bytes per pixel that the decoder holds in addition until it is done."""
    clear_grey: int | None = None
    """Level, 0 to 255, whose pixels are transparent in a grey PNG. The decoder ignores it."""

    def decoded_bytes(self, half: bool = False) -> int:
        """Return the memory that decoding takes at its peak, in bytes.

        OpenCV copies its pixels to NumPy, so they count twice. The decoder has freed its own memory
        by then. `tests/test_image_safety.py` measures this for each kind of file.

        Args:
            half: decoded at half its width and height, for JPEG files only; always in colour.
        """
        out = 3 / 4 if half else self.pixel_bytes
        return math.ceil(self.width * self.height * max(2 * out, out + self.work_bytes))


def read_header(data: bytes) -> Header:
    """Return format, size and kind of pixels from the magic bytes, without decoding.

    Raises:
        UnsupportedImageError, UndecodableImageError: see `decode_reduced`.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        name, header = "PNG", _png_header(data)
    elif data.startswith(b"\xff\xd8\xff"):
        name, header = "JPEG", _jpeg_header(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        name, header = "WebP", _webp_header(data)
    else:
        raise UnsupportedImageError(
            f"The image is not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file; "
            "other formats are not read."
        )
    if header is None or 0 in (header.width, header.height):
        raise UndecodableImageError(f"The image is a {name} file with a broken header.")
    return header


def scans_of(data: bytes) -> int:
    """Return how many scans a JPEG file has, or more."""
    return data.count(bytes([0xFF, _SCAN]))


def exif_orientation(block: bytes) -> int:
    """Return the orientation, 1 to 8, of an EXIF block (a TIFF header and its first directory).

    It is 1 if the block is broken or has none.
    """
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
        return 1  # truncated: no orientation, as without EXIF
    return 1


def _png_header(data: bytes) -> Header | None:
    """Return the header from IHDR, the first chunk by the standard (W3C PNG, 11.2.1)."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        return None
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    # A picture is transparent by its colour type, or by a tRNS chunk before the pixels.
    chunks = itertools.takewhile(lambda chunk: chunk[0] != b"IDAT", _png_chunks(data))
    clear = next(
        (data[start + 8 : end - 4] for kind, start, end in chunks if kind == b"tRNS"), None
    )
    alpha = bool(colour & 4) or (clear is not None and colour != 0)
    channels = 4 if alpha else 3 if colour & 2 else 1
    # OpenCV keeps 16 bits a channel only with alpha.
    pixel_bytes = channels * (2 if alpha and depth == 16 else 1)
    grey = None
    if clear is not None and colour == 0:
        grey = int.from_bytes(clear[:2])
        grey = grey >> 8 if depth == 16 else grey * 255 // max(1, 2**depth - 1)
    return Header("PNG", width, height, alpha, pixel_bytes, clear_grey=grey)


def bare_png(data: bytes) -> bytes:
    """Return the file with its needed chunks only.

    The result ends before a chunk that claims to be longer than the file, and the decoder refuses
    it. OpenCV would allocate the claimed length, up to 4 GB, before it reads.
    """
    chunks = _png_chunks(data)
    return data[:8] + b"".join(
        data[start:end] for kind, start, end in chunks if kind in _PNG_CHUNKS
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each chunk (W3C PNG, 5.3: length, type, data, CRC)."""
    place, kind, count = 8, b"", 0
    while place + 12 <= len(data) and kind != b"IEND":
        count += 1
        if count > MAX_CHUNKS:
            raise UndecodableImageError(
                f"The PNG file has more than {MAX_CHUNKS:,} chunks. Save it anew."
            )
        kind = data[place + 4 : place + 8]
        end = place + 12 + int.from_bytes(data[place : place + 4])
        if end > len(data):
            return
        yield kind, place, end
        place = end


_JPEG_FILL = re.compile(rb"\xff*")


def _jpeg_header(data: bytes) -> Header | None:
    """Return the frame header (T.81, B.2.2), with the memory from the first scan's (B.2.3).

    The segments before them are skipped.
    """
    frame: Header | None = None
    components, is_progressive = 0, False
    place = 2
    for _ in range(MAX_SEGMENTS):
        if place + 4 > len(data):
            return frame
        # Only segments may follow each other, without gaps. A more lenient decoder could find
        # another size in the same bytes. Any marker may follow fill bytes (T.81, B.1.1.2).
        filled = _JPEG_FILL.match(data, place)
        after = filled.end() if filled else place
        if after == place or after + 4 > len(data):
            return None
        marker = data[after]
        (length,) = struct.unpack_from(">H", data, after + 1)
        segment = data[after + 1 : after + 1 + length]
        if frame is not None and marker == _SCAN:
            # A single scan of all components needs no memory for others.
            in_one = not is_progressive and data[after + 3] >= components
            return replace(frame, work_bytes=0.0) if in_one else frame
        if marker not in _JPEG_SEGMENTS or length < 2:
            return None
        if marker in _JPEG_FRAMES:
            if frame is not None:
                return None
            frame = _jpeg_frame(segment)
            if frame is None:
                return None
            components, is_progressive = segment[7], marker in _JPEG_PROGRESSIVE
        place = after + 1 + length
    raise UndecodableImageError(
        f"The JPEG file has more than {MAX_SEGMENTS:,} segments before its pixels. Save it anew."
    )


def _jpeg_frame(segment: bytes) -> Header | None:
    """Return the frame header of a segment, which starts with its length.

    For a file of several scans, libjpeg keeps two bytes per sample of each component.
    """
    if len(segment) < 8 or len(segment) < 8 + 3 * segment[7]:
        return None
    height, width = struct.unpack_from(">HH", segment, 3)
    factors = [(byte >> 4, byte & 15) for byte in segment[9 : 8 + 3 * segment[7] : 3]]
    if not factors or not all(1 <= f <= 4 for pair in factors for f in pair):
        return None
    most = max(h for h, _ in factors) * max(v for _, v in factors)
    samples = sum(h * v for h, v in factors) / most
    return Header("JPEG", width, height, False, 1 if len(factors) == 1 else 3, 2 * samples)


def _webp_header(data: bytes) -> Header | None:
    """Return the size of the canvas, or of the only frame (RFC 9649).

    A lossy file without an extended header is opaque; others may have alpha. As extra memory, a
    lossless decoder holds all pixels once more, that of a transparent lossy file somewhat more, and
    that of an animation two canvases (measured, see `Header.decoded_bytes`).
    """
    if len(data) < 30:
        return None
    kind = data[12:16]
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("WebP", width & 0x3FFF, height & 0x3FFF, False)
    if kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        channels = 4 if bits >> 28 & 1 else 3
        return Header("WebP", width, height, True, channels, work_bytes=4.0)
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        is_animated, has_alpha = bool(data[20] & 0x02), bool(data[20] & 0x10)
        work_bytes = 9.0 if is_animated else 5.1 if has_alpha else 4.0
        return Header("WebP", width, height, True, 4 if has_alpha else 3, work_bytes)
    return None
