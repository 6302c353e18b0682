// Corrections as a stroke file.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { gzipped, toLines } from "../../static/js/stroke-file.js";

test("each sample is a line of JSON: its label, its writer, its points", () => {
  const strokes = [[{ x: 1, y: 2, t: 0, p: 0.5 }, { x: 3, y: 4, t: 9, p: 0.5 }], [{ x: 5, y: 6, t: 20 }]];
  const lines = toLines([{ label: "1\n2", strokes }, { label: "7", strokes: strokes.slice(1) }]);
  assert.equal(
    lines,
    '{"label":"1\\n2","writer":"me","strokes":[[[1,2],[3,4]],[[5,6]]]}\n' +
      '{"label":"7","writer":"me","strokes":[[[5,6]]]}\n',
  );
});

test("the file is gzip", async () => {
  const file = await gzipped("“147”\n");
  assert.equal(gunzipSync(Buffer.from(await file.arrayBuffer())).toString(), "“147”\n");
});
