"""Bounds on bodies, and where they are kept."""

import io
import os
import socket
import sys
import time
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
from flask import Flask, Request, request

from tests import hand
from webapp import create_app
from webapp.access.bodies import LARGE_BODIES, Body, Watch
from webapp.config import Settings
from webapp.problems import ProblemError

BOUNDARY = "boundary"

_opened: list[str] | None = None


def _watch(event, details):
    """Note every file that is opened for writing, by whatever function, while asked to."""
    if _opened is not None and event == "open":
        path, _, flags = details
        if flags & (os.O_WRONLY | os.O_RDWR):
            _opened.append(str(path))


@contextmanager
def files_opened_for_writing():
    """The names of all files that the block opens for writing."""
    global _opened
    if _watch not in _installed:
        sys.addaudithook(_watch)  # there is no way to take it away again
        _installed.append(_watch)
    _opened = found = []
    try:
        yield found
    finally:
        _opened = None


_installed: list[object] = []


def large_form(name: str, data: bytes) -> bytes:
    """A form with one file, built here because werkzeug's test client uses temporary files."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n\r\n'
    )
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def send(client, path, body):
    """The response to a form."""
    return client.post(path, data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}")


def noisy_picture() -> bytes:
    """A digit in a PNG file of several megabytes."""
    rng = np.random.default_rng(1)
    picture = hand.picture(3, size=2800, pen=160).astype(np.int16)
    return hand.png((picture + rng.integers(-9, 10, picture.shape)).clip(0, 255).astype(np.uint8))


class Broken(io.BytesIO):
    """What a server raises about malformed chunks: an error of its own."""

    def read(self, size=-1):
        """Never works."""
        raise LookupError("chunks")


def body(data: bytes, announced=None, most=100) -> bytes:
    """What is read of a body."""
    return Body(io.BytesIO(data), announced, most).read()


# In memory


def test_an_upload_stays_in_memory(client):
    """Reading a picture of megabytes opens no file for writing."""
    form = large_form("image", noisy_picture())
    assert len(form) > 4_000_000
    with files_opened_for_writing() as found:
        answer = send(client, "/api/v1/predict/image", form)
        page = send(client, "/upload", form)
    assert answer.json["text"] == "3"
    assert page.status_code == 200
    assert found == []


@pytest.mark.parametrize("size", [16_000, 65_000, 66_000, 131_000, 132_000, 1_000_000])
@pytest.mark.parametrize("pattern", [b"\0", b"\n", b"\r\n--boundar"])
def test_a_file_of_any_size_and_bytes_arrives(client, pattern, size):
    """Neither the form's own bounds nor what looks like its end cuts a file off."""
    data = (pattern * size)[:size]
    assert send(client, "/api/v1/predict/image", large_form("image", data)).status_code == 415


def test_the_watch_sees_what_werkzeug_would_write():
    """Without our request class the same form goes to disk, and the test above would fail."""
    app = Flask(__name__)
    app.request_class = Request
    app.add_url_rule("/", "read", lambda: str(len(request.files)), methods=["POST"])
    with (
        files_opened_for_writing() as found,
        send(app.test_client(), "/", large_form("image", bytes(1_000_000))) as response,
    ):
        assert response.text == "1"
    assert found


# Bodies


@pytest.mark.parametrize("announced", [None, 5])
def test_a_whole_body_is_read(announced):
    """With a length or in chunks."""
    assert body(b"12345", announced) == b"12345"


def test_a_body_may_be_as_long_as_the_bound():
    """The bound itself is allowed, in chunks too."""
    assert body(b"12345", None, 5) == b"12345"


def test_a_body_ends_at_its_length():
    """What follows on the connection belongs to the next request."""
    assert body(b"12345GET /", 5) == b"12345"


def test_an_empty_body_is_read():
    """Nothing is there, and nothing was announced."""
    assert body(b"", None) == body(b"", 0) == b""


def test_a_body_is_read_piece_by_piece():
    """A form parser asks for parts."""
    stream = Body(io.BytesIO(b"12345"), 5, 100)
    assert [stream.read(2), stream.read(2), stream.read(2), stream.read(2)] == [
        b"12",
        b"34",
        b"5",
        b"",
    ]


@pytest.mark.parametrize(
    ("source", "announced", "status"),
    [
        (io.BytesIO(b"123456"), None, 413),
        (io.BytesIO(b"1234"), 5, 400),
        (io.BytesIO(b""), 5, 400),
        (Broken(), None, 400),
        (Broken(), 5, 400),
    ],
)
def test_it_rejects_bodies_that_are_not_whole(source, announced, status):
    """One too long is not cut off, and one cut short is not taken for a whole one."""
    with pytest.raises(ProblemError) as problem:
        Body(source, announced, 5).read()
    assert problem.value.status == status


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/predict/strokes", "application/json"),
        ("/api/v1/predict/image", "image/png"),
        ("/api/v1/predict/image", f"multipart/form-data; boundary={BOUNDARY}"),
        ("/upload", f"multipart/form-data; boundary={BOUNDARY}"),
    ],
)
def test_it_rejects_a_body_shorter_than_announced(client, path, kind):
    """Half a picture is not read as if it were one."""
    whole = large_form("image", hand.png(hand.picture(3))) if "form" in kind else b'{"strokes":[]}'
    response = client.post(
        path,
        data=whole,
        content_type=kind,
        environ_overrides={"CONTENT_LENGTH": str(len(whole) + 1), "wsgi.input_terminated": True},
    )
    assert response.status_code == 400
    assert "Content-Length" in response.text


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize(
    ("path", "kind", "over"),
    [
        ("/api/v1/predict/strokes", "application/json", 1024),
        ("/api/v1/predict/image", "image/png", 2048),
        ("/api/v1/predict/image", f"multipart/form-data; boundary={BOUNDARY}", 2048 + 64 * 1024),
    ],
)
def test_it_rejects_bodies_over_the_bound(path, kind, over, chunked):
    """413 with the bound, however the body comes."""
    client = create_app(Settings(max_json_bytes=1024, max_image_bytes=2048)).test_client()
    data = large_form("image", bytes(over)) if "form" in kind else b" " * (over + 1)
    response = client.post(
        path,
        input_stream=io.BytesIO(data),
        headers={"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": len(data)},
        content_type=kind,
        environ_overrides={"wsgi.input_terminated": True},  # as gunicorn says
    )
    assert response.status_code == 413
    assert str(over) in response.json["detail"]


# Large bodies and slow ones


def test_few_large_bodies_are_taken_at_once():
    """Each is held in memory; more are told to come back, and small ones are not kept out."""
    app = create_app(Settings())
    client = app.test_client()
    _, gate = app.extensions["bodies"]
    large = large_form("image", noisy_picture())
    with ExitStack() as held:
        for _ in range(LARGE_BODIES):
            held.enter_context(gate.queued())
        refused = send(client, "/api/v1/predict/image", large)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "1"
        small = large_form("image", hand.png(hand.picture(3)))
        assert send(client, "/api/v1/predict/image", small).status_code == 200
    for _ in range(LARGE_BODIES + 1):  # places are given back
        assert send(client, "/api/v1/predict/image", large).status_code == 200


def test_one_client_does_not_take_all_places_of_large_bodies():
    """It has half of them, so that another's photo is taken meanwhile."""
    app = create_app(Settings(rate_limit=""))
    _, gate = app.extensions["bodies"]
    large = noisy_picture()

    def status(address):
        return (
            app.test_client()
            .post(
                "/api/v1/predict/image",
                data=large,
                content_type="image/png",
                environ_overrides={"REMOTE_ADDR": address},
            )
            .status_code
        )

    with ExitStack() as held:
        for _ in range(LARGE_BODIES // 2):
            held.enter_context(gate.queued("192.0.2.1"))
        assert status("192.0.2.1") == 503
        assert status("192.0.2.2") == 200
    assert status("192.0.2.1") == 200


def test_a_late_body_is_cut_short():
    """The watch shuts the reading side only: an answer can still be sent."""
    watch = Watch(0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch.add(ours)
        assert ours.recv(1) == b""
        ours.sendall(b"408")
        assert theirs.recv(3) == b"408"


def test_a_body_in_time_is_left_alone():
    """What has arrived is no longer watched."""
    watch = Watch(0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch.add(ours)
        watch.remove(ours)
        time.sleep(0.4)
        theirs.sendall(b"more")
        assert ours.recv(4) == b"more"


def test_the_watch_outlives_clients_that_go():
    """A connection that is closed already is no reason to stop watching others."""
    watch = Watch(0.1)
    gone, other = socket.socketpair()
    watch.add(gone)
    gone.close()
    other.close()
    time.sleep(0.4)
    test_a_late_body_is_cut_short()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch.add(ours)
        assert ours.recv(1) == b""


def test_the_watch_cuts_what_took_longest_first():
    """Where threads are needed; what has not taken that long yet is left alone."""
    watch = Watch(60)
    pairs = [socket.socketpair() for _ in range(3)]
    with ExitStack() as stack:
        for ours, theirs in pairs:
            stack.enter_context(ours)
            stack.enter_context(theirs)
            watch.add(ours)
        watch.relieve(60, most=3)
        assert not any(watch.was_cut(ours) for ours, _ in pairs)
        watch.relieve(0, most=2)
        assert [watch.was_cut(ours) for ours, _ in pairs] == [True, True, False]
        assert pairs[0][0].recv(1) == b""


def test_an_answer_that_nobody_takes_is_cut_short():
    """Whoever sends it is told, and has its thread back."""
    watch = Watch(0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch.add(ours, sending=True)
        with pytest.raises(BrokenPipeError):
            ours.sendall(bytes(10_000_000))


@pytest.mark.parametrize("source", [io.BytesIO(b"1234"), Broken()])
def test_what_the_watch_cut_short_was_too_slow(source):
    """408, not 400."""
    with pytest.raises(ProblemError) as problem:
        Body(source, 5, 5, is_late=lambda: True).read()
    assert problem.value.status == 408


@pytest.mark.parametrize("announced", [5, None])
def test_a_whole_body_is_watched_no_longer(announced):
    """What takes long from then on is the reading, which must not end the connection."""
    told = []
    Body(io.BytesIO(b"12345"), announced, 5, arrived=lambda: told.append(True)).read()
    assert told
    told.clear()
    with pytest.raises(ProblemError):
        Body(io.BytesIO(b"1234"), 5, 5, arrived=lambda: told.append(True)).read()
    assert not told
