"""OpenAPI 3.1 document of the API, generated from the types that validate requests.

GET /api/v1/openapi.json returns the document. GET /api/docs renders it, and /api redirects there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Blueprint, Flask, Response, current_app, redirect, render_template, request
from limits import parse_many
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as BaseResponse

from ..access.rates import UNIT_SECONDS
from ..config import MAX_BATCH_POINTS, MAX_BATCH_STROKES, MAX_POINTS, MIB, Settings
from ..problems import Problem
from ..site.component import ADDRESS
from ..site.language import page_url
from .answers import Answer, BatchAnswer, ExplainAnswer
from .examples import EXAMPLE, SIGNED, SIGNED_ANSWER
from .requests import BatchRequest, ExplainOptions, ExplainRequest, ImageOptions, StrokesRequest
from .routes import IMAGE_TYPES
from .samples import curl_of, in_lines, samples_of

VERSION = "1"

JSON = "application/json"
PROBLEM = "application/problem+json"
FORM = "multipart/form-data"
SCHEMAS = "#/components/schemas/{name}"

RETRY = {429, 503}
"""Statuses with a Retry-After header."""

STATUSES = {
    308: "Redirect to HTTPS, where the operator requires it.",
    400: "The body is malformed or incomplete, or the host is not a name of this site.",
    403: "A page of another site sent it, or it came over plain HTTP to a site that is used over "
    "HTTPS.",
    408: "The body took too long to arrive.",
    413: "The body is too large, or an image has too many pixels, too long a side, or takes too "
    "much memory to decode.",
    415: "The content type is not accepted, or the file is not a PNG, JPEG or WebP image.",
    422: "A field is invalid: `errors` has a JSON pointer to the first one. Or a bound of the "
    "budget was reached before there was a reading.",
    429: "This client has used up its rate; Retry-After says when to come back.",
    500: "Internal error. The answer holds no internal details.",
    503: "The site is busy, or the request's time ran out; Retry-After says when to come back.",
}
"""Statuses of errors and redirects, with their descriptions."""

GET_STATUSES = (308, 400, 500)
POST_STATUSES = (400, 403, 408, 413, 415, 422, 429, 500, 503)


@dataclass(frozen=True)
class Operation:
    """One operation of the API."""

    method: str
    path: str
    name: str
    summary: str
    answer: Mapping[str, Any]
    """Schema of the answer with status 200."""
    description: str = ""
    body: Mapping[str, Any] | None = None
    """Content of the request, by type."""
    query: type | None = None
    answer_example: Mapping[str, Any] | None = None
    statuses: Sequence[int] = field(default=GET_STATUSES)


ABOUT = (
    "Under /api, every error is a problem document (RFC 9457); an address that is not here answers "
    "404, another method 405 with `Allow`. Every answer has an `X-Request-Id`. A request may bring "
    "its own, of 1 to 64 letters, digits, `-` or `_`; the answer then repeats it.",
    "`/api/v1` and `/component/1` stay compatible: routes, fields and values may be added, none is "
    "removed or gets another meaning. Ignore fields that you do not know.",
)
"""Paragraphs about all routes."""

blueprint = Blueprint("openapi", __name__)


def init_app(app: Flask) -> None:
    """Add the document and its page."""
    app.jinja_env.filters["code"] = marked
    app.register_blueprint(blueprint)


@blueprint.get("/api/v1/openapi.json")
def document_json() -> Response:
    """Return the document."""
    settings: Settings = current_app.config["SETTINGS"]
    return Response(msgspec.json.encode(document(settings)), content_type=JSON)


@blueprint.get("/api", strict_slashes=False)
def start() -> BaseResponse:
    """Redirect to the documentation."""
    return redirect(page_url("openapi.page"))


@blueprint.get("/api/docs")
def page() -> str:
    """Render the document as a page."""
    settings: Settings = current_app.config["SETTINGS"]
    return render_template(
        "docs.html",
        document=document(settings),
        statuses=STATUSES,
        samples=_samples,
        in_lines=in_lines,
        type_of=type_of,
        component=request.url_root.rstrip("/") + ADDRESS,
    )


def _samples(path: str, operation: Mapping[str, Any]) -> dict[str, str]:
    """Return code samples for an operation of the document, by language."""
    url = request.url_root.rstrip("/") + path
    content = operation["requestBody"]["content"]
    if operation["responses"]["200"]["content"][JSON]["schema"] == _ref(Answer):
        return samples_of(url, content)
    return {"curl": curl_of(url, content)}


def operations(settings: Settings) -> list[Operation]:
    """Return all operations, with the limits of this site."""
    image_bytes = {"type": "string", "contentMediaType": "application/octet-stream"}
    form = {
        "type": "object",
        "properties": {"image": image_bytes, **_fields(ImageOptions)},
        "required": ["image"],
        "additionalProperties": False,
    }
    explained = _fields(ExplainOptions)
    images: dict[str, Any] = {
        kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in IMAGE_TYPES
    }
    drawing = {JSON: {"schema": _ref(StrokesRequest), "example": SIGNED}}
    batch = {JSON: {"schema": _ref(BatchRequest), "example": {"drawings": [EXAMPLE]}}}
    json_size = f"At most {settings.max_json_bytes / MIB:.3g} MiB"
    return [
        Operation(
            "post",
            "/api/v1/predict/strokes",
            "predictStrokes",
            "Read a drawing",
            _ref(Answer),
            f"{json_size} and {MAX_POINTS:,} points in all; the columns of one stroke have one "
            "length. y grows downwards; any unit. `text` holds digits and signs, of which `digits` "
            "and `signs` say where each stands; with `expect` `digits`, signs are in `ignored`.",
            drawing,
            answer_example=SIGNED_ANSWER,
            statuses=POST_STATUSES,
        ),
        Operation(
            "post",
            "/api/v1/predict/batch",
            "predictBatch",
            "Read several drawings",
            _ref(BatchAnswer),
            f"{json_size}, {MAX_BATCH_STROKES:,} strokes and {MAX_BATCH_POINTS:,} points in all. "
            "The results come in the order of the drawings; one invalid drawing refuses them all. "
            "The batch has one budget: a drawing that it does not reach is "
            "`unsure`, without a text, and `limit` names the bound.",
            batch,
            statuses=POST_STATUSES,
        ),
        Operation(
            "post",
            "/api/v1/predict/image",
            "predictImage",
            "Read a picture",
            _ref(Answer),
            f"PNG, JPEG or WebP, at most {settings.max_image_bytes / MIB:.3g} MiB, "
            f"{settings.max_image_pixels:,} pixels and {settings.max_image_side:,} pixels a side. "
            "As a form or as the bytes; options as query or form fields, each once.",
            {FORM: {"schema": form}, **images},
            ImageOptions,
            statuses=POST_STATUSES,
        ),
        Operation(
            "post",
            "/api/v1/explain",
            "explain",
            "How one digit was read",
            _ref(ExplainAnswer),
            "A drawing or a picture, as above; `index` chooses the digit of the reading, counted "
            "in `digits` from 0: signs do not count. With the bytes of a picture, the options are "
            "query fields. `layers`: what goes in, then each convolution; their maps stand in one "
            "grey picture, 8 side by side, row by row. `evidence`: which ink speaks for the digit "
            "and which against it, by erasing patches of it.",
            {
                JSON: {"schema": _ref(ExplainRequest), "example": {**EXAMPLE, "index": 0}},
                FORM: {"schema": {**form, "properties": {"image": image_bytes, **explained}}},
                **images,
            },
            statuses=POST_STATUSES,
        ),
        Operation(
            "get",
            "/api/v1/model",
            "model",
            "The cards of the served models",
            {
                "type": "object",
                "required": ["name", "version", "files", "strokes", "lines", "eyes"],
            },
            "Data, settings, figures, calibration and files of the model that reads pictures; in "
            "it, as `strokes`, of the one that reads strokes, as `lines` of the one that reads "
            "lines, and as `eyes` of the one that finds handwriting in pictures.",
        ),
        Operation(
            "get",
            "/api/v1/openapi.json",
            "openapi",
            "This document",
            {"type": "object", "required": ["openapi", "paths"]},
        ),
        Operation(
            "get",
            "/healthz",
            "health",
            "Is the process alive?",
            {"type": "object", "required": ["status"]},
            statuses=(400, 500),
        ),
        Operation(
            "get",
            "/readyz",
            "ready",
            "Is the reader ready?",
            {"type": "object", "required": ["status"]},
            statuses=(400, 500, 503),
        ),
    ]


def document(settings: Settings) -> dict[str, Any]:
    """Return the OpenAPI document of a site with these settings."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations(settings):
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    kinds = [
        *(StrokesRequest, BatchRequest, ExplainRequest),
        *(Answer, BatchAnswer, ExplainAnswer, Problem),
    ]
    _, schemas = msgspec.json.schema_components(kinds, ref_template=SCHEMAS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Inkling",
            "version": VERSION,
            "summary": "Reads handwritten numbers, drawn or photographed.",
            "description": "\n\n".join([*ABOUT, _rate(settings)]),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _rate(settings: Settings) -> str:
    """Return the rate limit of this site in words."""
    if not settings.rate_limit:
        return "This site has no rate limit."
    limits = " and ".join(
        f"{limit.amount:,} units in {limit.get_expiry():,} s"
        for limit in parse_many(settings.rate_limit)
    )
    return (
        f"A client has {limits}. A unit is {1000 * UNIT_SECONDS:.0f} ms of processor time; every "
        "POST costs at least one. A drawn number takes 2 to 20 ms, a photo about 0.5 s. Beyond the "
        "rate, the answer is 429 with `Retry-After`."
    )


def marked(text: str) -> Markup:
    """Return text as markup, with the parts in backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts)
    )


def type_of(schema: Mapping[str, Any]) -> str:
    """Describe a schema in a few words: `array of number, 1 to 20000 items`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(type_of(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f'"{value}"' for value in schema["enum"])
    if "contentMediaType" in schema:
        return "file"
    words = str(schema.get("type", "anything"))
    if words == "array":
        words += f" of {type_of(schema.get('items', {}))}"
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        return words if most is None else f"{words}, {least} to {most:,} items"
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤"}
    said = [f"{sign} {schema[key]:,.10g}" for key, sign in bounds.items() if key in schema]
    return " ".join([words, " and ".join(said)]).strip()


def _operation(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": operation.answer}
    if operation.answer_example is not None:
        content["example"] = operation.answer_example
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            "200": {
                "description": "The answer.",
                "headers": {"X-Request-Id": _REQUEST_ID},
                "content": {JSON: content},
            }
        }
        | {str(status): _refusal(operation, status) for status in operation.statuses},
    }
    if operation.description:
        found["description"] = operation.description
    if operation.query is not None:
        found["parameters"] = [
            {"name": name, "in": "query", "schema": schema}
            for name, schema in _fields(operation.query).items()
        ]
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": operation.body}
    return found


_REQUEST_ID = {
    "description": "The name of the request, also in the log.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
}

_RETRY_AFTER = {
    "description": "Seconds after which to try again.",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
}


def _refusal(operation: Operation, status: int) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": _REQUEST_ID}
    refusal: dict[str, Any] = {"description": STATUSES[status], "headers": headers}
    if operation.path == "/readyz" and status == HTTPStatus.SERVICE_UNAVAILABLE:
        refusal["description"] = "It cannot read, or not yet."
        refusal["content"] = {JSON: {"schema": operation.answer}}
    elif status == HTTPStatus.PERMANENT_REDIRECT or not operation.path.startswith("/api/"):
        refusal["content"] = {"text/html": {}}
    else:
        refusal["content"] = {PROBLEM: {"schema": _ref(Problem)}}
        if status in RETRY:
            headers["Retry-After"] = _RETRY_AFTER
    return refusal


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": SCHEMAS.format(name=kind.__name__)}


def _fields(kind: type) -> dict[str, Any]:
    """Return the schemas of the fields of a flat type."""
    schema = msgspec.json.schema(kind)
    properties: dict[str, Any] = schema["$defs"][kind.__name__]["properties"]
    return properties
