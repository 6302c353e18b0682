// Which ink speaks for a digit, and where.

import assert from "node:assert/strict";
import { test } from "node:test";

import { sharesOf, strongestPart } from "../../static/js/evidence.js";

/** Evidence of 28 rows with these values: [x, y, value]. */
function evidenceOf(...values) {
  const rows = Array.from({ length: 28 }, () => new Array(28).fill(0));
  for (const [x, y, value] of values) rows[y][x] = value;
  return rows;
}

test("the strongest evidence has a share of 1, for or against", () => {
  const shares = sharesOf(evidenceOf([5, 5, 1], [9, 9, -4]));
  assert.equal(shares[5][5], 0.25);
  assert.equal(shares[9][9], -1);
});

test("weak evidence stays weak", () => {
  assert.ok(Math.abs(sharesOf(evidenceOf([5, 5, 0.02]))[5][5] - 0.1) < 1e-9);
});

test("no evidence has no share", () => {
  assert.deepEqual(sharesOf(evidenceOf()), evidenceOf());
});

test("each part is found, the outermost pixels too", () => {
  const middles = [7, 14, 21];
  middles.forEach((y, row) => {
    middles.forEach((x, column) => {
      assert.equal(strongestPart(evidenceOf([x, y, 1])), 3 * row + column);
    });
  });
  assert.equal(strongestPart(evidenceOf([0, 0, 1])), 0);
  assert.equal(strongestPart(evidenceOf([27, 27, 1])), 8);
});

test("the part with the largest sum wins over the one with the largest value", () => {
  assert.equal(strongestPart(evidenceOf([5, 5, 3], [20, 20, 2], [21, 20, 2])), 8);
});

test("what speaks against has a part of its own", () => {
  const evidence = evidenceOf([5, 5, 3], [20, 5, -1]);
  assert.equal(strongestPart(evidence), 0);
  assert.equal(strongestPart(evidence, -1), 2);
});

test("where nothing is notable there is no part", () => {
  assert.equal(strongestPart(evidenceOf([5, 5, 0.1])), null);
  assert.equal(strongestPart(evidenceOf([5, 5, 3]), -1), null);
});
