// The picture: brought, turned, shown on the stage and sent, or refused.

import { readImage } from "./api.js";
import { watchFiles } from "./files.js";
import { find, onClick } from "./page.js";
import { PictureError, ofText, prepared, textOf } from "./picture.js";
import { inTab } from "./storage.js";

/** The name of what the browser keeps. */
const PHOTO = "inkling-photo";

/** A larger picture does not fit into what a browser keeps, in bytes. */
const MOST_KEPT = 2 ** 21;

export class PictureController {
  #stage;
  #words;
  #answer;
  #drawing;
  #callbacks;
  #form = find("drop-zone");
  #mostBytes = Number(this.#form.dataset.maxBytes);
  /** The picture that is being opened, or null. */
  #coming = null;

  /**
   * @param {object} callbacks taking(): a picture takes the stage; asked(); staged(): the stage
   *   shows something else
   */
  constructor(stage, words, answer, drawing, callbacks) {
    this.#stage = stage;
    this.#words = words;
    this.#answer = answer;
    this.#drawing = drawing;
    this.#callbacks = callbacks;
    watchFiles(this.#form, (file) => this.bring(file));
    onClick({
      pick: () => find("file").click(),
      rotate: () => this.#rotate(),
      close: () => this.#close(),
      cancel: () => (this.#coming ? this.#forget() : this.#close()),
    });
    // A browser may bring back a reloaded page's form as it was left.
    this.#form.reset();
  }

  /**
   * Open a file. The stage stays as it is, with its answer, until the file is known to be a picture.
   * @param {Blob | Promise<Blob>} given
   */
  async bring(given) {
    const next = { turns: 0, sent: [] };
    this.#coming = next;
    // The same name again is another choice.
    this.#form.reset();
    this.refuse("");
    this.#showSent(0);
    try {
      next.file = await given;
      next.sent[0] = await prepared(next.file, 0, this.#mostBytes);
    } catch (error) {
      const isKnown = error instanceof PictureError;
      if (this.#coming === next) {
        // What was read before the file is not taken for what is in it.
        const stays = this.#answer.shown ? ` ${this.#words.say("as_before")}` : "";
        this.refuse(this.#words.problem(isKnown ? error : { name: "422" }) + stays);
      }
      if (!isKnown) throw error;
      return;
    }
    if (this.#coming !== next) return;
    if (this.#drawing.pad.isDrawing) {
      this.#forget();
      return;
    }
    this.#callbacks.taking();
    this.#coming = null;
    this.#stage.picture = next;
    this.read();
    find("stage").scrollIntoView({ block: "nearest" });
  }

  /** Say why a file was not taken; the empty text takes that away. */
  refuse(message) {
    const place = find("refused");
    place.textContent = message && `${this.#words.say("failed")} ${message}`;
    if (!message) return;
    this.#forget();
    place.scrollIntoView({ block: "nearest" });
  }

  /** The picture takes the stage; the drawing waits beneath it. */
  read() {
    const { file, turns, sent } = this.#stage.picture;
    this.#answer.expire();
    this.#callbacks.asked();
    this.#showSent(0);
    this.#answer.ask(async (signal) => {
      sent[turns] ??= await prepared(file, turns, this.#mostBytes);
      signal.throwIfAborted();
      await this.#showPicture(sent[turns]);
      // It is there again after a reload, and in another language.
      const text = sent[turns].size > MOST_KEPT ? "" : await textOf(sent[turns]);
      signal.throwIfAborted();
      inTab.set(PHOTO, text);
      this.#callbacks.staged();
      return readImage(sent[turns], signal, (share) => this.#showSent(share));
    });
  }

  /** Hide the progress: nothing is on its way. */
  settle() {
    this.#showSent(null);
  }

  /** Make room for a drawing: the last choice counts. */
  leave() {
    this.#forget();
    if (this.#stage.picture) this.#close();
    else inTab.set(PHOTO, "");
  }

  /** Bring back the picture after a reload, or in another language. */
  restore() {
    const kept = inTab.get(PHOTO);
    if (kept) this.bring(ofText(kept));
  }

  #rotate() {
    const { picture } = this.#stage;
    picture.turns = (picture.turns + 1) % 4;
    this.read();
  }

  #close() {
    this.#stage.picture = this.#coming = null;
    inTab.set(PHOTO, "");
    this.settle();
    this.#callbacks.staged();
    this.#drawing.resume();
    this.#drawing.pad.focus();
  }

  async #showPicture(blob) {
    const image = find("photo-image");
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(blob);
    // It fails where another picture has come meanwhile: that one is shown, then.
    await image.decode().catch(() => {});
    const { naturalWidth, naturalHeight } = image;
    const { style } = find("photo-frame");
    style.aspectRatio = `${naturalWidth} / ${naturalHeight}`;
    style.setProperty("--photo-shape", naturalWidth / naturalHeight);
  }

  /** Show which share has gone up, 0 to 1; null: nothing is on its way. */
  #showSent(share) {
    const place = find("sending");
    place.hidden = share === null;
    const bar = place.querySelector("progress");
    if (share > 0 && share < 1) bar.value = share;
    else bar.removeAttribute("value");
    const said = this.#words.say(share === 1 ? "reading" : "sending");
    place.querySelector("label").textContent = said;
  }

  /** Drop the file that is coming. */
  #forget() {
    this.#coming = null;
    if (!this.#stage.picture || !this.#answer.isBusy) this.settle();
  }
}
