// Boxes over the ink or the picture: which ink made which digit, and which a sign.

import { placed } from "./strokes.js";

/** Colours that digits take turns at (base.css); their neighbours differ. */
export const TONES = 6;

/** A label with a percentage needs so many CSS pixels. */
const ROOM = 58;

export class Boxes {
  #root;
  #digits = [];
  #boxes = [];
  #marks = [];
  #surface = null;
  #margin = 0;

  /** @param {HTMLElement} root laid over the ink */
  constructor(root) {
    this.#root = root;
  }

  /**
   * @param {{width: number, height: number}} surface what is shown, in the answer's units
   * @param {number} margin around each box, in the answer's units
   */
  show(answer, surface, words, margin) {
    this.#digits = answer.digits;
    this.#margin = margin;
    this.#boxes = answer.digits.map((digit, index) => {
      const box = document.createElement("div");
      box.className = answer.text ? `box tone-${index % TONES}` : "box";
      // What was only considered stands in the answer: here it would hide ink, and say little.
      if (answer.text) {
        const label = document.createElement("span");
        label.className = "box-label";
        const value = document.createElement("b");
        value.textContent = digit.digit;
        // What the visitor says has no percentage.
        const isSure = answer.digits.length > 1 && digit.read === undefined;
        label.append(value, isSure ? ` ${words.percent(digit.confidence)}` : "");
        box.append(label);
      }
      box.classList.toggle("doubtful", !answer.text || (digit.read === undefined && digit.confidence < 0.9));
      return box;
    });
    const marked = (kind, box) => {
      const mark = document.createElement("div");
      mark.className = `box ${kind}`;
      return [mark, box];
    };
    this.#marks = [
      ...(answer.signs ?? []).map(({ box }) => marked("sign-box", box)),
      ...(answer.ignored ?? []).map((box) => marked("ignored", box)),
    ];
    this.#root.replaceChildren(...this.#boxes, ...this.#marks.map(([mark]) => mark));
    this.layout(surface);
  }

  /** What is shown has another size. */
  layout(surface) {
    this.#surface = surface;
    const across = this.#root.clientWidth;
    this.#digits.forEach((digit, index) => {
      const place = this.#place(this.#boxes[index], digit.box);
      const label = this.#boxes[index].firstChild;
      const narrow = (place.width / 100) * across < ROOM && this.#digits.length > 1;
      label?.classList.toggle("short", narrow);
      label?.classList.toggle("inside", place.top < 7);
    });
    for (const [mark, box] of this.#marks) this.#place(mark, box);
  }

  #place(element, box) {
    const place = placed(box, this.#surface, this.#margin);
    for (const [name, value] of Object.entries(place)) element.style[name] = `${value}%`;
    return place;
  }

  /** Tell when a pointer comes to a digit's box, leaves it, or presses it. */
  watch(came, left, pressed) {
    this.#boxes.forEach((box, index) => {
      box.addEventListener("pointerenter", () => came(index));
      box.addEventListener("pointerleave", left);
      box.addEventListener("click", () => pressed(index));
    });
  }

  /** The colour of a digit. */
  colourOf(index) {
    return this.#boxes[index] ? getComputedStyle(this.#boxes[index]).borderTopColor : "";
  }

  /** Which digit is looked at, or -1. */
  light(index) {
    this.#boxes.forEach((box, i) => box.classList.toggle("lit", i === index));
    this.#root.classList.toggle("has-lit", index >= 0);
  }

  clear() {
    this.#digits = this.#boxes = this.#marks = [];
    this.#root.replaceChildren();
  }
}
