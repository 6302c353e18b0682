"""Client of a server over HTTP, with the methods of a `Recognizer`.

A server's answer to a sample must equal that of the recogniser in this process.
"""

import base64
import http.client
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import cv2
import numpy as np

from webapp.recognition import (
    CHANNELS,
    SIDE,
    Alternative,
    Box,
    Digit,
    Expect,
    Glyph,
    Limits,
    Model,
    Reading,
    Sign,
    Stroke,
)

from ..errors import TrainError

TIMEOUT = 60
"""Timeout of an answer, in seconds."""

SHOWN_LENGTH = 200
"""Characters of an answer that an error message quotes if it is not a problem document."""


class RemoteRecognizer:
    """Reads by requests to a server, one after the other on one connection.

    Every answer has to come from the measured model. The glyphs of the readings have only the ink,
    because answers show no more.
    """

    def __init__(self, url: str, model: Model) -> None:
        """Prepare the connection, without a request.

        Raises:
            TrainError: the URL is invalid.
        """
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        try:
            parts = urlsplit(url)
            if not parts.hostname:
                raise ValueError("there is no host")
            self._connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=TIMEOUT)
        except (KeyError, ValueError, http.client.InvalidURL) as error:
            raise TrainError(
                f"the URL of a server is like http://127.0.0.1:8000, got {url!r}"
            ) from error
        self._url = url.rstrip("/")
        self._prefix = f"{parts.path.rstrip('/')}/api/v1/predict"
        self._model = model

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def read_strokes(
        self, strokes: Sequence[Stroke], alternatives: int = 3, expect: Expect = "number"
    ) -> Reading:
        """See `Recognizer.read_strokes`.

        Raises:
            TrainError: the server cannot be reached, refuses, or reads with another model.
        """
        drawn = [{"x": stroke[:, 0].tolist(), "y": stroke[:, 1].tolist()} for stroke in strokes]
        asked = {
            "strokes": drawn,
            "expect": expect,
            "glyphs": True,
            "alternatives": alternatives,
        }
        return self._ask("strokes", json.dumps(asked).encode(), "application/json")

    def read_image(
        self, data: bytes, limits: Limits, alternatives: int = 3, expect: Expect = "number"
    ) -> Reading:
        """See `Recognizer.read_image`. Takes PNG or JPEG; the server has its own limits.

        Raises:
            TrainError: see `read_strokes`.
        """
        options = {"expect": expect, "glyphs": "true", "alternatives": alternatives}
        kind = "image/jpeg" if data.startswith(b"\xff\xd8") else "image/png"
        return self._ask(f"image?{urlencode(options)}", data, kind)

    def _ask(self, route: str, body: bytes, content_type: str) -> Reading:
        address = f"{self._url}/api/v1/predict/{route.partition('?')[0]}"
        status, content = self._post(f"{self._prefix}/{route}", body, content_type)
        if status != 200:
            raise TrainError(f"{address} answered {status}: {_detail(content)}")
        try:
            answer = json.loads(content)
            name, version = answer["model"]["name"], answer["model"]["version"]
            if (name, version) != (self._model.name, self._model.version):
                raise TrainError(
                    f"{address} reads with {name} {version}, "
                    f"but {self._model.name} {self._model.version} is to be measured"
                )
            return _reading(answer)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise TrainError(f"{address} did not answer as Inkling does: {error!r}") from error

    def _post(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        # The server may have closed a kept connection in the meantime.
        kept = self._connection.sock is not None
        try:
            self._connection.request("POST", path, body, {"Content-Type": content_type})
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            if kept:
                return self._post(path, body, content_type)
            reason = getattr(error, "strerror", None) or repr(error)
            raise TrainError(f"the server at {self._url} cannot be reached: {reason}") from error


def _reading(answer: dict[str, Any]) -> Reading:
    surface = answer["surface"]
    return Reading(
        status=answer["status"],
        lines=tuple(answer["lines"]),
        confidence=answer["confidence"],
        digits=tuple(_digit(digit) for digit in answer["digits"]),
        alternatives=tuple(Alternative(**other) for other in answer["alternatives"]),
        signs=tuple(_sign(sign) for sign in answer["signs"]),
        ignored=tuple(Box(**box) for box in answer["ignored"]),
        surface=(surface["width"], surface["height"]) if surface else None,
    )


def _digit(digit: dict[str, Any]) -> Digit:
    return Digit(
        digit["digit"],
        digit["line"],
        digit["confidence"],
        tuple(digit["probabilities"]),
        digit["is_digit"],
        Box(**digit["box"]),
        _strokes(digit),
        _glyph(digit["glyph"]),
        digit["index"],
    )


def _sign(sign: dict[str, Any]) -> Sign:
    return Sign(
        sign["sign"],
        sign["line"],
        sign["index"],
        sign["confidence"],
        Box(**sign["box"]),
        _strokes(sign),
    )


def _strokes(symbol: dict[str, Any]) -> tuple[int, ...] | None:
    """Return the indices of a symbol's strokes. None for a picture."""
    strokes = symbol.get("strokes")
    return None if strokes is None else tuple(strokes)


def _glyph(uri: str) -> Glyph:
    """Decode the ink of a glyph from its data: URI.

    Raises:
        ValueError: it is not a picture of that size.
    """
    content = base64.b64decode(uri.partition(",")[2], validate=True)
    ink = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) if content else None
    if ink is None or ink.shape != (SIDE, SIDE):
        raise ValueError(f"a glyph is a picture of {SIDE} x {SIDE} pixels, got {uri[:40]!r}")
    glyph = np.zeros((SIDE, SIDE, CHANNELS), np.uint8)
    glyph[..., 0] = ink
    return glyph


def _detail(content: bytes) -> str:
    """Return the detail of a problem document, or the beginning of any other answer."""
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return " ".join(content.decode("utf-8", "replace").split())[:SHOWN_LENGTH]
