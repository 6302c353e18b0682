// The drawing and its question for elsewhere.

import assert from "node:assert/strict";
import { test } from "node:test";

import { pathOf, toCurl, toSvg } from "../../static/js/share.js";

const LINE = [{ x: 100, y: 200 }, { x: 150, y: 250 }, { x: 200, y: 200 }];

test("an SVG is cut to its ink, with a path a stroke", () => {
  const svg = toSvg([LINE, [{ x: 300, y: 300 }]]);
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="83 183 234 134">/);
  assert.equal(svg.match(/<path /g).length, 2);
});

test("a path goes through the middles between the points, to the last one", () => {
  assert.equal(pathOf(LINE), "M100 200Q150 250 175 225L200 200");
  assert.equal(pathOf(LINE.slice(0, 2)), "M100 200L150 250");
});

test("a dot is a path without length, which round ends make visible", () => {
  assert.equal(pathOf([{ x: 1.26, y: 2 }]), "M1.3 2h0");
});

test("the command for a drawing holds the drawing", () => {
  const body = { strokes: [{ x: [1], y: [2] }] };
  assert.equal(
    toCurl("https://example.org", body),
    "curl -s 'https://example.org/api/v1/predict/strokes' -H 'Content-Type: application/json' " +
      `-d '${JSON.stringify(body)}'`,
  );
});

test("the command for a picture names the file, safely", () => {
  const names = {
    "a, b;c.png": '"a, b;c.png"',
    "o'clock.png": `"o'\\''clock.png"`,
    'a"b\\c.png': '"a\\"b\\\\c.png"',
  };
  for (const [name, quoted] of Object.entries(names)) {
    assert.equal(
      toCurl("https://example.org", null, name),
      `curl -s 'https://example.org/api/v1/predict/image' -F 'image=@${quoted}'`,
    );
  }
});
