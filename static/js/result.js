// The answer: a sentence, the digit, ten bars, and the glyph that the network saw.

import { detail, percent, sentence } from "./words.js";

export class ResultView {
  #root;
  #text;
  #sentence;
  #detail;
  #glyph;
  #bars;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#text = root.querySelector("[data-answer-text]");
    this.#sentence = root.querySelector("[data-answer-sentence]");
    this.#detail = root.querySelector("[data-answer-detail]");
    this.#glyph = root.querySelector("[data-glyph]");
    this.#bars = [...root.querySelectorAll(".bars li")].map((row) => ({
      row,
      bar: row.querySelector("rect"),
      share: row.querySelector(".bar-share"),
    }));
    this.idle();
  }

  /** Nothing has been asked. */
  idle() {
    this.#say("idle", "?", "Nothing to read yet.", "");
    this.#digit();
  }

  /** An answer is on its way; the one before stays, paler. */
  busy() {
    this.#root.dataset.busy = "";
  }

  /** @param {object} answer of the predict routes */
  show(answer) {
    this.#say(answer.status, answer.text || "?", sentence(answer), detail(answer));
    this.#digit(answer.digits[0], answer.text);
  }

  /** @param {string} message for the visitor */
  failed(message) {
    this.#say("failed", "?", "That did not work.", message);
    this.#digit();
  }

  #say(state, text, said, more) {
    delete this.#root.dataset.busy;
    this.#root.dataset.state = state;
    this.#text.textContent = text;
    // Setting the same text again would make a screen reader repeat it.
    if (this.#sentence.textContent !== said) this.#sentence.textContent = said;
    if (this.#detail.textContent !== more) this.#detail.textContent = more;
  }

  /** What was read, `text`; or, where it is no digit and has none, only what was considered. */
  #digit(digit, text) {
    this.#glyph.hidden = !digit?.glyph;
    if (digit?.glyph) {
      this.#glyph.src = digit.glyph;
      this.#glyph.alt = `Your ${text || "ink"} as a small white drawing on black`;
    }
    this.#bars.forEach(({ row, bar, share }, value) => {
      const probability = digit?.probabilities[value] ?? 0;
      row.classList.toggle("best", String(value) === text);
      bar.setAttribute("width", `${100 * probability}%`);
      share.textContent = digit ? percent(probability) : "–";
    });
  }
}
