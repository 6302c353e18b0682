// The canvas: pointers in, strokes out, and the strokes drawn back sharp at any pixel density.

import { PAD_SIDE } from "./strokes.js";

/** Width of the pen on the pad, in pad units. */
const PEN = 22;

/** The bit of a mouse's main button in `buttons`. */
const MAIN_BUTTON = 1;

export class Pad {
  #canvas;
  #context;
  #drawing;
  #callbacks;
  /** Pointer that draws now, or null: a second finger does not join in. */
  #pointer = null;
  /** Points of the growing stroke that are on the canvas already. */
  #drawn = 0;

  /**
   * @param {HTMLCanvasElement} canvas square
   * @param {import("./strokes.js").Drawing} drawing
   * @param {{strokeStarted: () => void, strokeEnded: () => void}} callbacks
   */
  constructor(canvas, drawing, callbacks) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#drawing = drawing;
    this.#callbacks = callbacks;

    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.#up(event));
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    // iOS scrolls in spite of touch-action in some cases.
    canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });

    new ResizeObserver(() => this.#fit()).observe(canvas);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.redraw());
    this.#watchDensity();
  }

  /** Whether a pointer is drawing right now. */
  get isDrawing() {
    return this.#pointer !== null;
  }

  /** Draw all strokes anew. */
  redraw() {
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.scale(this.#canvas.width / PAD_SIDE, this.#canvas.height / PAD_SIDE);
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = PEN;
    context.strokeStyle = context.fillStyle = getComputedStyle(this.#canvas).color;
    for (const stroke of this.#drawing.strokes) this.#drawWhole(stroke);
    this.#drawn = this.#drawing.strokes.at(-1)?.length ?? 0;
  }

  #down(event) {
    if (this.isDrawing || !event.isPrimary || event.button !== 0) return;
    event.preventDefault();
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#drawing.begin(this.#pointOf(event));
    this.#drawWhole(this.#drawing.strokes.at(-1));
    this.#drawn = 1;
    this.#callbacks.strokeStarted();
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    if (event.pointerType === "mouse" && !(event.buttons & MAIN_BUTTON)) {
      // Let go while another button is held: a mouse says so with a move, not with pointerup.
      this.#up(event);
      return;
    }
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#drawing.extend(this.#pointOf(each));
    this.#drawGain(this.#drawing.strokes.at(-1));
  }

  /** However a stroke ends, lifted or taken away by the system, its ink is kept. */
  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    if (event.type === "pointerup") this.#drawing.extend(this.#pointOf(event));
    this.#pointer = null;
    this.redraw();
    this.#callbacks.strokeEnded();
  }

  /** On the pad even where the pointer has left it: ink that nobody sees must not be read. */
  #pointOf(event) {
    const box = this.#canvas.getBoundingClientRect();
    return {
      x: onPad((event.clientX - box.left) / box.width),
      y: onPad((event.clientY - box.top) / box.height),
      t: event.timeStamp,
    };
  }

  /** A stroke as one path: a curve from midpoint to midpoint, so that no corners show. */
  #drawWhole(stroke) {
    const context = this.#context;
    const [first, ...rest] = stroke;
    context.beginPath();
    if (rest.length === 0) {
      // A canvas draws no line without length, not even its round caps: a dot is a disc.
      context.arc(first.x, first.y, PEN / 2, 0, 2 * Math.PI);
      context.fill();
      return;
    }
    context.moveTo(first.x, first.y);
    let before = first;
    for (const point of rest) {
      const middle = midpoint(before, point);
      context.quadraticCurveTo(before.x, before.y, middle.x, middle.y);
      before = point;
    }
    context.lineTo(before.x, before.y);
    context.stroke();
  }

  /** The same while the stroke grows: only what it has gained since the last time. */
  #drawGain(stroke) {
    const context = this.#context;
    for (let i = Math.max(1, this.#drawn); i < stroke.length; i++) {
      const here = stroke[i - 1];
      const from = i === 1 ? here : midpoint(stroke[i - 2], here);
      const to = midpoint(here, stroke[i]);
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.quadraticCurveTo(here.x, here.y, to.x, to.y);
      context.stroke();
    }
    this.#drawn = stroke.length;
  }

  /** As many canvas pixels as the screen has there. Nothing is lost: strokes are redrawn. */
  #fit() {
    const side = Math.max(1, Math.round(this.#canvas.clientWidth * devicePixelRatio));
    if (this.#canvas.width === side && this.#canvas.height === side) return;
    this.#canvas.width = this.#canvas.height = side;
    this.redraw();
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

function onPad(share) {
  return PAD_SIDE * Math.min(Math.max(share, 0), 1);
}

function midpoint(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
