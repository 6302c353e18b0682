"""Is the process alive; can it read?"""

from flask import Flask, Response, current_app, jsonify

from .engine import current_engine, current_stroke_engine


def init_app(app: Flask) -> None:
    """Add /healthz and /readyz."""
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)


def healthz() -> Response:
    """200 while the process lives."""
    return jsonify(status="alive")


def readyz() -> Response | tuple[Response, int]:
    """200 once the model has answered a warm-up, else 503."""
    engine = current_engine()
    try:
        # Once is enough, and asking again must not wait for, nor add to, what is read.
        if "ready" not in current_app.extensions:
            engine.warm_up()
            current_stroke_engine().warm_up()
            current_app.extensions["ready"] = True
    except Exception:  # whatever it is, the answer is the same: this process cannot read
        current_app.logger.exception("the model does not answer")
        return jsonify(status="the model does not answer"), 503
    return jsonify(status="ready", model=engine.model.version)
