"""Models that the first process reads and passes to its workers."""

import os
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from support.server import ROOT
from webapp import create_app, models
from webapp.config import ConfigError, Settings
from webapp.ops import metrics, preload
from webapp.recognition import ModelError
from webapp.recognition.network import classifier, line_reader

# This process may have threads, so the models are not tried in it.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture(autouse=True)
def nothing_prepared():
    """Isolate the prepared models of each test."""
    before = models.prepared()
    models.restore({})
    yield
    models.restore(before)


@pytest.fixture
def settings(tmp_path):
    """Settings with a folder of models."""
    for path in (ROOT / "models").glob("*"):
        if path.suffix in (".json", ".tflite"):
            shutil.copy(path, tmp_path)
    return Settings(models=str(tmp_path))


def test_a_site_needs_no_files_of_models_that_were_prepared(settings):
    """A site needs no model files if the models were prepared, not even cards."""
    preload.prepare(settings)
    for path in Path(settings.models).iterdir():
        path.unlink()
    client = create_app(settings).test_client()
    assert client.get("/readyz").status_code == 200
    assert client.get("/api/v1/model").json["lines"]["name"] == "line"
    assert client.get("/model").status_code == 200


def test_a_site_reads_models_that_were_not_prepared(settings):
    """A site reads models from their files if others, or none, were prepared."""
    create_app(settings)
    preload.prepare(Settings(model="digits"))
    app = create_app(settings)
    assert app.extensions["engine"].model.name == "ink"
    (Path(settings.models) / "ink.tflite").unlink()
    with pytest.raises(ModelError, match="ink"):
        create_app(settings)


def test_models_that_do_not_fit_change_nothing(settings):
    """Models that do not match their cards do not replace the prepared ones."""
    preload.prepare(settings)
    before = models.prepared()
    (Path(settings.models) / "pen.tflite").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"pen\.tflite"):
        preload.prepare(settings)
    assert models.prepared() is before


def test_no_interpreter_is_made_here(settings, monkeypatch):
    """Preparing models makes no interpreter, because it would not survive the fork of a worker."""
    made = Counter()

    def count(module):
        init = module._Network.__init__

        def counting(self, *arguments):
            made["interpreters"] += 1
            init(self, *arguments)

        monkeypatch.setattr(module._Network, "__init__", counting)

    for module in (classifier, line_reader):
        count(module)
    preload.prepare(settings)
    assert not made
    create_app(settings).extensions["engine"].warm_up()
    assert made["interpreters"] > 1


def test_trying_counts_nothing(settings):
    """Trying the models does not change the metrics of running workers."""
    app = create_app(settings)
    started = app.extensions["metrics"].started
    before = list(started.samples())
    preload.prepare(settings)
    assert list(started.samples()) == before


def test_it_rejects_models_that_end_the_process(settings, monkeypatch):
    """Models that crash the process that tries them are refused."""
    monkeypatch.setattr(preload, "_check", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(ModelError, match=f"{settings.models} .* exit status -9"):
        preload.prepare(settings)


def test_it_rejects_models_that_never_answer(settings, monkeypatch):
    """Models that do not answer in time are refused."""
    monkeypatch.setattr(preload, "TRY_SECONDS", 0.2)
    monkeypatch.setattr(preload, "_check", lambda _: time.sleep(60))
    with pytest.raises(ModelError, match=r"no answer in 0\.2 s"):
        preload.prepare(settings)
    assert not models.prepared()


def test_it_rejects_a_setting_that_only_a_site_finds_out(settings, monkeypatch):
    """A setting that only the site validates is refused with the site's message."""

    def refuse(_):
        raise ConfigError("INKLING_BACKEND is 'keras'")

    monkeypatch.setattr(preload, "_check", refuse)
    with pytest.raises(ConfigError, match=r"^INKLING_BACKEND is 'keras'$"):
        preload.prepare(settings)


def test_metrics_stay_where_they_are(settings):
    """The process that tries the models has its own metrics."""
    before = metrics.memory
    preload.prepare(settings)
    assert metrics.memory is before
