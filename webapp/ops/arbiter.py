"""Safe reloads: an extension of the arbiter, gunicorn's first process."""

import os
from typing import Any

from .. import models


class RefusedError(Exception):
    """The new configuration or the new models are invalid."""


def guard_reloads(arbiter: Any) -> None:
    """Make SIGHUP check the new configuration and models, and keep the old ones if any is invalid.

    gunicorn's own reload ends the process, and the site, if a setting is invalid.

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
            os.environ.update(config.env)  # gunicorn removed these for the new configuration
            models.restore(prepared)
            raise RefusedError(_reason(error)) from error

    def checked_reload() -> None:
        try:
            reload()
        except RefusedError as error:
            arbiter.log.error("the reload is refused, everything stays as it was: %s", error)

    arbiter.app.reload, arbiter.reload = checked_load, checked_reload


def _check(new: Any, old: Any) -> None:
    """Check settings that gunicorn does not check before it applies them.

    Raises:
        ValueError: the address changes, which needs a restart, or the worker class does not exist.
    """
    if new.address != old.address:
        raise ValueError(f"the address would change from {old.address} to {new.address}")
    if not isinstance(new.worker_class, type):
        raise ValueError(f"there is no class of workers {new.worker_class!r}")


def _reason(error: BaseException) -> str:
    """Return one line: the exit message of gunicorn_config.py, or the error."""
    if isinstance(error, SystemExit):
        if isinstance(error.code, str):
            return error.code.removeprefix("error: ")
        return "the configuration is invalid (see the lines above)"
    return str(error)
