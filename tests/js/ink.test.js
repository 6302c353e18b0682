import assert from "node:assert/strict";
import { test } from "node:test";

import { PEN, widthsOf } from "../../static/js/ink.js";

const line = (step, count, p) =>
  Array.from({ length: count }, (_, i) => ({ x: step * i, y: 0, t: 10 * i, ...(p && { p }) }));

test("fast ink is thinner than slow ink, within bounds", () => {
  const widths = [2, 20, 40, 4000].map((step) => widthsOf(line(step, 200)).at(-1));
  assert.deepEqual(widths, [...widths].sort((a, b) => b - a));
  assert.ok(widths[0] > PEN && widths[0] < 1.4 * PEN);
  assert.ok(widths.at(-1) < PEN && widths.at(-1) > PEN / 2);
});

test("a pen with pressure sets the width, however fast it is", () => {
  const [light, firm] = [0.1, 0.9].map((p) => widthsOf(line(20, 50, p)).at(-1));
  assert.ok(light < PEN && firm > PEN);
  assert.equal(widthsOf(line(400, 50, 0.9)).at(-1), firm);
});

test("the width changes gradually where the speed jumps", () => {
  const slow = line(3, 40);
  const last = slow.at(-1);
  const fast = Array.from({ length: 9 }, (_, i) => ({ x: last.x + 10 * (i + 1), y: 0, t: last.t + i + 1 }));
  const widths = widthsOf([...slow, ...fast]);
  for (let i = 1; i < widths.length; i++) assert.ok(Math.abs(widths[i] - widths[i - 1]) <= 2);
  assert.ok(widths.at(-1) < widths[39]);
});

test("a growing stroke has the widths of the whole stroke", () => {
  const whole = line(30, 30);
  const growing = [];
  for (const point of whole) {
    growing.push(point);
    widthsOf(growing);
  }
  assert.deepEqual(widthsOf(growing), widthsOf(whole));
});

test("points at one moment or one place have a width", () => {
  const here = { x: 5, y: 5, t: 0 };
  assert.ok(widthsOf([here, { ...here, x: 500 }, { ...here }]).every(Number.isFinite));
});
