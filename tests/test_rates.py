"""How often one client may post: in one process, and over Redis in several."""

import http.client
import json
import time

import numpy as np
import pytest

from tests import hand, services
from tests.server import running_server
from webapp import create_app
from webapp.config import ConfigError, Settings
from webapp.errors import ProblemError
from webapp.rates import UNIT_SECONDS, charge
from webapp.rates import client as client_of

STROKES = "/api/v1/predict/strokes"
BODY = json.dumps({"strokes": hand.columns(3)}).encode()

needs_redis = pytest.mark.skipif(
    services.find() is None, reason="there is no redis-server here, and none could be installed"
)


def visitor(rate, **settings):
    """A visitor of a site with this rate."""
    return create_app(Settings(rate_limit=rate, **settings)).test_client()


def draw(client, address="192.0.2.1", path=STROKES, strokes=()):
    """The response to a drawing from an address."""
    return client.post(
        path, json={"strokes": list(strokes)}, environ_overrides={"REMOTE_ADDR": address}
    )


def test_there_is_a_rate_unless_it_is_switched_off(client):
    """240 units a minute by default; an empty setting means no bound."""
    assert {draw(client, "192.0.2.77").status_code for _ in range(240)} == {200}
    assert draw(client, "192.0.2.77").status_code == 429
    free = visitor("")
    assert {draw(free, "192.0.2.77").status_code for _ in range(250)} == {200}


def test_the_machine_itself_is_not_counted():
    """Its operator, its tests; but not what a proxy on it passes on."""
    client = visitor("1/minute")
    assert {draw(client, "127.0.0.1").status_code for _ in range(5)} == {200}
    forwarded = {"X-Forwarded-For": "192.0.2.1"}
    statuses = [
        client.post(STROKES, json={"strokes": []}, headers=forwarded).status_code for _ in range(2)
    ]
    assert statuses == [200, 429]


def test_large_requests_cost_more_than_small_ones():
    """By the strokes of a drawing, the drawings of a batch, the megapixels of a picture."""
    stroke = {"x": [1, 2], "y": [3, 4]}
    picture = hand.png(np.full((1500, 1000), 255, np.uint8))
    batch = {"drawings": [{"strokes": [stroke] * 10}] * 10}
    for path, sent in (
        (STROKES, {"json": {"strokes": [stroke] * 100}}),
        ("/api/v1/predict/batch", {"json": batch}),
        ("/api/v1/explain", {"json": {"strokes": [stroke] * 100}}),
        ("/api/v1/predict/image", {"data": picture, "content_type": "image/png"}),
    ):
        client = visitor("3/minute")
        outside = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
        assert client.post(path, **sent, **outside).status_code != 429
        assert draw(client).status_code in (200, 429)
        assert draw(client).status_code == 429, path


def test_a_client_with_a_clean_account_is_always_served():
    """Even where one request costs more than the rate."""
    client = visitor("1/minute")
    assert draw(client, strokes=[{"x": [1, 2], "y": [3, 4]}] * 200).status_code == 200
    assert draw(client).status_code == 429


def test_what_a_request_cost_beyond_its_estimate_is_charged_afterwards():
    """The next request pays for it."""
    app = create_app(Settings(rate_limit="10/minute"))
    with app.test_request_context(environ_overrides={"REMOTE_ADDR": "192.0.2.1"}):
        charged = charge(0.01)
        assert charged == 1
        assert charge(4 * UNIT_SECONDS, charged) == 4
        assert charge(UNIT_SECONDS, 4) == 4
        with pytest.raises(ProblemError) as refused:
            charge(7 * UNIT_SECONDS)
    assert refused.value.status == 429


def test_a_refused_client_is_refused_before_its_body_is_read():
    """What is turned away costs next to nothing."""
    client = visitor("1/minute")
    draw(client)
    draw(client)
    response = client.post(
        STROKES, data=b"{not JSON", environ_overrides={"REMOTE_ADDR": "192.0.2.1"}
    )
    assert response.status_code == 429


def test_it_rejects_what_is_over_the_rate():
    """429 as a problem, with the time after which it is worth trying again."""
    client = visitor("3/minute")
    assert [draw(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = draw(client)
    assert refused.content_type == "application/problem+json"
    assert "3/minute" in refused.json["detail"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 61  # the window is counted in whole seconds


def test_each_client_has_its_own():
    """Others are not refused for one, whichever routes it uses."""
    client = visitor("1/minute")
    assert draw(client).status_code == 200
    assert draw(client).status_code == 429
    assert draw(client, path="/api/v1/explain").status_code == 429
    assert draw(client, "192.0.2.2").status_code == 200


def test_only_posts_are_counted():
    """Pages and health checks are not."""
    client = visitor("1/minute")
    for path in ("/", "/healthz", "/api/v1/model", "/metrics"):
        assert {client.get(path).status_code for _ in range(3)} == {200}


def test_the_form_is_refused_as_a_page():
    """429 in words."""
    client = visitor("1/minute")
    assert draw(client).status_code == 200
    assert draw(client).status_code == 429
    response = client.post("/upload", environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    assert response.status_code == 429
    assert "Error 429" in response.text
    assert int(response.headers["Retry-After"]) >= 1


def test_the_rate_passes():
    """After its window, one may come again."""
    client = visitor("1/second")
    assert draw(client).status_code == 200
    assert draw(client).status_code == 429
    time.sleep(1.1)
    assert draw(client).status_code == 200


def test_behind_a_proxy_each_client_is_itself():
    """The address is the one that the believed proxy adds, not one that the client made up."""
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
        ("::ffff:192.0.2.2", "192.0.2.2"),
        ("", "unknown"),
        ("somewhere", "somewhere"),
    ],
)
def test_a_client_is_an_address_or_an_ipv6_network(app, address, expected):
    """Whoever has one IPv6 address has 2^64."""
    with app.test_request_context(environ_overrides={"REMOTE_ADDR": address}):
        assert client_of() == expected


@pytest.mark.parametrize("rate", ["many", "10", "10/fortnight", "/minute"])
def test_it_rejects_a_rate_that_is_none(rate):
    """The site does not start with a bound that binds nothing."""
    with pytest.raises(ConfigError, match="INKLING_RATE_LIMIT"):
        visitor(rate)


# Redis


def post(url: str) -> int:
    """The status of a drawing that is sent to a server."""
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
    """What one counted, the other knows: more machines do not mean more requests for one."""
    with services.running() as redis:
        settings = {
            "INKLING_RATE_LIMIT": "10/hour",
            "REDIS_URL": redis.url,
            "WEB_CONCURRENCY": "2",
            "INKLING_PROXIES": "1",
        }
        with running_server(**settings) as one, running_server(**settings) as two:
            statuses = [post(url) for _ in range(10) for url in (one, two)]
    assert statuses.count(200) == 10
    assert statuses.count(429) == 10
    assert statuses == [200] * 10 + [429] * 10


@needs_redis
def test_requests_pass_when_redis_dies():
    """Nobody is turned away or kept waiting; when it is back, it counts again."""
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
    """One that is away at the start is as one that dies later."""
    redis = services.Redis()
    settings = {
        "INKLING_RATE_LIMIT": "5/hour",
        "REDIS_URL": redis.url,
        "WEB_CONCURRENCY": "1",
        "INKLING_PROXIES": "1",
    }
    with running_server(**settings) as url:
        statuses = [post(url) for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
