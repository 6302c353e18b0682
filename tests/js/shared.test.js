// When a replay draws what.

import assert from "node:assert/strict";
import { test } from "node:test";

import { timesOf } from "../../static/js/shared.js";

const at = (...times) => times.map((t) => ({ x: 0, y: 0, t }));

test("a replay is as fast as the hand was", () => {
  assert.deepEqual(timesOf([at(0, 10, 30), at(330, 340)]), [[0, 10, 30], [330, 340]]);
});

test("a replay does not wait where the hand did", () => {
  assert.deepEqual(timesOf([at(0, 10), at(60000)]), [[0, 10], [510]]);
});

test("a replay is over after six seconds", () => {
  const times = timesOf([at(...Array.from({ length: 101 }, (_, i) => 200 * i))]);
  assert.equal(times[0].at(-1), 6000);
  assert.equal(times[0][50], 3000);
});

test("a replay of a dot, and of times that go back, has an end", () => {
  assert.deepEqual(timesOf([at(0)]), [[0]]);
  assert.deepEqual(timesOf([at(50, 20, 30)]), [[50, 50, 60]]);
});
