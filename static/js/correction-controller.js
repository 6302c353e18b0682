// Correcting the answer about a drawing: the right one of ten digits, or that it is no number.

import { columnsOf, corrected, recalled, rejected } from "./edit.js";
import { toText } from "./link.js";
import { find, onClick } from "./page.js";

export class CorrectionController {
  #stage;
  #words;
  #answer;
  #corrections;
  #panel = find("correct-panel");
  #digits = [...this.#panel.querySelectorAll("[data-right]")];
  /** Whether the visitor has opened the panel: it comes back with the next answer. */
  #isOpen = false;

  constructor(stage, words, answer, corrections) {
    this.#stage = stage;
    this.#words = words;
    this.#answer = answer;
    this.#corrections = corrections;
    onClick({
      correct: () => this.#toggle(),
      "not-a-number": () => answer.edit(rejected),
    });
    this.#digits.forEach((button, value) => {
      button.addEventListener("click", () => answer.edit((shown) => corrected(shown, answer.chosen, value)));
    });
  }

  /** Show what can be corrected now: there are strokes of the visitor's own, and digits. */
  update() {
    const { shown, chosen } = this.#answer;
    const count = shown?.digits.length ?? 0;
    const can = this.#stage.isOwn && count > 0;
    const button = find("correct");
    button.hidden = !can;
    button.setAttribute("aria-expanded", String(this.#isOpen));
    this.#panel.hidden = !can || !this.#isOpen;
    this.#panel.disabled = !this.#stage.isCurrent;
    if (!shown?.read) find("correct-note").textContent = "";
    if (!can) return;
    const place = { number: chosen + 1, count };
    find("correct-which").textContent = this.#words.say(count > 1 ? "correct_of" : "correct_one", place);
    find("correct-hint").hidden = count < 2;
    const isPressed = (element, is) => element.setAttribute("aria-pressed", String(is));
    const value = shown.text ? shown.digits[chosen].digit : -1;
    this.#digits.forEach((each, digit) => isPressed(each, digit === value));
    isPressed(find("not-a-number"), !shown.text);
  }

  /** Say again what the visitor has said about the same strokes before. */
  recall() {
    if (!this.#stage.isOwn) return;
    const right = this.#corrections.rightOf(toText(this.#stage.drawing.toColumns()));
    if (right !== undefined) this.#answer.edit((shown) => recalled(shown, right));
  }

  /** Keep what the visitor has said about a drawing, or has taken back. */
  record(before, after) {
    if (!before.read && !after.read) return;
    const columns = this.#stage.drawing.toColumns();
    const ink = (answer) => toText(columnsOf(answer, columns));
    const correction = after.read && { ink: ink(after), read: after.read.text, right: after.text };
    const isKept = this.#corrections.keep(correction ?? null, ink(before));
    const note = after.read ? this.#words.say(isKept ? "kept" : "not_kept") : "";
    find("correct-note").textContent = note;
    if (note && !isKept) this.#answer.hear(note);
  }

  #toggle() {
    this.#isOpen = !this.#isOpen;
    // It is seen which digit is meant.
    const { shown, chosen, picked } = this.#answer;
    if (this.#isOpen && picked < 0 && shown.digits.length > 1) this.#answer.pick(chosen);
    this.update();
  }
}
