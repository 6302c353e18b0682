"""Budgets of readings, measured with clocks that a test sets."""

import cv2
import numpy as np
import pytest

from support import hand
from tests import fake
from webapp.recognition import (
    Budget,
    BudgetError,
    Confidence,
    GoneError,
    Limits,
    Outputs,
    Recognizer,
)

LIMITS = Limits(pixels=25_000_000, side=20_000)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


class Slow(fake.Says):
    """A classifier that takes a second per glyph."""

    def __init__(self, clock: Clock, is_digit: float = 0.9) -> None:
        super().__init__(is_digit)
        self.clock = clock
        self.glyphs = 0

    def classify(self, glyphs) -> Outputs:
        """Return the same outputs for each glyph, and move the clock."""
        self.glyphs += len(glyphs)
        self.clock.now += len(glyphs)
        return super().classify(glyphs)


def slow_reading(seconds, inks, *texts):
    """Read lines with a classifier that takes a second per glyph, and count its glyphs."""
    clock = Clock()
    classifier = Slow(clock)
    budget = Budget(processor_time=seconds, clock=clock, wall_clock=clock)
    recognizer = Recognizer(classifier, line_reader=fake.Spells(*texts))
    return recognizer.read_strokes(inks, budget=budget), classifier.glyphs


def test_without_bounds_nothing_ends_it():
    """By default, as for trainers and tests, a budget has no bounds."""
    budget = Budget()
    budget.spend(groups=10**9, pixels=10**12)
    budget.check()
    assert budget.time_left == float("inf")


@pytest.mark.parametrize("bound", ["processor_time", "time", "groups", "pixels"])
def test_each_bound_ends_it(bound):
    """A budget ends beyond its bound, and the error names the bound and its value."""
    clock, wall = Clock(), Clock()
    budget = Budget(
        processor_time=5, time_left=25, groups=7, pixels=90, clock=clock, wall_clock=wall
    )
    most = {"processor_time": 5, "time": 25, "groups": 7, "pixels": 90}[bound]

    def use(amount):
        if bound == "processor_time":
            clock.now += amount
            wall.now += amount  # the wall clock moves at least as much
        elif bound == "time":
            wall.now += amount
        else:
            budget.spend(**{bound: amount})

    use(most)
    budget.check()
    if bound in ("groups", "pixels"):
        with pytest.raises(BudgetError):
            use(1)
    else:
        use(1)
    with pytest.raises(BudgetError, match=str(most)) as met:
        budget.check()
    assert met.value.bound == bound


def test_it_counts_from_when_it_was_made():
    """A budget counts from its creation, whatever the clocks show."""
    clock = Clock()
    clock.now = 1000.0
    budget = Budget(processor_time=5, clock=clock)
    budget.check()
    clock.now += 3
    assert budget.processor_time == 3


def test_processor_time_is_asked_for_when_it_may_be_over():
    """Processor time is read only when it can be over, so that most checks need no system call."""
    asked, wall = [], Clock()
    budget = Budget(
        processor_time=5, clock=lambda: asked.append(wall.now) or wall.now / 2, wall_clock=wall
    )
    asked.clear()
    for wall.now in (1.0, 4.0, 5.0, 6.0, 7.4, 9.9):
        budget.check()
    assert asked == [5.0, 9.9]  # half was left at 5, so the next read is at 7.5 or later
    wall.now = 10.1
    with pytest.raises(BudgetError):
        budget.check()


def test_a_client_that_has_gone_ends_it():
    """A budget ends when the client is gone, which is checked from time to time."""
    wall = Clock()
    asked = []
    budget = Budget(is_gone=lambda: asked.append(wall.now) or wall.now > 1, wall_clock=wall)
    for _ in range(100):
        budget.check()
    assert asked == []
    wall.now = 0.5
    budget.check()
    assert asked == [0.5]
    wall.now = 2.0
    with pytest.raises(GoneError):
        budget.check()


def test_the_best_answer_so_far_is_given():
    """If a budget ends after the first line, the reading is that line and never `ok`."""
    inks = hand.number("47", "12", "36")
    whole, glyphs = slow_reading(10_000, inks, "47", "12", "36")
    assert (whole.lines, whole.limit, glyphs) == (("47", "12", "36"), None, 6)
    short, fewer = slow_reading(1.5, inks, "47", "12", "36")
    assert (short.limit, short.status, short.lines) == ("processor_time", "unsure", ("47",))
    assert fewer == 2


def test_without_any_answer_it_is_an_error():
    """If a budget ends before any line is read, it is an error."""
    with pytest.raises(BudgetError) as met:
        slow_reading(-1, hand.number("47"), "47")
    assert met.value.bound == "processor_time"


@pytest.mark.parametrize("bounds", [{"groups": 1}, {"pixels": 10}])
def test_a_picture_has_a_budget_too(bounds):
    """A picture's groups and copied pixels count against the budget."""
    page = np.concatenate([hand.picture(3), hand.picture(7)], axis=1)
    recognizer = Recognizer(fake.Says(0.9), line_reader=fake.Spells("37"), eyes=fake.Sees())
    with pytest.raises(BudgetError) as met:
        recognizer.read_image(hand.png(page), LIMITS, budget=Budget(**bounds))
    assert met.value.bound == next(iter(bounds))


def test_lines_of_a_picture_that_a_budget_reached_are_read():
    """The lines of a picture that were read before the budget ended are returned."""
    page = np.concatenate([hand.picture(3), hand.picture(7)])
    recognizer = Recognizer(fake.Says(0.9), line_reader=fake.Spells("3", "7"), eyes=fake.Sees())
    reading = recognizer.read_image(hand.png(page), LIMITS, budget=Budget(groups=1))
    assert (reading.lines, reading.limit, reading.status) == (("3",), "groups", "unsure")


def test_a_picture_that_reads_badly_is_tried_turned():
    """A picture that reads badly is tried in quarter turns, as long as the budget lasts."""
    picture = np.full((200, 400, 3), 255, np.uint8)
    cv2.rectangle(picture, (50, 40), (350, 160), 0, 8)

    def read(budget, is_digit):
        reader = fake.Spells("12", "34", "56", "78")
        recognizer = Recognizer(fake.Says(is_digit), line_reader=reader, eyes=fake.Sees())
        reading = recognizer.read_image(hand.png(picture), LIMITS, budget=budget)
        return reading.text, len(reader.strips), reading.limit

    assert read(Budget(), 0.9) == ("12", 1, None)
    assert read(Budget(), 0.2) == ("12", 4, None)
    assert read(Budget(groups=2), 0.2) == ("12", 2, "groups")


@pytest.mark.parametrize(
    ("turned", "text", "status"), [("12", "12", "unsure"), ("3", "", "not_a_number")]
)
def test_one_symbol_does_not_turn_a_picture(turned, text, status):
    """A picture is turned for two symbols or more, as a W is a turned 3, and is never `ok` then."""
    picture = np.full((200, 400, 3), 255, np.uint8)
    cv2.rectangle(picture, (50, 40), (350, 160), 0, 8)
    reader = fake.Spells("??", turned, "??", "??")
    recognizer = Recognizer(
        fake.Says(0.95),
        line_reader=reader,
        eyes=fake.Sees(),
        picture_confidence=Confidence(unsure=0.0),
    )
    reading = recognizer.read_image(hand.png(picture), LIMITS)
    assert (reading.text, reading.status) == (text, status)
    assert reading.line_statuses == (status,) * len(reading.lines)


def test_every_look_is_charged():
    """The budget counts as many groups as the classifier sees glyphs."""
    inks = hand.number("407", "12")

    def read(budget):
        classifier = Slow(Clock())
        recognizer = Recognizer(classifier, line_reader=fake.Spells("407", "12"))
        return recognizer.read_strokes(inks, budget=budget).limit, classifier.glyphs

    _, glyphs = read(Budget())
    assert glyphs == 5
    assert read(Budget(groups=glyphs)) == (None, glyphs)
    assert read(Budget(groups=glyphs - 1)) == ("groups", 3)
