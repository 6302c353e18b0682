"""Symbols: the digits and signs that are read, and the classes of the line reader."""

SIGNS = ".,-+/:%()=$#"
"""The signs in numbers, in the order of the reader's classes."""

SYMBOLS = "0123456789" + SIGNS
"""The symbols of the reader's classes, in order. Two more classes follow: other ink, and the
blank."""

OTHER = len(SYMBOLS)
"""The class of ink that is not a symbol: letters, unknown signs, scribbles."""

BLANK = OTHER + 1
"""The class of the CTC blank."""

CLASSES = BLANK + 1
