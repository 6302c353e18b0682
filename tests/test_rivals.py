"""The comparison with other readers: what is counted, and how it is said."""

import json

import numpy as np
import pytest

from bench.rivals import report
from bench.rivals.readers import OWN_TITLE, READERS, boxed, squeezed
from bench.rivals.run import Side, figures_of, read_beside, sizes
from bench.rivals.samples import SIGNS, Answer, Sample, plain
from support import hand
from webapp.recognition.symbols import SIGNS as OWN_SIGNS


def answered(*answers):
    """Return answers as a reader gives them, with a time each."""
    return [(Answer(text, sure), 0.002) for text, sure in answers]


SAMPLES = [Sample("12", b""), Sample("-3", b""), Sample("40", b"")]

NONE = [Sample(None, b""), Sample(None, b"")]


def test_every_reader_is_asked_for_the_same_signs():
    """The signs are those that Inkling reads."""
    assert set(SIGNS) == set(OWN_SIGNS)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("12 34", "1234"),
        (" - 5\n", "-5"),
        ("−５", "-5"),
        ("3—4", "3-4"),
        ("x１.2", "x1.2"),
        ("", ""),
    ],
)
def test_texts_are_compared_without_their_ways_of_writing(said, meant):
    """Spaces, full width and kinds of dashes do not count."""
    assert plain(said) == meant


def test_what_is_counted():
    """Exact readings, errors by symbol, and what is wrong though sure."""
    found = figures_of(SAMPLES, {"a": answered(("12", True), ("3", True), ("4O", False))})
    assert found["a"] == {
        "exact": 1,
        "sure": 2,
        "wrong_though_sure": 1,
        "errors": 2,
        "median_ms": 2.0,
        "right": "100",
    }


def test_a_number_read_in_what_is_none_is_wrong():
    """Letters are no number; a digit among them is one, if it is sure."""
    found = figures_of(NONE, {"a": answered(("abc", True), ("", False))})["a"]
    assert (found["exact"], found["sure"], found["wrong_though_sure"]) == (2, 0, 0)
    found = figures_of(NONE, {"a": answered(("a1", True), ("7", False))})["a"]
    assert (found["exact"], found["sure"], found["wrong_though_sure"]) == (0, 1, 1)


def test_only_pairs_that_differ_make_a_difference():
    """The interval holds 0 if both sides are ahead equally often, and not if one always is."""
    low, high = report.difference95("1100" * 50, "1010" * 50)
    assert low == pytest.approx(-high)
    assert high == pytest.approx(1.96 * np.sqrt(100) / 200, rel=1e-3)
    assert report.difference95("1" * 40, "1" * 20 + "0" * 20)[0] > 0.3
    assert report.difference95("1" * 9, "1" * 9) == (0, 0)


def figures():
    """Return figures of three readers on two sets, one without numbers."""
    readers = {
        OWN_TITLE: answered(*[("12", True)] * 10 + [("1", False)] * 10),
        "even": answered(*[("12", True)] * 11 + [("9", True)] * 9),
        "ahead": answered(*[("12", True)] * 20),
        "behind": answered(*[("", False)] * 20),
    }
    numbers = [Sample("12", b"")] * 20
    words = {OWN_TITLE: answered(("", False), ("", False)), "even": answered(("1", True), ("", 0))}
    rows = [("composed, apart", numbers, readers), ("words", NONE, words)]
    return {
        "machine": report_machine(),
        "sets": [
            {
                "title": title,
                "count": len(samples),
                "numbers": samples[0].label is not None,
                "symbols": 2 * len(samples),
                "readers": figures_of(samples, read),
            }
            for title, samples, read in rows
        ],
        "readers": {
            title: {"peak_mib": 100, "packages_mib": 10.0, "models_mib": 0.5} for title in readers
        },
    }


def report_machine():
    """Return a machine."""
    return {"date": "2026-01-01", "commit": "abc", "cores": 2, "system": "X", "python": "3.11"}


def test_the_tables_say_where_we_lose():
    """A reader that is surely ahead is marked, and so is one that is as good."""
    said = report.text_of(figures())
    assert "| composed, apart | 20 | **50.0 %** | 55.0 % = | 100.0 % ▲ | 0.0 % |" in said
    assert "| composed, apart | 20 | 25.0 % | 45.0 % | 0.0 % | 100.0 % |" in said  # errors
    assert "| composed, apart | 20 | 0.0 % | 45.0 % | 0.0 % | 0.0 % |" in said  # wrong though sure
    assert "| words | 2 | 0.0 % | 50.0 % | – | – |" in said
    assert "| ahead | 2.0 ms | 100 MiB | 10 MiB | 0.5 MiB |" in said


def test_the_document_is_written_between_its_marks(tmp_path, monkeypatch):
    """What people wrote around the tables stays."""
    document = tmp_path / "rivals.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    monkeypatch.setattr(report, "DOCUMENT", document)
    readme = tmp_path / "README.md"
    readme.write_text(f"{report.README_BEGIN}\n{report.README_END}\nafter\n")
    monkeypatch.setattr(report, "README", readme)
    monkeypatch.setattr(report, "FIGURES", tmp_path / "rivals.json")
    monkeypatch.setattr(report, "PAGE", tmp_path / "short.json")
    report.write(figures())
    assert "| read exactly | samples | Inkling |" in readme.read_text()
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "100.0 % ▲" in text
    assert json.loads((tmp_path / "rivals.json").read_text()) == figures()
    assert json.loads((tmp_path / "short.json").read_text()) == report.short_of(figures())


def test_the_short_form_takes_the_first_reader_that_reads_a_set():
    """PP-OCR reads cut-out fields in one way and photos in another. They share a column."""
    row = {"exact": 3, "right": "111"}
    sets = [
        {"title": "field", "count": 4, "readers": {OWN_TITLE: row, "PP-OCR, pages": row}},
        {"title": "dates", "count": 6, "readers": {OWN_TITLE: row, "PP-OCR, confined": row}},
        {"title": "composed, apart", "count": 6, "readers": {OWN_TITLE: row}},
    ]
    short = report.short_of({"machine": report_machine(), "sets": sets})
    assert [row["exact"] for row in short["rows"]] == [
        [0.5, 0.5, None, None],
        [0.75, 0.75, None, None],
    ]
    assert "| 4 | 75 % | 75 % | – | – |" in report.short_text_of(short)


def test_page_and_readme_have_the_documents_figures():
    """What the page and the README show is the short form of docs/rivals.json."""
    short = report.short_of(json.loads(report.FIGURES.read_text(encoding="utf-8")))
    assert json.loads(report.PAGE.read_text(encoding="utf-8")) == short
    assert report.short_text_of(short) in report.README.read_text(encoding="utf-8")


@pytest.mark.parametrize("glyph_of", [squeezed, boxed])
@pytest.mark.parametrize("shape", [(40, 90), (200, 3), (1, 1), (28, 28)])
def test_glyphs_of_the_common_way_are_of_one_size(glyph_of, shape):
    """Ink of any shape, or none, becomes 28 by 28 pixels."""
    for ink in (np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)):
        glyph = glyph_of(ink)
        assert (glyph.shape, glyph.dtype) == ((28, 28), np.uint8)
        assert glyph.any() == ink.any()


def test_a_reader_reads_in_its_own_process(tmp_path):
    """The strokes of a drawing and its picture are read by the shipped models."""
    sample = Sample("3", hand.png(hand.picture(3)), hand.strokes(3))
    sides = [Side(reader, tmp_path) for reader in READERS[:2]]
    read = read_beside(sides, [sample] * 3)
    for title, found in figures_of([sample] * 3, read).items():
        assert found["exact"] == 3, title
    assert all(20 < side.peak_mib() < 2000 for side in sides)
    for side in sides:
        side.close()


def test_packages_count_with_what_they_require():
    """OpenCV's size holds NumPy's, which it requires."""
    [own] = [reader for reader in READERS if reader.title == OWN_TITLE]
    found = sizes(own, [])
    assert found["models_mib"] == 0
    assert found["packages_mib"] > 100
