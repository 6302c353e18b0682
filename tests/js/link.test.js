// Drawings as text: what comes back, and what is refused.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_BYTES, MOST_LINK, fromFragment, fromText, toFragment, toText } from "../../static/js/link.js";
import { LONGEST, MOST_POINTS, MOST_STROKES } from "../../static/js/strokes.js";

const COLUMNS = [
  { x: [10.2, 20.6], y: [3, 4], t: [0, 16.67], p: [0.25, 0.5] },
  { x: [50], y: [0], t: [500] },
];

const STROKES = [
  [{ x: 10, y: 3, t: 0, p: 0.25 }, { x: 21, y: 4, t: 17, p: 0.5 }],
  [{ x: 50, y: 0, t: 500 }],
];

const base64 = (bytes) => Buffer.from(bytes).toString("base64url");

/** The fragment of a link with this text in it. */
async function deflated(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return `#drawing=1z${base64(await new Response(stream).arrayBuffer())}`;
}

/** The text of as many strokes as long. */
const many = (strokes, points) =>
  JSON.stringify(Array(strokes).fill(Array(3).fill(Array(points).fill(0))));

test("a drawing comes back from its text, in whole units", () => {
  assert.deepEqual(fromText(toText(COLUMNS)), STROKES);
});

test("what came back has the same text again", () => {
  const again = COLUMNS.map((_, i) => ({
    x: STROKES[i].map(({ x }) => x),
    y: STROKES[i].map(({ y }) => y),
    t: STROKES[i].map(({ t }) => t),
    ...(COLUMNS[i].p && { p: STROKES[i].map(({ p }) => p) }),
  }));
  assert.equal(toText(again), toText(COLUMNS));
});

test("a drawing comes back from a link that any address may hold", async () => {
  const fragment = await toFragment(COLUMNS);
  assert.match(fragment, /^#drawing=1z[\w-]+$/);
  assert.deepEqual(await fromFragment(fragment), STROKES);
});

test("a drawing comes back where nothing deflates", async (t) => {
  t.mock.method(globalThis, "CompressionStream", function () {
    throw new TypeError();
  });
  const fragment = await toFragment(COLUMNS);
  assert.match(fragment, /^#drawing=1p[\w-]+$/);
  assert.deepEqual(await fromFragment(fragment), STROKES);
});

test("a number of ordinary size fits a link", async () => {
  // Six digits, a second each, of a pen that tells its place and pressure 240 times a second.
  const at = Array.from({ length: 240 }, (_, i) => i);
  const digit = (_, nth) => ({
    x: at.map((i) => 150 + 200 * nth + 60 * Math.cos(i / 40) + Math.sin(i * 7)),
    y: at.map((i) => 500 + 200 * Math.sin(i / 31) + Math.sin(i * 5)),
    t: at.map((i) => 1300 * nth + 4.17 * i),
    p: at.map((i) => 0.5 + 0.2 * Math.sin(i / 20)),
  });
  const fragment = await toFragment(Array.from({ length: 6 }, digit));
  assert.ok(fragment.length < MOST_LINK / 2, String(fragment.length));
});

test("another fragment is no drawing", async () => {
  for (const fragment of ["", "#explain", "#drawing", "#Drawing=1z"]) {
    assert.equal(await fromFragment(fragment), undefined);
  }
});

test("a full drawing is taken, and one beyond that is not", () => {
  assert.equal(fromText(many(MOST_STROKES, 1)).length, MOST_STROKES);
  assert.equal(fromText(many(MOST_STROKES + 1, 1)), null);
  assert.equal(fromText(many(1, MOST_POINTS))[0].length, MOST_POINTS);
  assert.equal(fromText(many(2, MOST_POINTS / 2 + 1)), null);
});

for (const [name, text] of Object.entries({
  "no text": "",
  "no JSON": "[[[1",
  "no list": "{}",
  "a null": "null",
  "a number": "5",
  "a list of nothing": "[]",
  "a stroke of nothing": "[[]]",
  "strokes that are none": "[1,null]",
  "a stroke without points": "[[[],[],[]]]",
  "columns of different lengths": "[[[1,2],[1],[1,2]]]",
  "too few columns": "[[[1],[1]]]",
  "too many columns": "[[[1],[1],[1],[1],[1]]]",
  "a letter for a number": '[[["1"],[1],[1]]]',
  "a word for a column": '[["123","123","123"]]',
  "a length that is none": '[[{"length":1},[1],[1]]]',
  "NaN": "[[[NaN],[1],[1]]]",
  "a null for a number": "[[[0.5],[null],[1]]]",
  "a number too large for one": "[[[1e999],[1],[1]]]",
  "a half": "[[[0.5],[1],[1]]]",
  "ink to the left of the pad": "[[[-1],[1],[1]]]",
  "ink too far away": `[[[${LONGEST + 1}],[1],[1]]]`,
  "more pressure than there is": "[[[1],[1],[1],[101]]]",
  "lists in lists": "[".repeat(100000),
})) {
  test(`damaged: ${name}`, async () => {
    assert.equal(fromText(text), null);
    assert.equal(await fromFragment(await deflated(text)), null);
    assert.equal(await fromFragment(`#drawing=1p${base64(text)}`), null);
  });
}

test("damaged: what is no text of ours", async () => {
  const fragment = await toFragment(COLUMNS);
  for (const other of [
    "#drawing=", "#drawing=1", "#drawing=1z", "#drawing=1p", "#drawing=1z!", "#drawing=1p%41",
    "#drawing=1zAAAAA", fragment.slice(0, -3), fragment.replace("1z", "2z"),
    fragment.replace("1z", "1p"),
  ]) {
    assert.equal(await fromFragment(other), null, other);
  }
});

test("no damage of a link throws", async () => {
  const fragment = await toFragment(COLUMNS);
  for (let at = "#drawing=".length; at < fragment.length; at++) {
    for (const letter of ["A", "_", "~"]) {
      await fromFragment(fragment.slice(0, at) + letter + fragment.slice(at + 1));
    }
  }
});

test("a link that is too long is not looked at", async (t) => {
  const opened = t.mock.method(globalThis, "atob");
  assert.equal(await fromFragment(`#drawing=1p${"A".repeat(MOST_LINK)}`), null);
  assert.equal(opened.mock.callCount(), 0);
});

test("of a bomb no more is inflated than a drawing can have", async (t) => {
  const bomb = await deflated(many(1, 5).padEnd(4 * MOST_BYTES));
  assert.ok(bomb.length < MOST_LINK);
  let seen = 0;
  const Real = DecompressionStream;
  t.mock.method(globalThis, "DecompressionStream", function (format) {
    const real = new Real(format);
    const counter = new TransformStream({
      transform(part, controller) {
        seen += part.length;
        controller.enqueue(part);
      },
    });
    return { writable: real.writable, readable: real.readable.pipeThrough(counter) };
  });
  assert.equal(await fromFragment(bomb), null);
  assert.ok(seen > MOST_BYTES / 2 && seen < 2 * MOST_BYTES, String(seen));
  // Spaces are JSON, too: but for their number this is a drawing.
  assert.notEqual(await fromFragment(await deflated(many(1, 5).padEnd(MOST_BYTES - 100))), null);
});
