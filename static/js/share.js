// The drawing and its question for elsewhere. Pure: no DOM.

import { PEN } from "./ink.js";

/** The colour of ink in a file: there is no dark mode for it. */
export const INK = "#1a2133";

/** The drawing as an SVG file, cut to its ink. */
export function toSvg(strokes) {
  return svgOf(strokes, strokes.map((stroke) => `  <path d="${pathOf(stroke)}"/>`));
}

/** Paths of strokes as an SVG file; `attributes` are for all paths. */
export function svgOf(strokes, paths, attributes = "") {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${viewBoxOf(strokes)}">
<g fill="none" stroke="${INK}" stroke-width="${PEN}" stroke-linecap="round" stroke-linejoin="round"${attributes}>
${paths.join("\n")}
</g>
</svg>
`;
}

/** Where the ink lies, as the `viewBox` of an SVG. */
export function viewBoxOf(strokes) {
  const { left, top, width, height } = boundsOf(strokes);
  return `${left} ${top} ${width} ${height}`;
}

/** Where the ink lies, as wide as the pen is, in whole units. */
export function boundsOf(strokes) {
  const points = strokes.flat();
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const left = Math.floor(Math.min(...xs) - PEN);
  const top = Math.floor(Math.min(...ys) - PEN);
  const width = Math.ceil(Math.max(...xs) + PEN) - left;
  const height = Math.ceil(Math.max(...ys) + PEN) - top;
  return { left, top, width, height };
}

/** A stroke as the `d` of a path; curves from midpoint to midpoint, as on the pad. */
export function pathOf(stroke) {
  const at = ({ x, y }) => `${tenth(x)} ${tenth(y)}`;
  const [first, ...rest] = stroke;
  if (rest.length === 0) return `M${at(first)}h0`;
  const curves = rest.slice(0, -1).map((point, i) => {
    const next = rest[i + 1];
    return `Q${at(point)} ${at({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  });
  return `M${at(first)}${curves.join("")}L${at(rest.at(-1))}`;
}

/** The command that asks the interface the same; a picture is named, not included. */
export function toCurl(origin, body, fileName) {
  if (fileName) {
    // Quoted twice: for curl, to which "," and ";" mean something, and for the shell.
    const name = fileName.replace(/["\\]/g, "\\$&").replaceAll("'", `'\\''`);
    return `curl -s '${origin}/api/v1/predict/image' -F 'image=@"${name}"'`;
  }
  return `curl -s '${origin}/api/v1/predict/strokes' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}

function tenth(value) {
  return Math.round(value * 10) / 10;
}
