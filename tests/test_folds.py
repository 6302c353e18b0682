"""Folds: groups of contributors that are left out in turn."""

from itertools import combinations

from train.data.folds import FOLDS


def test_it_works():
    """There are three groups, and one of them contains pendigits."""
    assert len(FOLDS) == 3
    assert sum("pendigits" in fold for fold in FOLDS) == 1


def test_nobody_is_in_two():
    """Each contributor is in one group, once."""
    assert all(not set(one) & set(other) for one, other in combinations(FOLDS, 2))
    assert all(len(set(fold)) == len(fold) for fold in FOLDS)


def test_what_shares_writers_stays_together():
    """Contributors of one institution, which share writers, are in one group."""
    for start in ("ap", "ce", "hp"):
        assert sum(any(name.startswith(start) for name in fold) for fold in FOLDS) == 1
