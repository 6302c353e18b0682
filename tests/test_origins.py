"""Who may ask, and from where."""

import pytest

from tests import hand
from webapp import create_app
from webapp.config import Settings

STROKES = "/api/v1/predict/strokes"
IMAGE = "/api/v1/predict/image"
ELSEWHERE = "https://elsewhere.example"
TOKEN = "a-token-of-the-operator"  # noqa: S105  that is the point


def visitor(**settings):
    """A visitor of a site with these settings."""
    return create_app(Settings(**settings)).test_client()


def draw(client, headers, base_url=None):
    """The response to a drawing sent with these headers."""
    return client.post(
        STROKES, json={"strokes": hand.columns(3)}, headers=headers, base_url=base_url
    )


# Other sites' pages


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
    ],
    ids=["a program", "our page", "the address bar", "our page in an old browser"],
)
def test_it_reads_what_our_own_page_sends(client, headers):
    """And what programs send."""
    assert draw(client, headers).status_code == 200
    form = {"image": (hand_file(), "a.png")}
    assert client.post("/upload", data=form, headers=headers).status_code == 200


def hand_file():
    """A picture to upload."""
    import io

    return io.BytesIO(hand.png(hand.picture(3)))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": ELSEWHERE},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.localhost"},
        {"Sec-Fetch-Site": "unheard-of"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": ELSEWHERE},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Origin": "http://localhost.elsewhere.example"},
    ],
)
def test_it_rejects_what_other_sites_pages_send(client, headers):
    """403: of the form as a page, of the API as a problem. Fetch Metadata goes before Origin."""
    refused = draw(client, headers)
    assert refused.status_code == 403
    assert refused.content_type == "application/problem+json"
    page = client.post("/upload", data={"image": (hand_file(), "a.png")}, headers=headers)
    assert page.status_code == 403
    assert "Error 403" in page.text


def test_anyone_may_link_here(client):
    """Nothing that only shows is refused."""
    for path in ("/", "/model", "/api/v1/model", "/healthz"):
        assert client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


# CORS


def allowed(response) -> str | None:
    """The origin that may read a response."""
    return response.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("setting", [ELSEWHERE, f"https://a.example,{ELSEWHERE}"])
def test_an_allowed_origin_may_use_the_api(setting):
    """It may send, and read what comes back: answers, problems and their headers."""
    client = visitor(cors_origins=setting)
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": ELSEWHERE}
    for response in (draw(client, headers), client.get("/api/v1/nothing", headers=headers)):
        assert allowed(response) == ELSEWHERE
        assert "Origin" in response.headers["Vary"]
        assert "X-Request-Id" in response.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in response.headers
    assert draw(client, headers).status_code == 200


def test_a_preflight_is_answered():
    """What may be sent: methods and headers that the API takes."""
    response = visitor(cors_origins=ELSEWHERE).options(
        STROKES,
        headers={
            "Origin": ELSEWHERE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert response.status_code == 200
    assert allowed(response) == ELSEWHERE
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in response.headers["Access-Control-Allow-Headers"]
    assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_every_origin_can_be_allowed():
    """`*`."""
    response = draw(visitor(cors_origins="*"), {"Origin": ELSEWHERE})
    assert (response.status_code, allowed(response)) == (200, "*")


@pytest.mark.parametrize(
    "origin",
    ["https://elsewhere.example.org", "http://elsewhere.example", "https://sub.elsewhere.example"],
)
def test_it_rejects_origins_that_only_look_allowed(origin):
    """An origin is compared whole."""
    response = draw(visitor(cors_origins=ELSEWHERE), {"Origin": origin})
    assert (response.status_code, allowed(response)) == (403, None)


def test_pages_are_not_opened(client):
    """CORS is for the API alone."""
    site = visitor(cors_origins="*")
    assert allowed(site.get("/", headers={"Origin": ELSEWHERE})) is None
    form = {"image": (hand_file(), "a.png")}
    assert site.post("/upload", data=form, headers={"Origin": ELSEWHERE}).status_code == 403


# Hosts


@pytest.mark.parametrize(
    "host", ["ink.example", "www.ink.example", "ink.example:8080", "localhost"]
)
def test_it_answers_to_its_names(host):
    """Whatever the port; and to the machine's own."""
    client = visitor(hosts="ink.example,www.ink.example")
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/model", "/healthz"])
@pytest.mark.parametrize("host", ["elsewhere.example", "ink.example.elsewhere.example", "1.2.3.4"])
def test_it_rejects_other_hosts(path, host):
    """400, in the form of the place."""
    response = visitor(hosts="ink.example").get(path, headers={"Host": host})
    assert response.status_code == 400
    kind = "application/problem+json" if path.startswith("/api/") else "text/html; charset=utf-8"
    assert response.content_type == kind


@pytest.mark.parametrize("path", ["/", "/api/v1/model", "/healthz"])
@pytest.mark.parametrize("host", ["a/b", "a b", "[", "a\tb", "é", "x" * 300 + "/"])
def test_a_host_that_is_none_is_no_failure(client, path, host):
    """It is nobody's name: answered where no names are set, refused where they are."""
    environ = {"HTTP_HOST": host}
    assert client.get(path, environ_overrides=environ).status_code == 200
    site = visitor(hosts="ink.example")
    assert site.get(path, environ_overrides=environ).status_code == 400


def test_a_host_that_is_none_is_no_origin(client):
    """Nothing is of the same origin as what has no name."""
    environ = {"HTTP_HOST": "a/b"}
    response = client.post(STROKES, json={}, headers={"Origin": "null"}, environ_overrides=environ)
    assert response.status_code == 403


# Proxies and HTTPS


def test_no_proxy_is_believed_unless_it_is_said(client):
    """What anybody may send decides nothing."""
    response = client.get("/", headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" not in response.headers


@pytest.mark.parametrize(("hops", "header"), [(1, "https"), (2, "http, https, http")])
def test_as_many_proxies_are_believed_as_are_set(hops, header):
    """Each adds its own to the right."""
    client = visitor(proxies=hops)
    response = client.get("/", headers={"X-Forwarded-Proto": header})
    assert "Strict-Transport-Security" in response.headers


def test_plain_http_is_sent_to_https():
    """308, with the address kept; not what is sent, which has been readable already."""
    client = visitor(https=True, proxies=1)
    response = client.get("/model?a=1", headers={"X-Forwarded-Proto": "http"})
    assert response.status_code == 308
    assert response.headers["Location"] == "https://localhost/model?a=1"
    assert draw(client, {"X-Forwarded-Proto": "http"}).status_code == 403
    assert draw(client, {"X-Forwarded-Proto": "https"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_need_no_https(path):
    """They come from inside."""
    assert visitor(https=True).get(path).status_code == 200


# The operator


def metrics(client, headers=None, address="127.0.0.1"):
    """The status of /metrics for someone."""
    environ = {"REMOTE_ADDR": address}
    return client.get("/metrics", headers=headers, environ_overrides=environ).status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1"])
def test_the_machine_itself_may_see_metrics(client, address):
    """Over loopback."""
    assert metrics(client, address=address) == 200


@pytest.mark.parametrize("address", ["10.0.0.1", "192.0.2.7", "2001:db8::1", "unix", ""])
def test_nobody_else_may(client, address):
    """404: there is no such address for them."""
    assert metrics(client, address=address) == 404


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_a_proxy_on_the_machine_makes_nobody_local(client, name):
    """What was passed on came from elsewhere."""
    assert metrics(client, {name: "127.0.0.1"}) == 404


def test_the_token_opens_metrics_from_elsewhere():
    """Whole, and as a bearer."""
    client = visitor(metrics_token=TOKEN)
    assert metrics(client, {"Authorization": f"Bearer {TOKEN}"}, "192.0.2.7") == 200
    for wrong in ("Bearer", "Bearer x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer é"):
        assert metrics(client, {"Authorization": wrong}, "192.0.2.7") == 404


@pytest.mark.parametrize("given", ["Bearer ", "Bearer", "Bearer x"])
def test_without_a_token_none_opens(client, given):
    """An empty token is none."""
    assert metrics(client, {"Authorization": given}, "192.0.2.7") == 404
