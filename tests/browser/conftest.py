"""A real server, a real Chromium, and visitors whose pages must not complain."""

import pytest
from playwright.sync_api import sync_playwright

from support import chromium
from support.chromium import ARGUMENTS
from support.server import running_server
from tests.browser.visitor import Visitor


@pytest.fixture(scope="session")
def site():
    """The base URL of a running server."""
    with running_server(WEB_CONCURRENCY="1") as url:
        yield url


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    path = chromium.find()
    assert path, "there is no Chromium: python -m support.chromium gets one"
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
