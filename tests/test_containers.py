"""Memory of each container in compose.yaml and of the proxy's configuration."""

import re

import yaml

from support.server import ROOT
from webapp.config import Settings

UNITS = {"m": 2**20, "g": 2**30}


def read(name: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def size(text: str) -> int:
    """Return the bytes of a size such as `64m` or `1g`."""
    return int(text[:-1]) * UNITS[text[-1]]


def tmpfs_sizes() -> dict[str, int]:
    """Return the bytes of each service's tmpfs, by service."""
    sizes = {}
    for name, service in yaml.safe_load(read("compose.yaml"))["services"].items():
        [entry] = service["tmpfs"]
        _, _, options = entry.partition(":")
        sizes[name] = size(dict(option.split("=") for option in options.split(","))["size"])
    return sizes


def setting(name: str) -> str:
    """Return the single value of a directive of nginx.conf."""
    [value] = re.findall(rf"^\s*{name} ([^;]+);", read("deploy/nginx.conf"), re.M)
    return value


def test_each_tmpfs_has_a_size():
    """Each tmpfs has a size. The default would be half of the machine's memory."""
    sizes = tmpfs_sizes()
    assert sizes.keys() == {"proxy", "app", "redis"}
    app = yaml.safe_load(read("compose.yaml"))["services"]["app"]
    assert sizes["app"] <= size(app["mem_limit"]) / 10


def test_one_client_does_not_fill_the_proxys_tmpfs():
    """The largest bodies of one client take at most half of the proxy's tmpfs."""
    [most] = re.findall(r"limit_conn large (\d+);", read("deploy/nginx.conf"))
    largest = size(setting("client_max_body_size"))
    assert largest > Settings().max_image_bytes
    assert int(most) * largest <= tmpfs_sizes()["proxy"] / 2


def test_the_proxy_waits_a_little_longer_than_a_request_may_take():
    """The proxy's timeout is slightly above a request's, so that the site's own 503 arrives."""
    seconds = int(setting("proxy_read_timeout").removesuffix("s"))
    assert 5 <= seconds - Settings().request_seconds <= 15
