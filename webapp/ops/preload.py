"""Preloading: the models are read and tried once, then passed to every worker.

gunicorn's first process calls `prepare` before it forks (gunicorn_config.py). Any other process,
such as a command, reads the files when it makes its site.
"""

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from ..app import create_app
from ..config import ConfigError, Settings
from ..engine import current_engine, current_stroke_engine
from ..models import Models, restore
from ..recognition import CHANNELS, SIDE, ModelError, load_model
from ..site.cards import cards, view_of
from . import metrics

TRY_SECONDS = 60.0
"""Time that trying the models may take: 0.5 s in practice, some 10 s with TensorFlow."""


def prepare(settings: Settings) -> None:
    """Read the models, check that a site with them answers, and keep them for the workers.

    Raises:
        ModelError, ConfigError: they cannot be served. Earlier models stay.
    """
    names = (settings.model, settings.stroke_model, settings.line_model, settings.eyes_model)
    found = {(settings.models, n): load_model(Path(settings.models), n) for n in names}
    _try(settings, found)
    restore(found)


def _try(settings: Settings, models: Models) -> None:
    """Try the models in a child process that makes the site and runs each model once.

    Interpreters do not survive a fork, and a broken file may crash the process that reads it.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer_once, args=(settings, models, sender))
    process.start()
    sender.close()
    try:
        error = receiver.recv() if receiver.poll(TRY_SECONDS) else f"no answer in {TRY_SECONDS} s"
    except EOFError:
        process.join()
        error = f"the process that tried them ended with exit status {process.exitcode}"
    finally:
        process.kill()  # it has finished, or it hangs
        process.join()
        receiver.close()
    if isinstance(error, ConfigError):
        raise error
    if error is not None:
        raise ModelError(f"the models in {settings.models} cannot be served: {error}")


def _answer_once(settings: Settings, models: Models, sender: Connection) -> None:
    """Run in the child: send the error, or None."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_DFL)
    # Libraries print many lines about a broken file. The site logs one.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    restore(models)
    metrics.memory = metrics.Memory()  # separate from all workers' rows
    try:
        _check(settings)
    except (ModelError, ConfigError) as error:
        sender.send(error)
    except Exception as error:
        sender.send(f"{type(error).__name__}: {error}")
    else:
        sender.send(None)


def _check(settings: Settings) -> None:
    """Do all that a worker does before it answers, and that its pages do with the cards.

    Raises:
        Exception: a model or a card is invalid.
    """
    with create_app(settings).app_context():
        for engine in (current_engine(), current_stroke_engine()):
            engine.warm_up()
            said = engine.classifier.classify(np.zeros((1, SIDE, SIDE, CHANNELS), np.uint8))
            if said.digits.shape != (1, 10) or not np.isfinite(said.digits).all():
                raise ModelError(f"{engine.model.name} does not answer with ten probabilities")
        for card in cards():
            view_of(card, Path(settings.models))
