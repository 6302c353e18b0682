"""The last readings, which the browser keeps."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import NUMBER, PHONE, PREDICT, no_digit

LINE = [[(0.5, 0.2), (0.5, 0.8)]]

TWO_LINES = re.compile(r"407; 12\??")
"""The example, sure or not."""


def card(visitor):
    """What is folded away below the examples."""
    return visitor.page.locator("[data-recent]")


def open_card(visitor):
    """Unfold it."""
    card(visitor).locator("summary").click()


def texts(visitor):
    """What was read, newest first."""
    return card(visitor).locator("li b")


def press(visitor, text, name=None):
    """Press the button of a reading, or another one beside it."""
    entry = card(visitor).get_by_role("listitem").filter(has_text=re.compile(rf"^\s*{text}\??\s"))
    (entry.get_by_role("button", name=name) if name else entry.locator("[data-reading]")).click()


def keep(visitor, *names):
    """Have these examples read one after the other, and the last one cleared."""
    numbers = {"number": "1987", "lines": "407; 12", "seven": "7"}
    for name in names:
        visitor.example(name)
        visitor.expect_number(numbers[name])
        expect(visitor.page.locator("[data-copy-number]")).to_be_enabled()
    visitor.clear.click()
    visitor.expect_nothing()


def test_what_was_read_is_kept_and_brought_back(visit):
    """Also after a reload: the same strokes with the same answer, which can be undone."""
    visitor = visit()
    expect(card(visitor)).to_be_hidden()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    before = visitor.strokes()
    visitor.expect_number(147)
    expect(card(visitor)).to_be_hidden()  # it is still there
    visitor.clear.click()
    visitor.expect_nothing()
    visitor.page.reload()
    open_card(visitor)
    expect(texts(visitor)).to_have_text(["147"])
    press(visitor, "147")
    visitor.expect_number(147)
    after = visitor.strokes()
    assert [len(stroke["x"]) for stroke in after] == [len(stroke["x"]) for stroke in before]
    for name in "xyt":
        numbers = [stroke[name] for stroke in before]
        for stroke, wanted in zip(after, numbers, strict=True):
            assert stroke[name] == pytest.approx(wanted, abs=0.5)
    visitor.undo.click()
    visitor.expect_nothing()


def test_the_newest_comes_first(visit):
    """What an example takes the place of, what is cleared, and what a picture covers."""
    visitor = visit()
    keep(visitor, "seven", "number", "lines")
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    visitor.example("photo")
    visitor.expect_number(365)
    open_card(visitor)
    expect(texts(visitor)).to_have_text(["147", TWO_LINES, "1987", "7"])


def test_what_is_left_is_kept(visit):
    """Another page, another tab, a reload."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    visitor.page.goto("/privacy")
    visitor.page.goto("/")
    visitor.expect_number(147)
    open_card(visitor)
    expect(texts(visitor)).to_have_text(["147"])


def test_the_same_drawing_is_kept_once(visit):
    """However often the page is left with it, or it is brought back and put away."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    for _ in range(2):
        visitor.page.reload()
        visitor.expect_number(147)
        expect(visitor.page.locator("[data-copy-number]")).to_be_enabled()
    visitor.clear.click()
    visitor.expect_nothing()
    open_card(visitor)
    press(visitor, "147")
    visitor.expect_number(147)
    visitor.clear.click()
    visitor.expect_nothing()
    expect(texts(visitor)).to_have_text(["147"])


def test_what_is_no_number_is_not_kept(visit):
    """Nothing was read."""
    visitor = visit()
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=no_digit(8)))
    visitor.draw(LINE)
    expect(visitor.sentence).to_have_text("This doesn’t look like a number.")
    visitor.clear.click()
    visitor.expect_nothing()
    expect(card(visitor)).to_be_hidden()


def test_a_shared_drawing_is_not_kept(visit):
    """It is somebody else's."""
    visitor = visit("/#drawing=1pW1tbMzAwXSxbMjAwXSxbMF1dXQ", reduced_motion="reduce")
    expect(visitor.page.get_by_role("group", name="A shared drawing")).to_be_visible()
    expect(visitor.sentence).not_to_have_text("Nothing to read yet.")
    visitor.page.get_by_role("button", name="Write your own").click()
    visitor.expect_nothing()
    expect(card(visitor)).to_be_hidden()


def test_one_can_be_deleted(visit):
    """For good; the focus goes to the next one, and to the pad with the last."""
    visitor = visit()
    keep(visitor, "seven", "number", "lines")
    open_card(visitor)
    press(visitor, "1987", "Delete 1987")
    expect(visitor.notice).to_have_text("Deleted.")
    expect(texts(visitor)).to_have_text([TWO_LINES, "7"])
    expect(card(visitor).get_by_role("button", name="Delete 7")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    expect(card(visitor).get_by_role("button", name="Delete 407, 12")).to_be_focused()
    visitor.page.reload()
    expect(card(visitor)).to_be_visible()
    open_card(visitor)
    expect(texts(visitor)).to_have_text([TWO_LINES])
    press(visitor, "407; 12", "Delete")
    expect(card(visitor)).to_be_hidden()
    expect(visitor.pad).to_be_focused()
    visitor.page.reload()
    expect(card(visitor)).to_be_hidden()


def test_all_can_be_deleted(visit):
    """Nothing of them is left in the browser."""
    visitor = visit()
    keep(visitor, "seven", "number")
    open_card(visitor)
    card(visitor).get_by_role("button", name="Delete all").click()
    expect(card(visitor)).to_be_hidden()
    expect(visitor.pad).to_be_focused()
    assert visitor.page.evaluate("localStorage['inkling-recent']") == "[]"


def test_a_reading_keeps_the_focus_when_another_is_added(visit):
    """The one that is pressed puts the drawing on the pad among the others."""
    visitor = visit()
    keep(visitor, "seven")
    visitor.example("number")
    visitor.expect_number(1987)
    open_card(visitor)
    press(visitor, "7")
    visitor.expect_number(7)
    expect(texts(visitor)).to_have_text(["1987", "7"])
    expect(card(visitor).locator("[data-reading]").nth(1)).to_be_focused()


def entry(number):
    """A reading as the browser keeps it."""
    ink = json.dumps([[[number], [200], [0]]])
    return {"text": str(number), "status": "ok", "time": 1_800_000_000_000, "ink": ink}


def fill(visitor, entries):
    """Have the browser keep these."""
    visitor.page.evaluate("text => (localStorage['inkling-recent'] = text)", json.dumps(entries))
    visitor.page.reload()


def test_no_more_than_thirty_are_kept(visit):
    """The oldest goes."""
    visitor = visit()
    fill(visitor, [entry(number) for number in range(100, 130)])
    keep(visitor, "seven")
    open_card(visitor)
    expect(texts(visitor)).to_have_text(["7", *map(str, range(100, 129))])


def test_without_room_the_oldest_go(visit):
    """As many as needed, and nothing fails."""
    visitor = visit()
    fill(visitor, [entry(number) for number in range(100, 130)])
    visitor.page.evaluate(
        """() => {
            const {setItem} = Storage.prototype;
            Storage.prototype.setItem = function (key, value) {
                if (key === "inkling-recent" && value.length > 1000) throw new DOMException("full");
                setItem.call(this, key, value);
            };
        }"""
    )
    keep(visitor, "seven")
    open_card(visitor)
    shown = texts(visitor).all_text_contents()
    assert 2 <= len(shown) < 20
    assert shown == ["7", *map(str, range(100, 99 + len(shown)))]


@pytest.mark.parametrize(
    "kept",
    ["", "{", "5", "null", "[null]", '[{"text": 5, "ink": "[[[1],[1],[1]]]"}]', '[{"text": "5"}]'],
)
def test_what_is_none_of_ours_is_not_shown(visit, kept):
    """And does not keep the page from working."""
    visitor = visit()
    visitor.page.evaluate("text => (localStorage['inkling-recent'] = text)", kept)
    visitor.page.reload()
    expect(card(visitor)).to_be_hidden()
    keep(visitor, "seven")
    expect(card(visitor)).to_be_visible()


def test_nothing_of_them_is_sent(visit):
    """Keeping, showing and deleting ask nobody; only the drawing that is brought back is read."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    asked = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.clear.click()
    visitor.expect_nothing()
    open_card(visitor)
    expect(texts(visitor)).to_have_text(["147"])
    card(visitor).get_by_role("button", name="Delete 147").click()
    expect(card(visitor)).to_be_hidden()
    assert asked == []


@pytest.mark.parametrize("path", ["/", "/?lang=ar", "/?lang=de"])
def test_they_fit_a_small_phone(visit, path):
    """At 320 pixels, buttons as large as fingers, text within its button."""
    visitor = visit(path, **PHONE | {"viewport": {"width": 320, "height": 568}})
    fill(visitor, [entry(5) | {"text": "123456789012345"}, entry(7) | {"status": "unsure"}])
    open_card(visitor)
    assert texts(visitor).nth(1).text_content() == "7?"
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 320
    for button in card(visitor).get_by_role("button").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 44
        assert button.evaluate("button => button.scrollWidth <= button.clientWidth")
