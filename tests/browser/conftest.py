"""A real server, a real Chromium, and visitors whose pages must not complain."""

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.visitor import Visitor
from tests.server import running_server

ARGUMENTS = [
    "--no-sandbox",  # containers let Chromium have none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site():
    """The base URL of a running server."""
    with running_server(WEB_CONCURRENCY="1") as url:
        yield url


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    path = chromium.find()
    assert path, "there is no Chromium: python -m tests.browser.chromium gets one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, site):
    """Open a page as a visitor: `visit(path, **options of the browser's context)`.

    At the end no page may have logged an error (a breach of the content security policy is one)
    that the test did not announce in `Visitor.expected_errors`.
    """
    visitors = []

    def open_page(path="/", **options):
        visitor = Visitor(browser.new_context(base_url=site, **options))
        visitors.append(visitor)
        visitor.page.goto(path)
        return visitor

    yield open_page
    complaints = [each for visitor in visitors for each in visitor.complaints()]
    for visitor in visitors:
        visitor.page.context.close()
    assert complaints == []
