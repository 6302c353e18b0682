// A drawing that came with the address: replayed as it was written, and not to be changed.

import { fromFragment } from "./link.js";

/** A replay is no longer than this, and rests no longer between two points, in ms. */
const LONGEST_REPLAY = 6000;
const LONGEST_REST = 500;

export class SharedDrawing {
  #bar;
  #callbacks;
  #strokes = null;
  #frame = 0;

  /**
   * @param {object} callbacks opened(strokes); drawn(strokes): so much is written by now; played();
   *   left(focused): whether the bar had the focus; damaged()
   */
  constructor(bar, callbacks) {
    this.#bar = bar;
    this.#callbacks = callbacks;
    bar.querySelector("[data-again]").addEventListener("click", () => this.#play());
    bar.querySelector("[data-own]").addEventListener("click", () => this.leave());
    // Another language is another address: the drawing goes along.
    for (const link of document.querySelectorAll("[data-menu] a")) {
      link.addEventListener("click", () => (link.hash = this.isOpen ? location.hash : ""));
    }
  }

  get isOpen() {
    return this.#strokes !== null;
  }

  /** Show the drawing that the address holds, if it does. */
  async open() {
    const fragment = location.hash;
    const strokes = await fromFragment(fragment);
    // Another link may have come meanwhile.
    if (strokes === undefined || location.hash !== fragment) return;
    if (strokes) {
      this.#callbacks.opened(strokes);
      this.#strokes = strokes;
      this.#bar.hidden = false;
      this.#play();
    } else {
      forgetFragment();
      this.#callbacks.damaged();
    }
  }

  /** Give the stage back. */
  leave() {
    if (!this.isOpen) return;
    const focused = this.#bar.contains(document.activeElement);
    cancelAnimationFrame(this.#frame);
    forgetFragment();
    this.#strokes = null;
    this.#bar.hidden = true;
    this.#callbacks.left(focused);
  }

  #play() {
    cancelAnimationFrame(this.#frame);
    const strokes = this.#strokes;
    const times = timesOf(strokes);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const end = still ? 0 : times.at(-1).at(-1);
    const start = performance.now();
    const draw = (now) => {
      const over = now - start >= end;
      const written = (stroke, i) => stroke.filter((_, j) => over || times[i][j] <= now - start);
      this.#callbacks.drawn(strokes.map(written).filter((stroke) => stroke.length));
      if (over) this.#callbacks.played();
      else this.#frame = requestAnimationFrame(draw);
    };
    draw(start);
  }
}

/** When a replay draws each point of each stroke, in ms. */
export function timesOf(strokes) {
  let end = 0;
  let last = 0;
  const timeOf = ({ t }) => {
    end += Math.min(Math.max(t - last, 0), LONGEST_REST);
    last = t;
    return end;
  };
  const times = strokes.map((stroke) => stroke.map(timeOf));
  const pace = Math.min(1, LONGEST_REPLAY / end);
  return times.map((stroke) => stroke.map((time) => time * pace));
}

/** A reload then shows the visitor's own drawing. */
function forgetFragment() {
  history.replaceState(null, "", location.pathname + location.search);
}
