// Examples: pictures in the page that become strokes on the pad, or a photo.

import { PictureError, jpegOf } from "./picture.js";

/** Between points, in units of the picture. */
const SAMPLE = 2;

/** Share of the pad that an example fills. */
const SHARE = 0.86;

/** Between points, and before each stroke, in ms. */
const STEP = 8;
const PAUSE = 200;

/** Pixels of a photo. */
const PHOTO = [1200, 800];

/** The paths of an SVG, one a stroke, as strokes as large as the view has room for. */
export function strokesOf(svg, view) {
  const { width, height } = svg.viewBox.baseVal;
  const scale = SHARE * Math.min(view.width / width, view.height / height);
  const [left, top] = [(view.width - scale * width) / 2, (view.height - scale * height) / 2];
  let t = 0;
  return [...svg.querySelectorAll("path")].map((path) => {
    const length = path.getTotalLength();
    const steps = Math.max(1, Math.ceil(length / SAMPLE));
    t += PAUSE;
    return Array.from({ length: steps + 1 }, (_, i) => {
      const { x, y } = path.getPointAtLength((i * length) / steps);
      return { x: left + scale * x, y: top + scale * y, t: (t += STEP) };
    });
  });
}

/**
 * A drawn photo as a file of pixels.
 * @throws {PictureError} where the photo could not be loaded
 */
export async function photoOf(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = PHOTO;
  await image.decode().catch(() => {
    throw new PictureError("network");
  });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = jpegOf(canvas);
  return new File([blob], "example.jpg", { type: blob.type });
}
