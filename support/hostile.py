"""Hostile requests by name, and the recipes and encoders that build them.

`HOSTILE` maps a name to a function that builds one request: path, body and content type. Requests
are built on demand, and a function always builds the same bytes. A recipe describes a request in
JSON. `request_of` builds its request, for `bench.worst` and for the tests.
"""

import json
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice, product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Request = tuple[str, bytes, str]
"""Path with its query, body, content type."""

Recipe = dict[str, Any]
"""Description of a request, in JSON types."""

Grey = NDArray[np.uint8]
"""A picture of shape (H, W), paper 255."""

Stroke = NDArray[np.float64]
"""Points of shape (N, 2)."""

STROKES = "/api/v1/predict/strokes"
BATCH = "/api/v1/predict/batch"
IMAGE = "/api/v1/predict/image"
EXPLAIN = "/api/v1/explain"
UPLOAD = "/upload"

JSON = "application/json"
TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}

BOUNDARY = "hostile-form"

WHITE = 255

STRIP_ROWS = 256
"""Rows that the PNG encoder packs at once, so that building a bomb takes little memory."""


# Requests from recipes


def request_of(recipe: Recipe) -> Request:
    """Return the request that a recipe describes, always with the same bytes.

    A recipe has one of: `named`, a key of `HOSTILE`; `json`, a body, with its `path`; `picture`
    (see `painted`), with `file` (see `encoded`), `path` and `fields`.
    """
    if "named" in recipe:
        return HOSTILE[recipe["named"]]()
    if "json" in recipe:
        return recipe["path"], compact(recipe["json"]), JSON
    file = recipe["file"]
    data = encoded(painted(recipe["picture"]), file)
    return picture_request(data, TYPES[file["format"]], recipe["path"], recipe.get("fields", {}))


def picture_request(
    data: bytes, kind: str = "image/png", path: str = IMAGE, fields: Mapping[str, object] = {}
) -> Request:
    """Send a picture as the body and its fields as the query. For /upload, send all as a form."""
    if path != UPLOAD:
        query = "&".join(f"{name}={value}" for name, value in fields.items())
        return f"{path}?{query}" if query else path, data, kind
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="picture"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    body = head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    return path, body, f"multipart/form-data; boundary={BOUNDARY}"


def compact(value: object) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def drawing(strokes: Iterable[Stroke], **fields: object) -> dict[str, Any]:
    """Return strokes as the API takes them, to six digits, together with other fields."""
    return {"strokes": [{"x": _six(s[:, 0]), "y": _six(s[:, 1])} for s in strokes]} | fields


def _six(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.6g}") for value in values.tolist()]


def strokes_request(strokes: Iterable[Stroke], path: str = STROKES, **fields: object) -> Request:
    """One drawing."""
    return path, compact(drawing(strokes, **fields)), JSON


def batch_request(drawings: Iterable[dict[str, Any]]) -> Request:
    """Several drawings."""
    return BATCH, compact({"drawings": list(drawings)}), JSON


# Strokes


def scribble(
    rng: np.random.Generator, count: int, points: int, width: float = 280, height: float = 280
) -> list[Stroke]:
    """Return strokes of random points in one place."""
    return list(rng.uniform(0, 1, (count, points, 2)) * (width, height))


def row(
    rng: np.random.Generator, count: int, points: int, gap: float = 30, width: float = 40
) -> list[Stroke]:
    """Return scribbles side by side, `gap` apart. They overlap if it is below their width."""
    one = rng.uniform(0, 1, (count, points, 2)) * (width, 60)
    return [moved(stroke, gap * number, 0) for number, stroke in enumerate(one)]


def grid(rng: np.random.Generator, count: int, points: int) -> list[Stroke]:
    """Return scribbles in lines that overlap."""
    across = max(1, int(count**0.5))
    one = rng.uniform(0, 1, (count, points, 2)) * (60, 70)
    return [moved(s, 50 * (n % across), 40 * (n // across)) for n, s in enumerate(one)]


def moved(stroke: Stroke, x: float, y: float) -> Stroke:
    """Return the stroke moved to the right and down."""
    return stroke + np.array([x, y])


def wide(count: int, points: int) -> list[Stroke]:
    """Return waves across the whole line, one below the other."""
    x = np.arange(points)
    return [np.stack([10.0 * x, 5 * n + 30 * np.sin(x)], 1) for n in range(count)]


# Pictures. Each shape returns ink, 0 to 255, of a size (H, W).


def noise(size: tuple[int, int], rng: np.random.Generator, share: float, cell: int) -> Grey:
    """Return square cells, black or white at random, with a share of black ones."""
    few = -(-size[0] // cell), -(-size[1] // cell)
    ink = _ink(rng.integers(0, 256, few, dtype=np.uint8) < 256 * share)
    return ink.repeat(cell, 0)[: size[0]].repeat(cell, 1)[:, : size[1]] if cell > 1 else ink


def stripes(
    size: tuple[int, int], rng: np.random.Generator, pitch: int, pen: int, upright: bool
) -> Grey:
    """Return lines, `pitch` pixels apart."""
    inked = np.arange(size[1] if upright else size[0]) % pitch < pen
    return _ink(np.broadcast_to(inked if upright else inked[:, np.newaxis], size))


def comb(size: tuple[int, int], rng: np.random.Generator, pitch: int, pen: int) -> Grey:
    """Return upright lines that a line along the top joins to one connected component."""
    ink = stripes(size, rng, pitch, pen, True)
    ink[:pen] = 255
    return ink


def ruled(size: tuple[int, int], rng: np.random.Generator, pitch: int, pen: int) -> Grey:
    """Return ruled paper with a margin."""
    ink = stripes(size, rng, pitch, pen, False)
    ink[:, size[1] // 8 :][:, :pen] = 255
    return ink


def dots(size: tuple[int, int], rng: np.random.Generator, side: int, pitch: int) -> Grey:
    """Return square dots, `pitch` pixels apart."""
    return stripes(size, rng, pitch, side, True) & stripes(size, rng, pitch, side, False)


def checkers(size: tuple[int, int], rng: np.random.Generator, cell: int) -> Grey:
    """Return a board with black squares that touch at their corners."""
    down, across = (np.arange(length) // cell & 1 for length in size)
    return _ink(down[:, np.newaxis] ^ across)


def rings(size: tuple[int, int], rng: np.random.Generator, tile: int, pitch: int, pen: int) -> Grey:
    """Return concentric rings, repeated in tiles."""
    place = np.arange(tile, dtype=np.float32) - tile / 2
    one = _ink(np.hypot(place[:, np.newaxis], place) % pitch < pen)
    times = -(-size[0] // tile), -(-size[1] // tile)
    return np.tile(one, times)[: size[0], : size[1]]


MOST_SHAPES = 20_000
"""Largest number of shapes in a layer. More would take longer to draw than to read."""


def digits(
    size: tuple[int, int], rng: np.random.Generator, side: int, gap: float, pen: int, points: int
) -> Grey:
    """Return lines of digit-like strokes, `gap` sides apart. They touch if it is not above 0."""
    ink = np.zeros(size, np.uint8)
    step = max(1, int(side * (1 + gap)))
    tops, lefts = range(0, size[0], int(1.4 * side) + 1), range(0, size[1], step)
    for top, left in islice(product(tops, lefts), MOST_SHAPES):
        stroke = rng.integers(0, side + 1, (points, 2)) + np.array([left, top])
        cv2.polylines(ink, [stroke.astype(np.int32)], False, 255, pen)
    return ink


def lines(
    size: tuple[int, int], rng: np.random.Generator, count: int, points: int, pen: int
) -> Grey:
    """Return long strokes across the whole picture."""
    ink = np.zeros(size, np.uint8)
    for _ in range(count):
        stroke = rng.integers(0, size[::-1], (points, 2))
        cv2.polylines(ink, [stroke.astype(np.int32)], False, 255, pen)
    return ink


def specks(size: tuple[int, int], rng: np.random.Generator, count: int) -> Grey:
    """Return single pixels."""
    ink = np.zeros(size, np.uint8)
    ink[rng.integers(0, size[0], count), rng.integers(0, size[1], count)] = 255
    return ink


def desk(size: tuple[int, int], rng: np.random.Generator, angle: float, level: int) -> Grey:
    """Return the surroundings of a turned sheet that has 70 % of the picture's sides."""
    height, width = size
    sheet = cv2.boxPoints(((width / 2, height / 2), (0.7 * width, 0.7 * height), angle))
    ink = np.full(size, level, np.uint8)
    cv2.fillConvexPoly(ink, np.rint(sheet).astype(np.int32), 0)
    return ink


def shade(size: tuple[int, int], rng: np.random.Generator, level: int, upright: bool) -> Grey:
    """Return ink that darkens from one side of the picture to the other."""
    ramp = np.linspace(0, level, size[0] if upright else size[1]).astype(np.uint8)
    return np.broadcast_to(ramp[:, np.newaxis] if upright else ramp, size)


def _ink(inked: NDArray[Any]) -> Grey:
    return np.where(inked, np.uint8(255), np.uint8(0))


SHAPES: dict[str, Callable[..., Grey]] = {
    shape.__name__: shape
    for shape in (
        *(noise, stripes, comb, ruled, dots, checkers, rings),
        *(digits, lines, specks, desk, shade),
    )
}


def painted(picture: Mapping[str, Any]) -> Grey:
    """Paint a picture of `width` and `height`.

    `layers`: each the name of a `shape`, its arguments and a `seed`. Where layers overlap, the
    darker ink counts. `dark`: ink is white on black. `grain`: levels of noise added to the picture.
    """
    size = picture["height"], picture["width"]
    ink = np.zeros(size, np.uint8)
    for layer in picture.get("layers", ()):
        given = {name: value for name, value in layer.items() if name not in ("shape", "seed")}
        rng = np.random.default_rng(layer.get("seed", 0))
        np.maximum(ink, SHAPES[layer["shape"]](size, rng, **given), out=ink)
    if grain := picture.get("grain", 0):
        rng = np.random.default_rng(grain)
        ink = cv2.add(ink, rng.integers(0, grain + 1, size, dtype=np.uint8)).reshape(size)
    return ink if picture.get("dark") else np.subtract(WHITE, ink, out=ink)


# Files


def encoded(grey: Grey, file: Mapping[str, Any]) -> bytes:
    """Encode a picture as a file of a `format`, with the arguments of its encoder.

    All formats take `orientation` (EXIF) and `kept`, the share of the file that is kept.
    """
    given = {n: v for n, v in file.items() if n not in ("format", "kept")}
    data = {"png": png, "jpeg": jpeg, "webp": webp}[file["format"]](grey, **given)
    return data[: int(len(data) * file.get("kept", 1))]


COLOURS = {"grey": 0, "rgb": 2, "palette": 3, "grey+alpha": 4, "rgba": 6}
"""PNG's colour types (W3C PNG, 11.2.1)."""

SAMPLES = {"grey": 1, "rgb": 3, "palette": 1, "grey+alpha": 2, "rgba": 4}

ADAM7 = (
    *((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)),
    *((2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)),
)
"""First row and column, and steps, of each pass of an interlaced PNG (W3C PNG, 8.2)."""


def png(
    grey: Grey,
    colour: str = "grey",
    depth: int = 8,
    *,
    interlaced: bool = False,
    level: int = 6,
    residual: int = 0,
    alpha: int = 128,
    trns: bool = False,
    orientation: int = 1,
    extra: bytes = b"",
) -> bytes:
    """Encode a PNG file.

    Args:
        grey: of shape (H, W).
        colour: a key of `COLOURS`.
        depth: bits per sample.
        interlaced: whether it has seven passes.
        level: of compression.
        residual: the filter, 0 to 4, that the rows declare. Only 0 preserves the picture.
        alpha: of all pixels, and of a palette's colours.
        trns: whether a colour, or the whole palette, is transparent.
        orientation: of EXIF.
        extra: further chunks before the pixels.
    """
    height, width = grey.shape
    if colour == "palette":
        ramp = bytes(v for i in range(2**depth) for v in [i * 255 // (2**depth - 1)] * 3)
        extra = chunk(b"PLTE", ramp) + extra
    if trns and colour in ("grey", "rgb", "palette"):
        clear = bytes([alpha]) * 2**depth if colour == "palette" else bytes(2 * SAMPLES[colour])
        extra += chunk(b"tRNS", clear)
    if orientation != 1:
        extra += chunk(b"eXIf", exif(orientation))
    packer = zlib.compressobj(level)
    pieces = []
    for top, left, down, across in ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = grey[top::down, left::across]
        for strip in range(0, len(part) if part.size else 0, STRIP_ROWS):
            rows = _packed(part[strip : strip + STRIP_ROWS], colour, depth, alpha)
            filtered = np.insert(rows, 0, residual, axis=1)
            pieces.append(packer.compress(filtered.tobytes()))
    pixels = b"".join([*pieces, packer.flush()])
    return png_file(width, height, depth, COLOURS[colour], pixels, extra, interlaced)


def _packed(grey: Grey, colour: str, depth: int, alpha: int) -> Grey:
    """Pack the picture into rows of bytes, the highest bits first."""
    if depth < 8:
        each = 8 // depth
        padded = np.pad(grey >> (8 - depth), ((0, 0), (0, -grey.shape[1] % each)))
        shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
        groups = padded.reshape(len(grey), -1, each) << shifts
        return np.bitwise_or.reduce(groups, axis=2).astype(np.uint8)
    samples = np.repeat(grey[..., np.newaxis], SAMPLES[colour], axis=2)
    if colour in ("grey+alpha", "rgba"):
        samples[..., -1] = alpha
    # Both bytes of a 16-bit sample are equal: v * 257.
    return samples.repeat(depth // 8, axis=2).reshape(len(grey), -1)


def png_file(
    width: int,
    height: int,
    depth: int,
    colour: int,
    pixels: bytes,
    extra: bytes = b"",
    interlaced: bool = False,
) -> bytes:
    """Build a PNG file of compressed pixels, valid or not."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    chunks = chunk(b"IHDR", head) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def chunk(kind: bytes, data: bytes) -> bytes:
    """Build a chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


SAMPLINGS = {
    name: getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{name}")
    for name in ("411", "420", "422", "440", "444")
}


def jpeg(
    grey: Grey,
    quality: int = 90,
    *,
    components: int = 3,
    progressive: bool = False,
    sampling: str = "420",
    restart: int = 0,
    coder: str = "usual",
    scans: int = 0,
    orientation: int = 1,
) -> bytes:
    """Encode a JPEG file.

    Args:
        grey: of shape (H, W).
        quality: 0 to 100.
        components: 1, 3 or 4. With 4, ink is black.
        progressive: whether several scans cover the whole picture.
        sampling: a key of `SAMPLINGS`, for the usual coder.
        restart: MCUs between restart markers. 0 for none.
        coder: `usual`; `separate`, a scan per component, all of which a decoder has to keep; or
            `arithmetic`, about 100 bytes without data that a decoder expands to pixels.
        scans: number of repetitions of the last scan.
        orientation: of EXIF.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    options += [cv2.IMWRITE_JPEG_RST_INTERVAL, restart]
    if coder == "arithmetic":
        data = _arithmetic_jpeg(*grey.shape, components, progressive)
    elif coder == "separate" or components == 4:
        data = _separate_jpeg([grey] * components, options)
    else:
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling]]
        colours = grey if components == 1 else cv2.merge([grey] * 3)
        data = cv2.imencode(".jpg", colours, options)[1].tobytes()
    if scans:
        _, found = jpeg_parts(data)
        data = data.removesuffix(b"\xff\xd9") + found[-1] * scans + b"\xff\xd9"
    if orientation != 1:
        data = data[:2] + _segment(0xE1, b"Exif\0\0" + exif(orientation)) + data[2:]
    return data


def jpeg_parts(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the segments before the first scan, and the scans with the tables before each."""
    head: list[bytes] = []
    scans: list[bytes] = []
    place, tables = 2, b""
    while data[place + 1] != 0xD9:
        (length,) = struct.unpack_from(">H", data, place + 2)
        segment = data[place : place + 2 + length]
        place += len(segment)
        if segment[1] == 0xDA:
            # Entropy-coded data end before the next marker. 0xFF00 and restarts are part of them.
            end = re.compile(rb"\xff[^\x00\xd0-\xd7]").search(data, place)
            stop = end.start() if end else len(data)
            scans.append(tables + segment + data[place:stop])
            place, tables = stop, b""
        elif scans:
            tables += segment
        else:
            head.append(segment)
    return head, scans


def _separate_jpeg(planes: Sequence[Grey], options: list[int]) -> bytes:
    """Encode a JPEG with one component per plane, each with its own scans."""
    body: list[bytes] = []
    for number, plane in enumerate(planes, 1):
        head, scans = jpeg_parts(cv2.imencode(".jpg", plane, options)[1].tobytes())
        if not body:
            body += [segment for segment in head if segment[1] in (0xDB, 0xDD)]
            (frame,) = (segment for segment in head if segment[1] in (0xC0, 0xC1, 0xC2))
            parts = b"".join(bytes([each + 1, 0x11, 0]) for each in range(len(planes)))
            body.append(_segment(frame[1], frame[4:9] + bytes([len(planes)]) + parts))
        body += [segment for segment in head if segment[1] == 0xC4]
        body += [_of_component(scan, number) for scan in scans]
    return b"\xff\xd8" + b"".join(body) + b"\xff\xd9"


def _of_component(scan: bytes, number: int) -> bytes:
    """Return a scan of one component with another component's number."""
    place = scan.index(b"\xff\xda") + 5
    return scan[:place] + bytes([number]) + scan[place + 1 :]


def _arithmetic_jpeg(height: int, width: int, components: int, progressive: bool) -> bytes:
    """Build a JPEG of arithmetic coding (T.81 annex D) without any coded data."""
    numbers = range(1, components + 1)
    parts = b"".join(bytes([number, 0x11, 0]) for number in numbers)
    size = struct.pack(">BHHB", 8, height, width, components)
    frame = _segment(0xCA if progressive else 0xC9, size + parts)
    all_parts = bytes([components]) + b"".join(bytes([number, 0]) for number in numbers)
    scans = [all_parts + (b"\0\0\0" if progressive else b"\0\x3f\0")]
    if progressive:
        scans += [bytes([1, number, 0]) + b"\1\x3f\0" for number in numbers]
    body = b"".join(_segment(0xDA, scan) + b"\0\0" for scan in scans)
    return b"\xff\xd8" + _segment(0xDB, b"\0" + b"\1" * 64) + frame + body + b"\xff\xd9"


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


MOST_WEBP_SIDE = 16_383
"""Pixels (RFC 9649: a side has 14 bits)."""


def webp(
    grey: Grey,
    quality: int = 80,
    *,
    lossless: bool = False,
    alpha: int | None = None,
    orientation: int = 1,
) -> bytes:
    """Encode a WebP file of as much of the picture as the format allows.

    `alpha` is that of all pixels. None makes a file without alpha.
    """
    grey = grey[:MOST_WEBP_SIDE, :MOST_WEBP_SIDE]
    planes = [grey] * 3 + ([] if alpha is None else [np.full_like(grey, alpha)])
    options = [cv2.IMWRITE_WEBP_QUALITY, 101 if lossless else quality]
    if orientation == 1:
        return cv2.imencode(".webp", cv2.merge(planes), options)[1].tobytes()
    block = [np.frombuffer(exif(orientation), np.uint8)]
    kinds = [cv2.IMAGE_METADATA_EXIF]
    made = cv2.imencodeWithMetadata(".webp", cv2.merge(planes), kinds, block, options)
    return made[1].tobytes()


def exif(orientation: int) -> bytes:
    """Build an EXIF block with one entry."""
    return struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 0x0112, 3, 1, orientation, 0)


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    """Build a WebP container (RFC 9649) of these chunks."""
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in parts
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


# Requests by name

HOSTILE: dict[str, Callable[[], Request]] = {}
"""Builders of requests by name. The first word of a name is the kind of request."""


def _named(build: Callable[[], Request]) -> Callable[[], Request]:
    """Register a function as a builder under its name."""
    HOSTILE[build.__name__.replace("_", "-")] = build
    return build


def _rng() -> np.random.Generator:
    return np.random.default_rng(14)


# Drawings


@_named
def strokes_lattice() -> Request:
    """196 bytes whose strokes are a billion times as long as they are high."""
    body = (
        b'{"strokes": [{"x": [0.001, 1000000.0, -1000000.0], "y": [1000.0, 0.0, 0.1]}, '
        b'{"x": [0.001, 0.0, 0.0, 0.001], "y": [0.0, 0.1, 0.1, 0.1]}, '
        b'{"x": [-1000000.0, 1.0, 1000.0], "y": [0.1, 0.0001, 0.1]}]}'
    )
    return STROKES, body, JSON


@_named
def strokes_lattice_subnormal() -> Request:
    """The same with heights in the subnormal range of floats."""
    flat = np.array([(0.001, 1e-310), (1e6, 0), (-1e6, 5e-324)])
    return strokes_request([flat, flat[:2] * (1e-9, 1), flat[::-1]])


@_named
def strokes_subnormal() -> Request:
    """A drawing with only subnormal numbers."""
    numbers = [0.0, 5e-324, 1e-310, -1e-310]
    return strokes_request(list(_rng().choice(numbers, (5, 9, 2))), **MUCH)


@_named
def strokes_large_and_small() -> Request:
    """A drawing with numbers of a millionth beside a million."""
    return strokes_request(list(_rng().choice([1e-6, 1.0, 1e6, -1e6], (20, 9, 2))), **MUCH)


MUCH: dict[str, Any] = {"alternatives": 10, "glyphs": True}
"""Fields that request the most work."""

THREE = np.array([(5, 20), (30, 0), (50, 20), (25, 45), (55, 70), (30, 98), (0, 80)], np.float64)
"""A digit of one stroke."""

DRAWINGS: dict[str, Callable[[], list[Stroke]]] = {
    "500x40-in-one-place": lambda: scribble(_rng(), 500, 40),
    "500x40-in-a-row": lambda: row(_rng(), 500, 40),
    "500x40-in-a-grid": lambda: grid(_rng(), 500, 40),
    "500x2-in-a-grid": lambda: grid(_rng(), 500, 2),
    "500-dots": lambda: scribble(_rng(), 500, 1, 2800, 2800),
    "500-times-one-point": lambda: [np.array([(5.0, 5.0)])] * 500,
    "500x40-wide": lambda: wide(500, 40),
    "20x1000-wide": lambda: wide(20, 1000),
    "8x2500-wide": lambda: wide(8, 2500),
    "1x20000": lambda: scribble(_rng(), 1, 20_000),
    "119x168": lambda: scribble(_rng(), 119, 168),
    "120x166-close": lambda: row(_rng(), 120, 166, 5),
    "60x300-close": lambda: row(_rng(), 60, 300, 20),
    "500-far-apart": lambda: row(_rng(), 500, 40, 1000),
    "500-lines": lambda: [moved(s, 0, 150 * n) for n, s in enumerate(scribble(_rng(), 500, 40))],
    "500-digits-in-a-row": lambda: [moved(THREE, 60 * n, 0) for n in range(500)],
}
"""Drawings at the limits of size."""

for _name, _strokes in DRAWINGS.items():
    HOSTILE[f"strokes-{_name}"] = partial(
        lambda strokes: strokes_request(strokes(), **MUCH), _strokes
    )


@_named
def explain_grid() -> Request:
    """An explanation of the first of 500 overlapping strokes."""
    return strokes_request(grid(_rng(), 500, 40), EXPLAIN)


@_named
def explain_row() -> Request:
    """An explanation of the first of 40 overlapping strokes."""
    return strokes_request(row(_rng(), 40, 40), EXPLAIN)


@_named
def batch_of_20x5() -> Request:
    """102 KB: 100 drawings of 20 strokes of 5 random points."""
    drawings = _rng().integers(0, 281, (100, 20, 2, 5)).tolist()
    return batch_request(
        {"strokes": [{"x": x, "y": y} for x, y in strokes]} for strokes in drawings
    )


@_named
def batch_of_20x25() -> Request:
    """100 drawings with as many strokes and points as a batch may have."""
    rng = _rng()
    return batch_request(drawing(scribble(rng, 20, 25), **MUCH) for _ in range(100))


@_named
def batch_of_rows() -> Request:
    """100 rows of strokes that overlap."""
    rng = _rng()
    return batch_request(drawing(row(rng, 20, 25, 20), **MUCH) for _ in range(100))


@_named
def batch_of_close_rows() -> Request:
    """16 rows of 120 strokes that overlap."""
    rng = _rng()
    return batch_request(drawing(row(rng, 120, 26, 15), **MUCH) for _ in range(16))


@_named
def batch_of_grids() -> Request:
    """Four grids of 500 strokes."""
    rng = _rng()
    return batch_request(drawing(grid(rng, 500, 25), **MUCH) for _ in range(4))


@_named
def batch_of_wide() -> Request:
    """100 drawings of waves through the whole line."""
    return batch_request([drawing(wide(20, 25), **MUCH)] * 100)


@_named
def batch_of_lattices() -> Request:
    """20 KB: 100 times the drawing of `strokes-lattice`."""
    return batch_request([json.loads(strokes_lattice()[1])] * 100)


# JSON

MOST_JSON = 4 * 1024 * 1024
"""Largest JSON body, in bytes (docs/api.md)."""

TEXTS: dict[str, Callable[[], str | bytes]] = {
    "nested-arrays": lambda: "[" * 100_000,
    "nested-objects": lambda: '{"a":' * 50_000,
    "nan": lambda: '{"strokes":[{"x":[NaN],"y":[1]}]}',
    "1e308": lambda: '{"strokes":[{"x":[1e308],"y":[1]}]}',
    "1e999": lambda: '{"strokes":[{"x":[1e999],"y":[1]}]}',
    "name-twice": lambda: '{"strokes":[],"strokes":[]}',
    "name-twice-escaped": lambda: '{"strokes":[],"\\u0073trokes":[]}',
    "long-number": lambda: _filled('{"strokes":[],"width":1', "0", "}"),
    "long-fraction": lambda: _filled('{"strokes":[],"width":0.', "1", "}"),
    "long-exponent": lambda: _filled('{"strokes":[],"width":1e', "9", "}"),
    "spaces": lambda: _filled("", " ", '{"strokes":[]}'),
    "long-name": lambda: _filled('{"', "a", '":1}'),
    "colons": lambda: _filled('{"strokes":[],"expect":"', ":", '"}'),
    "empty-strokes": lambda: _filled('{"strokes":[', "{},", "{}]}"),
    "two-million-points": lambda: _filled('{"strokes":[{"x":[', "1,", '1],"y":[1]}]}'),
    "wrong-type-late": lambda: _filled(
        '{"strokes":[{"x":[' + "1," * 19_999 + '"a"],"y":[1]}],"p":[', "1,", "1]}"
    ),
    "long-times": lambda: _filled('{"strokes":[{"x":[1],"y":[1],"t":[', "1,", "1]}]}"),
    "byte-order-mark": lambda: b'\xef\xbb\xbf{"strokes":[]}',
    "utf-16": lambda: '{"strokes":[]}'.encode("utf-16"),
    "lone-surrogate": lambda: '{"strokes":[],"expect":"\\ud800"}',
}
"""Bodies that are invalid drawings, or barely valid ones."""


def _filled(start: str, middle: str, end: str) -> str:
    """Repeat the middle until the body has the largest allowed size."""
    return start + middle * ((MOST_JSON - len(start) - len(end)) // len(middle)) + end


def _json_request(text: Callable[[], str | bytes]) -> Request:
    body = text()
    return STROKES, body.encode() if isinstance(body, str) else body, JSON


for _name, _text in TEXTS.items():
    HOSTILE[f"json-{_name}"] = partial(_json_request, _text)


# PNG


def flat_png(
    width: int, height: int, depth: int, colour: str, extra: bytes = b"", interlaced: bool = False
) -> bytes:
    """A PNG of all ones, made of one row. With `interlaced`, it is broken."""
    line = b"\0" + b"\xff" * -(-width * SAMPLES[colour] * depth // 8)
    packer = zlib.compressobj(9)
    pieces = [
        packer.compress(line * min(STRIP_ROWS, height - y)) for y in range(0, height, STRIP_ROWS)
    ]
    pixels = b"".join([*pieces, packer.flush()])
    return png_file(width, height, depth, COLOURS[colour], pixels, extra, interlaced)


def small_png(extra: bytes) -> bytes:
    """A small PNG with more chunks before its pixels."""
    return flat_png(50, 50, 8, "grey", extra)


@_named
def picture_noise_1_bit() -> Request:
    """1024 x 1024 pixels, black or white at random."""
    ink = noise((1024, 1024), _rng(), 0.5, 1)
    return picture_request(png(ink, depth=1), fields={"glyphs": "true"})


@_named
def picture_1_bit_19000() -> Request:
    """A picture above the limit of pixels, 19000 x 19000."""
    return picture_request(flat_png(19_000, 19_000, 1, "grey"))


@_named
def picture_1_bit_5000() -> Request:
    """25 megapixels in 9 KB."""
    return picture_request(flat_png(5000, 5000, 1, "grey"))


@_named
def picture_rgba_16() -> Request:
    """25 megapixels of 8 bytes."""
    return picture_request(flat_png(5000, 5000, 16, "rgba"))


@_named
def picture_rgba_16_broken_passes() -> Request:
    """25 megapixels of 8 bytes that declare interlacing but lack it."""
    return picture_request(flat_png(5000, 5000, 16, "rgba", interlaced=True))


@_named
def picture_rgba_16_interlaced() -> Request:
    """25 megapixels of 8 bytes in seven passes."""
    grey = np.full((5000, 5000), WHITE, np.uint8)
    return picture_request(png(grey, "rgba", 16, interlaced=True))


@_named
def picture_grey_alpha_16() -> Request:
    """110 KB: 25 megapixels of 4 bytes that a decoder expands to 8."""
    return picture_request(flat_png(5000, 5000, 16, "grey+alpha"))


@_named
def picture_palette_transparent() -> Request:
    """25 megapixels of half transparent palette colours that a decoder expands to 4 bytes each."""
    grey = np.full((5000, 5000), WHITE, np.uint8)
    return picture_request(png(grey, "palette", 8, trns=True))


@_named
def picture_grey_16_wide() -> Request:
    """A picture with the longest side allowed and 25 megapixels of 2 bytes."""
    return picture_request(flat_png(20_000, 1250, 16, "grey"))


@_named
def picture_20000_wide() -> Request:
    """A picture of one row."""
    return picture_request(flat_png(20_000, 1, 8, "grey"))


@_named
def picture_20000_high() -> Request:
    """A picture of one column."""
    return picture_request(flat_png(1, 20_000, 8, "grey"))


@_named
def picture_overlong_pixels() -> Request:
    """200 times as many bytes of pixels as the size needs."""
    return picture_request(png_file(500, 500, 8, 0, zlib.compress(bytes(50_000_000), 9)))


@_named
def picture_texts() -> Request:
    """20 compressed texts of 200 MB each."""
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000), 9))
    return picture_request(small_png(text * 20))


@_named
def picture_profile() -> Request:
    """A colour profile of 200 MB."""
    profile = b"a\0\0" + zlib.compress(bytes(200_000_000), 9)
    return picture_request(small_png(chunk(b"iCCP", profile)))


@_named
def picture_exif_10_mb() -> Request:
    """EXIF whose first directory claims 65,535 entries, all there."""
    block = b"II*\0\x08\0\0\0" + b"\xff" * 10_000_000
    return picture_request(small_png(chunk(b"eXIf", block)))


@_named
def picture_500000_chunks() -> Request:
    """500,000 empty text chunks."""
    return picture_request(small_png(chunk(b"tEXt", b"") * 500_000))


@_named
def picture_900000_empty_idats() -> Request:
    """900,000 empty chunks of pixels before the first one with content."""
    return picture_request(small_png(chunk(b"IDAT", b"") * 900_000))


@_named
def picture_animated_png() -> Request:
    """An animation of 32 frames."""
    pixels = zlib.compress(bytes(1001 * 1000), 9)
    frames = chunk(b"acTL", struct.pack(">II", 32, 0))
    for number in range(1, 32):
        place = struct.pack(">IIIIIHHBB", 2 * number, 1000, 1000, 0, 0, 1, 10, 0, 0)
        frames += chunk(b"fcTL", place)
        frames += chunk(b"fdAT", struct.pack(">I", 2 * number + 1) + pixels)
    return picture_request(png_file(1000, 1000, 8, 0, pixels, frames))


@_named
def picture_bad_checksum() -> Request:
    """A PNG with one wrong bit in its pixels."""
    data = bytearray(encoded(_page(300, 300), {"format": "png"}))
    data[44] ^= 1
    return picture_request(bytes(data))


@_named
def picture_turned() -> Request:
    """25 megapixels of three bytes with an EXIF rotation by 90 degrees."""
    grey = np.full((5000, 5000), WHITE, np.uint8)
    return picture_request(png(grey, "rgb", 8, orientation=6))


# WebP


@_named
def picture_webp_transparent() -> Request:
    """1 KB: 25 megapixels of half transparent white, lossless."""
    grey = np.full((5000, 5000), WHITE, np.uint8)
    return picture_request(webp(grey, lossless=True, alpha=128), TYPES["webp"])


@_named
def picture_webp_lossy() -> Request:
    """25 megapixels of white."""
    return picture_request(webp(np.full((5000, 5000), WHITE, np.uint8)), TYPES["webp"])


@_named
def picture_webp_wide() -> Request:
    """A WebP with the longest side that the format allows."""
    return picture_request(webp(np.full((1500, 16_383), WHITE, np.uint8)), TYPES["webp"])


@_named
def picture_webp_animated() -> Request:
    """60 frames of 2000 x 2000 pixels."""
    still = webp(np.full((2000, 2000), WHITE, np.uint8))[12:]
    size = (1999).to_bytes(3, "little") * 2
    frame = bytes(6) + size + (40).to_bytes(3, "little") + b"\0" + still
    head = (b"VP8X", b"\x02\0\0\0" + size), (b"ANIM", bytes(6))
    return picture_request(riff(*head, *[(b"ANMF", frame)] * 60), TYPES["webp"])


@_named
def picture_webp_noise() -> Request:
    """9.7 MB of colour noise, lossless."""
    pixels = _rng().integers(0, 256, (1800, 1800, 3), dtype=np.uint8)
    options = [cv2.IMWRITE_WEBP_QUALITY, 101]
    return picture_request(cv2.imencode(".webp", pixels, options)[1].tobytes(), TYPES["webp"])


# JPEG


def _jpeg_request(grey: Grey, **options: object) -> Request:
    return picture_request(encoded(grey, {"format": "jpeg"} | options), TYPES["jpeg"])


def _page(width: int, height: int, side: int = 50) -> Grey:
    """Lines of sevens, or similar shapes."""
    layer = {"shape": "digits", "side": side, "gap": 2.0, "pen": 4, "points": 3}
    return painted({"width": width, "height": height, "layers": [layer]})


def _static(width: int, height: int) -> Grey:
    return _rng().integers(0, 256, (height, width), dtype=np.uint8)


@_named
def picture_jpeg_65500_wide() -> Request:
    """A side above the limit."""
    return _jpeg_request(np.full((1, 65_500), WHITE, np.uint8), components=1)


@_named
def picture_jpeg_cmyk() -> Request:
    """25 megapixels of four components, each in its own scan."""
    return _jpeg_request(np.zeros((5000, 5000), np.uint8), components=4)


@_named
def picture_jpeg_progressive() -> Request:
    """25 megapixels of digits, progressive, which makes a decoder keep all coefficients."""
    return _jpeg_request(_page(5000, 5000), progressive=True)


@_named
def picture_jpeg_99_scans() -> Request:
    """The largest number of scans allowed, over 25 megapixels. All but ten add nothing."""
    blank = np.full((5000, 5000), WHITE, np.uint8)
    return _jpeg_request(blank, progressive=True, scans=89)


@_named
def picture_jpeg_500_scans() -> Request:
    """More scans than allowed."""
    blank = np.full((5000, 5000), WHITE, np.uint8)
    return _jpeg_request(blank, progressive=True, scans=500)


@_named
def picture_jpeg_12_megapixels() -> Request:
    """A page of a thousand digits."""
    return _jpeg_request(_page(4000, 3000))


@_named
def picture_jpeg_12_megapixels_noise() -> Request:
    """Noise of all levels, as large as a camera's photo."""
    return _jpeg_request(_static(4000, 3000), components=1, quality=85)


@_named
def picture_jpeg_24_megapixels_noise() -> Request:
    """Noise of all levels, as large as allowed."""
    return _jpeg_request(_static(6000, 4000), components=1, quality=50)


@_named
def picture_jpeg_separate() -> Request:
    """25 megapixels of four components in some 40 scans: 200 MB of coefficients."""
    blank = np.full((5000, 5000), WHITE, np.uint8)
    return _jpeg_request(blank, components=4, coder="separate", progressive=True)


@_named
def picture_jpeg_arithmetic() -> Request:
    """About 100 bytes without data that a decoder expands to 25 megapixels."""
    return _jpeg_request(np.empty((5000, 5000), np.uint8), coder="arithmetic")


@_named
def picture_jpeg_arithmetic_scans() -> Request:
    """1 KB: the same with four components in 95 scans."""
    blank = np.empty((5000, 5000), np.uint8)
    return _jpeg_request(blank, components=4, coder="arithmetic", progressive=True, scans=90)


# Other formats, and files of two formats

RENAMED = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "gif": b"GIF89a" + bytes(40),
    "tiff": b"II*\0" + bytes(40),
    "heic": b"\0\0\0\x18ftypheic" + bytes(40),
    "avif": b"\0\0\0\x18ftypavif" + bytes(40),
    "pdf": b"%PDF-1.4\n",
    "bmp": b"BM" + bytes(60),
    "psd": b"8BPS" + bytes(40),
    "empty": b"",
}
"""First bytes of other formats, sent as a PNG."""

for _name, _data in RENAMED.items():
    HOSTILE[f"picture-{_name}-renamed"] = partial(picture_request, _data)


@_named
def picture_and_html() -> Request:
    """A PNG that is also an HTML page."""
    return picture_request(png(_page(300, 300)) + b"<script>alert(1)</script>")


@_named
def picture_and_zip() -> Request:
    """A PNG followed by an archive."""
    return picture_request(png(_page(300, 300)) + b"PK\x03\x04" + bytes(100))


@_named
def picture_png_as_jpeg() -> Request:
    """A PNG with another content type."""
    return picture_request(png(_page(300, 300)), TYPES["jpeg"])


def _cut(format_: str) -> Request:
    """The first nine tenths of a file of 25 megapixels."""
    grey = np.full((5000, 5000), WHITE, np.uint8)
    return picture_request(encoded(grey, {"format": format_, "kept": 0.9}), TYPES[format_])


for _name in TYPES:
    HOSTILE[f"picture-{_name}-cut"] = partial(_cut, _name)


# The worst requests that bench.worst found


def _found(picture: Recipe, file: Recipe, path: str = IMAGE) -> Request:
    return request_of({"picture": picture, "file": file, "path": path})


@_named
def picture_noise_among_dots() -> Request:
    """Noise around a comb and a grid of dots: the most components to read in a small picture."""
    comb_and_dots = [
        {"shape": "comb", "pitch": 59, "pen": 15},
        {"shape": "dots", "side": 20, "pitch": 41},
    ]
    picture = {"width": 1024, "height": 1024, "layers": comb_and_dots, "grain": 255}
    return _found(picture, {"format": "png", "depth": 1})


@_named
def picture_upright_stripes() -> Request:
    """Connected components a thousand times as high as wide."""
    layer = {"shape": "stripes", "pitch": 8, "pen": 2, "upright": True}
    picture = {"width": 2000, "height": 2000, "layers": [layer]}
    return _found(picture, {"format": "png", "depth": 1})


@_named
def picture_flat_stripes() -> Request:
    """Connected components a thousand times as wide as high, explained."""
    layer = {"shape": "stripes", "pitch": 8, "pen": 2, "upright": False}
    picture = {"width": 2000, "height": 2000, "layers": [layer]}
    return _found(picture, {"format": "png", "depth": 1}, EXPLAIN)


@_named
def picture_page_of_scribbles() -> Request:
    """A grainy page of 1,500 scribbles, sent by the form: much memory for 6 megapixels."""
    layer = {"shape": "digits", "side": 47, "gap": 0.3, "pen": 4, "points": 5, "seed": 77}
    picture = {"width": 2500, "height": 2500, "layers": [layer], "grain": 60, "dark": True}
    return _found(picture, {"format": "webp", "alpha": 255}, UPLOAD)


@_named
def strokes_30x666() -> Request:
    """30 long scribbles in one place, with the most points that the groups of strokes can have."""
    return strokes_request(scribble(_rng(), 30, 666), EXPLAIN)
