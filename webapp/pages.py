"""The pages that people see."""

from pathlib import Path

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

from .api import image_upload
from .assets import FOLDER
from .cards import PLOTS, cards, view_of
from .config import MIB, Settings
from .engine import current_engine
from .language import page_url, texts
from .metrics import count_reading
from .schema import glyph_uri
from .words import Words, percent

blueprint = Blueprint("pages", __name__)

MODULES = sorted(path.name for path in (FOLDER / "js").glob("*.js") if path.name != "theme.js")
"""What main.js imports, named in the page so that all of it is fetched at once."""


def init_app(app: Flask) -> None:
    """Add the pages and what their templates share."""
    settings: Settings = app.config["SETTINGS"]
    app.jinja_env.globals["max_image_bytes"] = settings.max_image_bytes
    app.jinja_env.globals["max_image_mib"] = f"{settings.max_image_bytes / MIB:.3g}"
    app.jinja_env.filters["percent"] = percent
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(blueprint)


@blueprint.get("/")
def index() -> str:
    """The pad, the upload form and the answer."""
    return render_template("index.html", modules=MODULES)


@blueprint.post("/upload")
def upload() -> str:
    """The form without JavaScript: a picture in, a page out."""
    data, _ = image_upload()
    engine = current_engine()
    with engine.reading():
        reading = engine.recognizer.read_image(data, engine.limits)
    count_reading(engine.kind, reading.status)
    glyphs = [glyph_uri(digit.glyph) for digit in reading.digits]
    return render_template(
        "result.html", reading=reading, words=Words(texts()["words"]), glyphs=glyphs
    )


@blueprint.get("/upload")
def upload_again() -> BaseResponse:
    """A result's address, reloaded or bookmarked: there is nothing left to show."""
    return redirect(page_url("pages.index"), 303)


@blueprint.get("/privacy")
def privacy() -> str:
    """What becomes of what visitors send."""
    return render_template("privacy.html")


@blueprint.get("/model")
def model() -> str:
    """The models' cards."""
    return render_template("model.html", views=[view_of(card, _models()) for card in cards()])


@blueprint.get("/model/<name>/<kind>.svg")
def plot(name: str, kind: str) -> Response:
    """A picture of a served model's card."""
    if kind not in PLOTS or name not in {card["name"] for card in cards()}:
        abort(404)
    return send_from_directory(_models(), f"{name}-{kind}.svg")


def _models() -> Path:
    """The folder of the models, as the process was told it: relative to where it was started."""
    settings: Settings = current_app.config["SETTINGS"]
    return Path(settings.models).resolve()
