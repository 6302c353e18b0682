"""The search for the worst requests: its candidates, its measurements, and its robustness."""

import hashlib
import itertools
import json
import os
import time

import numpy as np
import pytest

from bench import worst
from bench.worst import KINDS, MEASURES, Candidate, Lane, Measured, Search, changed, run
from support import hostile
from support.hostile import SHAPES, STROKES, request_of
from webapp.config import (
    MAX_BATCH_POINTS,
    MAX_BATCH_STROKES,
    MAX_COORDINATE,
    MAX_DRAWINGS,
    MAX_POINTS,
    MAX_STROKES,
    MIB,
    Settings,
)

LIGHT = STROKES, b'{"strokes": []}', "application/json"


def fake():
    """A fake site that obeys the body: a status, `hang`, `end`, `fail`, or MiB to allocate."""

    def answer(path, body, size, kind):
        said = body.read().decode()
        if said == "hang":
            time.sleep(1000)
        if said == "end":
            os._exit(1)
        if said == "fail":
            raise RuntimeError
        if said.startswith("take"):
            return 200 if b"x" * (int(said.split()[1]) * MIB) else 0
        return int(said)

    return answer


def said(text):
    """Return a request for the fake site."""
    return "/", text.encode(), "text/plain"


def searched(seed, count):
    """Return the recipes of a number of candidates, with costs that depend on the recipe alone."""
    search, found = Search(np.random.default_rng(seed)), []
    for _ in range(count):
        candidate = search.next()
        text = json.dumps(candidate.recipe, sort_keys=True)
        cost = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32
        search.add(candidate, Measured(200, cost, 100 * (1 - cost), len(text)))
        found.append(text)
    return search, found


@pytest.fixture(scope="module")
def seeds():
    """The start recipes of the search."""
    return worst.seeds_of(np.random.default_rng(1))


@pytest.fixture
def few_seeds(seeds, monkeypatch):
    """Every seventh start recipe only, so that the search soon has tried all."""
    few = [seed for seed in seeds if len(json.dumps(seed.recipe)) < 100_000][::7]
    monkeypatch.setattr(worst, "seeds_of", lambda rng: list(few))
    return few


# Candidates


def test_the_same_seed_tries_the_same(few_seeds):
    """The same seed gives the same candidates, also after all start recipes, for the same costs."""
    count = 60 + len(few_seeds)
    search, found = searched(1, count)
    assert found == searched(1, count)[1]
    assert found != searched(2, count)[1]
    assert len(set(found)) == search.tried == count


def test_seeds_are_of_every_kind(seeds):
    """Start recipes are of every kind, and the same for the same generator."""
    assert {seed.kind for seed in seeds} == set(KINDS)
    again = worst.seeds_of(np.random.default_rng(1))
    assert [seed.what() for seed in seeds] == [seed.what() for seed in again]


def test_named_requests_are_seeds(seeds):
    """Named requests are start recipes of their name's kind, and drawings among them are varied."""
    rng = np.random.default_rng(11)
    named = {seed.recipe["named"]: seed for seed in seeds if "named" in seed.recipe}
    assert named.keys() == hostile.HOSTILE.keys()
    for name, seed in named.items():
        if not name.startswith("picture"):
            path, body, kind = request_of(seed.recipe)
            assert (path == hostile.BATCH) == (seed.kind == "batch")
            assert (kind, request_of(seed.recipe)[1]) == ("application/json", body)
    lattice = changed(rng, "strokes", {"named": "strokes-lattice"}, {"named": "json-nan"})
    assert len(lattice["json"]["strokes"]) >= 1


def test_the_worst_are_kept(few_seeds):
    """The worst candidates by each measure are kept, with a limit per start recipe."""
    search, _ = searched(2, 100)
    assert search.worst.keys() == set(itertools.product(KINDS, MEASURES))
    for (kind, measure), found in search.worst.items():
        scores = [measured.score(measure) for _, measured in found]
        assert scores == sorted(scores, reverse=True)
        assert {candidate.kind for candidate, _ in found} == {kind}
        origins = [candidate.origin for candidate, _ in found]
        assert max(map(origins.count, origins)) <= worst.RELATED


@pytest.mark.parametrize("kind", ["strokes", "batch"])
def test_changed_drawings_are_within_the_interface(kind, seeds):
    """Varied drawings stay within the API's bounds of strokes, points and coordinates."""
    rng = np.random.default_rng(3)
    own = [seed for seed in seeds if seed.kind == kind and "json" in seed.recipe]
    for number in range(60):
        recipe = changed(rng, kind, own[number % len(own)].recipe, own[number // 3].recipe)
        drawings = recipe["json"].get("drawings", [recipe["json"]])
        strokes = [stroke for one in drawings for stroke in one["strokes"]]
        points = sum(len(stroke["x"]) for stroke in strokes)
        assert len(drawings) <= MAX_DRAWINGS
        assert len(strokes) <= (MAX_BATCH_STROKES if kind == "batch" else MAX_STROKES)
        assert points <= (MAX_BATCH_POINTS if kind == "batch" else MAX_POINTS)
        values = [v for stroke in strokes for axis in "xy" for v in stroke[axis]]
        assert max(map(abs, values), default=0) <= MAX_COORDINATE
        assert all(len(stroke["x"]) == len(stroke["y"]) >= 1 for stroke in strokes)


def test_changed_pictures_are_within_the_interface(seeds):
    """Varied pictures stay within the bounds of sides and pixels, with known shapes and files."""
    rng, settings = np.random.default_rng(4), Settings()
    pictures = [seed.recipe for seed in seeds if seed.kind == "pictures"]
    for number in range(500):
        new = changed(rng, "pictures", pictures[number % len(pictures)], pictures[number // 9])
        pictures[number % len(pictures)] = new
        width, height = new["picture"]["width"], new["picture"]["height"]
        assert 1 <= min(width, height) <= max(width, height) <= settings.max_image_side
        assert width * height <= settings.max_image_pixels
        assert {layer["shape"] for layer in new["picture"]["layers"]} <= SHAPES.keys()
        json.dumps(new)


def test_a_recipe_is_always_the_same_request(seeds):
    """A recipe always gives the same request, even from JSON, so that it can be a test."""
    rng = np.random.default_rng(5)
    for kind in KINDS:
        recipes = [seed.recipe for seed in seeds if seed.kind == kind]
        for number in range(10):
            recipe = changed(rng, kind, recipes[number], recipes[-number])
            if kind == "pictures":
                recipe["picture"] |= {"width": 90, "height": 40}
            again = json.loads(json.dumps(recipe))
            assert request_of(recipe) == request_of(again)


def test_every_shape_is_a_picture():
    """Every shape is a picture of the requested size with paper and ink."""
    rng = np.random.default_rng(6)
    for _ in range(100):
        layer = worst._random_layer(rng)
        width, height = (int(rng.choice([1, 28, 300])) for _ in range(2))
        grey = hostile.painted({"width": width, "height": height, "layers": [layer]})
        assert (grey.shape, grey.dtype) == ((height, width), np.uint8), layer


def test_every_file_is_made(client):
    """A picture in every kind of file is read or refused."""
    rng = np.random.default_rng(7)
    digits = {"shape": "digits", "side": 40, "gap": 0.4, "pen": 4, "points": 4}
    picture = {"width": 120, "height": 60, "layers": [digits]}
    read = dict.fromkeys(worst.FILES, 0)
    for format_ in worst.FILES:
        for _ in range(25):
            file = worst._random_file(rng, format_)
            path, body, kind = request_of({"picture": picture, "file": file, "path": hostile.IMAGE})
            status = client.post(path, data=body, content_type=kind).status_code
            assert status in (200, 413, 422), file
            read[format_] += status == 200
    assert min(read.values()) > 5


# Measurements


def test_it_works():
    """Requests to the real site are answered and measured."""
    search = Search(np.random.default_rng(8), kinds=("strokes",))
    search._seeds = [
        Candidate("strokes", str(count), {"path": STROKES, "json": hostile.drawing(strokes)})
        for count in (1, 2, 3)
        for strokes in [hostile.scribble(np.random.default_rng(9), count, 5)]
    ]
    with Lane() as lane:
        run(search, [lane], count=5)
        assert lane.measure(LIGHT).status == 200
        assert lane.measure((STROKES, b"{", "application/json")).status == 400
    found = search.worst["strokes", "seconds"]
    assert search.tried == len(found) == 5
    assert all(m.status == 200 and m.seconds > 0 and m.size > 20 for _, m in found)


def test_memory_is_that_of_the_request():
    """The memory of a request is its own peak, not an earlier request's."""
    with Lane(fake) as lane:
        large, small = lane.measure(said("take 80")), lane.measure(said("200"))
        assert (large.status, small.status) == (200, 200)
        assert 60 < large.mib < 120
        assert small.mib < 20


def test_a_child_that_hangs_is_killed():
    """A child that hangs is killed, counts as the worst, and is replaced."""
    with Lane(fake) as lane:
        assert lane.measure(said("200")).status == 200
        child, lane.patience = lane._child, 0.5
        assert lane.measure(said("hang")) == Measured("hung", 0.5, pytest.approx(0, abs=50), 4)
        assert not child.is_alive()
        lane.patience = worst.PATIENCE
        assert lane.measure(said("201")).status == 201


def test_a_child_that_ends_is_the_worst():
    """A child that dies counts with all of its memory limit, and is replaced."""
    with Lane(fake, memory=300 * MIB) as lane:
        assert lane.measure(said("end")).status == "died"
        assert lane.measure(said("end")).mib == 300
        assert lane.measure(said("200")).status == 200


def test_memory_is_bounded():
    """A request above the memory limit gets an error, and its child is replaced."""
    with Lane(fake, memory=200 * MIB) as lane:
        assert lane.measure(said("take 20")).status == 200
        assert lane.measure(said("take 500")).status == "MemoryError"
        assert lane.measure(said("fail")).status == "RuntimeError"
        assert lane.measure(said("200")).status == 200


def test_what_is_found_is_written_and_measured_again(few_seeds, tmp_path, capsys):
    """Results are written to a file per kind and measure, with recipes of the same requests."""
    search, _ = searched(10, 60)
    search.add(search.worst["strokes", "seconds"][0][0], Measured("hung", 60, 0, 1))
    worst.write(search, tmp_path)
    names = {f"{kind}-{measure}.json" for kind in KINDS for measure in MEASURES}
    assert {path.name for path in tmp_path.iterdir()} == names | {"broken.json"}
    with Lane(counted) as lane:
        worst.replay(tmp_path / "strokes-seconds.json", lane)
    lines = capsys.readouterr().out.splitlines()[1:]
    written = json.loads((tmp_path / "strokes-seconds.json").read_text())
    assert len(lines) == len(written) == worst.SHOWN
    assert "hung" in lines[0]
    assert "broken" not in worst.report(search)
    assert "not at all" in worst.report(search)


def counted():
    """A fake site that answers each body with its length."""
    return lambda path, body, size, kind: len(body.read())
