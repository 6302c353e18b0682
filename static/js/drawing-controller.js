// The drawing: the pens, tools and keys that change it, and its way to being read.

import { readStrokes } from "./api.js";
import { KeyboardPen } from "./keyboard.js";
import { Pad } from "./pad.js";
import { find, onClick } from "./page.js";
import { inBrowser, inTab } from "./storage.js";
import { fromColumns } from "./strokes.js";

/** Undo by a held key, a rubber over many strokes: asked when it is over, in ms. */
const SETTLE = 120;

/** Names of what the browser keeps. */
const DRAWING = "inkling-drawing";
const PEN_ONLY = "inkling-pen-only";

export class DrawingController {
  #stage;
  #answer;
  #callbacks;
  #drawing;
  #pad;
  #keyboardPen;

  /**
   * @param {object} callbacks changed(): the drawing has changed, or begins to; clearing();
   *   replacing(): another drawing takes the stage; switched(): between pen and rubber; said(name)
   */
  constructor(stage, answer, callbacks) {
    this.#stage = stage;
    this.#drawing = stage.drawing;
    this.#answer = answer;
    this.#callbacks = callbacks;
    const started = () => this.#start();
    const ended = () => this.resume();
    this.#pad = new Pad(find("pad"), find("tip"), this.#drawing, {
      started,
      ended,
      rested: () => this.read(),
      erased: () => this.resume(SETTLE),
      full: () => callbacks.said("full"),
      penSeen: () => this.#offerPenOnly(),
      hovered: (point) => answer.hover(point),
      resized: () => answer.layout(),
    });
    this.#keyboardPen = new KeyboardPen(find("pad"), find("cursor"), this.#pad, this.#drawing, {
      started,
      ended,
      erased: () => {
        this.#pad.redraw();
        this.resume();
      },
      said: (down) => callbacks.said(down ? "pen_down" : "pen_up"),
    });
    onClick({
      undo: () => this.#change(() => this.#drawing.undo()),
      redo: () => this.#change(() => this.#drawing.redo()),
      clear: () => {
        callbacks.clearing();
        this.#change(() => this.#drawing.clear());
      },
      erase: () => {
        this.#pad.rubber = !this.#pad.rubber;
        callbacks.switched();
      },
    });
    document.addEventListener("keydown", (event) => this.#key(event));
    find("pen-only").addEventListener("change", ({ target }) => {
      this.#pad.penOnly = target.checked;
      inBrowser.set(PEN_ONLY, target.checked ? "on" : "off");
    });
  }

  get pad() {
    return this.#pad;
  }

  /** The body of a question about the drawing. */
  get request() {
    return this.#drawing.toRequest(this.#pad.view);
  }

  /** End the growing stroke of the keyboard's pen, if there is one. */
  lift() {
    this.#keyboardPen.lift();
  }

  read(delay) {
    this.#answer.ask((signal) => readStrokes(this.request, signal), delay);
  }

  /** Keep and read the drawing, which has changed or takes the stage again. */
  resume(delay) {
    this.#callbacks.changed();
    inTab.set(DRAWING, JSON.stringify(this.#drawing.toColumns()));
    this.#answer.expire();
    if (this.#drawing.isEmpty) this.#answer.clear();
    else this.read(delay);
  }

  /** Put strokes in the place of what is on the stage. */
  replace(strokesFor) {
    this.#callbacks.replacing();
    this.#change(() => {
      this.#drawing.replace(strokesFor(this.#pad.view));
      return true;
    });
    find("stage").scrollIntoView({ block: "nearest" });
  }

  /** Show the strokes of somebody else, until `giveBack`. */
  lend(strokes) {
    this.#drawing.lend(strokes);
    this.#start();
    this.#answer.clear();
  }

  giveBack() {
    this.#drawing.giveBack();
    this.#pad.redraw();
    this.resume();
  }

  /** Bring back the drawing after a reload, or in another language. */
  restore() {
    let strokes = null;
    try {
      strokes = fromColumns(JSON.parse(inTab.get(DRAWING)));
    } catch {
      // It is none of ours.
    }
    // One change a stroke: what can be undone one by one could be before.
    strokes?.forEach((_, last) => this.#drawing.replace(strokes.slice(0, last + 1)));
  }

  /** Drop the answer: a growing stroke makes it out of date. */
  #start() {
    this.#callbacks.changed();
    this.#answer.cancel();
    this.#answer.expire();
  }

  /** @param {() => boolean} edit of the drawing; says whether it changed anything */
  #change(edit) {
    if (!this.#stage.isOwn || this.#pad.isDrawing) return;
    this.lift();
    if (!edit()) return;
    this.#pad.redraw();
    this.resume(SETTLE);
  }

  #key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    // On an Arabic keyboard the key of Z writes another letter.
    const key = [event.key.toLowerCase(), event.code.slice(-1).toLowerCase()].find((k) => k === "z" || k === "y");
    if (!key) return;
    event.preventDefault();
    // Digits are left out and corrected after all was drawn.
    const canPutBack = this.#stage.isCurrent && !this.#answer.isBusy && !find("answer-back").hidden;
    const last = canPutBack ? "answer-back" : "undo";
    find(key === "z" && !event.shiftKey ? last : "redo").click();
  }

  /** A pen keeps fingers away, unless the visitor has said otherwise. */
  #offerPenOnly() {
    if (!find("pen-row").hidden) return;
    find("pen-row").hidden = false;
    this.#pad.penOnly = find("pen-only").checked = inBrowser.get(PEN_ONLY) !== "off";
  }
}
