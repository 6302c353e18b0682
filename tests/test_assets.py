"""Static files under addresses that change with their content."""

import gzip
import json

import pytest

from webapp.site.assets import FOLDER, YEAR, tree_hash


@pytest.fixture
def asset(app):
    """The address of a file of the tree, as the templates have it."""

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
"""What visitors have to load, at most, compressed. Links that hold a drawing, and the readings that
the browser keeps, took the scripts over 34 KiB; corrections, over 44 KiB."""


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_for_good(client, asset, name):
    """With the type that a browser wants, and the permission to keep it."""
    with client.get(asset(name)) as response:
        assert response.status_code == 200
        assert response.mimetype == TYPES[name[name.rindex(".") :]]
        assert response.data == (FOLDER / name).read_bytes()
        assert response.cache_control.max_age == YEAR
        assert response.cache_control.public
        assert response.cache_control.immutable
        assert not response.cache_control.no_store


def test_an_address_holds_the_version(asset):
    """All files of one state of the tree stand under one folder."""
    assert asset("css/base.css") == f"/static/{tree_hash(FOLDER)}/css/base.css"


def test_a_file_that_is_kept_is_not_sent_again(client, asset):
    """Asked whether it has changed, the site says no."""
    with client.get(asset("css/base.css")) as first:
        tag = first.headers["ETag"]
    with client.get(asset("css/base.css"), headers={"If-None-Match": tag}) as second:
        assert (second.status_code, second.data) == (304, b"")


def test_the_hash_is_of_names_and_contents(tmp_path):
    """Any change of the tree changes it, and nothing else does."""
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
    """A file of another state would be the wrong one, so there is none; nobody may keep that."""
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
    """Nothing outside the tree can be reached."""
    with client.get(asset("x").removesuffix("x") + name, follow_redirects=True) as response:
        assert response.status_code == 404


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".png")])
def test_texts_are_sent_compressed(client, asset, name):
    """To whom takes that, with another tag than the plain file's; a cache keeps both apart."""
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
    """All scripts, and all style sheets, as they are sent."""
    total = 0
    for name in FILES:
        if name.endswith(f".{kind}"):
            with client.get(asset(name), headers={"Accept-Encoding": "gzip"}) as response:
                total += len(response.data)
    assert 0 < total <= MOST_BYTES[kind]


def test_the_manifest_names_icons_that_are_there():
    """Drawn by ourselves: SVG, and one PNG for where those are not taken."""
    manifest = json.loads((FOLDER / "manifest.webmanifest").read_text(encoding="utf-8"))
    assert manifest["start_url"] == manifest["scope"] == "/"
    for icon in manifest["icons"]:
        assert (FOLDER / icon["src"]).is_file()
