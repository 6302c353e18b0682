// What is on the stage: the visitor's drawing, a shared one, or a picture over it.

import { Drawing } from "./strokes.js";

export class Stage {
  drawing = new Drawing();
  /** The picture, or null: its file, how often it was turned, and what was sent so. */
  picture = null;
  /** Whether the drawing is a shared one. */
  isShared = false;
  /** Whether the answer that is shown is about what is on the stage. */
  isCurrent = false;

  /** Whether the visitor's own drawing can be changed. */
  get isOwn() {
    return !this.picture && !this.isShared;
  }
}
