"""What a request costs as far as it shows before it is read, and what that means at the gate."""

import numpy as np
import pytest

from tests import hand
from webapp import create_app
from webapp.admission import cost_of_drawings, cost_of_picture
from webapp.config import Settings
from webapp.recognition import Budget, BudgetError


def picture(side: int) -> bytes:
    """A white PNG."""
    return hand.png(np.full((side, side), 255, np.uint8))


@pytest.fixture(scope="module")
def pictures():
    """The gate of pictures of a site whose machine has room for two in each worker."""
    return create_app(Settings()).extensions["engine"].gate


def test_a_number_is_light_and_a_page_of_scribbles_is_heavy():
    """Of a batch, all strokes count."""
    number = hand.number("123456")
    assert not cost_of_drawings([number]).is_heavy
    assert cost_of_drawings([number] * 10).is_heavy
    assert cost_of_drawings([number * 10]).seconds == pytest.approx(
        10 * cost_of_drawings([number]).seconds
    )


def test_a_large_picture_costs_more_than_a_small_one():
    """By its header alone."""
    small, large = cost_of_picture(picture(300)), cost_of_picture(picture(2000))
    assert small.seconds < large.seconds
    assert (small.is_heavy, small.is_large) == (False, False)
    assert (large.is_heavy, large.is_large) == (True, True)


def test_two_pictures_are_read_at_once_and_one_large_one(pictures):
    """Row 5: a small one has a place beside a large one; another large one waits."""

    def heavy(side: int) -> bool:
        return cost_of_picture(picture(side)).is_heavy

    def queued(side: int):
        return pictures.queued(heavy=heavy(side))

    budget = Budget(time_left=0.2)
    with queued(2000) as first, pictures.turn(first, budget):
        with queued(300) as small, pictures.turn(small, budget):
            pass
        with queued(2000) as second, pytest.raises(BudgetError), pictures.turn(second, budget):
            raise AssertionError("two large pictures at once")
    with (
        queued(300) as one,
        queued(300) as other,
        pictures.turn(one, Budget()),
        pictures.turn(other, Budget()),
    ):
        pass
