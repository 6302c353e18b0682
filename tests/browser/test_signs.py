"""Signs in the number: a minus, a point, a slash."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_leave_out import button
from tests.browser.test_picture import choose, image_file
from tests.browser.visitor import PHONE, PIXELS, PREDICT, symbols

MINUS = [[(0.1, 0.5), (0.2, 0.5)]]
FOUR = [[(0.3, 0.3), (0.28, 0.5), (0.42, 0.5), (0.4, 0.4), (0.39, 0.75)]]
POINT = [[(0.52, 0.74), (0.53, 0.74)]]
TWO = [[(0.65, 0.3), (0.75, 0.3), (0.64, 0.75), (0.8, 0.75)]]
DRAWN = [*MINUS, *FOUR, *POINT, *TWO]
"""-4.2, of four strokes."""

AT = f"""{PIXELS}
    return [[0.35, 0.5], [0.7, 0.3]].map(([x, y]) => {{
        const at = Math.round(y * canvas.height) * canvas.width + Math.round(x * canvas.width);
        return [...data.slice(4 * at, 4 * at + 3)];
    }});
}}"""
"""The colours of the 4 and of the 2 on the pad."""


def read_as(visitor, *lines, **changes):
    """Let every question be answered with these lines."""
    body = symbols(*lines, **changes)
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=body))


def shown(visitor):
    """What stands in the number, symbol by symbol."""
    return visitor.answer.locator(".sign, .digit > span")


@pytest.fixture
def visitor(visit):
    """Someone whose picture was read as -4.2 over 5%."""
    visitor = visit()
    read_as(visitor, "-4.2", "5%")
    choose(visitor, image_file(7))
    expect(shown(visitor)).to_have_text(list("-4.25%"))
    return visitor


def test_signs_stand_in_their_place(visitor):
    """In their line, between the digits, and none of them is a button."""
    lines = visitor.answer.locator(".line")
    expect(lines.nth(0).locator(".sign, .digit > span")).to_have_text(list("-4.2"))
    expect(lines.nth(1).locator(".sign, .digit > span")).to_have_text(list("5%"))
    expect(visitor.answer.get_by_role("button")).to_have_count(3)
    expect(visitor.sentence).to_have_text("Looks like -4.2; 5%.")


def test_a_sign_has_no_colour_of_its_own(visitor):
    """The quiet colour of the page, as the frame around its ink."""
    quiet = visitor.detail.evaluate("element => getComputedStyle(element).color")
    for sign in visitor.answer.locator(".sign").all():
        expect(sign).to_have_css("color", quiet)
    frames = visitor.page.locator("[data-photo-boxes] .sign-box")
    expect(frames).to_have_count(3)
    expect(frames.first).to_have_css("border-top-color", quiet)
    expect(visitor.photo_boxes.locator("b")).to_have_text(["4", "2", "5"])


def test_the_whole_text_is_copied(visitor):
    """With its signs and lines."""
    visitor.page.evaluate("navigator.clipboard.writeText = async text => (window.copied = text)")
    button(visitor, "Copy").click()
    assert visitor.page.evaluate("copied") == "-4.2\n5%"


@pytest.mark.parametrize(
    ("language", "heard", "names"),
    [
        ("en", "minus 4 point 2, 5 percent", ["minus", "point", "percent"]),
        ("de", "minus 4 Punkt 2, 5 Prozent", ["minus", "Punkt", "Prozent"]),
        ("es", "menos 4 punto 2, 5 por ciento", ["menos", "punto", "por ciento"]),
        ("ar", "ناقص 4 نقطة 2, 5 بالمئة", ["ناقص", "نقطة", "بالمئة"]),
    ],
)
def test_signs_are_heard_by_their_names(visit, language, heard, names):
    """In the announcement, and one by one."""
    visitor = visit(f"/?lang={language}")
    read_as(visitor, "-4.2", "5%")
    choose(visitor, image_file(7))
    expect(visitor.live).to_contain_text(heard)
    signs = visitor.answer.get_by_role("img")
    expect(signs).to_have_count(3)
    for sign, name in zip(signs.all(), names, strict=True):
        expect(sign).to_have_accessible_name(name)


def test_a_number_keeps_its_direction(visit):
    """In Arabic, too, the minus stands on the left: of the number and of the other readings."""
    visitor = visit("/?lang=ar")
    read_as(visitor, "-4", alternatives=[{"text": "-9", "confidence": 0.1}])
    choose(visitor, image_file(7))
    minus, digit = visitor.answer.locator(".sign"), visitor.answer.locator(".digit")
    assert minus.bounding_box()["x"] < digit.bounding_box()["x"]
    expect(visitor.sentence).to_contain_text("\u2066-4\u2069")
    expect(visitor.others.locator("b")).to_have_css("direction", "ltr")


def test_a_digit_beside_signs_lights_its_own_ink(visit):
    """Its place among the digits is not its place in the text."""
    visitor = visit()
    visitor.page.route("**/api/v1/explain", lambda route: route.abort())
    places = [(100, 490, 100, 20), (280, 300, 140, 450), (520, 735, 10, 10), (640, 300, 160, 450)]
    read_as(visitor, "-4.2", places=places, surface=None)
    visitor.draw(DRAWN)
    expect(shown(visitor)).to_have_text(list("-4.2"))
    visitor.answer.locator(".digit").nth(1).hover()
    expect(visitor.page.locator("[data-boxes] .lit")).to_have_text("2 97%")
    (four, two), tone = visitor.pad.evaluate(AT), (176, 54, 30)
    assert max(abs(a - b) for a, b in zip(two, tone, strict=True)) <= 1
    assert max(four) - min(four) < 20


def test_the_explanation_counts_digits(visitor):
    """The 2 of -4.2 is the second, though it is the fourth symbol."""
    visitor.answer.locator(".digit").nth(1).click()
    with visitor.page.expect_request("**/api/v1/explain?index=1"):
        visitor.page.locator("[data-explain] > summary").click()
    visitor.expected_errors.append("422")


def test_a_digit_is_left_out_from_between_signs(visitor):
    """The signs stay, and go with the last digit of their line; what is put back is as it was."""
    for text in (["-.2", "5%"], ["5%"]):
        visitor.answer.locator(".digit").first.press("Delete")
        expect(shown(visitor)).to_have_text(list("".join(text)))
        expect(visitor.sentence).to_have_text(f"Looks like {'; '.join(text)}.")
    expect(visitor.page.locator("[data-photo-boxes] .ignored")).to_have_count(4)
    for _ in range(2):
        visitor.page.locator("[data-answer-back]").click()
    expect(shown(visitor)).to_have_text(list("-4.25%"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lines", [["$1,234.56"], ["(12+34)=#5"], ["23/11", "12:30", "-42"]])
def test_signs_fit_on_a_phone(visit, lines, scheme):
    """Each line stays one line, and nothing is cut off."""
    visitor = visit(**PHONE, color_scheme=scheme)
    read_as(visitor, *lines)
    choose(visitor, image_file(7))
    expect(shown(visitor)).to_have_text(list("".join(lines)))
    for line in visitor.answer.locator(".line").all():
        tops = {round(each.bounding_box()["y"]) for each in line.locator(".digit").all()}
        assert len(tops) == 1
    assert visitor.answer.evaluate("element => element.scrollWidth <= element.clientWidth")
