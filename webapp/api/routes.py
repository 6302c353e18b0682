"""Routes of the HTTP API, version 1 (docs/api.md)."""

import time
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
from flask import Blueprint, Flask, Response, current_app, g, request

from ..access.admission import Admission, admitted, cost_of_drawings, cost_of_picture
from ..access.admission import reading as reading_of
from ..config import Settings
from ..engine import Engine, current_engine, current_stroke_engine
from ..forms import Wanted
from ..problems import ProblemError
from ..recognition import FORMATS, BudgetError, Reading, Stroke, explain
from ..site.cards import cards
from .answers import Answer, BatchAnswer, ModelAnswer, SurfaceAnswer, answer_of, explain_answer_of
from .refusals import invalid, pointer
from .requests import (
    BatchRequest,
    ExplainOptions,
    ExplainRequest,
    ImageOptions,
    StrokesRequest,
    convert_fields,
    decode_json,
)

IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp")

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


def init_app(app: Flask) -> None:
    """Add the routes."""
    app.register_blueprint(blueprint)


@blueprint.post("/predict/strokes")
def predict_strokes() -> Response:
    """Read a drawing."""
    asked = decode_json(_json_body(), StrokesRequest)
    strokes, wanted = asked.as_strokes(), asked.wanted()
    with admitted(current_stroke_engine(), cost_of_drawings([strokes])) as admission:
        return _json(_read_drawing(admission, asked, strokes, wanted, g.started))


@blueprint.post("/predict/batch")
def predict_batch() -> Response:
    """Read several drawings."""
    asked = decode_json(_json_body(), BatchRequest)
    # All drawings are validated before the first is read. Each holds a place only while it is read,
    # so other clients' drawings run in between.
    strokes = asked.as_drawings()
    wanted = [drawing.wanted(f"/drawings/{i}") for i, drawing in enumerate(asked.drawings)]
    with admitted(current_stroke_engine(), cost_of_drawings(strokes)) as admission:
        results = [
            _read_or_unread(admission, *drawing)
            for drawing in zip(asked.drawings, strokes, wanted, strict=True)
        ]
    return _json(BatchAnswer(results))


@blueprint.post("/predict/image")
def predict_image() -> Response:
    """Read a picture."""
    data, fields = image_upload()
    options = convert_fields(fields, ImageOptions)
    engine, wanted = current_engine(), options.wanted()
    with reading_of(engine, cost_of_picture(data)) as budget:
        reading = engine.read_image(data, options.alternatives, options.expect, budget, wanted)
    surface = SurfaceAnswer(*reading.surface) if reading.surface else None
    return _json(_answer(engine, reading, surface, g.started, glyphs=options.glyphs))


@blueprint.post("/explain")
def explain_digit() -> Response:
    """Explain one digit of a drawing or a picture: feature maps, and the ink that speaks for it."""
    if request.mimetype == "application/json":
        asked = decode_json(_json_body(), ExplainRequest)
        index, engine = asked.index, current_stroke_engine()
        strokes = asked.as_strokes()
        cost = cost_of_drawings([strokes])
        read = partial(engine.read_strokes, strokes, 0, asked.expect, wanted=asked.wanted())
    else:
        data, fields = image_upload()
        options = convert_fields(fields, ExplainOptions)
        index, engine = options.index, current_engine()
        cost = cost_of_picture(data)
        read = partial(engine.read_image, data, 0, options.expect, wanted=options.wanted())
    with reading_of(engine, cost) as budget:
        reading = read(budget=budget)
        digits = reading.digits
        if index >= len(digits):
            raise invalid("/index", f"index is {index}, but the number of digits is {len(digits)}")
        layers = explain(engine.model.content, digits[index].glyph)
        evidence = engine.recognizer.evidence(digits[index], budget)
    return _json(explain_answer_of(digits[index], layers, evidence))


@blueprint.get("/model")
def model() -> Response:
    """Return the model cards: the photo model's, and in it those for strokes, lines and eyes."""
    pictures, *others = cards()
    return _json(pictures | dict(zip(("strokes", "lines", "eyes"), others, strict=True)))


def image_upload() -> tuple[bytes, Mapping[str, str]]:
    """Return the picture of a request, and its query and text fields.

    Raises:
        ProblemError: 400 without a picture, 413 over the limit, 415 for another content type,
            422 for a repeated field.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if request.mimetype == "multipart/form-data":
        upload = request.files.get("image")
        if upload is None:
            raise ProblemError(400, "The form has no file field named image.")
        for number, name in enumerate(name for name, _ in request.files.items(multi=True)):
            if name != "image" or number:
                raise invalid(pointer([name]), "only one file is read, in the field image")
        data = upload.read()
        pairs = [*request.args.items(multi=True), *request.form.items(multi=True)]
    elif request.mimetype in IMAGE_TYPES:
        request.max_content_length = settings.max_image_bytes
        data = request.get_data(cache=False)
        pairs = list(request.args.items(multi=True))
    else:
        raise ProblemError(
            415,
            f"The content type is {request.mimetype or 'missing'}; send multipart/form-data with "
            f"a file field named image, or the bytes as {', '.join(IMAGE_TYPES)}.",
        )
    if len(data) > settings.max_image_bytes:
        raise ProblemError(
            413,
            f"image: {len(data)} bytes, but at most {settings.max_image_bytes} are read",
        )
    if not data:
        raise invalid("/image", f"image: the file is empty; {', '.join(FORMATS)} are read")
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise invalid(pointer([name]), f"{name} is given more than once")
        fields[name] = value
    return data, fields


def _json_body() -> bytes:
    settings: Settings = current_app.config["SETTINGS"]
    if request.mimetype != "application/json":
        raise ProblemError(
            415, f"The content type is {request.mimetype or 'missing'}; send application/json."
        )
    request.max_content_length = settings.max_json_bytes
    return request.get_data(cache=False)


def _read_drawing(
    admission: Admission,
    asked: StrokesRequest,
    strokes: Sequence[Stroke],
    wanted: Wanted | None,
    started: float,
) -> Answer:
    engine = current_stroke_engine()
    with admission.turn():
        reading = engine.read_strokes(
            strokes, asked.alternatives, asked.expect, admission.budget, wanted
        )
    return _answer(engine, reading, asked.surface(), started, glyphs=asked.glyphs)


def _read_or_unread(
    admission: Admission,
    asked: StrokesRequest,
    strokes: Sequence[Stroke],
    wanted: Wanted | None,
) -> Answer:
    """Return the answer to one drawing of a batch, without a text if the budget has ended."""
    started = time.perf_counter()
    try:
        return _read_drawing(admission, asked, strokes, wanted, started)
    except BudgetError as error:
        unread = Reading("unsure", (), 0.0, (), (), limit=error.bound)
        return _answer(current_stroke_engine(), unread, asked.surface(), started, glyphs=False)


def _answer(
    engine: Engine,
    reading: Reading,
    surface: SurfaceAnswer | None,
    started: float,
    *,
    glyphs: bool,
) -> Answer:
    """Build the answer of a reading. `started` is the time when its work began."""
    served = engine.model
    return answer_of(
        reading,
        surface=surface,
        model=ModelAnswer(served.name, served.version),
        total_ms=1000 * (time.perf_counter() - started),
        request_id=g.request_id,
        glyphs=glyphs,
    )


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), content_type="application/json")
