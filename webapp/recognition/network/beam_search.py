"""Decoding: the texts that a line's columns spell, by connectionist temporal classification (CTC).

For each column of a line, a network gives a distribution over the symbols and a blank. A path takes
one class per column. Its text results from merging runs of one class and removing blanks (Graves et
al., "Connectionist Temporal Classification", ICML 2006, section 3.1). The probability of a text is
the sum of the probabilities of all paths that spell it.

In this module, `log_probabilities` has shape (T, K): T columns, K classes with the blank last,
natural logarithms of a softmax. NaN and -inf count as probability 0. Every function that takes a
budget raises BudgetError or GoneError as `Budget.check` does.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from ..budget import Budget
from .bounds import Automaton

Columns = NDArray[np.float32]
Scores = NDArray[np.float64]
Kept = dict[int, tuple[int, int, float, float]]
"""The beam: for each prefix its key, its last symbol, and the shares of the paths that spell it
and end in a blank, and in that symbol. The key is parent * K + last symbol. The empty text
has key -1."""

SKIPPED = 0.001
"""Upper bound on the total probability of the paths that a search skips. Answers are shown to a
tenth of a percent at best.

The search takes the columns most certain to be blank as blank, while the probabilities that they
are not sum to at most this. Columns are independent, so by the union bound the skipped paths have
at most this probability, for any T and K.
"""

IMPOSSIBLE = -1e6
"""Finite stand-in for the natural logarithm of 0, for sums. A network's logarithms are above -100,
so no path of 5,000 columns is as low."""

LEAST = 1e-5
"""Least probability of a symbol in a column that a search within a pattern considers."""

PER_PLACE = 2
"""Prefixes kept at least for each place in a pattern."""

STEPS_PER_CHECK = 64
"""Columns of a search, or states of an alignment, between two checks of the budget. 64 flat columns
take a beam of 16 some 2 ms; 64 states of 5,000 columns take some 20 ms."""


@dataclass(frozen=True)
class Hypothesis:
    """A text, as class indices without blanks, and ln P(text | columns), at most 0.

    The probability sums the paths that the beam kept, so it is exact or too low.
    """

    symbols: tuple[int, ...]
    log_probability: float


@dataclass(frozen=True)
class Placed:
    """A symbol, the first and last column that emit it, inclusive, and the likeliest of them."""

    symbol: int
    first: int
    last: int
    peak: int


def prefix_beam_search(
    log_probabilities: Columns,
    beam: int,
    budget: Budget | None = None,
    pattern: Automaton | None = None,
) -> list[Hypothesis]:
    """Return the likeliest texts, best first.

    The search separates the paths of a prefix that end in a blank from those that end in its last
    symbol (Graves et al., section 3.2), and keeps a beam of prefixes (Hannun et al., "First-Pass
    Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014,
    algorithm 1).

    Args:
        beam: prefixes kept at each column, at least 1. With a beam that holds every prefix, the
            probabilities of all texts sum to too little by at most `SKIPPED`.
        pattern: only texts in it are returned. The beam then also holds the best `PER_PLACE`
            prefixes of each place in the pattern, so that texts that are unlikely so far but may
            still become complete stay in it.

    Returns:
        1 to `beam` hypotheses; with a pattern 0 or more. If T is 0, the empty text with
        probability 1. If every path has probability 0, the empty text with probability 0.

    Example:
        >>> columns = np.log(np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], np.float32))
        >>> [found.symbols for found in prefix_beam_search(columns, beam=2)]
        [(0, 0), (0,)]
    """
    probabilities = np.exp(np.fmax(log_probabilities, IMPOSSIBLE))
    classes = probabilities.shape[1]
    read = _columns_to_read(probabilities[:, -1])
    log_scale = float(np.delete(log_probabilities[:, -1], read).sum(dtype=np.float64))
    keys, numbers = [-1], {-1: 0}  # prefixes are numbered as they appear; 0 is the empty text
    kept: Kept = {0: (-1, classes - 1, 1.0, 0.0)}
    states = {-1: pattern.START if pattern else 0}  # of prefixes by key
    after_blanks = (np.diff(read, prepend=-1) > 1).tolist()
    for step, column in enumerate(probabilities[read].tolist()):
        if budget is not None and (step % STEPS_PER_CHECK == 0 or pattern):
            budget.check()
        if after_blanks[step]:
            kept = {prefix: (key, last, a + b, 0.0) for prefix, (key, last, a, b) in kept.items()}
        if pattern is None:
            found = _advance(kept, numbers, column, beam)
        else:
            found = _advance_within(kept, numbers, column, beam, pattern, states)
        total = sum(map(itemgetter(0), found))
        if total == 0:
            return [Hypothesis((), -math.inf)]
        log_scale += math.log(total)
        kept = {
            _number_of(key, keys, numbers): (key, key % classes, a / total, b / total)
            for _, key, a, b in found
        }
    hypotheses = [
        Hypothesis(_symbols_of(prefix, keys, classes), min(0.0, math.log(a + b) + log_scale))
        for prefix, (key, _, a, b) in kept.items()
        if pattern is None or pattern.accepts(states[key])
    ]
    return sorted(hypotheses, key=lambda one: one.log_probability, reverse=True)


def _number_of(key: int, keys: list[int], numbers: dict[int, int]) -> int:
    """Return the number of a prefix. It stays, because extensions may still be in the beam."""
    number = numbers.setdefault(key, len(keys))
    if number == len(keys):
        keys.append(key)
    return number


def _symbols_of(prefix: int, keys: Sequence[int], classes: int) -> tuple[int, ...]:
    """Return the symbols of a prefix, from its key and those of the prefixes before it."""
    symbols = []
    while prefix:
        prefix, symbol = divmod(keys[prefix], classes)
        symbols.append(symbol)
    return tuple(reversed(symbols))


def _columns_to_read(blanks: Columns) -> NDArray[np.intp]:
    """Return the indices of the columns that a search reads, given P(blank), shape (T,)."""
    others = 1 - blanks
    order = others.argsort()
    skipped = others[order].cumsum(dtype=np.float64) <= SKIPPED
    return np.sort(order[~skipped])


def _advance(
    kept: Kept, numbers: dict[int, int], column: list[float], beam: int
) -> list[tuple[float, int, float, float]]:
    """Return the likeliest prefixes after one more column: share, key, and the share's two parts.

    `column` has a probability per class, `numbers` the number of each prefix by key.
    """
    classes, blank = len(column), column[-1]
    found = []
    for key, last, in_blank, in_symbol in kept.values():
        stays = (in_blank + in_symbol) * blank
        parent = key // classes
        if parent in kept:
            _, parent_last, parent_in_blank, parent_in_symbol = kept[parent]
            in_symbol += parent_in_blank
            if parent_last != last:  # a symbol repeats only after a blank
                in_symbol += parent_in_symbol
        in_symbol *= column[last]
        if stays + in_symbol > 0:
            found.append((stays + in_symbol, key, stays, in_symbol))
    # Any other prefix has one parent in the beam, so its share needs no sum.
    found.sort(key=itemgetter(0), reverse=True)
    least = found[-1][0] if len(found) == beam else 0.0
    likely = [(share, symbol) for symbol, share in enumerate(column[:-1]) if share > least]
    likely.sort(reverse=True)
    for prefix, (_, last, in_blank, in_symbol) in kept.items():
        either = in_blank + in_symbol
        for probability, symbol in likely:
            if either * probability <= least:
                break
            share = (in_blank if symbol == last else either) * probability
            if share > least and numbers.get(prefix * classes + symbol) not in kept:
                found.append((share, prefix * classes + symbol, 0.0, share))
        if len(found) > beam:
            found.sort(key=itemgetter(0), reverse=True)
            del found[beam:]
            least = found[-1][0]
    return found


def _advance_within(
    kept: Kept,
    numbers: dict[int, int],
    column: list[float],
    beam: int,
    pattern: Automaton,
    states: dict[int, int],
) -> list[tuple[float, int, float, float]]:
    """Return the likeliest prefixes within a pattern after one more column; see `_advance`.

    At most `beam`, and `PER_PLACE` for each place of the pattern, are kept. `states` has the
    pattern's states of each prefix by key, and gains those of new prefixes that are kept.
    """
    classes, blank = len(column), column[-1]
    found = []
    likely = [(symbol, share) for symbol, share in enumerate(column[:-1]) if share > LEAST]
    reached = {key: states[key] for key, _, _, _ in kept.values()}
    for prefix, (key, last, in_blank, in_symbol) in kept.items():
        either = in_blank + in_symbol
        for symbol, share in likely:
            state = pattern.step(states[key], symbol)
            longer = prefix * classes + symbol
            if state and numbers.get(longer) not in kept:
                reached[longer] = state
                joined = (in_blank if symbol == last else either) * share
                found.append((joined, longer, 0.0, joined))
        parent = key // classes
        if parent in kept:
            _, parent_last, parent_in_blank, parent_in_symbol = kept[parent]
            in_symbol += parent_in_blank + (parent_in_symbol if parent_last != last else 0.0)
        stays, ends = either * blank, in_symbol * column[last]
        found.append((stays + ends, key, stays, ends))
    found.sort(key=itemgetter(0), reverse=True)
    # Bits of the places that have 0, 1 … PER_PLACE - 1 prefixes or more. A set of states may hold
    # many places, and there are far more sets than places.
    held = [0] * PER_PLACE
    best: list[tuple[float, int, float, float]] = []
    for one in found:
        state = reached[one[1]]
        if one[0] > 0 and (len(best) < beam or state & ~held[-1]):
            best.append(one)
            states[one[1]] = state
            for level in range(PER_PLACE - 1, 0, -1):
                held[level] |= held[level - 1] & state
            held[0] |= state
    return best


def align(
    log_probabilities: Columns, symbols: Sequence[int], budget: Budget | None = None
) -> list[Placed]:
    """Return the columns where the likeliest path of a text emits each of its symbols (Viterbi).

    Raises:
        ValueError: the text needs more columns than there are: one for each symbol, and one for a
            blank between equal neighbours.

    Example:
        >>> columns = np.log(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], np.float32))
        >>> align(columns, [0])
        [Placed(symbol=0, first=0, last=1, peak=0)]
    """
    needed = len(symbols) + sum(one == other for one, other in itertools.pairwise(symbols))
    if needed > len(log_probabilities):
        raise ValueError(f"the text needs {needed} columns, got {len(log_probabilities)}")
    moves = []  # by state and column: 0, 1 or 2, the number of states the path comes from back
    for scores, one_back, two_back in _states(log_probabilities, symbols, budget):
        enters = np.maximum(one_back, two_back) > scores
        moves.append((enters * np.where(two_back > one_back, 2, 1)).astype(np.uint8).tobytes())
    state = 2 * len(symbols) - int(one_back[-1] > scores[-1])
    path = [0] * len(log_probabilities)
    for column in reversed(range(len(path))):
        path[column] = state
        state -= moves[state][column]
    placed = []
    for state, run in itertools.groupby(range(len(path)), key=path.__getitem__):
        if state % 2:
            symbol, columns = symbols[state // 2], list(run)
            peak = max(columns, key=lambda column: log_probabilities[column, symbol])
            placed.append(Placed(symbol, columns[0], columns[-1], peak))
    return placed


def _states(
    log_probabilities: Columns, symbols: Sequence[int], budget: Budget | None
) -> Iterator[tuple[Scores, Scores, Scores]]:
    """Run the trellis of a text: its symbols with blanks before, between and after them.

    It iterates over states, where Graves et al. iterate over columns. A path that enters a state at
    column t and leaves it at u gains the sum of the state's logarithms from t to u, so a state is
    one running maximum over cumulative sums.

    Yields:
        For each state three arrays of shape (T + 1,): the score after 0 to T columns of the
        likeliest path in it, and of those that may enter it from one and from two states back.
    """
    columns, classes = log_probabilities.shape
    sums = np.zeros((classes, columns + 1))
    np.fmax(log_probabilities, IMPOSSIBLE).T.cumsum(axis=1, out=sums[:, 1:])
    nowhere = np.full(columns + 1, -np.inf)
    before, scores = nowhere, nowhere.copy()
    scores[0] = 0
    for state in range(2 * len(symbols) + 1):
        if budget is not None and state % STEPS_PER_CHECK == 0:
            budget.check()
        place, is_symbol = divmod(state, 2)
        symbol = symbols[place] if is_symbol else -1
        passes = is_symbol and (place == 0 or symbol != symbols[place - 1])
        one_back, two_back = scores, before if passes else nowhere
        entering = np.maximum(one_back, two_back)[:-1] - sums[symbol, :-1]
        scores = np.full(columns + 1, -np.inf)
        scores[1:] = np.maximum.accumulate(entering) + sums[symbol, 1:]
        before = one_back
        yield scores, one_back, two_back
