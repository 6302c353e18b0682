// The drawing: its history, and what is sent of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Drawing, PAD_SIDE } from "../../static/js/strokes.js";

const at = (x, y, t = 0) => ({ x, y, t });

/** A drawing of straight strokes, each given by its ends. */
function drawn(...strokes) {
  const drawing = new Drawing();
  for (const [from, to] of strokes) {
    drawing.begin(at(...from));
    drawing.extend(at(...to));
  }
  return drawing;
}

const ONE = [[500, 100], [500, 900]];
const DASH = [[300, 500], [700, 500]];

test("a new drawing is empty and has no history", () => {
  const drawing = new Drawing();
  assert.equal(drawing.isEmpty, true);
  assert.equal(drawing.canUndo, false);
  assert.equal(drawing.canRedo, false);
});

test("strokes come back in the order they were drawn", () => {
  const drawing = drawn(ONE, DASH);
  assert.deepEqual(drawing.strokes.map((stroke) => stroke[0]), [at(500, 100), at(300, 500)]);
});

test("undo takes strokes back one by one and redo makes them again", () => {
  const drawing = drawn(ONE, DASH);
  const both = drawing.toRequest();

  assert.equal(drawing.undo(), true);
  assert.equal(drawing.strokes.length, 1);
  assert.equal(drawing.undo(), true);
  assert.equal(drawing.isEmpty, true);
  assert.equal(drawing.canUndo, false);

  assert.equal(drawing.redo(), true);
  assert.equal(drawing.redo(), true);
  assert.deepEqual(drawing.toRequest(), both);
  assert.equal(drawing.canRedo, false);
});

test("clearing can be undone and redone", () => {
  const drawing = drawn(ONE, DASH);
  assert.equal(drawing.clear(), true);
  assert.equal(drawing.isEmpty, true);
  drawing.undo();
  assert.equal(drawing.strokes.length, 2);
  drawing.redo();
  assert.equal(drawing.isEmpty, true);
});

test("a new stroke after undo loses what could be redone", () => {
  const drawing = drawn(ONE);
  drawing.undo();
  drawing.begin(at(1, 1));
  assert.equal(drawing.canRedo, false);
  assert.equal(drawing.redo(), false);
  assert.deepEqual(drawing.strokes, [[at(1, 1)]]);
});

test("a stroke drawn after clearing leaves the cleared ones as they were", () => {
  const drawing = drawn(ONE);
  const before = drawing.toRequest();
  drawing.clear();
  drawing.begin(at(1, 1));
  drawing.extend(at(2, 2));
  drawing.undo();
  drawing.undo();
  assert.deepEqual(drawing.toRequest(), before);
});

test("where there is nothing to change, nothing changes and the history does not grow", () => {
  const drawing = new Drawing();
  assert.equal(drawing.clear(), false);
  assert.equal(drawing.undo(), false);
  assert.equal(drawing.redo(), false);
  assert.equal(drawing.canUndo, false);
});

test("the request has a column per quantity, the pad's size and the options", () => {
  const drawing = new Drawing();
  drawing.begin(at(10, 20, 1000));
  drawing.extend(at(30, 40, 1008));
  drawing.begin(at(50, 60, 1500));
  assert.deepEqual(drawing.toRequest(), {
    strokes: [
      { x: [10, 30], y: [20, 40], t: [0, 8] },
      { x: [50], y: [60], t: [500] },
    ],
    width: PAD_SIDE,
    height: PAD_SIDE,
    expect: "digit",
    glyphs: true,
  });
});

test("the request rounds to a hundredth of a unit and of a millisecond", () => {
  const drawing = new Drawing();
  drawing.begin(at(1 / 3, 2 / 3, 0.1));
  drawing.extend(at(100.006, 0.004, 16.7666));
  assert.deepEqual(drawing.toRequest().strokes, [{ x: [0.33, 100.01], y: [0.67, 0], t: [0, 16.67] }]);
});

test("the request of an empty drawing has no strokes", () => {
  assert.deepEqual(new Drawing().toRequest().strokes, []);
});

test("a dot is a stroke of one point", () => {
  const drawing = new Drawing();
  drawing.begin(at(500, 500));
  assert.equal(drawing.isEmpty, false);
  assert.deepEqual(drawing.toRequest().strokes, [{ x: [500], y: [500], t: [0] }]);
});

test("a point at the very same place adds nothing, even later", () => {
  const drawing = new Drawing();
  drawing.begin(at(500, 500, 0));
  drawing.extend(at(500, 500, 50));
  drawing.extend(at(500, 501, 60));
  drawing.extend(at(500, 501, 70));
  drawing.extend(at(500, 500, 80));
  assert.deepEqual(drawing.toRequest().strokes, [
    { x: [500, 500, 500], y: [500, 501, 500], t: [0, 60, 80] },
  ]);
});
