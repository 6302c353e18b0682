"""Bounds on what a request may bring, and where it is kept: in memory, never on disk."""

import io
from typing import IO

from flask import Flask, Request

from .config import Settings

MAX_FORM_PARTS = 16
"""Parts of a multipart form; ours have one file and three fields."""

MAX_FORM_FIELD_BYTES = 16 * 1024
"""All text fields of a form together."""

MULTIPART_OVERHEAD = 64 * 1024
"""Bytes of a form around its file: boundaries, part headers, text fields."""


class InMemoryRequest(Request):
    """A request whose uploads stay in memory: werkzeug would spool large ones to disk."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


def init_app(app: Flask) -> None:
    """Set the bound of every body; the routes of the API narrow it further for JSON."""
    settings: Settings = app.config["SETTINGS"]
    app.request_class = InMemoryRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_image_bytes + MULTIPART_OVERHEAD
    app.config["MAX_FORM_PARTS"] = MAX_FORM_PARTS
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_FORM_FIELD_BYTES
