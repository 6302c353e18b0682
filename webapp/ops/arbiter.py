"""Reloads that cannot stop the site: an extension of gunicorn's first process, its arbiter."""

import os
from typing import Any

from .. import models


class RefusedError(Exception):
    """The new configuration or the new models are invalid."""


def guard_reloads(arbiter: Any) -> None:
    """Let SIGHUP check what it would load first, and change nothing unless all of it fits.

    gunicorn's own reload ends the process where a setting does not fit, and the site with it.

    Args:
        arbiter: a `gunicorn.arbiter.Arbiter`, before it handles its first signal.
    """
    load, reload = arbiter.app.reload, arbiter.reload

    def checked_load() -> None:
        config, prepared = arbiter.app.cfg, models.prepared()
        try:
            load()
            _check(arbiter.app.cfg, config)
        except (Exception, SystemExit) as error:
            arbiter.app.cfg = config
            os.environ.update(config.env)  # which gunicorn took back for the new configuration
            models.restore(prepared)
            raise RefusedError(_reason(error)) from error

    def checked_reload() -> None:
        try:
            reload()
        except RefusedError as error:
            arbiter.log.error("the reload is refused, everything stays as it was: %s", error)

    arbiter.app.reload, arbiter.reload = checked_load, checked_reload


def _check(new: Any, old: Any) -> None:
    """Check what gunicorn itself would only find out on the way.

    Raises:
        ValueError: the address is another one, which only a restart can change, or there is no such
            class of workers.
    """
    if new.address != old.address:
        raise ValueError(f"the address would change from {old.address} to {new.address}")
    if not isinstance(new.worker_class, type):
        raise ValueError(f"there is no class of workers {new.worker_class!r}")


def _reason(error: BaseException) -> str:
    """One line: what gunicorn.conf.py ended with, or what went wrong."""
    if isinstance(error, SystemExit):
        if isinstance(error.code, str):
            return error.code.removeprefix("error: ")
        return "the configuration cannot be read (it is said above why)"
    return str(error)
