"""A reading in words."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.fake import ROW
from webapp.recognition import Alternative, Box, Digit, Reading, Sign
from webapp.site.language import TEXTS
from webapp.site.words import Words, percent

CASES = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
"""The words that static/js/words.js is held to as well."""

BOX = Box(0, 0, 1, 1)


def reading_of(answer):
    """A reading, as far as words need it."""
    glyph = np.zeros((28, 28, 5), np.uint8)
    digits = tuple(Digit(1, 0, 0.5, ROW, share, BOX, None, glyph) for share in answer["is_digit"])
    return Reading(
        status=answer["status"],
        lines=tuple(answer["text"].split("\n")) if answer["text"] else (),
        confidence=answer["confidence"],
        digits=digits,
        alternatives=tuple(Alternative(*other) for other in answer["alternatives"]),
        signs=(Sign("-", 0, 0, 0.9, BOX, None),) * answer.get("signs", 0),
        ignored=(BOX,) * answer.get("ignored", 0),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_reading_is_said_as_the_page_says_it(case):
    """What the page's script says of an answer, the page without it says too."""
    reading = reading_of(case["answer"])
    words = Words(TEXTS[case.get("language", "en")]["words"])
    assert words.sentence(reading) == case["sentence"]
    assert words.detail(reading) == case["detail"]
    others = [f"{o.text} {words.percent(o.confidence)}" for o in words.others(reading)]
    assert others == case["others"]


def test_every_status_has_its_words():
    """None of the four was forgotten in the cases."""
    assert {case["answer"]["status"] for case in CASES} == {
        *("ok", "unsure", "not_a_number", "empty")
    }


def test_a_percentage_has_the_decimals_that_are_asked_for():
    """One is enough to read; figures have two."""
    assert percent(0.12345) == "12.3%"
    assert percent(1, decimals=2) == "100.00%"


def test_what_is_not_certain_is_not_said_to_be():
    """Nothing is rounded up to 100 %."""
    words = Words(TEXTS["en"]["words"])
    assert words.percent(0.9999) == "99%"
    assert words.percent(1) == "100%"
