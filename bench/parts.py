"""`python -m bench.parts`: where the time of one drawn digit goes, hook by hook and step by step.

The site answers in this process, without a server. Each part's time is its own, without the parts
that it calls. The table goes into docs/performance.md.
"""

import argparse
import functools
import io
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from flask import Flask

from bench.__main__ import STROKES, drawing
from bench.report import DOCUMENT
from train.line.report import between
from webapp import create_app
from webapp.api import requests, routes
from webapp.config import Settings
from webapp.recognition import LiteRTClassifier, recognizer, transcribe
from webapp.recognition.ink import glyph, strip
from webapp.recognition.network.line_reader import LiteRTLineReader

STEPS: list[tuple[Any, str, str]] = [
    (routes, "decode_json", "parse and check the JSON"),
    (requests.StrokesRequest, "as_strokes", "points to arrays"),
    (transcribe, "lines_of", "find the lines"),
    (strip, "draw", "draw the strip"),
    (LiteRTLineReader, "read", "line reader"),
    (transcribe, "prefix_beam_search", "beam search"),
    (transcribe, "_weighed", "language model"),
    (transcribe, "align", "align the text"),
    (transcribe, "owned_ink", "assign the ink"),
    (glyph, "draw", "draw the glyph"),
    (LiteRTClassifier, "classify", "network of single digits"),
    (transcribe, "transcript_of", "combine texts"),
    (recognizer, "reading_of_transcript", "decide"),
    (recognizer.Recognizer, "read_strokes", "other steps of the reading"),
    (routes, "answer_of", "build the answer"),
    (routes, "_json", "write the JSON"),
]
"""Functions of a reading: where they are looked up, their names, and what they do."""

BEGIN, END = "<!-- written by `python -m bench.parts` -->", "<!-- end of parts -->"

WARM_UP = 50
"""Requests before those that are measured."""

Times = dict[str, float]


class Clock:
    """Counts the seconds of functions, each without those of the functions that it calls."""

    def __init__(self) -> None:
        self.own: Times = defaultdict(float)
        self._within: list[float] = []

    def timed(self, function: Callable[..., Any], what: str) -> Callable[..., Any]:
        """Return the function, timed under a title."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            self._within.append(0.0)
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                taken = time.perf_counter() - start
                self.own[what] += taken - self._within.pop()
                if self._within:
                    self._within[-1] += taken

        return call


def hooks(app: Flask, clock: Clock) -> None:
    """Time the functions that run around each request."""
    for when, registered in (
        ("before", app.before_request_funcs),
        ("after", app.after_request_funcs),
        ("end", app.teardown_request_funcs),
    ):
        for own in registered.values():
            for number, function in enumerate(own):
                module = function.__module__.removeprefix("webapp.")
                title = f"`{module}.{function.__name__}`, {when}"
                own[number] = clock.timed(function, title)  # type: ignore[call-overload]


def environ(body: bytes) -> dict[str, Any]:
    """Return the request as a server passes it on."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": STROKES,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "192.0.2.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }


def measure(count: int) -> tuple[Times, Times]:
    """Return the milliseconds of hooks and of steps: medians over some requests."""
    clock = Clock()
    for owner, name, what in STEPS:
        setattr(owner, name, clock.timed(getattr(owner, name), what))
    app = create_app(Settings(rate_limit="1000000000/hour"))
    hooks(app, clock)
    answer = clock.timed(app.wsgi_app, "Flask, and what is not listed")
    body = drawing()
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(WARM_UP + count):
        clock.own.clear()
        statuses: list[str] = []
        answer(environ(body), lambda status, *_, got=statuses: got.append(status)).close()
        assert statuses == ["200 OK"], statuses
        for what, taken in clock.own.items() if number >= WARM_UP else ():
            found[what].append(1000 * taken)
    medians = {what: statistics.median(times) for what, times in found.items()}
    around = {what: taken for what, taken in medians.items() if what.startswith("`")}
    return around, {what: taken for what, taken in medians.items() if what not in around}


def table(around: Times, steps: Times) -> str:
    """Return both lists in Markdown, the longest first, with their shares of the whole."""
    whole = sum(around.values()) + sum(steps.values())
    lines = [
        f"One drawn digit: {whole:.2f} ms.",
        "",
        "| part | ms | share |",
        "| --- | --- | --- |",
    ]
    for what, taken in sorted(steps.items(), key=lambda part: -part[1]):
        lines.append(f"| {what} | {taken:.3f} | {taken / whole:.0%} |")
    total = sum(around.values())
    lines.append(f"| all hooks | {total:.3f} | {total / whole:.0%} |")
    lines += ["", "| hook | ms |", "| --- | --- |"]
    lines += [f"| {what} | {ms:.3f} |" for what, ms in sorted(around.items(), key=lambda h: -h[1])]
    return "\n".join(lines)


def main() -> None:
    """Print the table, and write it into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="of requests (default: 2000)")
    text = table(*measure(parser.parse_args().count))
    print(text)
    between(DOCUMENT, BEGIN, END, text)


if __name__ == "__main__":
    main()
