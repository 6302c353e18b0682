"""Drawing on the page, and what it says about it."""

import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from support.hand import DIGITS
from tests.browser.test_picture import image_file
from tests.browser.visitor import NUMBER, PHONE, PREDICT, answer, no_digit

ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]
DOT = [[(0.5, 0.5)]]


def test_it_reads_every_digit_drawn_with_the_mouse(visit):
    """Each of our own digits is read as what it is."""
    visitor = visit()
    for digit in DIGITS:
        visitor.draw_digit(digit)
        visitor.expect_number(digit)
        visitor.clear.click()
        visitor.expect_nothing()


@pytest.mark.parametrize(("hand", "kind"), [("finger", "touch"), ("pen", "pen")])
def test_it_reads_digits_drawn_with_finger_and_pen(visit, hand, kind):
    """On a phone, digits of one stroke and of two are read from its touch screen and its pen."""
    visitor = visit(**PHONE)
    visitor.pad.evaluate(
        "pad => pad.addEventListener('pointerdown', e => (pad.dataset.kind = e.pointerType))"
    )
    for digit in (3, 4, 7):
        visitor.draw_digit(digit, getattr(visitor, hand))
        visitor.expect_number(digit)
        visitor.clear.click()
        visitor.expect_nothing()
    expect(visitor.pad).to_have_attribute("data-kind", kind)


def test_the_bars_show_the_ten_probabilities_of_the_answer(visit):
    """The digits 0 to 9 stand in order, with the answer's percentages and bars as long: each
    probability times that of being a digit at all.
    """
    visitor = visit()
    with visitor.page.expect_response(PREDICT) as answered:
        visitor.draw_digit(7)
    digit = answered.value.json()["digits"][0]
    probabilities = [digit["is_digit"] * each for each in digit["probabilities"]]
    visitor.expect_number(7)

    rows = visitor.page.locator(".bars li")
    expect(rows.locator(".bar-digit")).to_have_text([str(digit) for digit in range(10)])
    expect(rows.locator(".bar-share")).to_have_text(
        [f"{min(99, 100 * p):.0f}%" for p in probabilities]
    )
    expect(visitor.page.locator(".bars .best .bar-digit")).to_have_text("7")
    shares = rows.evaluate_all(
        """rows => rows.map(row => row.querySelector("rect").getBoundingClientRect().width /
            row.querySelector("svg").getBoundingClientRect().width)"""
    )
    assert shares == pytest.approx(probabilities, abs=0.01)


def test_the_glyph_is_what_the_network_saw(visit):
    """The picture beside the bars has 28 x 28 pixels."""
    visitor = visit()
    visitor.draw_digit(3)
    glyph = visitor.page.locator("[data-answer-glyph]")
    expect(glyph).to_be_visible()
    assert glyph.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [28, 28]


def test_what_is_no_number_is_said_to_be_none(visit):
    """The words say so; bars, glyph and a box show what was considered, and none is marked."""
    visitor = visit()
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=no_digit(8, [(8, 0.08)])))
    visitor.draw(ONE)
    expect(visitor.sentence).to_have_text("This doesn’t look like a number.")
    expect(visitor.detail).to_have_text("Best guess: 8.")
    expect(visitor.answer).to_have_text("?")
    shares = visitor.page.locator(".bars .bar-share")
    expect(shares).to_have_text([f"{8 if digit == 8 else 0}%" for digit in range(10)])
    expect(visitor.page.locator(".bars .best")).to_have_count(0)
    expect(visitor.page.locator("[data-answer-glyph]")).to_be_visible()
    expect(visitor.page.locator("[data-answer-title]")).to_have_text("Candidate")
    # A word beside it would hide ink; the answer says what was considered.
    expect(visitor.boxes).to_have_text([""])


def test_ink_without_any_digit_has_no_details(visit):
    """No card of a candidate, and no link to what was not read."""
    visitor = visit()
    nobody = no_digit(8) | {"digits": []}
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=nobody))
    visitor.draw(ONE)
    expect(visitor.sentence).to_have_text("This doesn’t look like a number.")
    expect(visitor.page.locator("[data-answer-title]")).to_be_hidden()
    expect(visitor.page.locator("[data-see-how]")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_examples_are_read_surely(visit, width):
    """Each number of ours is `ok`, on a pad of any shape, and the word is not a number."""
    visitor = visit(viewport={"width": width, "height": 900})
    examples = visitor.page.locator("[data-example]")
    for name in examples.evaluate_all("buttons => buttons.map(({dataset}) => dataset.example)"):
        with visitor.page.expect_response(PREDICT) as answered:
            visitor.example(name)
        expected = "not_a_number" if name == "word" else "ok"
        assert answered.value.json()["status"] == expected, name


def test_the_server_decides_what_is_a_guess(visit):
    """Its status alone, not how confident an answer is."""
    visitor = visit()
    replies = iter([answer(7, 0.3), answer(7, 0.97, status="unsure")])
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=next(replies)))
    visitor.draw(ONE)
    expect(visitor.sentence).to_have_text("Looks like 7.")
    visitor.submit.click()
    expect(visitor.sentence).to_have_text("Probably 7.")
    expect(visitor.detail).to_have_text("Please check it.")


# ---- ink ----


def test_a_dot_is_ink(visit):
    """A click without a movement leaves a dot that stays, and is sent as one point."""
    visitor = visit()
    visitor.draw(DOT)
    expect(visitor.sentence).not_to_have_text("Nothing to read yet.")
    assert visitor.ink() > 0
    [stroke] = visitor.strokes()
    assert (stroke["y"], stroke["t"]) == ([500], [0])
    assert len(stroke["x"]) == 1


@pytest.mark.parametrize("density", [1, 2, 3])
def test_the_canvas_is_sharp(visit, density):
    """The canvas has as many pixels as the screen has there."""
    visitor = visit(device_scale_factor=density)
    width, height, *shown = visitor.pad.evaluate(
        "c => [c.width, c.height, c.clientWidth, c.clientHeight]"
    )
    assert [width, height] == [round(side * density) for side in shown]


@pytest.mark.parametrize(
    ("options", "turned"),
    [({}, {"width": 700, "height": 500}), (PHONE, {"width": 844, "height": 390})],
    ids=["window", "phone"],
)
def test_ink_survives_another_size(visit, options, turned):
    """A resized window or a turned phone keeps the strokes, and draws them at the new size."""
    visitor = visit(**options)
    visitor.draw_digit(5)
    before = visitor.strokes()
    side, ink = visitor.pad.evaluate("canvas => canvas.width"), visitor.ink()

    visitor.page.set_viewport_size(turned)
    visitor.wait_for("side => document.querySelector('[data-pad]').width != side", side)

    assert visitor.strokes() == before
    assert visitor.ink() > 0.1 * ink
    left, top, right, bottom = visitor.ink_bounds()
    assert 0 < left < right < 1
    assert 0 < top < bottom < 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_stands_out_from_the_paper(visit, scheme):
    """Ink is dark on light paper and light on dark paper, also when the scheme changes."""
    visitor = visit(color_scheme=scheme)
    visitor.draw(ONE)
    assert (max(visitor.ink_colour()) < 80) == (scheme == "light")
    other = {"light": "dark", "dark": "light"}[scheme]
    visitor.page.emulate_media(color_scheme=other)
    visitor.wait_for("theme => document.documentElement.dataset.theme === theme", other)
    assert (min(visitor.ink_colour()) > 200) == (other == "dark")


def test_ink_ends_at_the_edge(visit):
    """A stroke that leaves the pad is sent as it is seen: within the pad."""
    visitor = visit()
    visitor.draw([[(0.5, 0.5), (0.5, 1.3), (1.4, 1.3)]])
    [stroke], width = visitor.strokes(), visitor.asked["width"]
    assert stroke["x"] == [pytest.approx(width / 2, abs=0.5)] * 2 + [pytest.approx(width, abs=0.5)]
    assert stroke["y"] == [500, 1000, 1000]


# ---- hands ----


def test_drawing_with_a_finger_does_not_scroll(visit):
    """The page stays where it is under a swipe over the pad, though it scrolls elsewhere."""
    visitor = visit(**PHONE)
    up = [(0.5, 0.9 - i / 20) for i in range(15)]
    visitor.draw([up], visitor.finger)
    assert visitor.page.evaluate("scrollY") == 0
    assert visitor.ink() > 0

    x, y = visitor.place(0.5, 1.6)
    visitor.finger([(x, y - 15 * i) for i in range(15)])
    visitor.wait_for("() => scrollY > 0")


def test_a_second_finger_does_not_join_in(visit):
    """While one finger draws, another on the pad leaves no ink."""
    visitor = visit(**PHONE)
    first, second = [visitor.place(0.3, y) for y in (0.2, 0.5, 0.8)], visitor.place(0.8, 0.5)
    visitor.touch("touchStart", first[0])
    visitor.touch("touchStart", first[0], second)
    visitor.touch("touchMove", first[1], second)
    visitor.touch("touchMove", first[2], visitor.place(0.8, 0.9))
    visitor.touch("touchEnd")
    [stroke] = visitor.strokes()
    assert max(stroke["x"]) < 0.31 * visitor.asked["width"]
    assert stroke["y"][-1] == pytest.approx(800, abs=3)


def test_a_stroke_that_the_system_takes_away_is_kept(visit):
    """Ink stays, and is read, when the system cancels the pointer."""
    visitor = visit(**PHONE)
    points = [visitor.place(0.5, y) for y in (0.15, 0.5, 0.85)]
    visitor.touch("touchStart", points[0])
    for point in points[1:]:
        visitor.touch("touchMove", point)
    visitor.touch("touchCancel")
    expect(visitor.answer).not_to_have_text("?")
    assert visitor.ink() > 0
    assert len(visitor.strokes()) == 1


def test_the_right_button_does_not_draw(visit):
    """Only the main button leaves ink."""
    visitor = visit()
    visitor.page.mouse.move(*visitor.place(0.5, 0.2))
    visitor.page.mouse.down(button="right")
    visitor.page.mouse.move(*visitor.place(0.5, 0.8))
    visitor.page.mouse.up(button="right")
    assert visitor.ink() == 0
    expect(visitor.undo).to_be_disabled()


def test_letting_go_ends_the_stroke_while_another_button_is_held(visit):
    """The pen is up as soon as the main button is, whatever else is pressed."""
    visitor = visit()
    mouse = visitor.page.mouse
    mouse.move(*visitor.place(0.2, 0.2))
    mouse.down()
    mouse.move(*visitor.place(0.2, 0.8))
    mouse.down(button="right")
    mouse.up()
    mouse.move(*visitor.place(0.9, 0.9))
    mouse.up(button="right")
    [stroke] = visitor.strokes()
    assert max(stroke["x"]) < 0.21 * visitor.asked["width"]


# ---- undo, redo, clear ----


def test_the_tools_are_there_when_they_can_do_something(visit):
    """Undo, Redo, Erase, Clear and Submit are enabled exactly when there is something for them."""
    visitor = visit()
    tools = (visitor.undo, visitor.redo, visitor.erase, visitor.clear, visitor.submit)

    def expect_enabled(*wanted):
        for tool in tools:
            expect(tool).to_be_enabled(enabled=tool in wanted)

    expect_enabled()
    visitor.draw(ONE)
    expect_enabled(visitor.undo, visitor.erase, visitor.clear, visitor.submit)
    visitor.undo.click()
    expect_enabled(visitor.redo)
    visitor.redo.click()
    expect_enabled(visitor.undo, visitor.erase, visitor.clear, visitor.submit)
    visitor.clear.click()
    expect_enabled(visitor.undo)


def test_undo_and_redo_by_button(visit):
    """Undo takes the last stroke's ink away, Redo brings it back, and Clear can be undone."""
    visitor = visit()
    visitor.draw_digit(4)
    visitor.expect_number(4)
    both = visitor.ink()
    visitor.undo.click()
    one = visitor.ink()
    assert 0 < one < both
    visitor.redo.click()
    visitor.expect_number(4)
    assert visitor.ink() == pytest.approx(both, rel=0.01)
    visitor.clear.click()
    visitor.expect_nothing()
    assert visitor.ink() == 0
    visitor.undo.click()
    visitor.expect_number(4)
    assert visitor.ink() == pytest.approx(both, rel=0.01)


def test_undo_and_redo_by_keyboard(visit):
    """Ctrl+Z undoes, Ctrl+Shift+Z and Ctrl+Y redo."""
    visitor = visit()
    visitor.draw(ONE)
    ink = visitor.ink()
    for redo in ("Control+Shift+Z", "Control+Y"):
        visitor.page.keyboard.press("Control+z")
        assert visitor.ink() == 0
        visitor.page.keyboard.press(redo)
        assert visitor.ink() == ink


# ---- answers that come late, or not at all ----


def test_an_answer_about_an_older_drawing_is_dropped(visit):
    """The next stroke aborts the open question as it starts; only the new answer shows."""
    visitor = visit()
    held = []

    def hold_the_first(route):
        if held:
            route.fulfill(json=answer(4))
        else:
            held.append(route)

    visitor.page.route(PREDICT, hold_the_first)
    first, second = DIGITS[4]
    visitor.draw([first])
    expect(visitor.answer).to_have_attribute("aria-busy", "true")
    mouse = visitor.page.mouse
    with visitor.page.expect_event("requestfailed") as failed:
        mouse.move(*visitor.place(*second[0]))
        mouse.down()
    assert "ERR_ABORTED" in failed.value.failure
    mouse.move(*visitor.place(*second[-1]))
    mouse.up()
    visitor.expect_number(4)
    held[0].fulfill(json=answer(9))
    visitor.wait_for("() => new Promise(requestAnimationFrame)")
    visitor.expect_number(4)


def test_a_refusal_is_said_and_submit_tries_again(visit):
    """The ink stays, and Submit reads it."""
    visitor = visit()
    visitor.expected_errors.append("500")
    visitor.page.route(PREDICT, lambda route: route.fulfill(status=500, json={"detail": "No."}))
    visitor.draw_digit(3)
    expect(visitor.sentence).to_have_text("That didn’t work.")
    expect(visitor.detail).to_contain_text("something went wrong on our side")
    expect(visitor.answer).to_have_text("?")
    assert visitor.ink() > 0

    visitor.page.unroute(PREDICT)
    visitor.submit.click()
    visitor.expect_number(3)


def test_after_a_refusal_there_is_nothing_to_copy(visit):
    """Copy goes with the number that it was for, and comes back with the next. Share stays."""
    visitor = visit()
    visitor.expected_errors.append("500")
    copy = visitor.page.locator("[data-copy-number]")
    visitor.draw_digit(3)
    visitor.expect_number(3)
    expect(copy).to_be_enabled()
    visitor.page.route(PREDICT, lambda route: route.fulfill(status=500, json={}))
    visitor.submit.click()
    expect(visitor.sentence).to_have_text("That didn’t work.")
    expect(copy).to_be_disabled()
    expect(visitor.page.locator("[data-share]")).to_be_enabled()

    visitor.page.unroute(PREDICT)
    visitor.submit.click()
    visitor.expect_number(3)
    expect(copy).to_be_enabled()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (lambda route: route.abort("connectionrefused"), "Can’t reach the site."),
        (
            lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}, json={}),
            "The site is busy.",
        ),
    ],
    ids=["no network", "busy"],
)
def test_what_passes_is_tried_again_by_itself(visit, reply, said):
    """The page says so, keeps the ink, and gives the answer as soon as there is one."""
    visitor = visit()
    visitor.expected_errors += ["ERR_CONNECTION_REFUSED", "503"]
    visitor.page.route(PREDICT, reply)
    visitor.draw_digit(3)
    expect(visitor.sentence).to_have_text(said)
    expect(visitor.detail).to_contain_text("Nothing is lost.")
    assert visitor.ink() > 0
    visitor.page.unroute(PREDICT)
    visitor.expect_number(3)


def test_a_lost_connection_can_be_tried_at_once(visit):
    """By a button, which goes with the trouble; the focus is not lost with it."""
    visitor = visit()
    visitor.expected_errors.append("ERR_CONNECTION_REFUSED")
    retry = visitor.page.get_by_role("button", name="Retry now")
    visitor.draw_digit(3)
    visitor.expect_number(3)
    expect(retry).to_be_hidden()
    # Between attempts, nobody waits for a timer.
    visitor.page.clock.install()
    visitor.page.route(PREDICT, lambda route: route.abort("connectionrefused"))
    visitor.submit.click()
    expect(retry).to_be_visible()
    visitor.page.unroute(PREDICT)
    retry.focus()
    visitor.page.keyboard.press("Enter")
    visitor.expect_number(3)
    expect(retry).to_be_hidden()
    expect(visitor.pad).to_be_focused()


def test_an_answer_to_other_ink_is_not_copied(visit):
    """While no server answers, the number that is shown is that of the drawing as it was."""
    visitor = visit()
    visitor.expected_errors.append("ERR_CONNECTION_REFUSED")
    copy = visitor.page.get_by_role("button", name="Copy", exact=True)
    visitor.draw_digit(3)
    visitor.expect_number(3)
    expect(copy).to_be_enabled()
    visitor.page.route(PREDICT, lambda route: route.abort("connectionrefused"))
    visitor.draw([[(0.85, 0.25), (0.84, 0.75)]])
    expect(visitor.sentence).to_have_text("Can’t reach the site.")
    expect(copy).to_be_disabled()
    visitor.page.unroute(PREDICT)
    expect(copy).to_be_enabled()


def test_a_slow_answer_is_said_to_be_late(visit):
    """And shown when it comes."""
    visitor = visit()
    held = []
    visitor.page.route(PREDICT, lambda route: held.append(route))
    visitor.draw(ONE)
    expect(visitor.sentence).to_have_text("This is taking longer than usual.")
    held[0].fulfill(json=answer(1))
    visitor.expect_number(1)


# ---- whole numbers ----


def test_each_digit_stands_over_its_ink(visit):
    """A box a digit, in order, around its strokes, with the digit at it."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    expect(visitor.boxes).to_have_count(3)
    expect(visitor.boxes.locator("b")).to_have_text(["1", "4", "7"])
    pad = visitor.pad.bounding_box()
    for box, (left, right) in zip(
        visitor.boxes.all(), [(0.1, 0.11), (0.24, 0.34), (0.42, 0.6)], strict=True
    ):
        place = box.bounding_box()
        start = (place["x"] - pad["x"]) / pad["width"]
        end = start + place["width"] / pad["width"]
        assert start == pytest.approx(left, abs=0.03)
        assert end == pytest.approx(right, abs=0.03)
        assert start < left < right < end


def test_lines_are_read_line_by_line(visit):
    """The example of two lines is read as two."""
    visitor = visit()
    visitor.example("lines")
    visitor.expect_number("407; 12")
    expect(visitor.page.locator(".answer-number .line")).to_have_count(2)


def test_a_digit_that_is_looked_at_shines(visit):
    """Pointed at in the number or on the pad, its box is marked and its strokes take its colour."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    colour = visitor.boxes.nth(2).evaluate("box => getComputedStyle(box).borderTopColor")
    colour = ",".join(re.findall(r"\d+", colour))
    assert colour not in visitor.ink_colours()
    visitor.page.locator(".digit").nth(2).hover()
    expect(visitor.boxes.nth(2)).to_have_class(re.compile("lit"))
    assert colour in visitor.ink_colours()

    visitor.page.mouse.move(*visitor.place(0.28, 0.5))
    expect(visitor.boxes.nth(1)).to_have_class(re.compile("lit"))
    expect(visitor.boxes.nth(2)).not_to_have_class(re.compile("lit"))
    expect(visitor.page.locator(".digit").nth(1)).to_have_class(re.compile("lit"))
    visitor.page.mouse.move(*visitor.place(0.9, 0.9))
    expect(visitor.page.locator(".box.lit")).to_have_count(0)
    assert colour not in visitor.ink_colours()


def test_a_digit_that_is_chosen_shows_its_details(visit):
    """By click, tap or key: bars and glyph are its own, and it stays lit."""
    visitor = visit(**PHONE)
    visitor.draw(NUMBER, visitor.finger)
    visitor.expect_number(147)
    best = visitor.page.locator(".bars .best .bar-digit")
    title = visitor.page.locator("[data-answer-title]")
    expect(best).to_have_text("1")
    expect(title).to_have_text("Digit 1 of 3")
    visitor.page.locator(".digit").nth(1).tap()
    expect(best).to_have_text("4")
    expect(title).to_have_text("Digit 2 of 3")
    expect(visitor.page.locator(".digit").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(visitor.boxes.nth(1)).to_have_class(re.compile("lit"))
    visitor.page.locator(".digit").nth(2).focus()
    visitor.page.keyboard.press("Enter")
    expect(best).to_have_text("7")


def test_what_else_it_could_be_is_listed(visit):
    """Other readings with their probabilities, the likeliest first."""
    visitor = visit()
    reply = answer(7, 0.8, [(1, 0.12), (9, 0.03)], status="unsure")
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=reply))
    visitor.draw(ONE)
    expect(visitor.others).to_have_text(["1 12%", "9 3%"])


def test_an_answer_is_announced_once(visit):
    """One polite region has all of it; what is seen beside it is no live region."""
    visitor = visit()
    visitor.page.evaluate(
        """() => {
            window.heard = [];
            new MutationObserver(() => heard.push(
                document.querySelector("[data-answer-live]").textContent,
            )).observe(document.querySelector("[data-answer-live]"),
                {childList: true, characterData: true, subtree: true});
        }"""
    )
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=answer(7, 0.9712, [(1, 0.02)])))
    visitor.draw(ONE)
    expect(visitor.live).to_have_text("Looks like 7. Confidence: 97%. Or 1 (2%).")
    assert visitor.page.evaluate("heard") == ["Looks like 7. Confidence: 97%. Or 1 (2%)."]
    expect(visitor.live).to_have_attribute("role", "status")
    assert visitor.page.locator(".answer [role=status], .answer [aria-live]").count() == 2


def test_ink_is_read_in_a_pause_already(visit):
    """A pen that rests on the paper is answered before it is lifted."""
    visitor = visit()
    mouse = visitor.page.mouse
    mouse.move(*visitor.place(0.5, 0.2))
    mouse.down()
    for step in range(1, 8):
        mouse.move(*visitor.place(0.5, 0.2 + step / 12))
    visitor.expect_number(1)
    expect(visitor.boxes).to_have_count(1)
    mouse.move(*visitor.place(0.5, 0.82))
    expect(visitor.boxes).to_have_count(0)
    mouse.up()
    visitor.expect_number(1)
    expect(visitor.boxes).to_have_count(1)


# ---- erasing, keeping ----


def test_a_stroke_can_be_erased(visit):
    """The rubber takes away the strokes that it touches, the rest is read, and Undo helps."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    visitor.erase.click()
    expect(visitor.erase).to_have_attribute("aria-pressed", "true")
    visitor.draw([[(0.05, 0.5), (0.15, 0.5)]])
    visitor.expect_number(47)
    visitor.undo.click()
    visitor.expect_number(147)
    visitor.erase.click()
    visitor.draw([[(0.8, 0.25), (0.8, 0.75)]])
    visitor.expect_number(1471)


def test_the_other_end_of_a_pen_erases(visit):
    """Without any button on the page."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    x, y = visitor.place(0.105, 0.5)
    visitor.pad.evaluate(
        """(pad, [x, y]) => {
            const options = {pointerType: "pen", pointerId: 9, isPrimary: true, clientX: x,
                clientY: y, button: 5, buttons: 32, bubbles: true, cancelable: true};
            pad.setPointerCapture = () => {};
            pad.dispatchEvent(new PointerEvent("pointerdown", options));
            pad.dispatchEvent(new PointerEvent("pointerup", {...options, buttons: 0}));
        }""",
        [x, y],
    )
    visitor.expect_number(47)


def test_the_drawing_survives_a_reload(visit):
    """It is there, read, and can be undone stroke by stroke and gone on with."""
    visitor = visit()
    visitor.draw(NUMBER[:3])
    visitor.expect_number(14)
    before = visitor.strokes()
    visitor.page.reload()
    visitor.expect_number(14)
    assert visitor.strokes() == before
    visitor.undo.click()
    assert visitor.strokes() == before[:-1]
    visitor.redo.click()
    visitor.draw(NUMBER[3:])
    visitor.expect_number(147)
    assert [stroke["t"][0] for stroke in visitor.strokes()] == sorted(
        stroke["t"][0] for stroke in visitor.strokes()
    )
    visitor.clear.click()
    visitor.page.reload()
    visitor.expect_nothing()


def test_a_drawing_of_another_tab_is_not_shown(visit):
    """Only this tab keeps it: the next visitor of the machine begins anew."""
    visitor = visit()
    visitor.draw_digit(3)
    visitor.expect_number(3)
    other = visitor.page.context.new_page()
    other.goto("/")
    expect(other.locator("[data-answer-sentence]")).to_have_text("Nothing to read yet.")


# ---- the pen that keeps fingers away ----


def test_once_a_pen_has_drawn_fingers_do_not(visit):
    """A switch appears that says so, and that lets them draw again; the choice is kept."""
    visitor = visit(**PHONE)
    switch = visitor.page.get_by_role("switch", name="Only the pen draws")
    visitor.draw([[(0.2, 0.2), (0.2, 0.8)]], visitor.finger)
    expect(switch).to_be_hidden()
    assert len(visitor.strokes()) == 1
    visitor.draw([[(0.4, 0.2), (0.4, 0.8)]], visitor.pen)
    expect(switch).to_be_checked()
    visitor.draw([[(0.6, 0.2), (0.6, 0.8)]], visitor.finger)
    assert len(visitor.strokes()) == 2
    switch.uncheck()
    visitor.draw([[(0.6, 0.2), (0.6, 0.8)]], visitor.finger)
    assert len(visitor.strokes()) == 3
    visitor.page.reload()
    visitor.draw([[(0.8, 0.2), (0.8, 0.8)]], visitor.pen)
    expect(switch).not_to_be_checked()


def test_a_pen_that_is_pressed_draws_wider(visit):
    """Pressure is seen, and sent."""
    visitor = visit()
    visitor.force = 0.2
    visitor.draw([[(0.3, 0.2), (0.3, 0.5), (0.3, 0.8)]], visitor.pen)
    light = visitor.ink()
    visitor.force = 0.9
    visitor.draw([[(0.6, 0.2), (0.6, 0.5), (0.6, 0.8)]], visitor.pen)
    assert visitor.ink() - light > 1.5 * light
    first, second = visitor.strokes()
    assert max(first["p"]) == pytest.approx(0.2, abs=0.01)
    assert max(second["p"]) == pytest.approx(0.9, abs=0.01)


# ---- keyboard ----


def press(visitor, *keys):
    """Press keys one after the other."""
    for key in keys:
        visitor.page.keyboard.press(key)


def test_a_digit_can_be_drawn_by_keyboard(visit):
    """Arrows move, Space puts the pen down and lifts it; Delete and Ctrl+Z take ink away."""
    visitor = visit()
    visitor.pad.focus()
    press(visitor, *["ArrowLeft"] * 3, "Space")
    expect(visitor.notice).to_have_text("Pen down")
    press(visitor, *["ArrowRight"] * 7, *["ArrowDown", "ArrowDown", "ArrowLeft"] * 4)
    press(visitor, *["ArrowDown"] * 8, "Space")
    visitor.expect_number(7)
    expect(visitor.page.locator("[data-cursor]")).to_be_visible()
    press(visitor, "Delete")
    visitor.expect_nothing()
    press(visitor, "Control+z")
    visitor.expect_number(7)


@pytest.mark.parametrize("before", [[], ONE], ids=["first stroke", "second stroke"])
def test_undo_lifts_the_keyboard_pen(visit, before):
    """It takes the growing stroke whole; arrows then move the cursor and touch no other ink."""
    visitor = visit()
    visitor.draw(before)
    visitor.pad.focus()
    press(visitor, "Space", *["ArrowDown"] * 3)
    expect(visitor.page.locator("[data-cursor]")).to_have_class(re.compile("down"))
    press(visitor, "Control+z")
    expect(visitor.notice).to_have_text("Pen up")
    expect(visitor.page.locator("[data-cursor]")).not_to_have_class(re.compile("down"))
    press(visitor, *["ArrowRight"] * 3)
    press(visitor, "Control+Shift+Z")
    strokes = visitor.strokes()
    assert len(strokes) == len(before) + 1
    assert len(strokes[-1]["x"]) == 4
    assert [len(stroke["x"]) for stroke in strokes[:-1]] == [len(stroke) for stroke in before]


def test_a_visitor_with_a_keyboard_alone_gets_everything(visit):
    """Tab leads to every part in order: draw, undo, choose a digit, a picture, an example, look
    into the network.
    """
    visitor = visit()
    page = visitor.page
    choosers = []
    # Listened to from the start: on a busy machine the browser may else open a dialog of its own.
    page.on("filechooser", lambda chooser: choosers.append(chooser))

    def tab_to(selector, most=30):
        for _ in range(most):
            press(visitor, "Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"Tab does not reach {selector}")

    tab_to("[data-pad]")
    press(visitor, "Space", *["ArrowDown"] * 15, "Escape")
    visitor.expect_number(1)
    tab_to("[data-undo]")
    press(visitor, "Enter")
    visitor.expect_nothing()
    tab_to("[data-redo]")
    press(visitor, "Enter")
    visitor.expect_number(1)
    tab_to(".digit")
    expect(visitor.boxes.first).to_have_class(re.compile("lit"))
    press(visitor, "Enter")
    tab_to("[data-copy-number]")
    tab_to("[data-file]")
    press(visitor, "Enter")
    for _ in range(200):
        if choosers:
            break
        page.wait_for_timeout(50)
    choosers[0].set_files(image_file(4))
    visitor.expect_number(4)
    tab_to("[data-example=number]")
    press(visitor, "Enter")
    visitor.expect_number(1987)
    tab_to("[data-explain] > summary")
    press(visitor, "Enter")
    tab_to(".wide > .deeper > summary")
    press(visitor, "Enter")
    tab_to("#map-conv1")
    expect(page.locator("output[for=map-conv1]")).to_contain_text("of 32")
    press(visitor, "Home", "ArrowRight")
    expect(page.locator("output[for=map-conv1]")).to_have_text("Map 2 of 32")


# ---- what can be taken along ----


def test_the_actions_stay_in_place_when_the_answer_comes(visit):
    """Share is there before the answer, and Copy beside it has its place already."""
    visitor = visit()
    held = []
    visitor.page.route(PREDICT, lambda route: held.append(route))
    visitor.draw_digit(8)
    share, copy = (visitor.page.locator(f"[data-{name}]") for name in ("share", "copy-number"))
    expect(share).to_be_visible()
    expect(copy).to_be_disabled()
    before = share.bounding_box()
    while not held:
        visitor.page.wait_for_timeout(20)
    held[-1].fulfill(json=answer(8))
    expect(copy).to_be_enabled()
    assert share.bounding_box() == before


def test_the_number_can_be_copied(visit):
    """As text, a line a line."""
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.example("lines")
    visitor.expect_number("407; 12")
    visitor.page.get_by_role("button", name="Copy", exact=True).click()
    expect(visitor.notice).to_have_text("Copied.")
    assert visitor.page.evaluate("navigator.clipboard.readText()") == "407\n12"
    expect(visitor.notice).to_be_empty()  # after a moment


def test_the_copied_command_gives_the_same_answer(visit):
    """As it is, in a shell."""
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    visitor.page.get_by_role("button", name="Copy as curl").click()
    expect(visitor.notice).to_have_text("Copied.")
    command = shlex.split(visitor.page.evaluate("navigator.clipboard.readText()"))
    assert command[:2] == ["curl", "-s"]
    reply = visitor.page.request.post(
        command[2], data=command[-1], headers={"Content-Type": "application/json"}
    )
    assert reply.json()["text"] == "147"


def save(visitor, name):
    """Choose what to save; the menu closes and has the focus."""
    menu = visitor.page.locator("[data-save]")
    menu.locator("summary").click()
    menu.get_by_role("button", name=name).click()
    expect(menu.locator("summary")).to_be_focused()
    expect(menu.locator("ul")).to_be_hidden()


def test_the_drawing_can_be_saved_as_svg(visit):
    """A file named after the number, with a path a stroke."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    with visitor.page.expect_download() as saved:
        save(visitor, "Picture (SVG)")
    assert saved.value.suggested_filename == "inkling-147.svg"
    svg = Path(saved.value.path()).read_text(encoding="utf-8")
    assert svg.count("<path ") == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_drawing_can_be_saved_as_png(visit, scheme):
    """Dark ink on white in both schemes, cut to the ink, and large."""
    visitor = visit(color_scheme=scheme)
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    with visitor.page.expect_download() as saved:
        save(visitor, "Picture (PNG)")
    assert saved.value.suggested_filename == "inkling-147.png"
    image = cv2.imread(str(saved.value.path()), cv2.IMREAD_UNCHANGED)
    assert max(image.shape[:2]) >= 1000
    assert (image[..., 3] == 255).all()
    assert (image[[0, 0, -1, -1], [0, -1, 0, -1], :3] == 255).all()
    rows, columns = np.nonzero(image[..., 0] < 128)
    height, width = image.shape[:2]
    # A curve stays within its points.
    assert max(rows.min(), columns.min(), height - rows.max(), width - columns.max()) < 120
    assert 0.02 * height * width < len(rows) < 0.5 * height * width


def test_a_dot_can_be_saved_as_png(visit):
    """The smallest drawing there is."""
    visitor = visit()
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=answer(1)))
    visitor.draw([[(0.5, 0.5)]])
    visitor.expect_number(1)
    with visitor.page.expect_download() as saved:
        save(visitor, "Picture (PNG)")
    image = cv2.imread(str(saved.value.path()))
    assert min(image.shape[:2]) >= 1000
    assert image[image.shape[0] // 2, image.shape[1] // 2].max() < 128


@pytest.mark.parametrize("hand", ["mouse", "finger", "pen"])
def test_a_pointer_leaves_no_ring_around_the_pad(visit, hand):
    """The keyboard does: it has to show where it is."""
    visitor = visit(has_touch=True)
    visitor.draw_digit(3, getattr(visitor, hand))
    expect(visitor.pad).to_be_focused()
    expect(visitor.pad).to_have_css("outline-style", "none")
    visitor.page.keyboard.press("ArrowLeft")
    expect(visitor.pad).to_have_css("outline-style", "solid")
