"""What the network sees, and why it reads a digit so, on the page."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import NUMBER, PHONE, PREDICT, no_digit
from webapp.site.language import NAMES, TEXTS

EXPLAIN = "**/api/v1/explain*"

HIGHEST = 1400
"""Height of the whole explanation on a phone, in CSS pixels, at most. It was 2,923 with the maps of
every layer in sight."""

WHY = """svg => {
    const seen = (kind) => [...svg.querySelectorAll(`.${kind}`)].map(rect =>
        [+rect.getAttribute("x"), +rect.getAttribute("y"), +rect.getAttribute("fill-opacity")]);
    return {for: seen("for"), against: seen("against"), neither: seen("neither")};
}"""
"""The pixels of the map of evidence, by kind: column, row and opacity."""

COLOURS = """svg => ["for", "against", "neither"].map(kind => {
    const rect = document.querySelector(`.legend .${kind}`);
    return getComputedStyle(rect).fill.match(/[\\d.]+/g).map(Number);
})"""

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
    visitor.page.locator("[data-explain] > summary").click()


def more(visitor, title):
    """The control that unfolds what teachers want to know of a step."""
    return visitor.page.locator("summary", has_text=f"More: {title}")


def with_evidence(visitor, *values):
    """Let the server say that these pixels speak for the digit or against: column, row, value."""
    evidence = [[0.0] * 28 for _ in range(28)]
    for x, y, value in values:
        evidence[y][x] = value

    def answer(route):
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"evidence": evidence})

    visitor.page.route(EXPLAIN, answer)


def test_nothing_is_asked_before_it_is_opened(visit):
    """What few look at costs the others nothing."""
    visitor = visit()
    asked = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.page.reload()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    assert [url for url in asked if "main.js" in url]
    assert not [url for url in asked if "/explain" in url or "explore.js" in url]


def test_without_a_digit_it_invites_to_write_one(visit):
    """And the way appears with the first."""
    visitor = visit()
    open_it(visitor)
    expect(visitor.page.get_by_text("Write a digit to follow")).to_be_visible()
    visitor.draw_digit(3)
    expect(visitor.page.get_by_role("heading", name="Filters")).to_be_visible()


def test_the_answer_leads_to_it(visit):
    """A link beside the glyph opens it and goes there."""
    visitor = visit()
    visitor.draw_digit(4)
    visitor.expect_number(4)
    visitor.page.get_by_role("link", name="See how it was read").click()
    expect(visitor.page.get_by_role("heading", name="Filters")).to_be_in_viewport()


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


def test_a_letter_is_said_to_be_no_digit(visit):
    """By its bars, which are short, and in the explanation, under the ten shares."""
    visitor = visit()
    letter = no_digit(4)
    letter["digits"][0] |= {"confidence": 0.99, "is_digit": 0.01}
    letter["digits"][0]["probabilities"] = [0.01 * (value != 4) or 0.99 for value in range(10)]
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=letter))
    visitor.draw_digit(4)
    expect(visitor.page.locator(".bars li").nth(4)).to_contain_text("1%")
    open_it(visitor)
    expect(visitor.page.get_by_text("Is it a digit at all? 1%")).to_be_visible()


@pytest.mark.parametrize("width", [320, 360, 640])
def test_no_share_is_cut_off(visit, width):
    """A percentage that is wider than its bar is shown whole."""
    visitor = visit("/?lang=de", viewport={"width": width, "height": 900})
    visitor.draw_digit(3)
    open_it(visitor)
    share = visitor.page.locator(".outputs .best small")
    expect(share).to_contain_text("%")
    assert share.evaluate("small => getComputedStyle(small).overflow") == "visible"
    cut = "small => { const r = new Range(); r.selectNodeContents(small); return"
    text = share.evaluate(f"{cut} r.getBoundingClientRect().toJSON(); }}")
    box = share.bounding_box()
    assert text["left"] + text["right"] == pytest.approx(2 * box["x"] + box["width"], abs=1)


def test_one_digit_has_no_neighbours(visit):
    """There is nothing to step to."""
    visitor = visit()
    visitor.draw_digit(4)
    open_it(visitor)
    expect(visitor.page.get_by_role("heading", name="Filters")).to_be_visible()
    expect(visitor.page.locator("[data-step]").first).to_be_hidden()


def test_the_way_of_a_digit_is_shown(visitor):
    """Ink, glyph, a filter, ten outputs, why; behind "more", all maps and what they are made of."""
    page = visitor.page
    glyph = page.locator("[data-explain-glyph]")
    assert glyph.evaluate("image => image.naturalWidth") == 28
    counts = {"glyph": 5, "conv1": 32, "conv2": 64, "conv3": 64}
    for layer, count in counts.items():
        expect(page.locator(f"output[for=map-{layer}]")).to_contain_text(f"of {count}")
    expect(page.locator(".outputs .best b")).to_have_text("1")
    expect(page.locator(".outputs li")).to_have_count(10)
    names = page.locator("[data-explain] h3").all_text_contents()
    assert names == ["Ink", "28\u00a0×\u00a028", "Filters", "Answer", "Why"]
    expect(page.locator("#map-conv1")).to_be_hidden()
    more(visitor, "Filters").click()
    expect(page.locator("#map-conv1")).to_be_visible()
    first = page.locator("[data-layer=conv1] [data-size]")
    expect(first).to_have_text("32 maps of 26\u00a0×\u00a026, 1,472 parameters.")
    expect(page.locator("[data-layer=glyph] [data-size]")).to_be_empty()


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
    expect(page.get_by_role("heading", name="Filters")).to_be_visible()
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
    more(visitor, "Filters").click()
    page.locator("#map-conv1").focus()
    page.keyboard.press("ArrowRight")
    held[0].continue_()
    expect(page.locator("output[for=map-conv1]")).to_contain_text("of 32")


def test_maps_are_explored_with_mouse_and_keyboard(visitor):
    """Pointing at a map, or moving the slider, shows it large."""
    page = visitor.page
    said = page.locator("output[for=map-conv1]")
    more(visitor, "Filters").click()
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
    more(visitor, "Filters").tap()
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


@pytest.mark.parametrize("language", NAMES)
def test_the_whole_explanation_fits_a_phone(visit, language):
    """While all of "more" is closed, in every language."""
    visitor = visit(f"/?lang={language}", **PHONE)
    visitor.draw(NUMBER, visitor.finger)
    expect(visitor.page.locator(".digit")).to_have_count(3)
    with visitor.page.expect_response(EXPLAIN):
        open_it(visitor)
    expect(visitor.page.locator("[data-explain-where]")).not_to_be_empty()
    card = visitor.page.locator("[data-explain]")
    assert 0 < card.bounding_box()["height"] <= HIGHEST
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("language", NAMES)
def test_the_strongest_evidence_is_said_in_words(visit, language):
    """They name the picture for a screen reader; the nine parts have nine names."""
    visitor = visit(f"/?lang={language}")
    words = TEXTS[language]["words"]
    assert len({words[f"place_{part}"] for part in range(9)}) == 9
    with_evidence(visitor, (6, 6, 2.0), (21, 21, -1.0))
    visitor.draw_digit(7)
    open_it(visitor)
    said = [
        words["why_for"].format(digit=7, place=words["place_0"]),
        words["why_against"].format(digit=7, place=words["place_8"]),
    ]
    where = visitor.page.locator("[data-explain-where]")
    expect(where).to_have_text(" ".join(said))
    picture = visitor.page.get_by_role("img", name=" ".join(said))
    expect(picture).to_be_visible()
    assert visitor.page.locator(".legend li").all_inner_texts() == [
        TEXTS[language]["page"][f"legend_{name}"] for name in ("for", "against", "neither")
    ]


def test_weak_evidence_is_not_called_the_strongest(visit):
    """Where no small part matters, that is said, and the ink is grey."""
    visitor = visit()
    with_evidence(visitor)
    visitor.draw_digit(7)
    open_it(visitor)
    expect(visitor.page.locator("[data-explain-where]")).to_contain_text("No small part of the ink")
    seen = visitor.page.locator("[data-explain-why]").evaluate(WHY)
    assert len(seen["neither"]) > 50
    assert {opacity for _, _, opacity in seen["for"] + seen["against"]} == {0}


def test_evidence_is_drawn_over_the_ink(visitor):
    """On the pixels of the glyph that have ink, each for or against, and the strongest fullest."""
    with visitor.page.expect_response(EXPLAIN) as answered:
        visitor.page.locator(".digit").nth(2).click()
    evidence = answered.value.json()["evidence"]
    expect(visitor.page.locator(".outputs .best b")).to_have_text("7")
    seen = visitor.page.locator("[data-explain-why]").evaluate(WHY)
    ink = {(x, y): opacity for x, y, opacity in seen["neither"]}
    assert len(ink) > 40
    assert len(seen["for"]) + len(seen["against"]) == len(ink)
    most = max(abs(value) for row in evidence for value in row)
    for kind, sign in (("for", 1), ("against", -1)):
        for x, y, opacity in seen[kind]:
            value = sign * evidence[y][x]
            assert value >= 0
            assert opacity == pytest.approx(ink[x, y] * (value / most) ** 0.5)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_for_and_against_differ_for_everyone(visit, scheme):
    """Blue has more blue than red, orange more red than blue; both differ in light from grey."""
    visitor = visit(color_scheme=scheme)
    visitor.draw_digit(7)
    open_it(visitor)
    expect(visitor.page.locator("[data-explain-where]")).not_to_be_empty()
    blue, orange, grey = visitor.page.locator("[data-explain-why]").evaluate(COLOURS)
    assert blue[2] - blue[0] > 80
    assert orange[0] - orange[2] > 80
    assert min(abs(sum(one) - sum(grey)) for one in (blue, orange)) > 150


PLACES = """steps => steps.map(step => {
    const { left, right, top, bottom } = step.getBoundingClientRect();
    return { left, right, top, bottom };
})"""


@pytest.mark.parametrize("width", [1024, 1280])
@pytest.mark.parametrize("opened", [None, 0, 2, 4])
def test_the_steps_stand_in_rows(visit, width, opened):
    """From the first to the fifth, whichever shows more; that one has a row of its own."""
    visitor = visit(viewport={"width": width, "height": 900})
    visitor.draw_digit(3)
    open_it(visitor)
    expect(visitor.page.locator("[data-explain-where]")).not_to_be_empty()
    steps = visitor.page.locator(".step")
    if opened is not None:
        steps.nth(opened).locator("summary").click()
    places = steps.evaluate_all(PLACES)
    for before, after in itertools.pairwise(places):
        beside = after["left"] >= before["right"] and after["top"] == before["top"]
        below = after["top"] >= before["bottom"]
        assert beside or below
    if opened is not None:
        tops = [place["top"] for place in places]
        assert tops.count(tops[opened]) == 1


def test_more_is_opened_by_keyboard(visitor):
    """Each by Enter, under a name of its own, and nothing else opens."""
    summaries = visitor.page.locator("[data-explain] .deeper > summary")
    names = summaries.all_text_contents()
    assert len(set(names)) == len(names) == 5
    summaries.nth(4).press("Enter")
    expect(visitor.page.get_by_text("This is occlusion")).to_be_visible()
    expect(visitor.page.get_by_text("A convolution lays a window")).to_be_hidden()
    summaries.nth(4).press("Enter")
    expect(visitor.page.get_by_text("This is occlusion")).to_be_hidden()


def test_the_ink_follows_the_colours_of_the_page(visitor):
    """Light on dark after the switch, without another question."""
    ink = visitor.page.locator("[data-explain-ink]")
    before = ink.evaluate(PICTURE)
    visitor.page.locator("[data-theme-switch]").click()
    assert ink.evaluate(PICTURE) != before


def test_a_script_that_does_not_come_is_said(visit):
    """Opened while the site can't be reached, and again when it can."""
    visitor = visit()
    visitor.expected_errors.append("Failed to load resource")
    visitor.draw_digit(4)
    visitor.expect_number(4)
    visitor.page.route("**/explore.js", lambda route: route.abort())
    open_it(visitor)
    failed = visitor.page.locator("[data-explain-failed]")
    expect(failed).to_contain_text("Can’t reach the site")
    visitor.expect_number(4)
    visitor.page.unroute("**/explore.js")
    for _ in range(2):
        open_it(visitor)
    expect(visitor.page.get_by_role("heading", name="Filters")).to_be_visible()
    expect(failed).to_be_hidden()
