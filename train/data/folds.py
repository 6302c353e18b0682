"""Contributors of pen strokes in three groups, to be left out in turn.

A model that is trained on two groups and measured on the third says how it reads hands, tablets and
countries that it does not know; dev writers, who share theirs with train writers, say less.
"""

# Balanced by exhaustive search over the 13 largest, the rest put where they even out best: single
# digits of UNIPEN and pendigits with at most 150 of a writer (`Hyperparameters.writer_cap`), then
# digits of UNIPEN's strings and lines, then writers, then letters and symbols. What shares writers
# or an institution (apa to app, cea to ced, hpb and hpp) stays together. Counts of train and dev:
#
#            single digits    so capped    digits of numbers    writers    letters and symbols
#   first    6,982            4,464        1,931                 85        33,231
#   second   7,999            5,005          934                102        15,615
#   third    5,710            4,508          871                 99        26,379
FOLDS: tuple[tuple[str, ...], ...] = (
    ("apa", "apb", "apc", "apd", "ape", "app", "imp", "par", "syn"),
    ("att", "kai", "lav", "lou", "mot", "pendigits", "scr", "sie", "sta", "tos"),
    ("aga", "cea", "ceb", "cec", "ced", "gmd", "hpb", "hpp", "ibm", "lex", "pri", "uqb", "val"),
)
"""UNIPEN's contributors of digits, numbers, letters and symbols by their three letters, and
`pendigits`."""
