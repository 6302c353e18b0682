"""The site: `create_app`."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from . import engine, error_handlers
from .access import bodies, headers, origins, rates
from .api import openapi, routes
from .config import ROOT, Settings, load_settings
from .ops import health, logs, metrics, request_ids
from .site import assets, component, compression, discovery, language, pages


class Site(Flask):
    """A Flask application with ordinary functions as views and hooks."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return `func`. Flask would check a dozen times a request whether it is a coroutine."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Make the site.

    Raises:
        ConfigError: a setting is invalid.
        ModelError: a model cannot be served.
    """
    app = Site(__name__, static_folder=None, template_folder=str(ROOT / "templates"))
    app.config["SETTINGS"] = settings or load_settings()

    # Modules registered earlier see a request earlier, and its answer later.
    logs.init_app(app)
    request_ids.init_app(app)
    bodies.init_app(app)
    error_handlers.init_app(app)
    headers.init_app(app)
    origins.init_app(app)
    rates.init_app(app)
    engine.init_app(app)
    assets.init_app(app)
    component.init_app(app)
    compression.init_app(app)
    language.init_app(app)
    health.init_app(app)
    routes.init_app(app)
    openapi.init_app(app)
    pages.init_app(app)
    discovery.init_app(app)
    metrics.init_app(app)
    return app
