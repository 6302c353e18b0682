"""Pictures that are made to harm, or made in rare ways: bounded work, and no other's pixels."""

import struct
import subprocess
import sys
import time
import zlib

import cv2
import numpy as np
import pytest

from tests import hand
from tests.server import ROOT, clean_environment
from tests.test_fuzz import chunk
from tests.test_image import encoded, exif, grey_of
from webapp.recognition import (
    ImageTooLargeError,
    Limits,
    UndecodableImageError,
    UnsupportedImageError,
)
from webapp.recognition.image import MAX_SCANS, decode

IMAGE = "/api/v1/predict/image"

LIMITS = Limits(pixels=25_000_000, side=20_000)

MOST_SECONDS = 5.0
"""More than reading the largest picture takes on a busy machine."""

SIZE = 400


def png(extra: bytes, image=None) -> bytes:
    """A grey PNG file with more chunks before its pixels."""
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
    """A picture of one grey."""
    image = np.full((SIZE, SIZE, 3), value, np.uint8)
    return cv2.imencode(extension, image, list(parameters))[1].tobytes()


# Nobody sees another's pixels


@pytest.mark.parametrize("progressive", [0, 1])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"], ids=["cut", "cut and ended"])
def test_a_truncated_jpeg_shows_nothing_of_a_former_picture(progressive, share, end):
    """It is refused, or what is missing is the same whatever was decoded before it.

    OpenCV 4.10 and 4.11 left what was in memory where pixels were missing.
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
    """However much is there: half a picture is not read as if it were one."""
    whole = encoded(hand.picture(3, 64), extension)
    for length in range(1, len(whole) - 8):
        with pytest.raises((UndecodableImageError, UnsupportedImageError)):
            decode(whole[:length], LIMITS)


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp"])
def test_metadata_is_never_echoed(client, extension):
    """What a camera wrote beside the pixels does not come back."""
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
    """What else a file may be does not matter: it is never stored, served or opened otherwise."""
    picture = encoded(hand.picture(3), extension)
    data = picture + b"<script>alert(1)</script>PK\x03\x04"
    response = client.post(IMAGE, data=data, content_type="image/png")
    assert response.json["text"] == "3"
    assert b"script" not in response.data
    gif = b"GIF89a" + picture
    assert client.post(IMAGE, data=gif, content_type="image/png").status_code == 415


# Bombs


def in_time(data: bytes) -> str:
    """What becomes of a picture; it must be soon."""
    start = time.process_time()
    try:
        decode(data, LIMITS)
        outcome = "read"
    except (UndecodableImageError, ImageTooLargeError) as error:
        outcome = str(error)
    assert time.process_time() - start < MOST_SECONDS
    return outcome


def test_a_bomb_of_19000_squared_is_refused():
    """44 KB of PNG that would be 361 megapixels, whole and valid."""
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
    """Few pixels in all make no side short."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    claim = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")
    assert "a side may have at most 20000" in in_time(claim)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 9), (9, 0)])
def test_a_picture_without_pixels_is_refused(client, width, height):
    """422."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    claim = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")
    assert client.post(IMAGE, data=claim, content_type="image/png").status_code == 422


@pytest.mark.parametrize(
    ("kind", "start"),
    [(b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0"), (b"iCCP", b"k\0\0")],
    ids=["zTXt", "iTXt", "iCCP"],
)
def test_texts_and_profiles_of_a_png_are_not_unpacked(kind, start):
    """Each unpacked to 8 MB: a thousand of them took libpng most of a minute."""
    text = start + zlib.compress(bytes(7_900_000), 9)
    assert in_time(png(chunk(kind, text) * 1000)) == "read"


@pytest.mark.parametrize("kind", [b"IDAT", b"PLTE", b"eXIf", b"zTXt", b"abcd"])
def test_a_png_chunk_that_claims_gigabytes_is_refused(kind):
    """OpenCV set aside what 88 bytes claimed, for seconds; found by a spoilt file."""
    whole = png(chunk(kind, b"x"))
    place = whole.index(kind) - 4
    for claimed in (0xFFFFFFFF, 0x7FFFFFFF, 0xE4000000, len(whole)):
        spoilt = whole[:place] + struct.pack(">I", claimed) + whole[place + 4 :]
        start = time.perf_counter()
        with pytest.raises(UndecodableImageError):
            decode(spoilt, LIMITS)
        assert time.perf_counter() - start < 0.5


def test_a_jpeg_has_few_scans():
    """Each scan goes over all pixels; thousands of 50 bytes took seconds."""
    image = np.full((5000, 5000), 200, np.uint8)
    progressive = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    whole = cv2.imencode(".jpg", image, progressive)[1].tobytes()
    scan = whole[whole.rfind(b"\xff\xda") : -2]
    assert f"at most {MAX_SCANS} are read" in in_time(whole[:-2] + scan * 4000 + b"\xff\xd9")
    assert in_time(whole) == "read"


def test_only_the_first_frame_of_an_animation_is_looked_at():
    """Large as the others may be."""
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
    """Set before it is imported, from the settings: it refuses by itself what they do."""
    code = (
        "import webapp, cv2, numpy\n"
        "for side in (999, 1001):\n"
        "    data = cv2.imencode('.png', numpy.zeros((side, side), numpy.uint8))[1]\n"
        "    try: print(cv2.imdecode(data, 0).shape[0])\n"
        "    except cv2.error: print('refused')\n"
    )
    environment = clean_environment(INKLING_MAX_IMAGE_PIXELS="1000000")
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert run.stdout.split() == ["999", "refused"], run.stderr


# Rare kinds


def cmyk_jpeg(image: np.ndarray) -> bytes:
    """A baseline JPEG of four inks (Adobe, inverted), each pixel a block of 8 x 8.

    All of a block but its mean is zero, so that a coefficient and an end of block are all that
    there is to encode (ITU-T T.81, F.1.2).
    """
    segments = [b"\xff\xd8", b"\xff\xee" + struct.pack(">H", 14) + b"Adobe\0\x64\0\0\0\0\0"]
    segments.append(b"\xff\xdb" + struct.pack(">HB", 67, 0) + bytes([8] * 64))
    height, width = image.shape
    parts = b"".join(bytes([i, 0x11, 0]) for i in range(1, 5))
    size = struct.pack(">HBHHB", 20, 8, 8 * height, 8 * width, 4)
    segments.append(b"\xff\xc0" + size + parts)
    # Twelve codes of four bits for the length of a mean, one code of one bit for "no more".
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
        # Inverted: 255 is no ink. All of the picture is in black.
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
    """As printers' programs write it."""
    picture = cv2.resize(hand.picture(3), (40, 40), interpolation=cv2.INTER_AREA)
    data = cmyk_jpeg(picture)
    grey = grey_of(data)
    assert grey.shape == (320, 320)
    assert grey[0, 0] > 240
    assert grey.min() < 60
    assert client.post(IMAGE, data=data, content_type="image/jpeg").json["text"] == "3"


def test_sixteen_bits_and_alpha_and_orientation(client):
    """All at once, in the largest form that a PNG has."""
    grey = hand.picture(3, 120).astype(np.uint16) * 257
    image = np.rot90(np.dstack([grey, grey, grey, np.full_like(grey, 65535)]))
    data = encoded(np.ascontiguousarray(image), ".png", 6)
    assert client.post(IMAGE, data=data, content_type="image/png").json["text"] == "3"
