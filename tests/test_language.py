"""The page's languages."""

import re

import pytest

from webapp.config import ROOT
from webapp.site.language import NAMES, TEXTS

SOURCES = [
    *ROOT.glob("templates/*.html"),
    *ROOT.glob("static/js/*.js"),
    ROOT / "webapp/site/words.py",
]


def names_in(text):
    """Return the placeholders of a text."""
    return set(re.findall(r"\{(\w+)\}", text))


def get(client, path="/", accept="", **kwargs):
    """Return a page for a browser with these languages."""
    return client.get(path, headers={"Accept-Language": accept}, **kwargs)


@pytest.mark.parametrize("language", NAMES)
def test_every_language_has_every_text(language):
    """Every language has the same texts, none empty, with the same placeholders."""
    assert TEXTS[language].keys() == TEXTS["en"].keys() == {"page", "words"}
    for section, texts in TEXTS["en"].items():
        assert TEXTS[language][section].keys() == texts.keys()
        for name, text in texts.items():
            translated = TEXTS[language][section][name]
            assert translated.strip()
            assert names_in(translated) == names_in(text), name


def test_no_text_is_without_use():
    """Each text is used by a template or a script, by its whole name or by a prefix."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    built = ("problem_", "privacy_", "example_", "considered_", "digit_", "sign_")
    built += ("legend_", "place_", "late_hint", "lost_hint", "crowded_hint")
    for texts in TEXTS["en"].values():
        for name in texts:
            quoted = re.search(rf"['\"]{re.escape(name)}['\"]", source)
            assert quoted or name.startswith(built), name


@pytest.mark.parametrize(
    ("accept", "language", "direction"),
    [
        ("", "en", "ltr"),
        ("de-AT,de;q=0.9,en;q=0.8", "de", "ltr"),
        ("es-MX", "es", "ltr"),
        ("ar-EG,ar;q=0.9", "ar", "rtl"),
        ("fr,nl;q=0.5", "en", "ltr"),
    ],
)
def test_the_browsers_language_is_spoken(client, accept, language, direction):
    """The page is in the language of Accept-Language, and in English otherwise."""
    response = get(client, accept=accept)
    assert f'<html lang="{language}" dir="{direction}">' in response.text
    assert response.headers["Content-Language"] == language
    assert "Accept-Language" in response.headers["Vary"]
    assert TEXTS[language]["page"]["pad_hint"] in response.text


@pytest.mark.parametrize("path", ["/", "/privacy", "/model", "/nothing"])
def test_a_language_can_be_chosen(client, path):
    """The address selects the language on every page, and the links of the page keep it."""
    response = get(client, f"{path}?lang=de", accept="es")
    assert '<html lang="de" dir="ltr">' in response.text
    assert 'href="/?lang=de"' in response.text
    assert 'href="/privacy?lang=de"' in response.text


@pytest.mark.parametrize(
    ("language", "said"), [("de", "Englisch"), ("es", "inglés"), ("ar", "بالإنجليزية")]
)
def test_links_to_pages_in_english_say_so(client, language, said):
    """Those of the models and of the API, in their text and for software."""
    text = get(client, f"/?lang={language}").text
    links = re.findall(r'<a [^>]*href="/(?:model|api/docs)\?[^>]*>[^<]*</a>', text)
    assert len(links) == 3
    assert all('hreflang="en"' in link and said in link for link in links)


def test_every_page_offers_all_languages(client):
    """Every page links to itself in each language, by the language's own name."""
    text = get(client, "/privacy").text
    for code, name in NAMES.items():
        assert re.search(rf'<a href="/privacy\?lang={code}"[^>]*>{name}</a>', text)


def test_a_language_that_is_not_there_is_passed_over(client):
    """For an unknown language, the browser's language is used."""
    assert '<html lang="es"' in get(client, "/?lang=xx", accept="es").text


def test_the_interface_speaks_english(client):
    """The API does not negotiate languages."""
    response = client.post("/api/v1/predict/strokes", json=[], headers={"Accept-Language": "de"})
    assert "Content-Language" not in response.headers
    assert "expected" in response.json["detail"]


def test_a_chosen_language_is_remembered(client):
    """A cookie stores the name of a chosen language only, and another choice replaces it."""
    for code in ("de", "ar"):
        [cookie] = get(client, f"/?lang={code}").headers.getlist("Set-Cookie")
        for part in (f"inkling-language={code};", "Max-Age=31536000", "HttpOnly", "SameSite=Lax"):
            assert part in cookie
        assert "Secure" not in cookie
        again = get(client, "/privacy", accept="es")
        assert f'<html lang="{code}"' in again.text
        assert "Set-Cookie" not in again.headers
        assert "Cookie" in again.headers["Vary"]


def test_over_https_the_language_goes_over_https_only(client):
    """Over HTTPS, the cookie is Secure."""
    response = get(client, "/?lang=de", base_url="https://localhost")
    assert "Secure" in response.headers["Set-Cookie"]


def test_it_rejects_a_remembered_language_that_is_not_there(client):
    """A cookie with an unknown language is ignored, and the browser's language is used."""
    client.set_cookie("inkling-language", "xx")
    assert '<html lang="es"' in get(client, accept="es").text


def test_an_endless_list_of_languages_is_not_read_to_its_end(client):
    """A long Accept-Language, which took 1.2 s for 720 KB, is cut off."""

    def language(accepted):
        return client.get("/privacy", headers={"Accept-Language": accepted}).headers[
            "Content-Language"
        ]

    assert language("fr,it,de;q=0.5") == "de"
    assert language("fr," * 100_000 + "de") == "en"
