"""The HTML pages."""

import base64
import io
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from support import hand
from tests import fake
from webapp import create_app
from webapp.config import Settings
from webapp.site.pages import SHOWN_SIDE


class Page(HTMLParser):
    """The elements of a page: tag, attributes and the content of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Record the element."""
        self.elements.append((tag, dict(attributes)))
        self._inside = tag

    def handle_endtag(self, tag):
        """Leave the element."""
        self._inside = ""

    def handle_data(self, data):
        """Record the content of scripts and styles."""
        if self._inside in {"script", "style"} and data.strip():
            self.inline.append(data)

    def addresses(self):
        """Return all addresses that the page loads or links to."""
        names = {"href", "src", "action"}
        return {v for _, attributes in self.elements for n, v in attributes.items() if n in names}


def upload(client, data, **fields):
    """Return the response to the page's form."""
    form = {"image": (io.BytesIO(data), "digit.png"), **fields}
    return client.post("/upload", data=form, content_type="multipart/form-data")


def digit_page(client):
    """Return the page for a picture of a 3."""
    return upload(client, hand.png(hand.picture(3)))


def blank_page(client):
    """Return the page for a blank picture."""
    return upload(client, hand.png(np.full((50, 50), 255, np.uint8)))


PAGES = {
    "index": lambda client: client.get("/"),
    "model": lambda client: client.get("/model"),
    "privacy": lambda client: client.get("/privacy"),
    "offline": lambda client: client.get("/offline"),
    "index in Arabic": lambda client: client.get("/?lang=ar"),
    "digit": digit_page,
    "no digit": lambda _: digit_page(fake.site("not_a_number").test_client()),
    "blank": blank_page,
    "broken": lambda client: upload(client, b"not a picture"),
    "missing": lambda client: client.get("/nothing"),
}


@pytest.fixture(params=PAGES)
def response(client, request):
    """The response of each page of the site."""
    return PAGES[request.param](client)


def check_page(response, status=200):
    """Check that a response is HTML with this status, and return its text."""
    assert response.status_code == status
    assert response.content_type == "text/html; charset=utf-8"
    return response.text


def test_the_pad_is_the_first_page(client):
    """The first page has the pad, the answer, and a form that works without JavaScript."""
    page = Page(check_page(client.get("/")))
    assert "canvas" in [tag for tag, _ in page.elements]
    [form] = [attributes for tag, attributes in page.elements if tag == "form"]
    assert form["action"] == "/upload"
    assert (form["method"], form["enctype"]) == ("post", "multipart/form-data")
    files = [a for tag, a in page.elements if tag == "input" and a.get("type") == "file"]
    # The page's script sends pictures of the camera, so the form has one field.
    assert [file.get("name") for file in files] == ["image", None]
    assert files[1]["capture"] == "environment"


def test_the_model_page_compares_with_other_readers(client):
    """It shows the short form of the comparison, with a dash where a reader does not read a set."""
    page = client.get("/model").text
    assert ">Beside other readers</h2>" in page
    assert re.search(
        r'<th scope="row">Drawn numbers, the same</th>(<td>\d+%?</td>){4}<td>–</td>', page
    )


def test_the_model_page_shows_the_card(client):
    """The model page has the card with the version that is in every answer."""
    version = client.get("/api/v1/model").json["version"]
    text = check_page(client.get("/model"))
    assert version in text
    titles = re.findall(r"<summary><h3>Details of the ([\w ]+) \((\w+)\)</h3></summary>", text)
    assert [name for _, name in titles] == ["ink", "pen", "line", "eyes"]
    # Sections are closed and reached by links.
    assert not re.search(r"<details[^>]* open", text)
    assert set(re.findall(r'href="#([\w-]+-model)"', text)) == {
        *("photo-model", "stroke-model", "line-model")
    }


@pytest.mark.parametrize("digit", hand.EACH)
def test_an_upload_is_read(client, digit):
    """An uploaded picture gives a page with its digit."""
    text = check_page(upload(client, hand.png(hand.picture(digit))))
    assert f"Looks like {digit}." in text
    assert "data:image/png;base64," in text


def test_the_picture_is_shown_with_what_was_read(client):
    """The page shows a reduced picture with a box and a digit over it, and describes it."""
    large = np.kron(hand.picture(3), np.ones((5, 5), np.uint8))
    text = check_page(upload(client, hand.png(large)))
    [shown] = re.findall(r'<image href="data:image/jpeg;base64,([^"]+)"', text)
    content = np.frombuffer(base64.b64decode(shown), np.uint8)
    assert cv2.imdecode(content, cv2.IMREAD_GRAYSCALE).shape == (SHOWN_SIDE, SHOWN_SIDE)
    assert '<svg viewBox="0 -100.1 1400 1500.1" role="img"' in text
    assert "The picture, with a box around each digit: 3" in text
    assert re.search(r'<g class="tone-0">\s*<rect [^>]+>\s*<text [^>]+>3</text>', text)


def test_signs_are_shown_in_the_number():
    """Signs are shown in the number without bars, and have a frame over the picture."""
    client = fake.site_of(fake.Reads("-12.50", "23/11")).test_client()
    text = check_page(digit_page(client))
    assert "<title>Read as -12.50; 23/11 · Inkling</title>" in text
    assert "Looks like -12.50; 23/11." in text
    first, second = re.findall(
        r'<span class="line">(.+?)</span>(?=<span class="line">|</div>)', text
    )
    assert first == '<span class="sign">-</span>12<span class="sign">.</span>50'
    assert second == '23<span class="sign">/</span>11'
    assert text.count('<ol class="bars"') == text.count('<g class="tone-') == 8
    assert text.count('<rect class="sign-box"') == 3


def test_a_picture_without_ink_is_shown_too(client):
    """A picture without ink is shown, so that a wrong file is noticed."""
    assert 'aria-label="The picture that was read"' in check_page(blank_page(client))


@pytest.mark.parametrize("path", ["/api", "/api/"])
def test_the_way_to_the_interface(client, path):
    """The API's documentation is linked from every page and found at short addresses."""
    response = client.get(path)
    assert (response.status_code, response.location) == (302, "/api/docs")
    assert 'href="/api/docs"' in client.get("/").text


@pytest.mark.parametrize(
    ("status", "title", "sentence"),
    [
        ("ok", "Read as 1", "Looks like 1."),
        ("unsure", "Read as 1", "Probably 1."),
    ],
)
def test_a_reading_has_a_page(status, title, sentence):
    """The page's words depend on the status, and the bar of the digit is marked."""
    text = check_page(digit_page(fake.site(status).test_client()))
    assert f"<title>{title} · Inkling</title>" in text
    assert sentence in text
    assert text.count('class="best"') == 1


def test_what_is_no_digit_has_a_page():
    """A non-digit's page shows ten probabilities, none of them marked, and the glyph."""
    text = check_page(digit_page(fake.site("not_a_number").test_client()))
    assert "<title>Not a number · Inkling</title>" in text
    assert "This doesn’t look like a number." in text
    assert "Best guess: 1." in text
    assert len(re.findall(r'class="bar-share">[\d.]+%<', text)) == 10
    assert "data:image/png;base64," in text
    assert 'class="best"' not in text


def test_a_blank_picture_has_a_page(client):
    """A blank picture's page says that nothing was found."""
    text = check_page(blank_page(client))
    assert "<title>No writing found · Inkling</title>" in text
    assert "No writing found. Try a sharper photo with darker ink." in text


def test_it_says_how_large_a_picture_may_be():
    """The page has the size limit of the settings."""
    client = create_app(Settings(max_image_bytes=3 * 1024 * 1024)).test_client()
    assert "up to 3 MB" in client.get("/").text


@pytest.mark.parametrize(
    ("status", "data", "word"),
    [
        (415, b"GIF89a" + bytes(50), "PNG"),
        (415, b"\x00\x00\x00\x18ftypheic" + bytes(50), "JPEG"),
        (422, b"", "empty"),
        (422, hand.png(hand.picture(3))[:100], "broken"),
    ],
)
def test_it_rejects_a_picture_with_a_page(client, status, data, word):
    """A refused picture gets a page with the reason and a link back."""
    text = check_page(upload(client, data), status)
    assert word in text
    assert 'href="/"' in text


def test_it_rejects_a_form_without_a_picture_with_a_page(client):
    """A form without a picture gets 400 or 415 as a page."""
    check_page(client.post("/upload", data={}, content_type="multipart/form-data"), 400)
    check_page(client.post("/upload", data=b"{}", content_type="application/json"), 415)


def test_it_rejects_a_picture_that_is_too_large_with_a_page():
    """A picture of too many bytes or pixels gets 413 as a page."""
    client = create_app(Settings(max_image_bytes=1024, max_image_pixels=784)).test_client()
    assert "1024" in check_page(upload(client, bytes(1025)), 413)
    assert "784" in check_page(upload(client, hand.png(np.full((30, 30), 255, np.uint8))), 413)


def test_no_page_has_inline_code_or_style(response):
    """No page has inline code or styles, which the Content-Security-Policy forbids."""
    page = Page(response.text)
    assert page.inline == []
    for tag, attributes in page.elements:
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        for name, value in attributes.items():
            assert name != "style"
            assert not name.startswith("on")
            assert not (value or "").startswith("javascript:")


def test_every_address_on_a_page_is_served(client, response):
    """Every address on a page is served, and none loads files of other sites."""
    page = Page(response.text)
    addresses = page.addresses()
    assert any(address.startswith("/static/") for address in addresses)
    for address in addresses:
        parts = urlsplit(address)
        if parts.scheme == "data":
            continue
        if address.startswith("#"):
            assert address[1:] in [attributes.get("id") for _, attributes in page.elements]
            continue
        assert (parts.scheme, parts.netloc) in (("", ""), ("http", "localhost"))
        expected = 303 if parts.path == "/upload" else 200  # it takes a form and redirects visits
        with client.get(address) as answer:
            assert answer.status_code == expected, address


def test_every_page_says_what_it_is(response):
    """Every page has a language, a title and one first heading."""
    page = Page(response.text)
    tags = [tag for tag, _ in page.elements]
    [html] = [attributes for tag, attributes in page.elements if tag == "html"]
    assert html in ({"lang": "en", "dir": "ltr"}, {"lang": "ar", "dir": "rtl"})
    assert tags.count("title") == tags.count("h1") == 1
