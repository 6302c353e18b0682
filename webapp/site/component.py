"""The web component `<ink-number>`, at an address that other sites' pages may use.

The number in the address changes when pages that use the component would have to change.
"""

import gzip

from flask import Flask, Response, request

from ..config import ROOT

FILE = ROOT / "component" / "ink-number.js"

ADDRESS = "/component/1/ink-number.js"

SECONDS = 3600
"""Time that the file may be cached: pages get a new one within an hour."""


def init_app(app: Flask) -> None:
    """Serve the file, compressed where the client accepts it."""
    plain = FILE.read_bytes()
    packed = gzip.compress(plain, mtime=0)

    def component() -> Response:
        compresses = request.accept_encodings["gzip"] > 0
        answer = Response(packed if compresses else plain, mimetype="text/javascript")
        if compresses:
            answer.content_encoding = "gzip"
        answer.vary.add("Accept-Encoding")
        answer.add_etag()
        answer.cache_control.public = True
        answer.cache_control.max_age = SECONDS
        answer.make_conditional(request)
        return answer

    app.add_url_rule(ADDRESS, "component", component)
