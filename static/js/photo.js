// The picture on the stage: shown, and how far it is on its way.

export class PhotoView {
  #frame;
  #image;
  #sending;
  #words;

  /**
   * @param {HTMLElement} root the stage
   * @param {import("./words.js").Words} words
   */
  constructor(root, words) {
    this.#words = words;
    this.#frame = root.querySelector("[data-photo-frame]");
    this.#image = root.querySelector("img");
    this.#sending = root.querySelector("[data-sending]");
  }

  /** The picture as it is shown. */
  get image() {
    return this.#image;
  }

  /** @param {Blob} blob */
  async show(blob) {
    URL.revokeObjectURL(this.#image.src);
    this.#image.src = URL.createObjectURL(blob);
    // It fails where another picture has come meanwhile: that one is shown, then.
    await this.#image.decode().catch(() => {});
    const { naturalWidth, naturalHeight } = this.#image;
    this.#frame.style.aspectRatio = `${naturalWidth} / ${naturalHeight}`;
    this.#frame.style.setProperty("--photo-shape", naturalWidth / naturalHeight);
  }

  /** @param {number | null} share that has gone up, 0 to 1; null: nothing is on its way */
  sending(share) {
    this.#sending.hidden = share === null;
    const bar = this.#sending.querySelector("progress");
    if (share > 0 && share < 1) bar.value = share;
    else bar.removeAttribute("value");
    const said = this.#words.say(share === 1 ? "reading" : "sending");
    this.#sending.querySelector("label").textContent = said;
  }
}
