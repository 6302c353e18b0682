"""Errors of runs."""


class BatchError(Exception):
    """A run cannot start or go on. The message is for the person who started it."""


class UnreadableError(Exception):
    """A file cannot be read, now or later. Its row says so, and the run goes on."""
