"""Files that search engines, social networks and browsers request by themselves."""

import re

import cv2
import numpy as np
import pytest

from webapp import create_app
from webapp.config import Settings
from webapp.site.discovery import PAGES
from webapp.site.language import NAMES


def test_robots_may_read_pages(client):
    """robots.txt names the sitemap and excludes the API."""
    answer = client.get("/robots.txt")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.text.splitlines() == [
        "User-agent: *",
        "Disallow: /api/v1/",
        "Disallow: /upload",
        "Sitemap: http://localhost/sitemap.xml",
    ]


def test_the_sitemap_names_pages_that_are_there(app):
    """The sitemap lists each page in each language, with its alternates, and all are served."""
    client = app.test_client(use_cookies=False)
    text = client.get("/sitemap.xml").text
    found = re.findall("<loc>(.*)</loc>", text)
    assert len(found) == len(set(found)) == len(PAGES) * len(NAMES)
    links = re.findall('<xhtml:link rel="alternate" hreflang="(..)" href="(.*)"/>', text)
    assert len(links) == len(found) * len(NAMES)
    assert {code for code, _ in links} == NAMES.keys()
    assert {address for _, address in links} == set(found)
    for address in found:
        answer = client.get(address.removeprefix("http://localhost"))
        assert answer.status_code == 200
        assert f'<link rel="canonical" href="{address}">' in answer.text


def test_a_page_says_how_it_is_shown_elsewhere(client):
    """A page has Open Graph metadata with its title and an existing picture."""
    text = client.get("/?lang=de").text
    properties = dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)">', text))
    assert properties["og:title"] in text.split("<title>")[1]
    assert properties["og:url"] == "http://localhost/?lang=de"
    with client.get(properties["og:image"].removeprefix("http://localhost")) as picture:
        shown = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (630, 1200, 3)
    assert "og:url" not in client.get("/nowhere").text


def test_the_service_worker_is_small_and_never_old(client):
    """It is at the root, whose pages it may serve, and a browser asks for it anew each time."""
    with client.get("/service-worker.js") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
        assert answer.headers["Cache-Control"] == "no-cache"
        assert len(answer.data) <= 4 * 1024
        tag = answer.headers["ETag"]
    with client.get("/service-worker.js", headers={"If-None-Match": tag}) as again:
        assert again.status_code == 304


def test_there_is_an_icon_for_what_reads_no_page(client):
    """/favicon.ico is an ICO file."""
    answer = client.get("/favicon.ico")
    assert answer.data[:4] == b"\0\0\1\0"
    assert answer.cache_control.public


@pytest.mark.parametrize("contact", ["mailto:security@site.example", "https://site.example/report"])
def test_a_vulnerability_can_be_reported(contact):
    """security.txt has the operator's contact and expires within a year."""
    client = create_app(Settings(security_contact=contact)).test_client()
    answer = client.get("/.well-known/security.txt")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert f"Contact: {contact}\n" in answer.text
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", answer.text, re.MULTILINE)


def test_without_a_contact_there_is_no_security_txt(client):
    """Without a contact, security.txt is a 404."""
    assert client.get("/.well-known/security.txt").status_code == 404
