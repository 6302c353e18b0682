"""Malicious and rare pictures: bounded work, and no pixels of other pictures."""

import math
import struct
import subprocess
import sys
import time
import zlib

import cv2
import numpy as np
import pytest

from support import hand
from support.server import ROOT
from tests.test_decode_picture import encoded, exif, grey_of
from tests.test_fuzz import chunk
from webapp import create_app
from webapp.config import MAX_PIXELS, MIB, Settings
from webapp.recognition import (
    ImageTooLargeError,
    Limits,
    UndecodableImageError,
    UnsupportedImageError,
)
from webapp.recognition.picture.decode import MAX_SCANS, decode
from webapp.recognition.picture.formats import MAX_CHUNKS, MAX_SEGMENTS

IMAGE = "/api/v1/predict/image"

LIMITS = Limits(pixels=25_000_000, side=20_000)

MOST_SECONDS = 5.0
"""Time limit, in seconds, for the largest picture on a busy machine."""

SIZE = 400


def png(extra: bytes, image=None) -> bytes:
    """Return a grey PNG file with more chunks before its pixels."""
    image = hand.picture(3, 64) if image is None else image
    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def flat(value: int, extension: str, *parameters: int) -> bytes:
    """Return a picture of one grey."""
    image = np.full((SIZE, SIZE, 3), value, np.uint8)
    return cv2.imencode(extension, image, list(parameters))[1].tobytes()


# Pixels of other pictures


@pytest.mark.parametrize("progressive", [0, 1])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"], ids=["cut", "cut and ended"])
def test_a_truncated_jpeg_shows_nothing_of_a_former_picture(progressive, share, end):
    """A truncated JPEG is refused, or its missing part does not depend on earlier pictures.

    OpenCV 4.10 and 4.11 left uninitialised memory in the place of missing pixels.
    """
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    options = (cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
    whole = cv2.imencode(".jpg", noise, list(options))[1].tobytes()
    broken = whole[: int(len(whole) * share)] + end
    seen = []
    for former in (0, 255):
        for _ in range(3):
            decode(flat(former, ".jpg", *options), LIMITS)
        try:
            seen.append(decode(broken, LIMITS).tobytes())
        except UndecodableImageError:
            seen.append(b"refused")
    assert seen[0] == seen[1]
    if not end:
        assert seen[0] == b"refused"


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp"])
def test_it_rejects_every_truncated_picture(extension):
    """A truncated picture is refused, however much of it is present."""
    whole = encoded(hand.picture(3, 64), extension)
    for length in range(1, len(whole) - 8):
        with pytest.raises((UndecodableImageError, UnsupportedImageError)):
            decode(whole[:length], LIMITS)


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp"])
def test_metadata_is_never_echoed(client, extension):
    """An answer contains no metadata of the picture."""
    secret = b"51.5007N 0.1246W"
    block = exif(1) + secret
    data = cv2.imencodeWithMetadata(
        extension,
        hand.picture(3, 64),
        [cv2.IMAGE_METADATA_EXIF],
        [np.frombuffer(block, np.uint8)],
    )[1].tobytes()
    assert secret in data
    response = client.post(f"{IMAGE}?glyphs=true", data=data, content_type="image/png")
    assert response.status_code == 200
    assert secret not in response.data


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp"])
def test_a_polyglot_is_its_picture(client, extension):
    """A polyglot file is read as its picture, and never stored, served or opened otherwise."""
    picture = encoded(hand.picture(3), extension)
    data = picture + b"<script>alert(1)</script>PK\x03\x04"
    response = client.post(IMAGE, data=data, content_type="image/png")
    assert response.json["text"] == "3"
    assert b"script" not in response.data
    gif = b"GIF89a" + picture
    assert client.post(IMAGE, data=gif, content_type="image/png").status_code == 415


# Bombs


def in_time(data: bytes) -> str:
    """Return the outcome of a picture, and check that it is quick."""
    start = time.process_time()
    try:
        decode(data, LIMITS)
        outcome = "read"
    except (UndecodableImageError, ImageTooLargeError) as error:
        outcome = str(error)
    assert time.process_time() - start < MOST_SECONDS
    return outcome


def test_a_bomb_of_19000_squared_is_refused():
    """A valid PNG of 44 KB and 361 megapixels is refused."""
    row = b"\0" + bytes(19_000)
    packer = zlib.compressobj(9)
    data = b"".join([*(packer.compress(row) for _ in range(19_000)), packer.flush()])
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 19_000, 19_000, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )
    assert len(bomb) < 500_000
    assert "361000000 pixels" in in_time(bomb)


@pytest.mark.parametrize(("width", "height"), [(1, 10_000_000), (10_000_000, 1), (2**31, 2**31)])
def test_a_side_without_end_is_refused(width, height):
    """A side that is too long is refused even with few pixels in all."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    claim = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")
    assert "a side may have at most 20000" in in_time(claim)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 9), (9, 0)])
def test_a_picture_without_pixels_is_refused(client, width, height):
    """A picture without pixels gets 422."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    claim = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")
    assert client.post(IMAGE, data=claim, content_type="image/png").status_code == 422


@pytest.mark.parametrize(
    ("kind", "start"),
    [(b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0"), (b"iCCP", b"k\0\0")],
    ids=["zTXt", "iTXt", "iCCP"],
)
def test_texts_and_profiles_of_a_png_are_not_unpacked(kind, start):
    """Compressed texts and profiles of a PNG, which took libpng most of a minute, stay packed."""
    text = start + zlib.compress(bytes(7_900_000), 9)
    assert in_time(png(chunk(kind, text) * 1000)) == "read"


@pytest.mark.parametrize("kind", [b"IDAT", b"PLTE", b"eXIf", b"zTXt", b"abcd"])
def test_a_png_chunk_that_claims_gigabytes_is_refused(kind):
    """A chunk that declares gigabytes, which OpenCV allocated for seconds, is refused."""
    whole = png(chunk(kind, b"x"))
    place = whole.index(kind) - 4
    for claimed in (0xFFFFFFFF, 0x7FFFFFFF, 0xE4000000, len(whole)):
        spoilt = whole[:place] + struct.pack(">I", claimed) + whole[place + 4 :]
        start = time.perf_counter()
        with pytest.raises(UndecodableImageError):
            decode(spoilt, LIMITS)
        assert time.perf_counter() - start < 0.5


def test_a_jpeg_has_few_scans():
    """A JPEG of many scans, which each cover all pixels, is refused. Thousands took seconds."""
    image = np.full((5000, 5000), 200, np.uint8)
    progressive = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    whole = cv2.imencode(".jpg", image, progressive)[1].tobytes()
    scan = whole[whole.rfind(b"\xff\xda") : -2]
    assert f"at most {MAX_SCANS} are read" in in_time(whole[:-2] + scan * 4000 + b"\xff\xd9")
    assert in_time(whole) == "read"


def test_only_the_first_frame_of_an_animation_is_looked_at():
    """Only the first frame of an animation is decoded, whatever the size of the others."""
    animation = cv2.Animation()
    animation.frames = [np.full((700, 700, 3), 12 * i, np.uint8) for i in range(8)]
    animation.durations = [10] * 8
    for extension in (".webp", ".png"):
        written, data = cv2.imencodeanimation(extension, animation)
        assert written
        picture = decode(data.tobytes(), LIMITS)
        assert picture.shape[:2] == (700, 700)
        assert picture.max() <= 2


def test_opencv_has_limits_of_its_own():
    """OpenCV's own limits, which the settings cannot exceed, refuse what a header might hide."""
    side = math.isqrt(MAX_PIXELS) + 1
    with pytest.raises(cv2.error, match="CV_IO_MAX_IMAGE_PIXELS"):
        cv2.imdecode(np.frombuffer(claim(side, side), np.uint8), cv2.IMREAD_GRAYSCALE)


def claim(width: int, height: int) -> bytes:
    """Return a PNG with a header that declares a size."""
    data = bytearray(hand.png(np.zeros((1, 1), np.uint8)))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def test_larger_settings_reach_the_decoder():
    """A program's own site may allow more than the default of 25 megapixels."""
    app = create_app(Settings(max_image_pixels=40_000_000))
    data = hand.png(np.full((5200, 5200), 255, np.uint8))
    response = app.test_client().post(IMAGE, data=data, content_type="image/png")
    assert (response.status_code, response.json["status"]) == (200, "empty")


# Decoded bytes


KINDS = {
    "png-grey": (".png", 1, []),
    "png-colour": (".png", 3, []),
    "png-alpha": (".png", 4, []),
    "png-alpha-16": (".png", 8, []),
    "jpeg-grey": (".jpg", 1, []),
    "jpeg": (".jpg", 3, []),
    "jpeg-progressive": (".jpg", 3, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    "jpeg-progressive-444": (
        ".jpg",
        3,
        [
            cv2.IMWRITE_JPEG_PROGRESSIVE,
            1,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ],
    ),
    "webp": (".webp", 3, [cv2.IMWRITE_WEBP_QUALITY, 80]),
    "webp-lossless": (".webp", 3, [cv2.IMWRITE_WEBP_QUALITY, 101]),
    "webp-alpha": (".webp", 4, [cv2.IMWRITE_WEBP_QUALITY, 80]),
    "webp-lossless-alpha": (".webp", 4, [cv2.IMWRITE_WEBP_QUALITY, 101]),
    "webp-exif": (".webp", 3, [cv2.IMWRITE_WEBP_QUALITY, 80]),
}
"""Kinds of files: extension, bytes per pixel, encoder parameters."""

MEASURE = """
import sys
import numpy, cv2
from webapp.ops import allocator
from webapp.recognition.picture.decode import Limits, decode_reduced
from webapp.recognition.picture.formats import read_header
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
allocator.settle()
data = sys.stdin.buffer.read()
small = cv2.imencode(".png", numpy.zeros((9, 9), numpy.uint8))[1].tobytes()
decode_reduced(small, Limits(99, 9), 9)
open("/proc/self/clear_refs", "w").write("5")
before = peak()
picture, _ = decode_reduced(data, Limits(10**9, 10**6), 10**6)
print(read_header(data).decoded_bytes(), peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
@pytest.mark.parametrize("kind", KINDS)
def test_the_memory_of_decoding_is_known_before(kind):
    """The header gives the memory of decoding, including transparency on white.

    The estimate may be off by 10 MiB either way, for rows, tables and Python.
    """
    extension, pixel_bytes, options = KINDS[kind]
    side, depth = 3000, np.uint16 if pixel_bytes == 8 else np.uint8
    channels = pixel_bytes // np.dtype(depth).itemsize
    small = np.random.default_rng(1).integers(0, np.iinfo(depth).max, (50, 50, channels))
    # A picture of blocks needs few bytes in a file, which count too.
    image = cv2.resize(small.astype(depth), (side, side), interpolation=cv2.INTER_NEAREST)
    data = cv2.imencode(extension, image, options)[1].tobytes()
    if kind == "webp-exif":
        data = extended(data, side)
    run = subprocess.run([sys.executable, "-c", MEASURE], cwd=ROOT, input=data, capture_output=True)
    expected, found = (int(word) / MIB for word in run.stdout.split())
    assert found <= expected + 10
    assert found >= 0.7 * expected - 10


def extended(webp: bytes, side: int) -> bytes:
    """Return a WebP file with the extended header for metadata (RFC 9649, 2.7), without alpha."""
    size = (side - 1).to_bytes(3, "little") * 2
    header = b"VP8X" + struct.pack("<I", 10) + bytes([0x08, 0, 0, 0]) + size
    exif_chunk = b"EXIF" + struct.pack("<I", 8) + b"II*\0\x08\0\0\0"
    chunks = b"WEBP" + header + webp[12:] + exif_chunk
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize(
    ("kind", "side"), [("png-alpha-16", 2740), ("webp-lossless-alpha", 3880)], ids=str
)
def test_it_rejects_what_decoding_would_blow_up(client, kind, side):
    """A file that would need too much memory gets 413, and a JPEG of that size is read."""
    extension, pixel_bytes, options = KINDS[kind]
    channels = min(pixel_bytes, 4)
    image = np.zeros((side, side, channels), np.uint16 if pixel_bytes == 8 else np.uint8)
    data = cv2.imencode(extension, image, options)[1].tobytes()
    kind_of_body = "image/png" if extension == ".png" else "image/webp"
    response = client.post(IMAGE, data=data, content_type=kind_of_body)
    assert response.status_code == 413
    assert "120000000" in response.json["detail"]


def test_it_rejects_a_jpeg_of_very_many_segments(client):
    """A JPEG of three million empty comments is refused. Each scan of its header took 1.7 s."""
    whole = encoded(hand.picture(3), ".jpg")
    for count, status in ((MAX_SEGMENTS - 10, 200), (MAX_SEGMENTS, 422)):
        data = whole[:2] + b"\xff\xfe\x00\x02" * count + whole[2:]
        response = client.post(IMAGE, data=data, content_type="image/jpeg")
        assert response.status_code == status
    assert "1,000 segments" in response.json["detail"]


def test_it_rejects_a_png_of_very_many_chunks(client):
    """A PNG of 900,000 empty chunks, which took 3.3 s, is refused."""
    data = hand.png(hand.picture(3))
    empty = b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    start = data.index(b"IDAT") - 4
    for count, status in ((MAX_CHUNKS - 3, 200), (MAX_CHUNKS + 1, 422)):
        response = client.post(
            IMAGE,
            data=data[:start] + count * empty + data[start:],
            content_type="image/png",
        )
        assert response.status_code == status


# Rare kinds


def cmyk_jpeg(image: np.ndarray) -> bytes:
    """Encode a baseline JPEG of four inks (Adobe, inverted), with a block of 8 x 8 for each pixel.

    All coefficients but the mean of a block are zero, so each block needs one coefficient and an
    end of block (ITU-T T.81, F.1.2).
    """
    segments = [b"\xff\xd8", b"\xff\xee" + struct.pack(">H", 14) + b"Adobe\0\x64\0\0\0\0\0"]
    segments.append(b"\xff\xdb" + struct.pack(">HB", 67, 0) + bytes([8] * 64))
    height, width = image.shape
    parts = b"".join(bytes([i, 0x11, 0]) for i in range(1, 5))
    size = struct.pack(">HBHHB", 20, 8, 8 * height, 8 * width, 4)
    segments.append(b"\xff\xc0" + size + parts)
    # Twelve codes of four bits for the length of a mean, one code of one bit for the end of block.
    for kind, lengths, symbols in (
        (0x00, [0, 0, 0, 12] + [0] * 12, bytes(range(12))),
        (0x10, [1] + [0] * 15, b"\0"),
    ):
        table = bytes([kind, *lengths]) + symbols
        segments.append(b"\xff\xc4" + struct.pack(">H", 2 + len(table)) + table)
    heads = b"".join(bytes([i, 0x00]) for i in range(1, 5))
    segments.append(b"\xff\xda" + struct.pack(">HB", 14, 4) + heads + bytes([0, 63, 0]))
    bits = []
    former = [0, 0, 0, 0]
    for grey in image.ravel():
        # Inverted: 255 is no ink. The whole picture is in black.
        for component, ink in enumerate((255, 255, 255, int(grey))):
            mean = ink - 128
            step, former[component] = mean - former[component], mean
            length = abs(step).bit_length()
            bits.append(f"{length:04b}")
            if length:
                bits.append(f"{step if step > 0 else step + (1 << length) - 1:0{length}b}")
            bits.append("0")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    data = int(text, 2).to_bytes(len(text) // 8)
    segments += [data.replace(b"\xff", b"\xff\0"), b"\xff\xd9"]
    return b"".join(segments)


def test_a_cmyk_jpeg_is_read(client):
    """A CMYK JPEG, as printing software writes it, is read."""
    picture = cv2.resize(hand.picture(3), (40, 40), interpolation=cv2.INTER_AREA)
    data = cmyk_jpeg(picture)
    grey = grey_of(data)
    assert grey.shape == (320, 320)
    assert grey[0, 0] > 240
    assert grey.min() < 60
    assert client.post(IMAGE, data=data, content_type="image/jpeg").json["text"] == "3"


def test_sixteen_bits_and_alpha_and_orientation(client):
    """16 bits, alpha and orientation are handled together."""
    grey = hand.picture(3, 120).astype(np.uint16) * 257
    image = np.rot90(np.dstack([grey, grey, grey, np.full_like(grey, 65535)]))
    data = encoded(np.ascontiguousarray(image), ".png", 6)
    assert client.post(IMAGE, data=data, content_type="image/png").json["text"] == "3"
