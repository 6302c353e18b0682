"""The web component `<ink-number>` in a form of another site."""

import functools
import http.server
import json
import re
import shutil
import subprocess
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from support.hand import DIGITS
from support.server import HOST, ROOT, running_server
from tests.browser.visitor import PHONE, PREDICT

FOLDER = ROOT / "component"

LIMIT = 25 * 1024
"""Largest size of the component, in bytes."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The folder and the address of another site."""
    folder = tmp_path_factory.mktemp("elsewhere")
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer((HOST, 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://{HOST}:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def reader(elsewhere):
    """The address of a server that the other site may use."""
    with running_server(WEB_CONCURRENCY="1", INKLING_CORS_ORIGINS=elsewhere[1]) as url:
        yield url


@pytest.fixture
def demo(visit, elsewhere, reader):
    """Open the demo page on the other site, or a form of its own there."""
    folder, site = elsewhere

    def open_demo(form=None, errors=(), **options):
        script = f'"{reader}/component/1/ink-number.js"'
        text = (FOLDER / "demo.html").read_text()
        text = text.replace("http://127.0.0.1:8000", reader).replace('"ink-number.js"', script)
        if form is not None:
            text = re.sub(r"<form>.*</form>", f"<form>{form}</form>", text, flags=re.S)
        (folder / "index.html").write_text(text)
        visitor = visit("/privacy", **options)
        visitor.expected_errors += errors
        visitor.page.goto(f"{site}/index.html")
        return visitor.page

    return open_demo


def field(page, name="year"):
    """The component of this name."""
    return page.locator(f"ink-number[name={name}]")


def draw(page, digits, name="year"):
    """Draw digits side by side with the mouse."""
    box = field(page, name).locator("canvas").bounding_box()
    side = min(box["height"], box["width"] / len(digits))
    for place, digit in enumerate(digits):
        for stroke in DIGITS[int(digit)]:
            points = [
                (box["x"] + (place + 0.1 + 0.8 * x) * side, box["y"] + y * box["height"] * 0.9)
                for x, y in stroke
            ]
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[1:]:
                page.mouse.move(*point)
            page.mouse.up()


def value(page, name="year"):
    """The text field of a component."""
    return field(page, name).locator("input")


def sent(page):
    """What the form sends."""
    return page.evaluate("String(new URLSearchParams(new FormData(document.forms[0])))")


def test_it_works(demo):
    """A number that is drawn on a page of another site is read and sent with its form."""
    page = demo()
    draw(page, "1987")
    expect(value(page)).to_have_value("1987")
    draw(page, "42", "amount")
    expect(value(page, "amount")).to_have_value("42")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("output")).to_have_text("year=1987&amount=42")


def test_it_works_on_a_phone(demo):
    """A pad on a phone takes fingers and does not scroll."""
    page = demo(**PHONE)
    draw(page, "35", "amount")
    expect(value(page, "amount")).to_have_value("35")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_number_may_be_typed_and_corrected(demo):
    """The value is a text field, by keyboard alone, and the label names it."""
    page = demo()
    page.get_by_label("Year").focus()
    page.keyboard.type("2026")
    assert sent(page) == "year=2026&amount="
    page.keyboard.press("Enter")
    draw(page, "1987")
    expect(value(page)).to_have_value("1987")
    value(page).fill("1988")
    assert "year=1988" in sent(page)


def test_what_it_may_hold_is_passed_on_and_checked(demo):
    """The server is told pattern and bounds, and what does not fit is invalid, typed or read."""
    page = demo(
        '<ink-number name="year" pattern="0{4}" max="2030" check="luhn" sum-of=" 1,990  9 ">'
        "</ink-number>"
    )
    with page.expect_request(PREDICT) as asked:
        draw(page, "12")
    body = asked.value.post_data_json
    assert {name: body[name] for name in ("pattern", "max", "check", "sum_of")} == {
        "pattern": "0{4}", "max": 2030, "check": "luhn", "sum_of": ["1,990", "9"],
    }  # fmt: skip
    expect(field(page).locator(".status")).to_contain_text("expected form")
    assert not field(page).evaluate("field => field.checkValidity()")
    value(page).fill("1999")
    assert field(page).evaluate("field => field.checkValidity()")


def test_what_was_read_and_does_not_fit_is_invalid(demo):
    """Also where the pattern alone would take it; who types it, or draws another, means it."""
    page = demo('<ink-number name="year" pattern="0+" min="1000"></ink-number>')
    draw(page, "7")
    expect(value(page)).to_have_value("7")
    expect(field(page).locator(".status")).to_contain_text("expected form")
    assert not field(page).evaluate("field => field.checkValidity()")
    assert field(page).evaluate("field => field.validity.customError")
    value(page).fill("8")
    assert field(page).evaluate("field => field.checkValidity()")
    field(page).evaluate("field => { field.value = ''; field.removeAttribute('min'); }")
    draw(page, "3")
    expect(value(page)).to_have_value("3")
    assert field(page).evaluate("field => field.checkValidity()")


def test_a_required_field_is_required(demo):
    """An empty required field stops the form."""
    page = demo()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("output")).to_be_empty()
    assert field(page).evaluate("field => field.validity.valueMissing")
    assert "number" in field(page).evaluate("field => field.validationMessage")


def test_undo_clear_reset_and_disable(demo):
    """Undo takes a stroke back, Clear all, Reset the form's value; a disabled field takes none."""
    page = demo()
    draw(page, "77")
    expect(value(page)).to_have_value("77")
    field(page).get_by_role("button", name="Undo").click()
    expect(value(page)).to_have_value("7")
    field(page).get_by_role("button", name="Clear").click()
    expect(value(page)).to_have_value("")
    assert field(page).evaluate("field => field.strokes.length") == 0
    draw(page, "7")
    expect(value(page)).to_have_value("7")
    page.get_by_role("button", name="Reset").click()
    expect(value(page)).to_have_value("")
    field(page).evaluate("field => field.toggleAttribute('disabled', true)")
    draw(page, "7")
    assert field(page).evaluate("field => field.strokes.length") == 0
    assert "year" not in sent(page)
    expect(value(page)).to_be_disabled()


def test_it_tells_its_page(demo):
    """`input`, `change` and `ink-reading` reach the page."""
    page = demo()
    page.evaluate("""() => {
        window.heard = [];
        for (const name of ["input", "change", "ink-reading"]) {
            document.forms[0].addEventListener(name, ({type, detail}) =>
                heard.push(detail?.text ? `${type} ${detail.text}` : type));
        }
    }""")
    draw(page, "7")
    page.wait_for_function("() => heard.includes('change')")
    assert page.evaluate("heard") == ["input", "ink-reading 7", "change"]


def test_a_lost_connection_is_waited_out(demo):
    """Without an answer the ink stays, and is read as soon as there is one."""
    page = demo(errors=["ERR_INTERNET_DISCONNECTED"])
    page.context.set_offline(True)
    draw(page, "35", "amount")
    status = field(page, "amount").locator(".status")
    expect(status).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    expect(value(page, "amount")).to_have_value("35")
    expect(status).not_to_contain_text("cannot be reached")


def test_a_form_waits_for_what_is_written(demo):
    """While the ink is newer than the value, the form is not sent with the old one."""
    page = demo(errors=["ERR_INTERNET_DISCONNECTED"])
    draw(page, "35", "amount")
    expect(value(page, "amount")).to_have_value("35")
    page.context.set_offline(True)
    draw(page, "7", "amount")
    assert field(page, "amount").evaluate("field => field.validity.customError")
    value(page, "amount").fill("357")
    assert field(page, "amount").evaluate("field => field.checkValidity()")


@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_server_is_asked_again(demo, status):
    """A busy server is asked again until it answers."""
    page = demo(errors=[str(status)])
    answers = iter([status, status])

    def reply(route):
        code = next(answers, None)
        if code is None:
            route.continue_()
        else:
            allowed = {"Access-Control-Allow-Origin": "*"}
            route.fulfill(status=code, body="{}", headers=allowed)

    page.route(PREDICT, reply)
    draw(page, "35", "amount")
    expect(value(page, "amount")).to_have_value("35")


def test_a_refusal_is_told(demo):
    """A wrong pattern is the page's fault: the visitor may type."""
    page = demo('<ink-number name="year" pattern="0{"></ink-number>', errors=["422"])
    draw(page, "7")
    expect(field(page).locator(".status")).to_contain_text("type the number")
    value(page).fill("7")
    assert sent(page) == "year=7"


@pytest.mark.parametrize(
    ("language", "hint", "name"),
    [("de", "Hier schreiben", "Löschen"), ("ar", "اكتب هنا", "مسح"), ("fr", "Write here", "Clear")],
)
def test_it_speaks_the_language_around_it(demo, language, hint, name):
    """The nearest `lang` decides; others get English."""
    page = demo(f'<div lang="{language}"><ink-number name="year"></ink-number></div>')
    expect(field(page).locator(".hint")).to_have_text(hint)
    expect(field(page).get_by_role("button", name=name)).to_be_visible()


def test_axe_finds_nothing(demo):
    """axe-core finds nothing, blank and with a number."""
    page = demo()
    for is_blank in (True, False):
        if not is_blank:
            draw(page, "7", "amount")
        found = Axe().run(page)
        assert found.violations_count == 0, found.response["violations"]


def test_a_strict_policy_is_enough(visit, elsewhere, reader):
    """A page whose policy allows the server, and nothing inline, can use it."""
    folder, site = elsewhere
    policy = f"default-src 'none'; script-src {reader}; connect-src {reader}"
    (folder / "strict.html").write_text(
        f'<!doctype html><html lang="en"><meta http-equiv="Content-Security-Policy" '
        f'content="{policy}"><title>Strict</title>'
        f'<script type="module" src="{reader}/component/1/ink-number.js"></script>'
        f'<form><ink-number name="year"></ink-number></form>'
    )
    visitor = visit("/privacy")
    visitor.expected_errors.append("favicon")
    visitor.page.goto(f"{site}/strict.html")
    draw(visitor.page, "7")
    expect(value(visitor.page)).to_have_value("7")  # without `endpoint`: where the script is from


def test_it_is_one_small_file():
    """The component is one file within its limit, and imports nothing."""
    text = (FOLDER / "ink-number.js").read_text()
    assert len(text.encode()) < LIMIT
    assert not re.search(r"^import |import\(", text, re.M)


def test_npm_packs_it(tmp_path):
    """`npm pack` makes a package of it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm here")
    run = subprocess.run(
        [npm, "pack", "--json", "--dry-run", "--offline", str(FOLDER)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    (package,) = json.loads(run.stdout)
    names = {file["path"] for file in package["files"]}
    assert names == {"README.md", "demo.html", "ink-number.js", "package.json"}
