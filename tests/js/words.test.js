// An answer in words.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { detail, percent, sentence, tooLarge } from "../../static/js/words.js";

/** The words that webapp/words.py is held to as well. */
const CASES = JSON.parse(readFileSync(new URL("../words.json", import.meta.url)));

/** An answer of the API, as far as words need it. */
function answerOf({ is_digit, alternatives, ...rest }) {
  return {
    ...rest,
    digits: rest.status === "empty" ? [] : [{ is_digit }],
    alternatives: alternatives.map(([text, confidence]) => ({ text, confidence })),
  };
}

for (const { name, answer, sentence: said, detail: more } of CASES) {
  test(name, () => {
    assert.equal(sentence(answerOf(answer)), said);
    assert.equal(detail(answerOf(answer)), more);
  });
}

test("a file that is too large is told its size and the bound", () => {
  const message = tooLarge(13 * 2 ** 20, 12 * 2 ** 20);
  assert.equal(message, "This picture has 13.0\u00a0MB; at most 12.0\u00a0MB can be read.");
});

test("a percentage has one decimal, and its sign stays beside it", () => {
  assert.equal(percent(0), "0.0\u00a0%");
  assert.equal(percent(0.12345), "12.3\u00a0%");
  assert.equal(percent(1), "100.0\u00a0%");
});
