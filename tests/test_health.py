"""Is the process alive; can it read?"""

import dataclasses

import pytest

from webapp import create_app
from webapp.config import Settings


@pytest.fixture(params=["engine", "stroke_engine"])
def mute(request):
    """A visitor of a site one of whose models does not answer."""
    app = create_app(Settings())

    class Broken:
        def classify(self, glyphs):
            raise RuntimeError("a secret of the interpreter")

    engine = app.extensions[request.param]
    app.extensions[request.param] = dataclasses.replace(engine, classifier=Broken())
    return app.test_client()


def test_it_is_alive(client):
    """200 while the process answers at all."""
    response = client.get("/healthz")
    assert (response.status_code, response.json) == (200, {"status": "alive"})


def test_it_is_ready(client, engine):
    """200 once the model has answered, with its version."""
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json == {"status": "ready", "model": engine.model.version}


def test_it_is_not_ready_when_the_model_does_not_answer(mute, caplog):
    """503 that tells the visitor nothing and the operator everything; the process still lives."""
    response = mute.get("/readyz")
    assert response.status_code == 503
    assert "secret" not in response.text
    assert "a secret of the interpreter" in caplog.text
    assert mute.get("/healthz").status_code == 200
