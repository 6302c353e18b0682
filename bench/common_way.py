"""The common way to serve the same network: Flask and `model.predict` (`bench.common_way:app`).

Strokes, glyphs and weights are the same. The network's runtime differs, and nothing is validated,
calibrated or bounded.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from flask import Flask, Response, jsonify, request

from webapp.config import ROOT
from webapp.recognition import glyph_of_strokes, network_input

app = Flask("common_way")
model = keras.saving.load_model(ROOT / "models" / "pen.keras")
channels = model.input_shape[-1]
model.predict(np.zeros((1, 28, 28, channels), "float32"), verbose=0)


@app.post("/api/v1/predict/strokes")
def predict() -> Response:
    """Read one digit."""
    strokes = [np.column_stack([s["x"], s["y"]]) for s in request.get_json()["strokes"]]
    glyph = glyph_of_strokes(strokes)[np.newaxis]
    outputs = model.predict(network_input(glyph, channels), verbose=0)
    digits = outputs["digit"] if isinstance(outputs, dict) else outputs
    probabilities = np.asarray(digits)[0].tolist()
    return jsonify(digit=int(np.argmax(probabilities)), probabilities=probabilities)


@app.get("/readyz")
def ready() -> Response:
    """Return 200. The network has run once on import."""
    return jsonify(status="ready")
