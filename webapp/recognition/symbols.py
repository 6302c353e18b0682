"""Symbols: the digits and signs that are read, and the classes of the line reader."""

SIGNS = ".,-+/:%()=$#"
"""The signs of numbers, in the order of the reader's classes."""


SYMBOLS = "0123456789" + SIGNS
"""What the reader's classes stand for, in order. Two more follow: other ink, and the blank."""


OTHER = len(SYMBOLS)
"""The class of ink that is none of the symbols: letters, unknown signs, scribbles."""


BLANK = OTHER + 1
"""The class of CTC's blank."""


CLASSES = BLANK + 1
