"""The HTTP interface through a test client."""

import dataclasses
import io
import json
import math
import struct
import zlib
from urllib.parse import quote

import cv2
import numpy as np
import pytest

from support import hand
from tests import fake
from webapp import create_app
from webapp.access.bodies import MAX_FORM_FIELD_BYTES
from webapp.access.gate import Gate
from webapp.config import Settings

STROKES = "/api/v1/predict/strokes"
IMAGE = "/api/v1/predict/image"
BATCH = "/api/v1/predict/batch"
EXPLAIN = "/api/v1/explain"

CONTENT_TYPES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}

ANSWER = {
    "text",
    "lines",
    "status",
    "confidence",
    "digits",
    "signs",
    "ignored",
    "alternatives",
    "surface",
    "model",
    "timing_ms",
    "request_id",
}
DIGIT = {"digit", "line", "index", "confidence", "probabilities", "is_digit", "box"}
SIGN = {"sign", "line", "index", "confidence", "box"}


def draw(client, strokes, **fields):
    """Return the answer to a drawing."""
    response = client.post(STROKES, json={"strokes": strokes} | fields)
    assert response.status_code == 200, response.text
    return response.json


def encoded(image, kind="image/png") -> bytes:
    """Encode a picture as a file of a content type."""
    _, data = cv2.imencode(CONTENT_TYPES[kind], image)
    return data.tobytes()


def send(client, data, kind="image/png", query=""):
    """Return the response to the bytes of a picture."""
    return client.post(f"{IMAGE}?{query}", data=data, content_type=kind)


def upload(client, *files, query="", **fields):
    """Return the response to a form of files, each a name and bytes, and text fields."""
    form = dict(fields)
    for name, data in files:
        form.setdefault(name, []).append((io.BytesIO(data), f"{name}.png"))
    return client.post(f"{IMAGE}?{query}", data=form, content_type="multipart/form-data")


def problem(response, status):
    """Return the problem document of a refusal."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    assert response.json["status"] == status
    return response.json


def picture(digit=3) -> bytes:
    """Return a hand-drawn digit as a PNG file."""
    return hand.png(hand.picture(digit))


def png_of_size(width: int, height: int) -> bytes:
    """Return a PNG file with a header that declares a size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0")
    chunks = [
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


# Drawings


@pytest.mark.parametrize("digit", hand.EACH)
def test_it_reads_every_digit_drawn(client, digit):
    """Each of the ten hand-drawn digits is read as itself."""
    answer = draw(client, hand.columns(digit))
    assert answer["text"] == str(digit)
    assert answer["lines"] == [str(digit)]
    assert answer["status"] == "ok"
    assert [d["digit"] for d in answer["digits"]] == [digit]


def test_an_answer_has_exactly_these_fields(client):
    """An answer has exactly these fields, because clients depend on them."""
    answer = draw(client, hand.columns(4), width=280, height=280, glyphs=True)
    [digit] = answer["digits"]
    assert answer.keys() == ANSWER
    assert digit.keys() == DIGIT | {"strokes", "glyph"}
    assert digit["box"].keys() == {"x", "y", "width", "height"}
    assert {frozenset(a) for a in answer["alternatives"]} == {frozenset({"text", "confidence"})}
    assert answer["surface"].keys() == {"width", "height"}
    assert answer["model"].keys() == {"name", "version"}
    assert answer["timing_ms"].keys() == {"total", "ink", "segment", "classify"}


def test_the_figures_of_an_answer_are_probabilities(client):
    """Ten probabilities sum to 1, and the digit has the greatest, which is its confidence."""
    [digit] = draw(client, hand.columns(6))["digits"]
    assert len(digit["probabilities"]) == 10
    assert math.isclose(sum(digit["probabilities"]), 1, abs_tol=1e-9)
    assert max(digit["probabilities"]) == digit["probabilities"][6] == digit["confidence"]
    assert digit["line"] == 0


@pytest.mark.parametrize("status", fake.IS_DIGIT)
def test_every_status_has_the_same_fields(status):
    """Answers to drawings and pictures of every status have the same fields."""
    client = fake.site(status).test_client()
    drawn, seen = draw(client, hand.columns(4), glyphs=True), send(client, picture()).json
    assert drawn.keys() == seen.keys() == ANSWER
    assert drawn["status"] == seen["status"] == status
    assert drawn["digits"][0].keys() == DIGIT | {"strokes", "glyph"}
    assert drawn["digits"][0]["is_digit"] == pytest.approx(fake.IS_DIGIT[status])


@pytest.mark.parametrize("status", ["ok", "unsure"])
def test_a_reading_is_given_however_sure_it_is(status):
    """An ok or unsure number has a text, and its alternatives share the rest of the confidence."""
    answer = draw(fake.site(status).test_client(), hand.columns(4))
    is_digit = fake.IS_DIGIT[status]
    assert (answer["text"], answer["lines"]) == ("1", ["1"])
    assert answer["confidence"] == pytest.approx(is_digit)
    assert [a["text"] for a in answer["alternatives"]] == ["7", "8", "6"]
    assert 0 < sum(a["confidence"] for a in answer["alternatives"]) <= 1 - is_digit + 1e-6
    assert answer["digits"][0]["is_digit"] == pytest.approx(is_digit)


@pytest.mark.parametrize("status", ["ok", "unsure"])
def test_one_digit_is_given_however_sure_it_is(status):
    """A single digit's confidence, and its alternatives', include P(is a digit)."""
    answer = draw(fake.site(status).test_client(), hand.columns(4), expect="digit")
    is_digit = fake.IS_DIGIT[status]
    assert (answer["text"], answer["lines"]) == ("1", ["1"])
    assert answer["confidence"] == pytest.approx(is_digit * 0.5)
    assert [a["text"] for a in answer["alternatives"]] == ["7", "8", "6"]
    assert answer["alternatives"][0]["confidence"] == pytest.approx(is_digit * 0.2)
    assert answer["digits"][0]["confidence"] == pytest.approx(0.5)


@pytest.mark.parametrize("count", [0, 3, 10])
def test_what_is_no_digit_has_no_text(count):
    """A non-digit has no text, and its alternatives are numbers, never signs alone."""
    client = fake.site("not_a_number").test_client()
    answer = draw(client, hand.columns(4), alternatives=count)
    assert (answer["text"], answer["lines"]) == ("", [])
    assert answer["confidence"] == pytest.approx(1 - fake.IS_DIGIT["not_a_number"])
    [digit] = answer["digits"]
    assert digit["digit"] == 1
    assert math.isclose(sum(digit["probabilities"]), 1, abs_tol=1e-9)
    assert [a["text"] for a in answer["alternatives"]] == ["1", "7", "8", "6"][:count]


def test_the_stages_take_part_of_the_total(client):
    """Times are in milliseconds and not negative."""
    timing = draw(client, hand.columns(8))["timing_ms"]
    assert 0 < timing["ink"] + timing["segment"] + timing["classify"] <= timing["total"]


def test_no_strokes_are_an_empty_answer(client):
    """A drawing without strokes has an empty answer."""
    answer = draw(client, [], width=10, height=20)
    assert answer.keys() == ANSWER
    assert (answer["status"], answer["text"], answer["confidence"]) == ("empty", "", 1)
    assert answer["digits"] == answer["alternatives"] == answer["lines"] == []
    assert answer["surface"] == {"width": 10, "height": 20}


def test_a_dot_is_ink(client):
    """A single point gets an answer with its status."""
    point, box = [{"x": [5], "y": [7]}], {"x": 5, "y": 7, "width": 0, "height": 0}
    answer = draw(client, point)
    assert answer["status"] != "empty"
    assert [one["box"] for one in answer["digits"] + answer["signs"]] in ([], [box])
    assert answer["text"] or answer["ignored"] == [box]
    [digit] = draw(client, point, expect="digit")["digits"]
    assert digit["box"] == box


def test_the_box_is_that_of_the_strokes(client):
    """A digit's box contains all its strokes, in the unit of the request."""
    strokes = [{"x": [-3, 5], "y": [10, 10.5]}, {"x": [0, 9], "y": [8, 30]}]
    [digit] = draw(client, strokes, expect="digit")["digits"]
    assert digit["box"] == {"x": -3, "y": 8, "width": 12, "height": 22}
    assert digit["strokes"] == [0, 1]


def test_time_and_pressure_change_nothing(client):
    """Times and pressures are accepted and do not affect the reading."""
    [stroke] = hand.columns(2)
    length = len(stroke["x"])
    timed = stroke | {"t": [16.0 * i for i in range(length)], "p": [0.5] * length}
    plain, rich = draw(client, [stroke]), draw(client, [timed])
    assert rich["digits"] == plain["digits"]


def test_a_unit_changes_nothing(client):
    """The unit of a drawing does not matter."""
    for size in (0.01, 1, 100_000):
        assert draw(client, hand.columns(5, size))["text"] == "5"


def test_the_surface_is_the_request_s(client):
    """A surface needs both width and height."""
    assert draw(client, [], width=1.5, height=2)["surface"] == {"width": 1.5, "height": 2}
    assert draw(client, [], width=1.5)["surface"] is None
    assert draw(client, [])["surface"] is None


@pytest.mark.parametrize("expect", ["number", "digits", "digit"])
def test_a_hint_is_accepted(client, expect):
    """A digit is read as itself with every value of `expect`."""
    assert draw(client, hand.columns(7), expect=expect)["text"] == "7"


BOUNDS = [
    {"pattern": "0{3}"},
    {"min": 100},
    {"max": 5},
    {"check": "luhn"},
    {"sum_of": ["4.50", "2,5"]},
]


@pytest.mark.parametrize("bounds", BOUNDS)
def test_bounds_reach_the_recogniser(bounds):
    """Every route that reads passes the bounds on, from JSON, the query or the form."""
    drawing = {"strokes": hand.columns(7)} | bounds
    name, value = next(iter(bounds.items()))
    query = f"{name}={quote(' '.join(value) if name == 'sum_of' else str(value))}"
    for path, body in ((STROKES, drawing), (BATCH, {"drawings": [drawing]}), (EXPLAIN, drawing)):
        recognizer = fake.Reads("42")
        client = fake.site_of(recognizer).test_client()
        assert client.post(path, json=body).status_code == 200
        assert bounds_of(recognizer.wanted[0]) == {name: value}
    for path in (IMAGE, EXPLAIN):
        recognizer = fake.Reads("42")
        client = fake.site_of(recognizer).test_client()
        sent = client.post(f"{path}?{query}", data=picture(), content_type="image/png")
        assert sent.status_code == 200
        assert bounds_of(recognizer.wanted[0]) == {name: value}


def bounds_of(wanted):
    """Return the bounds that are set, as a request has them."""
    pattern = None if wanted.pattern is None else wanted.pattern.text
    found = {"pattern": pattern, "min": wanted.least, "max": wanted.most, "check": wanted.check}
    found["sum_of"] = wanted.sum_of
    return {name: value for name, value in found.items() if value is not None}


def test_the_answer_says_whether_it_fits(client):
    """`fits` is there if the request has bounds, and says whether the text is within them."""
    seven = hand.columns(7)
    assert "fits" not in draw(client, seven)
    inside = draw(client, seven, pattern="0")
    assert (inside["text"], inside["fits"]) == ("7", True)
    outside = draw(client, seven, pattern="0{3}")
    assert (outside["text"], outside["fits"], outside["status"]) == ("7", False, "unsure")
    assert draw(client, seven, min=8e9)["fits"] is False
    assert draw(client, seven, max=8)["fits"] is True
    assert draw(client, seven, sum_of=[4, "2,50", "0.5"])["fits"] is True
    assert draw(client, seven, sum_of=[0.1, 7])["fits"] is False


@pytest.mark.parametrize(
    ("bounds", "pointer", "words"),
    [
        ({"pattern": "0{"}, "/pattern", "character 3"),
        ({"pattern": "abc"}, "/pattern", "'a'"),
        ({"pattern": "0" * 201}, "/pattern", "200"),
        ({"pattern": 7}, "/pattern", "text"),
        ({"min": 2, "max": 1}, "/min", "above max"),
        ({"min": 1e16}, "/min", "1"),
        ({"check": "crc"}, "/check", "luhn"),
        ({"sum_of": 7}, "/sum_of", "an array"),
        ({"sum_of": []}, "/sum_of", "length >= 1"),
        ({"sum_of": [1] * 101}, "/sum_of", "length <= 100"),
        ({"sum_of": [1, True]}, "/sum_of/1", "a number or text, got true"),
        ({"sum_of": [1, 1e16]}, "/sum_of/1", "1"),
        ({"sum_of": ["1" * 41]}, "/sum_of/0", "40"),
        ({"sum_of": [1, 2, "23/11"]}, "/sum_of", "number such as 12.50, got '23/11'"),
        ({"sum_of": [1], "expect": "digit"}, "/expect", "number"),
        ({"pattern": "0", "expect": "digit"}, "/expect", "number"),
        ({"pattern": "0", "expect": "digits"}, "/expect", "number"),
    ],
)
def test_invalid_bounds_are_named(client, bounds, pointer, words):
    """Invalid bounds get 422 with the field and the reason; in a batch with the drawing."""
    drawing = {"strokes": hand.columns(7)} | bounds
    batch = {"drawings": [{"strokes": hand.columns(7)}, drawing]}
    for path, body, place in ((STROKES, drawing, ""), (BATCH, batch, "/drawings/1")):
        answer = client.post(path, json=body)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == f"{place}{pointer}"
        assert words in answer.json["errors"][0]["detail"]


@pytest.mark.parametrize("value", ["nan", "inf", "1e99", "x", ""])
def test_invalid_bounds_of_pictures_are_named(client, value):
    """A bound in the query that is no number gets 422."""
    for name in ("min", "sum_of"):
        answer = client.post(f"{IMAGE}?{name}={value}", data=picture(), content_type="image/png")
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == f"/{name}"


@pytest.mark.parametrize("expect", ["number", "digits", "digit"])
def test_a_hint_reaches_the_recogniser(expect):
    """Every route that reads passes `expect` on, from JSON, the query or the form."""
    recognizer = fake.Reads("42")
    client = fake.site_of(recognizer).test_client()
    drawing = {"strokes": hand.columns(7), "expect": expect}
    for path, body in (
        (STROKES, drawing),
        (BATCH, {"drawings": [drawing]}),
        (EXPLAIN, drawing),
    ):
        assert client.post(path, json=body).status_code == 200
    for path in (IMAGE, EXPLAIN):
        address = f"{path}?expect={expect}"
        response = client.post(address, data=picture(), content_type="image/png")
        assert response.status_code == 200
    assert upload(client, ("image", picture()), expect=expect).status_code == 200
    assert recognizer.hints == 6 * [expect]


def test_signs_are_part_of_the_text():
    """Answers to drawings, batches and pictures have signs in one form, except for strokes."""
    client = fake.site_of(fake.Reads("-12.50")).test_client()
    drawn, seen = draw(client, hand.columns(4)), send(client, picture()).json
    [among] = batch(client, {"strokes": hand.columns(4)}).json["results"]
    for answer, own in ((drawn, {"strokes"}), (among, {"strokes"}), (seen, set())):
        assert answer.keys() == ANSWER
        assert answer["text"] == "-12.50"
        assert "".join(str(digit["digit"]) for digit in answer["digits"]) == "1250"
        assert [digit["index"] for digit in answer["digits"]] == [1, 2, 4, 5]
        assert [(sign["sign"], sign["index"]) for sign in answer["signs"]] == [("-", 0), (".", 3)]
        assert answer["signs"][0].keys() == SIGN | own


def test_a_sign_has_no_explanation():
    """`index` counts digits: the second digit of -12 is the 2."""
    client = fake.site_of(fake.Reads("-12")).test_client()
    shares = [
        client.post(EXPLAIN, json={"strokes": hand.columns(1), "index": index}).json[
            "probabilities"
        ]
        for index in (0, 1)
    ]
    assert [int(np.argmax(each)) for each in shares] == [1, 2]
    beyond = client.post(EXPLAIN, json={"strokes": hand.columns(1), "index": 2})
    assert "the number of digits is 2" in problem(beyond, 422)["detail"]


def test_glyphs_come_only_when_asked_for(client):
    """Glyphs, which are most of an answer's bytes, are only sent on request."""
    assert "glyph" not in draw(client, hand.columns(1))["digits"][0]
    shown = draw(client, hand.columns(1), glyphs=True)["digits"][0]["glyph"]
    assert shown.startswith("data:image/png;base64,")


def test_3_alternatives_are_the_default(client):
    """By default there are three alternatives in order, and the reading is not among them."""
    answer = draw(client, hand.columns(9))
    texts = [a["text"] for a in answer["alternatives"]]
    shares = [a["confidence"] for a in answer["alternatives"]]
    assert len(set(texts)) == 3
    assert answer["text"] not in texts
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("count", range(11))
def test_alternatives_can_be_counted(client, count):
    """An answer has the requested number of alternatives, also ones with more digits."""
    assert len(draw(client, hand.columns(9), alternatives=count)["alternatives"]) == count


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_a_content_type_may_have_parameters(client, kind):
    """Parameters and case of the content type do not matter."""
    assert client.post(STROKES, data=b'{"strokes": []}', content_type=kind).status_code == 200


@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "image/png", "json"]
)
def test_it_rejects_a_drawing_of_another_content_type(client, kind):
    """Another content type gets 415, and the detail has the accepted one."""
    response = client.post(STROKES, data=b'{"strokes": []}', content_type=kind)
    assert "application/json" in problem(response, 415)["detail"]


def test_it_rejects_malformed_json(client):
    """Malformed JSON gets 400 without a pointer."""
    response = client.post(STROKES, data=b'{"strokes": [', content_type="application/json")
    assert problem(response, 400)["errors"] == []


def test_it_rejects_an_invalid_field(client):
    """An invalid field gets 422 with a pointer."""
    document = problem(client.post(STROKES, json={"strokes": [{"x": [1], "y": [None]}]}), 422)
    assert document["errors"] == [{"pointer": "/strokes/0/y/0", "detail": document["detail"]}]


def test_it_rejects_a_json_body_over_4_mib(client):
    """A body over 4 MiB gets 413 with its size and the bound, and one of 4 MiB is read."""
    bound = 4 * 1024 * 1024
    body = b'{"strokes": []}'.ljust(bound)
    assert client.post(STROKES, data=body, content_type="application/json").status_code == 200
    response = client.post(STROKES, data=body + b" ", content_type="application/json")
    detail = problem(response, 413)["detail"]
    assert str(bound) in detail
    assert str(bound + 1) in detail


# Batches


def batch(client, *drawings):
    """Return the response to several drawings."""
    return client.post(BATCH, json={"drawings": list(drawings)})


def test_it_reads_a_batch_in_order(client):
    """Each result of a batch equals that of its drawing alone."""
    response = batch(client, *({"strokes": hand.columns(d), "expect": "digit"} for d in (3, 0, 7)))
    assert response.status_code == 200
    assert response.json.keys() == {"results"}
    assert [result["text"] for result in response.json["results"]] == ["3", "0", "7"]
    assert all(result.keys() == ANSWER for result in response.json["results"])
    assert {r["request_id"] for r in response.json["results"]} == {response.headers["X-Request-Id"]}


def test_each_drawing_of_a_batch_has_its_own_options(client):
    """Each drawing of a batch has its own options."""
    drawing = {"strokes": hand.columns(3), "expect": "digit"}
    sized = drawing | {"width": 280, "height": 300, "glyphs": True, "alternatives": 1}
    plain, other = batch(client, drawing, sized).json["results"]
    assert plain["surface"] is None
    assert other["surface"] == {"width": 280, "height": 300}
    assert "glyph" not in plain["digits"][0]
    assert other["digits"][0]["glyph"].startswith("data:image/png")
    assert (len(plain["alternatives"]), len(other["alternatives"])) == (3, 1)


def test_a_batch_may_have_100_drawings(client):
    """100 drawings, the bound, are accepted."""
    response = batch(client, *[{"strokes": []}] * 100)
    assert [result["status"] for result in response.json["results"]] == ["empty"] * 100


@pytest.mark.parametrize("count", [0, 101])
def test_it_rejects_a_batch_of_none_or_too_many(client, count):
    """A batch of no or too many drawings gets 422 with the bound."""
    document = problem(batch(client, *[{"strokes": []}] * count), 422)
    assert document["errors"][0]["pointer"] == "/drawings"


@pytest.mark.parametrize(
    ("strokes", "pointer"),
    [
        ([{"x": [1, 2], "y": [1]}], "/drawings/1/strokes/0/y"),
        ([{"x": [1], "y": [2e6]}], "/drawings/1/strokes/0/y/0"),
        ([{"x": [1]}], "/drawings/1/strokes/0/y"),
        ([{"x": [0] * 11_000, "y": [0] * 11_000}] * 2, "/drawings/1/strokes"),
    ],
)
def test_one_invalid_drawing_refuses_the_batch(client, strokes, pointer):
    """One invalid drawing gets 422 with a pointer, and none is read."""
    document = problem(batch(client, {"strokes": hand.columns(3)}, {"strokes": strokes}), 422)
    assert [error["pointer"] for error in document["errors"]] == [pointer]


def test_it_rejects_a_batch_of_too_many_points(client):
    """A batch has at most 50,000 points."""
    drawing = {"strokes": [{"x": [0] * 17_000, "y": [0] * 17_000}]}
    document = problem(batch(client, *[drawing] * 3), 422)
    assert document["errors"][0]["pointer"] == "/drawings"
    assert "51000" in document["detail"]


def test_it_rejects_a_batch_of_too_many_strokes(client):
    """A batch has at most 2,000 strokes. A hundred drawings of 500 dots took minutes."""
    drawing = {"strokes": [{"x": [i], "y": [0]} for i in range(401)]}
    document = problem(batch(client, *[drawing] * 5), 422)
    assert document["errors"][0]["pointer"] == "/drawings"
    assert "2005 strokes" in document["detail"]


def test_a_busy_site_says_when_to_come_back():
    """A busy site gives 503 with Retry-After for readings, and answers other requests."""
    app = create_app(Settings())
    full = Gate(1, 0)
    for name in ("engine", "stroke_engine"):
        app.extensions[name] = dataclasses.replace(app.extensions[name], gate=full)
    client = app.test_client()
    with full.queued():
        for response in (
            client.post(STROKES, json={"strokes": hand.columns(3)}),
            batch(client, {"strokes": hand.columns(3)}),
            send(client, picture()),
        ):
            problem(response, 503)
            assert response.headers["Retry-After"] == "1"
        page = client.post("/upload", data={"image": (io.BytesIO(picture()), "a.png")})
        assert page.status_code == 503
        assert page.headers["Retry-After"] == "1"
        for path in ("/", "/healthz", "/readyz", "/api/v1/model"):
            assert client.get(path).status_code == 200
    assert client.post(STROKES, json={"strokes": hand.columns(3)}).status_code == 200


# Pictures


@pytest.mark.parametrize("digit", hand.EACH)
def test_it_reads_every_digit_in_a_picture(client, digit):
    """Each of the ten hand-drawn digits is read as itself."""
    answer = send(client, picture(digit)).json
    assert (answer["text"], answer["status"]) == (str(digit), "ok")


def test_the_answer_to_a_picture_has_exactly_these_fields(client):
    """The answer to a picture has the fields of a drawing's, without strokes."""
    answer = send(client, picture(), query="glyphs=true").json
    assert answer.keys() == ANSWER
    assert answer["digits"][0].keys() == DIGIT | {"glyph"}


@pytest.mark.parametrize("kind", CONTENT_TYPES)
def test_it_reads_the_bytes_of_every_format(client, kind):
    """The body may be a picture of any format."""
    assert send(client, encoded(hand.picture(3), kind), kind).json["text"] == "3"


@pytest.mark.parametrize("kind", CONTENT_TYPES)
def test_it_reads_a_file_of_every_format(client, kind):
    """A form may have a picture of any format."""
    assert upload(client, ("image", encoded(hand.picture(3), kind))).json["text"] == "3"


def test_it_reads_light_ink_on_dark_paper(client):
    """Light ink on dark paper is read."""
    assert send(client, hand.png(hand.picture(2, ink=240, paper=10))).json["text"] == "2"


def test_the_surface_is_the_picture_s(client):
    """The surface is the picture's size in pixels, and the box lies within."""
    image = np.full((300, 400), 255, np.uint8)
    image[10:290, 60:340] = hand.picture(3)
    answer = send(client, hand.png(image)).json
    box = answer["digits"][0]["box"]
    assert answer["surface"] == {"width": 400, "height": 300}
    assert 60 < box["x"] < box["x"] + box["width"] < 340
    assert 10 < box["y"] < box["y"] + box["height"] < 290


def test_a_blank_picture_is_an_empty_answer(client):
    """A blank picture has an empty answer."""
    answer = send(client, hand.png(np.full((40, 60), 255, np.uint8))).json
    assert (answer["status"], answer["text"], answer["digits"]) == ("empty", "", [])
    assert answer["surface"] == {"width": 60, "height": 40}


def test_options_of_bytes_are_in_the_query(client):
    """A picture as the body has its options in the query."""
    answer = send(client, picture(), query="glyphs=true&alternatives=1&expect=digit").json
    assert "glyph" in answer["digits"][0]
    assert len(answer["alternatives"]) == 1


def test_options_of_a_form_are_its_fields(client):
    """A form has its options in text fields."""
    answer = upload(
        client, ("image", picture()), glyphs="true", alternatives="10", expect="digit"
    ).json
    assert "glyph" in answer["digits"][0]
    assert len(answer["alternatives"]) == 9


def test_options_of_a_form_may_be_in_the_query(client):
    """A form may also have options in the query."""
    answer = upload(client, ("image", picture()), query="alternatives=0", glyphs="true").json
    assert "glyph" in answer["digits"][0]
    assert answer["alternatives"] == []


def test_it_rejects_an_option_given_twice(client):
    """An option that is given twice, in query, form or both, is refused."""
    for response in (
        send(client, picture(), query="alternatives=1&alternatives=1"),
        upload(client, ("image", picture()), alternatives=["1", "2"]),
        upload(client, ("image", picture()), query="alternatives=1", alternatives="1"),
    ):
        [field] = problem(response, 422)["errors"]
        assert field["pointer"] == "/alternatives"
        assert "more than once" in field["detail"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("alternatives=11", "/alternatives"),
        ("glyphs=perhaps", "/glyphs"),
        ("expect=word", "/expect"),
        ("a%2Fb~=1", "/a~1b~0"),
        ("a%2Fb~=1&a%2Fb~=1", "/a~1b~0"),
    ],
)
def test_it_rejects_an_invalid_option(client, query, place):
    """An invalid option gets 422 with a pointer."""
    [field] = problem(send(client, picture(), query=query), 422)["errors"]
    assert field["pointer"] == place


@pytest.mark.parametrize("kind", [None, "", "application/json", "text/plain", "image/gif"])
def test_it_rejects_a_picture_of_another_content_type(client, kind):
    """Another content type gets 415, and the detail has the accepted ones."""
    detail = problem(send(client, picture(), kind), 415)["detail"]
    for known in ("multipart/form-data", *CONTENT_TYPES):
        assert known in detail


@pytest.mark.parametrize(
    "start",
    [
        b"GIF89a",
        b"BM",
        b"\x00\x00\x00\x18ftypheic",
        b"\x00\x00\x00\x1cftypavif",
        b"II*\x00",
        b"%PDF-1.7",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"<svg ",
    ],
)
def test_it_rejects_other_formats(client, start):
    """Another format gets 415 by its first bytes, and the detail has the accepted formats."""
    detail = problem(send(client, start + bytes(200)), 415)["detail"]
    for name in ("PNG", "JPEG", "WebP"):
        assert name in detail


def test_it_rejects_a_form_without_a_picture(client):
    """A form without a file, or with one under another name, gets 400."""
    for response in (
        upload(client, alternatives="1"),
        upload(client, ("picture", picture())),
        upload(client, image="text"),
    ):
        assert "image" in problem(response, 400)["detail"]


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=other"])
def test_it_rejects_a_malformed_form(client, kind):
    """A malformed form gets 400."""
    problem(client.post(IMAGE, data=b"--b\r\n\r\nx\r\n--b--\r\n", content_type=kind), 400)


def test_it_rejects_a_second_file(client):
    """A second file gets 422."""
    for name in ("image", "other", "alternatives"):
        response = upload(client, ("image", picture()), (name, picture()))
        assert problem(response, 422)["errors"][0]["pointer"] == f"/{name}"


def test_it_rejects_an_empty_picture(client):
    """An empty picture gets 422, as the body or as a file."""
    for response in (send(client, b""), upload(client, ("image", b""))):
        [field] = problem(response, 422)["errors"]
        assert field["pointer"] == "/image"
        assert "empty" in field["detail"]


@pytest.mark.parametrize("length", [12, 30, 200, -20])
def test_it_rejects_a_picture_cut_short(client, length):
    """A truncated PNG gets 422."""
    assert "PNG" in problem(send(client, picture()[:length]), 422)["detail"]


def test_it_rejects_a_picture_of_too_many_pixels(client):
    """Too many pixels get 413 by the header, with the size and the bound."""
    detail = problem(send(client, png_of_size(5001, 5000)), 413)["detail"]
    assert "25005000" in detail
    assert "25000000" in detail


@pytest.mark.parametrize(("width", "height"), [(20_001, 1), (1, 20_001), (2**31 - 1, 2**31 - 1)])
def test_it_rejects_a_picture_with_too_long_a_side(client, width, height):
    """Too long a side gets 413 by the header, with the size and the bound."""
    detail = problem(send(client, png_of_size(width, height)), 413)["detail"]
    assert str(max(width, height)) in detail
    assert "20000" in detail


def test_it_rejects_a_picture_of_too_many_bytes():
    """Too many bytes get 413 with the size and the bound, as the body or as a file."""
    client = create_app(Settings(max_image_bytes=2048)).test_client()
    data = hand.png(hand.picture(3, size=56, pen=4)).ljust(2048, b"\0")
    assert len(data) == 2048
    assert send(client, data).status_code == upload(client, ("image", data)).status_code == 200
    for response in (send(client, data + b"\0"), upload(client, ("image", data + b"\0"))):
        detail = problem(response, 413)["detail"]
        assert "2048" in detail
        assert "2049" in detail


def test_it_rejects_a_form_of_too_many_parts(client):
    """Too many parts get 413 with the bound."""
    fields = {f"field{number}": "x" for number in range(17)}
    assert "16 parts" in problem(upload(client, ("image", picture()), **fields), 413)["detail"]


def test_it_rejects_a_form_with_too_much_text(client):
    """Too much text gets 413 with the bound."""
    response = upload(client, ("image", picture()), expect="x" * (MAX_FORM_FIELD_BYTES + 1))
    assert str(MAX_FORM_FIELD_BYTES) in problem(response, 413)["detail"]


# The model


def test_the_model_s_card_is_served(client):
    """The card is served with the version that is in every answer."""
    response = client.get("/api/v1/model")
    assert response.content_type == "application/json"
    assert {"name", "version", "created", "network", "files"} <= response.json.keys()
    strokes = {name: response.json["strokes"][name] for name in ("name", "version")}
    assert draw(client, [])["model"] == strokes
    assert strokes["name"] == "pen"
    assert response.json["name"] == "ink"


def test_the_version_is_the_served_file_s(client, engine):
    """The version is the first 12 digits of the file's SHA-256."""
    card = json.loads(client.get("/api/v1/model").data)
    assert card["files"]["ink.tflite"]["sha256"].startswith(card["version"])
    assert len(card["version"]) == 12
