// An answer in words.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Words, oneLine } from "../../static/js/words.js";

const json = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url)));
const wordsOf = (language) => new Words(json(`../../webapp/site/texts/${language}.json`).words);
const words = wordsOf("en");

/** An answer of the API, as far as words need it. */
function answerOf({ is_digit, alternatives, signs = 0, ignored = 0, ...rest }) {
  return {
    ...rest,
    digits: is_digit.map((share) => ({ is_digit: share })),
    alternatives: alternatives.map(([text, confidence]) => ({ text, confidence })),
    signs: Array(signs).fill({ sign: "-" }),
    ignored: Array(ignored).fill({}),
  };
}

// The words that webapp/site/words.py is held to as well.
for (const { name, language = "en", answer, ...said } of json("../words.json")) {
  test(name, () => {
    const its = wordsOf(language);
    const whole = answerOf(answer);
    assert.equal(its.sentence(whole), said.sentence);
    assert.equal(its.detail(whole), said.detail);
    const others = its.others(whole).map((o) => `${o.text} ${its.percent(o.confidence)}`);
    assert.deepEqual(others, said.others);
  });
}

test("an answer is announced once, with everything in it", () => {
  const answer = answerOf({
    status: "ok", text: "407\n12", confidence: 0.98, is_digit: [1, 1, 1, 1, 1],
    alternatives: [["401\n12", 0.02]],
  });
  assert.equal(
    words.announcement(answer),
    "Looks like 407, 12. Confidence: 98%. Or 401, 12 (2%).",
  );
});

test("signs are heard by their names, which screen readers would leave out", () => {
  const answer = answerOf({
    status: "ok", text: "-12.50", confidence: 0.98, is_digit: [1, 1, 1, 1], signs: 2,
    alternatives: [["-12,50", 0.02]],
  });
  assert.equal(
    words.announcement(answer),
    "Looks like minus 12 point 50. Confidence: 98%. Or minus 12 comma 50 (2%).",
  );
  assert.equal(answer.text, "-12.50");
  assert.equal(words.heard("23/11\n5%"), "23 slash 11, 5 percent");
  assert.equal(wordsOf("de").heard("(-4)"), "Klammer auf minus 4 Klammer zu");
});

test("every sign has a name in every language", () => {
  for (const language of ["en", "es", "de", "ar"]) {
    for (const sign of ".,-+/:%()=$#") {
      assert.notEqual(wordsOf(language).sign(sign), sign, `${sign} in ${language}`);
    }
  }
});

test("what is no number is announced with its hint alone", () => {
  const answer = answerOf({
    status: "not_a_number", text: "", confidence: 0.9, is_digit: [0.1], alternatives: [["8", 0.1]],
  });
  assert.equal(
    words.announcement(answer),
    "This doesn’t look like a number. Best guess: 8.",
  );
});

test("a problem has its own words, else the server's, else plain ones", () => {
  assert.equal(words.problem({ status: 413, message: "x" }), words.say("problem_413"));
  assert.equal(words.problem({ name: "heic" }), words.say("problem_heic"));
  assert.equal(words.problem({ status: 418, message: "A teapot." }), "A teapot.");
  assert.equal(words.problem({ status: 418 }), words.say("problem_server"));
});

test("a percentage has no decimals; German has a space before its sign", () => {
  assert.equal(words.percent(0), "0%");
  assert.equal(words.percent(0.12345), "12%");
  assert.equal(words.percent(1), "100%");
  assert.equal(wordsOf("de").percent(0.5), "50\u00a0%");
});

test("what is not certain is not said to be", () => {
  assert.equal(words.percent(0.9999), "99%");
});

test("lines become one", () => {
  assert.equal(oneLine("1\n2\n3"), "1; 2; 3");
});

test("what the visitor says is said back, with what was read", () => {
  const read = answerOf({ status: "ok", text: "-12", confidence: 0.9, is_digit: [1, 1], alternatives: [["-72", 0.1]] });
  const said = { ...read, text: "-72", read };
  assert.equal(words.announcement(said), "You said minus 72. Read as minus 12.");
  assert.deepEqual([words.sentence(said), words.detail(said)], ["You said -72.", "Read as -12."]);
  const none = { ...read, status: "not_a_number", text: "", read };
  assert.equal(words.announcement(none), "You said this is not a number. Read as minus 12.");
  assert.equal(words.detail({ ...said, read: none }), "Read as not a number.");
});
