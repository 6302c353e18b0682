"""Problems: errors of a request, for problem documents (RFC 9457)."""

from collections.abc import Mapping, Sequence

import msgspec

RETRY_SECONDS = 1
"""Seconds after which a refused client should retry. Most readings take far less."""


class FieldError(msgspec.Struct, frozen=True):
    """The error in one field; `pointer` is an RFC 6901 JSON pointer."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldError] = []


class ProblemError(Exception):
    """Ends a request with a status and a detail for the client."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})


def busy(detail: str = "The server is busy.") -> ProblemError:
    """Return the problem of a busy server: 503 with Retry-After."""
    return ProblemError(
        503,
        f"{detail} Retry after {RETRY_SECONDS} s.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )
