"""Settings: read from the environment, or refused."""

from pathlib import Path

import pytest

from webapp.config import MIB, ROOT, ConfigError, Settings, load_settings

NUMBERS = {
    "MAX_JSON_BYTES": (1024, None),
    "MAX_IMAGE_BYTES": (1024, None),
    "MAX_IMAGE_PIXELS": (784, 2**30),
    "MAX_IMAGE_SIDE": (28, 2**20),
    "MAX_DECODED_BYTES": (MIB, None),
    "MEMORY_MIB": (0, None),
    "THREADS": (1, 64),
    "READINGS": (1, 16),
    "BODY_SECONDS": (1, 3600),
    "PROXIES": (0, 10),
}
"""Each whole number's least and greatest value."""

GREATEST = {name: most for name, (_, most) in NUMBERS.items() if most is not None}


def refusal(name: str, value: str) -> str:
    """What is said of a variable that does not fit."""
    with pytest.raises(ConfigError) as refused:
        load_settings({name: value})
    return str(refused.value)


def test_an_empty_environment_gives_the_defaults():
    """Nothing has to be set, and the limits are those of the interface."""
    settings = load_settings({})
    assert settings == Settings()
    assert settings.backend == "litert"
    assert Path(settings.models) == ROOT / "models"
    assert settings.model == "ink"
    assert settings.max_json_bytes == 4 * MIB
    assert settings.max_image_bytes == 12 * MIB
    assert settings.max_image_pixels == 25_000_000
    assert settings.max_image_side == 20_000
    assert settings.threads == 16
    assert settings.rate_limit == "1200/minute"
    for field in ("redis_url", "hosts", "cors_origins", "metrics_token"):
        assert getattr(settings, field) == ""
    assert (settings.proxies, settings.https) == (0, False)


def test_the_process_environment_is_read(monkeypatch):
    """Without an argument the settings are those of this process."""
    monkeypatch.setenv("INKLING_THREADS", "7")
    assert load_settings().threads == 7


def test_on_heroku_the_router_is_known():
    """`git push` reads no app.json: DYNO in the environment sets what the router needs."""
    settings = load_settings({"DYNO": "web.1"})
    assert (settings.proxies, settings.https, settings.rate_limit) == (1, True, "1200/minute")
    own = load_settings({"DYNO": "web.1", "INKLING_PROXIES": "2", "INKLING_HTTPS": "0"})
    assert (own.proxies, own.https) == (2, False)


@pytest.mark.parametrize("name", ["READING_SECONDS", "REQUEST_SECONDS"])
def test_times_may_be_fractions(name):
    """Seconds of a budget, above 0 and up to an hour."""
    assert getattr(load_settings({f"INKLING_{name}": "0.5"}), name.lower()) == 0.5
    for value in ("0", "-1", "3601", "nan", "inf", "5s"):
        assert repr(value) in refusal(f"INKLING_{name}", value)


def test_texts_are_taken_as_they_are():
    """A setting that is text needs no notation."""
    settings = load_settings({"INKLING_MODELS": "/some/folder", "INKLING_MODEL": "my-digits_2"})
    assert (settings.models, settings.model) == ("/some/folder", "my-digits_2")


def test_a_choice_is_taken():
    """Each backend can be named."""
    assert load_settings({"INKLING_BACKEND": "keras"}).backend == "keras"
    assert load_settings({"INKLING_BACKEND": "litert"}).backend == "litert"


@pytest.mark.parametrize(
    "origins", ["*", "https://a.example", "http://a.example:8,https://b.example"]
)
def test_origins_are_taken(origins):
    """One, several or all."""
    assert load_settings({"INKLING_CORS_ORIGINS": origins}).cors_origins == origins


@pytest.mark.parametrize(
    "origins", ["a.example", "https://a.example/", "https://a.example, *", ","]
)
def test_it_rejects_origins_that_are_none(origins):
    """An origin is scheme, host and port; one that no browser sends would never match."""
    assert repr(origins) in refusal("INKLING_CORS_ORIGINS", origins)


def test_redis_has_the_name_that_platforms_give_it():
    """REDIS_URL, and nothing else."""
    assert load_settings({"REDIS_URL": "redis://h:1/0"}).redis_url == "redis://h:1/0"
    assert "INKLING_REDIS_URL" in refusal("INKLING_REDIS_URL", "redis://h:1/0")


@pytest.mark.parametrize("url", ["memcached://h:1", "redis://", "h:6379", "redis://h 1"])
def test_it_rejects_a_redis_that_is_none(url):
    """The variable is named, and not what it holds: there may be a password in it."""
    said = refusal("REDIS_URL", url)
    assert "REDIS_URL is invalid (its value is hidden)" in said
    assert url not in said.partition("regex")[0]


def test_a_secret_is_not_repeated():
    """What is wrong with a token is said without showing it; nor is a short one taken."""
    said = refusal("INKLING_METRICS_TOKEN", "hunter2")
    assert "INKLING_METRICS_TOKEN" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("0", False)])
def test_a_switch_is_taken(text, value):
    """As people write it."""
    assert load_settings({"INKLING_HTTPS": text}).https is value


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_parsed(name):
    """A whole number is read from its digits, its least value included."""
    least, _ = NUMBERS[name]
    assert getattr(load_settings({f"INKLING_{name}": str(least)}), name.lower()) == least


@pytest.mark.parametrize("name", GREATEST)
def test_the_greatest_number_fits(name):
    """An upper bound is itself allowed."""
    settings = load_settings({f"INKLING_{name}": str(GREATEST[name])})
    assert getattr(settings, name.lower()) == GREATEST[name]


def test_every_number_of_the_settings_is_tested_here():
    """A new number cannot be forgotten above."""
    numbers = {name for name, kind in Settings.__annotations__.items() if kind.__origin__ is int}
    assert numbers == {name.lower() for name in NUMBERS}


def test_other_variables_are_none_of_our_business():
    """Only names that start with INKLING_ are looked at."""
    assert load_settings({"PORT": "abc", "THREADS": "x", "MY_INKLING_THREADS": "9"}) == Settings()


@pytest.mark.parametrize("name", NUMBERS)
def test_it_rejects_a_number_below_its_bound(name):
    """The message names the variable, the value and the least value."""
    least, _ = NUMBERS[name]
    said = refusal(f"INKLING_{name}", str(least - 1))
    assert f"INKLING_{name}" in said
    assert repr(str(least - 1)) in said
    assert f">= {least}" in said


@pytest.mark.parametrize("name", GREATEST)
def test_it_rejects_a_number_above_its_bound(name):
    """The message names the variable, the value and the greatest value."""
    most = GREATEST[name]
    said = refusal(f"INKLING_{name}", str(most + 1))
    assert f"INKLING_{name}" in said
    assert repr(str(most + 1)) in said
    assert f"<= {most}" in said


@pytest.mark.parametrize("value", ["", "abc", " 4", "4.5", "1_0", "0x10", "true", "null"])
def test_it_rejects_what_is_no_whole_number(value):
    """The message names the variable, the value and the type."""
    said = refusal("INKLING_THREADS", value)
    assert "INKLING_THREADS" in said
    assert repr(value) in said
    assert "int" in said


def test_it_rejects_a_backend_that_there_is_not():
    """The message names the variable, the value and the choices."""
    said = refusal("INKLING_BACKEND", "onnx")
    assert "INKLING_BACKEND" in said
    assert "'onnx'" in said
    assert "litert, keras" in said


@pytest.mark.parametrize("value", ["", "../digits", "a/b", "digits.tflite"])
def test_it_rejects_a_model_name_that_is_a_path(value):
    """A model is named within the models folder; nothing leads out of it."""
    said = refusal("INKLING_MODEL", value)
    assert "INKLING_MODEL" in said
    assert repr(value) in said


def test_it_rejects_an_empty_models_folder():
    """An empty text is no folder."""
    said = refusal("INKLING_MODELS", "")
    assert "INKLING_MODELS" in said
    assert "length >= 1" in said


@pytest.mark.parametrize("name", ["INKLING_MAX_JSON_BYTE", "INKLING_threads", "INKLING_"])
def test_it_rejects_a_variable_that_names_no_setting(name):
    """A misspelt limit does not pass for one that is set."""
    assert name in refusal(name, "5000").split(": ")[1]


def test_it_rejects_every_unknown_variable_at_once():
    """The message names all of them, so that one start shows all."""
    with pytest.raises(ConfigError, match="INKLING_ONE, INKLING_TWO"):
        load_settings({"INKLING_TWO": "2", "INKLING_THREADS": "2", "INKLING_ONE": "1"})
