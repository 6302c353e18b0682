"""Health checks: whether the process lives, and whether it can read."""

import threading

from flask import Flask, Response, current_app, jsonify

from ..engine import current_engine, current_stroke_engine


def init_app(app: Flask) -> None:
    """Add /healthz and /readyz."""
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)


def healthz() -> Response:
    """Return 200 while the process lives."""
    return jsonify(status="alive")


def readyz() -> Response | tuple[Response, int]:
    """Return 200 once the models have answered a warm-up, else 503."""
    if not is_ready():
        return jsonify(status="the model does not answer"), 503
    return jsonify(status="ready", model=current_engine().model.version)


def warm_up(app: object) -> None:
    """Warm up the models of a site. Other applications have none."""
    if isinstance(app, Flask):
        with app.app_context():
            is_ready()


_warming = threading.Lock()


def is_ready() -> bool:
    """Return whether the models of the current app work.

    They are tried until they succeed once. Later checks then neither wait for nor delay requests.
    """
    with _warming:
        if "ready" not in current_app.extensions:
            try:
                current_engine().warm_up()
                current_stroke_engine().warm_up()
            except Exception:  # any error means that this process cannot read
                current_app.logger.exception("the model does not answer")
                return False
            current_app.extensions["ready"] = True
    return True
