"""Pages of the site."""

import base64
from pathlib import Path

import cv2
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    send_from_directory,
)
from werkzeug.wrappers import Response as BaseResponse

from ..access.admission import cost_of_picture
from ..access.admission import reading as reading_of
from ..api.answers import glyph_uri
from ..api.routes import image_upload
from ..config import MIB, Settings
from ..engine import current_engine
from ..recognition import Limits
from ..recognition.picture.decode import decode_reduced, reduced
from .assets import FOLDER
from .cards import PLOTS, cards, named, view_of
from .language import page_url, texts
from .summaries import MODELS, beside_others, chart, summaries
from .words import Words, percent

blueprint = Blueprint("pages", __name__)

SHOWN_SIDE = 960
"""Longer side of the picture shown with its answer, in pixels, at most."""

SHOWN_QUALITY = 75
"""JPEG quality of that picture, of 100: some 80 KB."""

ALONE = {"copy.js", "theme.js", "try.js"}
"""Scripts that main.js does not import."""

LATER = {"evidence.js", "explore.js"}
"""Modules that main.js imports when the explanation is opened."""

MODULES = sorted({path.name for path in (FOLDER / "js").glob("*.js")} - ALONE - LATER)
"""Modules that main.js imports. The page names them, so a browser fetches them all at once."""


def init_app(app: Flask) -> None:
    """Add the pages and the values that their templates share."""
    settings: Settings = app.config["SETTINGS"]
    app.jinja_env.globals["max_image_bytes"] = settings.max_image_bytes
    app.jinja_env.globals["max_image_mib"] = f"{settings.max_image_bytes / MIB:.3g}"
    app.jinja_env.filters["percent"] = percent
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(blueprint)


@blueprint.get("/")
def index() -> str:
    """Render the pad, the upload form and the answer."""
    return render_template("index.html", modules=MODULES)


@blueprint.post("/upload")
def upload() -> str:
    """Render the reading of a picture, for the form without JavaScript."""
    data, _ = image_upload()
    engine = current_engine()
    with reading_of(engine, cost_of_picture(data)) as budget:
        reading = engine.read_image(data, budget=budget)
        # Within the reading's place, which bounds memory. Left out if the reading took too long.
        shown = None if reading.limit else _picture_uri(data, engine.limits)
    glyphs = [glyph_uri(digit.glyph) for digit in reading.digits]
    return render_template(
        "result.html",
        reading=reading,
        words=Words(texts()["words"]),
        glyphs=glyphs,
        shown=shown,
    )


def _picture_uri(data: bytes, limits: Limits) -> str:
    """Return the visitor's picture, upright and reduced, as a data: URI. It is not stored."""
    picture, _ = decode_reduced(data, limits, SHOWN_SIDE)
    quality = [cv2.IMWRITE_JPEG_QUALITY, SHOWN_QUALITY]
    _, encoded = cv2.imencode(".jpg", reduced(picture, SHOWN_SIDE), quality)
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


@blueprint.get("/upload")
def upload_again() -> BaseResponse:
    """Redirect the reloaded or bookmarked address of a result, which is no longer available."""
    return redirect(page_url("pages.index"), 303)


@blueprint.get("/privacy")
def privacy() -> str:
    """Render the page about visitors' data."""
    return render_template("privacy.html")


@blueprint.get("/offline")
def offline() -> str:
    """Render what the service worker shows in the place of other pages without a connection."""
    return render_template("offline.html")


@blueprint.get("/model")
def model() -> str:
    """Render the models' summaries and cards."""
    served = cards()
    return render_template(
        "model.html",
        summaries=summaries(served),
        chart=chart(served[MODELS.index("Line model")]),
        beside=beside_others(),
        named=named,
        views=dict(zip(MODELS, [view_of(card, _models()) for card in served], strict=True)),
    )


@blueprint.get("/model/<name>/<kind>.svg")
def plot(name: str, kind: str) -> Response:
    """Return a picture of a served model's card."""
    if kind not in PLOTS or name not in {card["name"] for card in cards()}:
        abort(404)
    return send_from_directory(_models(), f"{name}-{kind}.svg")


def _models() -> Path:
    """Return the models' folder. A relative setting starts at the process's working directory."""
    settings: Settings = current_app.config["SETTINGS"]
    return Path(settings.models).resolve()
