// An answer in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { detail, percent, sentence, tooLarge } from "../../static/js/words.js";

/** An answer of the API, as far as words need it. */
const answer = (changes) => ({
  status: "ok",
  text: "7",
  confidence: 0.9712,
  alternatives: [],
  ...changes,
});

const other = (text, confidence) => ({ text, confidence });

test("an answer says what it looks like", () => {
  assert.equal(sentence(answer()), "This looks like a 7.");
});

test("an eight takes another article", () => {
  assert.equal(sentence(answer({ text: "8" })), "This looks like an 8.");
});

test("an unsure answer is said carefully", () => {
  assert.equal(sentence(answer({ status: "unsure" })), "This could be a 7.");
});

test("no ink is said, and nothing is said to be sure", () => {
  const empty = answer({ status: "empty", text: "", confidence: 1 });
  assert.equal(sentence(empty), "There is no ink to read.");
  assert.match(detail(empty), /more contrast may help/);
});

test("ink that is no digit is said, and nothing is said to be sure", () => {
  const scribble = answer({ status: "not_a_number", text: "" });
  assert.equal(sentence(scribble), "This does not look like a digit.");
  assert.equal(detail(scribble), "");
});

test("a reading of little confidence is a guess", () => {
  assert.equal(sentence(answer({ confidence: 0.59 })), "This could be a 7.");
  assert.equal(sentence(answer({ confidence: 0.6 })), "This looks like a 7.");
});

test("a file that is too large is told its size and the bound", () => {
  const message = tooLarge(13 * 2 ** 20, 12 * 2 ** 20);
  assert.equal(message, "This picture has 13.0\u00a0MB; at most 12.0\u00a0MB can be read.");
});

test("the detail says how sure the answer is", () => {
  assert.equal(detail(answer()), "97.1\u00a0% sure.");
});

test("the detail names the others that are likely enough", () => {
  const alternatives = [other("1", 0.0188), other("9", 0.01), other("4", 0.0099)];
  assert.equal(
    detail(answer({ alternatives })),
    "97.1\u00a0% sure. Or 1 (1.9\u00a0%), 9 (1.0\u00a0%).",
  );
});

test("a percentage has one decimal, and its sign stays beside it", () => {
  assert.equal(percent(0), "0.0\u00a0%");
  assert.equal(percent(0.12345), "12.3\u00a0%");
  assert.equal(percent(1), "100.0\u00a0%");
});
