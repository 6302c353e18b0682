"""`python -m bench.page`: speed of drawing and answering in the page, in a headless Chromium.

Events are dispatched in the page. This excludes the time that a pointer event takes through the
browser, which no page can change. Ink counts as drawn once the frame after its event is painted, an
answer once the frame that shows it is painted.
"""

import argparse
import os
import statistics
import sys

from playwright.sync_api import Page, sync_playwright

from support import chromium, hand
from support.chromium import ARGUMENTS
from support.server import running_server

TARGETS = {"handler": 4.0, "ink": 25.0, "answer": 100.0}
"""Targets of p95, in ms."""

HELPERS = """
// A frame has been painted when the task after its callbacks runs.
window.painted = () => new Promise(done => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(null);
}));
window.pad = document.querySelector("[data-pad]");
pad.setPointerCapture = () => {};  // there is no such pointer
window.send = (type, x, y, buttons = 1) => {
    const { left, top, width, height } = pad.getBoundingClientRect();
    pad.dispatchEvent(new PointerEvent(type, {
        pointerType: "mouse", pointerId: 1, isPrimary: true, bubbles: true, cancelable: true,
        button: 0, buttons, clientX: left + x * width, clientY: top + y * height,
    }));
};
window.shifts = [];
new PerformanceObserver(list => shifts.push(...list.getEntries().map(({ value }) => value)))
    .observe({ type: "layout-shift", buffered: true });
"""

SCRIBBLE = """async ([seconds, perSecond]) => {
    const handler = [], ink = [], waiting = [];
    const at = i => [0.5 + 0.42 * Math.sin(i / 97), 0.5 + 0.42 * Math.sin(i / 61)];
    send("pointerdown", ...at(0));
    let sent = 0;
    const start = performance.now();
    while (sent < seconds * perSecond) {
        const due = Math.min(seconds * perSecond,
            Math.floor(((performance.now() - start) * perSecond) / 1000));
        if (sent < due) {
            const first = performance.now();
            while (sent < due) {
                sent += 1;
                const before = performance.now();
                send("pointermove", ...at(sent));
                handler.push(performance.now() - before);
            }
            waiting.push(painted().then(() => ink.push(performance.now() - first)));
        }
        await new Promise(done => setTimeout(done));
    }
    await Promise.all(waiting);
    send("pointerup", ...at(sent), 0);
    return { handler, ink, seconds: (performance.now() - start) / 1000 };
}"""

ANSWERS = """async ([strokes, times]) => {
    const live = document.querySelector("[data-answer-live]");
    const sentence = document.querySelector("[data-answer-sentence]");
    const clear = document.querySelector("[data-clear]");
    const took = [];
    const answered = () => new Promise(done => {
        const watcher = new MutationObserver(() => {
            if (!/7/.test(sentence.textContent)) return;
            watcher.disconnect();
            done();
        });
        watcher.observe(document.querySelector("[data-answer]"),
            { childList: true, subtree: true, characterData: true });
    });
    for (let i = 0; i < times; i++) {
        if (!clear.disabled) clear.click();
        await new Promise(done => setTimeout(done, 150));
        for (const [number, points] of strokes.entries()) {
            send("pointerdown", ...points[0]);
            for (const point of points.slice(1)) {
                send("pointermove", ...point);
                await new Promise(done => setTimeout(done, 2));
            }
            const shown = answered();
            send("pointerup", ...points.at(-1), 0);
            if (number < strokes.length - 1) continue;
            const end = performance.now();
            await shown;
            await painted();
            took.push(performance.now() - end);
        }
    }
    return took;
}"""


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def measure(page: Page, seconds: int, answers: int) -> dict[str, list[float]]:
    """Return milliseconds of each kind, and the layout shifts."""
    page.evaluate(HELPERS)
    # A warm-up excludes one-time compilation, which visitors do not notice while they draw.
    page.evaluate(SCRIBBLE, [1, 1000])
    page.locator("[data-clear]").click()
    drawn = page.evaluate(SCRIBBLE, [seconds, 1000])
    print(f"{len(drawn['handler']):,} points in {drawn['seconds']:.1f} s")
    page.locator("[data-clear]").click()
    seven = [[(x, y) for x, y in stroke] for stroke in hand.DIGITS[7]]
    page.evaluate(ANSWERS, [seven, 3])
    took = page.evaluate(ANSWERS, [seven, answers])
    return {
        "handler": drawn["handler"],
        "ink": drawn["ink"],
        "answer": took,
        "shifts": page.evaluate("shifts"),
    }


def main() -> int:
    """Print medians and p95. Return 1 if one is over its target, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="of scribbling (default: 10)")
    parser.add_argument("--answers", type=int, default=60, help="to wait for (default: 60)")
    options = parser.parse_args()
    with running_server(WEB_CONCURRENCY="1") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.ensure(), args=ARGUMENTS)
        page = browser.new_page(base_url=url, viewport={"width": 1280, "height": 860})
        page.goto("/")
        found = measure(page, options.seconds, options.answers)
        browser.close()
    shift = sum(found.pop("shifts"))
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':<32} {'median':>9} {'p95':>9} {'at most':>9}")
    names = {
        "handler": "one event's handler",
        "ink": "event to ink painted",
        "answer": "stroke's end to answer painted",
    }
    for kind, name in names.items():
        values = found[kind]
        print(
            f"{name:<32} {statistics.median(values):>6.2f} ms {p95(values):>6.2f} ms "
            f"{TARGETS[kind]:>6.0f} ms"
        )
    print(f"layout shift: {shift:.4f} (none allowed)")
    good = shift == 0 and all(p95(found[kind]) <= most for kind, most in TARGETS.items())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
