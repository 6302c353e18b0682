"""Someone at the page: draws with mouse, finger or pen, and reads what the page says."""

import re

from playwright.sync_api import expect

from tests.hand import DIGITS, strokes
from webapp.api.answers import glyph_uri
from webapp.recognition import glyph_of_strokes

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "has_touch": True,
    "is_mobile": True,
}
"""A phone, as the options of a browser's context."""

PREDICT = "**/api/v1/predict/**"
"""What the page asks to have something read."""

GLYPH = glyph_uri(glyph_of_strokes(strokes(3)))
"""What the network may have seen."""

PIXELS = """canvas => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d", {willReadFrequently: true});
    context.drawImage(canvas, 0, 0);
    const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
"""

NUMBER = [
    [(0.11, 0.25), (0.1, 0.75)],
    [(0.27, 0.25), (0.24, 0.5), (0.34, 0.5)],
    [(0.32, 0.36), (0.31, 0.75)],
    [(0.42, 0.26), (0.6, 0.25), (0.54, 0.5), (0.5, 0.75)],
]
"""147, as shares of the pad: three digits of four strokes."""

COUNT_INK = f"""{PIXELS}
    let count = 0;
    for (let i = 3; i < data.length; i += 4) count += data[i] > 127;
    return count;
}}"""

INK_COLOUR = f"""{PIXELS}
    for (let i = 3; i < data.length; i += 4) if (data[i] === 255) return [...data.slice(i - 3, i)];
}}"""


INK_COLOURS = f"""{PIXELS}
    const seen = new Set();
    for (let i = 3; i < data.length; i += 4) {{
        if (data[i] === 255) seen.add(data.slice(i - 3, i).join());
    }}
    return [...seen].sort();
}}"""

INK_BOUNDS = f"""{PIXELS}
    const {{width, height}} = canvas;
    let [left, top, right, bottom] = [1, 1, 0, 0];
    for (let i = 3; i < data.length; i += 4) {{
        if (data[i] < 128) continue;
        const [x, y] = [((i >> 2) % width) / width, Math.floor((i >> 2) / width) / height];
        [left, top] = [Math.min(left, x), Math.min(top, y)];
        [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
    }}
    return [left, top, right, bottom];
}}"""


class Visitor:
    """One visitor with one page."""

    def __init__(self, context):
        self.page = context.new_page()
        self.expected_errors = []
        """Parts of the console's errors that the test brings about."""
        self._errors = []
        self.force = 0.5
        """Of the pen."""
        self.asked = {}
        """The body of the last question that `strokes` looked at."""
        self._devtools = None
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self._heard("error", str(error)))
        self.pad = self.page.locator("[data-pad]")
        self.answer = self.page.locator("[data-answer-text]")
        self.sentence = self.page.locator("[data-answer-sentence]")
        self.detail = self.page.locator("[data-answer-detail]")
        self.undo = self.page.locator("[data-undo]")
        self.redo = self.page.locator("[data-redo]")
        self.clear = self.page.locator("[data-clear]")
        self.erase = self.page.locator("[data-erase]")
        self.submit = self.page.locator("[data-submit]")
        self.live = self.page.locator("[data-answer-live]")
        self.others = self.page.locator("[data-answer-others] li")
        self.boxes = self.page.locator("[data-boxes] .box")
        self.file = self.page.locator("input[data-file]")
        self.photo = self.page.locator("[data-photo]")
        self.photo_boxes = self.page.locator("[data-photo-boxes] .box")
        self.notice = self.page.locator("[data-notice]")

    def _heard(self, kind, text):
        if kind in ("error", "warning"):
            self._errors.append(text)

    def complaints(self):
        """The console's errors and warnings that nobody announced."""
        return [
            text for text in self._errors if not any(part in text for part in self.expected_errors)
        ]

    # ---- drawing ----

    def place(self, x, y):
        """Viewport coordinates of a point of the pad: shares of its width and height."""
        box = self.pad.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def example(self, name):
        """Click one of the examples."""
        self.page.locator(f"[data-example={name}]").click()

    def draw(self, strokes, hand=None):
        """Draw strokes, points in the unit square, with the mouse or another hand."""
        hand = hand or self.mouse
        self.pad.scroll_into_view_if_needed()
        for stroke in strokes:
            hand([self.place(*point) for point in stroke])

    def draw_digit(self, digit, hand=None):
        """Draw one of our own digits."""
        self.draw(DIGITS[digit], hand)

    def mouse(self, points):
        """One stroke with the mouse."""
        mouse = self.page.mouse
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point)
        mouse.up()

    def finger(self, points):
        """One stroke with a finger."""
        self.touch("touchStart", points[0])
        for point in points[1:]:
            self.touch("touchMove", point)
        self.touch("touchEnd")

    def touch(self, kind, *points):
        """One event of a touch screen with all fingers that are on it."""
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.devtools("Input.dispatchTouchEvent", type=kind, touchPoints=fingers)

    def pen(self, points):
        """One stroke with a pen."""
        self._pen("mousePressed", points[0], 1)
        for point in points[1:]:
            self._pen("mouseMoved", point, 1)
        self._pen("mouseReleased", points[-1], 0)

    def _pen(self, kind, point, buttons):
        x, y = point
        self.devtools(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button="left",
            buttons=buttons,
            clickCount=1,
            force=self.force * buttons,
            pointerType="pen",
        )

    def devtools(self, command, **arguments):
        """What only the DevTools protocol can do."""
        # One session for all: each knows only the fingers that it has put down itself.
        if self._devtools is None:
            self._devtools = self.page.context.new_cdp_session(self.page)
        self._devtools.send(command, arguments)

    # ---- looking ----

    def ink(self):
        """How many of the canvas's pixels are ink."""
        return self.pad.evaluate(COUNT_INK)

    def ink_colour(self):
        """Red, green and blue of the ink, 0 to 255."""
        return self.pad.evaluate(INK_COLOUR)

    def ink_colours(self):
        """The colours of the canvas that are fully ink, red, green and blue, in order."""
        return self.pad.evaluate(INK_COLOURS)

    def ink_bounds(self):
        """Where the ink begins and ends: left, top, right, bottom, as shares of the canvas."""
        return self.pad.evaluate(INK_BOUNDS)

    def strokes(self):
        """The strokes of the drawing, as Submit sends them."""
        with self.page.expect_request(PREDICT) as asked:
            self.submit.click()
        self.asked = asked.value.post_data_json
        return self.asked["strokes"]

    def expect_number(self, text):
        """Wait until the page gives these lines of digits for its answer."""
        expect(self.sentence).to_have_text(re.compile(rf"(?<!\S){text}\b"))
        shown = self.page.locator(".digit > span")
        expect(shown).to_have_text([each for each in str(text) if each.isdigit()])

    def expect_nothing(self):
        """Wait until the page says that there is nothing to read."""
        expect(self.sentence).to_have_text("Nothing to read yet.")
        expect(self.answer).to_have_text("?")

    def wait_for(self, expression, argument=None):
        """Wait until an expression holds in the page."""
        self.page.wait_for_function(expression, arg=argument)


def answer(digit, confidence=1.0, others=(), is_digit=None, **changes):
    """An answer of the API that we make up: what is read does not matter to the test."""
    shares = dict(others)
    probabilities = [shares.get(value, 0.0) for value in range(10)]
    probabilities[digit] = confidence
    return {
        "text": str(digit),
        "lines": [str(digit)],
        "status": "ok",
        "confidence": confidence,
        "digits": [
            {
                "digit": digit,
                "line": 0,
                "index": 0,
                "confidence": confidence,
                "probabilities": probabilities,
                "is_digit": is_digit,
                "box": {"x": 400, "y": 300, "width": 200, "height": 400},
                "strokes": [0],
                "glyph": GLYPH,
            }
        ],
        "signs": [],
        "ignored": [],
        "alternatives": [{"text": str(value), "confidence": share} for value, share in others],
        "surface": {"width": 1400, "height": 1000},
        **changes,
    }


def symbols(*lines, places=(), **changes):
    """A made-up answer of symbols, each a stroke, at these places (x, y, width, height)."""
    digits, signs = [], []
    for line, text in enumerate(lines):
        for index, symbol in enumerate(text):
            nth = len(digits) + len(signs)
            x, y, width, height = (
                places[nth] if places else (10 + 40 * index, 40 + 90 * line, 30, 60)
            )
            place = {
                "line": line,
                "index": index,
                "box": {"x": x, "y": y, "width": width, "height": height},
                "strokes": [nth],
            }
            if symbol.isdigit():
                digits.append(answer(int(symbol), 0.97)["digits"][0] | place)
            else:
                signs.append({"sign": symbol, "confidence": 0.95} | place)
    whole = {"text": "\n".join(lines), "lines": list(lines), "digits": digits, "signs": signs}
    return answer(0) | whole | {"surface": {"width": 280, "height": 280}} | changes


def no_digit(digit, others=()):
    """An answer about ink that is none, though this digit was considered first."""
    found = answer(digit, 0.8, others, is_digit=0.1)
    return found | {"text": "", "lines": [], "status": "not_a_number", "confidence": 0.9}


def nothing():
    """An answer about no ink."""
    return answer(0) | {"text": "", "lines": [], "status": "empty", "digits": []}
