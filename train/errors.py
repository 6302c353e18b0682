"""What can go wrong in training, said in one sentence each."""


class TrainError(Exception):
    """Base of every error that ends a command with a message rather than a traceback."""


class DataError(TrainError):
    """A data set is missing, altered or not in its format."""


class CardError(TrainError):
    """A shipped model and its card do not agree."""
