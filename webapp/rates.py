"""Rates: how much work one client may ask for in a while.

A rate counts units of work, not requests: a page of digits costs more than one digit. A request is
charged before it is read for what it looks like, and after it for what it cost beyond that. Counts
stand in this process, or in Redis for all processes. While Redis is away, each process counts for
itself, so that nobody is refused or kept waiting for it.
"""

import ipaddress
import logging
import math
import threading
import time

from flask import Flask, current_app, g, request
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from .config import ConfigError, Settings
from .errors import ProblemError
from .origins import is_local

LOGGER = logging.getLogger("inkling.rates")

UNIT_SECONDS = 0.05
"""Processor time of a unit of work. One drawn number takes 2 to 20 ms, a photo of 12 megapixels
some 0.5 s (docs/performance.md)."""

REDIS_SECONDS = 0.25
"""How long a request may wait for Redis."""

REDIS_AWAY_SECONDS = 5.0
"""How long Redis is not asked after it failed to answer."""

IPV6_PREFIX = 64
"""Bits of an IPv6 address that tell clients apart: a client has all addresses below them."""


class Rates:
    """The units that each client has used, against the site's rate.

    Args:
        settings: `rate_limit` must be valid, see `check_rate`, and not empty.
    """

    def __init__(self, settings: Settings) -> None:
        self.text = settings.rate_limit
        self._limits = sorted(parse_many(settings.rate_limit))
        # A client with nothing on its account can always ask for one thing, whatever it costs.
        self._most = min(limit.amount for limit in self._limits)
        self._here = FixedWindowRateLimiter(MemoryStorage())
        self._shared: FixedWindowRateLimiter | None = None
        if settings.redis_url:
            storage = storage_from_string(
                settings.redis_url,
                socket_connect_timeout=REDIS_SECONDS,
                socket_timeout=REDIS_SECONDS,
            )
            self._shared = FixedWindowRateLimiter(storage)
        self._lock = threading.Lock()
        self._away_until = 0.0

    def charge(self, client: str, units: int) -> None:
        """Put units on a client's account.

        Raises:
            ProblemError: 429 with Retry-After, they are more than the rate allows. They are on the
                account all the same.
        """
        units = min(units, self._most)
        for limit in self._limits:
            if not self._hit(limit, client, units):
                raise self._refusal(limit, client)

    def refuse_spent(self, client: str) -> None:
        """Refuse a client that has nothing left, before its body is read.

        Raises:
            ProblemError: 429 with Retry-After.
        """
        for limit in self._limits:
            # Nothing is added, and what an earlier charge was over the rate shows.
            if not self._hit(limit, client, 0):
                raise self._refusal(limit, client)

    def _hit(self, limit: RateLimitItem, client: str, units: int) -> bool:
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                return self._shared.hit(limit, "inkling", client, cost=units)
            except Exception:  # limits passes on whatever its storage raises
                with self._lock:
                    self._away_until = time.monotonic() + REDIS_AWAY_SECONDS
                LOGGER.warning("Redis does not answer; this process counts rates for itself")
        return self._here.hit(limit, "inkling", client, cost=units)

    def _refusal(self, limit: RateLimitItem, client: str) -> ProblemError:
        wait = 1
        strategy = self._here
        if self._shared is not None and time.monotonic() >= self._away_until:
            strategy = self._shared
        try:
            reset_at, _ = strategy.get_window_stats(limit, "inkling", client)
            wait = max(1, math.ceil(reset_at - time.time()))
        except Exception:  # as in _hit
            LOGGER.warning("Redis does not answer; a client is told to retry after 1 s")
        return ProblemError(
            429,
            f"Rate limit exceeded: {self.text}, counted in units of {1000 * UNIT_SECONDS:g} ms of "
            f"processor time. Retry after {wait} s.",
            headers={"Retry-After": str(wait)},
        )


def init_app(app: Flask) -> None:
    """Refuse clients that have nothing left before their requests are read.

    Raises:
        ConfigError: the rate is malformed.
    """
    settings: Settings = app.config["SETTINGS"]
    check_rate(settings)
    app.extensions["rates"] = Rates(settings) if settings.rate_limit else None
    if settings.rate_limit:
        app.before_request(_refuse_spent)


def _refuse_spent() -> None:
    payer = client()
    if request.method == "POST" and payer is not None:
        app_rates().refuse_spent(payer)


def app_rates() -> Rates:
    """The rates of the current app, which has some."""
    rates: Rates = current_app.extensions["rates"]
    return rates


def charge(seconds: float, charged: int = 0) -> int:
    """Charge the client of this request for its work, where the site has a rate.

    Args:
        seconds: processor time.
        charged: units that it was charged before, of which it pays the rest.

    Returns:
        The units that it has been charged in all.

    Raises:
        ProblemError: 429, see `Rates.charge`.
    """
    units = max(1, math.ceil(seconds / UNIT_SECONDS))
    if units <= charged:
        return charged
    payer = client()
    if payer is not None and current_app.extensions["rates"]:
        app_rates().charge(payer, units - charged)
    return units


def check_rate(settings: Settings) -> None:
    """Validate the rate limit.

    Raises:
        ConfigError: it is malformed.
    """
    try:
        if settings.rate_limit:
            parse_many(settings.rate_limit)
    except ValueError as error:
        raise ConfigError(
            f"INKLING_RATE_LIMIT is {settings.rate_limit!r}: expected a rate like 60/minute"
        ) from error


def client() -> str | None:
    """Rate-limit key: the client's IPv4 address, or the network of its IPv6 address.

    None for a request that is made on this machine itself: its operator's, a test's.
    """
    if "client" not in g:
        g.client = _client()
    known: str | None = g.client
    return known


def _client() -> str | None:
    if is_local(request):
        return None
    address = request.remote_addr or "unknown"
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        # On a socket for both, IPv4 clients have IPv6 addresses (RFC 4291, 2.5.5.2).
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
    return address
