"""Validation of requests, and conversion of readings to answers."""

import base64
import json
import subprocess
import sys

import cv2
import msgspec
import numpy as np
import pytest

from support import hand
from support.server import ROOT
from tests import fake
from webapp.api.answers import ModelAnswer, SurfaceAnswer, answer_of, glyph_uri
from webapp.api.refusals import SHOWN_BODY_BYTES, pointer
from webapp.api.requests import (
    BatchRequest,
    ImageOptions,
    StrokesRequest,
    convert_fields,
    decode_json,
)
from webapp.problems import ProblemError
from webapp.recognition import Recognizer

POINT = {"x": [1], "y": [2]}
MODEL = ModelAnswer("digits", "0123456789ab")


def decode(**fields) -> StrokesRequest:
    """Return the request with these fields, its strokes validated as in a route."""
    return decode_text(json.dumps({"strokes": []} | fields))


def decode_text(text: str | bytes) -> StrokesRequest:
    """Return the request of a body, its strokes validated as in a route."""
    request = decode_json(text if isinstance(text, bytes) else text.encode(), StrokesRequest)
    request.as_strokes()
    return request


def refused(status: int, call, *given, **fields) -> ProblemError:
    """Return the ProblemError of a call."""
    with pytest.raises(ProblemError) as problem:
        call(*given, **fields)
    assert problem.value.status == status
    return problem.value


def check_field(problem: ProblemError, place: str, *words: str) -> None:
    """Check that a problem names one field, and that its detail contains the words."""
    [field] = problem.errors
    assert field.pointer == place
    for word in words:
        assert word in field.detail
    assert field.detail == problem.detail


def reading(engine, digit=3):
    """A reading of a hand-drawn digit."""
    return engine.recognizer.read_strokes(hand.strokes(digit))


# Strokes


def test_strokes_alone_make_a_request():
    """All fields but the strokes have defaults."""
    request = decode(strokes=[POINT])
    assert (request.expect, request.glyphs, request.alternatives) == ("number", False, 3)
    assert (request.width, request.height) == (None, None)


def test_every_field_is_taken():
    """All fields of the API are accepted."""
    request = decode(
        strokes=[{"x": [1, 2], "y": [3, 4], "t": [0, 16.5], "p": [0, 1]}],
        width=280,
        height=0.5,
        expect="digit",
        glyphs=True,
        alternatives=10,
    )
    assert (request.width, request.height) == (280, 0.5)
    assert (request.expect, request.glyphs, request.alternatives) == ("digit", True, 10)


def test_strokes_become_columns_of_points():
    """Strokes become arrays with one row per point."""
    [stroke] = decode(strokes=[{"x": [1, 2, 3], "y": [4, 5, 6]}]).as_strokes()
    assert stroke.dtype == np.float64
    assert stroke.tolist() == [[1, 4], [2, 5], [3, 6]]


def test_no_stroke_is_a_request_too():
    """A drawing without strokes is valid."""
    assert decode(strokes=[]).as_strokes() == []


def test_500_strokes_are_read():
    """500 strokes, the bound, are accepted."""
    assert len(decode(strokes=[POINT] * 500).as_strokes()) == 500


def test_20000_points_are_read():
    """20,000 points, the bound, are accepted in one stroke or several."""
    half = {"x": [1] * 10_000, "y": [2] * 10_000}
    assert sum(len(stroke) for stroke in decode(strokes=[half, half]).as_strokes()) == 20_000
    whole = {"x": [1] * 20_000, "y": [2] * 20_000}
    assert sum(len(stroke) for stroke in decode(strokes=[whole]).as_strokes()) == 20_000


@pytest.mark.parametrize("value", [1e6, -1e6, 0, -0.0, 1e-300, 5e-324])
def test_coordinates_within_the_bound_are_read(value):
    """Any finite coordinate up to a million, of either sign, is accepted."""
    [stroke] = decode(strokes=[{"x": [value], "y": [value]}]).as_strokes()
    assert stroke.tolist() == [[value, value]]


def test_it_rejects_a_501st_stroke():
    """The detail has the number of strokes and the bound."""
    problem = refused(422, decode, strokes=[POINT] * 501)
    check_field(problem, "/strokes", "strokes", "501", "500")


def test_it_rejects_a_20001st_point_of_one_stroke():
    """The detail has the number of points and the bound."""
    long = {"x": [1] * 20_001, "y": [2] * 20_001}
    check_field(refused(422, decode, strokes=[long]), "/strokes/0/x", "20001", "20000")


def test_it_rejects_a_20001st_point_of_several_strokes():
    """Points are counted over all strokes."""
    half = {"x": [1] * 10_000, "y": [2] * 10_000}
    problem = refused(422, decode, strokes=[half, half, POINT])
    check_field(problem, "/strokes", "20001", "20000")


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("value", [1_000_001, -1_000_001, 1e300, 10**30])
def test_it_rejects_a_coordinate_beyond_a_million(axis, value):
    """The detail has the number and the bound."""
    stroke = {"x": [1, 1], "y": [1, 1]} | {axis: [1, value]}
    problem = refused(422, decode, strokes=[POINT, stroke])
    check_field(problem, f"/strokes/1/{axis}/1", f"strokes.1.{axis}.1", str(value)[:6], "1000000")


@pytest.mark.parametrize("literal", ["1e400", "-1e400"])
def test_it_rejects_a_number_that_no_float_holds(literal):
    """A number that no float holds is an invalid field, and the detail has it as written."""
    problem = refused(422, decode_text, f'{{"strokes": [{{"x": [{literal}], "y": [1]}}]}}')
    check_field(problem, "/strokes/0/x/0", literal, "finite")


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "nan", "inf"])
def test_it_rejects_numbers_that_json_does_not_have(literal):
    """NaN and infinities, which Python writes, are invalid JSON."""
    refused(400, decode_text, f'{{"strokes": [{{"x": [{literal}], "y": [1]}}]}}')


@pytest.mark.parametrize(
    ("stroke", "name", "length"),
    [
        ({"x": [1, 2], "y": [1]}, "y", 1),
        ({"x": [1], "y": [1, 2]}, "y", 2),
        ({"x": [1], "y": [1], "t": [1, 2]}, "t", 2),
        ({"x": [1], "y": [1], "p": []}, "p", 0),
    ],
)
def test_it_rejects_columns_of_unequal_length(stroke, name, length):
    """The detail has the column and both lengths."""
    problem = refused(422, decode, strokes=[POINT, stroke])
    x = len(stroke["x"])
    expected = f"strokes.1.{name}: expected as many values as x ({x}), got {length}"
    check_field(problem, f"/strokes/1/{name}", expected)


@pytest.mark.parametrize("name", ["x", "y"])
def test_it_rejects_an_empty_column(name):
    """A stroke has at least one point."""
    problem = refused(422, decode, strokes=[POINT | {name: []}])
    check_field(problem, f"/strokes/0/{name}", "length >= 1", "0")


@pytest.mark.parametrize("pressure", [-0.1, 1.1])
def test_it_rejects_a_pressure_out_of_bounds(pressure):
    """Pressure is 0 to 1."""
    problem = refused(422, decode, strokes=[POINT | {"p": [pressure]}])
    check_field(problem, "/strokes/0/p/0", str(pressure), "0.0" if pressure < 0 else "1.0")


@pytest.mark.parametrize("value", [True, False, "1", None, [1], {"x": 1}])
def test_it_rejects_a_coordinate_that_is_no_number(value):
    """Booleans and numeric strings are not coordinates."""
    problem = refused(422, decode, strokes=[{"x": [value], "y": [1]}])
    check_field(problem, "/strokes/0/x/0", "a number")


# The other fields


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("width", 0, ["> 0", "got 0"]),
        ("height", -5, ["> 0", "got -5"]),
        ("width", 1e7, ["1000000", "10000000"]),
        ("width", True, ["a number", "true"]),
        ("height", "280", ["a number", '"280"']),
        ("expect", "word", ['one of "number", "digits", "digit"', '"word"']),
        ("expect", 3, ["text", "3"]),
        ("glyphs", 1, ["true or false", "1"]),
        ("glyphs", "true", ["true or false", '"true"']),
        ("alternatives", 11, ["10", "11"]),
        ("alternatives", -1, ["0", "-1"]),
        ("alternatives", 2.5, ["a whole number", "2.5"]),
        ("alternatives", True, ["a whole number", "true"]),
        ("alternatives", 10**30, ["10", str(10**30)]),
        ("strokes", {}, ["an array", "an object"]),
        ("strokes", None, ["an array", "null"]),
    ],
)
def test_it_rejects_a_field_that_does_not_fit(field, value, words):
    """The detail has the field, the value and the bound, in the terms of the API."""
    problem = refused(422, decode, **{field: value})
    check_field(problem, f"/{field}", field, *words)
    assert "`" not in problem.detail


def test_it_shows_long_values_cut_short():
    """Long values are shortened in the detail."""
    problem = refused(422, decode, expect="long " * 1000)
    assert "long" in problem.detail
    assert len(problem.detail) < 200


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"strokes": [], "colour": 1}, "/colour"),
        ({"strokes": [POINT, POINT | {"z": [1]}]}, "/strokes/1/z"),
        ({"strokes": [], "a/b~c": 1}, "/a~1b~0c"),
        ({"strokes": [], "": 1}, "/"),
        ({"strokes": [], "größe": 1}, "/größe"),
    ],
)
def test_it_rejects_unknown_fields(body, place):
    """Unknown fields are refused at every level, with a pointer escaped by RFC 6901."""
    check_field(refused(422, decode_text, json.dumps(body)), place, "not a field")


@pytest.mark.parametrize(
    ("body", "place", "name"),
    [({}, "/strokes", "strokes"), ({"strokes": [POINT, {"x": [1]}]}, "/strokes/1/y", "y")],
)
def test_it_rejects_a_missing_field(body, place, name):
    """The pointer names the missing field's place."""
    check_field(refused(422, decode_text, json.dumps(body)), place, name, "missing")


@pytest.mark.parametrize("body", ["[]", "null", "3", '"text"', "true"])
def test_it_rejects_a_body_that_is_no_object(body):
    """The pointer of the whole body is empty."""
    check_field(refused(422, decode_text, body), "", "an object")


# Bodies that are no JSON


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"strokes": [',
        b'{"strokes": []',
        b'{"strokes": []} x',
        b'{"strokes": []}{}',
        b'{"strokes": [],}',
        b"{'strokes': []}",
        b'{"strokes": [01]}',
        b"\xef\xbb\xbf{}",
        b"\x00",
    ],
)
def test_it_rejects_malformed_json(body):
    """JSON that is truncated, has trailing data or is no JSON at all is malformed."""
    assert "not JSON" in refused(400, decode_text, body).detail


@pytest.mark.parametrize(
    "body",
    [
        b'{"\xff": 1}',
        b'{"strokes": [], "expect": "\xff\xfe"}',
        b'{"strokes": "\xed\xa0\x80"}',
        b'{"strokes": [], "\xc3": 1}',
    ],
)
def test_it_rejects_what_is_not_utf8(body):
    """Invalid UTF-8 is refused in keys and in values."""
    assert "not JSON" in refused(400, decode_text, body).detail


@pytest.mark.parametrize(
    "body",
    [
        rb'{"\ud800": 1}',
        rb'{"strokes": [], "expect": "\ud800"}',
        rb'{"strokes": "\udc00"}',
        rb'"\ud800\ud800"',
    ],
)
def test_it_rejects_lone_surrogates(body):
    """Lone surrogates, which cannot be encoded in an answer, are refused."""
    refused(400, decode_text, body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"strokes":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"other":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_it_rejects_deep_nesting(body):
    """100,000 levels of nesting are an error, not a crash."""
    assert "deep" in refused(400, decode_text, body).detail


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"strokes": [], "strokes": []}', "strokes"),
        (b'{"strokes": [{"x": [1], "y": [1], "x": [2]}]}', "x"),
        (b'{"strokes": [], "glyphs": true, "glyphs": true}', "glyphs"),
        (b'{"strokes": [], "width": null, "width": 3}', "width"),
        (b'{"strokes": [], "expect": "digit", "\\u0065xpect": "number"}', "expect"),
    ],
)
def test_it_rejects_a_name_that_comes_twice(body, name):
    """Duplicate names are refused, because readers would interpret them differently."""
    assert f'"{name}" is given more than once' in refused(422, decode_text, body).detail


FIRST_AT_ONCE = """
import sys, threading
from webapp.api.requests import (
    BatchRequest, ImageOptions, StrokesRequest, convert_fields, decode_json,
)

def check():
    start.wait()
    decode_json(b'{"strokes": [{"x": [1], "y": [2]}]}', StrokesRequest)
    decode_json(b'{"drawings": [{"strokes": [{"x": [1], "y": [2]}]}]}', BatchRequest)
    convert_fields({}, ImageOptions)
    sys.stdout.write("checked\\n")

sys.setswitchinterval(1e-6)
start = threading.Barrier(8)
for thread in (threads := [threading.Thread(target=check) for _ in range(8)]):
    thread.start()
for thread in threads:
    thread.join()
"""


def test_the_first_bodies_may_come_at_once():
    """Several threads can validate their first bodies at once, which used to crash the process."""
    for _ in range(3):
        command = [sys.executable, "-c", FIRST_AT_ONCE]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.split()) == (0, ["checked"] * 8), done.stderr


def test_names_come_again_in_other_objects():
    """The same name in different objects, such as x in each stroke, is no duplicate."""
    body = b'{"strokes": [{"x": [1], "y": [1]}, {"x": [1], "y": [1], "t": null}], "width": 3}'
    assert len(decode_json(body, StrokesRequest).strokes) == 2


def test_members_are_counted_in_every_drawing_of_a_batch():
    """Duplicate names are found in every drawing of a batch, at any depth."""
    good = b'{"strokes": [{"x": [1], "y": [1]}]}'
    bad = b'{"strokes": [{"x": [1], "y": [1], "y": [1]}]}'
    assert len(decode_json(b'{"drawings": [%b, %b]}' % (good, good), BatchRequest).drawings) == 2
    with pytest.raises(ProblemError, match="more than once"):
        decode_json(b'{"drawings": [%b, %b]}' % (good, bad), BatchRequest)


def test_it_rejects_malformed_json_after_an_invalid_field():
    """Malformed JSON takes precedence over an invalid field."""
    refused(400, decode_text, b'{"strokes": [], "expect": "word", ')


# Query and form fields


def test_fields_are_read_from_text():
    """Numbers and booleans are parsed from the text of a query."""
    options = convert_fields(
        {"expect": "digit", "glyphs": "true", "alternatives": "0"}, ImageOptions
    )
    assert options == ImageOptions(expect="digit", glyphs=True, alternatives=0)
    assert convert_fields({"expect": "digits"}, ImageOptions).expect == "digits"
    assert convert_fields({}, ImageOptions) == ImageOptions()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("alternatives", "11", ["10", '"11"']),
        ("alternatives", "many", ["a whole number", '"many"']),
        ("alternatives", "", ["a whole number", '""']),
        ("glyphs", "yes", ["true or false", '"yes"']),
        ("expect", "word", ['one of "number", "digits", "digit"', '"word"']),
        ("image", "x", ["not a field"]),
        ("a/b", "x", ["not a field"]),
    ],
)
def test_it_rejects_text_fields_that_do_not_fit(name, value, words):
    """The pointer is the field's name, and the detail has the value and the bound."""
    problem = refused(422, convert_fields, {name: value}, ImageOptions)
    check_field(problem, pointer([name]), *words)


# Answers


def test_a_reading_becomes_an_answer(engine):
    """An answer has every part of the reading."""
    read = reading(engine)
    answer = answer_of(
        read,
        surface=SurfaceAnswer(280, 280),
        model=MODEL,
        total_ms=1.23456,
        request_id="abc",
        glyphs=True,
    )
    [digit], [read_digit] = answer.digits, read.digits
    assert (answer.text, answer.lines, answer.status) == (read.text, list(read.lines), read.status)
    assert answer.confidence == read.confidence
    assert digit.digit == read_digit.digit
    assert digit.probabilities == list(read_digit.probabilities)
    assert (digit.box.x, digit.box.width) == (read_digit.box.x, read_digit.box.width)
    assert digit.strokes == [0]
    assert digit.glyph == glyph_uri(read_digit.glyph)
    assert [a.text for a in answer.alternatives] == [a.text for a in read.alternatives]
    assert (answer.model, answer.request_id) == (MODEL, "abc")
    assert answer.timing_ms.total == 1.235


def answer_to(read):
    """Return the answer to a reading, as JSON."""
    answer = answer_of(read, surface=None, model=MODEL, total_ms=1, request_id="abc", glyphs=False)
    return msgspec.to_builtins(answer)


def test_signs_stand_in_their_place():
    """Digits and signs have their line and their index in the line's text."""
    answer = answer_to(fake.reading_of("-12.50", "23/11"))
    assert answer["text"] == "-12.50\n23/11"
    assert [(s["sign"], s["line"], s["index"]) for s in answer["signs"]] == [
        *(("-", 0, 0), (".", 0, 3), ("/", 1, 2))
    ]
    for digit in answer["digits"]:
        assert answer["lines"][digit["line"]][digit["index"]] == str(digit["digit"])
    assert list(answer["signs"][1]) == [*("sign", "line", "index", "confidence", "box", "strokes")]
    assert answer["signs"][1]["box"] == {"x": 30, "y": 0, "width": 10, "height": 20}
    assert answer["signs"][1]["strokes"] == [3]


def test_a_sign_of_a_picture_has_no_strokes():
    """Signs in a picture have no strokes, like digits."""
    answer = answer_to(fake.reading_of("7%", drawn=False))
    assert "strokes" not in answer["signs"][0]
    assert "strokes" not in answer["digits"][0]


def test_a_number_without_signs_has_an_empty_list():
    """A number without signs has an empty list of signs."""
    assert answer_to(fake.reading_of("42"))["signs"] == []


def test_a_glyph_is_left_out_unless_asked_for(engine):
    """Glyphs, which are most of an answer's bytes, are only sent on request."""
    answer = answer_of(
        reading(engine), surface=None, model=MODEL, total_ms=1, request_id="abc", glyphs=False
    )
    assert not isinstance(answer.digits[0].glyph, str)


def test_an_empty_reading_becomes_an_answer():
    """A drawing without ink has no digits, and the classifier is not called."""
    empty = Recognizer(None).read_strokes([])
    answer = answer_of(empty, surface=None, model=MODEL, total_ms=1, request_id="abc", glyphs=True)
    assert (answer.status, answer.text, answer.digits, answer.alternatives) == ("empty", "", [], [])


def test_a_glyph_uri_decodes_to_the_glyph(engine):
    """A glyph's URI contains the 28 x 28 pixels of the network's input as PNG."""
    glyph = reading(engine).digits[0].glyph
    kind, _, data = glyph_uri(glyph).partition(",")
    assert kind == "data:image/png;base64"
    decoded = cv2.imdecode(
        np.frombuffer(base64.b64decode(data, validate=True), np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert decoded.shape == (28, 28)
    assert np.array_equal(decoded, glyph[..., 0])


def test_a_pointer_is_escaped():
    """A pointer escapes tildes first, then slashes (RFC 6901)."""
    assert pointer(["strokes", 0, "a/b", "~1"]) == "/strokes/0/a~1b/~01"
    assert pointer([]) == ""


def test_a_large_body_is_not_taken_apart_for_an_error():
    """A large invalid body is not parsed for the error's value. 4 MiB of brackets took 190 MiB."""
    nested = b"[" * 50 + b"]" * 50
    for count, got in ((10, ", got an array of 1"), (SHOWN_BODY_BYTES // 100, "")):
        body = b'{"strokes":[' + b",".join([nested] * count) + b"]}"
        with pytest.raises(ProblemError) as refused:
            decode_json(body, StrokesRequest)
        assert refused.value.status == 422
        assert refused.value.detail == f"strokes.0: expected an object{got}"
        with pytest.raises(ProblemError) as cut:
            decode_json(body[:-1], StrokesRequest)
        assert cut.value.status == 400


def test_it_rejects_times_and_pressures_without_end():
    """A stroke has at most as many times and pressures as points."""
    body = {"strokes": [{"x": [1], "y": [1], "t": [0] * 20_001}]}
    with pytest.raises(ProblemError, match=r"strokes\.0\.t"):
        decode_json(json.dumps(body).encode(), StrokesRequest)
