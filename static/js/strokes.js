// The drawing as data: strokes are the truth, pixels are redrawn from them. Pure: no DOM.

/** Height of the pad in its own units, whatever size it is shown at. Its width follows its shape. */
export const PAD_HEIGHT = 1000;

/** Points nearer than this would add nothing but bulk: a fast pen sends a thousand a second. */
const NEAREST = 0.5;

/** The interface takes no larger number, ms or other: times past a quarter of an hour stand still. */
export const LONGEST = 1e6;

/** The interface takes no more; what is drawn beyond that is not begun. */
export const MOST_STROKES = 500;
export const MOST_POINTS = 20000;

/** Between a drawing that was brought back and the next stroke, in ms. */
const PAUSE = 500;

/**
 * A drawing with a history: every change, clearing too, can be undone. A stroke is a list of points
 * `{x, y, t, p}`: pad units, ms on any clock, and the pressure, 0 to 1, where the device has it.
 */
export class Drawing {
  #strokes = [];
  #past = [];
  #future = [];
  #points = 0;
  /** The visitor's own strokes while others are shown, or null. */
  #own = null;
  /** Added to the clock of new points, so that no stroke comes before one that was brought back. */
  #shift = 0;

  /** The strokes, oldest first; the last one may still be growing. */
  get strokes() {
    return this.#strokes;
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  get isFull() {
    return this.#strokes.length >= MOST_STROKES || this.#points >= MOST_POINTS;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Start a stroke at a point. */
  begin(point) {
    const last = this.#strokes.at(-1)?.at(-1).t ?? -Infinity;
    if (point.t + this.#shift < last) this.#shift = last + PAUSE - point.t;
    this.#change([...this.#strokes, [this.#shifted(point)]]);
  }

  /** Add a point to the last stroke; one at hardly another place adds nothing. */
  extend(point) {
    const stroke = this.#strokes.at(-1);
    const last = stroke.at(-1);
    if (this.#points >= MOST_POINTS) return;
    if (Math.hypot(last.x - point.x, last.y - point.y) < NEAREST) return;
    stroke.push(this.#shifted(point));
    this.#points += 1;
  }

  /** Put other strokes in the place of all; one change. */
  replace(strokes) {
    this.#change(strokes);
  }

  /** Show other strokes, not to be changed and outside of the history, until `giveBack`. */
  lend(strokes) {
    this.#own ??= this.#strokes;
    this.#strokes = strokes;
  }

  /** The own strokes again. */
  giveBack() {
    this.#strokes = this.#own ?? this.#strokes;
    this.#own = null;
  }

  /** @returns {boolean} whether there was ink to take away */
  clear() {
    if (this.isEmpty) return false;
    this.#change([]);
    return true;
  }

  /**
   * Take away the strokes that pass within `radius` of a point.
   * @param {boolean} joined to the change before: a rubber that is moved over several
   * @returns {boolean} whether there was one
   */
  erase(point, radius, joined = false) {
    const left = this.#strokes.filter((stroke) => distance(stroke, point) > radius);
    if (left.length === this.#strokes.length) return false;
    if (joined) {
      this.#strokes = left;
      this.#count();
    } else {
      this.#change(left);
    }
    return true;
  }

  /** @returns {boolean} whether there was a change to take back */
  undo() {
    return this.#step(this.#past, this.#future);
  }

  /** @returns {boolean} whether there was a change to make again */
  redo() {
    return this.#step(this.#future, this.#past);
  }

  /** How far the ink goes: `{right, bottom}`; 0 without ink. */
  extent() {
    const most = (axis) => this.#strokes.flat().reduce((far, p) => Math.max(far, p[axis]), 0);
    return { right: most("x"), bottom: most("y") };
  }

  /** The body of POST /api/v1/predict/strokes; the surface in pad units. */
  toRequest(surface) {
    return { strokes: this.toColumns(), ...surface };
  }

  /** The strokes as columns of whole units, as a link has them: both are read from the same numbers. */
  toColumns() {
    const start = this.#strokes[0]?.[0].t ?? 0;
    return this.#strokes.map((stroke) => ({
      x: stroke.map((point) => Math.round(point.x)),
      y: stroke.map((point) => Math.round(point.y)),
      t: stroke.map((point) => Math.round(Math.min(point.t - start, LONGEST))),
      ...(stroke[0].p === undefined ? {} : { p: stroke.map(({ p = 0.5 }) => Math.round(100 * p) / 100) }),
    }));
  }

  #shifted(point) {
    return this.#shift ? { ...point, t: point.t + this.#shift } : point;
  }

  #step(from, to) {
    if (from.length === 0) return false;
    to.push(this.#strokes);
    this.#strokes = from.pop();
    this.#count();
    return true;
  }

  #change(strokes) {
    this.#past.push(this.#strokes);
    this.#future = [];
    this.#strokes = strokes;
    this.#count();
  }

  #count() {
    this.#points = this.#strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  }
}

/** Strokes from columns, as `toColumns` gives them; null where they are none. */
export function fromColumns(columns) {
  if (!Array.isArray(columns)) return null;
  const strokes = columns.map(({ x, y, t, p }) =>
    x.map((_, i) => ({ x: x[i], y: y[i], t: t[i], ...(p ? { p: p[i] } : {}) })),
  );
  const fine = strokes.every((s) => s.length && s.flatMap(Object.values).every(Number.isFinite));
  return fine ? strokes : null;
}

/**
 * What part of the plane a pad of this shape shows: all of its own height, and more where ink that
 * was drawn on a pad of another shape would not fit. The shape is the width divided by the height.
 */
export function viewOf(shape, { right, bottom }) {
  const height = Math.max(PAD_HEIGHT, bottom, right / shape);
  return { width: height * shape, height };
}

/** Where a box stands within a surface, in percent of it, a margin around it. */
export function placed(box, surface, margin = 0) {
  const left = Math.max(0, box.x - margin);
  const top = Math.max(0, box.y - margin);
  const right = Math.min(surface.width, box.x + box.width + margin);
  const bottom = Math.min(surface.height, box.y + box.height + margin);
  return {
    left: (100 * left) / surface.width,
    top: (100 * top) / surface.height,
    width: (100 * Math.max(0, right - left)) / surface.width,
    height: (100 * Math.max(0, bottom - top)) / surface.height,
  };
}

/** Index of the smallest box that a point lies in, or -1. */
export function boxAt(boxes, { x, y }, margin = 0) {
  let found = -1;
  let least = Infinity;
  boxes.forEach((box, index) => {
    const inside =
      x >= box.x - margin &&
      y >= box.y - margin &&
      x <= box.x + box.width + margin &&
      y <= box.y + box.height + margin;
    const area = (box.width + margin) * (box.height + margin);
    if (inside && area < least) [found, least] = [index, area];
  });
  return found;
}

/** From a point to the nearest part of a stroke. */
function distance(stroke, point) {
  let least = Infinity;
  stroke.forEach((end, i) => {
    const start = stroke[Math.max(0, i - 1)];
    const [dx, dy] = [end.x - start.x, end.y - start.y];
    const length = dx * dx + dy * dy;
    const along = length ? ((point.x - start.x) * dx + (point.y - start.y) * dy) / length : 0;
    const share = Math.min(Math.max(along, 0), 1);
    least = Math.min(
      least,
      Math.hypot(point.x - start.x - share * dx, point.y - start.y - share * dy),
    );
  });
  return least;
}
