"""The headers, checked by the rules of Mozilla's HTTP Observatory (MDN), algorithm 6.

Compared with algorithm 5, algorithm 6 adds two headers: Cross-Origin-Opener-Policy and
Cross-Origin-Embedder-Policy, each for up to 10 points, so that the maximum is 165 instead of 145
(https://github.com/mdn/mdn-http-observatory/pull/498).

Each rule is applied to the site's answers over HTTPS behind a router (`INKLING_PROXIES=1`,
`INKLING_HTTPS=true`), as far as possible without the internet. Certificates and preloading depend
on the deployment.

https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring
"""

import re

import pytest

from webapp import create_app
from webapp.config import Settings

PAGES = ["/", "/model", "/api/docs", "/nothing"]

SIX_MONTHS = 15_768_000
"""Seconds."""

BONUS_FROM = 90
"""Score from which bonuses count."""

PRIVATE_REFERRERS = {
    "no-referrer",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
}


@pytest.fixture(scope="module")
def site():
    """A test client of a site behind a router that ends TLS."""
    return create_app(Settings(proxies=1, https=True)).test_client()


@pytest.fixture(params=PAGES)
def response(site, request):
    """The response of a page over HTTPS."""
    return site.get(request.param, headers={"X-Forwarded-Proto": "https"})


def policy_of(response) -> dict[str, set[str]]:
    """Return the directives of the Content-Security-Policy."""
    directives = [d.split() for d in response.headers["Content-Security-Policy"].split(";")]
    names = [d[0] for d in directives]
    assert len(names) == len(set(names)), "a directive comes twice, of which the second is ignored"
    return {name: set(sources) for name, *sources in directives}


def csp(response) -> int:
    """csp-implemented-with-no-unsafe-default-src-none: 10."""
    policy = policy_of(response)
    unsafe = {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "ftp:"}
    assert policy["default-src"] == {"'none'"}
    assert policy["form-action"] <= {"'self'", "'none'"}
    assert policy["base-uri"] <= {"'self'", "'none'"}
    for name, sources in policy.items():
        assert not sources & unsafe, name
        if name != "img-src":
            assert "data:" not in sources, name
    return 10


def cookies(response) -> int:
    """cookies-not-found: 0."""
    assert "Set-Cookie" not in response.headers
    return 0


def cross_origin_resource_sharing(response) -> int:
    """cross-origin-resource-sharing-not-implemented: 0."""
    assert "Access-Control-Allow-Origin" not in response.headers
    return 0


def referrer_policy(response) -> int:
    """referrer-policy-private: 5."""
    assert response.headers["Referrer-Policy"] in PRIVATE_REFERRERS
    return 5


def strict_transport_security(response) -> int:
    """hsts-implemented-max-age-at-least-six-months: 0."""
    found = re.search(r"max-age=(\d+)", response.headers["Strict-Transport-Security"])
    assert found is not None
    assert int(found[1]) >= SIX_MONTHS
    return 0


def subresource_integrity(response) -> int:
    """sri-not-implemented-but-all-scripts-loaded-from-secure-origin, or no scripts: 0."""
    for source in re.findall(r"<script[^>]*src=\"([^\"]*)\"", response.text):
        assert re.match(r"/[^/]", source), source
    return 0


def x_content_type_options(response) -> int:
    """x-content-type-options-nosniff: 0."""
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return 0


def x_frame_options(response) -> int:
    """x-frame-options-implemented-via-csp: 5."""
    assert policy_of(response)["frame-ancestors"] == {"'none'"}
    assert response.headers["X-Frame-Options"] == "DENY"
    return 5


def cross_origin_resource_policy(response) -> int:
    """cross-origin-resource-policy-implemented-with-same-origin: 10."""
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    return 10


def cross_origin_opener_policy(response) -> int:
    """coop-implemented-with-same-origin: 10."""
    assert response.headers.getlist("Cross-Origin-Opener-Policy") == ["same-origin"]
    return 10


def cross_origin_embedder_policy(response) -> int:
    """coep-not-implemented: 0. The page embeds nothing from other sites, which the CSP enforces."""
    assert "Cross-Origin-Embedder-Policy" not in response.headers
    return 0


RULES = [
    csp,
    cookies,
    cross_origin_resource_sharing,
    referrer_policy,
    strict_transport_security,
    subresource_integrity,
    x_content_type_options,
    x_frame_options,
    cross_origin_resource_policy,
    cross_origin_opener_policy,
    cross_origin_embedder_policy,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_page_keeps_every_rule(response, rule):
    """Every page meets every rule with the best result that a site can reach by itself."""
    assert rule(response) >= 0


def test_plain_http_leads_to_the_same_host(site):
    """redirection-to-https: 0."""
    response = site.get("/", headers={"X-Forwarded-Proto": "http"})
    assert response.status_code == 308
    assert response.headers["Location"] == "https://localhost/"


def test_the_score_is_140_and_the_grade_a_plus(response):
    """The score is 140 of 165: 100, no penalty, and five bonuses. 100 and more is A+.

    The other bonuses are for cookies, which this page does not set, for integrity attributes on
    same-origin scripts, for a preloaded domain, and for an embedder policy.
    """
    modifiers = [rule(response) for rule in RULES]
    assert 100 + sum(m for m in modifiers if m < 0) >= BONUS_FROM
    assert 100 + sum(modifiers) == 140


def test_what_the_page_never_needs_is_off(response):
    """Device features are disabled, which the Observatory does not check."""
    features = response.headers["Permissions-Policy"].split(", ")
    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(features)
    assert all(re.fullmatch(r"[a-z-]+=\(\)", feature) for feature in features)


def test_nothing_says_what_serves(response):
    """No header reveals a version. gunicorn adds its name alone, the shipped nginx nothing."""
    for name in ("X-Powered-By", "X-AspNet-Version", "Via"):
        assert name not in response.headers
