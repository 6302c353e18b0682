"""What the pages look like, as far as it can be measured."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_picture import image_file
from tests.browser.visitor import PHONE, PREDICT, answer, no_digit, nothing

LONGEST = [(3, 0.154), (0, 0.101), (9, 0.099)]
"""Other readings that take as many words as there can be, "no digit" among them."""

LONG = answer(1, 0.97) | {
    "text": "1234567890",
    "lines": ["1234567890"],
    "digits": answer(1)["digits"] * 10,
    "ignored": [{"x": 1, "y": 1, "width": 2, "height": 2}],
}
"""A long number, beside which ink was left out."""

SMALL = PHONE | {"viewport": {"width": 320, "height": 568}}

PLACES = """() => Object.fromEntries(
    [".answer", ".answer-number", ".answer-sentence", ".actions-row", ".more", ".details",
     ".answer-body", ".glyph", ".glyph figcaption", ".bars", ".bars li:nth-child(4) .bar",
     ".bars li:nth-child(4) .bar-digit", ".explain"]
    .map(selector => {
        const {x, y, width, height} = document.querySelector(selector).getBoundingClientRect();
        // A sentence may end elsewhere, but it starts where the others start.
        const starts = [x, y + scrollY];
        return [selector, selector === ".answer-sentence" ? starts : [...starts, width, height]];
    })
)"""

SHIFT = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(({value}) => (sum += value)))
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(sum), 200);
})"""
"""How much has moved since the page began to load, as browsers measure it."""

CONTRASTS = """() => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = colour => {
        const [r, g, b] = numbers(colour).slice(0, 3).map(v => v / 255)
            .map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = element => {
        const colour = getComputedStyle(element).backgroundColor;
        return numbers(colour)[3] === 0 ? paper(element.parentElement) : colour;
    };
    const texts = [...document.body.querySelectorAll("*")].filter(element =>
        element.checkVisibility() && !element.closest("[aria-hidden=true]") &&
        [...element.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim()));
    return texts.map(element => {
        const [dark, light] = [getComputedStyle(element).color, paper(element)]
            .map(luminance).sort((a, b) => a - b);
        return [(light + 0.05) / (dark + 0.05), element.textContent.trim()];
    });
}"""


@pytest.mark.parametrize("options", [{}, PHONE, SMALL], ids=["desktop", "phone", "small"])
def test_nothing_moves_when_the_answer_changes(visit, options):
    """Whatever is answered, little or much, or not at all, everything stays where the first answer
    has put it; also where the drawing is cleared.
    """
    visitor = visit(**options)
    visitor.expected_errors.append("500")
    before = None
    answers = [
        (200, answer(3), "Looks like 3."),
        (200, answer(8, 0.41, LONGEST, 0.7, status="unsure"), "Maybe 8."),
        (200, LONG, "Looks like 1234567890."),
        (200, no_digit(8, [(8, 0.08), (3, 0.02)]), "This doesn’t look like a number."),
        (200, nothing(), "No writing found."),
        (500, {}, "That didn’t work."),
    ]
    replies = iter(answers)

    def reply(route):
        status, body, _ = next(replies)
        route.fulfill(status=status, json=body)

    visitor.page.route(PREDICT, reply)
    for number, (_, _, sentence) in enumerate(answers):
        if number == 0:
            visitor.draw([[(0.5, 0.2), (0.5, 0.8)]])
        else:
            visitor.submit.click()
        expect(visitor.sentence).to_have_text(sentence)
        before = before or visitor.page.evaluate(PLACES)
        assert visitor.page.evaluate(PLACES) == before, sentence
    visitor.clear.click()
    visitor.expect_nothing()
    assert visitor.page.evaluate(PLACES) == before


@pytest.mark.parametrize("path", ["/", "/?lang=ar"])
@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_nothing_moves_while_the_page_loads(visit, options, path):
    """The script finds everything where it belongs, on a slow device too, where a page may be
    painted before all of it has arrived. The first stroke leaves the pad there.
    """
    visitor = visit("/privacy", **options)
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 12})
    visitor.page.goto(path)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    visitor.wait_for("() => document.getAnimations().every(a => a.playState !== 'running')")
    assert visitor.page.evaluate(SHIFT) == 0
    pad = visitor.pad.bounding_box()
    visitor.draw_digit(3)
    expect(visitor.page.locator(".digit > span")).to_have_text(["3"])
    assert visitor.pad.bounding_box() == pad


def test_the_first_sight_of_a_phone_has_it_all(visit):
    """What the page is for, the pad, where the answer comes, a way to a picture, examples."""
    page = visit(**PHONE).page
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport(ratio=1)
    for selector in (".intro p", ".pad", "[data-answer-sentence]", "[data-pick]", ".examples"):
        expect(page.locator(selector)).to_be_in_viewport(ratio=1)
    for selector in (".answer-number", ".bars", ".glyph", "[data-submit]"):
        expect(page.locator(selector)).to_be_hidden()


def test_a_number_is_written_on_the_blank_pad(visit):
    """Until the first stroke, and again when the pad is cleared; it takes no pointer."""
    visitor = visit()
    specimen = visitor.page.locator(".specimen")
    running = "() => document.getAnimations().filter(a => a.animationName === 'write').length"
    assert visitor.page.evaluate(running) == 5
    visitor.mouse([visitor.place(0.5, 0.3), visitor.place(0.5, 0.31)])
    expect(specimen).to_be_hidden()
    visitor.clear.click()
    expect(specimen).to_be_visible()


def test_a_number_stands_on_the_blank_pad_where_motion_is_reduced(visit):
    """Whole from the start."""
    page = visit(reduced_motion="reduce").page
    expect(page.locator(".specimen")).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0
    offset = "path => getComputedStyle(path).strokeDashoffset"
    assert page.locator(".specimen path").first.evaluate(offset) == "0px"


def test_there_is_room_for_details_only_with_a_digit(visit):
    """Before, in place of empty bars, the page says what will be there."""
    visitor = visit()
    invitation = visitor.page.get_by_text("Once there is a number")
    bars = visitor.page.locator(".bars")
    expect(invitation).to_be_visible()
    expect(bars).to_be_hidden()
    visitor.draw_digit(3)
    visitor.expect_number(3)
    expect(invitation).to_be_hidden()
    expect(bars).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/", "/?lang=ar", "/?lang=de", "/model", "/privacy", "/no-such-page"]
)
def test_no_page_scrolls_sideways_on_a_small_phone(visit, path):
    """At 320 pixels everything fits the width."""
    visitor = visit(path, **SMALL)
    visitor.expected_errors.append("404")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 320


def test_the_page_with_the_answer_does_not_scroll_sideways_on_a_small_phone(visit):
    """Neither does the page that the form without JavaScript leads to."""
    visitor = visit(java_script_enabled=False, **SMALL)
    visitor.file.set_input_files(image_file(2))
    visitor.page.get_by_role("button", name="Read the picture").click()
    expect(visitor.page).to_have_title(re.compile("Read as 2"))
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("size", [(320, 568), (844, 390)], ids=["small", "turned"])
def test_buttons_are_large_enough_for_fingers(visit, size):
    """Every button is at least 44 pixels each way, and its text fits into it."""
    width, height = size
    visitor = visit(**PHONE | {"viewport": {"width": width, "height": height}})
    visitor.draw_digit(4, visitor.finger)
    visitor.expect_number(4)
    buttons = visitor.page.get_by_role("button").filter(visible=True).all()
    assert len(buttons) >= 10
    for button in buttons:
        box = button.bounding_box()
        # The digits of a number stand side by side like text: there the large ones have it too.
        assert min(box["width"], box["height"]) >= 44, button.text_content()
        assert button.evaluate("button => button.scrollWidth <= button.clientWidth")


def test_pad_and_tools_fit_a_turned_phone(visit):
    """On a low screen one can draw and reach the buttons without scrolling."""
    visitor = visit(**PHONE | {"viewport": {"width": 844, "height": 390}})
    visitor.draw([[(0.5, 0.3), (0.5, 0.7)]])
    expect(visitor.submit).to_be_in_viewport(ratio=1)
    expect(visitor.pad).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/model"])
def test_text_has_contrast(visit, scheme, path):
    """All text reaches the 4.5:1 of WCAG's level AA, in both colour schemes."""
    visitor = visit(path, color_scheme=scheme)
    if path == "/":
        visitor.draw_digit(3)
        visitor.expect_number(3)
    contrasts = visitor.page.evaluate(CONTRASTS)
    assert len(contrasts) > 5
    assert min(contrasts)[0] >= 4.5, min(contrasts)


def test_focus_is_seen(visit):
    """Whatever the Tab key reaches has an outline."""
    visitor = visit()

    def tab(stops):
        for _ in range(stops):
            visitor.page.keyboard.press("Tab")
            focused = visitor.page.locator(":focus")
            assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
            yield focused.text_content().strip()

    assert list(tab(5)) == ["Skip to content", "Inkling", "Models", "EN", ""]
    assert list(tab(1)) == [""]  # the pad
    visitor.draw_digit(3)
    visitor.expect_number(3)
    assert list(tab(5)) == ["Undo", "Erase", "Clear", "Read", "3"]


def test_wide_tables_scroll_in_a_box_of_their_own(visit):
    """On a phone, by keyboard too, under a name; the page itself does not."""
    page = visit("/model", **PHONE).page
    page.get_by_role("link", name="Details of the photo model").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = page.get_by_role("region", name="Digits: ink", exact=True)
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
