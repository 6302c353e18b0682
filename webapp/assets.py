"""Static files under addresses that change with their content.

The version stands in the folder, `/static/<hash of the whole tree>/js/main.js`, so that a module's
relative imports carry it too. Whatever is under such an address never changes and may be kept for
good; a changed file changes every address (docs/decisions/0003).
"""

import hashlib
import mimetypes
from pathlib import Path

from flask import Flask, Response, abort, send_from_directory, url_for

from .config import ROOT

FOLDER = ROOT / "static"
YEAR = 31_536_000  # seconds

# What a machine's own table says of these varies, and browsers refuse a module of another type.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/svg+xml", ".svg")


def init_app(app: Flask) -> None:
    """Serve the tree, and give the templates `asset('css/page.css')`."""
    version = tree_hash(FOLDER)

    def static_file(version_asked: str, name: str) -> Response:
        if version_asked != version:
            abort(404)
        answer = send_from_directory(FOLDER, name, max_age=YEAR)
        answer.cache_control.public = True
        answer.cache_control.immutable = True
        return answer

    def asset(name: str) -> str:
        return url_for("static_file", version_asked=version, name=name)

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
