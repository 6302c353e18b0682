"""What the network sees, on the page."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import NUMBER, PHONE, PREDICT

EXPLAIN = "**/api/v1/explain*"

PICTURE = """canvas => {
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    copy.getContext("2d").drawImage(canvas, 0, 0);
    return copy.toDataURL();
}"""


@pytest.fixture
def visitor(visit):
    """Someone who has written 147 and opened the explanation."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    with visitor.page.expect_response(EXPLAIN):
        open_it(visitor)
    expect(visitor.page.locator("output[for=map-conv1]")).to_contain_text("of 32")
    return visitor


def open_it(visitor):
    """Unfold the explanation."""
    visitor.page.locator("[data-explain] summary").click()


def test_nothing_is_asked_before_it_is_opened(visit):
    """What few look at costs the others nothing."""
    visitor = visit()
    asked = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    assert not [url for url in asked if "explain" in url]


def test_without_a_digit_it_invites_to_write_one(visit):
    """And the way appears with the first."""
    visitor = visit()
    open_it(visitor)
    expect(visitor.page.get_by_text("Write a digit to follow")).to_be_visible()
    visitor.draw_digit(3)
    expect(visitor.page.get_by_role("heading", name="First convolution")).to_be_visible()


def test_the_answer_leads_to_it(visit):
    """A link beside the glyph opens it and goes there."""
    visitor = visit()
    visitor.draw_digit(4)
    visitor.expect_number(4)
    visitor.page.get_by_role("link", name="See how it was read").click()
    expect(visitor.page.get_by_role("heading", name="Third convolution")).to_be_in_viewport()


def test_it_opens_at_the_digit_that_is_chosen(visit):
    """Before the maps are there, no broken picture is; then both steps go round the number."""
    visitor = visit("/?lang=ar")
    page = visitor.page
    visitor.draw(NUMBER)
    expect(page.locator(".digit")).to_have_count(3)
    page.locator(".digit").nth(1).click()
    held = []
    page.route(EXPLAIN, lambda route: held.append(route))
    with page.expect_request(EXPLAIN) as asked:
        page.locator("[data-see-how]").click()
    assert asked.value.post_data_json["index"] == 1
    for image in page.locator("[data-explain] img").all():
        expect(image).to_be_hidden()
    held[0].continue_()
    page.unroute(EXPLAIN)
    best = page.locator(".outputs .best b")
    expect(best).to_have_text("4")
    before, after = page.locator("[data-step]").all()
    assert before.bounding_box()["x"] < after.bounding_box()["x"]
    for step, digit in ((after, "7"), (after, "1"), (before, "7"), (before, "4")):
        step.press("Enter")
        expect(best).to_have_text(digit)
        expect(page.locator("[data-explain-digit]")).to_contain_text(f": {digit}")
        expect(page.locator(".digit[aria-pressed=true] > span")).to_have_text(digit)
        expect(step).to_be_focused()


def test_one_digit_has_no_neighbours(visit):
    """There is nothing to step to."""
    visitor = visit()
    visitor.draw_digit(4)
    open_it(visitor)
    expect(visitor.page.get_by_role("heading", name="First convolution")).to_be_visible()
    expect(visitor.page.locator("[data-step]").first).to_be_hidden()


def test_the_way_of_a_digit_is_shown(visitor):
    """Ink, glyph, five maps that go in, three convolutions, ten outputs."""
    page = visitor.page
    glyph = page.locator("[data-explain-glyph]")
    assert glyph.evaluate("image => image.naturalWidth") == 28
    counts = {"glyph": 5, "conv1": 32, "conv2": 64, "conv3": 64}
    for layer, count in counts.items():
        expect(page.locator(f"output[for=map-{layer}]")).to_contain_text(f"of {count}")
    expect(page.locator(".outputs .best b")).to_have_text("1")
    expect(page.locator(".outputs li")).to_have_count(10)


def test_another_digit_can_be_explained(visitor):
    """The one that is chosen in the number."""
    before = visitor.page.locator("[data-explain-glyph]").get_attribute("src")
    with visitor.page.expect_response(EXPLAIN):
        visitor.page.locator(".digit").nth(2).click()
    expect(visitor.page.locator(".outputs .best b")).to_have_text("7")
    assert visitor.page.locator("[data-explain-glyph]").get_attribute("src") != before


def test_between_a_change_and_its_answer_nothing_is_explained(visit):
    """Neither opening it nor choosing a digit asks about ink that is gone; the answer brings it."""
    visitor = visit()
    page = visitor.page
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    page.locator(".digit").nth(2).click()
    held, asked = [], []
    page.route(PREDICT, lambda route: held.append(route))
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_request(PREDICT):
        visitor.undo.click()
    open_it(visitor)
    page.locator(".digit").nth(1).click()
    page.locator(".digit").nth(2).click()
    expect(page.get_by_text("Write a digit to follow")).to_be_visible()
    visitor.wait_for("() => new Promise(requestAnimationFrame)")
    assert not [url for url in asked if "explain" in url]
    with page.expect_response(EXPLAIN):
        held[0].continue_()
    visitor.expect_number(14)
    expect(page.locator(".outputs .best b")).to_have_text("1")
    expect(page.locator("[data-explain-failed]")).to_be_hidden()


def test_an_explanation_that_comes_after_a_change_is_dropped(visit):
    """Its ink may be gone; what is shown stays until the next."""
    visitor = visit()
    page = visitor.page
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    open_it(visitor)
    expect(page.locator(".outputs .best b")).to_have_text("1")
    page.route(PREDICT, lambda route: None)
    held = []
    page.route(EXPLAIN, lambda route: held.append(route))
    with page.expect_request(EXPLAIN):
        page.locator(".digit").nth(2).click()
    with page.expect_event("requestfailed") as failed:
        visitor.undo.click()
    assert "explain" in failed.value.url
    expect(page.get_by_role("heading", name="First convolution")).to_be_visible()
    expect(page.locator(".outputs .best b")).to_have_text("1")
    expect(page.locator("[data-explain-failed]")).to_be_hidden()


def test_a_slider_may_be_moved_before_there_are_maps(visit):
    """Nothing happens, and the maps come all the same."""
    visitor = visit()
    page = visitor.page
    visitor.draw_digit(4)
    visitor.expect_number(4)
    held = []
    page.route(EXPLAIN, lambda route: held.append(route))
    with page.expect_request(EXPLAIN):
        open_it(visitor)
    page.locator("#map-conv1").focus()
    page.keyboard.press("ArrowRight")
    held[0].continue_()
    expect(page.locator("output[for=map-conv1]")).to_contain_text("of 32")


def test_maps_are_explored_with_mouse_and_keyboard(visitor):
    """Pointing at a map, or moving the slider, shows it large."""
    page = visitor.page
    said = page.locator("output[for=map-conv1]")
    maps, large = page.locator("[data-layer=conv1] canvas").all()
    box = maps.bounding_box()
    maps.hover(position={"x": box["width"] * 1.5 / 8, "y": box["height"] * 2.5 / 4})
    expect(said).to_have_text("Map 18 of 32")
    shown = {large.evaluate(PICTURE)}
    page.locator("#map-conv1").focus()
    for number in range(19, 25):
        page.keyboard.press("ArrowRight")
        expect(said).to_have_text(f"Map {number} of 32")
        shown.add(large.evaluate(PICTURE))
    assert len(shown) > 2  # some filters find nothing


def test_maps_are_explored_with_a_finger(visit):
    """A tap chooses."""
    visitor = visit(**PHONE)
    visitor.draw_digit(4, visitor.finger)
    visitor.expect_number(4)
    open_it(visitor)
    said = visitor.page.locator("output[for=map-conv2]")
    expect(said).to_contain_text("of 64")
    maps = visitor.page.locator("[data-layer=conv2] canvas").first
    box = maps.bounding_box()
    maps.tap(position={"x": box["width"] * 7.5 / 8, "y": box["height"] * 7.5 / 8})
    expect(said).to_have_text("Map 64 of 64")


def test_a_failure_is_said_there(visit):
    """The answer stays as it is."""
    visitor = visit()
    visitor.expected_errors.append("500")
    visitor.page.route(EXPLAIN, lambda route: route.fulfill(status=500, json={}))
    visitor.draw_digit(4)
    visitor.expect_number(4)
    open_it(visitor)
    expect(visitor.page.locator("[data-explain-failed]")).to_contain_text("went wrong on our side")
    visitor.expect_number(4)
