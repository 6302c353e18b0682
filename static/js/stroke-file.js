// Corrections as a stroke file: gzipped JSON Lines (docs/training.md, "Stroke files"). Pure: no DOM.

/** Stands for whoever drew: the file says no more. */
const WRITER = "me";

/** The lines of a stroke file. @param {{label: string, strokes: object[][]}[]} samples */
export function toLines(samples) {
  return samples
    .map(({ label, strokes }) => {
      const points = strokes.map((stroke) => stroke.map(({ x, y }) => [x, y]));
      return `${JSON.stringify({ label, writer: WRITER, strokes: points })}\n`;
    })
    .join("");
}

/** A text as a gzip file. Browsers before 2023 have no such stream, and throw. */
export function gzipped(text) {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).blob();
}
