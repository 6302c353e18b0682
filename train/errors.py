"""Errors of training, evaluation and import."""


class TrainError(Exception):
    """Base of every error that ends a command with a message instead of a traceback."""


class DataError(TrainError):
    """A data set is missing, altered or not in its format."""


class CardError(TrainError):
    """A shipped model and its card disagree."""
