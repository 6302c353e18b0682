"""A site without models, whose workers start at once; for tests of the server alone."""

from collections.abc import Callable, Iterable
from typing import Any


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer anything with 2 MB, as slowly as nothing."""
    start_response("200 OK", [("Content-Length", "2000000")])
    return [bytes(2_000_000)]
