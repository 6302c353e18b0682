"""A site without models, with workers that start at once, for tests of the server alone."""

from collections.abc import Callable, Iterable
from typing import Any


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer every request with 2 MB at once."""
    start_response("200 OK", [("Content-Length", "2000000")])
    return [bytes(2_000_000)]
