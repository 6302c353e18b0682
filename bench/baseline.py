"""Baseline: the site beside a minimal Flask route under the same gunicorn, `bench.baseline:app`.

The route parses JSON and returns it.
"""

from flask import Flask, Response, jsonify, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from webapp import create_app

bare = Flask("bare")


@bare.post("/echo")
def echo() -> Response:
    """Return the JSON of the body."""
    return jsonify(request.get_json())


app = DispatcherMiddleware(create_app(), {"/bare": bare})
