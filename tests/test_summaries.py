"""Summaries of the models' figures."""

from webapp.site.summaries import MODELS, Bar, Figure, chart, summaries

FIGURE = {"data": "MNIST test", "count": 10_000, "accuracy": 0.9967, "interval95": [0.9954, 0.9976]}

INK = {"name": "ink", "figures": [FIGURE]}

LINE = {
    "name": "line",
    "figures": [
        FIGURE | {"data": "pictures, paper", "count": 500, "accuracy": 0.348},
        FIGURE | {"data": "digit_strings", "count": 1590, "accuracy": 0.9686},
        FIGURE | {"data": "dates", "accuracy": 0.886, "accuracy95": [0.85, 0.91]},
        FIGURE | {"data": "never heard of"},
    ],
    "nondigits": [{"data": "letters", "count": 5, "ok": 0.2}],
    "confidence": {
        "folds": [
            {
                "sets": {
                    "dates": {"count": 100, "ok": 0.5, "wrong_though_ok": 1},
                    "letters": {"count": 100, "ok": 0.01, "wrong_though_ok": 1},
                }
            },
            {"sets": {"dates": {"count": 200, "ok": 0.25, "wrong_though_ok": 2}}},
        ]
    },
}
"""A card of a line model with the fields that the summaries read."""


def test_figures_at_a_glance_are_the_cards_own():
    """Summaries have the card's figures, and leave missing ones out."""
    photos, drawings, numbers = summaries([INK, {"name": "pen"}, LINE, {"name": "eyes"}])
    assert [summary.title for summary in (photos, drawings, numbers)] == [
        *("Photos", "Drawings", "Whole numbers")
    ]
    assert photos.figures == [
        Figure("99.7%", "of 10,000 scanned digits read correctly"),
        Figure("34.8%", "of 500 on difficult paper: printed, ruled, in shadow"),
    ]
    assert drawings.figures == []
    # Non-numbers are not wrong numbers: 3 of 50 and 50.
    assert numbers.figures == [
        Figure("96.9%", "of 1,590 numbers by one hand read exactly"),
        Figure("88.6%", "of 10,000 dates read exactly, composed of single digits"),
        Figure("3.0%", "wrong among 100 confident readings of new writers"),
    ]


def test_confident_errors_are_left_out_where_no_writers_were():
    """A card without folds has no figure of confident errors."""
    *_, numbers = summaries([INK, INK, {"name": "line", "figures": []}, {"name": "eyes"}])
    assert numbers.figures == []


def test_the_shipped_cards_have_every_figure(client):
    """The shipped cards have three figures for each kind of input, and all bars of the chart."""
    card = client.get("/api/v1/model").json
    served = [card, card["strokes"], card["lines"], card["eyes"]]
    assert len(served) == len(MODELS)
    assert [len(summary.figures) for summary in summaries(served)] == [3, 3, 3]
    assert [len(bars) for bars in chart(card["lines"]).values()] == [12, 8]


def test_the_chart_has_the_kinds_it_knows():
    """The chart has its kinds in its own order, with the interval by writers if there is one."""
    assert chart(LINE) == {
        "Drawn": [
            Bar("Numbers by one hand", 0.9686, FIGURE["interval95"], "96.9%"),
            Bar("Dates", 0.886, [0.85, 0.91], "88.6%"),
        ],
        "In generated photos": [Bar("Difficult paper", 0.348, FIGURE["interval95"], "34.8%")],
    }
    assert chart({"figures": []}) == {}
