// The drawing: its history, and what is sent of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Drawing, MOST_POINTS, MOST_STROKES, boxAt, fromColumns, placed, viewOf,
} from "../../static/js/strokes.js";

const SURFACE = { width: 1400, height: 1000 };

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
  const both = drawing.toRequest(SURFACE);

  assert.equal(drawing.undo(), true);
  assert.equal(drawing.strokes.length, 1);
  assert.equal(drawing.undo(), true);
  assert.equal(drawing.isEmpty, true);
  assert.equal(drawing.canUndo, false);

  assert.equal(drawing.redo(), true);
  assert.equal(drawing.redo(), true);
  assert.deepEqual(drawing.toRequest(SURFACE), both);
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
  const before = drawing.toRequest(SURFACE);
  drawing.clear();
  drawing.begin(at(1, 1));
  drawing.extend(at(2, 2));
  drawing.undo();
  drawing.undo();
  assert.deepEqual(drawing.toRequest(SURFACE), before);
});

test("where there is nothing to change, nothing changes and the history does not grow", () => {
  const drawing = new Drawing();
  assert.equal(drawing.clear(), false);
  assert.equal(drawing.undo(), false);
  assert.equal(drawing.redo(), false);
  assert.equal(drawing.canUndo, false);
});

test("the request has a column per quantity and the pad's size", () => {
  const drawing = new Drawing();
  drawing.begin(at(10, 20, 1000));
  drawing.extend(at(30, 40, 1008));
  drawing.begin(at(50, 60, 1500));
  assert.deepEqual(drawing.toRequest(SURFACE), {
    strokes: [
      { x: [10, 30], y: [20, 40], t: [0, 8] },
      { x: [50], y: [60], t: [500] },
    ],
    width: 1400,
    height: 1000,
  });
});

test("the request rounds to whole units and milliseconds", () => {
  const drawing = new Drawing();
  drawing.begin(at(1 / 3, 2 / 3, 0.1));
  drawing.extend(at(100.006, 0.004, 16.7666));
  assert.deepEqual(drawing.toRequest(SURFACE).strokes, [{ x: [0, 100], y: [1, 0], t: [0, 17] }]);
});

test("the request of an empty drawing has no strokes", () => {
  assert.deepEqual(new Drawing().toRequest(SURFACE).strokes, []);
});

test("a dot is a stroke of one point", () => {
  const drawing = new Drawing();
  drawing.begin(at(500, 500));
  assert.equal(drawing.isEmpty, false);
  assert.deepEqual(drawing.toRequest(SURFACE).strokes, [{ x: [500], y: [500], t: [0] }]);
});

test("a point at the very same place adds nothing, even later", () => {
  const drawing = new Drawing();
  drawing.begin(at(500, 500, 0));
  drawing.extend(at(500, 500, 50));
  drawing.extend(at(500, 501, 60));
  drawing.extend(at(500, 501, 70));
  drawing.extend(at(500, 500, 80));
  assert.deepEqual(drawing.toRequest(SURFACE).strokes, [
    { x: [500, 500, 500], y: [500, 501, 500], t: [0, 60, 80] },
  ]);
});

test("pressure is sent of strokes that have it", () => {
  const drawing = new Drawing();
  drawing.begin({ ...at(0, 0), p: 0.25 });
  drawing.extend(at(10, 0));
  drawing.begin(at(20, 0));
  assert.deepEqual(drawing.toColumns().map(({ p }) => p), [[0.25, 0.5], undefined]);
});

test("the rubber takes the strokes away that it comes near to, also between their points", () => {
  const drawing = drawn(ONE, DASH, [[0, 0], [10, 10]]);
  assert.equal(drawing.erase(at(100, 100), 20), false);
  assert.equal(drawing.erase(at(515, 300), 20), true);
  assert.deepEqual(drawing.strokes.map((stroke) => stroke[0]), [at(300, 500), at(0, 0)]);
  assert.equal(drawing.erase(at(5, 5), 1, true), true);
  assert.equal(drawing.strokes.length, 1);
});

test("a movement of the rubber over several strokes is undone at once", () => {
  const drawing = drawn(ONE, DASH);
  drawing.erase(at(500, 200), 10);
  drawing.erase(at(310, 500), 10, true);
  assert.equal(drawing.isEmpty, true);
  drawing.undo();
  assert.equal(drawing.strokes.length, 2);
});

test("strokes in the place of all are one change", () => {
  const drawing = drawn(ONE, DASH);
  drawing.replace([[at(1, 1)]]);
  assert.equal(drawing.strokes.length, 1);
  drawing.undo();
  assert.equal(drawing.strokes.length, 2);
});

test("lent strokes leave the own ones and their history as they were", () => {
  const drawing = drawn(ONE, DASH);
  drawing.lend([[at(1, 1)]]);
  drawing.lend([[at(2, 2)]]);
  assert.deepEqual(drawing.toColumns(), [{ x: [2], y: [2], t: [0] }]);
  drawing.giveBack();
  drawing.giveBack();
  assert.equal(drawing.strokes.length, 2);
  drawing.undo();
  assert.equal(drawing.strokes.length, 1);
  assert.equal(drawing.undo() && drawing.canUndo, false);
});

test("a drawing that was kept comes back, and time goes on from there", () => {
  const drawing = drawn(ONE);
  drawing.begin(at(1, 2, 700));
  const kept = JSON.parse(JSON.stringify(drawing.toColumns()));
  const again = new Drawing();
  again.replace(fromColumns(kept));
  assert.deepEqual(again.toColumns(), kept);
  again.begin(at(5, 5, 3));
  again.extend(at(9, 9, 10));
  assert.deepEqual(again.toColumns()[2].t, [1200, 1207]);
});

test("what is no drawing is not taken for one", () => {
  assert.equal(fromColumns(null), null);
  assert.equal(fromColumns([{ x: [1], y: ["a"], t: [0] }]), null);
  assert.equal(fromColumns([{ x: [], y: [], t: [] }]), null);
});

test("a drawing is full at what the interface takes", () => {
  const many = new Drawing();
  for (let i = 0; i < MOST_STROKES; i++) many.begin(at(i, i));
  assert.equal(many.isFull, true);
  many.undo();
  assert.equal(many.isFull, false);

  const long = new Drawing();
  long.begin(at(0, 0));
  for (let i = 1; i < MOST_POINTS + 10; i++) long.extend(at(i, 0));
  assert.equal(long.isFull, true);
  assert.equal(long.strokes[0].length, MOST_POINTS);
});

test("the view has the pad's height, and more where ink would not fit", () => {
  assert.deepEqual(viewOf(1.4, { right: 0, bottom: 0 }), { width: 1400, height: 1000 });
  assert.deepEqual(viewOf(1, { right: 1400, bottom: 900 }), { width: 1400, height: 1400 });
  assert.deepEqual(viewOf(2, { right: 0, bottom: 1200 }), { width: 2400, height: 1200 });
});

test("a box is placed in percent, within the surface", () => {
  const surface = { width: 200, height: 100 };
  const box = { x: 20, y: 5, width: 40, height: 90 };
  assert.deepEqual(placed(box, surface), { left: 10, top: 5, width: 20, height: 90 });
  assert.deepEqual(placed(box, surface, 10), { left: 5, top: 0, width: 30, height: 100 });
});

test("of boxes over each other the smallest is pointed at", () => {
  const boxes = [
    { x: 0, y: 0, width: 100, height: 100 },
    { x: 10, y: 10, width: 10, height: 10 },
  ];
  assert.equal(boxAt(boxes, at(12, 12)), 1);
  assert.equal(boxAt(boxes, at(50, 50)), 0);
  assert.equal(boxAt(boxes, at(150, 50)), -1);
  assert.equal(boxAt(boxes, at(103, 50), 5), 0);
});
