"""The copy buttons of the code samples on the interface's page."""

from playwright.sync_api import expect

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
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == code.text_content()
    expect(button).to_have_text("Copy")
    expect(page.get_by_role("status")).to_be_empty()


def test_a_sample_is_selected_where_nothing_may_be_copied(visit):
    """The keyboard can copy what is selected."""
    page = visit("/api/docs").page
    page.evaluate(NO_CLIPBOARD)
    button, code = first_sample(page)
    button.click()
    expect(page.get_by_role("status")).to_contain_text("Ctrl+C")
    selected = page.evaluate("getSelection().toString()")
    assert selected.strip() == code.text_content().strip()


def test_without_a_script_a_sample_is_text(visit):
    """There is no button that does nothing."""
    page = visit("/api/docs", java_script_enabled=False).page
    _, code = first_sample(page)
    expect(code).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
