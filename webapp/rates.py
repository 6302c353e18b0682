"""How often one client may post to one address, where the operator sets a bound.

Counted in this process, or in Redis for all of them. Redis away is no reason to turn anybody away:
each process counts for itself then, and looks for Redis again.
"""

import ipaddress
import logging
import math
import time

from flask import Flask, Response, request
from flask_limiter import Limiter, RateLimitExceeded
from limits import parse_many

from .config import ConfigError, Settings
from .errors import ProblemError, answer_problem

REDIS_SECONDS = 0.25
"""How long a request may wait for Redis."""

IPV6_PREFIX = 64
"""Bits that tell clients apart: whoever has an IPv6 address has all the rest beneath it."""


def init_app(app: Flask) -> None:
    """Bound what can be posted.

    Raises:
        ConfigError: the rate is none.
    """
    settings: Settings = app.config["SETTINGS"]
    check_rate(settings)
    if not settings.rate_limit:
        return
    shared = bool(settings.redis_url)
    limiter = Limiter(
        client,
        app=app,
        default_limits=[settings.rate_limit],
        default_limits_exempt_when=lambda: request.method != "POST",
        storage_uri=settings.redis_url or "memory://",
        # What limits takes as whole numbers, redis takes as seconds.
        storage_options={
            "socket_connect_timeout": REDIS_SECONDS,  # type: ignore[dict-item]
            "socket_timeout": REDIS_SECONDS,  # type: ignore[dict-item]
        }
        if shared
        else {},
        strategy="fixed-window",
        in_memory_fallback_enabled=shared,
        swallow_errors=True,
        key_prefix="inkling",
    )
    # Its lines on clients that go too fast name them.
    limiter.logger.setLevel(logging.WARNING)

    def too_many(_: RateLimitExceeded) -> Response:
        limit = limiter.current_limit
        wait = max(1, math.ceil(limit.reset_at - time.time())) if limit else 1
        return answer_problem(
            ProblemError(
                429,
                f"This address takes {settings.rate_limit} from one client; "
                f"please try again in {wait} s.",
                headers={"Retry-After": str(wait)},
            )
        )

    app.register_error_handler(RateLimitExceeded, too_many)


def check_rate(settings: Settings) -> None:
    """Look whether the rate is one.

    Raises:
        ConfigError: it is none.
    """
    try:
        if settings.rate_limit:
            parse_many(settings.rate_limit)
    except ValueError as error:
        raise ConfigError(
            f"INKLING_RATE_LIMIT is {settings.rate_limit!r}: expected a rate like 60/minute"
        ) from error


def client() -> str:
    """Whom a request is counted for: an IPv4 address, or the network of an IPv6 address."""
    address = request.remote_addr or "unknown"
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
