"""Health checks: /healthz and /readyz."""

import dataclasses

import pytest

from webapp import create_app
from webapp.config import Settings


@pytest.fixture(params=["engine", "stroke_engine"])
def mute(request):
    """A test client of a site with a model that does not answer."""
    app = create_app(Settings())

    class Broken:
        def classify(self, glyphs):
            raise RuntimeError("a secret of the interpreter")

    engine = app.extensions[request.param]
    app.extensions[request.param] = dataclasses.replace(engine, classifier=Broken())
    return app.test_client()


def test_it_is_alive(client):
    """/healthz gives 200 while the process answers."""
    response = client.get("/healthz")
    assert (response.status_code, response.json) == (200, {"status": "alive"})


def test_it_is_ready(client, engine):
    """/readyz gives 200 with the version once the model answers."""
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json == {"status": "ready", "model": engine.model.version}


def test_it_is_not_ready_when_the_model_does_not_answer(mute, caplog):
    """/readyz gives 503 if the model does not answer, and only the log has the reason."""
    response = mute.get("/readyz")
    assert response.status_code == 503
    assert "secret" not in response.text
    assert "a secret of the interpreter" in caplog.text
    assert mute.get("/healthz").status_code == 200
