"""What the visitor corrects: shown, kept in the browser, listed, deleted, exported."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_axe import MODES, check
from tests.browser.test_picture import choose, image_file
from tests.browser.visitor import NUMBER, PHONE, PREDICT, answer, no_digit, nothing, symbols
from train.data.strokes import read_stroke_file

KEY = "inkling-corrections"

KEPT = "Saved in this browser, under “Your corrections” below."
NOT_KEPT = (
    "Not saved: this browser’s storage is full or blocked. "
    "The correction lasts until you leave this page or draw on."
)

FILL = """() => {
    for (let size = 2 ** 22; size >= 1; size = Math.floor(size / 2)) {
        try {
            for (;;) localStorage[`filler-${size}-${localStorage.length}`] = "x".repeat(size);
        } catch {}
    }
}"""
"""Leave no room in the browser's storage, to the last character."""


def button(visitor, name):
    """A button by its name."""
    return visitor.page.get_by_role("button", name=name, exact=True)


def panel(visitor):
    """Where a digit is chosen."""
    return visitor.page.get_by_role("group", name="right")


def note(visitor):
    """What is said about keeping it."""
    return visitor.page.locator("[data-correct-note]")


def say(visitor, *names):
    """Press buttons of the panel: digits, or "Not a number"."""
    for name in names:
        panel(visitor).get_by_role("button", name=str(name), exact=True).click()


def card(visitor):
    """The list, folded away below."""
    return visitor.page.locator("[data-corrections]")


def expect_listed(visitor, *texts):
    """Wait until the list has these items: what is right, and what was read; newest first."""
    expect(card(visitor).locator("li span")).to_have_text(texts)


def kept(visitor):
    """What the browser keeps, without the ink: what was read and what is right."""
    text = visitor.page.evaluate("key => localStorage[key] ?? '[]'", KEY)
    return [(each["read"], each["right"]) for each in json.loads(text)]


def open_card(visitor):
    """Unfold it."""
    card(visitor).locator("summary").click()


def draw(visitor, text="147", read=None, strokes=NUMBER):
    """Draw something that is read so, and open the panel, if it is not open."""
    visitor.page.unroute(PREDICT)
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=read or symbols(text)))
    if visitor.clear.is_enabled():
        visitor.clear.click()
        visitor.expect_nothing()
    visitor.draw(strokes)
    expect(visitor.page.locator("[data-correct-panel]")).to_be_enabled()
    expect(visitor.page.locator("[data-correct]")).to_be_visible()
    if button(visitor, "Wrong?").get_attribute("aria-expanded") == "false":
        button(visitor, "Wrong?").click()


def test_a_stroke_that_grows_undoes_no_correction(visit):
    """The answer is about what was there before: Ctrl+Z has nothing to put back in it."""
    visitor = visit()
    draw(visitor)
    say(visitor, 2)
    before = kept(visitor)
    assert len(before) == 1
    box = visitor.pad.bounding_box()
    mouse = visitor.page.mouse
    mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.6 * box["height"])
    visitor.page.keyboard.press("Control+z")
    expect(visitor.sentence).to_contain_text("You said")
    assert kept(visitor) == before
    mouse.up()


def test_a_correction_lasts(visit):
    """Of the same strokes, after a reload and from the recent readings, until it is taken back."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    button(visitor, "Wrong?").click()
    visitor.page.locator(".digit").nth(2).click()
    say(visitor, 1)
    visitor.page.reload()
    expect(visitor.sentence).to_have_text("You said 141.")
    expect(visitor.detail).to_have_text("Read as 147.")
    visitor.clear.click()
    visitor.expect_nothing()
    visitor.page.locator("[data-recent] summary").click()
    reading = visitor.page.locator("[data-reading]")
    expect(reading.locator("b")).to_have_text("141")
    reading.click()
    expect(visitor.sentence).to_have_text("You said 141.")
    visitor.page.locator("[data-answer-back]").click()
    visitor.expect_number(147)
    visitor.page.reload()
    visitor.expect_number(147)
    expect(visitor.detail).to_contain_text("Confidence")


def test_a_digit_is_corrected(visit):
    """The number, what is heard, what is copied, and the boxes say what the visitor says."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    visitor.page.evaluate("navigator.clipboard.writeText = async text => (window.copied = text)")
    button(visitor, "Wrong?").click()
    visitor.page.locator(".digit").nth(2).click()
    expect(panel(visitor)).to_have_accessible_name("Digit 3 of 3: choose the right one")
    say(visitor, 1)
    expect(visitor.sentence).to_have_text("You said 141.")
    expect(visitor.detail).to_have_text("Read as 147.")
    expect(visitor.live).to_have_text("You said 141. Read as 147.")
    expect(visitor.page.locator(".digit > span")).to_have_text(["1", "4", "1"])
    expect(visitor.boxes.locator("b")).to_have_text(["1", "4", "1"])
    expect(visitor.others).to_have_count(0)
    expect(note(visitor)).to_have_text(KEPT)
    # The bars still show what the network saw.
    expect(visitor.page.locator(".bars .best .bar-digit")).to_have_text("7")
    expect(visitor.page.locator(".digit").nth(2)).to_have_attribute("aria-pressed", "true")
    button(visitor, "Copy").click()
    assert visitor.page.evaluate("copied") == "141"
    assert kept(visitor) == [("147", "141")]


def test_before_a_correction_nothing_of_it_is_seen(visit):
    """The panel is folded, and there is no list."""
    visitor = visit()
    expect(button(visitor, "Wrong?")).to_be_hidden()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    expect(button(visitor, "Wrong?")).to_have_attribute("aria-expanded", "false")
    expect(visitor.page.locator("[data-correct-panel]")).to_be_hidden()
    expect(card(visitor)).to_be_hidden()
    assert visitor.page.evaluate("Object.keys(localStorage)") == []


def test_more_digits_are_one_correction(visit):
    """Of one drawing only the last word is kept."""
    visitor = visit()
    draw(visitor)
    say(visitor, 7)
    visitor.page.locator(".digit").nth(1).click()
    say(visitor, 9)
    expect(visitor.sentence).to_have_text("You said 797.")
    say(visitor, 0)
    expect(visitor.sentence).to_have_text("You said 707.")
    assert kept(visitor) == [("147", "707")]


def test_signs_stay(visit):
    """Around the digit that is corrected; what is heard names them."""
    visitor = visit()
    draw(visitor, "-1.5")
    visitor.page.locator(".digit").nth(1).click()
    say(visitor, 8)
    expect(visitor.sentence).to_have_text("You said -1.8.")
    expect(visitor.live).to_have_text("You said minus 1 point 8. Read as minus 1 point 5.")
    assert kept(visitor) == [("-1.5", "-1.8")]


def test_a_single_digit_is_corrected(visit):
    """There is none to choose from."""
    visitor = visit()
    draw(visitor, read=answer(7))
    expect(panel(visitor)).to_have_accessible_name("Choose the right digit")
    expect(visitor.page.locator("[data-correct-hint]")).to_be_hidden()
    say(visitor, 1)
    expect(visitor.sentence).to_have_text("You said 1.")
    assert kept(visitor) == [("7", "1")]


def test_it_can_be_said_to_be_no_number(visit):
    """And to be one again."""
    visitor = visit()
    draw(visitor)
    say(visitor, "Not a number")
    expect(visitor.sentence).to_have_text("You said this is not a number.")
    expect(visitor.detail).to_have_text("Read as 147.")
    expect(visitor.answer).to_have_text("147?")
    expect(button(visitor, "Copy")).to_be_disabled()
    pressed = panel(visitor).get_by_role("button", pressed=True)
    expect(pressed).to_have_text(["Not a number"])
    expect(pressed).to_be_focused()
    assert kept(visitor) == [("147", "")]
    say(visitor, 7)
    expect(visitor.sentence).to_have_text("You said 747.")
    expect(button(visitor, "Copy")).to_be_enabled()
    assert kept(visitor) == [("147", "747")]


def test_what_was_taken_for_no_number_can_be_said_to_be_one(visit):
    """A digit that looked like none."""
    visitor = visit()
    draw(visitor, read=no_digit(8))
    say(visitor, 8)
    expect(visitor.sentence).to_have_text("You said 8.")
    expect(visitor.detail).to_have_text("Read as not a number.")
    assert kept(visitor) == [("", "8")]
    open_card(visitor)
    expect_listed(visitor, "8 Read as not a number.")


@pytest.mark.parametrize("way", ["the digit that was read", "Restore", "Control+z"])
def test_a_correction_can_be_taken_back(visit, way):
    """Everything is as it was, and nothing of it is kept."""
    visitor = visit()
    draw(visitor)
    say(visitor, 7)
    expect(card(visitor)).to_be_visible()
    if way == "Restore":
        visitor.page.locator("[data-answer-back]").click()
    elif way == "Control+z":
        visitor.page.keyboard.press(way)
    else:
        say(visitor, 1)
    expect(visitor.sentence).to_have_text("Looks like 147.")
    expect(visitor.detail).to_have_text("Confidence: 100%.")
    expect(note(visitor)).to_be_empty()
    expect(card(visitor)).to_be_hidden()
    assert kept(visitor) == []


def test_the_focus_stays_where_restore_was(visit):
    """Of one digit there is nothing to ignore: the digit itself has it."""
    visitor = visit()
    draw(visitor, read=answer(7))
    say(visitor, 1)
    visitor.page.locator("[data-answer-back]").click()
    expect(visitor.page.locator(".digit")).to_be_focused()


def test_a_digit_that_is_ignored_takes_its_strokes_along(visit):
    """What is kept is what the number is about."""
    visitor = visit()
    draw(visitor)
    say(visitor, 7)
    visitor.page.locator(".digit").nth(1).click()
    button(visitor, "Ignore this digit").click()
    expect(visitor.sentence).to_have_text("You said 77.")
    assert kept(visitor) == [("17", "77")]
    ink = "key => JSON.parse(JSON.parse(localStorage[key])[0].ink).length"
    assert visitor.page.evaluate(ink, KEY) == len(NUMBER) - 1


def test_a_new_stroke_ends_it(visit):
    """The next reading is about another drawing; the correction is kept, the panel stays open."""
    visitor = visit()
    draw(visitor)
    say(visitor, 7)
    visitor.page.unroute(PREDICT)
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=symbols("1471")))
    visitor.draw([[(0.8, 0.2), (0.8, 0.8)]])
    visitor.expect_number(1471)
    expect(visitor.sentence).to_have_text("Looks like 1471.")
    expect(panel(visitor)).to_be_visible()
    expect(note(visitor)).to_be_empty()
    assert kept(visitor) == [("147", "747")]


def test_nothing_is_corrected_while_something_newer_is_read(visit):
    """It would be said of other ink."""
    visitor = visit()
    draw(visitor)
    visitor.page.unroute(PREDICT)
    visitor.page.route(PREDICT, lambda route: None)
    visitor.draw([[(0.8, 0.2), (0.8, 0.8)]])
    expect(panel(visitor).get_by_role("button", name="5", exact=True)).to_be_disabled()


def test_there_is_none_for_pictures_nor_for_nothing(visit):
    """There are no strokes to keep."""
    visitor = visit()
    draw(visitor)
    expect(panel(visitor)).to_be_visible()
    choose(visitor, image_file(7))
    visitor.expect_number(147)
    expect(visitor.photo).to_be_visible()
    expect(panel(visitor)).to_be_hidden()
    expect(button(visitor, "Wrong?")).to_be_hidden()
    button(visitor, "Back to drawing").click()
    expect(panel(visitor)).to_be_visible()
    visitor.page.unroute(PREDICT)
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=nothing()))
    visitor.submit.click()
    expect(visitor.sentence).to_have_text("No writing found.")
    expect(button(visitor, "Wrong?")).to_be_hidden()
    expect(panel(visitor)).to_be_hidden()


def test_there_is_none_for_shared_drawings(visit):
    """They are somebody else's."""
    visitor = visit("/#drawing=1pW1tbMzAwXSxbMjAwXSxbMF1dXQ", reduced_motion="reduce")
    expect(visitor.sentence).not_to_have_text("Nothing to read yet.")
    expect(button(visitor, "Wrong?")).to_be_hidden()


def test_the_keyboard_is_enough(visit):
    """Open, choose, correct, delete, with the focus always where it is needed."""
    visitor = visit()
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=symbols("14")))
    visitor.draw(NUMBER[:3])
    visitor.expect_number(14)
    press = visitor.page.keyboard.press
    button(visitor, "Wrong?").focus()
    press("Enter")
    expect(button(visitor, "Wrong?")).to_be_focused()
    for _ in range(8):
        press("Tab")
    seven = panel(visitor).get_by_role("button", name="7", exact=True)
    expect(seven).to_be_focused()
    press("Space")
    expect(visitor.sentence).to_have_text("You said 74.")
    expect(seven).to_be_focused()
    expect(seven).to_have_attribute("aria-pressed", "true")
    visitor.page.locator(".digit").nth(1).focus()
    press("Enter")
    expect(panel(visitor)).to_have_accessible_name("Digit 2 of 2: choose the right one")
    panel(visitor).get_by_role("button", name="9", exact=True).focus()
    press("Enter")
    expect(visitor.sentence).to_have_text("You said 79.")
    press("Tab")
    expect(visitor.page.locator("[data-not-a-number]")).to_be_focused()
    card(visitor).locator("summary").focus()
    press("Enter")
    expect_listed(visitor, "79 Read as 14.")
    press("Tab")
    expect(button(visitor, "Delete correction 79")).to_be_focused()
    press("Enter")
    expect(card(visitor)).to_be_hidden()
    expect(visitor.pad).to_be_focused()


def entry(number, right="1"):
    """A correction as the browser keeps it."""
    ink = json.dumps([[[number], [200], [0]]])
    return {"ink": ink, "read": str(number), "right": right}


def fill(visitor, entries):
    """Have the browser keep these."""
    text = entries if isinstance(entries, str) else json.dumps(entries)
    visitor.page.evaluate("([key, text]) => (localStorage[key] = text)", [KEY, text])
    visitor.page.reload()


def test_the_list_outlasts_the_page(visit):
    """The newest first, with its strokes."""
    visitor = visit()
    draw(visitor)
    say(visitor, 7)
    draw(visitor, read=answer(3), strokes=NUMBER[:1])
    say(visitor, "Not a number")
    visitor.page.reload()
    open_card(visitor)
    expect_listed(visitor, "not a number Read as 3.", "747 Read as 147.")
    paths = card(visitor).locator(".example path")
    assert paths.nth(0).get_attribute("d").count("M") == 1
    assert paths.nth(1).get_attribute("d").count("M") == len(NUMBER)


def test_one_can_be_deleted(visit):
    """For good; the focus goes to the next one, and to the pad with the last."""
    visitor = visit()
    fill(visitor, [entry(5, "51"), entry(6, "-61"), entry(7, "")])
    open_card(visitor)
    button(visitor, "Delete correction minus 61").click()
    expect(visitor.notice).to_have_text("Deleted.")
    expect(button(visitor, "Delete correction not a number")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    expect(button(visitor, "Delete correction 51")).to_be_focused()
    visitor.page.reload()
    open_card(visitor)
    expect_listed(visitor, "51 Read as 5.")
    button(visitor, "Delete correction 51").click()
    expect(card(visitor)).to_be_hidden()
    expect(visitor.pad).to_be_focused()


def test_all_can_be_deleted(visit):
    """Nothing of them is left in the browser, and the readings stay."""
    visitor = visit()
    draw(visitor)
    say(visitor, 7)
    visitor.clear.click()
    visitor.expect_nothing()
    open_card(visitor)
    card(visitor).get_by_role("button", name="Delete all").click()
    expect(card(visitor)).to_be_hidden()
    expect(visitor.pad).to_be_focused()
    assert visitor.page.evaluate("key => localStorage[key]", KEY) == "[]"
    expect(visitor.page.locator("[data-recent]")).to_be_visible()


def test_the_reading_that_is_kept_is_the_corrected_one(visit):
    """In the list of recent readings, too; what is no number is not there."""
    visitor = visit()
    draw(visitor)
    say(visitor, 7)
    draw(visitor, read=answer(3), strokes=NUMBER[:1])
    say(visitor, "Not a number")
    visitor.clear.click()
    visitor.page.locator("[data-recent] summary").click()
    expect(visitor.page.locator("[data-recent] li b")).to_have_text(["747"])


def test_no_more_than_a_hundred_are_kept(visit):
    """The oldest gives way."""
    visitor = visit()
    fill(visitor, [entry(number) for number in range(100, 200)])
    draw(visitor)
    say(visitor, 7)
    assert kept(visitor) == [("147", "747"), *((str(n), "1") for n in range(100, 199))]


def test_what_does_not_fit_is_said_and_costs_nothing(visit):
    """A storage that is really full: what was there is there, and the number is corrected."""
    visitor = visit()
    fill(visitor, [entry(5), entry(6)])
    visitor.page.evaluate(FILL)
    draw(visitor)
    say(visitor, 7)
    expect(visitor.sentence).to_have_text("You said 747.")
    expect(note(visitor)).to_have_text(NOT_KEPT)
    expect(visitor.live).to_have_text(f"You said 747. Read as 147. {NOT_KEPT}")
    assert kept(visitor) == [("5", "1"), ("6", "1")]
    open_card(visitor)
    button(visitor, "Delete correction 1").first.click()
    assert kept(visitor) == [("6", "1")]
    # There is room again for as much.
    say(visitor, 2)
    expect(visitor.sentence).to_have_text("You said 247.")


def test_a_storage_that_refuses_is_said_and_costs_nothing(visit):
    """It is used for nothing else then, either."""
    visitor = visit()
    visitor.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }});"
    )
    visitor.page.reload()
    draw(visitor)
    say(visitor, 7)
    expect(visitor.sentence).to_have_text("You said 747.")
    expect(note(visitor)).to_have_text(NOT_KEPT)
    expect(card(visitor)).to_be_hidden()


HOSTILE = [
    "",
    "{",
    "5",
    "null",
    '"text"',
    '{"length": 1}',
    "[null, 5, [], {}, true]",
    json.dumps([{"ink": "[[[1],[1],[1]]]", "read": 5, "right": "5"}]),
    json.dumps([{"ink": "[[[1],[1],[1]]]", "read": "5"}]),
    json.dumps([{"ink": [[[1], [1], [1]]], "read": "5", "right": "6"}]),
    json.dumps([{"ink": "[[[1e9],[1],[1]]]", "read": "5", "right": "6"}]),
    json.dumps([{"ink": "[[[1],[1],[1]]]", "read": "5", "right": "6" * 2000}]),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_none_of_ours_is_not_shown(visit, text):
    """And does not keep the page from working."""
    visitor = visit()
    fill(visitor, text)
    expect(card(visitor)).to_be_hidden()
    draw(visitor)
    say(visitor, 7)
    assert kept(visitor) == [("147", "747")]
    expect(card(visitor)).to_be_visible()


def test_markup_is_text_and_what_is_broken_costs_no_other(visit):
    """Whatever somebody has put there."""
    visitor = visit()
    evil = "<img src=x onerror=alert(1)>"
    fill(visitor, [None, entry(5, evil), {"ink": 7}, entry(6), entry(6)])
    open_card(visitor)
    expect_listed(visitor, f"{evil} Read as 5.", "1 Read as 6.")
    assert card(visitor).locator("img").count() == 0


def export(visitor, tmp_path):
    """Press Export; the samples of the file, as training reads them."""
    with visitor.page.expect_download() as saved:
        card(visitor).get_by_role("button", name="Export").click()
    assert saved.value.suggested_filename == "inkling-corrections.jsonl.gz"
    path = tmp_path / "corrections.jsonl.gz"
    path.write_bytes(Path(saved.value.path()).read_bytes())
    return list(read_stroke_file(path))


def test_the_export_is_a_stroke_file(visit, tmp_path):
    """Labelled with what is right; the strokes are those of the drawing."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    sent = visitor.strokes()
    visitor.expect_number(147)
    button(visitor, "Wrong?").click()
    say(visitor, 7)
    open_card(visitor)
    expect(visitor.page.locator("[data-no-label]")).to_be_hidden()
    [sample] = export(visitor, tmp_path)
    assert (sample.label, sample.writer) == ("747", "me")
    assert len(sample.strokes) == len(sent)
    for stroke, wanted in zip(sample.strokes, sent, strict=True):
        assert stroke[:, 0] == pytest.approx(wanted["x"], abs=0.5)
        assert stroke[:, 1] == pytest.approx(wanted["y"], abs=0.5)


def test_what_is_no_number_is_left_out_of_the_export(visit, tmp_path):
    """The page says so; where nothing is left there is nothing to export."""
    visitor = visit()
    fill(visitor, [entry(5, ""), entry(6, "61"), entry(7, "12\n-3.5")])
    open_card(visitor)
    expect(visitor.page.locator("[data-no-label]")).to_have_text(
        "The export leaves out what is not a number: the file format has no label for it."
    )
    assert [sample.label for sample in export(visitor, tmp_path)] == ["61", "12\n-3.5"]
    for name in ("61", "12, minus 3 point 5"):
        button(visitor, f"Delete correction {name}").click()
    expect(card(visitor).get_by_role("button", name="Export")).to_be_disabled()


def test_a_browser_without_gzip_says_so(visit):
    """Nothing is saved."""
    visitor = visit()
    fill(visitor, [entry(5)])
    visitor.page.evaluate("delete window.CompressionStream")
    open_card(visitor)
    card(visitor).get_by_role("button", name="Export").click()
    expect(visitor.notice).to_have_text("Your browser is too old to make this file.")


def test_nothing_of_it_is_sent(visit, tmp_path):
    """Correcting, listing, exporting and deleting ask nobody."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    asked = []
    visitor.page.on(
        "request", lambda request: request.url.startswith("blob:") or asked.append(request.url)
    )
    button(visitor, "Wrong?").click()
    say(visitor, 7, "Not a number", 8)
    open_card(visitor)
    export(visitor, tmp_path)
    card(visitor).get_by_role("button", name="Delete all").click()
    expect(card(visitor)).to_be_hidden()
    assert asked == []


@pytest.mark.parametrize("path", ["/", "/?lang=ar", "/?lang=de", "/?lang=es"])
def test_it_fits_a_small_phone(visit, path):
    """At 320 pixels, buttons as large as fingers, text within its button."""
    visitor = visit(path, **PHONE | {"viewport": {"width": 320, "height": 568}})
    fill(visitor, [entry(5, "123456789012345"), entry(7, "")])
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=symbols("147")))
    visitor.draw(NUMBER, visitor.finger)
    visitor.page.locator("[data-correct]").tap()
    visitor.page.locator("[data-right]").nth(8).tap()
    expect(visitor.page.locator(".digit > span")).to_have_text(["8", "4", "7"])
    open_card(visitor)
    expect(card(visitor).locator("li")).to_have_count(3)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 320
    places = visitor.page.locator(".answer, [data-corrections]")
    for one in places.get_by_role("button").filter(visible=True).all():
        box = one.bounding_box()
        assert min(box["width"], box["height"]) >= 44, one.text_content()
        assert one.evaluate("button => button.scrollWidth <= button.clientWidth")


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing(visit, mode, language):
    """The panel open, a digit corrected, the list with a number and with none."""
    visitor = visit(f"/?lang={language}", **MODES[mode][0])
    fill(visitor, [entry(5, ""), entry(6, "61")])
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=symbols("-147")))
    visitor.draw(NUMBER)
    visitor.page.locator("[data-correct]").click()
    visitor.page.locator("[data-right]").nth(8).click()
    open_card(visitor)
    expect(card(visitor).locator("li")).to_have_count(3)
    check(visitor, mode)
