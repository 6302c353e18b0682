"""Is the process alive; can it read?"""

import threading

from flask import Flask, Response, current_app, jsonify

from ..engine import current_engine, current_stroke_engine


def init_app(app: Flask) -> None:
    """Add /healthz and /readyz."""
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)


def healthz() -> Response:
    """200 while the process lives."""
    return jsonify(status="alive")


def readyz() -> Response | tuple[Response, int]:
    """200 once the model has answered a warm-up, else 503."""
    if not is_ready():
        return jsonify(status="the model does not answer"), 503
    return jsonify(status="ready", model=current_engine().model.version)


def warm_up(app: object) -> None:
    """Let the models of a site answer; what is no Flask app has none."""
    if isinstance(app, Flask):
        with app.app_context():
            is_ready()


_warming = threading.Lock()


def is_ready() -> bool:
    """Whether the models of the current app answer; looked at until they have.

    Once is enough, and asking again must neither wait for, nor add to, what is read.
    """
    with _warming:
        if "ready" not in current_app.extensions:
            try:
                current_engine().warm_up()
                current_stroke_engine().warm_up()
            except Exception:  # whatever it is, the answer is the same: this process cannot read
                current_app.logger.exception("the model does not answer")
                return False
            current_app.extensions["ready"] = True
    return True
