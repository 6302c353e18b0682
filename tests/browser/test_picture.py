"""Pictures: chosen, dropped, pasted, turned, refused."""

import base64
import json

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from support.hand import picture, png
from tests.browser.visitor import PHONE, PREDICT, answer

TRANSFER = """([name, type, content]) => {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, {type}));
    return transfer;
}"""


def image_file(digit):
    """A picture of one of our own digits, as an upload."""
    return {"name": f"{digit}.png", "mimeType": "image/png", "buffer": png(picture(digit))}


NO_PICTURE = {"name": "notes.png", "mimeType": "image/png", "buffer": b"not a picture"}
BROKEN = {"name": "cut.png", "mimeType": "image/png", "buffer": png(picture(2))[:60]}
HUGE = {"name": "huge.png", "mimeType": "image/png", "buffer": bytes(13 * 2**20)}
HEIC = {"name": "IMG_1.HEIC", "mimeType": "", "buffer": b"\x00\x00\x00\x18ftypheic" + bytes(60)}


def transfer_of(visitor, file):
    """The file as what is dropped or pasted holds it."""
    content = base64.b64encode(file["buffer"]).decode()
    return visitor.page.evaluate_handle(TRANSFER, [file["name"], file["mimeType"], content])


def drop(visitor, file):
    """Drag a file over the page and let it go there."""
    transfer = transfer_of(visitor, file)
    main = visitor.page.locator("main")
    for event in ("dragenter", "dragover"):
        main.dispatch_event(event, {"dataTransfer": transfer})
    expect(visitor.page.locator("body")).to_have_class("dropping")
    expect(visitor.page.get_by_text("Drop the photo to read it")).to_be_visible()
    main.dispatch_event("drop", {"dataTransfer": transfer})
    expect(visitor.page.locator("body")).to_have_class("")


def paste(visitor, file):
    """Paste a file from the clipboard."""
    visitor.page.evaluate(
        "clipboardData => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData}))",
        transfer_of(visitor, file),
    )


def choose(visitor, file):
    """Choose a file with the button."""
    visitor.file.set_input_files(file)


def photograph(visitor, file):
    """Take it with the camera."""
    visitor.page.locator("#camera").set_input_files(file)


BUSY = """() => {
    const { toBlob } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.toBlob = function (...given) {
        setTimeout(() => toBlob.apply(this, given), 7000);
    };
}"""
"""Chromium begins with it once the page is idle, or after seconds."""

WATCH = """() => {
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (form) {
        window.sentFile = form.get("image");
        return send.call(this, form);
    };
}"""

SENT = """async () => {
    const bytes = new Uint8Array(await sentFile.arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
}"""


def sent_file(visitor, act):
    """The bytes of the file that the page sends when this is done."""
    # The browser does not show a form's files to whoever watches its network.
    visitor.page.evaluate(WATCH)
    with visitor.page.expect_request(PREDICT):
        act()
    return base64.b64decode(visitor.page.evaluate(SENT))


def pick(visitor, file):
    """Choose it by the button beside the tools of the pad, where the screen is narrow."""
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.locator("[data-pick]").click()
    chooser.value.set_files(file)


@pytest.mark.parametrize("bring", [choose, drop, paste, photograph, pick])
def test_it_reads_a_picture(visit, bring):
    """A picture is read and shown, whether it is chosen, dropped, pasted or taken."""
    visitor = visit()
    bring(visitor, image_file(2))
    visitor.expect_number(2)
    shown = visitor.photo.locator("img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") == 280


def test_what_was_read_stands_over_the_picture(visit):
    """A box around the ink, with the digit at it; clicked, it is chosen."""
    visitor = visit()
    choose(visitor, image_file(7))
    visitor.expect_number(7)
    expect(visitor.photo_boxes.locator("b")).to_have_text(["7"])
    image = visitor.photo.locator("img").bounding_box()
    box = visitor.photo_boxes.bounding_box()
    # The 7 is drawn from 28 % to 72 % of the width, from 19 % to 86 % of the height.
    for start, size, low, high in (("x", "width", 0.28, 0.72), ("y", "height", 0.19, 0.86)):
        begin = (box[start] - image[start]) / image[size]
        assert begin == pytest.approx(low, abs=0.06)
        assert begin + box[size] / image[size] == pytest.approx(high, abs=0.06)
    visitor.photo_boxes.click()
    expect(visitor.page.locator(".digit")).to_have_attribute("aria-pressed", "true")


def test_another_picture_replaces_the_first(visit):
    """The answer is always about the picture that is shown."""
    visitor = visit()
    for digit in (2, 7):
        choose(visitor, image_file(digit))
        visitor.expect_number(digit)


def test_the_number_of_another_picture_cannot_be_copied(visit):
    """What copies waits for the answer about what is shown: a picture, turned, or the drawing."""
    visitor = visit()
    copy = visitor.page.get_by_role("button", name="Copy", exact=True)
    visitor.draw_digit(3)
    visitor.expect_number(3)
    held = []
    visitor.page.route(PREDICT, lambda route: held.append(route))
    for act in (
        lambda: choose(visitor, image_file(2)),
        lambda: choose(visitor, image_file(7)),
        visitor.page.get_by_role("button", name="Rotate the picture").click,
        visitor.page.get_by_role("button", name="Back to drawing").click,
    ):
        expect(copy).to_be_enabled()
        with visitor.page.expect_request(PREDICT):
            act()
        expect(copy).to_be_disabled()
        held.pop().fulfill(json=answer(2))
    expect(copy).to_be_enabled()


def test_the_camera_is_offered_where_there_is_touch(visit):
    """A phone has a button for it, a desktop has not; the field asks for the camera behind."""
    phone, desktop = visit(**PHONE), visit()
    expect(phone.page.get_by_text("Take a photo")).to_be_visible()
    expect(desktop.page.get_by_text("Take a photo")).to_be_hidden()
    expect(phone.page.locator("#camera")).to_have_attribute("capture", "environment")


def test_a_large_photo_is_sent_smaller(visit):
    """Reduced before it leaves the browser, as a JPEG; what is shown is what was sent."""
    visitor = visit()
    noise = np.random.default_rng(1).integers(200, 255, (3000, 4000), np.uint8)
    cv2.putText(noise, "1", (1500, 2300), cv2.FONT_HERSHEY_SIMPLEX, 60, 0, 150)
    large = {"name": "large.png", "mimeType": "image/png", "buffer": png(noise)}
    assert len(large["buffer"]) > 5 * 2**20
    visitor.page.route(
        PREDICT,
        lambda route: route.fulfill(json=answer(1, surface={"width": 2400, "height": 1800})),
    )
    content = sent_file(visitor, lambda: choose(visitor, large))
    sent = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert content[:2] == b"\xff\xd8"
    assert sent.shape[:2] == (1800, 2400)
    assert len(content) < 5 * 2**20
    visitor.expect_number(1)
    shown = visitor.photo.locator("img")
    assert shown.evaluate("image => image.naturalWidth") == 2400


def test_a_picture_can_be_turned(visit):
    """By 90 degrees clockwise at a time, and it is read again."""
    visitor = visit()
    turned = np.rot90(picture(4))  # counter-clockwise
    choose(visitor, {"name": "turned.png", "mimeType": "image/png", "buffer": png(turned.copy())})
    expect(visitor.page.locator("[data-answer]")).not_to_have_attribute("data-state", "idle")
    turn = visitor.page.get_by_role("button", name="Rotate the picture")
    sent = cv2.imdecode(
        np.frombuffer(sent_file(visitor, turn.click), np.uint8), cv2.IMREAD_GRAYSCALE
    )
    assert np.abs(sent.astype(int) - picture(4)).mean() < 3
    visitor.expect_number(4)


def test_a_busy_browser_delays_no_picture(visit):
    """What the page draws of a picture is sent at once, the example and a turned picture."""
    visitor = visit()
    visitor.page.evaluate(BUSY)
    visitor.example("photo")
    visitor.expect_number(365)
    with visitor.page.expect_request(PREDICT, timeout=5000):
        visitor.page.get_by_role("button", name="Rotate the picture").click()


def test_sending_can_be_cancelled(visit):
    """The question is aborted, and the drawing is there again."""
    visitor = visit()
    visitor.draw_digit(3)
    visitor.expect_number(3)
    visitor.page.route("**/predict/image*", lambda route: None)
    choose(visitor, image_file(7))
    cancel = visitor.page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible()
    expect(visitor.page.get_by_role("progressbar")).to_be_visible()
    with visitor.page.expect_event("requestfailed") as failed:
        cancel.click()
    assert "ERR_ABORTED" in failed.value.failure
    visitor.expect_number(3)
    expect(visitor.photo).to_be_hidden()


def empty_stage(visitor):
    """Nothing is there yet."""


def drawn_stage(visitor):
    """A drawing that was read."""
    visitor.draw_digit(3)
    visitor.expect_number(3)


def photo_stage(visitor):
    """A picture that was read."""
    choose(visitor, image_file(2))
    visitor.expect_number(2)


@pytest.mark.parametrize("before", [empty_stage, drawn_stage, photo_stage])
@pytest.mark.parametrize(
    ("file", "words"),
    [
        (HEIC, "HEIC photo"),
        (NO_PICTURE, "Only PNG, JPEG and WebP"),
        (BROKEN, "may be damaged"),
        (HUGE, "too large to send"),
    ],
    ids=["heic", "no picture", "broken", "huge"],
)
def test_an_unreadable_file_changes_nothing(visit, before, file, words):
    """It is refused in words that say what to do; what was there stays, with its answer."""
    visitor = visit()
    before(visitor)
    page = visitor.page
    was = [page.locator(part) for part in (".stage", ".toolbar", ".answer", ".details")]
    page.mouse.move(0, 0)
    texts = [part.inner_text() for part in was]
    shown = visitor.photo.is_visible()
    choose(visitor, file)
    refused = page.locator("[data-refused]")
    expect(refused).to_contain_text("That didn’t work.")
    expect(refused).to_contain_text(words)
    stays = "The answer is the one from before."
    if before is empty_stage:
        expect(refused).not_to_contain_text(stays)
    else:
        expect(refused).to_contain_text(stays)
    expect(refused).to_be_in_viewport()
    assert [part.inner_text() for part in was] == texts
    assert visitor.photo.is_visible() == shown
    expect(page.get_by_role("progressbar")).to_be_hidden()
    assert visitor.file.input_value() == ""


def test_a_refusal_goes_with_the_next_stroke_or_picture(visit):
    """It is about a file that is not there any more."""
    visitor = visit()
    refused = visitor.page.locator("[data-refused]")
    choose(visitor, NO_PICTURE)
    expect(refused).not_to_be_empty()
    visitor.draw_digit(3)
    expect(refused).to_be_empty()
    drop(visitor, NO_PICTURE)
    expect(refused).not_to_be_empty()
    paste(visitor, image_file(2))
    visitor.expect_number(2)
    expect(refused).to_be_empty()


@pytest.mark.parametrize("before", [drawn_stage, photo_stage])
def test_an_answer_is_pale_while_a_picture_is_sent(visit, before):
    """It is about something else; assistive technology is told too, and hears what is said."""
    visitor = visit()
    before(visitor)
    page = visitor.page
    held = []
    page.route(PREDICT, lambda route: held.append(route))
    with page.expect_request(PREDICT):
        choose(visitor, image_file(7))
    dated = page.locator("[data-dated]")
    for part in dated.all():
        expect(part).to_have_attribute("aria-busy", "true")
        expect(part).to_have_css("opacity", "0.4")
    expect(page.locator("[aria-busy=true] [role=status]")).to_have_count(0)
    held.pop().continue_()
    visitor.expect_number(7)
    for part in dated.all():
        expect(part).to_have_attribute("aria-busy", "false")
        expect(part).to_have_css("opacity", "1")


def test_a_heic_photo_is_not_even_sent(visit):
    """It is known by its first bytes, whatever it is called."""
    visitor = visit()
    asked = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    choose(visitor, HEIC | {"name": "photo.jpg", "mimeType": "image/jpeg"})
    expect(visitor.page.locator("[data-refused]")).to_contain_text("HEIC photo")
    assert not [url for url in asked if "/api/" in url]


def test_a_lost_connection_is_tried_again(visit):
    """Nobody has to bring the picture anew."""
    visitor = visit()
    visitor.expected_errors.append("503")
    visitor.page.route(PREDICT, lambda route: route.fulfill(status=503, body="busy"))
    drop(visitor, image_file(2))
    expect(visitor.sentence).to_have_text("The site is busy.")
    visitor.page.unroute(PREDICT)
    visitor.expect_number(2)


def test_the_drawing_waits_under_the_picture(visit):
    """A picture takes the stage; the way back brings the drawing and its answer."""
    visitor = visit()
    visitor.draw_digit(3)
    visitor.expect_number(3)
    ink = visitor.ink()
    choose(visitor, image_file(7))
    visitor.expect_number(7)
    expect(visitor.undo).to_be_hidden()
    visitor.page.keyboard.press("Control+z")
    visitor.expect_number(7)

    visitor.page.get_by_role("button", name="Back to drawing").click()
    visitor.expect_number(3)
    assert visitor.ink() == ink
    expect(visitor.photo).to_be_hidden()
    assert visitor.file.input_value() == ""


def test_a_picture_lifts_the_keyboard_pen(visit):
    """Pasted into a growing stroke it is read all the same, and the stroke is kept."""
    visitor = visit()
    visitor.pad.focus()
    for key in ("Space", *["ArrowDown"] * 15):
        visitor.page.keyboard.press(key)
    paste(visitor, image_file(7))
    visitor.expect_number(7)
    expect(visitor.photo_boxes.locator("b")).to_have_text(["7"])
    visitor.page.get_by_role("button", name="Back to drawing").click()
    visitor.expect_number(1)


def test_the_example_photo_goes_the_way_of_every_picture(visit):
    """As a JPEG that was drawn by the page."""
    visitor = visit()
    content = sent_file(visitor, lambda: visitor.example("photo"))
    assert content[:2] == b"\xff\xd8"
    expect(visitor.photo.locator("img")).to_be_visible()


SLOW = """() => {
    const { decode } = HTMLImageElement.prototype;
    HTMLImageElement.prototype.decode = async function () {
        await new Promise((done) => (window.load = done));
        await decode.call(this);
    };
}"""
"""A picture is there once `load` is called."""


def test_a_later_choice_counts_while_the_example_photo_is_loaded(visit):
    """The page says that the photo is coming; another example then takes its place."""
    visitor = visit()
    visitor.page.evaluate(SLOW)
    visitor.example("photo")
    expect(visitor.page.get_by_role("progressbar")).to_be_visible()
    visitor.example("number")
    visitor.expect_number(1987)
    visitor.page.evaluate("load()")
    visitor.page.evaluate("() => new Promise((done) => setTimeout(done, 500))")
    expect(visitor.photo).to_be_hidden()
    visitor.expect_number(1987)


def test_an_example_photo_that_is_not_there_is_told(visit):
    """In words; what was drawn stays, with its answer."""
    visitor = visit()
    drawn_stage(visitor)
    visitor.page.evaluate(
        "() => { HTMLImageElement.prototype.decode = () => Promise.reject(new Error()); }"
    )
    visitor.example("photo")
    expect(visitor.page.locator("[data-refused]")).to_contain_text("Can’t reach the site.")
    expect(visitor.page.get_by_role("progressbar")).to_be_hidden()
    visitor.expect_number(3)


def test_the_network_explains_a_picture_too(visit):
    """Its ink is cut out of the photo; one map goes in."""
    visitor = visit()
    choose(visitor, image_file(2))
    visitor.expect_number(2)
    with visitor.page.expect_response("**/api/v1/explain*") as answered:
        visitor.page.locator("[data-explain] > summary").click()
    shapes = [layer["shape"] for layer in json.loads(answered.value.body())["layers"]]
    assert shapes[0] == [28, 28, 1]
    expect(visitor.page.locator("output[for=map-conv3]")).to_contain_text("of 64")


def test_a_file_can_be_chosen_again(visit):
    """Browsers tell of no change where the name is the same: the field keeps none."""
    visitor = visit()
    for digit in (7, 4):
        choose(visitor, image_file(digit) | {"name": "same.png"})
        visitor.expect_number(digit)
        expect(visitor.file).to_have_value("")
