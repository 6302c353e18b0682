"""Take the README's pictures from a running site: `python scripts/screenshots.py URL`."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from support.chromium import ARGUMENTS, ensure  # noqa: E402
from support.hand import number  # noqa: E402

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
    """Show how the 8 was read."""
    read_1987(page)
    page.locator("[data-explain] > summary").click()
    expect(page.locator("[data-explain-where]")).not_to_be_empty()
    page.locator("[data-explain]").evaluate("card => card.scrollIntoView()")


SHOTS: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("desktop", read_1987, DESKTOP),
    ("explain", explain, DESKTOP),
    ("phone", read_1987, PHONE),
    ("phone-dark", read_1987, PHONE | {"color_scheme": "dark"}),
)


WRITTEN = "3689"
"""The number of the moving picture."""

FILM = {"viewport": {"width": 1000, "height": 660}}

FILM_SIZE = (750, 495)
"""Of a frame, in pixels."""

COLOURS = 48
"""Of the moving picture: it stays below 1 MB."""

STEPS, FRAME_MS, HOLD_MS = 4, 90, 3000
"""Mouse moves to a frame; how long a frame stays, and the last one, in ms."""


def film(page: Page, path: Path) -> None:
    """Record how a number is written and read, as a GIF."""
    pad = page.locator("[data-pad]").bounding_box()
    if pad is None:
        raise RuntimeError("the page shows no pad")
    strokes = number(WRITTEN, gap=0.25)
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([pad["width"], pad["height"]])
    scale = 0.7 * float((room / (high - low)).min())
    corner = np.array([pad["x"], pad["y"]]) + (room - scale * (high - low)) / 2
    frames = [_frame(page)]
    for stroke in strokes:
        placed = (corner + scale * (stroke - low)).tolist()
        page.mouse.move(*placed[0])
        page.mouse.down()
        for count, (x, y) in enumerate(placed):
            page.mouse.move(x, y)
            if count % STEPS == 0:
                frames.append(_frame(page))
        page.mouse.up()
        frames.append(_frame(page))
    page.mouse.move(0, 0)
    expect(page.locator("[data-answer-sentence]")).to_contain_text(WRITTEN)
    page.wait_for_timeout(500)
    frames.append(_frame(page))
    palette = frames[-1].quantize(COLOURS)
    first, *rest = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [FRAME_MS] * len(rest) + [HOLD_MS]
    first.save(path, save_all=True, append_images=rest, duration=durations, loop=0, optimize=True)


def _frame(page: Page) -> Image.Image:
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return shot.resize(FILM_SIZE, Image.Resampling.LANCZOS)


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
        page = browser.new_context(**FILM, reduced_motion="reduce").new_page()
        page.goto(url)
        film(page, FOLDER / "writing.gif")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
