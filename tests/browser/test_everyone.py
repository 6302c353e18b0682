"""On any device, for anyone: the first minute, light and dark, languages, zoom, motion, print."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.test_picture import image_file
from tests.browser.visitor import NUMBER, PHONE

ANDROID = PHONE | {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}

DEVICES = {
    "desktop": ({"device_scale_factor": 1}, "mouse"),
    "iphone": (PHONE, "finger"),
    "android": (ANDROID, "finger"),
}


@pytest.mark.parametrize("device", DEVICES)
def test_the_first_minute(visit, device):
    """A number is read, a mistake undone, a photo read and turned away from, without reading
    anything but buttons.
    """
    options, hand = DEVICES[device]
    visitor = visit(**options)
    start = time.monotonic()
    hand = getattr(visitor, hand)
    visitor.draw(NUMBER, hand)
    visitor.expect_number(147)
    visitor.draw([[(0.8, 0.3), (0.9, 0.7)]], hand)
    expect(visitor.answer).not_to_have_text("147")
    visitor.undo.click()
    visitor.expect_number(147)
    visitor.file.set_input_files(image_file(4))
    visitor.expect_number(4)
    expect(visitor.photo_boxes).to_be_visible()
    visitor.page.get_by_role("button", name="Back to drawing").click()
    visitor.expect_number(147)
    assert time.monotonic() - start < 60


# ---- light and dark ----


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_light_and_dark_can_be_switched(visit, scheme, other):
    """Against the system's choice, for good, ink and all; and back to following the system."""
    visitor = visit(color_scheme=scheme)
    root, switch = visitor.page.locator("html"), visitor.page.get_by_role("switch", name="Dark")
    expect(root).to_have_attribute("data-theme", scheme)
    expect(switch).to_be_checked(checked=scheme == "dark")
    visitor.draw([[(0.5, 0.2), (0.5, 0.8)]])
    switch.click()
    expect(root).to_have_attribute("data-theme", other)
    expect(switch).to_be_checked(checked=other == "dark")
    assert (min(visitor.ink_colour()) > 200) == (other == "dark")
    visitor.page.reload()
    expect(root).to_have_attribute("data-theme", other)
    visitor.page.goto("/privacy")
    expect(root).to_have_attribute("data-theme", other)

    switch.click()
    expect(root).to_have_attribute("data-theme", scheme)
    assert visitor.page.evaluate("localStorage.getItem('inkling-theme')") is None


def test_a_chosen_theme_is_there_at_the_first_paint(visit):
    """No flash of the other: the script that sets it stands in the head and is no module."""
    visitor = visit(color_scheme="light")
    visitor.page.get_by_role("switch", name="Dark").click()
    visitor.page.add_init_script(
        """new MutationObserver(() => {
            if (document.body) window.first ??= document.documentElement.dataset.theme;
        }).observe(document, {childList: true, subtree: true});
        """
    )
    visitor.page.reload()
    assert visitor.page.evaluate("window.first") == "dark"


# ---- languages ----


def test_the_page_speaks_the_visitors_language(visit):
    """Its script too; and the drawing stays when another is chosen."""
    visitor = visit(locale="es-ES")
    expect(visitor.sentence).to_have_text("Aún no hay nada que leer.")
    visitor.draw_digit(3)
    expect(visitor.sentence).to_have_text("Parece 3.")
    visitor.page.locator("[data-menu] summary").click()
    visitor.page.get_by_role("link", name="Deutsch").click()
    expect(visitor.sentence).to_have_text("Sieht aus wie 3.")
    expect(visitor.detail).to_contain_text("Sicherheit: 9")


def test_a_picture_stays_when_another_language_is_chosen(visit):
    """Its very bytes are read again, after a reload too, until drawing goes on."""
    visitor = visit()
    page = visitor.page
    visitor.file.set_input_files(image_file(4))
    visitor.expect_number(4)
    page.locator("[data-menu] summary").click()
    page.get_by_role("link", name="Deutsch").click()
    expect(visitor.sentence).to_have_text("Sieht aus wie 4.")
    expect(visitor.photo_boxes).to_have_count(1)
    assert visitor.photo.locator("img").evaluate("image => image.naturalWidth") == 280
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(visitor.sentence).to_have_text("Sieht aus wie 4.")
    expect(visitor.photo).to_be_visible()
    page.locator("[data-close]").click()
    page.reload()
    expect(visitor.sentence).to_have_text("Noch nichts zu lesen.")
    expect(visitor.photo).to_be_hidden()


def test_the_language_changes_without_room_for_the_picture(visit):
    """Storage that is full or switched off keeps nobody from another language."""
    visitor = visit()
    page = visitor.page
    visitor.file.set_input_files(image_file(4))
    visitor.expect_number(4)
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error(); }; }")
    # Not the one before it either.
    visitor.file.set_input_files(image_file(7))
    visitor.expect_number(7)
    page.locator("[data-menu] summary").click()
    page.get_by_role("link", name="Deutsch").click()
    expect(visitor.sentence).to_have_text("Noch nichts zu lesen.")


def test_the_menu_of_languages_closes(visit):
    """By Escape, which leaves the focus where it was, and by a click elsewhere."""
    visitor = visit()
    menu = visitor.page.locator("[data-menu]")
    summary = menu.locator("summary")
    for leave in (
        lambda: visitor.page.keyboard.press("Escape"),
        lambda: visitor.page.mouse.click(5, 300),
    ):
        summary.click()
        expect(menu).to_have_attribute("open", "")
        leave()
        expect(menu).not_to_have_attribute("open", "")


def test_from_right_to_left(visit):
    """The page is mirrored; numbers, and where ink is, are not."""
    visitor = visit("/?lang=ar")
    visitor.draw(NUMBER)
    expect(visitor.page.locator(".digit > span")).to_have_text(["1", "4", "7"])
    drawing = visitor.page.locator(".drawing").bounding_box()
    answer = visitor.page.locator(".answer").bounding_box()
    assert answer["x"] < drawing["x"]
    places = [digit.bounding_box()["x"] for digit in visitor.page.locator(".digit").all()]
    assert places == sorted(places)
    boxes = [box.bounding_box()["x"] for box in visitor.boxes.all()]
    assert boxes == sorted(boxes)


# ---- eyes, screens, paper ----


def test_at_twice_the_size_nothing_is_cut_off(visit):
    """A desktop of 1280 pixels zoomed to 200 %: no scrolling sideways, pad and answer usable."""
    visitor = visit(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 640


def test_who_wants_no_motion_gets_none(visit):
    """Nothing is animated, and nothing fades."""
    visitor = visit(reduced_motion="reduce")
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    durations = visitor.page.evaluate(
        """[...document.querySelectorAll("*")].flatMap(element => {
            const style = getComputedStyle(element);
            return [style.animationName, style.transitionProperty];
        }).filter(name => name !== "none" && name !== "all")"""
    )
    assert durations == []


def test_on_paper_ink_is_dark(visit):
    """Also where the screen is dark; afterwards it is as it was."""
    visitor = visit(color_scheme="dark")
    visitor.draw([[(0.5, 0.2), (0.5, 0.8)]])
    visitor.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert max(visitor.ink_colour()) < 80
    visitor.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert min(visitor.ink_colour()) > 200


def test_another_window_ends_the_stroke(visit):
    """What the hand does elsewhere leaves no ink here, and none of what was drawn is lost."""
    visitor = visit()
    mouse = visitor.page.mouse
    mouse.move(*visitor.place(0.5, 0.2))
    mouse.down()
    mouse.move(*visitor.place(0.5, 0.5))
    visitor.page.evaluate("dispatchEvent(new Event('blur'))")
    mouse.move(*visitor.place(0.9, 0.9))
    mouse.up()
    [stroke] = visitor.strokes()
    assert stroke["y"] == pytest.approx([200, 500], abs=2)


def test_it_can_be_put_on_a_home_screen(visit):
    """The browser finds nothing wrong with the manifest."""
    visitor = visit()
    session = visitor.page.context.new_cdp_session(visitor.page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["url"].endswith("/manifest.webmanifest")
    assert manifest["errors"] == []


def test_the_pad_says_what_the_keyboard_does(visit):
    """Where Tab has led to it, and only there."""
    visitor = visit()
    keys = visitor.page.locator(".by-keys")
    expect(keys).to_be_hidden()
    for _ in range(20):
        visitor.page.keyboard.press("Tab")
        if visitor.pad.evaluate("pad => pad === document.activeElement"):
            break
    expect(keys).to_be_visible()
    expect(visitor.page.get_by_text("Write a number here")).to_be_hidden()
    visitor.draw_digit(3)
    expect(keys).to_be_hidden()
    visitor.page.locator("[data-clear]").click()
    expect(visitor.page.get_by_text("Write a number here")).to_be_visible()
