// The drawing as a picture that is written again and again. Pure: no DOM.

import { pathOf, svgOf } from "./share.js";
import { timesOf } from "./shared.js";

/** All of the ink stays this long, in ms. */
const PAUSE = 2000;

/** Of strokes without times, in units of the pad a ms: as fast as the examples. */
const SPEED = 2;

/** Who wants no motion sees all of the ink: without dashes, their offset moves nothing. */
const STILL = "<style>@media (prefers-reduced-motion: reduce) { g { stroke-dasharray: none } }</style>";

/**
 * The drawing as an SVG file that draws it stroke by stroke. A stroke is one dash of length 1. It
 * slides in from behind its start, and is all there where a program shows no motion.
 */
export function toReplay(strokes) {
  const times = timesOf(timed(strokes));
  const end = times.at(-1).at(-1) + PAUSE;
  const share = (time) => Number((time / end).toFixed(4));
  const paths = strokes.map((stroke, i) => {
    const keys = [0, share(times[i][0]), share(times[i].at(-1)), 1].join(";");
    // A dot has a length, too: without one, it has no dashes.
    return `<path d="${pathOf(stroke)}h.1" pathLength="1">
<animate attributeName="stroke-dashoffset" values="1.5;1;0;0" keyTimes="${keys}" dur="${Math.round(end)}ms" repeatCount="indefinite"/>
</path>`;
  });
  return svgOf(strokes, [STILL, ...paths], ' stroke-dasharray="1 2"');
}

/** Strokes with their own times, or, where they have none, as long as their way is. */
function timed(strokes) {
  const points = strokes.flat();
  let last = points[0];
  if (points.some(({ t }) => t !== last.t)) return strokes;
  let t = 0;
  const at = (point) => {
    t += Math.hypot(point.x - last.x, point.y - last.y) / SPEED;
    last = point;
    return { ...point, t };
  };
  return strokes.map((stroke) => stroke.map(at));
}
