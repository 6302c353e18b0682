"""Take the README's screenshots from a running site: `python scripts/screenshots.py URL`."""

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.chromium import ensure  # noqa: E402
from tests.browser.conftest import ARGUMENTS  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"

DESKTOP = {"viewport": {"width": 1180, "height": 880}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 1.5,
    "has_touch": True,
    "is_mobile": True,
}
"""Options of a browser context."""


def read_1987(page: Page) -> None:
    """Read the example of a number, and select its 8."""
    page.locator("[data-example=number]").click()
    expect(page.locator("[data-answer-sentence]")).to_contain_text("1987")
    page.locator(".digit").nth(2).click()
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")


def explain(page: Page) -> None:
    """Show the feature maps of the 8."""
    read_1987(page)
    page.locator("[data-explain] summary").click()
    expect(page.locator("output[for=map-conv3]")).to_contain_text("of 64")
    page.locator("[data-explain]").evaluate("card => card.scrollIntoView()")


SHOTS: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("desktop", read_1987, DESKTOP),
    ("explain", explain, DESKTOP),
    ("phone", read_1987, PHONE),
    ("phone-dark", read_1987, PHONE | {"color_scheme": "dark"}),
)


def main(url: str) -> None:
    """Take all screenshots."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure(), args=ARGUMENTS)
        for name, show, options in SHOTS:
            context = browser.new_context(**options, reduced_motion="reduce")
            page = context.new_page()
            page.goto(url)
            show(page)
            page.wait_for_timeout(500)  # until all transitions have ended
            page.screenshot(path=FOLDER / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
