"""The copy buttons of the code samples on the interface's page."""

import json

from playwright.sync_api import expect

from tests.browser.visitor import NUMBER, PREDICT

NO_CLIPBOARD = """() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("no"));
}"""


def first_sample(page):
    """Its button and its code."""
    figure = page.locator(".sample").first
    return figure.get_by_role("button"), figure.locator("code")


def test_a_sample_can_be_copied(visit):
    """Whole, and the button says so, also to a screen reader, for a while."""
    page = visit("/api/docs", permissions=["clipboard-read", "clipboard-write"]).page
    button, code = first_sample(page)
    expect(button).to_have_accessible_name("Copy: Read a drawing, curl")
    button.click()
    expect(button).to_have_text("Copied")
    expect(page.locator("[data-copied]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == code.text_content()
    expect(button).to_have_text("Copy")
    expect(page.locator("[data-copied]")).to_be_empty()


def test_a_sample_is_selected_where_nothing_may_be_copied(visit):
    """The keyboard can copy what is selected."""
    page = visit("/api/docs").page
    page.evaluate(NO_CLIPBOARD)
    button, code = first_sample(page)
    button.click()
    expect(page.locator("[data-copied]")).to_contain_text("Ctrl+C")
    selected = page.evaluate("getSelection().toString()")
    assert selected.strip() == code.text_content().strip()


def tried(page, name):
    """Send by a button, and return the answer that is shown below it."""
    page.get_by_role("button", name=name).press("Enter")
    expect(page.locator("[data-try-said]")).to_have_text("The answer is below, with status 200.")
    return json.loads(page.locator("[data-try-answer] code").text_content())


def test_the_sample_can_be_sent(visit):
    """By keyboard; that the answer is there is said, and it can be read as JSON."""
    page = visit("/api/docs").page
    expect(page.locator("[data-try-said]")).to_have_role("status")
    assert tried(page, "Send the sample")["text"] == "-7"
    expect(page.get_by_role("button", name="Send my last drawing")).to_be_hidden()


def test_the_last_drawing_of_this_browser_can_be_sent(visit):
    """It is the newest of the recent readings."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    visitor.page.goto("/api/docs")
    assert tried(visitor.page, "Send my last drawing")["text"] == "147"


def test_a_try_without_an_answer_says_so(visit):
    """And can be repeated."""
    visitor = visit("/api/docs")
    visitor.expected_errors.append("Failed to load resource")
    visitor.page.route(PREDICT, lambda route: route.abort())
    visitor.page.get_by_role("button", name="Send the sample").click()
    expect(visitor.page.locator("[data-try-said]")).to_contain_text("no answer")
    visitor.page.unroute(PREDICT)
    assert tried(visitor.page, "Send the sample")["status"]


def test_without_a_script_a_sample_is_text(visit):
    """There is no button that does nothing."""
    page = visit("/api/docs", java_script_enabled=False).page
    _, code = first_sample(page)
    expect(code).to_be_visible()
    for name in ("Copy", "Send"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
