"""Decoding of pictures: three formats by their first bytes, upright, on white, within bounds."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from support import hand
from support.hostile import chunk
from webapp.recognition import (
    ImageTooLargeError,
    Limits,
    UndecodableImageError,
    UnsupportedImageError,
)
from webapp.recognition.picture.decode import decode
from webapp.recognition.picture.formats import Header, exif_orientation, read_header

LIMITS = Limits(pixels=1_000_000, side=5_000)

FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp"}


def encoded(image, extension=".png", orientation=None):
    """Encode an image as a file, optionally with an EXIF orientation."""
    if orientation is None:
        return cv2.imencode(extension, image)[1].tobytes()
    block = np.frombuffer(exif(orientation), np.uint8)
    return cv2.imencodeWithMetadata(extension, image, [cv2.IMAGE_METADATA_EXIF], [block])[
        1
    ].tobytes()


def grey_of(data):
    """Return the decoded picture, as grey."""
    picture = decode(data, LIMITS)
    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def exif(orientation, order="<"):
    """Return the shortest EXIF block with an orientation."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)


def corner(alpha=False):
    """Return a white picture, 48 wide and 32 high, black in its top left corner."""
    image = np.full((32, 48, 4 if alpha else 3), 255, np.uint8)
    image[:16, :16, :3] = 0
    image[-1, -1, 3:] = 0  # otherwise an encoder omits alpha
    return image


def dark_corner(grey):
    """Return the dark corner of a picture as (row, column), 0 or -1 each."""
    inset = 4
    for row in (0, -1):
        for column in (0, -1):
            if grey[inset if row == 0 else -inset, inset if column == 0 else -inset] < 60:
                return row, column
    return None


@pytest.mark.parametrize("extension", FORMATS.values())
def test_it_works(extension):
    """Each format is decoded to grey, (H, W) uint8."""
    grey = grey_of(encoded(corner(), extension))
    assert grey.shape == (32, 48)
    assert grey.dtype == np.uint8
    assert dark_corner(grey) == (0, 0)


@pytest.mark.parametrize(("name", "extension"), FORMATS.items())
def test_the_header_tells_format_and_size(name, extension):
    """The header gives the format and the size before decoding."""
    header = read_header(encoded(corner(), extension))
    assert (header.format, header.width, header.height) == (name, 48, 32)


@pytest.mark.parametrize(
    "parameters",
    [[cv2.IMWRITE_WEBP_QUALITY, 40], [cv2.IMWRITE_WEBP_QUALITY, 101]],
    ids=["lossy", "lossless"],
)
@pytest.mark.parametrize("alpha", [False, True])
def test_every_kind_of_webp_tells_its_size(parameters, alpha):
    """The size of lossy, lossless and extended WebP files is found in their different headers."""
    data = cv2.imencode(".webp", corner(alpha), parameters)[1].tobytes()
    header = read_header(data)
    assert (header.format, header.width, header.height) == ("WebP", 48, 32)
    assert header.alpha or not alpha


def test_a_jpeg_of_several_scans_tells_its_memory():
    """The memory of a JPEG with a scan per component includes all components."""
    whole = encoded(corner(), ".jpg")
    scan = whole.index(b"\xff\xda")
    assert read_header(whole) == Header("JPEG", 48, 32)
    alone = whole[:scan] + b"\xff\xda\x00\x08\x01" + whole[scan + 5 :]
    assert read_header(alone) == Header("JPEG", 48, 32, work_bytes=3.0)


def test_a_progressive_jpeg_tells_its_size():
    """A progressive JPEG has its size, and two bytes of memory per sample, here 4:2:0."""
    data = cv2.imencode(".jpg", corner(), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert read_header(data) == Header("JPEG", 48, 32, work_bytes=3.0)


# Corner where the stored top left corner appears after decoding, which inverts the way the picture
# was stored (CIPA DC-008).
UPRIGHT = {
    1: (0, 0),
    2: (0, -1),
    3: (-1, -1),
    4: (-1, 0),
    5: (0, 0),
    6: (0, -1),
    7: (-1, -1),
    8: (-1, 0),
}


@pytest.mark.parametrize("extension", FORMATS.values())
@pytest.mark.parametrize(("orientation", "place"), UPRIGHT.items())
def test_it_is_turned_upright(extension, orientation, place):
    """Every EXIF orientation is undone, in every format."""
    grey = grey_of(encoded(corner(), extension, orientation))
    assert grey.shape == ((48, 32) if orientation > 4 else (32, 48))
    assert dark_corner(grey) == place


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_alpha_and_orientation_together(extension):
    """A transparent picture is turned upright too."""
    grey = grey_of(encoded(corner(alpha=True), extension, 6))
    assert grey.shape == (48, 32)
    assert dark_corner(grey) == (0, -1)


@pytest.mark.parametrize("comment", [b"", chunk(b"tEXt", b"a\0IDAT")])
@pytest.mark.parametrize(
    ("depth", "colour", "more", "pixel"),
    [
        (8, 0, chunk(b"tRNS", b"\0\7"), b"\7"),
        (16, 0, chunk(b"tRNS", b"\7\0"), b"\7\0"),
        (1, 0, chunk(b"tRNS", b"\0\0"), b"\0"),
        (8, 2, chunk(b"tRNS", 3 * b"\0\7"), 3 * b"\7"),
        (8, 3, chunk(b"PLTE", 3 * b"\7") + chunk(b"tRNS", b"\0"), b"\0"),
    ],
    ids=["grey", "grey of 16 bits", "grey of one bit", "colour", "palette"],
)
def test_a_transparent_colour_is_white(comment, depth, colour, more, pixel):
    """A PNG may name one colour as transparent, also after a comment that mentions pixels."""
    size = struct.pack(">IIBBBBB", 8, 8, depth, colour, 0, 0, 0)
    rows = 8 * (b"\0" + (pixel if depth == 1 else 8 * pixel))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + comment + more
    data += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert (decode(data, LIMITS) == 255).all()
    assert (decode(data.replace(b"tRNS", b"sRNS"), LIMITS) < 255).all()


def test_opencv_turns_pictures_as_we_do():
    """OpenCV agrees where it applies the orientation itself."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (7, 5, 3)).astype(np.uint8)
    for orientation in UPRIGHT:
        data = encoded(image, ".png", orientation)
        theirs = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(decode(data, LIMITS), theirs)


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_of_both_byte_orders(order):
    """EXIF is read in both byte orders."""
    assert exif_orientation(exif(8, order)) == 8
    assert exif_orientation(b"Exif\0\0" + exif(8, order)) == 8


@pytest.mark.parametrize(
    "block", [b"", b"II", b"II*\0\xff\xff\xff\xff", exif(6)[:15], exif(0), exif(9), b"x" * 40]
)
def test_broken_exif_is_no_orientation(block):
    """A picture with invalid EXIF is not rotated."""
    assert exif_orientation(block) == 1


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_transparency_is_white(extension):
    """Transparent pixels become white, whatever their colour."""
    image = np.zeros((20, 30, 4), np.uint8)
    image[5:15, 5:10, 3] = 255
    image[5:15, 20:25, 3] = 128
    parameters = [cv2.IMWRITE_WEBP_QUALITY, 101] if extension == ".webp" else []
    grey = grey_of(cv2.imencode(extension, image, parameters)[1].tobytes())
    assert grey[0, 0] == 255
    assert grey[10, 7] == 0
    assert abs(int(grey[10, 22]) - 127) <= 1


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_a_channel(channels):
    """16-bit pictures are reduced to 8 bits."""
    image = np.full((9, 9, channels), 65535, np.uint16)
    image[2:5, 2:5, : min(channels, 3)] = 0x4000
    grey = grey_of(encoded(image))
    assert grey[0, 0] == 255
    assert grey[3, 3] == 0x40


def test_grey_stays_grey():
    """A grey PNG is decoded unchanged."""
    picture = hand.picture(3, 60)
    assert np.array_equal(decode(hand.png(picture), LIMITS), picture)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(40),
        b"BM" + bytes(60),
        b"\0\0\0\x18ftypheic" + bytes(40),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"RIFF\0\0\0\0WAVE" + bytes(40),
        b"II*\0" + bytes(40),
    ],
    ids=["empty", "gif", "bmp", "heic", "svg", "wav", "tiff"],
)
def test_it_rejects_other_formats(data):
    """Other formats than PNG, JPEG and WebP are rejected, and the error names these three."""
    with pytest.raises(UnsupportedImageError, match="PNG, JPEG or WebP"):
        decode(data, LIMITS)


@pytest.mark.parametrize("extension", FORMATS.values())
def test_it_rejects_too_many_pixels(extension):
    """A picture of too many pixels is rejected before decoding, and the error has both numbers."""
    with pytest.raises(ImageTooLargeError, match="= 1536 pixels, but at most 1535"):
        decode(encoded(corner(), extension), Limits(pixels=1535, side=100))


def test_it_rejects_a_long_side():
    """A picture with too long a side is rejected before decoding."""
    with pytest.raises(ImageTooLargeError, match="at most 47"):
        decode(encoded(corner()), Limits(pixels=10_000, side=47))


def test_it_rejects_a_jpeg_of_two_sizes():
    """Stuffing that other decoders skip cannot hide a second, larger frame header."""
    small = encoded(corner(), ".jpg")
    hidden = b"\xff\xd8" + b"\xff\x00\x00\x04AB" + small[2:]
    with pytest.raises(UndecodableImageError, match="broken header"):
        decode(hidden, LIMITS)


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_jpeg_markers_may_have_fill_bytes_before_them(count):
    """Any number of fill bytes 0xFF may precede a marker (T.81, B.1.1.2)."""
    whole = encoded(corner(), ".jpg")
    quantisation = whole.index(b"\xff\xdb")
    frame = whole.index(b"\xff\xc0")
    filled = whole[:quantisation] + b"\xff" * count + whole[quantisation:frame]
    filled += b"\xff" * count + whole[frame:]
    assert np.array_equal(decode(filled, LIMITS), decode(whole, LIMITS))


@pytest.mark.parametrize("marker", [0x00, 0x02, 0xBF, 0xD8, 0xD9, 0xDA, 0xF0, 0xFD, 0xFF])
def test_it_rejects_jpeg_markers_out_of_place(marker):
    """Only tables, application segments and comments may precede the frame header."""
    data = b"\xff\xd8\xff\xe0\x00\x02" + bytes([0xFF, marker, 0, 4, 0, 0])
    with pytest.raises(UndecodableImageError):
        decode(data + encoded(corner(), ".jpg")[2:], LIMITS)


def test_it_rejects_a_bomb_unopened():
    """A header of 19,000 by 19,000 pixels is rejected without decoding."""
    claim = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 19_000, 19_000) + bytes(20)
    with pytest.raises(ImageTooLargeError, match="361000000"):
        decode(claim, Limits(pixels=25_000_000, side=20_000))


@pytest.mark.parametrize("extension", FORMATS.values())
@pytest.mark.parametrize("keep", [13, 31, 45])
def test_it_rejects_headers_alone(extension, keep):
    """A file that ends within its headers is rejected."""
    with pytest.raises(UndecodableImageError, match="broken"):
        decode(encoded(corner(), extension)[:keep], LIMITS)


@pytest.mark.parametrize("extension", FORMATS.values())
def test_cut_and_spoilt_files_never_crash(extension):
    """A damaged file is decoded or rejected with one of our errors."""
    rng = np.random.default_rng(7)
    whole = encoded(hand.picture(8, 64), extension)
    outcomes = set()
    for _ in range(150):
        spoilt = bytearray(whole[: rng.integers(12, len(whole) + 1)])
        for place in rng.integers(8, len(spoilt), 3):
            spoilt[place] = rng.integers(0, 256)
        try:
            grey = grey_of(bytes(spoilt))
        except (UndecodableImageError, ImageTooLargeError, UnsupportedImageError) as error:
            outcomes.add(type(error))
        else:
            assert grey.ndim == 2
            assert grey.dtype == np.uint8
    assert UndecodableImageError in outcomes
