"""Rate limits: the amount of work that one client may request in a period.

A rate counts units of work instead of requests, so a page of digits costs more than one digit. Each
POST that passes the host and origin checks is charged one unit before its body is read, and an
estimate before its ink is read. At its end, whatever its outcome, it is charged the difference to
the processor time that it took. Counts are in this process, or in Redis for all processes. While
Redis is unavailable, each process counts for itself, so an outage neither refuses nor delays
requests.
"""

import ipaddress
import logging
import math
import re
import threading
import time
from contextlib import suppress

from flask import Flask, current_app, g, request
from limits import RateLimitItem, parse_many
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from ..config import ConfigError, Settings
from ..problems import ProblemError
from .counts import Counts
from .origins import is_local

LOGGER = logging.getLogger("inkling.rates")

UNIT_SECONDS = 0.01
"""Processor time of a unit of work. One drawn digit takes 1 ms, a number 2 to 20 ms, a photo of 12
megapixels some 0.5 s (docs/performance.md)."""

REDIS_SECONDS = 0.25
"""Time that a request may wait for Redis."""

REDIS_AWAY_SECONDS = 5.0
"""Time without requests to Redis after it failed to answer."""

PORT = re.compile(r"(?:^(?P<v4>[\d.]+)|^\[(?P<v6>[^\]]+)\]):\d+$")
"""An address with a port."""

IPV6_PREFIX = 64
"""Bits of an IPv6 address that identify a client. A client has all addresses of its network."""


class Rates:
    """The units that each client has used, and the site's rate limit.

    Args:
        settings: `rate_limit` must be valid, see `check_rate`, and not empty.
    """

    def __init__(self, settings: Settings) -> None:
        self.text = settings.rate_limit
        self._limits = sorted(parse_many(settings.rate_limit))
        self._here = FixedWindowRateLimiter(Counts())
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

    def charge(self, client: str, units: int, already: int = 0) -> None:
        """Charge units to a client.

        One request counts for at most a limit's amount, so a client without charges can request
        anything once.

        Args:
            client: see `client`.
            units: units of work, at least 0.
            already: units charged earlier for the same request.

        Raises:
            ProblemError: 429 with Retry-After, the units exceed the rate. They are charged all the
                same.
        """
        exceeded = [
            limit
            for limit in self._limits
            if not self._hit(limit, client, max(0, min(units, limit.amount - already)))
        ]
        if exceeded:
            raise self._refusal(max(exceeded, key=lambda limit: limit.get_expiry()), client)

    def _hit(self, limit: RateLimitItem, client: str, units: int) -> bool:
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                return self._shared.hit(limit, "inkling", client, cost=units)
            except Exception:  # limits passes on any error of its storage
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
    """Charge clients for POST requests, and refuse those that exceed the rate.

    Raises:
        ConfigError: the rate is malformed.
    """
    settings: Settings = app.config["SETTINGS"]
    check_rate(settings)
    app.extensions["rates"] = Rates(settings) if settings.rate_limit else None
    if settings.rate_limit:
        app.before_request(_open_account)
        app.teardown_request(_close_account)


class Account:
    """The charges of one request.

    Args:
        rates: the site's rates.
        client: the client to charge, see `client`; None is not charged.
    """

    def __init__(self, rates: Rates, client: str | None) -> None:
        self._rates = rates
        self._client = client
        self._start = time.thread_time()
        self.charged = 0

    def charge(self, seconds: float) -> None:
        """Raise the request's total charge to this processor time, at least one unit.

        Raises:
            ProblemError: 429, see `Rates.charge`.
        """
        units = max(1, math.ceil(seconds / UNIT_SECONDS))
        if self._client is None or units <= self.charged:
            return
        already, self.charged = self.charged, units
        self._rates.charge(self._client, units - already, already)

    def close(self) -> None:
        """Charge the rest of the processor time that the request took."""
        # If that exceeds the rate, this request keeps its answer and the next one is refused.
        with suppress(ProblemError):
            self.charge(time.thread_time() - self._start)


def _open_account() -> None:
    if request.method == "POST":
        rates: Rates = current_app.extensions["rates"]
        g.account = account = Account(rates, client())
        account.charge(0)


def _close_account(_: BaseException | None) -> None:
    account: Account | None = g.pop("account", None)
    if account is not None:
        account.close()


def charge(seconds: float) -> None:
    """Raise the total charge of this request to this processor time, in seconds.

    Sites without a rate, and requests from the machine itself, are exempt.

    Raises:
        ProblemError: 429, see `Rates.charge`.
    """
    account: Account | None = g.get("account")
    if account is not None:
        account.charge(seconds)


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
    """Return the rate-limit key: the client's IPv4 address, or the network of its IPv6 address.

    It is None for a request from this machine, such as the operator's or a test's.
    """
    known: str | None = g.get("client", "")
    if known == "":  # not computed yet
        g.client = known = _client()
    return known


def _client() -> str | None:
    if is_local(request):
        return None
    _warn_of_proxy()
    address = request.remote_addr or "unknown"
    # Some proxies add the client's port to X-Forwarded-For: 192.0.2.1:4711, [2001:db8::1]:4711.
    with_port = PORT.match(address)
    if with_port is not None:
        address = with_port["v4"] or with_port["v6"]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        # Dual-stack sockets give IPv4 clients IPv6 addresses (RFC 4291, 2.5.5.2).
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
    return address


def _warn_of_proxy() -> None:
    """Warn once that all visitors behind an unconfigured proxy share one rate."""
    settings: Settings = current_app.config["SETTINGS"]
    warned: set[str] = current_app.extensions.setdefault("warnings", set())
    if settings.proxies or "proxy" in warned or "X-Forwarded-For" not in request.headers:
        return
    warned.add("proxy")
    LOGGER.warning(
        "requests come through a proxy, but INKLING_PROXIES is 0: all its visitors share one rate"
    )
