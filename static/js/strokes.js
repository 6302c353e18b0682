// The drawing as data: strokes are the truth, pixels are redrawn from them. Pure: no DOM.

/** Side of the pad in its own units, whatever size it is shown at. */
export const PAD_SIDE = 1000;

/** Points nearer than this would add nothing but bulk: a fast pen sends a thousand a second. */
const NEAREST = 0.5;

/** The interface takes no larger number, ms or other: times past a quarter of an hour stand still. */
const LONGEST = 1e6;

/**
 * @typedef {object} Point
 * @property {number} x   0 to PAD_SIDE, to the right
 * @property {number} y   0 to PAD_SIDE, downwards
 * @property {number} t   milliseconds on any clock
 */

/** A drawing with a history: every change, clearing too, can be undone. */
export class Drawing {
  /** @type {Point[][]} */
  #strokes = [];
  /** @type {Point[][][]} */
  #past = [];
  /** @type {Point[][][]} */
  #future = [];

  /** The strokes, oldest first; the last one may still be growing. */
  get strokes() {
    return this.#strokes;
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Start a stroke at a point. */
  begin(point) {
    this.#change([...this.#strokes, [point]]);
  }

  /** Add a point to the last stroke; one at hardly another place adds nothing. */
  extend(point) {
    const stroke = this.#strokes.at(-1);
    const last = stroke.at(-1);
    if (Math.hypot(last.x - point.x, last.y - point.y) >= NEAREST) stroke.push(point);
  }

  /** @returns {boolean} whether there was ink to take away */
  clear() {
    if (this.isEmpty) return false;
    this.#change([]);
    return true;
  }

  /** @returns {boolean} whether there was a change to take back */
  undo() {
    if (!this.canUndo) return false;
    this.#future.push(this.#strokes);
    this.#strokes = this.#past.pop();
    return true;
  }

  /** @returns {boolean} whether there was a change to make again */
  redo() {
    if (!this.canRedo) return false;
    this.#past.push(this.#strokes);
    this.#strokes = this.#future.pop();
    return true;
  }

  /** The body of POST /api/v1/predict/strokes. */
  toRequest() {
    const start = this.#strokes[0]?.[0].t ?? 0;
    return {
      strokes: this.#strokes.map((stroke) => ({
        x: stroke.map((point) => rounded(point.x)),
        y: stroke.map((point) => rounded(point.y)),
        t: stroke.map((point) => rounded(Math.min(point.t - start, LONGEST))),
      })),
      width: PAD_SIDE,
      height: PAD_SIDE,
      expect: "digit",
      glyphs: true,
    };
  }

  #change(strokes) {
    this.#past.push(this.#strokes);
    this.#future = [];
    this.#strokes = strokes;
  }
}

/** A hundredth of a unit is finer than any screen. */
function rounded(value) {
  return Math.round(value * 100) / 100;
}
