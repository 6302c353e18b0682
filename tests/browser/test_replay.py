"""The drawing saved as a picture that is written again and again."""

from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from tests.browser.test_draw import save
from tests.browser.visitor import NUMBER

SVG = "{http://www.w3.org/2000/svg}"

FREEZE = """seconds => {
    document.documentElement.pauseAnimations();
    document.documentElement.setCurrentTime(seconds);
}"""


@pytest.fixture
def files(visit, tmp_path):
    """The drawing of 147 as an animated picture and as a still one."""
    visitor = visit()
    visitor.draw(NUMBER)
    visitor.expect_number(147)
    paths = []
    for name in ("Replay (animated SVG)", "Picture (SVG)"):
        with visitor.page.expect_download() as saved:
            save(visitor, name)
        paths.append(tmp_path / saved.value.suggested_filename)
        saved.value.save_as(paths[-1])
    assert [path.name for path in paths] == ["inkling-147.replay.svg", "inkling-147.svg"]
    return paths


def animations(path):
    """The animation of each path, in their order."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 (our own file)
    assert root.tag == f"{SVG}svg"
    return [each.find(f"{SVG}animate") for each in root.iter(f"{SVG}path")]


def ink(visitor, path, seconds=None):
    """Where a picture has ink at a time: an array of booleans."""
    visitor.page.goto(path.as_uri())
    if seconds is not None:
        visitor.page.evaluate(FREEZE, seconds)
    shown = np.frombuffer(visitor.page.screenshot(), np.uint8)
    return cv2.imdecode(shown, cv2.IMREAD_GRAYSCALE) < 128


def test_each_stroke_is_animated_after_the_one_before(files):
    """The file is SVG without a script or an address but that of its kind."""
    replay, still = files
    found = [each.attrib for each in animations(replay)]
    assert len(found) == len(animations(still)) == len(NUMBER)
    assert {each["repeatCount"] for each in found} == {"indefinite"}
    assert len({each["dur"] for each in found}) == 1
    times = [float(time) for each in found for time in each["keyTimes"].split(";")[1:3]]
    assert times == sorted(times)
    text = replay.read_text(encoding="utf-8")
    assert "script" not in text
    assert text.count("http") == 1


def test_the_ink_grows_until_it_is_whole(visit, files):
    """Stroke by stroke; at last it is the drawing, and after the pause it begins anew."""
    replay, still = files
    end = float(animations(replay)[0].attrib["dur"].removesuffix("ms")) / 1000
    starts = [float(each.attrib["keyTimes"].split(";")[1]) * end for each in animations(replay)]
    visitor = visit()
    whole = ink(visitor, still)
    assert whole.any()
    # A stroke begins with the dot of its pen.
    frames = [ink(visitor, replay, seconds) for seconds in (*starts, end - 0.01, end + starts[1])]
    counts = [np.count_nonzero(frame) for frame in frames]
    assert counts[:5] == sorted(counts[:5])
    assert counts[1] < 0.5 * counts[4]
    assert np.count_nonzero(frames[4] != whole) <= 0.002 * counts[4]
    assert np.count_nonzero(frames[5] != frames[1]) <= 0.02 * counts[1]


def test_who_wants_no_motion_sees_all_of_the_ink(visit, files):
    """At any time."""
    replay, still = files
    visitor = visit(reduced_motion="reduce")
    whole = ink(visitor, still)
    for seconds in (0, 0.1):
        differs = ink(visitor, replay, seconds) != whole
        assert np.count_nonzero(differs) <= 0.002 * np.count_nonzero(whole)
