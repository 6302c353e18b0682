"""Errors of runs."""


class BatchError(Exception):
    """A run cannot start or go on. The message is for the person who started it."""
