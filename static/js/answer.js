// The answer: the number, digits and signs, how sure, what else it could be, and one digit's details.

import { TONES } from "./boxes.js";
import { anyForeign, asShown, symbolsOf, without } from "./edit.js";
import { oneLine } from "./words.js";

export class AnswerView {
  #root;
  #words;
  #callbacks;
  #parts;
  /** What an answer fills, but for what is heard: nothing is heard from within what is busy. */
  #dated;
  #bars;
  #buttons = [];
  #answer = null;
  /** Answers as they were before digits were left out or corrected, the first first. */
  #before = [];
  /** The digit whose details are shown, and whether the visitor has picked it. */
  #chosen = 0;
  #picked = false;
  /** Whether what is shown is about something else by now. */
  #isExpired = false;

  /**
   * @param {object} callbacks looked(index): a digit is pointed at or picked, -1: none is;
   *   chosen(index): its details are shown; changed(before, after): the visitor has changed the
   *   answer
   */
  constructor(root, words, callbacks) {
    this.#root = root;
    this.#words = words;
    this.#callbacks = callbacks;
    const part = (name) => root.querySelector(`[data-answer-${name}]`);
    this.#parts = Object.fromEntries(
      ["text", "words", "sentence", "detail", "others", "live", "title", "glyph", "leave", "back"].map((n) => [n, part(n)]),
    );
    const { leave, back } = this.#parts;
    // Focus is not lost with a button that goes.
    leave.addEventListener("click", () => {
      this.#leaveOut(this.#chosen);
      if (leave.hidden) back.focus();
    });
    back.addEventListener("click", () => {
      if (!this.#isOld) this.#change(this.#before.pop());
      if (back.hidden) (leave.hidden ? this.#buttons[0] : leave)?.focus();
    });
    this.#dated = [...root.querySelectorAll("[data-dated]")];
    this.#bars = [...root.querySelectorAll(".bars li")].map((row) => ({
      row,
      bar: row.querySelector("rect"),
      share: row.querySelector(".bar-share"),
    }));
  }

  /** The answer that is shown, or null. */
  get answer() {
    return this.#answer;
  }

  /** The digit whose details are shown. */
  get chosen() {
    return this.#chosen;
  }

  /** Nothing has been asked. */
  idle() {
    this.#clear("idle");
    this.#say(this.#words.say("idle"), this.#words.say("idle_hint"));
    this.#parts.live.textContent = "";
  }

  /** An answer is on its way; the one before stays, paler. */
  busy(is = true) {
    for (const part of this.#dated) part.setAttribute("aria-busy", is);
  }

  /** Something beside an answer: that it is late, that the network is gone. The answer stays. */
  notice(said, more) {
    this.busy();
    this.#parts.words.removeAttribute("aria-busy");
    this.#say(said, more);
    this.#parts.others.hidden = true;
    this.#hear(`${said} ${more}`);
  }

  /** Say something more to whoever listens: one region says it all. */
  hear(said) {
    this.#hear(`${this.#parts.live.textContent} ${said}`);
  }

  failed(message) {
    this.#clear("failed");
    const said = this.#words.say("failed");
    this.#say(said, message);
    this.#hear(`${said} ${message}`);
  }

  /** Show an answer of the predict routes. */
  show(answer) {
    this.#before = [];
    this.#picked = false;
    this.#show({ ...answer, digits: answer.digits.map(asShown) });
  }

  #show(answer, index = 0) {
    const words = this.#words;
    // Without a digit there are no details either.
    this.#state(answer.digits.length ? answer.status : "empty");
    this.#answer = answer;
    this.#number(answer);
    this.#say(words.sentence(answer), words.detail(answer));
    const others = answer.text ? words.others(answer) : [];
    this.#parts.others.replaceChildren(
      ...others.map((other) => {
        const item = document.createElement("li");
        const text = document.createElement("b");
        text.textContent = other.text;
        text.dir = "auto"; // -42 begins with its minus, also in Arabic
        item.append(text, ` ${words.percent(other.confidence)}`);
        return item;
      }),
    );
    this.#parts.others.hidden = others.length === 0;
    this.#choose(index);
    // One announcement; saying the same again would only be noise.
    this.#hear(words.announcement(answer));
  }

  /** Take a digit out of the answer: what was asked stays as it is. */
  #leaveOut(index) {
    if (!this.#parts.leave.hidden) this.edit((answer) => without(answer, index));
  }

  /** Change the answer in this page alone, until it is put back. */
  edit(change) {
    const before = this.#answer;
    const after = this.#isOld ? before : change(before);
    if (after === before) return;
    this.#before.push(before);
    this.#change(after);
  }

  /** The answer that is shown can no longer be changed. */
  expire() {
    this.#isExpired = true;
  }

  /** Whether the answer is about something that is no longer there. */
  get #isOld() {
    return this.#isExpired || this.#parts.text.ariaBusy === "true";
  }

  #change(answer) {
    const before = this.#answer;
    // A corrected digit stays the one that is looked at.
    this.#picked &&= answer.digits.length === before.digits.length;
    this.#show(answer, this.#picked ? this.#chosen : 0);
    this.#callbacks.changed(before, answer);
    this.#callbacks.looked(this.picked);
  }

  /** Pick a digit as if its button had been pressed; picking it again lets it go. */
  pick(index) {
    this.#picked = !(this.#picked && index === this.#chosen);
    this.#choose(index);
    this.#callbacks.looked(this.#picked ? index : -1);
  }

  /** Mark the digit that is looked at elsewhere, or none. */
  mark(index) {
    this.#buttons.forEach((button, i) => button.classList.toggle("lit", i === index));
  }

  /** The digit that stays lit when nothing is pointed at, or -1. */
  get picked() {
    return this.#picked ? this.#chosen : -1;
  }

  #number(answer) {
    const { text } = this.#parts;
    this.#buttons = [];
    const { digits } = answer;
    const symbols = symbolsOf(answer);
    if (!answer.text && digits.length < 2) {
      text.textContent = "?";
      return;
    }
    const lines = Array.from({ length: 1 + symbols.at(-1).line }, () => {
      const line = document.createElement("span");
      line.className = "line";
      return line;
    });
    this.#buttons = digits.map((digit, index) => this.#button(digit, index, answer));
    for (const symbol of symbols) {
      const button = this.#buttons[digits.indexOf(symbol)];
      lines[symbol.line].append(button ?? this.#sign(symbol));
    }
    const longest = Math.max(...lines.map((line) => line.childElementCount));
    if (!answer.text) lines.at(-1).append("?");
    text.replaceChildren(...lines);
    // What is no number is not shown as if it were one.
    text.dataset.size = answer.text ? sizeOf(longest, lines.length) : "tiny";
  }

  #sign({ sign }) {
    const shown = document.createElement("span");
    shown.className = "sign";
    shown.textContent = sign;
    // Screen readers leave out many of them.
    shown.setAttribute("role", "img");
    shown.setAttribute("aria-label", this.#words.sign(sign));
    return shown;
  }

  #button(digit, index, answer) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = answer.text ? `digit tone-${index % TONES}` : "digit";
    const value = document.createElement("span");
    value.textContent = digit.digit;
    button.append(value);
    const place = { number: index + 1, count: answer.digits.length };
    // What was only considered has no confidence that would mean anything, nor has what was corrected.
    // Of a single digit it would stand beside that of the answer, and differ.
    const hasShare = answer.text && answer.digits.length > 1;
    const percent = hasShare && digit.read === undefined ? this.#words.percent(digit.confidence) : "";
    if (hasShare) {
      const share = document.createElement("small");
      // Its place stays: digits stand side by side.
      share.textContent = percent || "\u00a0";
      share.setAttribute("aria-hidden", "true");
      button.append(share);
    }
    const named = `${digit.digit}, ${this.#words.say(answer.text ? "digit_of" : "considered_of", place)}`;
    const label = percent ? `${named}, ${percent}` : named;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => this.pick(index));
    button.addEventListener("keydown", ({ key }) => {
      if (key !== "Delete" && key !== "Backspace") return;
      this.#leaveOut(index);
      (this.#buttons[index] ?? this.#buttons.at(-1) ?? this.#parts.back).focus();
    });
    button.addEventListener("pointerenter", () => this.#callbacks.looked(index));
    button.addEventListener("pointerleave", () => this.#callbacks.looked(this.picked));
    button.addEventListener("focus", () => {
      if (button.matches(":focus-visible")) this.#callbacks.looked(index);
    });
    button.addEventListener("blur", () => this.#callbacks.looked(this.picked));
    return button;
  }

  /** Show the details of one digit: of what was read, or of what was considered. */
  #choose(index) {
    const digit = this.#answer?.digits[index];
    const { title, glyph } = this.#parts;
    this.#chosen = index;
    this.#buttons.forEach((button, i) =>
      button.setAttribute("aria-pressed", String(this.#picked && i === index)),
    );
    const count = this.#answer?.digits.length ?? 0;
    // Where all of it looks like digits, it is other ink that made it no number.
    const some = this.#answer?.text || anyForeign(this.#answer?.digits ?? []);
    this.#parts.leave.hidden = count < 2 || !some;
    const last = this.#before.at(-1);
    this.#parts.back.hidden = !last;
    if (last) this.#parts.back.textContent = this.#words.say("put_back", { text: this.#words.orNone(oneLine(last.text)) });
    const kind = this.#answer?.status === "not_a_number" ? "considered" : "digit";
    title.textContent = this.#words.say(`${kind}_${count > 1 ? "of" : "one"}`, {
      number: index + 1,
      count,
    });
    glyph.hidden = !digit?.glyph;
    if (digit?.glyph) glyph.src = digit.glyph;
    const best = this.#answer?.text ? (digit?.read ?? digit?.digit) : -1;
    this.#bars.forEach(({ row, bar, share }, value) => {
      const probability = digit?.probabilities[value] ?? 0;
      row.classList.toggle("best", value === best);
      bar.setAttribute("width", `${100 * probability}%`);
      share.textContent = digit ? this.#words.percent(probability) : "–";
    });
    if (digit) this.#callbacks.chosen(index);
  }

  #clear(state) {
    this.#state(state);
    this.#answer = null;
    this.#before = [];
    this.#buttons = [];
    this.#parts.text.textContent = "?";
    this.#parts.others.hidden = true;
    this.#picked = false;
    this.#choose(0);
  }

  #state(state) {
    this.#isExpired = false;
    this.busy(false);
    this.#root.dataset.state = state;
    // Room that was once made for an answer stays.
    if (state !== "idle") this.#root.classList.remove("fresh");
    this.#parts.text.dataset.size = "large";
  }

  #say(said, more) {
    this.#parts.sentence.textContent = said;
    this.#parts.detail.textContent = more;
  }

  #hear(said) {
    const { live } = this.#parts;
    if (live.textContent !== said) live.textContent = said;
  }
}

/** How large a number can be for so many digits and signs in a line, and so many lines. */
function sizeOf(symbols, lines) {
  if (symbols > 12 || lines > 3) return "tiny";
  if (symbols > 7 || lines > 2) return "small";
  return symbols > 5 || lines > 1 ? "medium" : "large";
}
