// The picture on the stage: shown, and how far it is on its way.

export class PhotoView {
  #root;
  #frame;
  #image;
  #sending;
  #words;

  /**
   * @param {HTMLElement} root
   * @param {import("./words.js").Words} words
   */
  constructor(root, words) {
    this.#root = root;
    this.#words = words;
    this.#frame = root.querySelector("[data-photo-frame]");
    this.#image = root.querySelector("img");
    this.#sending = root.querySelector("[data-sending]");
  }

  /** The picture as it is shown. */
  get image() {
    return this.#image;
  }

  /** Another picture will come. */
  blank() {
    this.#root.classList.add("blank");
  }

  /** @param {Blob} blob */
  async show(blob) {
    URL.revokeObjectURL(this.#image.src);
    this.#image.src = URL.createObjectURL(blob);
    // Not every file is a picture that can be shown; the server's answer says what is wrong.
    const shown = await this.#image.decode().then(() => true, () => false);
    this.#root.classList.toggle("blank", !shown);
    if (!shown) return;
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
