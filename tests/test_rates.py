"""Rate limits of clients: in one process, and over Redis in several."""

import contextlib
import dataclasses
import http.client
import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from support import hand
from support.server import running_server
from tests import services
from webapp import create_app
from webapp.access.counts import LEAST_SWEPT, Counts
from webapp.access.gate import Gate
from webapp.access.rates import UNIT_SECONDS, Account, Rates
from webapp.access.rates import client as client_of
from webapp.config import ConfigError, Settings
from webapp.problems import ProblemError

STROKES = "/api/v1/predict/strokes"
BODY = json.dumps({"strokes": hand.columns(3)}).encode()

needs_redis = pytest.mark.skipif(
    services.find() is None, reason="there is no redis-server here, and none could be installed"
)


@pytest.fixture(autouse=True)
def still(monkeypatch):
    """Stop the processor's clock, so that a small request costs one unit on any machine."""
    monkeypatch.setattr("time.thread_time", lambda: 0.0)


def visitor(rate, **settings):
    """Return a test client of a site with this rate."""
    return create_app(Settings(rate_limit=rate, **settings)).test_client()


def draw(client, address="192.0.2.1", path=STROKES, strokes=()):
    """Return the response to a drawing from an address."""
    return client.post(
        path, json={"strokes": list(strokes)}, environ_overrides={"REMOTE_ADDR": address}
    )


def test_there_is_a_rate_unless_it_is_switched_off(client):
    """The default rate is 1,200 units a minute, and an empty setting disables the limit."""
    # The window of another test's address may end in between.
    statuses = [draw(client, "192.0.2.78").status_code for _ in range(1201)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    free = visitor("")
    assert {draw(free, "192.0.2.77").status_code for _ in range(1201)} == {200}


def test_the_machine_itself_is_not_counted():
    """Requests from the machine itself are not counted, except those through a proxy on it."""
    client = visitor("1/minute")
    assert {draw(client, "127.0.0.1").status_code for _ in range(5)} == {200}
    forwarded = {"X-Forwarded-For": "192.0.2.1"}
    statuses = [
        client.post(STROKES, json={"strokes": []}, headers=forwarded).status_code for _ in range(2)
    ]
    assert statuses == [200, 429]


def test_large_requests_cost_more_than_small_ones():
    """The cost grows with a drawing's strokes, a batch's drawings and a picture's megapixels."""
    stroke = {"x": [1, 2], "y": [3, 4]}
    picture = hand.png(np.full((1500, 1000), 255, np.uint8))
    batch = {"drawings": [{"strokes": [stroke] * 10}] * 10}
    for path, sent in (
        (STROKES, {"json": {"strokes": [stroke] * 100}}),
        ("/api/v1/predict/batch", {"json": batch}),
        ("/api/v1/explain", {"json": {"strokes": [stroke] * 100}}),
        ("/api/v1/predict/image", {"data": picture, "content_type": "image/png"}),
    ):
        client = visitor("15/minute")
        outside = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
        assert client.post(path, **sent, **outside).status_code != 429
        # At one unit each, fourteen more would be allowed.
        assert 429 in {draw(client).status_code for _ in range(8)}, path


def test_a_client_with_a_clean_account_is_always_served():
    """A client without recent requests is served, even if one request costs more than the rate."""
    client = visitor("1/minute")
    assert draw(client, strokes=[{"x": [1, 2], "y": [3, 4]}] * 200).status_code == 200
    assert draw(client).status_code == 429


def test_a_request_is_charged_the_difference_as_its_cost_becomes_known():
    """A request is charged the difference when its estimate, and then its real cost, is higher."""
    rates = Rates(Settings(rate_limit="10/minute"))
    account = Account(rates, "192.0.2.1")
    for seconds, charged in ((0, 1), (4 * UNIT_SECONDS, 4), (2 * UNIT_SECONDS, 4)):
        account.charge(seconds)
        assert account.charged == charged
    with pytest.raises(ProblemError) as refused:
        Account(rates, "192.0.2.1").charge(7 * UNIT_SECONDS)
    assert refused.value.status == 429
    Account(rates, None).charge(1000)


def test_what_a_request_took_is_charged_when_it_ends(monkeypatch):
    """A request is charged its real duration at its end."""
    clock = itertools.count()
    client = visitor("1000/minute")
    assert draw(client).status_code == 200
    # From now on, each look at the clock takes a second.
    monkeypatch.setattr("time.thread_time", lambda: float(next(clock)))
    statuses = [draw(client).status_code for _ in range(20)]
    assert 200 in statuses[:2]
    assert statuses[-1] == 429


def test_each_limit_of_a_rate_counts_for_itself():
    """Each limit of a rate is charged in full, even if a shorter limit is exceeded."""
    rates = Rates(Settings(rate_limit="5/second;20/hour"))
    for _ in range(4):
        with contextlib.suppress(ProblemError):  # all but the first, within one second
            rates.charge("a", 5)
    time.sleep(1.1)
    with pytest.raises(ProblemError) as refused:
        rates.charge("a", 1)
    assert int(refused.value.headers["Retry-After"]) > 60


def test_no_charge_of_parallel_threads_is_lost(monkeypatch):
    """Threads that charge a client at once are all counted."""
    clock = time.time

    def slow_clock():
        time.sleep(0.001)
        return clock()

    monkeypatch.setattr("webapp.access.counts.time.time", slow_clock)
    counts = Counts()
    with ThreadPoolExecutor(8) as threads:
        totals = list(threads.map(lambda _: counts.incr("me", 60), range(64)))
    assert sorted(totals) == list(range(1, 65))


def test_windows_end_and_are_dropped(monkeypatch):
    """A window ends after its seconds, and many clients that came once are forgotten."""
    now = [1000.0]
    monkeypatch.setattr("webapp.access.counts.time.time", lambda: now[0])
    counts = Counts()
    assert [counts.incr("me", 60, 5), counts.incr("me", 60), counts.get("me")] == [5, 6, 6]
    assert counts.get_expiry("me") == 1060
    now[0] += 60
    assert (counts.get("me"), counts.incr("me", 60)) == (0, 1)
    for number in range(10 * LEAST_SWEPT):
        now[0] += 1
        counts.incr(f"visitor {number}", 60)
    assert counts.reset() <= 2 * LEAST_SWEPT
    assert (counts.get("me"), counts.get_expiry("me")) == (0, now[0])


def test_a_window_can_be_cleared():
    """A cleared window starts anew, and the storage works."""
    counts = Counts()
    counts.incr("me", 60, 7)
    counts.clear("me")
    counts.clear("nobody")
    assert (counts.incr("me", 60), counts.check()) == (1, True)


def test_refused_work_is_charged_too():
    """Refused requests, such as invalid JSON, are charged a unit and their duration."""
    client = visitor("3/minute")
    outside = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
    statuses = [
        client.post(STROKES, data=b"{not JSON", content_type=kind, **outside).status_code
        for kind in ("application/json", "text/plain")
    ]
    assert statuses == [400, 415]
    assert [draw(client).status_code for _ in range(2)] == [200, 429]


def test_a_refused_client_is_refused_before_its_body_is_read():
    """A client over its rate is refused before its body is read."""
    client = visitor("1/minute")
    draw(client)
    response = client.post(
        STROKES, data=b"{not JSON", environ_overrides={"REMOTE_ADDR": "192.0.2.1"}
    )
    assert response.status_code == 429


def test_a_full_queue_costs_one_unit():
    """A request that is refused because of a full queue costs one unit."""
    app = create_app(Settings(rate_limit="30/minute"))
    full = Gate(1, 0)
    app.extensions["stroke_engine"] = dataclasses.replace(
        app.extensions["stroke_engine"], gate=full
    )
    client = app.test_client()
    strokes = [{"x": [1, 2], "y": [3, 4]}] * 100
    with full.queued():
        assert {draw(client, strokes=strokes).status_code for _ in range(5)} == {503}
    assert draw(client, strokes=strokes[:20]).status_code == 200


def test_a_proxy_that_is_not_known_is_told_to_the_operator(caplog):
    """An unknown proxy is logged once, because all its visitors share one account."""
    client = visitor("100/minute")
    for _ in range(3):
        client.post(STROKES, json={"strokes": []}, headers={"X-Forwarded-For": "192.0.2.1"})
    assert [r.message for r in caplog.records if "INKLING_PROXIES" in r.message] == [
        "requests come through a proxy, but INKLING_PROXIES is 0: all its visitors share one rate"
    ]


def test_it_rejects_what_is_over_the_rate():
    """A request over the rate gets 429 as a problem with Retry-After."""
    client = visitor("3/minute")
    assert [draw(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = draw(client)
    assert refused.content_type == "application/problem+json"
    assert "3/minute" in refused.json["detail"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 61  # the window is counted in whole seconds


def test_each_client_has_its_own():
    """Each client has its own account, shared by all routes."""
    client = visitor("1/minute")
    assert draw(client).status_code == 200
    assert draw(client).status_code == 429
    assert draw(client, path="/api/v1/explain").status_code == 429
    assert draw(client, "192.0.2.2").status_code == 200


def test_only_posts_are_counted():
    """Only POST requests are counted."""
    client = visitor("1/minute")
    for path in ("/", "/healthz", "/api/v1/model", "/metrics"):
        assert {client.get(path).status_code for _ in range(3)} == {200}


def test_the_form_is_refused_as_a_page():
    """The form gets 429 as a page."""
    client = visitor("1/minute")
    assert draw(client).status_code == 200
    assert draw(client).status_code == 429
    response = client.post("/upload", environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    assert response.status_code == 429
    assert "Error 429" in response.text
    assert int(response.headers["Retry-After"]) >= 1


def test_the_rate_passes():
    """After the window of its rate, a client is served again."""
    client = visitor("1/second")
    assert draw(client).status_code == 200
    assert draw(client).status_code == 429
    time.sleep(1.1)
    assert draw(client).status_code == 200


def test_behind_a_proxy_each_client_is_itself():
    """Behind a trusted proxy, a client is the address that the proxy added, not a forged one."""
    client = visitor("1/minute", proxies=1)

    def passed_on(forwarded):
        return client.post(
            STROKES, json={"strokes": []}, headers={"X-Forwarded-For": forwarded}
        ).status_code

    assert passed_on("192.0.2.1") == 200
    assert passed_on("192.0.2.2") == 200
    assert passed_on("198.51.100.9, 192.0.2.1") == 429


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.2", "192.0.2.2"),
        ("", "unknown"),
        ("somewhere", "somewhere"),
    ],
)
def test_a_client_is_an_address_or_an_ipv6_network(app, address, expected):
    """A client is an IPv4 address or an IPv6 /64 network, because one client has 2^64 addresses."""
    with app.test_request_context(environ_overrides={"REMOTE_ADDR": address}):
        assert client_of() == expected


@pytest.mark.parametrize("rate", ["many", "10", "10/fortnight", "/minute"])
def test_it_rejects_a_rate_that_is_none(rate):
    """An invalid rate stops the start."""
    with pytest.raises(ConfigError, match="INKLING_RATE_LIMIT"):
        visitor(rate)


# Redis


def post(url: str) -> int:
    """Return the status of a drawing sent to a server."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        headers = {"Content-Type": "application/json", "X-Forwarded-For": "192.0.2.1"}
        connection.request("POST", STROKES, BODY, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@needs_redis
def test_two_instances_share_one_redis():
    """Two instances share their counts through Redis."""
    with services.running() as redis:
        settings = {
            "INKLING_RATE_LIMIT": "10/hour",
            "REDIS_URL": redis.url,
            "WEB_CONCURRENCY": "2",
            "INKLING_PROXIES": "1",
        }
        with running_server(**settings) as one, running_server(**settings) as two:
            statuses = [post(url) for _ in range(10) for url in (one, two)]
    # On a slow machine, a drawing costs more than a unit.
    passed = statuses.count(200)
    assert 1 <= passed <= 10
    assert statuses == [200] * passed + [429] * (20 - passed)


@needs_redis
def test_requests_pass_when_redis_dies():
    """If Redis dies, requests are answered without delay. When it is back, it counts again."""
    with services.running() as redis:
        settings = {
            "INKLING_RATE_LIMIT": "1000/hour",
            "REDIS_URL": redis.url,
            "WEB_CONCURRENCY": "1",
            "INKLING_PROXIES": "1",
        }
        with running_server(**settings) as url:
            assert post(url) == 200
            redis.kill()
            start = time.monotonic()
            assert {post(url) for _ in range(20)} == {200}
            assert time.monotonic() - start < 5
            redis.start()
            deadline = time.monotonic() + 30
            while not redis.keys():
                assert time.monotonic() < deadline
                assert post(url) == 200
                time.sleep(0.2)


@needs_redis
def test_the_site_starts_without_redis():
    """A site without Redis at its start works like one whose Redis dies later."""
    redis = services.Redis()
    settings = {
        "INKLING_RATE_LIMIT": "5/hour",
        "REDIS_URL": redis.url,
        "WEB_CONCURRENCY": "1",
        "INKLING_PROXIES": "1",
    }
    with running_server(**settings) as url:
        statuses = [post(url) for _ in range(7)]
    passed = statuses.count(200)
    assert 1 <= passed <= 5
    assert statuses == [200] * passed + [429] * (7 - passed)
