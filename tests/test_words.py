"""Descriptions of a reading in words."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.fake import ROW
from webapp.recognition import Alternative, Box, Digit, Reading, Sign
from webapp.site.language import TEXTS
from webapp.site.words import Words, percent

CASES = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
"""Cases that static/js/words.js is tested with too."""

BOX = Box(0, 0, 1, 1)


def reading_of(answer):
    """Return a reading with the fields that words need."""
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
    """The server describes an answer in the same words as the page's script."""
    reading = reading_of(case["answer"])
    words = Words(TEXTS[case.get("language", "en")]["words"])
    assert words.sentence(reading) == case["sentence"]
    assert words.detail(reading) == case["detail"]
    others = [f"{o.text} {words.percent(o.confidence)}" for o in words.others(reading)]
    assert others == case["others"]


def test_every_status_has_its_words():
    """The cases cover all four statuses."""
    assert {case["answer"]["status"] for case in CASES} == {
        *("ok", "unsure", "not_a_number", "empty")
    }


def test_a_percentage_has_the_decimals_that_are_asked_for():
    """A percentage has one decimal by default, and two in figures."""
    assert percent(0.12345) == "12.3%"
    assert percent(1, decimals=2) == "100.00%"


def test_what_is_not_certain_is_not_said_to_be():
    """Percentages are never rounded up to 100 %."""
    words = Words(TEXTS["en"]["words"])
    assert words.percent(0.9999) == "99%"
    assert words.percent(1) == "100%"
