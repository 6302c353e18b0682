// An answer with some of its digits left out or corrected.

import assert from "node:assert/strict";
import { test } from "node:test";

import { asShown, columnsOf, corrected, recalled, rejected, without } from "../../static/js/edit.js";

/** 12 over 3; each digit with its box, how sure it is, and how sure that it is one. */
function answerOf(changes = {}, thirdIsDigit = 1) {
  const digit = (value, line, confidence, is_digit) => ({
    digit: value, line, confidence, is_digit, box: `box ${value}`, probabilities: [confidence],
  });
  return {
    text: "12\n3", lines: ["12", "3"], status: "ok", confidence: 0.4,
    digits: [digit(1, 0, 0.8, 1), digit(2, 0, 0.5, null), digit(3, 1, 0.9, thirdIsDigit)],
    ignored: ["dust"], alternatives: [{ text: "72\n3", confidence: 0.1 }],
    ...changes,
  };
}

test("a digit is shown as likely as it is a digit at all", () => {
  const letter = { digit: 4, confidence: 0.99, probabilities: [0.01, 0.99], is_digit: 0.01 };
  const shown = asShown(letter, 2);
  assert.deepEqual([shown.nth, shown.confidence], [2, 0.0099]);
  assert.deepEqual(shown.probabilities, [0.0001, 0.0099]);
  assert.equal(asShown({ ...letter, is_digit: null }, 0).confidence, 0.99);
});

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

test("a digit is corrected in its place, among signs and lines", () => {
  const said = corrected(signedAnswer(), 1, 7);
  assert.equal(said.text, "-4.7\n5%");
  assert.deepEqual(said.lines, ["-4.7", "5%"]);
  assert.equal(said.status, "ok");
  assert.deepEqual(said.digits.map(({ digit, read }) => [digit, read]), [[4, undefined], [7, 2], [5, undefined]]);
  assert.equal(said.read.text, "-4.2\n5%");
});

test("corrections add up, and what was read stays what was read", () => {
  const said = corrected(corrected(corrected(answerOf(), 0, 7), 0, 4), 2, 8);
  assert.equal(said.text, "42\n8");
  assert.equal(said.read.text, "12\n3");
  assert.deepEqual(said.alternatives, []);
});

test("saying what was read takes the correction back", () => {
  const before = answerOf();
  assert.equal(corrected(corrected(before, 0, 7), 0, 1), before);
  assert.equal(corrected(before, 0, 1), before);
});

test("what was taken for no number can be said to be one", () => {
  const none = answerOf({ status: "not_a_number", text: "", lines: [] }, 0.1);
  const said = corrected(none, 2, 3);
  assert.equal(said.text, "12\n3");
  assert.equal(said.read, none);
  assert.equal(rejected(said), none);
});

test("a number can be said to be none, and be a number again", () => {
  const before = answerOf();
  const said = rejected(corrected(before, 0, 7));
  assert.deepEqual([said.text, said.status, said.read], ["", "not_a_number", before]);
  assert.equal(rejected(said).text, "");
  assert.equal(corrected(said, 1, 6).text, "76\n3");
  assert.equal(corrected(said, 0, 1), before);
});

test("an answer is corrected again as it was before, where it has the same form", () => {
  const before = answerOf();
  assert.deepEqual(recalled(before, "72\n3"), corrected(before, 0, 7));
  assert.deepEqual(recalled(before, ""), rejected(before));
  for (const right of ["12\n3", "72", "7.2\n3", "x"]) assert.equal(recalled(before, right), before);
});

test("of a corrected number, a digit can be left out", () => {
  const left = without(corrected(answerOf(), 0, 7), 1);
  assert.equal(left.text, "7\n3");
  assert.equal(left.read.text, "1\n3");
});

test("strokes go with the digits that are left out, but for those that others share", () => {
  const strokes = (...all) => (digit, i) => ({ ...digit, strokes: all[i] });
  const answer = answerOf();
  answer.digits = answer.digits.map(strokes([0, 1], [1, 2], [4]));
  assert.deepEqual(columnsOf(answer, ["a", "b", "c", "dust", "e"]), ["a", "b", "c", "dust", "e"]);
  assert.deepEqual(columnsOf(without(answer, 0), ["a", "b", "c", "dust", "e"]), ["b", "c", "dust", "e"]);
});
