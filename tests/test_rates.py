"""How often one client may post: in one process, and over Redis in several."""

import http.client
import json
import time

import pytest

from tests import hand, services
from tests.server import running_server
from webapp import create_app
from webapp.config import ConfigError, Settings
from webapp.rates import client as client_of

STROKES = "/api/v1/predict/strokes"
BODY = json.dumps({"strokes": hand.columns(3)}).encode()

needs_redis = pytest.mark.skipif(
    services.find() is None, reason="there is no redis-server here, and none could be installed"
)


def visitor(rate, **settings):
    """A visitor of a site with this rate."""
    return create_app(Settings(rate_limit=rate, **settings)).test_client()


def draw(client, address="192.0.2.1", path=STROKES):
    """The response to a drawing from an address."""
    return client.post(path, json={"strokes": []}, environ_overrides={"REMOTE_ADDR": address})


def test_nobody_is_bounded_unless_it_is_set(client):
    """A reasonable rate depends on who comes."""
    assert {draw(client).status_code for _ in range(30)} == {200}


def test_it_rejects_what_is_over_the_rate():
    """429 as a problem, with the time after which it is worth trying again."""
    client = visitor("3/minute")
    assert [draw(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = draw(client)
    assert refused.content_type == "application/problem+json"
    assert "3/minute" in refused.json["detail"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 61  # the window is counted in whole seconds


def test_each_client_and_each_route_has_its_own():
    """Others are not turned away for one."""
    client = visitor("1/minute")
    assert draw(client).status_code == 200
    assert draw(client).status_code == 429
    assert draw(client, "192.0.2.2").status_code == 200
    other = client.post("/api/v1/predict/batch", json={"drawings": [{"strokes": []}]})
    assert other.status_code == 200


def test_only_posts_are_counted():
    """Pages and health checks are not."""
    client = visitor("1/minute")
    for path in ("/", "/healthz", "/api/v1/model", "/metrics"):
        assert {client.get(path).status_code for _ in range(3)} == {200}


def test_the_form_is_refused_as_a_page():
    """429 in words."""
    client = visitor("1/minute")
    client.post("/upload")
    response = client.post("/upload")
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
        connection.request("POST", STROKES, BODY, {"Content-Type": "application/json"})
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
    settings = {"INKLING_RATE_LIMIT": "5/hour", "REDIS_URL": redis.url, "WEB_CONCURRENCY": "1"}
    with running_server(**settings) as url:
        statuses = [post(url) for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
