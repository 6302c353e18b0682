"""The page where the server does not answer."""

import re
import shutil
import threading

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from support.server import HOST, free_port
from tests.browser.test_share import CLIPBOARD, STILL, bar, share
from tests.browser.visitor import NUMBER
from webapp import create_app
from webapp.config import Settings
from webapp.site import assets

REFUSED = "ERR_CONNECTION_REFUSED"

LOST = "Can’t reach the site."

KEPT = """async () => {
    const kept = [];
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const { url } of await cache.keys()) {
            kept.push([name, url.slice(location.origin.length)]);
        }
    }
    return kept;
}"""
"""The names of the caches, and the addresses in them."""

UNTIL = """async argument => {
    for (let attempts = 500; !(await (%s)(argument)); attempts--) {
        if (!attempts) throw new Error("it did not come");
        await new Promise(done => setTimeout(done, 20));
    }
}"""
"""Wait until the promise of a condition is true: `Visitor.wait_for` does not look into promises."""

INSTALL = """async () => {
    const { installing } = await navigator.serviceWorker.register("/service-worker.js");
    await new Promise(done => {
        installing.onstatechange = () => /activated|redundant/.test(installing.state) && done();
    });
    return installing.state;
}"""


class Host:
    """A server that stops and comes back at its address, with another version if need be."""

    def __init__(self, app):
        self.app = app
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.asked = []
        """Paths of the requests, in their order."""
        self.headers = {}
        """Headers that take the place of those of a path: `{path: {name: value}}`."""
        self._server = None

    def start(self):
        """Serve from now on."""
        self._server = make_server(HOST, self.port, self._answer, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        """Serve no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    def _answer(self, environ, start_response):
        path = environ["PATH_INFO"]
        self.asked.append(path)
        changed = self.headers.get(path, {})

        def start(status, headers, *rest):
            headers = [pair for pair in headers if pair[0] not in changed] + list(changed.items())
            return start_response(changed.get("Status", status), headers, *rest)

        return self.app(environ, start)


@pytest.fixture
def host(app):
    """A running server."""
    host = Host(app)
    host.start()
    yield host
    host.stop()


@pytest.fixture
def site(host):
    """The address that visitors go to."""
    return host.url


@pytest.fixture
def other_version(monkeypatch, tmp_path):
    """The site with one changed style sheet."""
    folder = tmp_path / "static"
    shutil.copytree(assets.FOLDER, folder)
    with (folder / "css/base.css").open("a", encoding="utf-8") as file:
        file.write("h1 { letter-spacing: 7px; }\n")
    monkeypatch.setattr(assets, "FOLDER", folder)
    return create_app(Settings())


def wait_for(visitor, condition, argument=None):
    """Wait until the promise of a condition is true in the page."""
    visitor.page.evaluate(UNTIL % condition, argument)


def wait_until_kept(visitor):
    """Wait until the worker has kept the page, which is how it starts."""
    wait_for(visitor, "() => navigator.serviceWorker.ready")


def versions(visitor):
    """The names of the caches."""
    return {name for name, _ in visitor.page.evaluate(KEPT)}


def spacing(visitor):
    """What the changed style sheet changes."""
    return visitor.page.locator("h1").evaluate("h1 => getComputedStyle(h1).letterSpacing")


def go_offline(visitor, host):
    """Stop the server once the page is kept."""
    wait_until_kept(visitor)
    host.stop()
    visitor.expected_errors.append(REFUSED)


def test_the_page_opens_and_draws_without_the_server(visit, host):
    """Reading says that it needs the server, and resumes when that is back."""
    visitor = visit()
    go_offline(visitor, host)
    visitor.page.reload()
    visitor.draw_digit(3)
    expect(visitor.sentence).to_have_text(LOST)
    assert visitor.ink() > 0
    visitor.page.reload()
    expect(visitor.sentence).to_have_text(LOST)
    assert visitor.ink() > 0
    host.start()
    visitor.expect_number(3)


def test_what_the_browser_keeps_is_there_without_the_server(visit, host):
    """Recent readings, corrections and their export, and shared drawings."""
    visitor = visit(**STILL | CLIPBOARD)
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    link = share(visitor)
    visitor.page.locator("[data-correct]").click()
    visitor.page.locator("[data-right]").nth(5).click()
    visitor.clear.click()
    go_offline(visitor, host)
    visitor.page.reload()

    with visitor.page.expect_download() as saved:
        visitor.page.locator("[data-corrections] summary").click()
        visitor.page.get_by_role("button", name="Export").click()
    assert saved.value.suggested_filename == "inkling-corrections.jsonl.gz"

    visitor.page.locator("[data-recent] summary").click()
    visitor.page.locator("[data-reading]").click()
    assert visitor.ink() > 0
    expect(visitor.sentence).to_have_text(LOST)

    visitor.page.goto("about:blank")
    visitor.page.goto(link)
    expect(bar(visitor)).to_be_visible()
    assert visitor.ink() > 0


def test_a_drawing_can_be_shared_and_saved_without_the_server(visit, host):
    """Both need ink; only Copy needs an answer."""
    visitor = visit(**STILL | CLIPBOARD)
    go_offline(visitor, host)
    visitor.page.reload()
    visitor.draw_digit(3)
    expect(visitor.sentence).to_have_text(LOST)
    expect(visitor.page.locator("[data-copy-number]")).to_be_disabled()
    assert "#drawing=" in share(visitor)
    with visitor.page.expect_download() as saved:
        visitor.page.locator("[data-save] summary").click()
        visitor.page.locator("[data-svg]").click()
    assert saved.value.suggested_filename == "inkling-drawing.svg"


def test_other_pages_say_that_they_need_a_connection(visit, host):
    """In the language of the last visit, with the way back to the start page."""
    visitor = visit("/?lang=de")
    wait_for(visitor, "() => caches.match('/offline?lang=de', { ignoreVary: true })")
    go_offline(visitor, host)
    for path in ("/privacy", "/model?lang=de", "/api/docs"):
        visitor.page.goto(path)
        expect(visitor.page.locator("h1")).to_have_text("Die Website ist nicht erreichbar.")
        visitor.page.locator(".after a").click()
        expect(visitor.pad).to_be_visible()


def test_the_worker_waits_for_the_page(visit, host):
    """It is asked for when the page has all its files, and asks for none of them again."""
    visitor = visit()
    wait_until_kept(visitor)
    worker = host.asked.index("/service-worker.js")
    files = [path for path in host.asked[:worker] if path.startswith("/static/")]
    assert any(path.endswith("main.js") for path in files)
    assert host.asked[:worker].count("/") == host.asked[worker:].count("/") == 1
    assert not [path for path in host.asked[worker:] if path in files]


def test_another_version_takes_the_place_of_the_one_before(visit, host, other_version):
    """At the first visit, with the server and then without it; the old files are deleted."""
    visitor = visit()
    wait_until_kept(visitor)
    before = versions(visitor)
    host.app = other_version
    visitor.page.reload()
    assert spacing(visitor) == "7px"
    wait_for(visitor, "async name => !(await caches.keys()).includes(name)", before.pop())
    assert len(versions(visitor)) == 1
    go_offline(visitor, host)
    visitor.page.reload()
    assert spacing(visitor) == "7px"


def test_a_version_with_a_file_missing_does_not_take_the_place(visit, host, other_version):
    """As in the midst of a deployment, where one server has the page and another its files."""
    visitor = visit()
    wait_until_kept(visitor)
    before = versions(visitor)
    host.app = other_version
    with other_version.test_request_context():
        missing = other_version.jinja_env.globals["asset"]("js/png.js")
    host.headers[missing] = {"Status": "404 Not Found"}
    visitor.expected_errors.append("404")
    visitor.page.reload()
    wait_for(visitor, "async () => (await caches.keys()).length === 2")
    go_offline(visitor, host)
    visitor.page.reload()
    assert spacing(visitor) == "normal"
    visitor.draw_digit(3)
    expect(visitor.sentence).to_have_text(LOST)
    assert before < versions(visitor)


def test_the_server_s_page_comes_first(visit, host):
    """Whatever is kept, in whatever language it was."""
    visitor = visit()
    wait_until_kept(visitor)
    for language in ("de", "ar"):
        visitor.page.goto(f"/?lang={language}")
        expect(visitor.page.locator("html")).to_have_attribute("lang", language)
        visitor.page.goto("/")
        expect(visitor.page.locator("html")).to_have_attribute("lang", language)


def test_it_opens_in_a_language_that_was_seen(visit, host):
    """By its address, and in the language of the last visit otherwise."""
    visitor = visit()
    wait_until_kept(visitor)
    for language in ("de", "en"):
        visitor.page.goto(f"/?lang={language}")
        path = f"/?lang={language}"
        wait_for(visitor, "path => caches.match(path, { ignoreVary: true })", path)
    go_offline(visitor, host)
    for address, language in {"/?lang=de": "de", "/?lang=ar": "en", "/?any": "en"}.items():
        visitor.page.goto(address)
        expect(visitor.page.locator("html")).to_have_attribute("lang", language)


def test_nothing_but_the_page_and_its_files_is_kept(visit, host):
    """No answer, no other page but the one that says so."""
    visitor = visit()
    wait_until_kept(visitor)
    visitor.page.reload()
    visitor.draw_digit(3)
    visitor.expect_number(3)
    visitor.page.locator("[data-explain] > summary").click()
    expect(visitor.page.locator("output[for=map-conv3]")).to_contain_text("of 64")
    visitor.example("photo")
    visitor.expect_number(365)
    visitor.clear.evaluate("button => button.click()")
    for path in ("/model", "/privacy", "/api/docs", "/api/v1/model"):
        visitor.page.goto(path)
    visitor.expected_errors.append("404")
    visitor.page.goto("/nothing")
    visitor.page.goto("/")
    kept = [address for _, address in visitor.page.evaluate(KEPT)]
    assert {"/api/v1/predict/strokes", "/api/v1/explain", "/model", "/nothing"} <= set(host.asked)
    others = [path for path in kept if not re.match(r"/static/\w{12}/", path)]
    assert sorted(others) == ["/", "/?lang=en", "/offline?lang=en"]


@pytest.mark.parametrize("name", ["", "js/png.js"], ids=["page", "file"])
def test_an_answer_that_must_not_be_stored_is_not(visit, host, app, name):
    """Neither a page nor a file; a page without its file is not kept either."""
    visitor = visit("/privacy")
    with app.test_request_context():
        path = app.jinja_env.globals["asset"](name) if name else "/"
    host.headers[path] = {"Cache-Control": "no-store"}
    # Without a file there is no worker; without a page to keep, there is one that waits for it.
    assert visitor.page.evaluate(INSTALL) == ("redundant" if name else "activated")
    for _ in range(2):
        visitor.page.goto("/")
    kept = {address for _, address in visitor.page.evaluate(KEPT)}
    assert not {"/", path} & kept


def test_a_server_that_is_away_behind_its_proxy_is_away(visit, host):
    """A gateway's error does not take the place of the page."""
    visitor = visit()
    wait_until_kept(visitor)
    host.headers["/"] = {"Status": "502 Bad Gateway", "Cache-Control": "no-store"}
    visitor.expected_errors.append("502")
    assert visitor.page.reload().status == 200
    visitor.draw_digit(3)
    visitor.expect_number(3)


def test_other_errors_of_the_server_are_shown(visit, host):
    """They come from a server that is there."""
    visitor = visit()
    wait_until_kept(visitor)
    host.headers["/"] = {"Status": "500 Internal Server Error", "Cache-Control": "no-store"}
    visitor.expected_errors.append("500")
    assert visitor.page.reload().status == 500
