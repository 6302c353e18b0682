"""Settings and limits of the site.

A setting is read from the environment variable `INKLING_` + its name in capitals, or from the name
that platforms give it (`PLATFORM_NAMES`). An invalid value, or an `INKLING_` variable without a
setting, stops the start-up, so that a misspelt limit does not pass unnoticed.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

_PACKAGE = Path(__file__).resolve().parent
ROOT = _PACKAGE / "data" if (_PACKAGE / "data").is_dir() else _PACKAGE.parent
"""Folder of `models`, `templates` and `static`: in an installed package its `data`, else the
checkout."""

PREFIX = "INKLING_"

# Fixed limits of the API (docs/api.md). Operators cannot change them.
MAX_STROKES = 500
"""Strokes in one drawing, at most."""
MAX_POINTS = 20_000
"""Points in one drawing, at most."""
MAX_COORDINATE = 1e6
"""Magnitude of a coordinate, in the request's own unit, at most."""
MAX_VALUE = 1e15
"""Magnitude of `min`, `max` and numbers in `sum_of`, at most. Larger integers are not exact."""
MAX_WRITTEN = 40
"""Characters of a number in `sum_of` that is given as text, at most."""
MAX_ADDENDS_TEXT = 1000
"""Characters of `sum_of` in a query, at most. gunicorn takes request lines of 4,094 bytes."""
MAX_ALTERNATIVES = 10
"""Alternatives in one answer, at most."""
MAX_DRAWINGS = 100
"""Drawings in one batch, at most."""
MAX_BATCH_POINTS = 50_000
"""Points in one batch, at most."""
MAX_BATCH_STROKES = 2_000
"""Strokes in one batch, at most. The time to read grows with the number of strokes."""

MAX_PIXELS = 2**30
"""Upper bound on INKLING_MAX_IMAGE_PIXELS. OpenCV refuses larger images, ..."""
MAX_SIDE = 2**20
"""... and longer sides than this, the upper bound on INKLING_MAX_IMAGE_SIDE."""

MIB = 1024 * 1024

ON_HEROKU = {"proxies": "1", "https": "true"}
"""Settings that a site on Heroku needs, unless it sets them: `git push` does not read app.json.
Heroku sets DYNO in the environment (dyno metadata in its documentation)."""

PLATFORM_NAMES = {"redis_url": "REDIS_URL"}
"""Settings with names that platforms give."""

SECRETS = {"redis_url", "metrics_token"}
"""Settings with values that no message repeats."""

Backend = Literal["litert", "keras"]


class ConfigError(Exception):
    """A setting has an invalid value. The site does not start."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's settings: type, bounds, meaning and default of each."""

    backend: Annotated[
        Backend,
        Meta(description="What runs the network; `keras` needs requirements/train.txt installed."),
    ] = "litert"
    models: Annotated[str, Meta(min_length=1, description="Folder of the shipped models.")] = str(
        ROOT / "models"
    )
    model: Annotated[
        str, Meta(pattern=r"^[\w-]+$", description="Name of the model that reads pictures.")
    ] = "ink"
    eyes_model: Annotated[
        str, Meta(pattern=r"^[\w-]+$", description="Name of the model that finds handwriting.")
    ] = "eyes"
    line_model: Annotated[
        str, Meta(pattern=r"^[\w-]+$", description="Name of the model that reads lines.")
    ] = "line"
    stroke_model: Annotated[
        str, Meta(pattern=r"^[\w-]+$", description="Name of the model that reads strokes.")
    ] = "pen"
    max_json_bytes: Annotated[int, Meta(ge=1024, description="Largest JSON body, in bytes.")] = (
        4 * MIB
    )
    max_image_bytes: Annotated[int, Meta(ge=1024, description="Largest image file, in bytes.")] = (
        12 * MIB
    )
    max_image_pixels: Annotated[
        int, Meta(ge=784, le=MAX_PIXELS, description="Largest image, in pixels.")
    ] = 25_000_000
    max_image_side: Annotated[
        int, Meta(ge=28, le=MAX_SIDE, description="Longest side of an image, in pixels.")
    ] = 20_000
    max_decoded_bytes: Annotated[
        int, Meta(ge=MIB, description="Memory that decoding an image may take, in bytes.")
    ] = 120_000_000
    readings: Annotated[
        int, Meta(ge=1, le=16, description="Drawings that one worker reads at once.")
    ] = 2
    reading_seconds: Annotated[
        float,
        Meta(
            gt=0, le=3600, description="Processor time that reading a request may take, in seconds."
        ),
    ] = 5.0
    request_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=3600,
            description="Time from having a request to having its answer, waiting included, in "
            "seconds.",
        ),
    ] = 25.0
    memory_mib: Annotated[
        int,
        Meta(
            ge=0,
            description="Memory of the site, in MiB; 0: what the machine or its container has.",
        ),
    ] = 0
    threads: Annotated[
        int, Meta(ge=1, le=64, description="Requests that one gunicorn worker handles at once.")
    ] = 16
    body_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=3600,
            description="Time that a head, a body, and an answer may each take, in seconds.",
        ),
    ] = 30
    rate_limit: Annotated[
        str,
        Meta(
            description="Work of one client, in units of 10 ms of processor time, as "
            "`600/minute`; empty: no bound."
        ),
    ] = "1200/minute"
    redis_url: Annotated[
        str,
        Meta(
            pattern=r"^(rediss?://\S+)?$",
            description="Redis URL for rate limits that all processes share. Empty: each process "
            "counts its own.",
        ),
    ] = ""
    proxies: Annotated[
        int, Meta(ge=0, le=10, description="Number of trusted proxies in front.")
    ] = 0
    hosts: Annotated[
        str, Meta(description="Names this site is called by, with commas; empty: any.")
    ] = ""
    https: Annotated[bool, Meta(description="Redirect plain HTTP to HTTPS.")] = False
    security_contact: Annotated[
        str,
        Meta(
            pattern=r"^((mailto:|https://)\S+)?$",
            description="Where to report a vulnerability, for /.well-known/security.txt; empty: "
            "there is none.",
        ),
    ] = ""
    cors_origins: Annotated[
        str,
        Meta(
            pattern=r"^(\*|(https?://[^\s,/]+)(,https?://[^\s,/]+)*)?$",
            description="Origins whose pages may use the API, with commas, or `*`; empty: none.",
        ),
    ] = ""
    metrics_token: Annotated[
        str,
        Meta(
            pattern=r"^([!-~]{16,})?$",
            description="Token for remote access to /metrics; empty disables it.",
        ),
    ] = ""


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the environment.

    Raises:
        ConfigError: a setting is unknown or invalid. The message has the variable, its value
            (unless secret) and what is expected.
    """
    fields = {variable_of(field): field for field in Settings.__struct_fields__}
    names = sorted(name for name in environment if name.startswith(PREFIX) or name in fields)
    unknown = [name for name in names if name not in fields]
    if unknown:
        raise ConfigError(f"no such setting: {', '.join(unknown)}")
    given = dict(ON_HEROKU) if "DYNO" in environment else {}
    given |= {fields[name]: environment[name] for name in names}
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        expectation, _, path = str(error).partition(" - at `$.")
        name = path.removesuffix("`")
        if expectation.startswith("Invalid enum value"):  # msgspec does not list the valid values
            expectation = f"Expected one of {', '.join(get_args(Backend))}"
        shown = "invalid (its value is hidden)" if name in SECRETS else repr(given.get(name))
        raise ConfigError(f"{variable_of(name)} is {shown}: {expectation}") from error


def variable_of(field: str) -> str:
    """Return the environment variable of a setting."""
    return PLATFORM_NAMES.get(field, PREFIX + field.upper())
