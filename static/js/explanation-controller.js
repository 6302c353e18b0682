// What the network sees of the digit whose details are shown.

import { NetworkError, explainImage, explainStrokes } from "./api.js";
import { drawWhole, prepare } from "./ink.js";
import { find } from "./page.js";

export class ExplanationController {
  #stage;
  #words;
  #answer;
  #drawing;
  #root = find("explain");
  #explorer = null;
  #question = null;
  /** The digit's name, heard at a step only. */
  #named = find("explain-digit");

  constructor(stage, words, answer, drawing) {
    this.#stage = stage;
    this.#words = words;
    this.#answer = answer;
    this.#drawing = drawing;
    this.#root.addEventListener("toggle", () => this.#load());
    for (const button of document.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.#step(Number(button.dataset.step)));
    }
    find("see-how").addEventListener("click", () => (this.#root.open = true));
  }

  /** Explain a digit of the answer, if there is one. */
  explain(index) {
    // The digits that are shown may have lost their ink.
    if (this.#answer.isBusy) return;
    const answer = this.#answer.shown;
    const digit = answer?.digits[index];
    find("explain-which").hidden = !(answer?.digits.length > 1);
    this.#named.textContent = digit ? `${find("answer-title").textContent}: ${digit.digit}` : "";
    const question = digit && { digit, best: Boolean(answer.text), ink: this.#inkOf(digit) };
    this.#about(question ?? null);
  }

  clear() {
    this.#about(null);
  }

  /** Keep what is shown until the next answer. */
  wait() {
    this.#question = null;
    this.#explorer?.wait();
  }

  mute() {
    this.#named.ariaLive = "off";
  }

  #about(question) {
    this.#question = question;
    this.#showWay();
    this.#explorer?.about(question);
  }

  #showWay() {
    find("explain-none").hidden = this.#question !== null;
    find("explain-way").hidden = this.#question === null;
  }

  /** Few open it: its scripts are not loaded before. */
  async #load() {
    this.#showWay();
    if (this.#explorer || !this.#root.open) return;
    const explore = await import("./explore.js").catch(() => null);
    const failed = find("explain-failed");
    failed.hidden = explore !== null;
    if (!explore) {
      failed.textContent = this.#words.problem(new NetworkError());
      return;
    }
    this.#explorer ??= new explore.Explorer(this.#root, this.#words, (signal) => this.#ask(signal));
    this.#explorer.about(this.#question);
  }

  #ask(signal) {
    const { shown, chosen } = this.#answer;
    const { nth } = shown.digits[chosen];
    const { picture } = this.#stage;
    if (picture) return explainImage(picture.sent[picture.turns], nth, signal);
    return explainStrokes({ ...this.#drawing.request, index: nth }, signal);
  }

  #step(by) {
    const { shown, chosen } = this.#answer;
    const count = shown.digits.length;
    this.#named.ariaLive = "polite";
    // After the last comes the first: no button has to vanish under the focus.
    this.#answer.pick((chosen + by + count) % count);
  }

  /** How a digit's ink, cut out of all the rest, is drawn onto a canvas. */
  #inkOf({ box, strokes }) {
    return (canvas) => {
      const side = Math.max(box.width, box.height, 1) * 1.3;
      const [x, y] = [box.x + (box.width - side) / 2, box.y + (box.height - side) / 2];
      canvas.width = canvas.height = 224;
      const context = canvas.getContext("2d");
      if (!strokes) context.drawImage(find("photo-image"), x, y, side, side, 0, 0, 224, 224);
      prepare(context, { width: side, height: side }, getComputedStyle(canvas).color);
      context.translate(-x, -y);
      for (const stroke of strokes ?? []) drawWhole(context, this.#stage.drawing.strokes[stroke]);
      context.strokeStyle = getComputedStyle(canvas).outlineColor;
      context.lineWidth = side / 80;
      context.setLineDash([side / 30, side / 30]);
      context.strokeRect(box.x, box.y, box.width, box.height);
    };
  }
}
