"""Digits that the visitor leaves out of the answer."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_picture import choose, image_file
from tests.browser.visitor import NUMBER, PREDICT, answer


def reading(**changes):
    """147 in a picture, the 1 being the edge of a table."""
    digits = []
    for value, x in ((1, 10), (4, 80), (7, 180)):
        box = {"x": x, "y": 50, "width": 40, "height": 180}
        one = answer(value, 0.9, is_digit=changes.get("status") != "not_a_number" or value != 1)
        digits.append(one["digits"][0] | {"box": box})
    whole = {"text": "147", "lines": ["147"], "digits": digits, "confidence": 0.729}
    return answer(1) | whole | {"surface": {"width": 280, "height": 280}} | changes


@pytest.fixture
def visitor(visit):
    """Someone whose picture was read as 147."""
    visitor = visit()
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=reading()))
    choose(visitor, image_file(7))
    visitor.expect_number(147)
    return visitor


def button(visitor, name):
    """A button by its name."""
    return visitor.page.get_by_role("button", name=name, exact=True)


def test_a_false_box_is_left_out(visitor):
    """Of the number, of what is heard and of what is copied; its box is marked as left out."""
    page = visitor.page
    page.evaluate("navigator.clipboard.writeText = async text => (window.copied = text)")
    visitor.photo_boxes.first.click()
    button(visitor, "Ignore this digit").click()
    visitor.expect_number(47)
    expect(visitor.live).to_have_text("Looks like 47. Confidence: 81%. Some marks were ignored.")
    expect(visitor.photo_boxes.locator("b")).to_have_text(["4", "7"])
    expect(page.locator("[data-photo-boxes] .ignored")).to_have_count(1)
    button(visitor, "Copy").click()
    assert page.evaluate("copied") == "47"


def test_there_is_a_way_back(visitor):
    """What was left out last comes back first, and everything is as it was."""
    for number in (47, 7):
        button(visitor, "Ignore this digit").click()
        visitor.expect_number(number)
    expect(button(visitor, "Ignore this digit")).to_be_hidden()
    expect(visitor.page.locator("[data-answer-back]")).to_be_focused()
    for number in (47, 147):
        button(visitor, f"Restore: {number}").click()
        visitor.expect_number(number)
    expect(visitor.page.locator("[data-answer-back]")).to_be_hidden()
    expect(button(visitor, "Ignore this digit")).to_be_focused()
    expect(visitor.detail).to_have_text("Confidence: 73%.")
    expect(visitor.photo_boxes).to_have_count(3)


@pytest.mark.parametrize("key", ["Delete", "Backspace"])
def test_the_keyboard_leaves_out_too(visitor, key):
    """On a digit; the next one is focused, and none vanishes when it is the last."""
    digits = visitor.page.locator(".digit")
    digits.nth(1).focus()
    visitor.page.keyboard.press(key)
    visitor.expect_number(17)
    expect(digits.nth(1)).to_be_focused()
    visitor.page.keyboard.press(key)
    visitor.expect_number(1)
    expect(digits.first).to_be_focused()
    visitor.page.keyboard.press(key)
    visitor.expect_number(1)


def test_a_new_reading_starts_afresh(visitor):
    """The server was not told what was left out."""
    button(visitor, "Ignore this digit").click()
    visitor.expect_number(47)
    visitor.submit.click()
    visitor.expect_number(147)
    expect(visitor.page.locator("[data-answer-back]")).to_be_hidden()


def test_what_is_no_digit_can_be_left_out_of_what_was_considered(visit):
    """The digits are shown beside the question mark; without the other they are a guess."""
    visitor = visit()
    none = reading(status="not_a_number", text="", lines=[])
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=none))
    choose(visitor, image_file(7))
    expect(visitor.answer).to_have_text("147?")
    button(visitor, "Ignore this digit").click()
    visitor.expect_number(47)
    expect(visitor.sentence).to_have_text("Probably 47.")


def test_a_scribble_beside_a_number_is_named(visit):
    """Not only a question mark: what the number would be, and what was left out."""
    visitor = visit()
    scribble = [(0.7 + 0.2 * i / 60, 0.5 + 0.1 * (-1) ** (i // 4)) for i in range(60)]
    visitor.draw([*NUMBER, scribble])
    expect(visitor.sentence).to_have_text("This doesn’t look like a number.")
    expect(visitor.detail).to_contain_text("Best guess: 147")
    expect(visitor.detail).to_contain_text("The marks in the dotted frame were ignored.")
    # Most of the line is no symbol: all of it is left out.
    expect(visitor.page.locator("[data-boxes] .ignored")).to_have_count(4)


def test_the_explanation_is_of_the_digit_that_stays(visitor):
    """Its place in the picture is asked for, not its place in what is left."""
    button(visitor, "Ignore this digit").click()
    visitor.expect_number(47)
    with visitor.page.expect_request("**/api/v1/explain?index=1"):
        visitor.page.locator("[data-explain] > summary").click()
    visitor.expected_errors.append("422")


def test_undo_puts_back_first(visit):
    """Leaving out was the last of all that was done; before it came the strokes."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    button(visitor, "Ignore this digit").click()
    visitor.expect_number(47)
    visitor.page.keyboard.press("Control+z")
    visitor.expect_number(147)
    assert len(visitor.strokes()) == len(NUMBER)
    visitor.page.keyboard.press("Control+z")
    expect(button(visitor, "Redo")).to_be_enabled()
    assert len(visitor.strokes()) == len(NUMBER) - 1


def test_nothing_is_put_back_over_something_newer(visitor):
    """While another picture is read, the old answer is not brought back."""
    page = visitor.page
    visitor.photo_boxes.first.click()
    button(visitor, "Ignore this digit").click()
    visitor.expect_number(47)
    page.unroute(PREDICT)
    page.route(PREDICT, lambda route: None)
    choose(visitor, image_file(4))
    words = page.locator("[data-answer-text]")
    expect(words).to_have_attribute("aria-busy", "true")
    visitor.page.locator("[data-answer-back]").click()
    expect(words).to_have_attribute("aria-busy", "true")
    expect(visitor.photo_boxes).to_have_count(0)
