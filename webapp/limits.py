"""Bounds on what a request may bring, and where it is kept: in memory, never on disk."""

import io
from typing import IO, cast

from flask import Flask, Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property

from .config import Settings
from .errors import ProblemError

MAX_FORM_PARTS = 16
"""Parts of a multipart form; ours have one file and three fields."""

MAX_FORM_FIELD_BYTES = 128 * 1024
"""Longest text field of a form. Werkzeug holds every piece that it reads of a form, the file's too,
against this bound; a piece has 64 KiB and what was left of the one before."""

MULTIPART_OVERHEAD = 64 * 1024
"""Bytes of a form around its file: boundaries, part headers, text fields."""


class Body(io.RawIOBase):
    """The bytes of a body as they arrive: all of them, or an error.

    Werkzeug's own stream takes a chunked body that is too long, and one shorter than its
    Content-Length, for a whole one under a server that ends bodies itself, as gunicorn does; and
    what gunicorn raises about malformed chunks passes it as if the fault were ours.

    Args:
        source: what the server reads from.
        announced: the Content-Length, or None for a body in chunks.
        most: bytes that a body in chunks may have.
    """

    def __init__(self, source: IO[bytes], announced: int | None, most: int) -> None:
        super().__init__()
        self._source = source
        self._announced = announced
        self._most = most
        self._count = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill the buffer as far as the body reaches.

        Raises:
            ProblemError: 400 for a body cut short or in malformed chunks, 413 for one too long.
        """
        wanted = len(buffer)
        if self._announced is not None:
            wanted = min(wanted, self._announced - self._count)
        try:
            data = self._source.read(wanted)
        except Exception as error:  # no two servers raise the same
            raise ProblemError(400, "The body broke off, or its chunks are malformed.") from error
        self._count += len(data)
        if self._announced is None and self._count > self._most:
            raise ProblemError(413, f"The body has more than the {self._most} bytes that are read.")
        if not data and wanted and self._announced is not None:
            raise ProblemError(400, "The body is shorter than its Content-Length.")
        buffer[: len(data)] = data
        return len(data)


class InMemoryRequest(Request):
    """A request whose uploads stay in memory: werkzeug would spool large ones to disk."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, bounded.

        Raises:
            ProblemError: 413, more is announced than is read.
        """
        announced, most = self.content_length, self.max_content_length or 0
        if announced is None and not self.environ.get("wsgi.input_terminated"):
            return io.BytesIO()  # no body; reading on would wait for ever
        if announced is not None and announced > most:
            raise ProblemError(413, f"The body has {announced} bytes, but at most {most} are read.")
        return cast(IO[bytes], Body(self.environ["wsgi.input"], announced, most))

    def _load_form_data(self) -> None:
        try:
            super()._load_form_data()
        except RequestEntityTooLarge as error:
            raise ProblemError(
                413,
                f"The form has more than {self.max_form_parts} parts, or a text field of more than "
                f"{self.max_form_memory_size} bytes.",
            ) from error

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
