"""Settings: parsed from the environment, or rejected."""

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
"""Least and greatest value of each whole number."""

GREATEST = {name: most for name, (_, most) in NUMBERS.items() if most is not None}


def refusal(name: str, value: str) -> str:
    """Return the error for an invalid variable."""
    with pytest.raises(ConfigError) as refused:
        load_settings({name: value})
    return str(refused.value)


def test_an_empty_environment_gives_the_defaults():
    """Without variables, all settings have defaults, and the limits are those of the API."""
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
    """Without an argument, the settings come from the environment of the process."""
    monkeypatch.setenv("INKLING_THREADS", "7")
    assert load_settings().threads == 7


def test_on_heroku_the_router_is_known():
    """DYNO in the environment selects the settings for Heroku's router, without app.json."""
    settings = load_settings({"DYNO": "web.1"})
    assert (settings.proxies, settings.https, settings.rate_limit) == (1, True, "1200/minute")
    own = load_settings({"DYNO": "web.1", "INKLING_PROXIES": "2", "INKLING_HTTPS": "0"})
    assert (own.proxies, own.https) == (2, False)


@pytest.mark.parametrize("name", ["READING_SECONDS", "REQUEST_SECONDS"])
def test_times_may_be_fractions(name):
    """The seconds of a budget may be fractional, above 0 and up to an hour."""
    assert getattr(load_settings({f"INKLING_{name}": "0.5"}), name.lower()) == 0.5
    for value in ("0", "-1", "3601", "nan", "inf", "5s"):
        assert repr(value) in refusal(f"INKLING_{name}", value)


def test_texts_are_taken_as_they_are():
    """A text setting is used as it is."""
    settings = load_settings({"INKLING_MODELS": "/some/folder", "INKLING_MODEL": "my-digits_2"})
    assert (settings.models, settings.model) == ("/some/folder", "my-digits_2")


def test_a_choice_is_taken():
    """Each backend can be selected."""
    assert load_settings({"INKLING_BACKEND": "keras"}).backend == "keras"
    assert load_settings({"INKLING_BACKEND": "litert"}).backend == "litert"


@pytest.mark.parametrize(
    "origins", ["*", "https://a.example", "http://a.example:8,https://b.example"]
)
def test_origins_are_taken(origins):
    """One origin, several origins or `*` are accepted."""
    assert load_settings({"INKLING_CORS_ORIGINS": origins}).cors_origins == origins


@pytest.mark.parametrize(
    "origins", ["a.example", "https://a.example/", "https://a.example, *", ","]
)
def test_it_rejects_origins_that_are_none(origins):
    """An origin is scheme, host and port. Others, which no browser sends, are rejected."""
    assert repr(origins) in refusal("INKLING_CORS_ORIGINS", origins)


def test_redis_has_the_name_that_platforms_give_it():
    """The Redis setting is read from REDIS_URL only."""
    assert load_settings({"REDIS_URL": "redis://h:1/0"}).redis_url == "redis://h:1/0"
    assert "INKLING_REDIS_URL" in refusal("INKLING_REDIS_URL", "redis://h:1/0")


@pytest.mark.parametrize("url", ["memcached://h:1", "redis://", "h:6379", "redis://h 1"])
def test_it_rejects_a_redis_that_is_none(url):
    """The error for an invalid REDIS_URL omits its value, which may contain a password."""
    said = refusal("REDIS_URL", url)
    assert "REDIS_URL is invalid (its value is hidden)" in said
    assert url not in said.partition("regex")[0]


def test_a_secret_is_not_repeated():
    """The error for an invalid token omits its value, and a short token is rejected."""
    said = refusal("INKLING_METRICS_TOKEN", "hunter2")
    assert "INKLING_METRICS_TOKEN" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("0", False)])
def test_a_switch_is_taken(text, value):
    """Booleans accept the usual spellings."""
    assert load_settings({"INKLING_HTTPS": text}).https is value


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_parsed(name):
    """A whole number is parsed, including its least value."""
    least, _ = NUMBERS[name]
    assert getattr(load_settings({f"INKLING_{name}": str(least)}), name.lower()) == least


@pytest.mark.parametrize("name", GREATEST)
def test_the_greatest_number_fits(name):
    """The greatest value of a number is accepted."""
    settings = load_settings({f"INKLING_{name}": str(GREATEST[name])})
    assert getattr(settings, name.lower()) == GREATEST[name]


def test_every_number_of_the_settings_is_tested_here():
    """The tests above cover every whole number of the settings."""
    numbers = {name for name, kind in Settings.__annotations__.items() if kind.__origin__ is int}
    assert numbers == {name.lower() for name in NUMBERS}


def test_other_variables_are_none_of_our_business():
    """Variables without the prefix INKLING_ are ignored."""
    assert load_settings({"PORT": "abc", "THREADS": "x", "MY_INKLING_THREADS": "9"}) == Settings()


@pytest.mark.parametrize("name", NUMBERS)
def test_it_rejects_a_number_below_its_bound(name):
    """The error names the variable, the value and the least value."""
    least, _ = NUMBERS[name]
    said = refusal(f"INKLING_{name}", str(least - 1))
    assert f"INKLING_{name}" in said
    assert repr(str(least - 1)) in said
    assert f">= {least}" in said


@pytest.mark.parametrize("name", GREATEST)
def test_it_rejects_a_number_above_its_bound(name):
    """The error names the variable, the value and the greatest value."""
    most = GREATEST[name]
    said = refusal(f"INKLING_{name}", str(most + 1))
    assert f"INKLING_{name}" in said
    assert repr(str(most + 1)) in said
    assert f"<= {most}" in said


@pytest.mark.parametrize("value", ["", "abc", " 4", "4.5", "1_0", "0x10", "true", "null"])
def test_it_rejects_what_is_no_whole_number(value):
    """The error names the variable, the value and the type."""
    said = refusal("INKLING_THREADS", value)
    assert "INKLING_THREADS" in said
    assert repr(value) in said
    assert "int" in said


def test_it_rejects_a_backend_that_there_is_not():
    """The error names the variable, the value and the choices."""
    said = refusal("INKLING_BACKEND", "onnx")
    assert "INKLING_BACKEND" in said
    assert "'onnx'" in said
    assert "litert, keras" in said


@pytest.mark.parametrize("value", ["", "../digits", "a/b", "digits.tflite"])
def test_it_rejects_a_model_name_that_is_a_path(value):
    """A model name with a path is rejected, so that none leads out of the models folder."""
    said = refusal("INKLING_MODEL", value)
    assert "INKLING_MODEL" in said
    assert repr(value) in said


def test_it_rejects_an_empty_models_folder():
    """An empty models folder is rejected."""
    said = refusal("INKLING_MODELS", "")
    assert "INKLING_MODELS" in said
    assert "length >= 1" in said


@pytest.mark.parametrize("name", ["INKLING_MAX_JSON_BYTE", "INKLING_threads", "INKLING_"])
def test_it_rejects_a_variable_that_names_no_setting(name):
    """An unknown variable with the prefix is rejected, so that a misspelt limit is noticed."""
    assert name in refusal(name, "5000").split(": ")[1]


def test_it_rejects_every_unknown_variable_at_once():
    """The error names all unknown variables at once."""
    with pytest.raises(ConfigError, match="INKLING_ONE, INKLING_TWO"):
        load_settings({"INKLING_TWO": "2", "INKLING_THREADS": "2", "INKLING_ONE": "1"})
