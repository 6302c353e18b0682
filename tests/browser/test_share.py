"""Links that hold a drawing."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import NUMBER, PHONE, PREDICT, answer

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
STILL = {"reduced_motion": "reduce"}

DAMAGED = "That didn’t work. This link is damaged."


def share(visitor):
    """Press Share; the link that it copies."""
    visitor.page.get_by_role("button", name="Share").click()
    expect(visitor.notice).to_have_text("Link copied. It holds the drawing, which is read anew.")
    return visitor.page.evaluate("navigator.clipboard.readText()")


@pytest.fixture
def link(visit):
    """A link to a drawing of 147."""
    visitor = visit(**CLIPBOARD)
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    return share(visitor)


def bar(visitor):
    """What stands over a shared drawing."""
    return visitor.page.get_by_role("group", name="A shared drawing")


def press(visitor, name):
    """Press one of its buttons."""
    bar(visitor).get_by_role("button", name=name).click()


COUNT_FRAMES = """window.frames_of_ink = [0];
const {arc, clearRect} = CanvasRenderingContext2D.prototype;
Object.assign(CanvasRenderingContext2D.prototype, {
    arc(...circle) {
        frames_of_ink[frames_of_ink.length - 1] += 1;
        arc.apply(this, circle);
    },
    clearRect(...box) {
        frames_of_ink.push(0);
        clearRect.apply(this, box);
    },
});"""
"""Each stroke starts with one dot: how many there are between two times the pad is wiped."""


@pytest.mark.parametrize("is_resized", [False, True])
def test_a_shared_drawing_is_replayed_and_read(visit, link, is_resized):
    """Stroke by stroke, also on a pad that changes its size meanwhile, with the answer that its
    writer got; the server never sees the link.
    """
    visitor = visit()
    asked = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.page.add_init_script(COUNT_FRAMES)
    visitor.page.goto("about:blank")
    visitor.page.goto(link)
    if is_resized:
        visitor.wait_for("() => frames_of_ink.some(count => count)")
        visitor.page.set_viewport_size({"width": 1000, "height": 700})
    expect(bar(visitor)).to_be_visible()
    visitor.expect_number(147)
    expect(visitor.boxes).to_have_count(3)
    frames = [count for count in visitor.page.evaluate("frames_of_ink") if count]
    # A busy machine leaves frames out.
    assert frames == sorted(frames)
    assert frames[0] < frames[-1] == 4
    assert not any("drawing=" in url.partition("#")[0] for url in asked)


def test_both_are_read_from_the_same_numbers(visit):
    """What the friend's page asks about is what the writer's page has asked about."""
    visitor = visit(**STILL | CLIPBOARD)
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    strokes = visitor.strokes()
    visitor.expect_number(147)
    link = share(visitor)
    visitor.page.goto("about:blank")
    with visitor.page.expect_request(PREDICT) as asked:
        visitor.page.goto(link)
    assert asked.value.post_data_json["strokes"] == strokes


def test_it_cannot_be_drawn_upon(visit, link):
    """Neither by a pointer nor by keys; there are no tools."""
    visitor = visit(link, **STILL)
    visitor.expect_number(147)
    ink = visitor.ink()
    visitor.draw([[(0.8, 0.2), (0.8, 0.8)]])
    visitor.page.keyboard.press("Control+z")
    visitor.page.keyboard.press("Delete")
    assert visitor.ink() == ink
    visitor.expect_number(147)
    for tool in (visitor.undo, visitor.clear, visitor.submit):
        expect(tool).to_be_hidden()


def test_it_can_be_played_again(visit, link):
    """The ink begins anew and is whole in the end; the answer stays, and is not asked for again."""
    visitor = visit(link)
    visitor.expect_number(147)
    ink = visitor.ink()
    asked = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    press(visitor, "Play again")
    assert visitor.ink() < ink
    expect(visitor.boxes).to_have_count(0)
    expect(visitor.boxes).to_have_count(3)
    assert visitor.ink() == ink
    visitor.expect_number(147)
    assert asked == []


def test_who_wants_no_motion_sees_it_whole_at_once(visit, link):
    """From the first frame on."""
    visitor = visit(link, **STILL)
    expect(bar(visitor)).to_be_visible()
    ink = visitor.ink()
    visitor.expect_number(147)
    assert visitor.ink() == ink
    press(visitor, "Play again")
    assert visitor.ink() == ink


def test_the_own_drawing_is_kept(visit, link):
    """It comes back, with what can be undone; the address forgets the link."""
    visitor = visit(**STILL)
    visitor.draw(NUMBER[:3])
    visitor.expect_number(14)
    before = visitor.strokes()
    visitor.page.goto(link)  # another fragment alone: the page stays
    visitor.expect_number(147)
    visitor.page.reload()
    visitor.expect_number(147)
    press(visitor, "Write your own")
    visitor.expect_number(14)
    expect(bar(visitor)).to_be_hidden()
    expect(visitor.pad).to_be_focused()
    assert "#" not in visitor.page.url
    assert visitor.strokes() == before
    visitor.undo.click()
    assert visitor.strokes() == before[:-1]
    visitor.redo.click()
    expect(visitor.redo).to_be_disabled()
    visitor.draw(NUMBER[3:])
    visitor.expect_number(147)


def test_it_stays_when_another_language_is_chosen(visit, link):
    """The bar then speaks that language."""
    visitor = visit(link, **STILL)
    visitor.expect_number(147)
    visitor.page.locator("[data-menu] summary").click()
    visitor.page.get_by_role("link", name="Deutsch").click()
    expect(visitor.page.locator("html")).to_have_attribute("lang", "de")
    expect(visitor.page.get_by_role("group", name="Eine geteilte Zeichnung")).to_be_visible()
    expect(visitor.sentence).to_have_text("Sieht aus wie 147.")


def test_an_example_takes_the_place_of_it(visit, link):
    """And can be undone, back to the own drawing."""
    visitor = visit(link, **STILL)
    visitor.expect_number(147)
    visitor.example("number")
    visitor.expect_number(1987)
    expect(bar(visitor)).to_be_hidden()
    visitor.undo.click()
    visitor.expect_nothing()


def test_a_picture_takes_the_place_of_it(visit, link):
    """The tools of the picture are there; closing it leads to the own drawing."""
    visitor = visit(link, **STILL)
    visitor.expect_number(147)
    visitor.example("photo")
    visitor.expect_number(365)
    expect(bar(visitor)).to_be_hidden()
    visitor.page.get_by_role("button", name="Back to drawing").click()
    visitor.expect_nothing()
    visitor.draw(NUMBER)
    visitor.expect_number(147)


@pytest.mark.parametrize(
    "damage",
    [
        lambda link: link[:-4],
        lambda link: link.replace("=1z", "=9z"),
        lambda link: link[:-4] + "%00%",
        lambda link: link + "A" * 9000,
        lambda link: link.partition("=")[0] + "=",
    ],
    ids=["cut off", "of another version", "letters", "too long", "empty"],
)
def test_a_damaged_link_is_said_to_be_damaged(visit, link, damage):
    """The page starts as usual."""
    visitor = visit(damage(link))
    expect(visitor.page.get_by_role("alert")).to_have_text(DAMAGED)
    expect(bar(visitor)).to_be_hidden()
    assert "#" not in visitor.page.url
    visitor.draw(NUMBER)
    visitor.expect_number(147)


def test_a_damaged_link_costs_no_drawing(visit, link):
    """What was drawn before is there and is read."""
    visitor = visit()
    visitor.draw(NUMBER[:3])
    visitor.expect_number(14)
    visitor.page.goto(link[:-4])
    expect(visitor.page.get_by_role("alert")).to_have_text(DAMAGED)
    visitor.expect_number(14)
    visitor.page.goto("about:blank")
    visitor.page.goto(link[:-4])
    expect(visitor.page.get_by_role("alert")).to_have_text(DAMAGED)
    visitor.expect_number(14)


def test_other_fragments_are_left_alone(visit):
    """The page has anchors."""
    visitor = visit("/#explain")
    expect(visitor.page.get_by_role("alert")).to_be_empty()
    assert visitor.page.url.endswith("#explain")


def test_a_drawing_too_large_for_a_link_says_so(visit):
    """Nothing is copied."""
    visitor = visit(**CLIPBOARD)
    visitor.page.evaluate(
        """() => {
            navigator.clipboard.writeText("before");
            const random = () => Array.from({length: 20}, () => Math.random() * 900);
            const stroke = () => ({x: random(), y: random(), t: Array(20).fill(0)});
            sessionStorage["inkling-drawing"] = JSON.stringify(Array.from({length: 200}, stroke));
        }"""
    )
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=answer(7)))
    visitor.page.reload()
    visitor.page.get_by_role("button", name="Share").click()
    expect(visitor.notice).to_have_text("This drawing is too large for a link.")
    assert visitor.page.evaluate("navigator.clipboard.readText()") == "before"


def test_where_there_is_a_sheet_to_share_with_it_is_used(visit):
    """On a touch screen: the link goes there and nowhere else, also when the visitor closes it."""
    visitor = visit(**PHONE | CLIPBOARD)
    visitor.page.evaluate(
        """() => {
            window.shared = [];
            navigator.share = async (what) => {
                window.shared.push(what);
                throw new DOMException("closed", "AbortError");
            };
        }"""
    )
    visitor.draw_digit(3, visitor.finger)
    visitor.expect_number(3)
    visitor.page.get_by_role("button", name="Share").tap()
    visitor.wait_for("() => window.shared.length === 1")
    [shared] = visitor.page.evaluate("shared")
    assert list(shared) == ["url"]
    assert re.search(r"/#drawing=1z[\w-]+$", shared["url"])
    expect(visitor.notice).to_be_empty()


def test_share_is_for_drawings(visit):
    """It needs ink but no answer, and is not there for pictures."""
    visitor = visit()
    button = visitor.page.locator("[data-share]")
    expect(button).to_be_hidden()
    visitor.page.route(PREDICT, lambda route: None)
    visitor.draw_digit(3)
    expect(button).to_be_enabled()
    visitor.page.unroute(PREDICT)
    visitor.example("photo")
    visitor.expect_number(365)
    expect(button).to_be_hidden()
