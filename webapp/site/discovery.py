"""Discovery: files that search engines, social networks and browsers request by themselves."""

from datetime import UTC, datetime, timedelta

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    render_template,
    request,
    send_from_directory,
    url_for,
)

from ..config import Settings
from .assets import FOLDER
from .language import DEFAULT, NAMES

PAGES = ("pages.index", "pages.model", "openapi.page", "pages.privacy")
"""Pages that search engines may index."""

VALID = timedelta(days=180)
"""Validity of security.txt: less than a year, as RFC 9116 recommends."""

blueprint = Blueprint("discovery", __name__)


def init_app(app: Flask) -> None:
    """Add the routes, and `address('pages.index', 'de')` to the templates."""
    app.jinja_env.globals.update(address=address, indexed=PAGES)
    app.register_blueprint(blueprint)


def address(endpoint: str, language: str = DEFAULT) -> str:
    """Return the absolute address of a page. The default language has no query."""
    chosen = None if language == DEFAULT else language
    return url_for(endpoint, lang=chosen, _external=True)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Return robots.txt, which lets search engines index pages only."""
    lines = ["User-agent: *", "Disallow: /api/v1/", "Disallow: /upload"]
    lines.append(f"Sitemap: {url_for('discovery.sitemap', _external=True)}")
    return _lasting(Response("\n".join(lines) + "\n", mimetype="text/plain"))


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """Return the sitemap: the pages, each in all languages (sitemaps.org, with hreflang)."""
    return _lasting(
        Response(render_template("sitemap.xml", languages=NAMES), mimetype="application/xml")
    )


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Return the icon, for clients that request it without reading a page."""
    icon = (FOLDER / "icons" / "favicon.ico").read_bytes()
    return _lasting(Response(icon, mimetype="image/x-icon"))


@blueprint.get("/service-worker.js")
def service_worker() -> Response:
    """Return the script that opens the page offline. It serves the pages below its address."""
    return send_from_directory(FOLDER, "service-worker.js")


@blueprint.get("/.well-known/security.txt")
def security() -> Response:
    """Return security.txt (RFC 9116), or 404 if the operator sets no contact."""
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.security_contact:
        abort(404)
    expires = (datetime.now(UTC) + VALID).replace(microsecond=0).isoformat()
    lines = [
        f"Contact: {settings.security_contact}",
        f"Expires: {expires.replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(NAMES)}",
        f"Canonical: {request.base_url}",
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


def _lasting(answer: Response) -> Response:
    answer.cache_control.max_age = 24 * 3600
    answer.cache_control.public = True
    return answer
