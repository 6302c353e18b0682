"""Examples of requests and answers, for the OpenAPI document."""

from typing import Any

EXAMPLE: dict[str, Any] = {
    "strokes": [{"x": [80, 200, 130], "y": [60, 60, 240]}],
    "width": 280,
    "height": 280,
}
"""Strokes of a seven."""

SIGNED = {
    "strokes": [{"x": [20, 62], "y": [150, 150]}, *EXAMPLE["strokes"]],
    "width": 280,
    "height": 280,
}
"""Strokes of a minus and a seven."""

SIGNED_ANSWER = {
    "text": "-7",
    "lines": ["-7"],
    "status": "ok",
    "confidence": 0.96,
    "digits": [
        {
            "digit": 7,
            "line": 0,
            "index": 1,
            "confidence": 0.982,
            "probabilities": [0.002] * 7 + [0.982] + [0.002] * 2,
            "is_digit": 0.998,
            "box": {"x": 80, "y": 60, "width": 120, "height": 180},
            "strokes": [1],
        }
    ],
    "signs": [
        {
            "sign": "-",
            "line": 0,
            "index": 0,
            "confidence": 0.98,
            "box": {"x": 20, "y": 150, "width": 42, "height": 0},
            "strokes": [0],
        }
    ],
    "ignored": [],
    "alternatives": [{"text": "17", "confidence": 0.01}],
    "surface": {"width": 280, "height": 280},
    "model": {"name": "pen", "version": "0123456789ab"},
    "timing_ms": {"total": 1.2, "ink": 0.2, "segment": 0.1, "classify": 0.4},
    "request_id": "0123456789abcdef",
}
