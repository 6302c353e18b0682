// What the network sees: from ink to box to 28 x 28, the maps of the convolutions, ten outputs.

/** Maps side by side in the pictures that the server sends (docs/api.md). */
const COLUMNS = 8;

/** Pixels of a canvas that stay free between maps. */
const GAP = 1;

export class Explorer {
  #root;
  #words;
  #ask;
  #views;
  #question = null;
  #controller = null;

  /** @param {(signal: AbortSignal) => Promise<object>} ask for the explanation of what is chosen */
  constructor(root, words, ask) {
    this.#root = root;
    this.#words = words;
    this.#ask = ask;
    this.#views = [...root.querySelectorAll("[data-layer]")].map(
      (part) => new LayerView(part, words),
    );
    root.addEventListener("toggle", () => this.#load());
  }

  /**
   * Another digit is to be explained.
   * @param {object | null} question ink(canvas): draws it; digit; best: whether it was read as that
   */
  about(question) {
    this.#question = question;
    this.#load();
  }

  /** Until the next question what is shown stays, and none is asked. */
  wait() {
    this.#controller?.abort();
    this.#question = null;
  }

  async #load() {
    this.#controller?.abort();
    const question = this.#question;
    this.#root.querySelector("[data-explain-none]").hidden = question !== null;
    this.#root.querySelector("[data-explain-way]").hidden = question === null;
    if (!this.#root.open || !question) return;
    const controller = new AbortController();
    this.#controller = controller;
    const failed = this.#root.querySelector("[data-explain-failed]");
    try {
      const answer = await this.#ask(controller.signal);
      if (controller.signal.aborted) return;
      await this.#show(answer, question);
      failed.hidden = true;
    } catch (error) {
      if (controller.signal.aborted) return;
      failed.textContent = this.#words.problem(error);
      failed.hidden = false;
    }
  }

  async #show(answer, { ink, digit, best }) {
    ink(this.#root.querySelector("[data-explain-ink]"));
    this.#root.querySelector("[data-explain-glyph]").src = answer.glyph;
    await Promise.all(
      this.#views.map((view) => view.show(answer.layers.find(({ name }) => name === view.name))),
    );
    const list = this.#root.querySelector("[data-explain-outputs]");
    [...list.children].forEach((row, value) => {
      const share = answer.probabilities[value];
      row.classList.toggle("best", best && value === digit.digit);
      row.querySelector("rect").setAttribute("height", `${100 * share}%`);
      row.querySelector("rect").setAttribute("y", `${100 - 100 * share}%`);
      row.querySelector("small").textContent = this.#words.percent(share);
    });
  }
}

/** The maps of one layer: all of them, small, and one of them, large, chosen by a slider or a tap. */
class LayerView {
  #words;
  #part;
  #all;
  #one;
  #slider;
  #caption;
  #maps = [];

  constructor(part, words) {
    this.#words = words;
    this.#part = part;
    this.name = part.dataset.layer;
    this.#all = part.querySelector("[data-maps]");
    this.#one = part.querySelector("[data-map]");
    this.#slider = part.querySelector("input");
    this.#caption = part.querySelector("output");
    this.#slider.addEventListener("input", () => this.#draw());
    const point = (event) => this.#point(event);
    this.#all.addEventListener("pointerdown", point);
    this.#all.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" || event.buttons) point(event);
    });
  }

  async show(layer) {
    this.#part.hidden = !layer;
    if (!layer) return;
    const picture = new Image();
    picture.src = layer.maps;
    await picture.decode();
    this.#maps = mapsOf(picture, layer.shape);
    this.#slider.max = this.#maps.length;
    // The first may be dark; the one with the most contrast says more.
    const contrasts = this.#maps.map((map) => map.contrast);
    const best = contrasts.indexOf(Math.max(...contrasts));
    this.#slider.value = this.name === "glyph" ? 1 : 1 + best;
    this.#draw();
  }

  #draw() {
    if (!this.#maps.length) return;
    const count = this.#maps.length;
    const chosen = Number(this.#slider.value) - 1;
    const columns = Math.min(COLUMNS, count);
    const { width, height } = this.#maps[0].canvas;
    // Small maps are drawn larger, or the gaps would be as wide as they are.
    const scale = Math.max(1, Math.round(24 / width));
    const [across, down] = [width * scale + 2 * GAP, height * scale + 2 * GAP];
    this.#all.width = columns * across;
    this.#all.height = Math.ceil(count / columns) * down;
    const context = this.#all.getContext("2d");
    context.imageSmoothingEnabled = false;
    this.#maps.forEach(({ canvas }, i) => {
      const [x, y] = [(i % columns) * across, Math.floor(i / columns) * down];
      if (i === chosen) {
        context.fillStyle = getComputedStyle(this.#all).color;
        context.fillRect(x, y, across, down);
      }
      context.drawImage(canvas, x + GAP, y + GAP, width * scale, height * scale);
    });
    this.#one.width = width;
    this.#one.height = height;
    this.#one.getContext("2d").drawImage(this.#maps[chosen].canvas, 0, 0);
    const said = this.#words.say("map_of", { number: chosen + 1, count });
    this.#caption.textContent = said;
    this.#slider.setAttribute("aria-valuetext", said);
  }

  #point(event) {
    if (!this.#maps.length) return;
    const { left, top, width, height } = this.#all.getBoundingClientRect();
    const columns = Math.min(COLUMNS, this.#maps.length);
    const rows = Math.ceil(this.#maps.length / columns);
    const x = Math.floor((columns * (event.clientX - left)) / width);
    const y = Math.floor((rows * (event.clientY - top)) / height);
    this.#slider.value = y * columns + x + 1;
    this.#draw();
  }
}

/** The maps of a picture, in colour, each with the variance of its values. */
function mapsOf(picture, [height, width, count]) {
  const columns = Math.min(COLUMNS, count);
  return Array.from({ length: count }, (_, index) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
    context.drawImage(picture, x, y, width, height, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < pixels.data.length; i += 4) {
      const value = pixels.data[i];
      sum += value;
      squares += value * value;
      pixels.data.set(COLOURS[value], i);
    }
    context.putImageData(pixels, 0, 0);
    const area = width * height;
    return { canvas, contrast: squares / area - (sum / area) ** 2 };
  });
}

/** From dark over violet and orange to light: faint maps show more than in grey. */
const STOPS = [[8, 8, 20], [62, 34, 120], [150, 44, 118], [232, 104, 66], [250, 190, 90], [255, 250, 215]];

const COLOURS = Array.from({ length: 256 }, (_, value) => {
  const place = Math.sqrt(value / 255) * (STOPS.length - 1);
  const from = Math.min(STOPS.length - 2, Math.floor(place));
  return STOPS[from].map((part, i) => part + (place - from) * (STOPS[from + 1][i] - part));
});
