"""Bounds on request bodies, and their memory."""

import io
import os
import socket
import sys
import time
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
from flask import Flask, Request, request

from support import hand
from webapp import create_app
from webapp.access.bodies import LARGE_BODIES, Body, Watch
from webapp.config import Settings
from webapp.problems import ProblemError

BOUNDARY = "boundary"

_opened: list[str] | None = None


def _watch(event, details):
    """Record every file that any function opens for writing, while enabled."""
    if _opened is not None and event == "open":
        path, _, flags = details
        if flags & (os.O_WRONLY | os.O_RDWR):
            _opened.append(str(path))


@contextmanager
def files_opened_for_writing():
    """Collect the names of all files that the block opens for writing."""
    global _opened
    if _watch not in _installed:
        sys.addaudithook(_watch)  # audit hooks cannot be removed
        _installed.append(_watch)
    _opened = found = []
    try:
        yield found
    finally:
        _opened = None


_installed: list[object] = []


def large_form(name: str, data: bytes) -> bytes:
    """Build a form with one file, because werkzeug's test client uses temporary files."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n\r\n'
    )
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def send(client, path, body):
    """Return the response to a form."""
    return client.post(path, data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}")


def noisy_picture() -> bytes:
    """Return a digit in a PNG file of several megabytes."""
    rng = np.random.default_rng(1)
    picture = hand.picture(3, size=2800, pen=160).astype(np.int16)
    return hand.png((picture + rng.integers(-9, 10, picture.shape)).clip(0, 255).astype(np.uint8))


class Broken(io.BytesIO):
    """A stream that raises a server's own error about malformed chunks."""

    def read(self, size=-1):
        """Raise the error."""
        raise LookupError("chunks")


def body(data: bytes, announced=None, most=100) -> bytes:
    """Return what is read of a body."""
    return Body(io.BytesIO(data), announced, most).read()


# In memory


def test_an_upload_stays_in_memory(client):
    """Reading a picture of several megabytes opens no file for writing."""
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
    """A form's file arrives whole at any size, even with bytes that look like the form's end."""
    data = (pattern * size)[:size]
    assert send(client, "/api/v1/predict/image", large_form("image", data)).status_code == 415


def test_the_watch_sees_what_werkzeug_would_write():
    """Without our request class the same form is written to disk, so the test above can fail."""
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
    """A body is read whole, with a length or in chunks."""
    assert body(b"12345", announced) == b"12345"


def test_a_body_may_be_as_long_as_the_bound():
    """A body as long as the bound is allowed, also in chunks."""
    assert body(b"12345", None, 5) == b"12345"


def test_a_body_ends_at_its_length():
    """Bytes after the body's length belong to the next request."""
    assert body(b"12345GET /", 5) == b"12345"


def test_an_empty_body_is_read():
    """A body of length zero is read."""
    assert body(b"", None) == body(b"", 0) == b""


def test_a_body_is_read_piece_by_piece():
    """A body can be read in parts, as form parsers do."""
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
    """A body that is too long or cut short is an error, never truncated."""
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
    """A body shorter than its announced length gets 400."""
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
    """A body over the bound gets 413, with a length or in chunks."""
    client = create_app(Settings(max_json_bytes=1024, max_image_bytes=2048)).test_client()
    data = large_form("image", bytes(over)) if "form" in kind else b" " * (over + 1)
    response = client.post(
        path,
        input_stream=io.BytesIO(data),
        headers={"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": len(data)},
        content_type=kind,
        environ_overrides={"wsgi.input_terminated": True},  # as gunicorn sets it
    )
    assert response.status_code == 413
    assert str(over) in response.json["detail"]


# Large bodies and slow ones


def test_few_large_bodies_are_taken_at_once():
    """A few large bodies are accepted at once. More get 503, and small ones are still accepted."""
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
    for _ in range(LARGE_BODIES + 1):  # places are released
        assert send(client, "/api/v1/predict/image", large).status_code == 200


def test_one_client_does_not_take_all_places_of_large_bodies():
    """One client gets at most half of the places of large bodies."""
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
    """Cutting off a late body shuts the reading side only, so that an answer can be sent."""
    watch = Watch(0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch.add(ours)
        assert ours.recv(1) == b""
        ours.sendall(b"408")
        assert theirs.recv(3) == b"408"


def test_a_body_in_time_is_left_alone():
    """A body that has arrived is not watched any more."""
    watch = Watch(2.0)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch.add(ours)
        watch.remove(ours)
        time.sleep(3)
        theirs.sendall(b"more")
        assert ours.recv(4) == b"more"


def test_the_watch_outlives_clients_that_go():
    """A closed connection does not stop the watch over others."""
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
    """If threads are needed, the slowest connections are cut off first, and recent ones stay."""
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
    """An answer that its client does not receive is cut off, and its thread is released."""
    watch = Watch(0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch.add(ours, sending=True)
        with pytest.raises(BrokenPipeError):
            ours.sendall(bytes(10_000_000))


@pytest.mark.parametrize("source", [io.BytesIO(b"1234"), Broken()])
def test_what_the_watch_cut_short_was_too_slow(source):
    """A body that was cut off for its slowness gets 408, not 400."""
    with pytest.raises(ProblemError) as problem:
        Body(source, 5, 5, is_late=lambda: True).read()
    assert problem.value.status == 408


@pytest.mark.parametrize("announced", [5, None])
def test_a_whole_body_is_watched_no_longer(announced):
    """A body that has been read is not watched, so that a long reading keeps its connection."""
    told = []
    Body(io.BytesIO(b"12345"), announced, 5, arrived=lambda: told.append(True)).read()
    assert told
    told.clear()
    with pytest.raises(ProblemError):
        Body(io.BytesIO(b"1234"), 5, 5, arrived=lambda: told.append(True)).read()
    assert not told
