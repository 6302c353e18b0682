// The buttons beside the answer: they copy, share and save it.

import { download } from "./files.js";
import { MOST_LINK, toFragment } from "./link.js";
import { find, onClick } from "./page.js";
import { toPng } from "./png.js";
import { toReplay } from "./replay.js";
import { toCurl, toSvg } from "./share.js";

export class ShareController {
  #stage;
  #answer;
  #drawing;
  #said;

  /** @param {(name: string) => void} said what came of it */
  constructor(stage, answer, drawing, said) {
    this.#stage = stage;
    this.#answer = answer;
    this.#drawing = drawing;
    this.#said = said;
    onClick({
      share: () => this.#share(),
      "copy-number": () => this.#copy(answer.shown.text),
      "copy-curl": () => this.#copyCurl(),
      svg: () => this.#saveSvg("svg", toSvg(stage.drawing.strokes)),
      replay: () => this.#saveSvg("replay.svg", toReplay(stage.drawing.strokes)),
      png: () => this.#save("png", toPng(stage.drawing.strokes)),
    });
  }

  async #share() {
    const fragment = await toFragment(this.#stage.drawing.toColumns());
    const url = location.origin + location.pathname + fragment;
    if (url.length > MOST_LINK) this.#said("link_too_long");
    else if (navigator.share && matchMedia("(pointer: coarse)").matches) {
      // Whoever thinks better of it needs no message.
      navigator.share({ url }).catch((error) => error.name === "AbortError" || this.#copy(url, "link_copied"));
    } else this.#copy(url, "link_copied");
  }

  async #copy(text, done = "copied") {
    try {
      await navigator.clipboard.writeText(text);
      this.#said(done);
    } catch {
      this.#said("not_copied");
    }
  }

  #copyCurl() {
    const { picture } = this.#stage;
    const name = picture && (picture.file.name || "picture.png");
    this.#copy(toCurl(location.origin, this.#drawing.request, name));
  }

  #saveSvg(ending, text) {
    this.#save(ending, new Blob([text], { type: "image/svg+xml" }));
  }

  #save(ending, blob) {
    const text = this.#stage.isCurrent && this.#answer.shown?.text;
    download(blob, `inkling-${text ? text.replace(/[^\d.,]/g, "-") : "drawing"}.${ending}`);
  }
}
