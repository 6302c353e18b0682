"""Detection of lines in a picture, with eyes that see ink and bodies by their colours."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.recognition import Budget, BudgetError
from webapp.recognition.picture.eyes import BODY_STEP, SIDE, STEP, Seen, padded_to_steps
from webapp.recognition.picture.layout import HEIGHTS, page_of


class Coloured:
    """Eyes that see ink where blue is zero, and bodies where green is zero."""

    def __init__(self):
        self.sizes = []

    def see(self, picture, budget=None):
        """Check the budget, as real eyes do, and return the maps."""
        if budget is not None:
            budget.check()
        self.sizes.append(picture.shape[:2])
        rows, columns = (-(-n // BODY_STEP) for n in picture.shape[:2])
        small = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
        return Seen(255 - picture[..., 0], 255 - small[..., 1])


def written(size, *lines):
    """Return a picture of a size, (W, H), with a bar of ink for each digit of some lines.

    A line has a left end, the top and the height of its writing, and a number of digits.
    """
    picture = np.full((size[1], size[0], 3), 255, np.uint8)
    for left, top, height, count in lines:
        middle, half = top + height / 2, 0.225 * height
        right = left + count * height
        body = picture[round(middle - half) : round(middle + half), left : round(right)]
        body[..., 1] = 0
        for digit in range(count):
            x = round(left + (digit + 0.2) * height)
            picture[top : top + height, x : x + round(0.5 * height), 0] = 0
    return picture


def boxes(page):
    """Return left, top, right and bottom of each component in the picture, row by row."""
    found = []
    for row in page.rows:
        for index in row:
            pixels = page.pieces[index]
            corners = np.concatenate([pixels - 0.5, pixels + 0.5])
            there = corners @ page.back[:, :2].T + page.back[:, 2] + 0.5
            found.append([*there.min(axis=0), *there.max(axis=0)])
    return np.array(found)


def expected(left, top, height, count):
    """Return the boxes of a line of `written`."""
    x = left + (np.arange(count) + 0.2) * height
    return np.stack([x, x * 0 + top, x + 0.5 * height, x * 0 + top + height], 1)


@pytest.mark.parametrize(
    ("size", "line", "near"),
    [
        ((600, 400), (60, 100, 60, 5), 1.0),
        ((100, 60), (20, 10, 16, 4), 0.6),
        ((28, 28), (4, 4, 20, 1), 0.6),
        ((2400, 1600), (300, 700, 60, 9), 2.5),
        ((2400, 1600), (200, 300, 700, 2), 12.0),
    ],
)
def test_it_works(size, line, near):
    """The ink is found in its place, for any size of picture and writing."""
    eyes = Coloured()
    page = page_of(written(size, line), eyes)
    assert [len(row) for row in page.rows] == [line[3]]
    assert np.abs(boxes(page) - expected(*line)).max() <= near
    heights = [np.ptp(page.pieces[index][:, 1]) + 1 for index in page.rows[0]]
    assert all(HEIGHTS[0] <= height <= HEIGHTS[1] for height in heights)


def test_small_writing_is_looked_at_again_in_its_part_alone():
    """Small writing gets a second look at its part alone, at the original resolution at most."""
    eyes = Coloured()
    page_of(written((3000, 2000), (300, 700, 60, 9)), eyes)
    first, second = eyes.sizes
    assert max(first) == 640
    assert second[0] < 250
    assert 300 < second[1] < 600


class Joining(Coloured):
    """Eyes that merge the lines of large pictures, as with writing larger than in training."""

    def see(self, picture, budget=None):
        """Return one body around all bodies."""
        seen = super().see(picture, budget)
        if picture.shape[0] <= 400:
            return seen
        rows, columns = (np.flatnonzero((seen.body > 127).any(axis=axis)) for axis in (1, 0))
        body = np.zeros_like(seen.body)
        body[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 255
        return Seen(seen.ink, body)


def test_lines_that_ran_together_are_not_taken_for_higher_ones():
    """The size of the second look depends on the ink, not on a body that merges several lines."""
    eyes = Joining()
    lines = [(90, top, 500, 2) for top in (200, 1100)]
    page = page_of(written((1900, 1900), *lines), eyes)
    assert [len(row) for row in page.rows] == [2, 2]
    assert len(eyes.sizes) == 2
    assert eyes.sizes[1][0] > 200


class Dripping(Coloured):
    """Eyes of which the bodies run together down the left half of a picture."""

    def see(self, picture, budget=None):
        """Fill the columns of the left half between their first and last body, and above."""
        seen = super().see(picture, budget)
        columns = np.flatnonzero((seen.body > 127).any(axis=0))
        for column in columns[columns < seen.body.shape[1] / 2]:
            last = np.flatnonzero(seen.body[:, column] > 127)[-1]
            seen.body[:last, column] = 255
        return seen


def test_bodies_that_ran_together_down_a_column_are_lines():
    """The rows of a table stay apart where the bodies of a column run together, and beyond ink."""
    lines = [
        (left, top, 50, count) for top in (60, 140, 220) for left, count in ((60, 1), (400, 2))
    ]
    page = page_of(written((600, 320), *lines), Dripping())
    assert [len(row) for row in page.rows] == [3, 3, 3]
    wanted = np.concatenate([expected(*line) for line in lines])
    assert np.abs(boxes(page) - wanted).max() <= 1


def test_rows_come_from_the_top():
    """Rows come from the top, each with its own components, wherever they start."""
    lines = (200, 60, 50, 4), (40, 150, 50, 6), (100, 250, 50, 2)
    page = page_of(written((600, 400), *lines), Coloured())
    assert [len(row) for row in page.rows] == [4, 6, 2]
    wanted = np.concatenate([expected(*line) for line in lines])
    assert np.abs(boxes(page) - wanted).max() <= 1


@pytest.mark.parametrize("angle", [-25, -8, 8, 25])
def test_turned_lines_are_levelled(angle):
    """A tilted line becomes one row, with boxes around its ink in the picture."""
    picture = written((600, 600), (120, 280, 60, 6))
    matrix = cv2.getRotationMatrix2D((300, 300), angle, 1)
    turned = cv2.warpAffine(picture, matrix, (600, 600), borderValue=(255, 255, 255))
    page = page_of(turned, Coloured())
    assert [len(row) for row in page.rows] == [6]
    middles = expected(120, 280, 60, 6)
    middles = (middles[:, :2] + middles[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    found = boxes(page)
    assert np.abs((found[:, :2] + found[:, 2:]) / 2 - middles).max() < 3
    tall = [np.ptp(page.pieces[index][:, 1]) for index in page.rows[0]]
    assert max(tall) - min(tall) < 6


def test_one_digit_is_not_levelled():
    """A single digit, such as a 6 with a long tail, is not levelled by the slope of its body."""
    picture = written((600, 600), (200, 200, 150, 1))
    matrix = cv2.getRotationMatrix2D((275, 275), 20, 1)
    turned = cv2.warpAffine(picture, matrix, (600, 600), borderValue=(255, 255, 255))
    page = page_of(turned, Coloured())
    assert page.back[0, 1] == page.back[1, 0] == 0


def test_a_point_belongs_to_the_line_beside_it():
    """A point belongs to the line beside it, specks are dropped, and ink far away is in no line."""
    picture = written((600, 400), (100, 100, 50, 3), (100, 158, 50, 3))
    picture[142:150, 137:143, 0] = 0  # between two digits of the first line
    picture[120, 170, 0] = 0  # a speck
    picture[330:345, 500:520, 0] = 0  # far from both
    page = page_of(picture, Coloured())
    assert [len(row) for row in page.rows] == [4, 3]
    assert len(page.pieces) == 8


def test_a_grey_picture_is_a_picture():
    """A grey picture is accepted."""
    picture = written((600, 400), (60, 100, 60, 5))
    page = page_of(np.ascontiguousarray(picture[..., 0]), Coloured())
    # Its bodies are the ink itself, one for each bar.
    assert len(page.pieces) == 5


def test_nothing_written_is_nothing():
    """A picture without writing has no components and no rows."""
    page = page_of(np.full((300, 400, 3), 200, np.uint8), Blind())
    assert (page.pieces, page.rows) == ([], [])


class Blind:
    """Eyes that see nothing."""

    def see(self, picture, budget=None):
        """Return zeros."""
        rows, columns = (-(-n // BODY_STEP) for n in picture.shape[:2])
        return Seen(np.zeros(picture.shape[:2], np.uint8), np.zeros((rows, columns), np.uint8))


def test_a_budget_ends_a_look():
    """The eyes check the budget."""
    with pytest.raises(BudgetError):
        page_of(written((600, 400), (60, 100, 60, 5)), Coloured(), Budget(time_left=0.0))


@given(height=st.integers(1, 700), width=st.integers(1, 700), least=st.sampled_from([32, 64, 320]))
def test_a_picture_is_in_the_middle_of_what_the_eyes_see(height, width, least):
    """Padding keeps the picture's pixels, at a place and of a size that the network can take."""
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    padded, (top, left) = padded_to_steps(picture)
    rows, columns = padded.shape[:2]
    assert rows % STEP == columns % STEP == top % BODY_STEP == left % BODY_STEP == 0
    assert max(SIDE, height) <= rows < max(SIDE, height) + STEP
    assert max(SIDE, width) <= columns < max(SIDE, width) + STEP
    assert (padded[top : top + height, left : left + width] == picture).all()
    for rest, corner in ((rows - height, top), (columns - width, left)):
        # What only fills a step stays at the end, where the network is used to it.
        assert corner == 0 if rest < STEP else abs(rest / 2 - corner) <= BODY_STEP


def test_ink_outside_the_estimated_box_of_its_body_is_a_line():
    """The box of an odd body may miss its only ink. The line is then as high as the ink.

    A height below zero once kept the search for rows busy for ever.
    """
    picture = written((400, 300), (40, 20, 40, 5))
    picture[180:192, 40:340, 1] = 0
    picture[180:232, 40:60, 1] = 0
    picture[222:232, 44:56, 0] = 0
    found = boxes(page_of(picture, Coloured()))
    assert found[-1] == pytest.approx(np.array([44, 222, 56, 232]), abs=1)
    assert len(found) == 6


@given(st.data())
def test_any_bodies_make_rows(data):
    """Whatever the eyes take for bodies and for ink, the rows hold each component once at most."""
    picture = written((320, 240))
    sizes = st.integers(2, 90)
    for channel in (0, 1):
        for _ in range(data.draw(st.integers(1, 5))):
            left, top = data.draw(st.integers(0, 310)), data.draw(st.integers(0, 230))
            width, height = data.draw(sizes), data.draw(sizes)
            picture[top : top + height, left : left + width, channel] = 0
    page = page_of(picture, Coloured())
    held = [piece for row in page.rows for piece in row]
    assert len(held) == len(set(held)) <= len(page.pieces)
