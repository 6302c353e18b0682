// Drawings as text: in a link's fragment, and in what the browser keeps. Pure: no DOM.

import { LONGEST, MOST_POINTS, MOST_STROKES, fromColumns } from "./strokes.js";

/** Characters that messengers still take as one link. */
export const MOST_LINK = 8000;

/** A short link may inflate a thousandfold: what lies beyond is not read, in bytes. */
export const MOST_BYTES = 2 ** 20;

/** A fragment's start; then the version of the format, and whether it is plain or deflated. */
const NAME = "#drawing=";
const PLAIN = "1p";
const DEFLATED = "1z";

/** The columns of a stroke, and the parts of a unit: pressure is kept in percent. */
const PARTS = { x: 1, y: 1, t: 1, p: 100 };
const NAMES = Object.keys(PARTS);

/** Columns, as `Drawing.toColumns` gives them, as whole steps from one value to the next. */
export function toText(columns) {
  const last = { x: 0, y: 0, t: 0, p: 0 };
  const step = (name) => (value) => -last[name] + (last[name] = Math.round(value * PARTS[name]));
  const steps = (stroke) => Object.keys(stroke).map((name) => stroke[name].map(step(name)));
  return JSON.stringify(columns.map(steps));
}

/** The strokes of a text, within the bounds of the pad; null where it is damaged. */
export function fromText(text) {
  const last = { x: 0, y: 0, t: 0, p: 0 };
  const value = (name) => (step) => {
    const now = (last[name] += step);
    hold(Number.isInteger(now) && now >= 0 && now <= (name === "p" ? PARTS.p : LONGEST));
    return now / PARTS[name];
  };
  let points = 0;
  const columnsOf = (steps) => {
    points += steps[0].length;
    hold(points <= MOST_POINTS && steps.length >= 3 && steps.length <= NAMES.length);
    hold(steps.every(({ length }) => length === steps[0].length));
    return Object.fromEntries(steps.map((each, i) => [NAMES[i], each.map(value(NAMES[i]))]));
  };
  try {
    const strokes = JSON.parse(text);
    hold(strokes.length > 0 && strokes.length <= MOST_STROKES);
    return fromColumns(strokes.map(columnsOf));
  } catch {
    return null;
  }
}

/** A drawing as the fragment of a link: no browser sends that to a server. */
export async function toFragment(columns) {
  const bytes = new TextEncoder().encode(toText(columns));
  try {
    return NAME + DEFLATED + toBase64(await through(new CompressionStream("deflate-raw"), bytes));
  } catch {
    // Browsers before 2023 have no such stream.
    return NAME + PLAIN + toBase64(bytes);
  }
}

/** The strokes of a fragment; null where it is damaged, undefined where it is some anchor. */
export async function fromFragment(fragment) {
  if (!fragment.startsWith(NAME)) return undefined;
  const kind = fragment.slice(NAME.length, NAME.length + 2);
  try {
    hold(fragment.length <= MOST_LINK && (kind === PLAIN || kind === DEFLATED));
    let bytes = fromBase64(fragment.slice(NAME.length + 2));
    if (kind === DEFLATED) bytes = await through(new DecompressionStream("deflate-raw"), bytes);
    return fromText(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Bytes through a stream that deflates or inflates. */
async function through(stream, bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value);
    size += value.length;
    if (size > MOST_BYTES) await reader.cancel();
    hold(size <= MOST_BYTES);
  }
}

function hold(fine) {
  if (!fine) throw new RangeError();
}

function toBase64(bytes) {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
