"""Contributors of pen strokes in three groups, each left out in turn.

A model trained on two groups and measured on the third shows how it reads unknown hands, tablets
and countries. Dev writers show less, because they share these with train writers.
"""

# Balanced by exhaustive search over the 13 largest contributors. The others went to the group they
# balance best. The criteria, in this order: single digits of UNIPEN and pendigits with at most 150
# of a writer (`Hyperparameters.writer_cap`), digits of UNIPEN's strings and lines, writers, letters
# and symbols. Contributors that share writers or an institution (apa to app, cea to ced, hpb and
# hpp) stay together. Counts of train and dev:
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
"""UNIPEN's contributors of digits, numbers, letters and symbols, and `pendigits`."""
