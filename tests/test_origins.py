"""Access control: origins, CORS, hosts, proxies, HTTPS, the operator."""

import gzip

import pytest

from support import hand
from webapp import create_app
from webapp.config import Settings

STROKES = "/api/v1/predict/strokes"
IMAGE = "/api/v1/predict/image"
ELSEWHERE = "https://elsewhere.example"
TOKEN = "a-token-of-the-operator"  # noqa: S105  that is the point


def visitor(**settings):
    """Return a test client of a site with these settings."""
    return create_app(Settings(**settings)).test_client()


def draw(client, headers, base_url=None):
    """Return the response to a drawing with these headers."""
    return client.post(
        STROKES, json={"strokes": hand.columns(3)}, headers=headers, base_url=base_url
    )


# Pages of other sites


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
    """Requests from the site's own page and from programs are read."""
    assert draw(client, headers).status_code == 200
    form = {"image": (hand_file(), "a.png")}
    assert client.post("/upload", data=form, headers=headers).status_code == 200


def hand_file():
    """Return a picture to upload."""
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
    """Requests from other sites' pages get 403, and Fetch Metadata takes precedence over Origin."""
    refused = draw(client, headers)
    assert refused.status_code == 403
    assert refused.content_type == "application/problem+json"
    page = client.post("/upload", data={"image": (hand_file(), "a.png")}, headers=headers)
    assert page.status_code == 403
    assert "Error 403" in page.text


MALFORMED_ORIGINS = [
    "http://[",
    "http://[::1",
    "http://a..b",
    "http://" + "a" * 64,
    "http://a b",
    "http://a/b",
    "http://a:b",
    "http://a:1:2",
    "http://user@a",
    "http://a, http://b",
    "http://é.example",
    "http://",
    "://a",
    "a",
    "NULL",
    "",
    "http://" + "a." * 5000,
]


@pytest.fixture(scope="module")
def open_client():
    """A test client of a site with an API for every origin."""
    return visitor(cors_origins="*")


@pytest.mark.parametrize("origin", MALFORMED_ORIGINS)
@pytest.mark.parametrize("site", [None, "same-origin", "none", "cross-site"])
def test_a_malformed_origin_is_refused_not_a_failure(client, open_client, origin, site):
    """A POST with a malformed origin gets 403, as a page or as a problem that names the value.

    Other headers do not matter, and GET requests are answered.
    """
    headers = {"Origin": origin} | ({"Sec-Fetch-Site": site} if site else {})
    for asking in (client, open_client):
        refused = draw(asking, headers)
        assert refused.status_code == 403
        assert refused.content_type == "application/problem+json"
        assert repr(origin[:100]) in refused.json["detail"]
        assert len(refused.json["detail"]) < 300
        assert refused.headers["X-Request-Id"] == refused.json["request_id"]
        form = {"image": (hand_file(), "a.png")}
        page = asking.post("/upload", data=form, headers=headers)
        assert page.status_code == 403
        assert "Error 403" in page.text
        assert "Content-Security-Policy" in page.headers
        for path in ("/", "/api/v1/model"):
            assert asking.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("Ink.Example", "http://ink.example"),
        ("ink.example.", "http://ink.example"),
        ("ink.example:80", "http://ink.example"),
        ("ink.example:8000", "http://ink.example:8000"),
        ("ink.example", "https://ink.example"),
        ("[0::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_own_page_is_known_however_its_host_is_written(client, host, origin):
    """Host and Origin are compared in their normal form, and a proxy may have ended TLS."""
    assert draw(client, {"Host": host, "Origin": origin}).status_code == 200
    assert draw(client, {"Host": host, "Origin": origin + "1"}).status_code == 403


def test_anyone_may_link_here(client):
    """Links from other sites are allowed, because GET requests are not refused."""
    for path in ("/", "/model", "/api/v1/model", "/healthz"):
        assert client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


# CORS


def allowed(response) -> str | None:
    """Return the origin that may read a response."""
    return response.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("setting", [ELSEWHERE, f"https://a.example,{ELSEWHERE}"])
def test_an_allowed_origin_may_use_the_api(setting):
    """An allowed origin may send requests, and read answers, problems and their headers."""
    client = visitor(cors_origins=setting)
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": ELSEWHERE}
    for response in (draw(client, headers), client.get("/api/v1/nothing", headers=headers)):
        assert allowed(response) == ELSEWHERE
        assert "Origin" in response.headers["Vary"]
        assert "X-Request-Id" in response.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in response.headers
    assert draw(client, headers).status_code == 200


def test_a_preflight_is_answered():
    """A preflight request gets the allowed methods and headers."""
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
    """`*` allows every origin."""
    response = draw(visitor(cors_origins="*"), {"Origin": ELSEWHERE})
    assert (response.status_code, allowed(response)) == (200, "*")


@pytest.mark.parametrize(
    "origin",
    ["https://elsewhere.example.org", "http://elsewhere.example", "https://sub.elsewhere.example"],
)
def test_it_rejects_origins_that_only_look_allowed(origin):
    """Origins are compared as a whole."""
    response = draw(visitor(cors_origins=ELSEWHERE), {"Origin": origin})
    assert (response.status_code, allowed(response)) == (403, None)


def test_pages_are_not_opened(client):
    """CORS applies to the API only."""
    site = visitor(cors_origins="*")
    assert allowed(site.get("/", headers={"Origin": ELSEWHERE})) is None
    form = {"image": (hand_file(), "a.png")}
    assert site.post("/upload", data=form, headers={"Origin": ELSEWHERE}).status_code == 403


# Hosts


@pytest.mark.parametrize(
    "host", ["ink.example", "www.ink.example", "ink.example:8080", "localhost"]
)
def test_it_answers_to_its_names(host):
    """The site answers to its names with any port, and to the machine's own names."""
    client = visitor(hosts="ink.example,www.ink.example")
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/model", "/healthz"])
@pytest.mark.parametrize("host", ["elsewhere.example", "ink.example.elsewhere.example", "1.2.3.4"])
def test_it_rejects_other_hosts(path, host):
    """Other hosts get 400, in the format of the address."""
    response = visitor(hosts="ink.example").get(path, headers={"Host": host})
    assert response.status_code == 400
    kind = "application/problem+json" if path.startswith("/api/") else "text/html; charset=utf-8"
    assert response.content_type == kind


# Proxies and HTTPS


def test_no_proxy_is_believed_unless_it_is_said(client):
    """By default, headers of proxies are ignored, because clients can send them."""
    response = client.get("/", headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" not in response.headers


@pytest.mark.parametrize(("hops", "header"), [(1, "https"), (2, "http, https, http")])
def test_as_many_proxies_are_believed_as_are_set(hops, header):
    """As many proxies are trusted as set. Each appends its value on the right."""
    client = visitor(proxies=hops)
    response = client.get("/", headers={"X-Forwarded-Proto": header})
    assert "Strict-Transport-Security" in response.headers


def test_plain_http_is_sent_to_https():
    """GET over plain HTTP is redirected with 308. POST is not, because its body was readable."""
    client = visitor(https=True, proxies=1)
    response = client.get("/model?a=1", headers={"X-Forwarded-Proto": "http"})
    assert response.status_code == 308
    assert response.headers["Location"] == "https://localhost/model?a=1"
    assert draw(client, {"X-Forwarded-Proto": "http"}).status_code == 403
    assert draw(client, {"X-Forwarded-Proto": "https"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_need_no_https(path):
    """Probes and metrics are not redirected to HTTPS."""
    assert visitor(https=True).get(path).status_code == 200


# The operator


def metrics(client, headers=None, address="127.0.0.1"):
    """Return the status of /metrics for a client."""
    environ = {"REMOTE_ADDR": address}
    return client.get("/metrics", headers=headers, environ_overrides=environ).status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "ink.localhost:8000", "127.0.0.1:8000", "[::1]"])
def test_the_machine_itself_may_see_metrics(client, address, host):
    """/metrics is open over loopback with a loopback name."""
    assert metrics(client, {"Host": host}, address) == 200


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7", "unix", ""]
)
def test_nobody_else_may(client, address):
    """/metrics is a 404 for other clients."""
    assert metrics(client, address=address) == 404


@pytest.mark.parametrize("host", ["ink.example", "localhost.example", "10.0.0.1", "notlocalhost"])
def test_who_asks_for_another_name_is_not_local(client, host):
    """A request with another name is not local, as through a proxy or by DNS rebinding."""
    assert metrics(client, {"Host": host}) == 404


@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "X-Forwarded-Port",
        "X-Forwarded-Scheme",
        "X-Forwarded",
        "X-Real-IP",
        "X-Client-IP",
        "X-Cluster-Client-IP",
        "X-Original-Host",
        "X-Envoy-External-Address",
        "X-Amzn-Trace-Id",
        "X-Varnish",
        "X-ARR-SSL",
        "CF-Connecting-IP",
        "CF-Ray",
        "CDN-Loop",
        "True-Client-IP",
        "Fly-Client-IP",
        "Fastly-Client-IP",
        "Ali-CDN-Real-IP",
        "Tailscale-User-Login",
        "Client-IP",
        "Forwarded",
        "Via",
        "Max-Forwards",
        "Surrogate-Capability",
        "Traceparent",
        "What-The-Next-Proxy-Invents",
    ],
)
def test_a_proxy_on_the_machine_makes_nobody_local(client, name):
    """A request with any header that proxies add is not local."""
    assert metrics(client, {name: "127.0.0.1"}) == 404
    assert metrics(visitor(proxies=1), {name: "127.0.0.1"}) == 404


def test_a_proxy_that_adds_nothing_makes_nobody_local(client):
    """A request of HTTP/1.0, as from nginx with `proxy_pass` alone, is not local."""
    environ = {"REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.0"}
    assert client.get("/metrics", environ_overrides=environ).status_code == 404


def test_clients_on_the_machine_are_local(client):
    """Requests of browsers, curl and Prometheus on the machine are local."""
    browser = {
        "Accept": "text/html,application/xhtml+xml",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Accept-Language": "de",
        "Cache-Control": "max-age=0",
        "Connection": "keep-alive",
        "Cookie": "language=de",
        "DNT": "1",
        "If-None-Match": '"a"',
        "Pragma": "no-cache",
        "Priority": "u=0, i",
        "Referer": "http://localhost/",
        "Sec-CH-UA": '"Chromium";v="150"',
        "Sec-Fetch-Site": "none",
        "Sec-GPC": "1",
        "Upgrade-Insecure-Requests": "1",
        "User-Agent": "Mozilla/5.0",
    }
    curl = {"Accept": "*/*", "User-Agent": "curl/8", "X-Request-Id": "mine"}
    prometheus = {
        "Accept": "text/plain;version=0.0.4",
        "Accept-Encoding": "gzip",
        "User-Agent": "Prometheus/3",
        "X-Prometheus-Scrape-Timeout-Seconds": "10",
    }
    for headers in (browser, curl, prometheus):
        assert metrics(client, headers) == 200


def test_the_token_opens_metrics_from_elsewhere():
    """The complete token, as a bearer, opens /metrics from elsewhere."""
    client = visitor(metrics_token=TOKEN)
    assert metrics(client, {"Authorization": f"Bearer {TOKEN}"}, "192.0.2.7") == 200
    for wrong in ("Bearer", "Bearer x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer é"):
        assert metrics(client, {"Authorization": wrong}, "192.0.2.7") == 404


@pytest.mark.parametrize("given", ["Bearer ", "Bearer", "Bearer x"])
def test_without_a_token_none_opens(client, given):
    """An empty token setting does not open /metrics for an empty token."""
    assert metrics(client, {"Authorization": given}, "192.0.2.7") == 404


# The web component


COMPONENT = "/component/1/ink-number.js"


def test_the_component_is_for_our_pages_unless_others_are_allowed():
    """Without allowed origins, other sites cannot load the component."""
    answer = visitor().get(COMPONENT, headers={"Origin": ELSEWHERE})
    assert answer.status_code == 200
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(("setting", "allowed"), [("*", "*"), (ELSEWHERE, ELSEWHERE)])
def test_the_component_is_for_allowed_origins(setting, allowed):
    """Allowed origins can load the component, and nothing else than it and the API."""
    site = visitor(cors_origins=setting)
    answer = site.get(COMPONENT, headers={"Origin": ELSEWHERE})
    assert answer.headers.getlist("Cross-Origin-Resource-Policy") == ["cross-origin"]
    assert answer.headers["Access-Control-Allow-Origin"] == allowed
    for path in ("/", "/static/x", "/component/2/ink-number.js/.."):
        assert "Access-Control-Allow-Origin" not in site.get(path).headers or "component" in path
    page = site.get("/", headers={"Origin": ELSEWHERE})
    assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_component_is_cached_and_compressed():
    """The component has an ETag, is compressed on request, and is not sent twice."""
    site = visitor()
    plain = site.get(COMPONENT)
    packed = site.get(COMPONENT, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data
    assert plain.mimetype == "text/javascript"
    assert plain.headers["ETag"] != packed.headers["ETag"]
    again = site.get(COMPONENT, headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "max-age=3600" in plain.headers["Cache-Control"]
