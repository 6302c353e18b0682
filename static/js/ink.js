// Strokes as lines on a canvas: smooth, and only where they grew. They are wide where the pen was
// pressed or, without pressure, where it was slow.

/** Width of the pen in pad units. */
export const PEN = 17;

/** Pressure that devices without pressure report, such as a mouse. */
const PLAIN = 0.5;

/** Length over which the width follows the pressure or the speed, in pad units. */
const EASE = 150;

/** Widths at the points of each stroke. A growing stroke is measured once. */
const measured = new WeakMap();

/** Ready a context for strokes in a view: `{width, height}` in pad units. */
export function prepare(context, view, colour) {
  const { width, height } = context.canvas;
  context.setTransform(width / view.width, 0, 0, height / view.height, 0, 0);
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = context.fillStyle = colour;
}

/**
 * A stroke from its point number `from` on, as curves from midpoint to midpoint, so that no corners
 * show; its last half step, to the last point itself, is left to `drawTip`.
 */
export function drawFrom(context, stroke, from = 1) {
  const widths = widthsOf(stroke);
  if (from <= 1) drawDot(context, stroke[0], widths[0]);
  let width = null;
  for (let i = Math.max(1, from); i < stroke.length; i++) {
    const here = stroke[i - 1];
    const start = i === 1 ? here : midpoint(stroke[i - 2], here);
    const end = midpoint(here, stroke[i]);
    const [before, after] = [widths[Math.max(0, i - 2)], widths[i - 1]];
    // A step whose width changes is drawn in parts, by one unit each, so that no edges show.
    const parts = Math.max(1, Math.abs(after - before));
    for (let part = 1; part <= parts; part++) {
      const wanted = after - Math.sign(after - before) * (parts - part);
      // One path for as long as the width is the same.
      if (wanted !== width) {
        if (width !== null) context.stroke();
        context.lineWidth = width = wanted;
        context.beginPath();
        const first = onCurve(start, here, end, (part - 1) / parts);
        context.moveTo(first.x, first.y);
      }
      if (parts === 1) {
        context.quadraticCurveTo(here.x, here.y, end.x, end.y);
      } else {
        const last = onCurve(start, here, end, part / parts);
        context.lineTo(last.x, last.y);
      }
    }
  }
  if (width !== null) context.stroke();
}

/**
 * From the middle of the last step to the last point, and on to where the pen will probably be.
 * @returns {{left: number, top: number, right: number, bottom: number}} what was drawn over
 */
export function drawTip(context, stroke, predicted = []) {
  const last = stroke.at(-1);
  const points = [stroke.length > 1 ? midpoint(stroke.at(-2), last) : last, last, ...predicted];
  const widths = widthsOf(stroke);
  context.lineWidth = widths.at(-2) ?? widths[0]; // as wide as the ink it continues
  context.beginPath();
  context.moveTo(points[0].x, points[0].y);
  for (const point of points.slice(1)) context.lineTo(point.x, point.y);
  context.stroke();
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const margin = context.lineWidth;
  return {
    left: Math.min(...xs) - margin,
    top: Math.min(...ys) - margin,
    right: Math.max(...xs) + margin,
    bottom: Math.max(...ys) + margin,
  };
}

/** A whole stroke. */
export function drawWhole(context, stroke) {
  drawFrom(context, stroke);
  if (stroke.length > 1) drawTip(context, stroke);
}

/** A canvas draws no line without length, not even its round caps: a dot is a disc. */
function drawDot(context, point, width) {
  context.beginPath();
  context.arc(point.x, point.y, width / 2, 0, 2 * Math.PI);
  context.fill();
}

/** Widths at the points of a stroke, in whole pad units: a smaller change does not show. */
export function widthsOf(stroke) {
  const known = measured.get(stroke) ?? { eased: [], widths: [] };
  measured.set(stroke, known);
  for (let i = known.eased.length; i < stroke.length; i++) {
    const [point, before] = [stroke[i], stroke[Math.max(0, i - 1)]];
    const step = Math.hypot(point.x - before.x, point.y - before.y);
    const pressure = point.p ?? PLAIN;
    // People write some two units a millisecond.
    const speed = i ? step / Math.max(1, point.t - before.t) : 2;
    const wanted = pressure === PLAIN ? Math.max(0.6, 1.3 - 0.15 * speed) : 0.4 + 1.2 * pressure;
    const last = known.eased[i - 1] ?? wanted;
    known.eased.push(last + (wanted - last) * Math.min(1, step / EASE));
    known.widths.push(Math.round(PEN * known.eased[i]));
  }
  return known.widths;
}

/** The point of a quadratic curve at a share of its parameter. */
function onCurve(start, control, end, share) {
  const mixed = (name) =>
    (1 - share) ** 2 * start[name] + 2 * share * (1 - share) * control[name] + share ** 2 * end[name];
  return { x: mixed("x"), y: mixed("y") };
}

function midpoint(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
