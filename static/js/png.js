// The drawing as a picture file.

import { drawWhole, prepare } from "./ink.js";
import { ofText } from "./picture.js";
import { INK, boundsOf } from "./share.js";

/** Of the longer side, in pixels: sharp on paper, too. */
const LONGER = 1600;

/** The drawing as a PNG file, cut to its ink, on white. */
export function toPng(strokes) {
  const { left, top, width, height } = boundsOf(strokes);
  const scale = LONGER / Math.max(width, height);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * scale, height * scale].map(Math.round);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  prepare(context, { width, height }, INK);
  context.translate(-left, -top);
  for (const stroke of strokes) drawWhole(context, stroke);
  // Not `toBlob`: see `jpegOf`.
  return ofText(canvas.toDataURL("image/png"));
}
