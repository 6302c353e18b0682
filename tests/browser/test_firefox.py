"""The main journeys in Firefox: what depends on the engine."""

import time
from contextlib import contextmanager

import pytest

from support import firefox
from support.hand import DIGITS, picture, png
from tests.browser.visitor import NUMBER

SECONDS = 30
"""Time limit of what a page is waited for, in seconds, generous for a busy machine."""

SENTENCE = "return document.querySelector('[data-answer-sentence]').textContent"

INK = """
const pad = document.querySelector("[data-pad]");
const {data} = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height);
return data.filter((value, i) => i % 4 === 3 && value > 127).length;
"""

PLACE = """
const pad = document.querySelector("[data-pad]");
pad.scrollIntoView({block: "center", behavior: "instant"});
const {left, top, width, height} = pad.getBoundingClientRect();
return {left, top, width, height};
"""

LINK = """
navigator.clipboard.writeText = async text => (window.copied = text);
document.querySelector("[data-share]").click();
"""

DARK = {"layout.css.prefers-color-scheme.content-override": 0}
"""Preference of an operating system in the dark."""


@contextmanager
def opened(**preferences):
    """A Firefox with an empty profile."""
    path = firefox.find()
    if path is None:
        pytest.skip(f"there is no Firefox, under any of these names: {', '.join(firefox.NAMES)}")
    with firefox.running_firefox(path, **preferences) as browser:
        yield browser


@pytest.fixture(scope="module")
def browser():
    """A Firefox for all tests that change nothing in it."""
    with opened() as browser:
        yield browser


@pytest.fixture
def page(browser, site):
    """The page in it, as on a first visit, in English."""
    browser.go(f"{site}/privacy")
    browser.run("localStorage.clear(); sessionStorage.clear();")
    browser.go(f"{site}/?lang=en")
    return browser


def wait_for(browser, script, *arguments):
    """Wait until a script returns something true. Return that."""
    deadline = time.monotonic() + SECONDS
    while not (value := browser.run(script, *arguments)):
        assert time.monotonic() < deadline, (script, browser.run(SENTENCE))
        time.sleep(0.05)
    return value


def expect_number(browser, text):
    """Wait until the page has read this."""
    wait_for(browser, f"{SENTENCE}.includes(arguments[0])", f" {text}.")


def draw(browser, strokes):
    """Draw strokes, points in the unit square, with the mouse."""
    place = browser.run(PLACE)
    for stroke in strokes:
        moves = [
            {
                "type": "pointerMove",
                "x": round(place["left"] + x * place["width"]),
                "y": round(place["top"] + y * place["height"]),
                "duration": 20,
            }
            for x, y in stroke
        ]
        down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        browser.act(type="pointer", actions=[moves[0], down, *moves[1:], up])


def test_it_reads_what_is_drawn(page):
    """A number and a digit, and the pad is cleared between them."""
    draw(page, NUMBER)
    expect_number(page, 147)
    assert page.run(INK) > 0
    page.click("[data-clear]")
    assert page.run(INK) == 0
    draw(page, DIGITS[3])
    expect_number(page, 3)


def test_it_reads_an_upload(page, tmp_path):
    """The picture is shown with a box."""
    path = tmp_path / "7.png"
    path.write_bytes(png(picture(7)))
    page.type("input[data-file]", str(path))
    expect_number(page, 7)
    wait_for(page, "return document.querySelectorAll('[data-photo-boxes] .box').length === 1")


def test_a_link_holds_the_drawing(page, site):
    """It is replayed, and read as before."""
    draw(page, NUMBER)
    expect_number(page, 147)
    page.run(LINK)
    link = wait_for(page, "return window.copied")
    assert link.startswith(f"{site}/#drawing=1z")
    page.go(f"{site}/privacy")
    page.run("sessionStorage.clear();")
    page.go(link)
    wait_for(page, "return !document.querySelector('[data-shared]').hidden")
    expect_number(page, 147)


def test_the_keyboard_draws(page):
    """Space puts the pen down, arrows move it."""
    page.run("document.querySelector('[data-pad]').focus()")
    space, arrow_down = " ", "\ue015"
    keys = [space, *[arrow_down] * 12, space]
    page.act(
        type="key",
        actions=[{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")],
    )
    expect_number(page, 1)
    assert page.run(INK) > 0


def test_it_is_dark_in_the_dark(site):
    """The background is darker than the text."""
    with opened(**DARK) as browser:
        browser.go(site)
        colours = browser.run(
            """const {color, backgroundColor} = getComputedStyle(document.body);
            return [color, backgroundColor].map(c => Number(c.match(/\\d+/)[0]));"""
        )
        assert colours[0] > 200 > 60 > colours[1]


def test_arabic_runs_from_right_to_left(page, site):
    """The page is turned, numbers are not."""
    page.go(f"{site}/?lang=ar")
    left, right = page.run(
        """return ["[data-submit]", "[data-undo]"].map(
            name => document.querySelector(name).getBoundingClientRect().left);"""
    )
    assert left < right
    draw(page, NUMBER)
    wait_for(page, "return document.querySelectorAll('.digit').length === 3")
    places = page.run(
        """return [...document.querySelectorAll(".digit")].map(
            digit => digit.getBoundingClientRect().left);"""
    )
    assert places == sorted(places)


def test_the_page_is_kept_for_a_time_without_the_server(page):
    """With all of its files."""
    kept = page.run(
        """const files = [...document.querySelectorAll("link[rel=modulepreload]")];
        const addresses = ["/", ...files.map(({href}) => href)];
        const isKept = async address => Boolean(await caches.match(address, {ignoreVary: true}));
        return navigator.serviceWorker.ready.then(() => Promise.all(addresses.map(isKept)));"""
    )
    assert len(kept) > 20
    assert all(kept)
