"""Inkling beside other readers, on the same handwriting: `python -m bench.rivals`."""
