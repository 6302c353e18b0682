"""Languages of the site: chosen by `?lang=`, by an earlier choice, or by Accept-Language.

Texts are in texts/<language>.json. `page` is for the templates. `words`, the words of an answer, is
for words.py and, in full, for the page's script.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from flask import Flask, Response, g, request, url_for
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

FOLDER = Path(__file__).with_name("texts")

NAMES = {"en": "English", "es": "Español", "de": "Deutsch", "ar": "العربية"}
"""Languages by their own names. The first is the default."""

RIGHT_TO_LEFT = {"ar"}

DEFAULT = next(iter(NAMES))

COOKIE = "inkling-language"
"""Cookie of the chosen language, which also works without JavaScript. It holds nothing else."""

COOKIE_AGE = 365 * 24 * 3600
"""Lifetime of the cookie, in seconds."""

ACCEPTED_CHARACTERS = 200
"""Characters of an Accept-Language that are parsed. Browsers send fewer, and 720 KB took 1.2 s."""

Texts = Mapping[str, Mapping[str, str]]

TEXTS: Mapping[str, Texts] = {
    name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES
}


def init_app(app: Flask) -> None:
    """Add `t('name')`, the language, and addresses that keep a chosen one to the templates."""
    app.jinja_env.globals.update(
        t=t,
        has_text=lambda name: name in _words(),
        words_json=lambda: json.dumps(_words(), ensure_ascii=False, separators=(",", ":")),
        language=current_language,
        direction=lambda: "rtl" if current_language() in RIGHT_TO_LEFT else "ltr",
        languages=NAMES,
        page_url=page_url,
    )
    app.after_request(_say_which)


def current_language() -> str:
    """Return this request's language: its address's, else an earlier choice, else the browser's."""
    if "language" not in g:
        g.language = _asked() or _remembered() or _accepted() or DEFAULT
    language: str = g.language
    return language


def texts() -> Texts:
    """Return all texts in the language of this request."""
    return TEXTS[current_language()]


def t(name: str, **values: object) -> str:
    """Return a text of the page, or else of the words, with its placeholders filled."""
    found = texts()
    text = found["page"].get(name) or found["words"][name]
    return text.format(**values)


def page_url(endpoint: str) -> str:
    """Return the address of a page, which keeps a chosen language."""
    return url_for(endpoint, lang=_asked())


def _asked() -> str | None:
    asked = request.args.get("lang")
    return asked if asked in NAMES else None


def _remembered() -> str | None:
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in NAMES else None


def _accepted() -> str | None:
    accepted = request.headers.get("Accept-Language", "")[:ACCEPTED_CHARACTERS]
    return parse_accept_header(accepted, LanguageAccept).best_match(list(NAMES))


def _words() -> Mapping[str, str]:
    return texts()["words"]


def _say_which(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = current_language()
        response.vary.update(("Accept-Language", "Cookie"))
        asked = _asked()
        if asked and asked != _remembered():
            response.set_cookie(
                COOKIE,
                asked,
                max_age=COOKIE_AGE,
                secure=request.is_secure,
                httponly=True,
                samesite="Lax",
            )
    return response
