"""Drawing on the page, and what it says about it."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import PHONE, PREDICT, answer, no_digit
from tests.hand import DIGITS

ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]
DOT = [[(0.5, 0.5)]]


def test_it_reads_every_digit_drawn_with_the_mouse(visit):
    """Each of our own digits is read as what it is."""
    visitor = visit()
    for digit in DIGITS:
        visitor.draw_digit(digit)
        visitor.expect_digit(digit)
        visitor.clear.click()
        expect(visitor.answer).to_have_text("?")


@pytest.mark.parametrize(("hand", "kind"), [("finger", "touch"), ("pen", "pen")])
def test_it_reads_digits_drawn_with_finger_and_pen(visit, hand, kind):
    """On a phone, digits of one stroke and of two are read from its touch screen and its pen."""
    visitor = visit(**PHONE)
    visitor.pad.evaluate(
        "pad => pad.addEventListener('pointerdown', e => (pad.dataset.kind = e.pointerType))"
    )
    for digit in (3, 4, 7):
        visitor.draw_digit(digit, getattr(visitor, hand))
        visitor.expect_digit(digit)
        visitor.clear.click()
        expect(visitor.answer).to_have_text("?")
    expect(visitor.pad).to_have_attribute("data-kind", kind)


def test_the_bars_show_the_ten_probabilities_of_the_answer(visit):
    """The digits 0 to 9 stand in order, with the answer's percentages and bars as long."""
    visitor = visit()
    with visitor.page.expect_response(PREDICT) as answered:
        visitor.draw_digit(7)
    probabilities = answered.value.json()["digits"][0]["probabilities"]
    visitor.expect_digit(7)

    rows = visitor.page.locator(".bars li")
    expect(rows.locator(".bar-digit")).to_have_text([str(digit) for digit in range(10)])
    expect(rows.locator(".bar-share")).to_have_text([f"{100 * p:.1f} %" for p in probabilities])
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
    glyph = visitor.page.locator("[data-glyph]")
    expect(glyph).to_be_visible()
    assert glyph.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [28, 28]


def test_what_is_no_digit_is_said_to_be_none(visit):
    """The words say so; bars and glyph show what was considered, and none of it is marked."""
    visitor = visit()
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=no_digit(8, [(8, 0.08)])))
    visitor.draw(ONE)
    expect(visitor.sentence).to_have_text("This does not look like a digit.")
    expect(visitor.detail).to_have_text("90.0 % sure. If it is one, perhaps an 8.")
    expect(visitor.answer).to_have_text("?")
    shares = visitor.page.locator(".bars .bar-share")
    expect(shares).to_have_text([f"{80 if digit == 8 else 0}.0 %" for digit in range(10)])
    expect(visitor.page.locator(".bars .best")).to_have_count(0)
    expect(visitor.page.locator("[data-glyph]")).to_be_visible()
    expect(visitor.page.get_by_alt_text("Your ink as a small white drawing")).to_be_visible()


def test_the_server_decides_what_is_a_guess(visit):
    """Its status alone, not how confident an answer is."""
    visitor = visit()
    replies = iter([answer(7, 0.3), answer(7, 0.97, status="unsure")])
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=next(replies)))
    visitor.draw(ONE)
    expect(visitor.sentence).to_have_text("This looks like a 7.")
    visitor.submit.click()
    expect(visitor.sentence).to_have_text("This could be a 7.")


# ---- ink ----


def test_a_dot_is_ink(visit):
    """A click without a movement leaves a dot that stays, and is sent as one point."""
    visitor = visit()
    visitor.draw(DOT)
    expect(visitor.sentence).to_contain_text("This")
    assert visitor.ink() > 0
    [stroke] = visitor.strokes()
    assert (stroke["x"], stroke["y"], stroke["t"]) == ([500], [500], [0])


@pytest.mark.parametrize("density", [1, 2, 3])
def test_the_canvas_is_sharp(visit, density):
    """The canvas has as many pixels as the screen has there."""
    visitor = visit(device_scale_factor=density)
    width, height, shown = visitor.pad.evaluate("c => [c.width, c.height, c.clientWidth]")
    assert width == height == shown * density


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
    visitor.wait_for("side => document.querySelector('[data-pad]').width < side", side)

    assert visitor.strokes() == before
    scale = visitor.pad.evaluate("canvas => canvas.width") / side
    assert visitor.ink() == pytest.approx(ink * scale**2, rel=0.1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_stands_out_from_the_paper(visit, scheme):
    """Ink is dark on light paper and light on dark paper, also when the scheme changes."""
    visitor = visit(color_scheme=scheme)
    visitor.draw(ONE)
    assert (max(visitor.ink_colour()) < 80) == (scheme == "light")
    other = {"light": "dark", "dark": "light"}[scheme]
    visitor.page.emulate_media(color_scheme=other)
    visitor.wait_for("() => new Promise(requestAnimationFrame)")
    assert (min(visitor.ink_colour()) > 200) == (other == "dark")


def test_ink_ends_at_the_edge(visit):
    """A stroke that leaves the pad is sent as it is seen: within the pad."""
    visitor = visit()
    visitor.draw([[(0.5, 0.5), (0.5, 1.3), (1.4, 1.3)]])
    [stroke] = visitor.strokes()
    assert stroke["x"] == [500, 500, 1000]
    assert stroke["y"] == [500, 1000, 1000]


# ---- hands ----


def test_drawing_with_a_finger_does_not_scroll(visit):
    """The page stays where it is under a swipe over the pad, though it scrolls elsewhere."""
    visitor = visit(**PHONE)
    up = [(0.5, 0.9 - i / 20) for i in range(15)]
    visitor.draw([up], visitor.finger)
    assert visitor.page.evaluate("scrollY") == 0
    assert visitor.ink() > 0

    x, y = visitor.place(0.5, 1.5)
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
    assert max(stroke["x"]) < 310
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
    assert max(stroke["x"]) < 210


# ---- undo, redo, clear ----


def test_the_tools_are_there_when_they_can_do_something(visit):
    """Undo, Redo, Clear and Submit are enabled exactly when there is something for them."""
    visitor = visit()
    tools = (visitor.undo, visitor.redo, visitor.clear, visitor.submit)

    def expect_enabled(*wanted):
        for tool in tools:
            expect(tool).to_be_enabled(enabled=tool in wanted)

    expect_enabled()
    visitor.draw(ONE)
    expect_enabled(visitor.undo, visitor.clear, visitor.submit)
    visitor.undo.click()
    expect_enabled(visitor.redo)
    visitor.redo.click()
    expect_enabled(visitor.undo, visitor.clear, visitor.submit)
    visitor.clear.click()
    expect_enabled(visitor.undo)


def test_undo_and_redo_by_button(visit):
    """Undo takes the last stroke's ink away, Redo brings it back, and Clear can be undone."""
    visitor = visit()
    visitor.draw_digit(4)
    visitor.expect_digit(4)
    both = visitor.ink()
    visitor.undo.click()
    one = visitor.ink()
    assert 0 < one < both
    visitor.redo.click()
    visitor.expect_digit(4)
    assert visitor.ink() == both
    visitor.clear.click()
    expect(visitor.sentence).to_have_text("Nothing to read yet.")
    assert visitor.ink() == 0
    visitor.undo.click()
    visitor.expect_digit(4)
    assert visitor.ink() == both


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
    visitor.wait_for("() => 'busy' in document.querySelector('[data-answer]').dataset")
    mouse = visitor.page.mouse
    with visitor.page.expect_event("requestfailed") as failed:
        mouse.move(*visitor.place(*second[0]))
        mouse.down()
    assert "ERR_ABORTED" in failed.value.failure
    mouse.move(*visitor.place(*second[-1]))
    mouse.up()
    visitor.expect_digit(4)
    held[0].fulfill(json=answer(9))
    visitor.wait_for("() => new Promise(requestAnimationFrame)")
    visitor.expect_digit(4)


def test_a_failure_is_said_and_submit_tries_again(visit):
    """The server's own words are shown, the ink stays, and Submit reads it."""
    visitor = visit()
    visitor.expected_errors.append("503")
    problem = {"title": "Service Unavailable", "detail": "All places are taken; please wait."}
    visitor.page.route(PREDICT, lambda route: route.fulfill(status=503, json=problem))
    visitor.draw_digit(3)
    expect(visitor.sentence).to_have_text("That did not work.")
    expect(visitor.detail).to_have_text(problem["detail"])
    expect(visitor.answer).to_have_text("?")
    assert visitor.ink() > 0

    visitor.page.unroute(PREDICT)
    visitor.submit.click()
    visitor.expect_digit(3)


def test_a_lost_connection_is_said(visit):
    """Without a server the page says so in plain words, and keeps the ink."""
    visitor = visit()
    visitor.expected_errors.append("ERR_CONNECTION_REFUSED")
    visitor.page.route(PREDICT, lambda route: route.abort("connectionrefused"))
    visitor.draw(ONE)
    expect(visitor.detail).to_have_text("The server cannot be reached. Please try again.")
    assert visitor.ink() > 0
