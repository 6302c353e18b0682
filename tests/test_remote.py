"""The client of a server: the same readings as in this process, or a clear error."""

import contextlib
import http.server
import json
import threading

import msgspec
import numpy as np
import pytest

from support import hand
from support.server import free_port, running_server
from tests.fake import reading_of
from train.errors import TrainError
from train.measure.remote import RemoteRecognizer
from webapp.api.answers import ModelAnswer, SurfaceAnswer, answer_of
from webapp.config import ROOT
from webapp.recognition import (
    Calibration,
    Confidence,
    LanguageModel,
    Limits,
    LiteRTClassifier,
    LiteRTEyes,
    LiteRTLineReader,
    Recognizer,
    load_model,
)

LIMITS = Limits(pixels=1_000_000, side=2_000)
PEN, PICTURES, LINES, EYES = (
    load_model(ROOT / "models", name) for name in ("pen", "ink", "line", "eyes")
)


@pytest.fixture(scope="module")
def url():
    """The site as shipped: `pen` reads strokes, `ink` pictures."""
    with running_server() as address:
        yield address


def here(model):
    """Return the recogniser of this process."""
    return Recognizer(
        LiteRTClassifier(model.content),
        line_reader=LiteRTLineReader(LINES.content),
        language_model=LanguageModel.of_card(LINES.card),
        eyes=LiteRTEyes(EYES.content),
        calibration=Calibration.of_card(model.card),
        confidence=Confidence.of_card(LINES.card),
        picture_confidence=Confidence.of_card(LINES.card, pictures=True),
    )


def same(local, remote):
    """Check that two readings agree in everything that an answer shows."""
    for one, other in zip(local.digits, remote.digits, strict=True):
        assert np.array_equal(one.glyph[..., 0], other.glyph[..., 0])
        assert vars(one) | {"glyph": 0} == vars(other) | {"glyph": 0}
    unseen = dict.fromkeys(("digits", "timing", "evidence", "line_confidences", "line_statuses"), 0)
    return vars(local) | unseen == vars(remote) | unseen


@pytest.mark.parametrize("digit", range(10))
def test_strokes_are_read_as_here(url, digit):
    """A server's probabilities of strokes are identical to the local ones."""
    strokes = [stroke / 3 for stroke in hand.strokes(digit)]
    with contextlib.closing(RemoteRecognizer(url, PEN)) as remote:
        reading = remote.read_strokes(strokes, expect="digit")
    assert reading.digits[0].glyph[..., 0].any()
    assert same(here(PEN).read_strokes(strokes, expect="digit"), reading)


@pytest.mark.parametrize("digit", range(10))
def test_pictures_are_read_as_here(url, digit):
    """Pictures are read as in this process, also if the URL ends in a slash."""
    data = hand.png(hand.picture(digit))
    with contextlib.closing(RemoteRecognizer(f"{url}/", PICTURES)) as remote:
        reading = remote.read_image(data, LIMITS, expect="digit")
    assert reading.digits[0].glyph[..., 0].any()
    assert same(here(PICTURES).read_image(data, LIMITS, expect="digit"), reading)


def test_numbers_are_read_as_here(url):
    """Numbers in strokes and in a picture are read as in this process, with all their symbols."""
    strokes = hand.number("407", "1987")
    with contextlib.closing(RemoteRecognizer(url, PEN)) as remote:
        assert same(here(PEN).read_strokes(strokes), remote.read_strokes(strokes))
    picture = hand.png(hand.picture(4))
    with contextlib.closing(RemoteRecognizer(url, PICTURES)) as remote:
        assert same(here(PICTURES).read_image(picture, LIMITS), remote.read_image(picture, LIMITS))


def test_what_is_empty_is_empty_there_too(url):
    """Empty drawings and pictures are empty on the server too."""
    blank = hand.png(np.full((40, 40), 255, np.uint8))
    with contextlib.closing(RemoteRecognizer(url, PICTURES)) as remote:
        reading = remote.read_image(blank, LIMITS)
    assert (reading.status, reading.digits, reading.surface) == ("empty", (), (40, 40))


def test_another_model_is_found_out(url):
    """A server with another model is an error."""
    expected = pytest.raises(TrainError, match=f"reads with pen {PEN.version}, but ink")
    with contextlib.closing(RemoteRecognizer(url, PICTURES)) as remote, expected:
        remote.read_strokes(hand.strokes(1))


def test_a_refusal_is_passed_on(url):
    """A refusal is an error with the status and the problem's detail."""
    expected = pytest.raises(TrainError, match=r"predict/strokes answered 422: .*1000000")
    with contextlib.closing(RemoteRecognizer(url, PEN)) as remote, expected:
        remote.read_strokes([np.array([[2e6, 0.0]])])


@contextlib.contextmanager
def answering(status, content, keep=True):
    """Run a server that answers every POST equally. Yield its URL and its connections."""
    connections = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            connections.append(self.client_address)
            super().setup()

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = not keep  # without announcing it

        def log_message(self, *_):
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", connections
        finally:
            server.shutdown()
            thread.join()


def answer():
    """The answer of `pen` to no ink."""
    known = {"status": "empty", "lines": [], "confidence": 1, "digits": [], "alternatives": []}
    known |= {"signs": [], "ignored": []}
    served = {"name": PEN.name, "version": PEN.version}
    return json.dumps(known | {"surface": None, "model": served}).encode()


@pytest.mark.parametrize("drawn", [True, False])
def test_signs_and_their_places_come_back(drawn):
    """An answer with signs becomes the reading it was made from."""
    told = reading_of("-1.5", "20%", drawn=drawn)
    served = ModelAnswer(PEN.name, PEN.version)
    surface = None if drawn else SurfaceAnswer(*told.surface)
    about = {
        "surface": surface,
        "model": served,
        "total_ms": 1.0,
        "request_id": "x",
        "glyphs": True,
    }
    content = msgspec.json.encode(answer_of(told, **about))
    with (
        answering(200, content) as (url, _),
        contextlib.closing(RemoteRecognizer(url, PEN)) as remote,
    ):
        reading = remote.read_strokes([])
    assert reading.signs == told.signs
    assert [digit.index for digit in reading.digits] == [1, 3, 0, 1]
    assert same(told, reading)


@pytest.mark.parametrize(("keep", "expected"), [(True, 1), (False, 3)])
def test_a_connection_is_kept(keep, expected):
    """Readings share one connection, and a closed one is replaced."""
    with answering(200, answer(), keep) as (url, connections):
        with contextlib.closing(RemoteRecognizer(url, PEN)) as remote:
            for _ in range(3):
                assert remote.read_strokes([]).status == "empty"
        assert len(connections) == expected


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (503, b'{"detail": "Full."}', "answered 503: Full."),
        (502, b"<h1>Bad\n gateway</h1>", "answered 502: <h1>Bad gateway</h1>"),
        (200, b"hello", "did not answer as Inkling does"),
        (200, b"[]", "did not answer as Inkling does"),
        (200, b'{"model": {"name": "pen"}}', "did not answer as Inkling does"),
        (200, answer().replace(b"lines", b"words"), "did not answer as Inkling does"),
    ],
)
def test_it_rejects_other_answers(status, content, message):
    """Answers of proxies, other programs and other versions are errors."""
    with (
        answering(status, content) as (url, _),
        contextlib.closing(RemoteRecognizer(url, PEN)) as remote,
        pytest.raises(TrainError, match=message),
    ):
        remote.read_strokes(hand.strokes(1))


def test_it_rejects_a_server_that_is_not_there():
    """The error names the address of the server."""
    address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(TrainError, match=f"{address} cannot be reached: Connection refused"):
        RemoteRecognizer(address, PEN).read_strokes(hand.strokes(1))


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://here", "http://", "http://a:b"])
def test_it_rejects_what_is_no_url(url):
    """An invalid URL is an error before anything is read."""
    with pytest.raises(TrainError, match="URL of a server is like"):
        RemoteRecognizer(url, PEN)
