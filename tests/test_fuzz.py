"""Fuzzing: random drawings and pictures are read or refused."""

import json
import math
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import hand
from tests.test_decode_picture import exif

STROKES = "/api/v1/predict/strokes"
IMAGE = "/api/v1/predict/image"

FUZZ = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

coordinates = st.floats(-1e6, 1e6, allow_nan=False)
flat = st.sampled_from([0.0, 1e6, -1e6, 1e-300, 5e-324])


@st.composite
def columns(draw):
    """Draw a stroke of any shape, as the API takes it."""
    count = draw(st.integers(1, 12))
    numbers = draw(st.sampled_from([coordinates, flat, st.integers(-3, 3)]))
    stroke = {name: draw(st.lists(numbers, min_size=count, max_size=count)) for name in "xy"}
    if draw(st.booleans()):
        stroke["t"] = [float(i) for i in range(count)]
    return stroke


drawings = st.fixed_dictionaries(
    {"strokes": st.lists(columns(), max_size=12)},
    optional={
        "width": st.floats(5e-324, 1e6),
        "height": st.floats(5e-324, 1e6),
        "expect": st.sampled_from(["number", "digits", "digit"]),
        "glyphs": st.booleans(),
        "alternatives": st.integers(0, 10),
    },
)


def check_answer(answer: dict, expect: str = "number") -> None:
    """Check what holds for every answer."""
    assert answer["status"] in ("ok", "unsure", "not_a_number", "empty")
    assert answer["text"] == "\n".join(answer["lines"])
    assert 0 <= answer["confidence"] <= 1 + 1e-6
    assert bool(answer["text"]) == (answer["status"] in ("ok", "unsure"))
    for digit in answer["digits"]:
        assert math.isclose(sum(digit["probabilities"]), 1, abs_tol=1e-3)
        assert all(math.isfinite(value) for value in digit["box"].values())
    placed = [(one["line"], one["index"], str(one["digit"])) for one in answer["digits"]]
    placed += [(one["line"], one["index"], one["sign"]) for one in answer["signs"]]
    assert len(set(placed)) == len(placed)
    if answer["text"]:
        # The symbols make the text, each at its index.
        assert len(placed) == sum(map(len, answer["lines"]))
        assert all(answer["lines"][line][index] == char for line, index, char in placed)
    texts = [other["text"] for other in answer["alternatives"]]
    assert len({answer["text"], *texts}) == 1 + len(texts)
    together = answer["confidence"] + sum(other["confidence"] for other in answer["alternatives"])
    assert together <= 1 + 1e-6
    # With `digits`, signs are ignored.
    assert answer["status"] != "ok" or not answer["ignored"] or expect == "digits"
    json.dumps(answer, allow_nan=False)


@FUZZ
@given(drawing=drawings)
def test_every_valid_drawing_is_read(client, drawing):
    """Every valid drawing gets 200, whatever the shape, scale and place of its strokes."""
    response = client.post(STROKES, json=drawing)
    assert response.status_code == 200, response.text
    check_answer(response.json, drawing.get("expect", "number"))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([10**400, -(10**30), 1e308]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["strokes", "x", "y", "t", "p", "width", "a"]), inner)
    ),
    max_leaves=12,
)


@FUZZ
@given(document=anything)
def test_every_other_document_is_refused(client, document):
    """Any other document gets 400 or 422 as a problem, and NaN is invalid JSON."""
    response = client.post(STROKES, data=json.dumps(document), content_type="application/json")
    assert response.status_code in (200, 400, 422)
    if response.status_code == 200:
        check_answer(response.json, document.get("expect", "number"))
    else:
        assert response.content_type == "application/problem+json"


@FUZZ
@given(body=st.binary(max_size=200))
def test_any_bytes_are_no_failure(client, body):
    """Random bytes as JSON, as a picture or as a form never cause a failure."""
    for path, kind in (
        (STROKES, "application/json"),
        (IMAGE, "image/png"),
        (IMAGE, "multipart/form-data; boundary=b"),
        ("/upload", "multipart/form-data; boundary=b"),
    ):
        response = client.post(path, data=body, content_type=kind)
        assert response.status_code < 500, (path, body)


# Pictures


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def palette_png() -> bytes:
    """Return a digit of two palette colours, one of them transparent."""
    pixels = (hand.picture(3, 64, pen=5) > 128).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", bytes([0, 0, 0, 255, 255, 255]))
        + chunk(b"tRNS", bytes([255, 0]))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def animated_png() -> bytes:
    """Return a digit with a second frame that is black."""
    picture = hand.picture(3, 64, pen=5)
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    control = struct.pack(">IIIIIHHBB", 0, 64, 64, 0, 0, 1, 10, 0, 0)
    second = struct.pack(">IIIIIHHBB", 1, 64, 64, 0, 0, 1, 10, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0))
        + chunk(b"acTL", struct.pack(">II", 2, 0))
        + chunk(b"fcTL", control)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"fcTL", second)
        + chunk(b"fdAT", struct.pack(">I", 2) + zlib.compress(bytes(65 * 64)))
        + chunk(b"IEND", b"")
    )


def corpus() -> dict[str, bytes]:
    """Return small files of every kind that is read."""
    grey = hand.picture(3, 64, pen=5)
    colour = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    clear = np.dstack([colour, 255 - grey])
    deep = grey.astype(np.uint16) * 257
    kinds = {
        "grey png": (".png", grey, []),
        "colour png": (".png", colour, []),
        "clear png": (".png", clear, []),
        "deep png": (".png", deep, []),
        "jpeg": (".jpg", colour, []),
        "grey jpeg": (".jpg", grey, []),
        "progressive jpeg": (".jpg", colour, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        "restarting jpeg": (".jpg", colour, [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]),
        "lossy webp": (".webp", colour, [cv2.IMWRITE_WEBP_QUALITY, 60]),
        "lossless webp": (".webp", colour, [cv2.IMWRITE_WEBP_QUALITY, 101]),
        "clear webp": (".webp", clear, []),
    }
    made = {n: cv2.imencode(e, image, p)[1].tobytes() for n, (e, image, p) in kinds.items()}
    block = np.frombuffer(exif(6), np.uint8)
    turned = cv2.imencodeWithMetadata(".jpg", colour, [cv2.IMAGE_METADATA_EXIF], [block])[1]
    return made | {
        "turned jpeg": turned.tobytes(),
        "palette png": palette_png(),
        "animated png": animated_png(),
    }


CORPUS = corpus()


@pytest.mark.parametrize("name", [name for name in CORPUS if name != "turned jpeg"])
def test_every_kind_of_picture_is_read(client, name):
    """Every kind of picture is read before it is mutated."""
    response = client.post(f"{IMAGE}?expect=digit", data=CORPUS[name], content_type="image/png")
    assert response.status_code == 200
    assert response.json["text"] == "3", name


@st.composite
def mutated(draw):
    """Draw a picture with bytes changed, cut out, doubled or cut off."""
    data = bytearray(CORPUS[draw(st.sampled_from(sorted(CORPUS)))])
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(data) - 1))
        how = draw(st.sampled_from(["set", "flip", "cut", "double", "end", "max"]))
        length = draw(st.integers(1, 40))
        if how == "set":
            data[place] = draw(st.integers(0, 255))
        elif how == "flip":
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif how == "cut":
            del data[place : place + length]
        elif how == "double":
            data[place:place] = data[place : place + length]
        elif how == "end":
            del data[place:]
        else:
            data[place : place + 4] = b"\xff\xff\xff\xff"
        if not data:
            return b"\0"
    return bytes(data)


@settings(FUZZ, max_examples=400)
@given(data=mutated())
def test_mutated_pictures_are_read_or_refused(client, data):
    """A mutated picture is read or refused, and never causes a failure."""
    response = client.post(IMAGE, data=data, content_type="image/png")
    assert response.status_code in (200, 413, 415, 422), response.text
    if response.status_code == 200:
        check_answer(response.json)
