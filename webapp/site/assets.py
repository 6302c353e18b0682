"""Static files at addresses that change with their content.

The address has the hash of the whole tree as a folder, `/static/<hash>/js/main.js`, so the relative
imports of modules carry it too. A file at such an address never changes and can be cached
indefinitely. A changed file changes every address (docs/decisions/0003). Text files are sent
compressed.
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
"""Suffixes of files that are sent compressed. They are compressed once, at the start."""

# The machine's own MIME types vary, and browsers refuse a module of the wrong type.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/svg+xml", ".svg")
mimetypes.add_type("application/manifest+json", ".webmanifest")


def init_app(app: Flask) -> None:
    """Serve the tree, and add `asset('css/page.css')` to the templates."""
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
            # The ETag of the uncompressed file would let a cache confuse the two.
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
    """Return 12 hexadecimal digits that change with the name or content of any file of the tree."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:12]
