"""Static files under addresses that change with their content."""

import gzip
import json
import re

import pytest

from webapp.site.assets import FOLDER, YEAR, tree_hash
from webapp.site.pages import LATER, MODULES


@pytest.fixture
def asset(app):
    """A function that returns the address of a static file, as in the templates."""

    def address(name):
        with app.test_request_context():
            return app.jinja_env.globals["asset"](name)

    return address


FILES = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.rglob("*")
    if path.suffix in {".css", ".js", ".svg", ".png", ".webmanifest"}
)

TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}

MOST_BYTES = {"js": 48 * 1024, "css": 14 * 1024}
"""Largest compressed size of all scripts that are loaded at once, and of all style sheets, in
bytes. Links that hold a drawing, and the readings that the browser keeps, took the scripts over 34
KiB; corrections, over 44 KiB."""


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_for_good(client, asset, name):
    """Every file has its content type and may be cached forever."""
    with client.get(asset(name)) as response:
        assert response.status_code == 200
        assert response.mimetype == TYPES[name[name.rindex(".") :]]
        assert response.data == (FOLDER / name).read_bytes()
        assert response.cache_control.max_age == YEAR
        assert response.cache_control.public
        assert response.cache_control.immutable
        assert not response.cache_control.no_store


def test_an_address_holds_the_version(asset):
    """All files have the same version in their address."""
    assert asset("css/base.css") == f"/static/{tree_hash(FOLDER)}/css/base.css"


def test_a_file_that_is_kept_is_not_sent_again(client, asset):
    """A conditional request for an unchanged file gets 304."""
    with client.get(asset("css/base.css")) as first:
        tag = first.headers["ETag"]
    with client.get(asset("css/base.css"), headers={"If-None-Match": tag}) as second:
        assert (second.status_code, second.data) == (304, b"")


def test_the_hash_is_of_names_and_contents(tmp_path):
    """The version changes with any name or content in the tree, and with nothing else."""
    (tmp_path / "a.css").write_text("one")
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "b.js").write_text("two")
    first = tree_hash(tmp_path)
    assert len(first) == 12
    assert tree_hash(tmp_path) == first

    (tmp_path / "js" / "b.js").write_text("three")
    changed = tree_hash(tmp_path)
    (tmp_path / "a.css").rename(tmp_path / "c.css")
    renamed = tree_hash(tmp_path)
    (tmp_path / "c.css").unlink()
    assert len({first, changed, renamed, tree_hash(tmp_path)}) == 4


@pytest.mark.parametrize("version", ["000000000000", "..", "latest"])
def test_it_rejects_another_version(client, version):
    """An address with another version gets a 404 that may not be cached."""
    with client.get(f"/static/{version}/css/base.css") as response:
        assert response.status_code == 404
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "name",
    [
        "nothing.css",
        "css",
        "css/",
        "../wsgi.py",
        "..%2fwsgi.py",
        "css/../../wsgi.py",
        "%2e%2e/wsgi.py",
        "/etc/passwd",
        "css/base.css%00",
    ],
)
def test_it_rejects_what_is_no_file_of_the_tree(client, asset, name):
    """Addresses outside the tree get a 404."""
    with client.get(asset("x").removesuffix("x") + name, follow_redirects=True) as response:
        assert response.status_code == 404


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".png")])
def test_texts_are_sent_compressed(client, asset, name):
    """Text files are compressed on request, with their own ETag and a Vary header."""
    with client.get(asset(name)) as plain:
        pass
    with client.get(asset(name), headers={"Accept-Encoding": "gzip, br"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == (FOLDER / name).read_bytes()
        assert len(packed.data) == int(packed.headers["Content-Length"])
        assert packed.headers["ETag"] != plain.headers["ETag"]
    for response in (plain, packed):
        assert response.headers["Vary"] == "Accept-Encoding"
    again = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    with client.get(asset(name), headers=again) as kept:
        assert (kept.status_code, kept.data) == (304, b"")


@pytest.mark.parametrize("kind", MOST_BYTES)
def test_the_page_is_light(client, asset, kind):
    """The first scripts, and all style sheets, stay below their compressed size limit."""
    total = 0
    for name in FILES:
        if name.startswith(f"{kind}/") and name.removeprefix("js/") not in LATER:
            with client.get(asset(name), headers={"Accept-Encoding": "gzip"}) as response:
                total += len(response.data)
    assert 0 < total <= MOST_BYTES[kind]


def test_the_page_names_the_modules_that_it_loads():
    """The named modules are those that main.js imports at once, and the later ones are not."""
    folder = FOLDER / "js"
    found, waiting = set(), {"main.js"}
    while waiting:
        name = waiting.pop()
        found.add(name)
        text = (folder / name).read_text(encoding="utf-8")
        waiting |= set(re.findall(r'^(?:import|\}) .*?"\./([\w-]+\.js)";', text, re.M)) - found
    assert sorted(found) == MODULES
    assert LATER.isdisjoint(MODULES)
    assert all((folder / name).is_file() for name in LATER)


def test_the_manifest_names_icons_that_are_there():
    """The icons of the manifest exist: SVG, and one PNG for platforms without SVG."""
    manifest = json.loads((FOLDER / "manifest.webmanifest").read_text(encoding="utf-8"))
    assert manifest["start_url"] == manifest["scope"] == "/"
    for icon in manifest["icons"]:
        assert (FOLDER / icon["src"]).is_file()
