"""The site and, beside it under the same gunicorn, the least that Flask can do: parse and return.

Served as `bench.baseline:app`.
"""

from flask import Flask, Response, jsonify, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from webapp import create_app

bare = Flask("bare")


@bare.post("/echo")
def echo() -> Response:
    """A JSON body in, the same JSON out."""
    return jsonify(request.get_json())


app = DispatcherMiddleware(create_app(), {"/bare": bare})
