// An answer without some of its digits.

import assert from "node:assert/strict";
import { test } from "node:test";

import { without } from "../../static/js/answer.js";

/** 12 over 3; each digit with its box, how sure it is, and how sure that it is one. */
function answerOf(changes = {}, thirdIsDigit = 1) {
  const digit = (value, line, confidence, is_digit) => ({
    digit: value, line, confidence, is_digit, box: `box ${value}`,
  });
  return {
    text: "12\n3", lines: ["12", "3"], status: "ok", confidence: 0.4,
    digits: [digit(1, 0, 0.8, 1), digit(2, 0, 0.5, null), digit(3, 1, 0.9, thirdIsDigit)],
    ignored: ["dust"], alternatives: [{ text: "72\n3", confidence: 0.1 }],
    ...changes,
  };
}

test("a digit is taken out of the text, and its ink is among what is left out", () => {
  const left = without(answerOf(), 0);
  assert.equal(left.text, "2\n3");
  assert.deepEqual(left.lines, ["2", "3"]);
  assert.deepEqual(left.ignored, ["dust", "box 1"]);
  assert.deepEqual(left.alternatives, []);
  assert.equal(left.status, "ok");
  assert.ok(Math.abs(left.confidence - 0.45) < 1e-9);
});

test("a line goes with its last digit", () => {
  const left = without(without(answerOf(), 1), 0);
  assert.equal(left.text, "3");
  assert.deepEqual(left.digits.map(({ line }) => line), [0]);
});

test("without what was no digit, the rest is a guess", () => {
  const none = { status: "not_a_number", text: "", lines: [], confidence: 0.9 };
  const left = without(answerOf(none, 0.1), 2);
  assert.equal(left.text, "12");
  assert.equal(left.status, "unsure");
  assert.ok(Math.abs(left.confidence - 0.4) < 1e-9);
});

test("as long as something is no digit, there is no number", () => {
  const none = { status: "not_a_number", text: "", lines: [], confidence: 0.9 };
  const left = without(answerOf(none, 0.1), 0);
  assert.equal(left.text, "");
  assert.equal(left.status, "not_a_number");
});

/** -4.2 over 5%, of symbols that say their place. */
function signedAnswer() {
  const place = (line, index) => ({ line, index, confidence: 0.9, box: `box ${line} ${index}` });
  const digit = (value, line, index) => ({ digit: value, is_digit: 1, ...place(line, index) });
  const sign = (value, line, index) => ({ sign: value, ...place(line, index) });
  return {
    text: "-4.2\n5%", lines: ["-4.2", "5%"], status: "ok", confidence: 0.5,
    digits: [digit(4, 0, 1), digit(2, 0, 3), digit(5, 1, 0)],
    signs: [sign("-", 0, 0), sign(".", 0, 2), sign("%", 1, 1)],
    ignored: [], alternatives: [],
  };
}

test("signs stay in their place around a digit that goes", () => {
  const left = without(signedAnswer(), 0);
  assert.deepEqual(left.lines, ["-.2", "5%"]);
  assert.deepEqual(left.signs.map(({ index }) => index), [0, 1, 1]);
  assert.deepEqual(left.digits.map(({ index }) => index), [2, 0]);
  assert.ok(Math.abs(left.confidence - 0.9 ** 5) < 1e-9);
});

test("signs go with the last digit of their line", () => {
  const left = without(without(signedAnswer(), 0), 0);
  assert.equal(left.text, "5%");
  assert.deepEqual(left.signs.map(({ sign, line, index }) => [sign, line, index]), [["%", 0, 1]]);
  assert.deepEqual(left.ignored, ["box 0 1", "box 0 3", "box 0 0", "box 0 2"]);
});

test("the answer that was there before stays as it was", () => {
  const before = answerOf();
  without(before, 0);
  assert.deepEqual(before, answerOf());
});
