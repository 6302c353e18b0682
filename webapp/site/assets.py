"""Static files under addresses that change with their content.

The version stands in the folder, `/static/<hash of the whole tree>/js/main.js`, so that a module's
relative imports carry it too. Whatever is under such an address never changes and may be kept for
good; a changed file changes every address (docs/decisions/0003). Texts are sent compressed.
"""

import gzip
import hashlib
import mimetypes
from pathlib import Path

from flask import Flask, Response, abort, request, send_from_directory, url_for

from ..config import ROOT

FOLDER = ROOT / "static"
YEAR = 31_536_000  # seconds
TEXT = {".css", ".js", ".svg", ".webmanifest"}
"""What is sent compressed: once at the start, not once a request."""

# What a machine's own table says of these varies, and browsers refuse a module of another type.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/svg+xml", ".svg")
mimetypes.add_type("application/manifest+json", ".webmanifest")


def init_app(app: Flask) -> None:
    """Serve the tree, and give the templates `asset('css/page.css')`."""
    version = tree_hash(FOLDER)
    packed = {
        path.relative_to(FOLDER).as_posix(): gzip.compress(path.read_bytes(), mtime=0)
        for path in FOLDER.rglob("*")
        if path.suffix in TEXT
    }

    def static_file(version_asked: str, name: str) -> Response:
        if version_asked != version:
            abort(404)
        if name in packed and request.accept_encodings["gzip"] > 0:
            answer = Response(packed[name], mimetype=mimetypes.guess_type(name)[0])
            answer.content_encoding = "gzip"
            # The plain file's tag for other bytes would let a cache mix the two up.
            answer.set_etag(f"{version}-gzip")
            answer.cache_control.max_age = YEAR
            answer.make_conditional(request)
        else:
            answer = send_from_directory(FOLDER, name, max_age=YEAR)
        if name in packed:
            answer.vary.add("Accept-Encoding")
        answer.cache_control.public = True
        answer.cache_control.immutable = True
        return answer

    def asset(name: str, whole: bool = False) -> str:
        return url_for("static_file", version_asked=version, name=name, _external=whole)

    app.add_url_rule("/static/<version_asked>/<path:name>", "static_file", static_file)
    app.jinja_env.globals["asset"] = asset


def tree_hash(folder: Path) -> str:
    """12 hexadecimal digits that change when any file of the tree, or its name, does."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:12]
