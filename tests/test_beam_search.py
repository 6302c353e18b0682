"""The beam search over columns, compared with brute force on small lines."""

import itertools
import math

import numpy as np
import pytest

from webapp.forms import Pattern
from webapp.forms.pattern import MOST_PLACES
from webapp.recognition import Budget, BudgetError, GoneError
from webapp.recognition.network import beam_search
from webapp.recognition.network.beam_search import (
    PER_PLACE,
    SKIPPED,
    Hypothesis,
    Placed,
    align,
    prefix_beam_search,
)

WIDE = 100_000  # more prefixes than a small line has

SHAPES = [(1, 2), (2, 3), (3, 4), (4, 3), (5, 4), (6, 3), (6, 4)]


def columns_of(*rows):
    """Return the log probabilities of rows of probabilities, the blank last."""
    with np.errstate(divide="ignore"):
        return np.log(np.array(rows, np.float64)).astype(np.float32)


def random_columns(rng, length, classes, sharpness=1.0, blank=0.0):
    """Return the log softmax of noise."""
    logits = rng.normal(0, sharpness, (length, classes))
    logits[:, -1] += blank
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)


def log_probability_of(columns, text):
    """Return log P(text | columns), column by column: Graves et al., section 4.1."""
    states = [len(columns[0]) - 1 if len(columns) else 0]
    for symbol in text:
        states += [symbol, states[0]]
    scores = np.full(len(states), -math.inf)
    scores[0] = 0.0
    for column in columns.astype(np.float64):
        before = scores
        scores = before.copy()
        for row in range(1, len(states)):
            scores[row] = np.logaddexp(scores[row], before[row - 1])
            if row % 2 and states[row] != states[max(row - 2, 0)]:
                scores[row] = np.logaddexp(scores[row], before[row - 2] if row > 1 else -math.inf)
        scores += np.nan_to_num(column[states], nan=-math.inf, neginf=-math.inf)
    return float(np.logaddexp(scores[-1], scores[-2] if text else -math.inf))


def text_of(path, blank):
    """Return the text that a path spells."""
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol != blank)


def every_path(columns):
    """Return the probabilities of all paths, by the text they spell."""
    probabilities = np.exp(columns.astype(np.float64))
    length, classes = columns.shape
    texts = {}
    for path in itertools.product(range(classes), repeat=length):
        probability = math.prod(probabilities[range(length), path].tolist())
        texts.setdefault(text_of(path, classes - 1), []).append(probability)
    return texts


def found_in(columns, beam=WIDE, budget=None):
    """Return the probabilities of the hypotheses, by text."""
    return {
        hypothesis.symbols: math.exp(hypothesis.log_probability)
        for hypothesis in prefix_beam_search(columns, beam, budget)
    }


def plain_search(columns, beam):
    """Return the probabilities by text of Hannun et al.'s algorithm without shortcuts."""
    probabilities = np.exp(columns.astype(np.float64)).tolist()
    kept = {(): (1.0, 0.0)}
    for *symbols, blank in probabilities:
        found = {}

        def add(text, in_blank, in_symbol, found=found):
            old = found.get(text, (0.0, 0.0))
            found[text] = (old[0] + in_blank, old[1] + in_symbol)

        for text, (in_blank, in_symbol) in kept.items():
            add(text, (in_blank + in_symbol) * blank, 0.0)
            for symbol, probability in enumerate(symbols):
                if text[-1:] == (symbol,):
                    add(text, 0.0, in_symbol * probability)
                    add((*text, symbol), 0.0, in_blank * probability)
                else:
                    add((*text, symbol), 0.0, (in_blank + in_symbol) * probability)
        ranked = sorted(found, key=lambda text: sum(found[text]), reverse=True)
        kept = {text: found[text] for text in ranked[:beam]}
    return {text: sum(shares) for text, shares in kept.items()}


def path_of(placed, length, blank):
    """Return the path of a placement."""
    path = [blank] * length
    for symbol in placed:
        path[symbol.first : symbol.last + 1] = [symbol.symbol] * (symbol.last + 1 - symbol.first)
    return path


def budget_of(checks, error):
    """Return a budget that ends at a given check."""

    class Ending(Budget):
        """Counts down its checks."""

        left = checks

        def check(self):
            """Raise the error at the last check."""
            self.left -= 1
            if self.left <= 0:
                raise error

    return Ending()


def test_it_works():
    """Two digits with blanks around them are read, scored and placed."""
    columns = columns_of(
        [0.0, 0.1, 0.9], [0.9, 0.0, 0.1], [0.6, 0.0, 0.4], [0.1, 0.1, 0.8], [0.0, 1.0, 0.0]
    )
    best = prefix_beam_search(columns, beam=4)[0]
    assert best.symbols == (0, 1)
    assert best.log_probability == pytest.approx(log_probability_of(columns, (0, 1)), abs=1e-6)
    assert align(columns, (0, 1)) == [Placed(0, 1, 2, 1), Placed(1, 4, 4, 4)]


@pytest.mark.parametrize(("length", "classes"), SHAPES)
def test_a_wide_beam_finds_every_text(length, classes, monkeypatch):
    """Without skipping, each text has the sum of the probabilities of its paths."""
    monkeypatch.setattr(beam_search, "SKIPPED", 0)
    rng = np.random.default_rng(length * classes)
    for sharpness in (0.5, 3):
        columns = random_columns(rng, length, classes, sharpness)
        texts = {text: sum(paths) for text, paths in every_path(columns).items()}
        assert found_in(columns) == pytest.approx(texts, rel=1e-5)


@pytest.mark.parametrize("beam", [1, 2, 5, 12])
def test_the_short_cuts_change_nothing(beam, monkeypatch):
    """A narrow beam keeps the same prefixes as a search that tries every symbol."""
    monkeypatch.setattr(beam_search, "SKIPPED", 0)
    rng = np.random.default_rng(beam)
    for classes, sharpness, blank in [(25, 1.5, 8), (25, 3, 3), (6, 1, 1), (3, 0.3, 0)] * 3:
        columns = random_columns(rng, 40, classes, sharpness, blank)
        found = found_in(columns, beam)
        assert found == pytest.approx(plain_search(columns, beam), rel=1e-4)


def test_the_best_come_first():
    """A beam returns as many hypotheses as its width, sorted, none with too high a probability."""
    rng = np.random.default_rng(1)
    for beam in (1, 2, 5, 20):
        columns = random_columns(rng, 6, 4, sharpness=2)
        texts = {text: sum(paths) for text, paths in every_path(columns).items()}
        found = list(found_in(columns, beam).items())
        assert len(found) == beam
        assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)
        assert all(probability <= texts[text] * (1 + 1e-5) for text, probability in found)
    assert found[0][0] == max(texts, key=texts.get)


def test_what_is_skipped_is_bounded():
    """All texts of a line together lose at most SKIPPED, for blanks of any probability."""
    rng = np.random.default_rng(2)
    most = 0.0
    for blank in np.linspace(4, 14, 60):
        columns = random_columns(rng, 6, 4, sharpness=2, blank=blank)
        columns[2] = random_columns(rng, 1, 4)
        lost = 1 - sum(found_in(columns).values())
        most = max(most, lost)
        assert lost <= beam_search.SKIPPED + 1e-5
    assert most > beam_search.SKIPPED / 10  # something was skipped


@pytest.mark.parametrize("beam", [1, 3, 10])
def test_probabilities_sum_to_1_at_most(beam):
    """The probabilities sum to at most 1 for peaked, noisy and long lines."""
    rng = np.random.default_rng(3)
    for length, sharpness, blank in [(20, 1, 9), (100, 4, 4), (300, 0.1, 0), (50, 8, 0)]:
        found = found_in(random_columns(rng, length, 25, sharpness, blank), beam)
        assert 0 <= sum(found.values()) <= 1 + 1e-4


def test_rounding_makes_nothing_surer_than_sure():
    """Log probabilities stay at most 0, even if float32 columns sum to slightly more than 1."""
    columns = np.array([[-np.inf, 1e-6]] * 5 + [[1e-6, -np.inf]] * 5, np.float32)
    assert prefix_beam_search(columns, beam=2) == [Hypothesis((0,), 0.0)]


def test_hypotheses_are_different_texts():
    """A prefix that leaves the beam and returns is not duplicated."""
    rng = np.random.default_rng(4)
    for _ in range(30):
        columns = random_columns(rng, 60, 4, sharpness=1)
        found = [hypothesis.symbols for hypothesis in prefix_beam_search(columns, beam=6)]
        assert len(set(found)) == len(found)


@pytest.mark.parametrize("place", [0, 2, 5])
def test_blank_columns_change_nothing(place):
    """Blank columns change no text or probability, and placements shift with them."""
    rng = np.random.default_rng(5)
    columns = columns_of([0.7, 0.1, 0.2], [0.1, 0.1, 0.8], [0.2, 0.7, 0.1], [0.3, 0.6, 0.1])
    columns = np.concatenate([columns, random_columns(rng, 1, 3)])
    blanks = columns_of(*[[0, 0, 1]] * 7)
    if 0 < place < 5:
        columns[place] = blanks[0]  # blanks split a run, so they replace one blank column
    more = np.concatenate([columns[:place], blanks, columns[place:]])
    assert found_in(more) == pytest.approx(found_in(columns), rel=1e-5)
    text = prefix_beam_search(columns, beam=5)[0].symbols
    assert log_probability_of(more, text) == pytest.approx(log_probability_of(columns, text))
    for old, new in zip(align(columns, text), align(more, text), strict=True):
        assert new.first == old.first + 7 * (old.first >= place)


def test_a_repeated_symbol_needs_a_blank_between():
    """[a a] spells one symbol, [a blank a] spells two."""
    sure = columns_of([1, 0], [1, 0])
    assert found_in(sure) == {(0,): 1.0}
    assert log_probability_of(sure, (0, 0)) == -math.inf
    apart = columns_of([1, 0], [0, 1], [1, 0])
    assert found_in(apart) == {(0, 0): 1.0}
    assert align(apart, (0, 0)) == [Placed(0, 0, 0, 0), Placed(0, 2, 2, 2)]


def test_skipped_blanks_still_part_a_repeated_symbol():
    """A skipped blank column still ends the run of a symbol."""
    columns = columns_of([0.99, 0.01], [1e-6, 1 - 1e-6], [0.99, 0.01])
    assert prefix_beam_search(columns, beam=3)[0].symbols == (0, 0)


def test_no_columns_spell_the_empty_text():
    """Zero columns spell the empty text with probability 1."""
    columns = np.zeros((0, 25), np.float32)
    assert prefix_beam_search(columns, beam=3) == [Hypothesis((), 0.0)]
    assert log_probability_of(columns, ()) == 0
    assert log_probability_of(columns, (1,)) == -math.inf
    assert align(columns, ()) == []


def test_blanks_spell_the_empty_text():
    """A line of blanks spells the empty text."""
    columns = columns_of(*[[0, 0, 1]] * 40)
    assert prefix_beam_search(columns, beam=3) == [Hypothesis((), 0.0)]
    assert log_probability_of(columns, ()) == 0
    assert align(columns, ()) == []


@pytest.mark.parametrize("value", [-np.inf, np.nan])
def test_a_column_without_a_probability_spells_nothing(value):
    """If a column has no probability at all, the only hypothesis is the empty text."""
    columns = columns_of([0.5, 0.5], [0.5, 0.5], [0.5, 0.5])
    columns[1] = value
    assert prefix_beam_search(columns, beam=3) == [Hypothesis((), -math.inf)]
    assert log_probability_of(columns, (0,)) == -math.inf
    assert align(columns, (0,))[0].symbol == 0


@pytest.mark.parametrize(("length", "classes"), SHAPES)
def test_the_alignment_is_the_likeliest_path(length, classes):
    """The alignment is the most probable path of the text, and each peak lies within its run."""
    rng = np.random.default_rng(length * classes)
    columns = random_columns(rng, length, classes, sharpness=3)
    blank = classes - 1
    for text, paths in every_path(columns).items():
        placed = align(columns, text)
        path = path_of(placed, length, blank)
        assert text_of(path, blank) == text
        probability = math.exp(columns[range(length), path].sum(dtype=np.float64))
        assert probability == pytest.approx(max(paths), rel=1e-9)
        for symbol in placed:
            run = columns[symbol.first : symbol.last + 1, symbol.symbol]
            assert columns[symbol.peak, symbol.symbol] == run.max()
            assert symbol.first <= symbol.peak <= symbol.last


def test_a_likely_text_scores_as_it_was_found():
    """The search and the forward score agree on a line that is too long for brute force."""
    rng = np.random.default_rng(6)
    columns = random_columns(rng, 100, 25, sharpness=1.5, blank=9)
    columns[10:100:10] = random_columns(rng, 9, 25, sharpness=6)
    best = prefix_beam_search(columns, beam=16)[0]
    assert len(best.symbols) > 5
    exact = log_probability_of(columns, best.symbols)
    assert exact - 0.05 < best.log_probability < exact + 1e-4
    assert len(align(columns, best.symbols)) == len(best.symbols)


def test_impossible_symbols_are_placed_where_they_must_be():
    """A text of probability 0 is placed with as few impossible columns as necessary."""
    columns = columns_of([1, 0, 0], [0, 0, 1], [0, 0, 1])
    assert align(columns, (0, 1))[0] == Placed(0, 0, 0, 0)
    assert log_probability_of(columns, (0, 1)) == -math.inf


@pytest.mark.parametrize(("text", "needed"), [((0, 1, 0, 1), 4), ((0, 0), 3), ((0, 0, 1, 1, 1), 8)])
def test_it_rejects_a_text_that_does_not_fit(text, needed):
    """The error states how many columns the text needs, and that many are enough."""
    rng = np.random.default_rng(7)
    columns = random_columns(rng, needed, 3)
    assert len(align(columns, text)) == len(text)
    with pytest.raises(ValueError, match=f"needs {needed} columns, got {needed - 1}"):
        align(columns[1:], text)


@pytest.mark.parametrize("error", [BudgetError("processor_time", 4), GoneError("gone")])
def test_a_budget_ends_each_of_them(error):
    """Each function checks its budget while it runs."""
    rng = np.random.default_rng(8)
    columns = random_columns(rng, 500, 25)
    text = tuple(range(24)) * 8
    for call in (
        lambda budget: prefix_beam_search(columns, 4, budget),
        lambda budget: align(columns, text, budget),
    ):
        call(budget_of(checks=1000, error=error))
        with pytest.raises(type(error)):
            call(budget_of(checks=4, error=error))


def test_a_long_flat_line_is_read():
    """Thousands of uniform columns cause neither overflow nor underflow."""
    columns = np.full((3000, 25), -math.log(25), np.float32)
    found = prefix_beam_search(columns, beam=4, budget=Budget())
    assert 1 <= len(found) <= 4
    assert -math.inf < log_probability_of(columns, found[0].symbols) < 0
    assert len(align(columns, found[0].symbols)) == len(found[0].symbols)


PATTERNS = ["0{2}", "0+", "0?", "1+0", "0{1,2}|10", "2?0{2}3?", "(01)+", "0{3}"]


@pytest.mark.parametrize("text", PATTERNS)
@pytest.mark.parametrize("seed", range(6))
def test_a_search_within_a_pattern_finds_its_texts(text, seed):
    """With a wide beam, the hypotheses are the texts of the pattern, with their probabilities."""
    pattern = Pattern(text)
    columns = random_columns(np.random.default_rng(seed), 5, 5, 1.5, 1.0)
    # Classes 0 to 3 are digits, as in the line reader.
    wanted = {
        found: sum(shares)
        for found, shares in every_path(columns).items()
        if pattern.matches("".join(map(str, found)))
    }
    hypotheses = prefix_beam_search(columns, WIDE, pattern=pattern)
    found = {one.symbols: math.exp(one.log_probability) for one in hypotheses}
    assert found.keys() <= wanted.keys()
    for symbols, share in wanted.items():
        # Skipped columns and symbols below LEAST may be missing.
        assert found.get(symbols, 0.0) == pytest.approx(share, abs=2 * SKIPPED)


def test_a_narrow_search_keeps_what_may_become_complete():
    """A text that is unlikely until its end is found by a beam of 1, as places keep prefixes."""
    rows = [[0.9, 0.05, 0.05], *[[0.02, 0.18, 0.8], [0.01, 0.01, 0.98]] * 3]
    columns = columns_of(*rows)
    (plain,) = prefix_beam_search(columns, 1)
    assert plain.symbols == (0,)
    found = prefix_beam_search(columns, 1, pattern=Pattern("0{4}"))
    assert found[0].symbols == (0, 1, 1, 1)
    assert found[0].log_probability == pytest.approx(
        log_probability_of(columns, (0, 1, 1, 1)), abs=0.05
    )


def test_nothing_that_fits_gives_no_hypotheses():
    """A pattern that no path fits gives an empty list."""
    columns = columns_of([0.9, 0.1], [0.1, 0.9])
    assert prefix_beam_search(columns, 4, pattern=Pattern("0{3}")) == []
    assert prefix_beam_search(columns, 4, pattern=Pattern("-")) == []


@pytest.mark.parametrize("seed", range(10))
def test_a_pattern_of_all_texts_changes_little(seed):
    """A pattern that all texts fit gives the hypotheses of a search without a pattern."""
    columns = random_columns(np.random.default_rng(seed), 12, 5, 3.0, 2.0)
    free = prefix_beam_search(columns, 8)
    bound = prefix_beam_search(columns, 8, pattern=Pattern("0*"))
    assert bound[0].symbols == free[0].symbols
    assert bound[0].log_probability == pytest.approx(free[0].log_probability, abs=0.01)


def test_the_budget_ends_a_search_within_a_pattern():
    """A budget ends the search within a pattern as it ends another."""
    columns = random_columns(np.random.default_rng(0), 500, 5)
    with pytest.raises(BudgetError):
        prefix_beam_search(columns, 4, Budget(processor_time=0), Pattern("0+"))


@pytest.mark.parametrize("text", ["0*10{12}", "0*10{50}", "(0?1?){30}"])
def test_the_beam_is_bounded_for_any_pattern(text, monkeypatch):
    """A pattern with far more sets of places than places keeps no more prefixes for it."""
    sizes = []
    real = beam_search._advance_within

    def watched(*arguments):
        found = real(*arguments)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(beam_search, "_advance_within", watched)
    rng = np.random.default_rng(0)
    columns = random_columns(rng, 60, 11, 0.3)
    prefix_beam_search(columns, 16, pattern=Pattern(text))
    assert len(sizes) > 30
    assert max(sizes) <= 16 + PER_PLACE * (1 + MOST_PLACES)
