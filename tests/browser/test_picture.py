"""Pictures: chosen, dropped, refused."""

import base64

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import PREDICT
from tests.hand import picture, png

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


def drop(visitor, file):
    """Drag a file over the page and let it go there."""
    content = base64.b64encode(file["buffer"]).decode()
    transfer = visitor.page.evaluate_handle(TRANSFER, [file["name"], file["mimeType"], content])
    main = visitor.page.locator("main")
    for event in ("dragenter", "dragover"):
        main.dispatch_event(event, {"dataTransfer": transfer})
    expect(visitor.page.locator("body")).to_have_class("dropping")
    main.dispatch_event("drop", {"dataTransfer": transfer})
    expect(visitor.page.locator("body")).to_have_class("")


def choose(visitor, file):
    """Choose a file with the button."""
    visitor.file.set_input_files(file)


@pytest.mark.parametrize("bring", [choose, drop])
def test_it_reads_a_picture(visit, bring):
    """A picture is read and shown, whether it is chosen or dropped."""
    visitor = visit()
    bring(visitor, image_file(2))
    visitor.expect_digit(2)
    shown = visitor.preview.locator("img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") == 280
    assert visitor.file.evaluate("input => input.files[0].name") == "2.png"


def test_another_picture_replaces_the_first(visit):
    """The answer is always about the picture that is shown."""
    visitor = visit()
    for digit in (2, 7):
        choose(visitor, image_file(digit))
        visitor.expect_digit(digit)


def test_an_unreadable_file_is_refused_in_the_servers_words(visit):
    """What the server says is shown, and no broken picture is."""
    visitor = visit()
    visitor.expected_errors.append("415")
    with visitor.page.expect_response(PREDICT) as answered:
        choose(visitor, NO_PICTURE)
    expect(visitor.sentence).to_have_text("That did not work.")
    expect(visitor.detail).to_have_text(answered.value.json()["detail"])
    expect(visitor.preview).to_be_hidden()


def test_the_button_reads_a_dropped_picture_again(visit):
    """After a failure nobody has to bring the picture anew."""
    visitor = visit()
    visitor.expected_errors.append("503")
    visitor.page.route(PREDICT, lambda route: route.fulfill(status=503, body="busy"))
    drop(visitor, image_file(2))
    expect(visitor.detail).to_have_text("The server answered with error 503.")
    visitor.page.unroute(PREDICT)
    visitor.page.get_by_role("button", name="Read the picture").click()
    visitor.expect_digit(2)


def test_a_picture_puts_the_drawing_aside(visit):
    """A picture clears the pad, Undo brings the drawing back, and the picture goes."""
    visitor = visit()
    visitor.draw_digit(3)
    visitor.expect_digit(3)
    choose(visitor, image_file(7))
    visitor.expect_digit(7)
    assert visitor.ink() == 0

    visitor.undo.click()
    visitor.expect_digit(3)
    assert visitor.ink() > 0
    expect(visitor.preview).to_be_hidden()
    assert visitor.file.input_value() == ""


def test_nothing_to_undo_leaves_the_answer(visit):
    """Ctrl+Z without a drawing does not take a picture's answer away."""
    visitor = visit()
    choose(visitor, image_file(2))
    visitor.expect_digit(2)
    visitor.page.keyboard.press("Control+z")
    visitor.expect_digit(2)
    expect(visitor.preview).to_be_visible()
