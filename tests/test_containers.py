"""What compose.yaml and the proxy's setting allow each container."""

import re

import yaml

from tests.server import ROOT
from webapp.config import Settings

UNITS = {"m": 2**20, "g": 2**30}


def read(name: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def size(text: str) -> int:
    """Bytes, of `64m` or `1g`."""
    return int(text[:-1]) * UNITS[text[-1]]


def tmpfs_sizes() -> dict[str, int]:
    """The bytes of each service's one folder in memory, by service."""
    sizes = {}
    for name, service in yaml.safe_load(read("compose.yaml"))["services"].items():
        [entry] = service["tmpfs"]
        _, _, options = entry.partition(":")
        sizes[name] = size(dict(option.split("=") for option in options.split(","))["size"])
    return sizes


def setting(name: str) -> str:
    """The one value of a directive of nginx.conf."""
    [value] = re.findall(rf"^\s*{name} ([^;]+);", read("deploy/nginx.conf"), re.M)
    return value


def test_each_tmpfs_has_a_size():
    """Without one, a folder in memory may take half of the machine's."""
    sizes = tmpfs_sizes()
    assert sizes.keys() == {"proxy", "app", "redis"}
    app = yaml.safe_load(read("compose.yaml"))["services"]["app"]
    assert sizes["app"] <= size(app["mem_limit"]) / 10


def test_one_client_does_not_fill_the_proxys_tmpfs():
    """Its largest bodies take at most half of what there is."""
    [most] = re.findall(r"limit_conn large (\d+);", read("deploy/nginx.conf"))
    largest = size(setting("client_max_body_size"))
    assert largest > Settings().max_image_bytes
    assert int(most) * largest <= tmpfs_sizes()["proxy"] / 2


def test_the_proxy_waits_a_little_longer_than_a_request_may_take():
    """The site's own 503 arrives; and nobody waits for what is not worked on any more."""
    seconds = int(setting("proxy_read_timeout").removesuffix("s"))
    assert 5 <= seconds - Settings().request_seconds <= 15
