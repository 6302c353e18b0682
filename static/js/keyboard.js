// Drawing by keyboard: arrows move a cursor over the pad, Space puts the pen down and lifts it.

/** Pad units that an arrow moves the cursor by; with Shift, less. */
const STEP = 30;
const SMALL_STEP = 8;

/** How near the cursor must be to a stroke to take it away, in pad units. */
const REACH = 40;

const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export class KeyboardPen {
  #pad;
  #drawing;
  #cursor;
  #callbacks;
  #at = null;
  #down = false;

  /**
   * @param {HTMLElement} cursor shown where the pen is
   * @param {object} callbacks started(); ended(); erased(); said(down)
   */
  constructor(canvas, cursor, pad, drawing, callbacks) {
    this.#cursor = cursor;
    this.#pad = pad;
    this.#drawing = drawing;
    this.#callbacks = callbacks;
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#leave());
    canvas.addEventListener("pointerdown", () => this.#leave());
  }

  /** End the growing stroke, if there is one, before anything else changes the drawing. */
  lift() {
    if (!this.#down) return;
    this.#down = false;
    this.#pad.redraw();
    this.#show();
    this.#callbacks.ended();
    this.#callbacks.said(false);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#pad.isDrawing) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.#move(arrow, event);
    else if (event.key === " ") this.#toggle(event);
    else if (event.key === "Escape" && this.#down) this.lift();
    else if (event.key === "Delete" || event.key === "Backspace") this.#erase();
    else return;
    event.preventDefault();
  }

  #move([dx, dy], event) {
    const { width, height } = this.#pad.view;
    const { x, y } = this.#point(event);
    const step = event.shiftKey ? SMALL_STEP : STEP;
    this.#at = { x: clamp(x + step * dx, width), y: clamp(y + step * dy, height) };
    if (this.#down) {
      this.#drawing.extend({ ...this.#at, t: event.timeStamp });
      this.#pad.drawGain();
    }
    this.#show();
  }

  #toggle(event) {
    if (event.repeat) return;
    if (this.#down) {
      this.lift();
    } else if (!this.#drawing.isFull) {
      this.#drawing.begin(this.#point(event));
      this.#pad.redraw();
      this.#down = true;
      this.#callbacks.started();
      this.#callbacks.said(true);
    }
    this.#show();
  }

  #erase() {
    if (!this.#down && this.#at && this.#drawing.erase(this.#at, REACH)) this.#callbacks.erased();
  }

  #point(event) {
    const { width, height } = this.#pad.view;
    this.#at ??= { x: width / 2, y: height / 4 };
    return { ...this.#at, t: event.timeStamp };
  }

  #show() {
    const { width, height } = this.#pad.view;
    this.#cursor.hidden = false;
    this.#cursor.classList.toggle("down", this.#down);
    this.#cursor.style.left = `${(100 * this.#at.x) / width}%`;
    this.#cursor.style.top = `${(100 * this.#at.y) / height}%`;
  }

  #leave() {
    this.lift();
    this.#cursor.hidden = true;
  }
}

function clamp(value, most) {
  return Math.min(Math.max(value, 0), most);
}
