// The pad: pointers in, strokes out, and the strokes drawn back sharp at any pixel density.

import { drawFrom, drawTip, drawWhole, prepare } from "./ink.js";
import { viewOf } from "./strokes.js";

/** The bits of a mouse's main button, and of a pen's eraser, in `buttons`. */
const MAIN_BUTTON = 1;
const ERASER_BUTTON = 32;

/** How near the rubber must come to a stroke, in CSS pixels: the half of a fingertip. */
const RUBBER = 12;

/** A pen that rests so long, in ms, may be read so far. */
const REST = 350;

export class Pad {
  #canvas;
  #ink;
  #tip;
  #drawing;
  #callbacks;
  #view = { width: 1000, height: 1000 };
  /** Where the canvas stands, looked up once a stroke. */
  #place = null;
  /** Pointer that draws now, or null: a second finger does not join in. */
  #pointer = null;
  #erasing = false;
  #erased = false;
  /** Where the rubber was last. */
  #rubberAt = null;
  /** Points of the growing stroke that are on the canvas already. */
  #drawn = 0;
  /** What the tip's canvas shows now, in pad units. */
  #tipBox = null;
  #rest = 0;
  /** The pen has rested since it moved last. */
  #rested = false;
  /** So much of the drawing as is shown now: of a replay; undefined: all of it. */
  #part = undefined;
  /** Strokes that shine, and in which colour; the others pale. */
  #lit = null;

  /** The rubber instead of the pen. */
  rubber = false;
  /** Fingers and palms leave no ink. */
  penOnly = false;

  /**
   * @param {HTMLCanvasElement} canvas for the ink
   * @param {HTMLCanvasElement} tip over it, for the end of the growing stroke
   * @param {object} callbacks started(); rested(); ended(); erased(); full(); penSeen();
   *   hovered(point): null where the pointer has left; resized()
   */
  constructor(canvas, tip, drawing, callbacks) {
    this.#canvas = canvas;
    this.#ink = canvas.getContext("2d");
    this.#tip = tip.getContext("2d");
    this.#drawing = drawing;
    this.#callbacks = callbacks;

    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.#up(event));
    }
    for (const other of ["keydown", "blur"]) {
      canvas.addEventListener(other, () => canvas.classList.remove("pointed"));
    }
    canvas.addEventListener("pointerleave", () => this.#callbacks.hovered(null));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    // iOS scrolls in spite of touch-action in some cases.
    canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });
    // Another tab, another window: what the hand does there is not for this pad.
    document.addEventListener("visibilitychange", () => document.hidden && this.#end());
    addEventListener("blur", () => this.#end());
    // On paper ink is dark, whatever the screen.
    addEventListener("beforeprint", () => this.redraw("#111"));
    addEventListener("afterprint", () => this.redraw());

    new ResizeObserver(() => this.#fit()).observe(canvas);
    this.#watchDensity();
  }

  /** Whether a pointer is drawing right now. */
  get isDrawing() {
    return this.#pointer !== null;
  }

  /** What the pad shows of the plane, in pad units. */
  get view() {
    return this.#view;
  }

  focus() {
    this.#canvas.focus({ preventScroll: true });
  }

  /** Let some strokes shine in a colour, or none. */
  light(strokes = null, colour = "") {
    const lit = strokes && { strokes: new Set(strokes), colour };
    if (!lit && !this.#lit) return;
    this.#lit = lit;
    this.redraw();
  }

  /** Draw all strokes anew, or only so much of them. */
  redraw(colour = getComputedStyle(this.#canvas).color, strokes = this.#drawing.strokes) {
    const { width, height } = this.#canvas;
    this.#part = strokes === this.#drawing.strokes ? undefined : strokes;
    this.#view = viewOf(width / height, this.#drawing.extent());
    const lit = this.#lit;
    const pale = getComputedStyle(this.#canvas).getPropertyValue("--ink-pale");
    for (const context of [this.#ink, this.#tip]) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, width, height);
      prepare(context, this.#view, colour);
    }
    strokes.forEach((stroke, index) => {
      const shown = lit?.strokes.has(index) ? lit.colour : pale;
      this.#ink.strokeStyle = this.#ink.fillStyle = lit ? shown : colour;
      drawWhole(this.#ink, stroke);
    });
    this.#ink.strokeStyle = this.#ink.fillStyle = colour;
    this.#tipBox = null;
    this.#drawn = this.#drawing.strokes.at(-1)?.length ?? 0;
  }

  /** Draw what the last stroke has gained: for whoever extends it without a pointer. */
  drawGain() {
    const stroke = this.#drawing.strokes.at(-1);
    drawFrom(this.#ink, stroke, this.#drawn);
    this.#drawn = stroke.length;
    this.#showTip(stroke);
  }

  #down(event) {
    if (event.pointerType === "pen") this.#callbacks.penSeen();
    if (this.isDrawing || !event.isPrimary) return;
    const eraser = event.pointerType === "pen" && (event.buttons & ERASER_BUTTON) !== 0;
    if (event.button !== 0 && !eraser) return;
    if (this.penOnly && event.pointerType === "touch") return;
    event.preventDefault();
    this.focus();
    this.#canvas.classList.add("pointed");
    this.#place = this.#canvas.getBoundingClientRect();
    this.#erasing = eraser || this.rubber;
    if (!this.#erasing && this.#drawing.isFull) {
      this.#callbacks.full();
      return;
    }
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#callbacks.hovered(null);
    this.light();
    if (this.#erasing) {
      this.#erased = false;
      this.#rubberAt = null;
      this.#erase(event);
      return;
    }
    this.#drawing.begin(this.#pointOf(event));
    this.#drawn = 0;
    this.drawGain();
    this.#callbacks.started();
    this.#watchRest();
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) {
      if (!this.isDrawing && event.buttons === 0 && event.pointerType !== "touch") {
        this.#place = this.#canvas.getBoundingClientRect();
        this.#callbacks.hovered(this.#pointOf(event));
      }
      return;
    }
    if (event.pointerType === "mouse" && !(event.buttons & MAIN_BUTTON)) {
      // Let go while another button is held: a mouse says so with a move, not with pointerup.
      this.#end();
      return;
    }
    if (this.#erasing) {
      this.#erase(event);
      return;
    }
    for (const each of eventsOf(event)) this.#drawing.extend(this.#pointOf(each));
    const stroke = this.#drawing.strokes.at(-1);
    if (stroke.length > this.#drawn) {
      // What was said of it while it rested is out of date.
      if (this.#rested) this.#callbacks.started();
      drawFrom(this.#ink, stroke, this.#drawn);
      this.#drawn = stroke.length;
      this.#watchRest();
    }
    const ahead = event.getPredictedEvents?.() ?? [];
    this.#showTip(stroke, ahead.slice(0, 2).map((each) => this.#pointOf(each)));
  }

  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    if (event.type === "pointerup" && !this.#erasing) this.#drawing.extend(this.#pointOf(event));
    this.#end();
  }

  /** However a stroke ends, lifted or taken away by the system, its ink is kept. */
  #end() {
    if (!this.isDrawing) return;
    this.#pointer = null;
    clearTimeout(this.#rest);
    if (this.#erasing) {
      if (this.#erased) this.#callbacks.erased();
      return;
    }
    const stroke = this.#drawing.strokes.at(-1);
    drawFrom(this.#ink, stroke, Math.max(1, this.#drawn));
    this.#clearTip();
    if (stroke.length > 1) drawTip(this.#ink, stroke);
    this.#drawn = stroke.length;
    this.#callbacks.ended();
  }

  #erase(event) {
    const radius = (RUBBER * this.#view.height) / this.#place.height;
    for (const each of eventsOf(event)) {
      const to = this.#pointOf(each);
      const from = this.#rubberAt ?? to;
      this.#rubberAt = to;
      // A fast hand leaps: all on its way is rubbed out, not only where it was seen.
      const steps = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / radius) || 1;
      for (let i = 1; i <= steps; i++) {
        const [x, y] = [from.x + ((to.x - from.x) * i) / steps, from.y + ((to.y - from.y) * i) / steps];
        this.#erased = this.#drawing.erase({ x, y }, radius, this.#erased) || this.#erased;
      }
    }
    if (this.#erased) this.redraw();
  }

  #showTip(stroke, predicted = []) {
    this.#clearTip();
    this.#tipBox = drawTip(this.#tip, stroke, predicted);
  }

  #clearTip() {
    const box = this.#tipBox;
    if (!box) return;
    this.#tip.clearRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    this.#tipBox = null;
  }

  #watchRest() {
    clearTimeout(this.#rest);
    this.#rested = false;
    this.#rest = setTimeout(() => {
      this.#rested = true;
      this.#callbacks.rested();
    }, REST);
  }

  /** On the pad even where the pointer has left it: ink that nobody sees must not be read. */
  #pointOf(event) {
    const { left, top, width, height } = this.#place;
    const point = {
      x: this.#view.width * within((event.clientX - left) / width),
      y: this.#view.height * within((event.clientY - top) / height),
      t: event.timeStamp,
    };
    // Fingers and mice have no pressure worth the name.
    if (event.pointerType === "pen" && event.pressure > 0) point.p = event.pressure;
    return point;
  }

  /** As many canvas pixels as the screen has there. Nothing is lost: strokes are redrawn. */
  #fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    const width = Math.max(1, Math.round(clientWidth * devicePixelRatio));
    const height = Math.max(1, Math.round(clientHeight * devicePixelRatio));
    // Hidden, beneath a picture, it has no size, and keeps its own.
    if (!clientWidth || (this.#canvas.width === width && this.#canvas.height === height)) return;
    for (const { canvas } of [this.#ink, this.#tip]) {
      canvas.width = width;
      canvas.height = height;
    }
    this.#end();
    this.redraw(undefined, this.#part);
    this.#callbacks.resized();
  }

  /** Zooming, or moving the window to another screen, changes the density but not the size. */
  #watchDensity() {
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    const changed = () => {
      this.#fit();
      this.#watchDensity();
    };
    query.addEventListener("change", changed, { once: true });
  }
}

function within(share) {
  return Math.min(Math.max(share, 0), 1);
}

/** All the places that the pointer was at since the last event; the browser may have none. */
function eventsOf(event) {
  const events = event.getCoalescedEvents?.() ?? [];
  return events.length ? events : [event];
}
