"""What axe-core finds on the pages: nothing, in any mode."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_picture import NO_PICTURE, choose, image_file
from tests.browser.visitor import PHONE, PREDICT, no_digit, symbols

LIGHT = {"color_scheme": "light", "forced_colors": "none"}
COLOURS = [LIGHT, LIGHT | {"color_scheme": "dark"}, LIGHT | {"forced_colors": "active"}]

MODES = {
    "1280 px": ({}, COLOURS),
    "320 px": (PHONE | {"viewport": {"width": 320, "height": 568}}, [LIGHT]),
}
"""Options of the browser, and the colours that a page is checked in."""

OPTIONS = {
    "runOnly": [
        *("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"),
        "best-practice",
    ]
}


def idle(visitor):
    """As it comes."""


def number(visitor):
    """A number, one of its digits chosen, and what the network sees of it."""
    visitor.example("number")
    visitor.expect_number(1987)
    visitor.page.locator(".digit").nth(1).click()
    visitor.page.locator("[data-explain] > summary").click()
    expect(visitor.page.locator("output[for=map-conv1]")).to_contain_text("of 32")


def explained(visitor):
    """All that is said of how a digit was read."""
    number(visitor)
    for summary in visitor.page.locator(".deeper > summary").all():
        summary.click()
    expect(visitor.page.locator("#map-conv3")).to_be_visible()


def no_number(visitor):
    """Ink that is none."""
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=no_digit(8, [(8, 0.08)])))
    visitor.draw_digit(8)
    expect(visitor.sentence).to_have_text("This doesn’t look like a number.")


def photo(visitor):
    """A photo on the stage."""
    visitor.example("photo")
    expect(visitor.photo_boxes.first).to_be_visible()


def signs(visitor):
    """A number with signs, over a picture."""
    body = symbols("-4.2", "5%", alternatives=[{"text": "-4.7\n5%", "confidence": 0.02}])
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=body))
    choose(visitor, image_file(7))
    expect(visitor.answer.locator(".sign")).to_have_count(3)


def failed(visitor):
    """A failure is shown."""
    visitor.expected_errors.append("500")
    visitor.page.route(PREDICT, lambda route: route.fulfill(status=500, json={}))
    visitor.draw_digit(8)
    expect(visitor.sentence).to_have_text("That didn’t work.")


def refused(visitor):
    """A file is refused beside a number of which a digit was left out."""
    visitor.example("number")
    visitor.expect_number(1987)
    visitor.page.get_by_role("button", name="Ignore this digit").click()
    visitor.expect_number(987)
    visitor.file.set_input_files(NO_PICTURE)
    expect(visitor.page.locator("[data-refused]")).not_to_be_empty()


def menu(visitor):
    """The menu of languages is open."""
    visitor.page.locator("[data-menu] summary").click()


def saving(visitor):
    """The menu of what can be saved is open."""
    number(visitor)
    expect(visitor.page.locator("[data-replay]")).to_be_enabled()
    visitor.page.locator("[data-save] summary").click()


def recent(visitor):
    """Readings are listed."""
    for name in ("number", "seven"):
        visitor.example(name)
        expect(visitor.page.locator("[data-copy-number]")).to_be_enabled()
    visitor.clear.click()
    visitor.page.locator("[data-recent] summary").click()
    expect(visitor.page.locator("[data-reading]")).to_have_count(2)


def shared(visitor):
    """A drawing that came with a link."""
    visitor.page.goto("/#drawing=1pW1tbMzAwXSxbMjAwXSxbMF1dXQ")
    expect(visitor.page.get_by_role("group", name="A shared drawing")).to_be_visible()
    expect(visitor.sentence).not_to_have_text("Nothing to read yet.")


STATES = [
    idle, number, explained, no_number, photo, signs, failed, refused, menu, saving, recent, shared,
]  # fmt: skip


def check(visitor, mode):
    """Fail with what axe has found in the colours of a mode, if anything."""
    for colours in MODES[mode][1]:
        visitor.page.emulate_media(**colours)
        # What is half faded in has half its contrast.
        visitor.wait_for("() => document.getAnimations().every(a => a.playState !== 'running')")
        found = Axe().run(visitor.page, options=OPTIONS)
        assert found.violations_count == 0, f"{colours}\n{found.generate_report()}"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing_on_the_page(visit, mode, state):
    """In every state, in every mode."""
    visitor = visit(**MODES[mode][0])
    state(visitor)
    check(visitor, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", ["/model", "/privacy", "/api/docs", "/nothing", "/?lang=ar"])
def test_axe_finds_nothing_on_the_other_pages(visit, mode, path):
    """The models, privacy, errors, and a language from right to left."""
    visitor = visit(path, **MODES[mode][0])
    visitor.expected_errors.append("404")
    check(visitor, mode)


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing_in_the_model_cards(visit, mode):
    """All of them open."""
    visitor = visit("/model", **MODES[mode][0])
    visitor.page.evaluate("document.querySelectorAll('main details').forEach(d => (d.open = true))")
    check(visitor, mode)
