"""Groups of contributors that are left out in turn."""

from itertools import combinations

from train.data.folds import FOLDS


def test_it_works():
    """Three groups; pendigits are in one of them."""
    assert len(FOLDS) == 3
    assert sum("pendigits" in fold for fold in FOLDS) == 1


def test_nobody_is_in_two():
    """Neither twice in one."""
    assert all(not set(one) & set(other) for one, other in combinations(FOLDS, 2))
    assert all(len(set(fold)) == len(fold) for fold in FOLDS)


def test_what_shares_writers_stays_together():
    """Sets of one institution, whose writers took part in several."""
    for start in ("ap", "ce", "hp"):
        assert sum(any(name.startswith(start) for name in fold) for fold in FOLDS) == 1
