"""The language model of texts, by their shapes."""

import math

import pytest

from train.line.language_model import ORDER, count_ngrams
from webapp.recognition import LanguageModel, ModelError
from webapp.recognition.network.language_model import CLASSES, END, START, ngrams_of, shape_of
from webapp.recognition.symbols import SIGNS


@pytest.fixture(scope="module")
def counted():
    """N-gram counts of a few thousand texts."""
    return count_ngrams(seed=3, texts=4000, least=1)


def test_a_shape():
    """Shapes merge digits and keep signs, and each symbol and the end have a context."""
    assert shape_of("12.5%") == "00.0%"
    assert ngrams_of("0.0", 3) == ["<<0", "<0.", "0.0", ".0>"]
    assert ngrams_of("", 3) == ["<<>"]


def test_probabilities_by_hand():
    """Probabilities match a calculation by hand of Witten and Bell's backing off."""
    model = LanguageModel({"<0": 3, "<-": 1, "00": 1, "0>": 4})
    # Without a context, 4 of 9 symbols are digits, of three kinds. After a start it is 3 of 4, of
    # two.
    digit = (4 + 3 / CLASSES) / 12
    first = (3 + 2 * digit) / 6
    end = (4 + 2 * (4 + 3 / CLASSES) / 12) / 7
    assert model.log_probability("7") == pytest.approx(math.log(first) + math.log(end))
    assert model.log_probability("7") == model.log_probability("0")


def test_probabilities_sum_to_one(counted):
    """Probabilities sum to one after any context, observed or not."""
    model = LanguageModel(counted)
    symbols = ["0", *SIGNS, END]
    for context in (START * 6, "<<<00/", "((((((", "00.00"):
        total = sum(model._follows(context, symbol) for symbol in symbols)
        assert total == pytest.approx(1)
    assert len(symbols) == CLASSES


def test_what_people_write(counted):
    """A date is likelier than similar signs, and a number likelier than a date."""
    model = LanguageModel(counted)
    for likely, odd in (
        ("12/3/99", "12/3)99"),
        ("12/3/99", "1213/99"),
        ("12.50", "12:.50"),
        ("1234567", "123/567"),
        ("-42", "4-+2"),
    ):
        assert model.log_probability(likely) > model.log_probability(odd) + 0.5


def test_an_empty_model_calls_all_texts_equally_likely():
    """An empty model, or that of a card without one, gives all texts the same probability."""
    for model in (LanguageModel({}), LanguageModel.of_card({})):
        assert model.log_probability("12") == model.log_probability("(((") == 0


def test_counts(counted):
    """Counts are of n-grams of one length, determined by the seed, without rare ones."""
    assert {len(ngram) for ngram in counted} == {ORDER}
    assert count_ngrams(seed=3, texts=4000, least=1) == counted
    often = count_ngrams(seed=3, texts=4000, least=20)
    assert often == {ngram: count for ngram, count in counted.items() if count >= 20}


@pytest.mark.parametrize(
    "said", [{"00": 1, "0": 1}, {"00": 0}, {"00": -1}, {"00": "1"}, {"00": True}, ["00"], 7]
)
def test_a_broken_card(said):
    """Invalid counts in a card are an error."""
    with pytest.raises(ModelError, match="language model in the model card is broken"):
        LanguageModel.of_card({"language_model": said})
