// The buttons around the stage: which can do something, and what they say for a moment.

import { find } from "./page.js";

/** How long a notice stays, in ms. */
const NOTICE = 4000;

export class Toolbar {
  #stage;
  #words;
  #answer;
  #pad;
  #timer = 0;

  constructor(stage, words, answer, pad) {
    this.#stage = stage;
    this.#words = words;
    this.#answer = answer;
    this.#pad = pad;
  }

  /** Say a text by its name. */
  tell(name) {
    clearTimeout(this.#timer);
    find("notice").textContent = this.#words.say(name);
    this.#timer = setTimeout(() => (find("notice").textContent = ""), NOTICE);
  }

  /** Show the drawing or the picture, with the tools for it. */
  showStage() {
    const { picture, isShared } = this.#stage;
    find("pad").inert = find("toolbar").hidden = isShared;
    find("stage").classList.toggle("with-photo", Boolean(picture));
    find("photo").hidden = find("picture-tools").hidden = !picture;
    find("drawing-tools").hidden = Boolean(picture);
  }

  /** Disable the buttons that can do nothing; the focus is not lost with what goes. */
  update() {
    const { drawing, picture, isCurrent } = this.#stage;
    const { canUndo, canRedo, isEmpty } = drawing;
    const off = {
      undo: !canUndo,
      redo: !canRedo,
      erase: isEmpty && !this.#pad.rubber,
      clear: isEmpty,
      pick: picture || !isEmpty,
      submit: !picture && isEmpty,
      "copy-number": !isCurrent || !this.#answer.shown?.text,
    };
    const focused = document.activeElement;
    for (const [name, disabled] of Object.entries(off)) find(name).disabled = disabled;
    find("erase").setAttribute("aria-pressed", String(this.#pad.rubber));
    find("pad").classList.toggle("rubber", this.#pad.rubber);
    find("pad-hint").hidden = !isEmpty;
    // A drawing can be shared and saved without an answer, as without a connection.
    find("actions").hidden = picture ? !this.#answer.shown?.text : isEmpty;
    find("retry").hidden = true;
    find("save").hidden = find("share").hidden = Boolean(picture);
    if (focused?.matches(":disabled, [hidden], [hidden] *")) this.#pad.focus();
  }
}
