"""What the main states look like, held to pictures that were looked at and accepted.

Answers are made up, so that another model changes nothing. Letters are drawn differently by other
browsers and with other fonts: the pictures say what they were made with, and elsewhere the test is
skipped. `make looks` accepts how the pages look now; look at what it has changed before committing.
"""

import base64
import json
import os

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from support.hand import picture, png
from tests.browser.visitor import NUMBER, PHONE, PREDICT, answer, no_digit
from webapp.config import ROOT

LOOKS = ROOT / "tests/browser/looks"
MADE_WITH = LOOKS / "made-with.json"
SEEN = ROOT / "build/looks"
"""Where what was seen instead is left."""

ACCEPT = bool(os.environ.get("ACCEPT_LOOKS"))

DIFFERENT = 24
"""Levels of 255 by which a pixel of the halved picture may differ."""

MOST_DIFFERENT = 0.0003
"""Share of its pixels that may differ by more: less than a word of text."""

FONTS = """() => {
    const context = document.createElement("canvas").getContext("2d");
    return ["system-ui", "monospace"].map(family => {
        context.font = `40px ${family}`;
        return ["Inkling reads 0123456789", "العربية"].map(text =>
            Math.round(context.measureText(text).width));
    });
}"""

STILL = "() => Object.defineProperty(Event.prototype, 'timeStamp', { get: () => 0 })"
"""Stops the clock of events: the width of ink depends on the speed of the hand."""

DESKTOP = {"viewport": {"width": 1280, "height": 860}}
DARK = {"color_scheme": "dark"}
SMALL = PHONE | {"viewport": {"width": 320, "height": 640}, "device_scale_factor": 1}
HAND = PHONE | {"device_scale_factor": 1}


def reading(text, places, **changes):
    """A made-up answer: digits at these places, each x, y, width and height."""
    digits = []
    for number, (value, (x, y, width, height)) in enumerate(zip(text, places, strict=True)):
        one = answer(int(value), 0.99 - 0.03 * number)["digits"][0]
        box = {"x": x, "y": y, "width": width, "height": height}
        digits.append(one | {"box": box, "strokes": [number]})
    return answer(0) | {"text": text, "lines": [text], "digits": digits, **changes}


def explanation():
    """Made-up maps: gradients in every direction; the lower ink speaks for the digit."""

    def maps(side, count):
        rng = np.random.default_rng(side)
        rows, across = -(-count // 8), min(8, count)
        coarse = rng.integers(0, 255, (rows * 2, across * 2), np.uint8)
        large = cv2.resize(coarse, (across * side, rows * side), interpolation=cv2.INTER_NEAREST)
        return "data:image/png;base64," + base64.b64encode(png(large)).decode()

    evidence = np.linspace(-1, 4, 28)[:, np.newaxis].repeat(28, axis=1)
    shapes = {"glyph": (28, 5), "conv1": (26, 32), "conv2": (11, 64), "conv3": (3, 64)}
    return {
        "digit": 1,
        "glyph": answer(1)["digits"][0]["glyph"],
        "layers": [
            {
                "name": name,
                "shape": [side, side, count],
                "parameters": 100 * count,
                "maps": maps(side, count),
            }
            for name, (side, count) in shapes.items()
        ],
        "probabilities": answer(1, 0.95, [(7, 0.05)])["digits"][0]["probabilities"],
        "evidence": evidence.tolist(),
    }


def reply(visitor, body):
    """Let everything be answered so."""
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=body))


def idle(visitor):
    """As it comes."""


def number(visitor):
    """Three digits and another reading, one digit chosen."""
    surface = visitor.pad.evaluate("pad => pad.clientWidth / pad.clientHeight")
    width = 1000 * surface
    places = [
        (0.1 * width, 250, 0.01 * width, 500),
        (0.24 * width, 250, 0.1 * width, 500),
        (0.42 * width, 250, 0.18 * width, 500),
    ]
    others = [{"text": "141", "confidence": 0.021}]
    reply(visitor, reading("147", places, confidence=0.942, alternatives=others))
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    visitor.page.locator(".digit").nth(2).click()
    visitor.page.mouse.move(0, 0)


def no_number(visitor):
    """Ink that is none."""
    reply(visitor, no_digit(8, [(8, 0.08)]))
    visitor.draw_digit(8)
    expect(visitor.sentence).to_have_text("This doesn’t look like a number.")


def photo(visitor):
    """A picture with what was read over it."""
    places = [(78, 53, 124, 188)]
    surface = {"width": 280, "height": 280}
    reply(visitor, reading("7", places, confidence=0.97, surface=surface))
    file = {"name": "7.png", "mimeType": "image/png", "buffer": png(picture(7, paper=225))}
    visitor.file.set_input_files(file)
    visitor.expect_number(7)
    expect(visitor.photo_boxes).to_be_visible()


def failed(visitor):
    """A failure is shown."""
    visitor.expected_errors.append("500")
    visitor.page.route(PREDICT, lambda route: route.fulfill(status=500, json={}))
    visitor.draw_digit(8)
    expect(visitor.sentence).to_have_text("That didn’t work.")


def explained(visitor):
    """What the network sees."""
    visitor.page.route("**/api/v1/explain", lambda route: route.fulfill(json=explanation()))
    reply(visitor, reading("1", [(690, 250, 10, 500)], confidence=0.95))
    visitor.draw([[(0.5, 0.25), (0.49, 0.75)]])
    visitor.expect_number(1)
    visitor.page.locator("[data-explain] > summary").click()
    expect(visitor.page.locator("[data-explain-where]")).not_to_be_empty()
    visitor.page.mouse.move(0, 0)


def corrected(visitor):
    """A digit is corrected, and the list of corrections is open."""
    number(visitor)
    visitor.page.locator("[data-correct]").click()
    visitor.page.locator("[data-right]").nth(1).click()
    visitor.page.locator("[data-corrections] summary").click()
    expect(visitor.page.locator("[data-corrections] li")).to_have_count(1)
    visitor.page.mouse.move(0, 0)


STATES = {
    "desktop-idle": (idle, "/", DESKTOP),
    "desktop-number": (number, "/", DESKTOP),
    "desktop-number-dark": (number, "/", DESKTOP | DARK),
    "desktop-corrected-dark": (corrected, "/", DESKTOP | DARK),
    "desktop-explained": (explained, "/", DESKTOP),
    "desktop-privacy": (idle, "/privacy", DESKTOP),
    "desktop-arabic": (idle, "/?lang=ar", DESKTOP),
    "phone-idle": (idle, "/", HAND),
    "phone-number": (number, "/", HAND),
    "phone-explained-dark": (explained, "/", HAND | DARK),
    "phone-corrected": (corrected, "/", HAND),
    "phone-no-number-dark": (no_number, "/", HAND | DARK),
    "phone-photo": (photo, "/", HAND),
    "small-failed": (failed, "/", SMALL),
}


def made_with(browser, page):
    """What letters are drawn with here."""
    return {"chromium": browser.version.split(".")[0], "widths": page.evaluate(FONTS)}


@pytest.mark.parametrize("name", STATES)
def test_it_looks_as_accepted(visit, browser, name):
    """Where the accepted pictures were made with this browser and these fonts."""
    state, path, options = STATES[name]
    visitor = visit(path, **options)
    here = made_with(browser, visitor.page)
    if not ACCEPT and here != (there := json.loads(MADE_WITH.read_text(encoding="utf-8"))):
        pytest.skip(f"the pictures were made with {there}, here is {here}")
    visitor.page.evaluate(STILL)
    state(visitor)
    visitor.wait_for("() => document.getAnimations().every(a => a.playState !== 'running')")
    shown = visitor.page.screenshot(full_page=True, animations="disabled", caret="hide")
    seen = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR)
    seen = cv2.resize(seen, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    if ACCEPT:
        LOOKS.mkdir(exist_ok=True)
        cv2.imwrite(str(LOOKS / f"{name}.png"), seen, [cv2.IMWRITE_PNG_COMPRESSION, 9])
        MADE_WITH.write_text(json.dumps(here, indent=2) + "\n", encoding="utf-8")
        return
    accepted = cv2.imread(str(LOOKS / f"{name}.png"))
    differs = accepted.shape != seen.shape or (
        (cv2.absdiff(accepted, seen).max(axis=2) > DIFFERENT).mean() > MOST_DIFFERENT
    )
    if differs:
        SEEN.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(SEEN / f"{name}.png"), seen)
    assert not differs, f"compare build/looks/{name}.png with tests/browser/looks/{name}.png"
