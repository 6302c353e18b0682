"""The site for a browser without JavaScript."""

import pytest
from playwright.sync_api import expect

from support.hand import picture, png
from tests.browser.test_picture import NO_PICTURE, image_file


@pytest.fixture
def visitor(visit):
    """Someone who has turned JavaScript off."""
    return visit(java_script_enabled=False)


def upload(visitor, file):
    """Choose a file and send the form."""
    visitor.file.set_input_files(file)
    visitor.page.get_by_role("button", name="Read the picture").click()


def test_it_reads_a_picture(visitor):
    """The form leads to a page with the digit, its bars and its glyph."""
    upload(visitor, image_file(8))
    page = visitor.page
    expect(page).to_have_title("Read as 8 · Inkling")
    expect(page.locator(".answer-number")).to_have_text("8")
    expect(page.locator(".answer-sentence")).to_have_text("Looks like 8.")
    expect(page.locator(".bars li")).to_have_count(10)
    expect(page.locator(".bars .best .bar-digit")).to_have_text("8")
    glyph = page.locator(".glyph img")
    expect(glyph).to_be_visible()
    assert glyph.evaluate("image => image.naturalWidth") == 28


def test_another_picture_can_follow(visitor):
    """The page with the answer takes the next picture."""
    upload(visitor, image_file(2))
    expect(visitor.page.locator(".answer-number")).to_have_text("2")
    upload(visitor, image_file(7))
    expect(visitor.page.locator(".answer-number")).to_have_text("7")


def test_only_what_works_is_shown(visitor):
    """The pad, its tools and the empty answer are not there; the reason is."""
    expect(visitor.pad).to_be_hidden()
    expect(visitor.submit).to_be_hidden()
    expect(visitor.answer).to_be_hidden()
    expect(visitor.page.locator("[data-explain]")).to_be_hidden()
    expect(visitor.page.locator("[data-theme-switch]")).to_be_hidden()
    expect(visitor.page.locator("noscript p")).to_be_visible()
    expect(visitor.page.get_by_text("drop it anywhere")).to_be_hidden()


def test_an_empty_picture_is_said_to_be_empty(visitor):
    """A page explains that there is no ink."""
    blank = png(picture(2, ink=255))
    upload(visitor, {"name": "blank.png", "mimeType": "image/png", "buffer": blank})
    expect(visitor.page.get_by_role("heading", name="No writing found")).to_be_visible()


def test_an_unreadable_file_leads_to_a_page_that_says_so(visitor):
    """The refusal is a page with the server's words and a way back."""
    visitor.expected_errors.append("415")
    upload(visitor, NO_PICTURE)
    expect(visitor.page.get_by_text("not a PNG, JPEG or WebP")).to_be_visible()
    visitor.page.get_by_role("link", name="Back to the start page").click()
    expect(visitor.file).to_be_visible()


def test_the_language_can_be_chosen(visitor):
    """By the menu, which needs no script; the answer speaks it too."""
    page = visitor.page
    page.locator("[data-menu] summary").click()
    page.get_by_role("link", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    visitor.file.set_input_files(image_file(8))
    page.get_by_role("button", name="Das Bild lesen").click()
    expect(page.locator(".answer-sentence")).to_have_text("Sieht aus wie 8.")
