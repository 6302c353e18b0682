"""Rounds of composed lines, and their batches."""

import itertools
import multiprocessing
import os
import signal
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.ink_files import files_in
from train.errors import DataError, TrainError
from train.fit import rounds as module
from train.fit.rounds import rounds
from train.line.compose import Line
from train.line.inks import Source
from train.line.rounds import (
    NOTHING,
    batches,
    centre_columns,
    composed_round,
    extent_targets,
)
from webapp.recognition.ink.strip import BODY, STRIP_CHANNELS

SEED = 3


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Ink of two contributors."""
    return Source(files_in(tmp_path_factory.mktemp("inks")))


def line(width, *spans, target=None):
    """Return a line full of ink, with the places of its symbols."""
    strip = np.full((32, width, STRIP_CHANNELS), 255, np.uint8)
    symbols = np.arange(len(spans)) if target is None else np.array(target)
    extents = np.array(spans, np.float32).reshape(-1, 2) if spans else None
    return Line(strip, symbols.astype(np.int8), extents)


def batches_of(lines, size=8, seed=0):
    """Return the batches of some lines."""
    return [*batches(lines, size, np.random.default_rng(seed))]


def names(lines):
    """Return values that identify lines."""
    return [(one.strip.tobytes(), one.target.tobytes()) for one in lines]


def test_it_works():
    """Strips and targets are padded to the widest and the longest line of a batch."""
    (batch,) = batches_of([line(50, (4, 40)), line(20, (4, 8), (9, 16)), line(30, (1, 2))])
    assert batch.strips.shape == (3, 32, 64, STRIP_CHANNELS)
    assert batch.strips.dtype == np.float32
    assert (batch.strips.min(), batch.strips.max()) == (0, 1)
    assert batch.targets.dtype == batch.centres.dtype == np.int32
    assert sorted(batch.targets.tolist()) == [[0, NOTHING], [0, NOTHING], [0, 1]]
    assert batch.extents.shape == (3, 32, 3)
    assert batch.extents.dtype == np.float32
    # The batch has all ink of the widest line, shifted by half a column or not.
    assert sorted(batch.strips[..., 0].any(axis=1).sum(axis=1)) == [20, 30, 50]


def test_every_line_is_in_one_batch():
    """Each line is in one batch, and the order of batches depends on the seed."""
    lines = [line(20 + 2 * n, (4, 8), target=[n % 10]) for n in range(21)]
    found = batches_of(lines)
    assert sorted(len(batch.strips) for batch in found) == [5, 8, 8]
    targets = sorted(int(t) for batch in found for t in batch.targets[:, 0])
    assert targets == sorted(n % 10 for n in range(21))
    other = batches_of(lines, seed=1)
    assert any(
        not np.array_equal(one.targets, two.targets) for one, two in zip(found, other, strict=True)
    )


def test_lines_of_a_batch_are_alike_in_width():
    """Lines of a batch have similar widths, so that little of it is padding."""
    lines = [line(width, (4, 8)) for width in np.geomspace(40, 400, 64).astype(int).tolist()]
    inked = padded = 0
    for batch in batches_of(lines):
        inked += int(batch.strips[..., 0].any(axis=1).sum())
        padded += batch.strips.shape[0] * batch.strips.shape[2]
    assert inked > 0.6 * padded


def test_centres_are_in_the_middle_of_extents():
    """Centres are in columns of two pixels from the strip's start, and unknown without extents."""
    for seed in range(8):
        (batch,) = batches_of([line(60, (10, 20), (31, 31)), line(60, target=[5, 6])], seed=seed)
        known, unknown = sorted(range(2), key=lambda row: batch.targets[row, 0])
        left = int(batch.strips[known, 0, :, 0].argmax())
        assert left in (0, 1)
        assert batch.centres[known].tolist() == [(15 + left) // 2, (31 + left) // 2]
        assert batch.centres[unknown].tolist() == [NOTHING, NOTHING]
        assert not batch.extents[unknown].any()


def test_strips_start_on_either_half_of_a_column():
    """Strips start on either half of a column at random."""
    found = [int(batches_of([line(40, (4, 8))], seed=s)[0].strips[0, 0, :, 0].argmax())
             for s in range(40)]  # fmt: skip
    assert 10 < sum(found) < 30


def test_some_strips_lose_their_direction():
    """A tenth of the strips lose their direction maps, so that pictures are learnt too."""
    lines = [line(40, (4, 8)) for _ in range(400)]
    found = [bool(s[..., 1:].any()) for batch in batches_of(lines) for s in batch.strips]
    assert 0.84 < np.mean(found) < 0.96


def test_extents_are_told_in_every_column_of_a_symbol():
    """Each column of a symbol has its extents in heights, and the other columns are zeros."""
    found = extent_targets(np.array([[4, 10], [20, 20]], np.float32), 12)
    assert found.dtype == np.float32
    assert found[:, 2].tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert found[2].tolist() == pytest.approx([1 / BODY, 5 / BODY, 1])
    assert found[4].tolist() == pytest.approx([5 / BODY, 1 / BODY, 1])
    assert not found[found[:, 2] == 0].any()


def test_where_symbols_overlap_the_nearer_one_counts():
    """Where symbols overlap, a column has the extent of the symbol with the nearer middle."""
    spans = np.array([[0, 12], [8, 20]], np.float32)
    found = extent_targets(spans, 10)
    middles = np.arange(10) * 2 + 1
    own = np.stack([middles - found[:, 0] * BODY, middles + found[:, 1] * BODY], 1)
    assert own[:5] == pytest.approx(np.tile(spans[0], (5, 1)), abs=1e-4)
    assert own[5:] == pytest.approx(np.tile(spans[1], (5, 1)), abs=1e-4)


def test_batches_agree_with_the_lines_they_are_made_of(source):
    """Batches have the lines' texts as targets, and centres in columns with an extent."""
    lines = composed_round(source, 24, SEED, 0)
    texts = sorted(one.target.tolist() for one in lines)
    found, known = [], []
    for batch in batches_of(lines):
        for target, centres, extents in zip(
            batch.targets, batch.centres, batch.extents, strict=True
        ):
            found.append(target[target != NOTHING].tolist())
            places = centres[centres != NOTHING]
            assert len(places) in (0, len(found[-1]))
            known += extents[places, 2].tolist()
    assert sorted(found) == texts
    # A point narrower than a column may contain no column's middle.
    assert np.mean(known) > 0.9


def test_a_round_is_known_by_its_seed_and_number(source):
    """The seed and the number of a round determine its lines."""
    first = names(composed_round(source, 4, SEED, 0))
    assert first == names(composed_round(source, 4, SEED, 0))
    assert first != names(composed_round(source, 4, SEED, 1))
    assert first != names(composed_round(source, 4, SEED + 1, 0))


def making(source, count=3):
    """Return a function that makes the lines of a round."""
    return partial(composed_round, source, count, SEED)


@pytest.fixture(scope="module")
def whole(source):
    """Five rounds of three new lines, each used in two rounds, composed in another process."""
    return [names(lines) for lines in rounds(making(source), 2, 5)]


def test_each_line_is_in_so_many_rounds(whole):
    """Each line is used in the given number of rounds, fresh and again."""
    assert [len(lines) for lines in whole] == [3, 6, 6, 6, 6]
    for before, after in itertools.pairwise(whole):
        assert after[:3] == before[-3:]
    fresh = [name for lines in whole for name in lines[-3:]]
    assert len(set(fresh)) == 15


@pytest.mark.parametrize("first", [1, 3, 4])
def test_rounds_go_on_where_they_were(source, whole, first):
    """Rounds that start later are the same as in a whole run."""
    assert [names(lines) for lines in rounds(making(source), 2, 5, first)] == whole[first:]


def test_nothing_is_composed_when_all_rounds_are_done(monkeypatch, source):
    """If all rounds are done, no process is started."""
    monkeypatch.setattr(module, "ProcessPoolExecutor", None)
    assert [*rounds(making(source), 2, 5, 5)] == []


def test_an_error_in_the_process_is_raised_here(source, tmp_path):
    """An error in the other process is raised here."""
    gone = replace(source, files=replace(source.files, digits=(tmp_path / "gone.jsonl.gz",)))
    with pytest.raises(DataError, match=r"gone\.jsonl\.gz cannot be read"):
        next(rounds(making(gone), 2, 5))


def test_a_process_that_dies_is_an_error(source):
    """The death of the other process is an error in the next round, which does not hang."""
    coming = rounds(making(source, 200), 2, 50)
    next(coming)
    (child,) = multiprocessing.active_children()
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(TrainError, match="the process that makes samples ended"):
        for _ in coming:
            pass


def test_symbols_on_top_of_each_other_have_columns_of_their_own():
    """Overlapping symbols have columns of their own, and a blank between equal ones."""
    spans = np.array([(0, 4), (10, 14), (10, 14), (11, 13), (40, 44)], np.float32)
    found = centre_columns(spans, np.array([1, 1, 1, 7, 7], np.int8))
    assert found.tolist() == [1, 6, 8, 9, 21]
