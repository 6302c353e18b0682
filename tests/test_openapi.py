"""The OpenAPI document: generated from the request types, complete, and true of the server."""

import html
import re
import subprocess
import sys

import msgspec
import pytest

from support import hand
from support.server import ROOT, running_server
from webapp.api.answers import Answer
from webapp.api.openapi import STATUSES, marked, type_of
from webapp.api.openapi import document as api_document
from webapp.api.requests import StrokesRequest
from webapp.config import Settings

EXAMPLES = 25
"""Requests that schemathesis generates for each operation and phase."""


@pytest.fixture(scope="module")
def document(app):
    """The document as served."""
    response = app.test_client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    assert response.content_type == "application/json"
    return response.json


def test_it_is_openapi_3_1(document):
    """The document is OpenAPI 3.1 with a name and a version."""
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Inkling"


def test_every_route_of_the_api_is_in_it(app, document):
    """The document has every route of the API with its methods, and no others."""
    found = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") or rule.rule in ("/healthz", "/readyz")
    }
    assert found == {(path, m) for path, methods in document["paths"].items() for m in methods}


def test_it_is_made_of_the_types_that_check(document):
    """The schemas are those of the request types, with their bounds."""
    schemas = document["components"]["schemas"]
    for kind in (StrokesRequest, Answer):
        expected = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
        assert schemas[kind.__name__]["properties"].keys() == expected.keys()
    assert schemas["StrokesRequest"]["properties"]["strokes"]["maxItems"] == 500
    assert schemas["StrokesRequest"]["additionalProperties"] is False


def test_every_reference_leads_somewhere(document):
    """Every reference leads to a schema."""
    text = msgspec.json.encode(document).decode()
    for name in set(re.findall(r'"#/components/schemas/(\w+)"', text)):
        assert name in document["components"]["schemas"]


def test_an_example_is_read(client, document):
    """The example of a request is valid."""
    for path in ("/api/v1/predict/strokes", "/api/v1/predict/batch"):
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert client.post(path, json=content["example"]).status_code == 200


def test_an_example_of_an_answer_is_one(document):
    """The example of an answer has every field, and its symbols and strokes match its text."""
    operation = document["paths"]["/api/v1/predict/strokes"]["post"]
    content = operation["responses"]["200"]["content"]["application/json"]
    answer = msgspec.convert(content["example"], Answer)
    shown = set(msgspec.to_builtins(answer))
    assert shown == document["components"]["schemas"]["Answer"]["properties"].keys() - {
        "limit",
        "fits",
    }
    symbols = {each.index: str(each.digit) for each in answer.digits}
    symbols |= {each.index: each.sign for each in answer.signs}
    assert "".join(symbols[index] for index in sorted(symbols)) == answer.text
    assert sum(answer.digits[0].probabilities) == pytest.approx(1)


def test_the_hint_and_the_signs_are_described(document):
    """The document describes the values of `expect` and the signs."""
    schemas = document["components"]["schemas"]
    for name in ("StrokesRequest", "ExplainRequest"):
        hint = schemas[name]["properties"]["expect"]
        assert set(hint["enum"]) == {"number", "digits", "digit"}
        assert "signs" in hint["description"]
    assert "`. , - + / : % ( ) = $ #`" in schemas["SignAnswer"]["properties"]["sign"]["description"]


def test_every_field_whose_name_says_too_little_is_described(client, document):
    """The document and the page say what it means, also where the field may be null or absent."""
    text = html.unescape(client.get("/api/docs").text)
    needed = {
        "StrokesRequest": ("pattern", "min", "max", "check", "sum_of", "expect", "alternatives"),
        "StrokeColumns": ("x", "y", "t", "p"),
        "ExplainRequest": ("index", "pattern"),
        "DigitAnswer": ("confidence", "probabilities", "is_digit", "strokes", "glyph"),
        "Answer": ("status", "text", "confidence", "ignored", "alternatives", "fits", "limit"),
    }
    for name, fields in needed.items():
        properties = document["components"]["schemas"][name]["properties"]
        for field in fields:
            assert html.unescape(marked(properties[field]["description"])) in text, field
    status = document["components"]["schemas"]["Answer"]["properties"]["status"]
    assert all(f"`{each}`:" in status["description"] for each in status["enum"])
    query = document["paths"]["/api/v1/predict/image"]["post"]["parameters"]
    assert all(parameter["schema"].get("description") for parameter in query)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("1200/minute", "A client has 1,200 units in 60 s. A unit is 10 ms"),
        ("5/10 second;9000/day", "5 units in 10 s and 9,000 units in 86,400 s"),
        ("", "no rate limit"),
    ],
)
def test_the_rate_of_this_site_is_said(rate, said):
    """It is that of the settings."""
    assert said in api_document(Settings(rate_limit=rate))["info"]["description"]


def test_the_promise_about_versions_and_the_component_are_on_the_page(client):
    """The sample has the address of this site."""
    text = html.unescape(client.get("/api/docs").text)
    assert "<code>/component/1</code> stay compatible" in text
    assert 'src="http://localhost/component/1/ink-number.js"' in text
    assert client.get("/component/1/ink-number.js").status_code == 200


def test_every_status_that_the_code_raises_is_documented():
    """Every status that the code raises is documented."""
    source = "\n".join(path.read_text() for path in (ROOT / "webapp").rglob("*.py"))
    raised = {int(code) for code in re.findall(r"ProblemError\(\s*(\d{3})", source)}
    raised |= {int(code) for code in re.findall(r"Error: (\d{3}),", source)}
    assert {400, 403, 408, 413, 415, 422, 429, 503} <= raised
    assert raised <= STATUSES.keys()


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "number", "minimum": 0, "maximum": 1}, "number ≥ 0 and ≤ 1"),
        (
            {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            "array of string, 0 to 3 items",
        ),
        ({"anyOf": [{"$ref": "#/a/B"}, {"type": "null"}]}, "B or null"),
        ({"enum": ["a", "b"]}, '"a" or "b"'),
        ({}, "anything"),
    ],
)
def test_a_schema_can_be_said_in_words(schema, words):
    """The page describes a schema in words."""
    assert type_of(schema) == words


def test_what_stands_in_backticks_is_code():
    """Text in backticks becomes code, and markup is escaped."""
    assert marked("`a<b` & c") == "<code>a&lt;b</code> &amp; c"


def test_the_page_says_all_of_it(client, document):
    """The page shows every operation, status and type, without scripts and other sites."""
    response = client.get("/api/docs")
    assert response.status_code == 200
    text = html.unescape(response.text)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in text
            assert operation["summary"] in text
            for status in operation["responses"]:
                assert f"<code>{status}</code>" in text
    assert "<code>number</code>, digits and the signs of numbers" in text
    for name in document["components"]["schemas"]:
        assert f"<caption>{name}</caption>" in text
    # The lines for a shell contain the site's own address.
    assert "curl -s 'http://localhost/api/v1/predict/image' -F image=@" in text
    others = text.replace("http://localhost/", "/")
    assert not re.search(r"<script(?![^>]* src=)|<style|style=|https?://|onload", others)


def test_the_page_explains_each_status_once(client):
    """Each status is explained once, in a table that the routes link to."""
    text = client.get("/api/docs").text
    for status in (200, *STATUSES):
        assert text.count(f'id="status-{status}"') == 1
        assert f'href="#status-{status}"' in text
    for meaning in STATUSES.values():
        assert text.count(str(marked(meaning))) == 1


def test_schemathesis_finds_nothing(tmp_path, document):
    """Schemathesis finds no fault in the real server, with valid and invalid requests."""
    # Its requests have a header of their own, so that they do not count as local.
    with running_server(INKLING_RATE_LIMIT="") as url:
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                f"--config-file={ROOT / 'tests/schemathesis.toml'}",
                "run",
                f"{url}/api/v1/openapi.json",
                "--checks=all",
                f"--max-examples={EXAMPLES}",
                "--continue-on-failure",
                "--request-timeout=60",
                "--max-response-time=60",
                "--generation-database=none",
                "--seed=6",
                "--no-color",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=500,
        )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    operations = sum(map(len, document["paths"].values()))
    # All except the address of the document itself.
    assert f"Tested: {operations - 1}\n" in run.stdout, run.stdout
    assert re.search(r"[1-9]\d\d+ generated", run.stdout), run.stdout


# Regressions that schemathesis found


def test_a_form_without_any_part_is_malformed(client):
    """A form that ends at its start gets 400."""
    kind = "multipart/form-data; boundary=b"
    response = client.post("/api/v1/predict/image", data=b"--b--\r\n", content_type=kind)
    assert response.status_code == 400


def test_an_empty_column_is_as_wrong_as_another_length(client):
    """An empty column is valid by the schema, and refused with a pointer."""
    strokes = [*hand.columns(3), {"x": [0.0], "y": [0.0], "p": []}]
    response = client.post("/api/v1/predict/strokes", json={"strokes": strokes})
    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "/strokes/1/p"
