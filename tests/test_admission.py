"""Estimated cost of a request, and admission by it at the gate."""

import socket
import sys
import time

import numpy as np
import pytest

from support import hand
from webapp import create_app
from webapp.access.admission import INTERIM, Presence, cost_of_drawings, cost_of_picture
from webapp.config import Settings
from webapp.recognition import Budget, BudgetError


def picture(side: int) -> bytes:
    """A white PNG."""
    return hand.png(np.full((side, side), 255, np.uint8))


@pytest.fixture(scope="module")
def pictures():
    """The gate of pictures of a site whose machine has room for two in each worker."""
    return create_app(Settings()).extensions["engine"].gate


def test_a_number_is_light_and_a_page_of_scribbles_is_heavy():
    """A number is light, and the cost of a batch grows with the strokes of all its drawings."""
    number = hand.number("123456")
    assert not cost_of_drawings([number]).is_heavy
    assert cost_of_drawings([number] * 10).is_heavy
    assert cost_of_drawings([number * 10]).seconds == pytest.approx(
        10 * cost_of_drawings([number]).seconds
    )


def test_a_large_picture_costs_more_than_a_small_one():
    """The header of a picture determines its cost."""
    small, large = cost_of_picture(picture(300)), cost_of_picture(picture(2000))
    assert small.seconds < large.seconds
    assert (small.is_heavy, small.is_large) == (False, False)
    assert (large.is_heavy, large.is_large) == (True, True)


def test_two_pictures_are_read_at_once_and_one_large_one(pictures):
    """A small picture is read beside a large one, while a second large one waits."""

    def heavy(side: int) -> bool:
        return cost_of_picture(picture(side)).is_heavy

    def queued(side: int):
        return pictures.queued(heavy=heavy(side))

    budget = Budget(time_left=0.2)
    with queued(2000) as first, pictures.turn(first, budget):
        with queued(300) as small, pictures.turn(small, budget):
            pass
        with queued(2000) as second, pytest.raises(BudgetError), pictures.turn(second, budget):
            raise AssertionError("two large pictures at once")
    with (
        queued(300) as one,
        queued(300) as other,
        pictures.turn(one, Budget()),
        pictures.turn(other, Budget()),
    ):
        pass


@pytest.fixture
def connection():
    """A client's socket, and the server's view of its presence."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=10)
        ours, _ = listener.accept()
        with client, ours:
            yield client, Presence(ours, may_probe=True)


def gone_in_the_end(presence) -> bool:
    """Return whether the client is gone within 10 s."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if presence.is_gone():
            return True
        time.sleep(0.01)
    return False


def test_a_client_that_waits_is_there(connection):
    """A waiting client is present, even if it has already sent its next request."""
    client, presence = connection
    assert not presence.is_gone()
    client.sendall(b"GET / HTTP/1.1")
    assert not presence.is_gone()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_a_client_that_has_closed_its_connection_is_gone(connection):
    """The server notices that a client has closed its connection."""
    client, presence = connection
    client.close()
    assert gone_in_the_end(presence)


def test_a_client_that_sends_no_more_is_there(connection):
    """A client that has shut down its sending side is present and gets one interim response."""
    client, presence = connection
    client.shutdown(socket.SHUT_WR)
    for _ in range(50):
        assert not presence.is_gone()
        time.sleep(0.002)
    if sys.platform == "linux":
        assert client.recv(100) == INTERIM


def test_a_client_of_http_1_0_gets_no_interim_response(connection):
    """A client of HTTP/1.0, which has no interim responses, gets none."""
    client, presence = connection
    presence._may_probe = False
    client.shutdown(socket.SHUT_WR)
    assert not presence.is_gone()
    client.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.recv(1)
