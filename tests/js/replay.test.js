// The drawing as a picture that is written again and again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { toReplay } from "../../static/js/replay.js";

const LINE = [{ x: 100, y: 200, t: 0 }, { x: 150, y: 250, t: 300 }, { x: 200, y: 200, t: 500 }];
const DOT = [{ x: 300, y: 300, t: 1000 }];

const keysOf = (svg) => Array.from(svg.matchAll(/keyTimes="([^"]+)"/g), ([, keys]) => keys);

test("each stroke is drawn when the hand drew it, and all stay for two seconds", () => {
  const svg = toReplay([LINE, DOT]);
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="83 183 234 134">/);
  assert.match(svg, /dur="3000ms"/);
  assert.deepEqual(keysOf(svg), ["0;0;0.1667;1", "0;0.3333;0.3333;1"]);
});

test("strokes without times take as long as their way is", () => {
  const still = (...points) => points.map(([x, y]) => ({ x, y, t: 0 }));
  const svg = toReplay([still([0, 0], [800, 0]), still([800, 0], [800, 800])]);
  assert.match(svg, /dur="2800ms"/);
  assert.deepEqual(keysOf(svg), ["0;0;0.1429;1", "0;0.1429;0.2857;1"]);
});

test("a single dot is there from the start, and has a length for its dash", () => {
  const svg = toReplay([DOT]);
  assert.deepEqual(keysOf(svg), ["0;0;0;1"]);
  assert.match(svg, / d="M300 300h0h.1" pathLength="1"/);
});
