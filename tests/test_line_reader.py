"""The line reader: the same results on every thread and at every width."""

import threading

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from support import hand
from webapp.config import ROOT
from webapp.recognition import (
    Budget,
    BudgetError,
    LiteRTLineReader,
    ModelError,
    load_model,
)
from webapp.recognition.ink.strip import (
    BODY,
    MARGIN,
    ROWS,
    STRIP_CHANNELS,
    boxes_of,
    frame_of,
    strip_of_strokes,
)
from webapp.recognition.network.line_reader import (
    COLUMN,
    OVERLAP,
    WIDTHS,
    columns_of,
    in_windows,
    width_of,
)
from webapp.recognition.symbols import BLANK, CLASSES, SYMBOLS

MODELS = ROOT / "models"
LAST = WIDTHS[-1]


@pytest.fixture(scope="module")
def content():
    """The shipped model's file."""
    return load_model(MODELS, "line").content


@pytest.fixture(scope="module")
def reader(content):
    """The shipped model."""
    return LiteRTLineReader(content)


@pytest.fixture(scope="module")
def strips():
    """Strips of hand-drawn lines: one of each digit, and two longer ones."""
    return [strip_of_strokes(hand.strokes(digit)) for digit in range(10)] + [
        strip_of_strokes(hand.number(text, gap=0.25)) for text in ("407", "19876543210")
    ]


def long_strip(digits=110):
    """Return a strip that is read in several windows."""
    text = "".join(str((7 * n) % 10) for n in range(digits))
    return strip_of_strokes(hand.number(text, gap=0.25))


def spelt(columns):
    """Return the text of the most probable class of each column."""
    best = columns.log_probabilities.argmax(axis=1).tolist()
    runs = [c for place, c in enumerate(best) if place == 0 or best[place - 1] != c]
    return "".join(SYMBOLS[c] if c < len(SYMBOLS) else "?" for c in runs if c != BLANK)


def agree(one, other):
    """Check that two results agree to a thousandth of a nat and a twentieth of a pixel."""
    likely = np.maximum(one.log_probabilities, other.log_probabilities) > -12
    apart = np.abs(one.log_probabilities - other.log_probabilities)[likely]
    return apart.max() < 1e-3 and np.abs(one.extents - other.extents).max() < 0.05


def whole(content, strip):
    """Return the network's output for a strip in one pass, padded like its last window."""
    width = strip.shape[1] + MARGIN
    last = max(range(0, max(1, width - OVERLAP), LAST - OVERLAP))
    strip_of_window = np.zeros((ROWS, width - last, STRIP_CHANNELS), np.uint8)
    missing = last + width_of(strip_of_window) - strip.shape[1]
    padded = np.pad(strip, ((0, 0), (0, missing), (0, 0)))
    network = Interpreter(model_content=content, num_threads=1)
    taken = network.get_input_details()[0]["index"]
    network.resize_tensor_input(taken, (1, *padded.shape))
    network.allocate_tensors()
    network.set_tensor(taken, padded[np.newaxis] / np.float32(255))
    network.invoke()
    tensors = [network.get_tensor(out["index"])[0] for out in network.get_output_details()]
    logits, extents = sorted(tensors, key=lambda tensor: -tensor.shape[-1])
    return columns_of(logits, extents, strip.shape[1])


def test_it_works(reader, strips):
    """The probabilities of each column sum to 1, and hand-drawn digits are read correctly."""
    for strip in strips:
        columns = reader.read(strip)
        count = -(-strip.shape[1] // COLUMN)
        assert columns.log_probabilities.shape == (count, CLASSES)
        assert columns.extents.shape == (count, 2)
        assert columns.log_probabilities.dtype == columns.extents.dtype == np.float32
        assert np.allclose(np.exp(columns.log_probabilities).sum(axis=1), 1, atol=1e-5)
    assert [spelt(reader.read(strip)) for strip in strips[:10]] == list("0123456789")


def test_a_symbols_extent_is_where_its_ink_is(reader):
    """The extent of a 3 between two others matches its ink to a fifth of the writing's height."""
    strokes = hand.number("437", gap=0.4)
    frame = frame_of(boxes_of(strokes))
    three = frame.pixels(strokes[2])[:, 0]
    columns = reader.read(strip_of_strokes(strokes, frame))
    peak = int(columns.log_probabilities[:, 3].argmax())
    assert columns.extents[peak] == pytest.approx([three.min(), three.max()], abs=BODY / 5)


@pytest.mark.parametrize(
    "width", [1, 2, 31, 43, 44, 45, 46, 48, 49, 111, 112, 251, 252, 253, 256, 700]
)
def test_every_width_has_its_columns(reader, width):
    """A strip of any width has half as many columns as pixels, rounded up."""
    strip = np.zeros((ROWS, width, STRIP_CHANNELS), np.uint8)
    columns = reader.read(strip)
    assert columns.log_probabilities.shape == ((width + 1) // 2, CLASSES)
    assert columns.extents.shape == ((width + 1) // 2, 2)
    assert np.isfinite(columns.extents).all()


@pytest.mark.parametrize("extra", [0, 1, 2, 40, LAST - OVERLAP - 1, LAST - OVERLAP, 3 * LAST])
def test_windows_say_what_one_pass_says(reader, content, extra):
    """A strip that is read in windows gives the columns of a single pass."""
    strip = long_strip()[:, : LAST + extra]
    assert strip.shape[1] == LAST + extra
    assert agree(reader.read(strip), whole(content, strip))


@pytest.mark.parametrize("width", [1, 44, 45, 48, 96, LAST - MARGIN, LAST, LAST + 176, 1000])
def test_nothing_ends_where_a_window_ends(width):
    """Every window ends with empty columns, because a line without any is misread."""
    seen = []

    def window(part):
        seen.append(part)
        count = width_of(part) // COLUMN
        return np.zeros((count, CLASSES), np.float32), np.zeros((count, 2), np.float32)

    columns = in_windows(np.full((ROWS, width, STRIP_CHANNELS), 255, np.uint8), window)
    assert len(columns.extents) == -(-width // COLUMN)
    assert seen[-1].shape[1] <= LAST
    assert not seen[-1][:, -MARGIN:].any()
    assert sum(int((part[0, :, 0] > 0).sum()) for part in seen) >= width


def test_what_was_read_before_leaves_no_trace(reader, strips):
    """A wide strip does not affect the reading of a narrow one after it."""
    before = reader.read(strips[1])
    reader.read(strips[10])
    reader.read(np.full((ROWS, 30, STRIP_CHANNELS), 255, np.uint8))
    after = reader.read(strips[1])
    assert np.array_equal(before.log_probabilities, after.log_probabilities)
    assert np.array_equal(before.extents, after.extents)


def test_an_answer_outlives_the_next_call(reader, strips):
    """A result is a copy, not the interpreter's own memory."""
    first = reader.read(strips[1])
    kept = first.log_probabilities.copy(), first.extents.copy()
    reader.read(strips[2])
    assert np.array_equal(first.log_probabilities, kept[0])
    assert np.array_equal(first.extents, kept[1])


def test_threads_do_not_disturb_each_other(reader, strips):
    """Concurrent calls from many threads each get their own result."""
    alone = [reader.read(strip).log_probabilities for strip in strips]
    wrong = []

    def ask(place):
        for _ in range(10):
            if not np.array_equal(reader.read(strips[place]).log_probabilities, alone[place]):
                wrong.append(place)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(strips))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_reserved_interpreters_are_used(content, strips, monkeypatch):
    """Reserved interpreters of each width are reused, and no more are made without need."""
    made = []

    def interpreter(**options):
        made.append(options)
        return Interpreter(**options)

    monkeypatch.setattr("webapp.recognition.network.line_reader.Interpreter", interpreter)
    reader = LiteRTLineReader(content)
    reader.reserve(2)
    reader.reserve(2)
    assert len(made) == 2 * len(WIDTHS)
    for strip in [*strips, long_strip()]:
        reader.read(strip)
    assert len(made) == 2 * len(WIDTHS)


def test_no_interpreter_before_the_first_call(strips, monkeypatch):
    """A new line reader makes no interpreter, because interpreters do not survive a fork."""
    made = []

    def interpreter(**options):
        made.append(threading.get_ident())
        raise RuntimeError("made")

    monkeypatch.setattr("webapp.recognition.network.line_reader.Interpreter", interpreter)
    reader = LiteRTLineReader(b"")
    assert made == []
    with pytest.raises(ModelError, match="made"):
        reader.read(strips[0])
    assert made == [threading.get_ident()]


def test_a_failed_call_keeps_the_next_one_right(content, strips, monkeypatch):
    """An interpreter that raised an error once works in the next call."""
    reader = LiteRTLineReader(content)
    before = reader.read(strips[0])
    invoke, failures = Interpreter.invoke, [RuntimeError("once")]

    def fails_once(self):
        if failures:
            raise failures.pop()
        invoke(self)

    monkeypatch.setattr(Interpreter, "invoke", fails_once)
    with pytest.raises(RuntimeError, match="once"):
        reader.read(strips[0])
    after = reader.read(strips[0])
    assert np.array_equal(before.log_probabilities, after.log_probabilities)


@pytest.mark.parametrize("broken", [b"", b"no model"])
def test_a_file_that_is_no_model_says_so(strips, broken):
    """An invalid model file is an error at the first call or reservation."""
    with pytest.raises(ModelError, match="is no line reader"):
        LiteRTLineReader(broken).read(strips[0])
    with pytest.raises(ModelError, match="is no line reader"):
        LiteRTLineReader(broken).reserve(1)


@pytest.mark.parametrize("name", ["digits", "ink", "pen"])
def test_a_model_of_digits_is_none_of_lines(name):
    """A network without outputs in columns is refused before it reads anything."""
    with pytest.raises(ModelError, match="is no line reader"):
        LiteRTLineReader(load_model(MODELS, name).content).reserve(1)


def test_a_budget_ends_a_long_line():
    """The budget is checked before each window."""
    asked = []

    class Counted(Budget):
        def check(self):
            asked.append(1)
            if len(asked) == 3:
                raise BudgetError("processor_time", 1)

    reader = LiteRTLineReader(load_model(MODELS, "line").content)
    strip = long_strip()
    windows = -(-(strip.shape[1] + MARGIN - OVERLAP) // (LAST - OVERLAP))
    assert windows > 3
    with pytest.raises(BudgetError):
        reader.read(strip, Counted())
    assert len(asked) == 3
    reader.read(strip, Counted())
    assert len(asked) == 3 + windows


def test_columns_are_of_the_logits():
    """Columns have the log softmax of the logits, and extents in pixels around their middles."""
    logits = np.zeros((3, CLASSES), np.float32)
    logits[1, 4] = 1000
    reach = np.array([[0.5, 1.0], [0.0, 0.0], [9.0, 9.0]], np.float32)
    columns = columns_of(logits, reach, 4)
    assert columns.log_probabilities.shape == (2, CLASSES)
    assert columns.log_probabilities[0] == pytest.approx(-np.log(CLASSES))
    assert columns.log_probabilities[1, 4] == 0
    assert columns.log_probabilities[1, 5] == -1000
    assert columns.extents.tolist() == [[1 - BODY / 2, 1 + BODY], [3, 3]]


def test_parity_with_keras(reader, strips):
    """The served integers nearly give the probabilities of the Keras network, and the same text."""
    keras_backend = pytest.importorskip(
        "webapp.keras_backend", reason="only machines that train have TensorFlow"
    )
    reference = keras_backend.KerasLineReader(MODELS / "line.keras")
    for strip in strips:
        one, other = reference.read(strip), reader.read(strip)
        assert spelt(one) == spelt(other)
        apart = np.abs(np.exp(one.log_probabilities) - np.exp(other.log_probabilities))
        assert apart.max() < 0.2
        assert apart.mean() < 0.002
        assert np.abs(one.extents - other.extents).max() < 1.5
