// How a digit is read: its ink, 28 x 28, the maps of the convolutions, ten outputs, and why.

import { sharesOf, strongestPart } from "./evidence.js";

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
    document.addEventListener("themechange", () => this.#question?.ink(this.#part("ink")));
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

  #part(name) {
    return this.#root.querySelector(`[data-explain-${name}]`);
  }

  async #load() {
    this.#controller?.abort();
    const question = this.#question;
    if (!this.#root.open || !question) return;
    const controller = new AbortController();
    this.#controller = controller;
    const failed = this.#part("failed");
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
    ink(this.#part("ink"));
    const glyph = this.#part("glyph");
    glyph.src = answer.glyph;
    await Promise.all([
      glyph.decode(),
      ...this.#views.map((view) => view.show(answer.layers.find(({ name }) => name === view.name))),
    ]);
    this.#showFind(glyph, this.#views.find(({ name }) => name === "conv1").strongest);
    this.#showWhy(answer, glyph);
    // Some models have no such output.
    const percent = this.#words.percent(digit.is_digit ?? 1);
    this.#part("is-digit").textContent = digit.is_digit === null ? "" : this.#words.say("is_digit", { percent });
    [...this.#part("outputs").children].forEach((row, value) => {
      const share = answer.probabilities[value];
      row.classList.toggle("best", best && value === digit.digit);
      row.querySelector("rect").setAttribute("height", `${100 * share}%`);
      row.querySelector("rect").setAttribute("y", `${100 - 100 * share}%`);
      row.querySelector("small").textContent = this.#words.percent(share);
    });
  }

  /** The strongest find of a filter: the window in the glyph, and its place in the map. */
  #showFind(glyph, { canvas, x, y }) {
    const side = glyph.naturalWidth;
    frame(this.#part("searched"), glyph, side, x, y, side - canvas.width + 1);
    // A map has no values at the edge, where the window would leave the glyph.
    frame(this.#part("found"), canvas, canvas.width, x, y, 1, (side - canvas.width) / 2);
  }

  #showWhy({ digit, evidence }, glyph) {
    const shares = sharesOf(evidence);
    const { data, width } = pixelsOf(glyph);
    let drawn = "";
    for (let i = 0; i < data.length / 4; i++) {
      const [x, y, ink] = [i % width, Math.floor(i / width), data[4 * i] / 255];
      if (!ink) continue;
      const share = shares[y][x];
      // By the root, faint evidence shows more, as in the maps.
      const pixel = (kind, opacity) =>
        `<rect class="${kind}" x="${x}" y="${y}" width="1" height="1" fill-opacity="${opacity}"/>`;
      drawn += pixel("neither", ink) + pixel(share > 0 ? "for" : "against", ink * Math.abs(share) ** 0.5);
    }
    this.#part("why").innerHTML = drawn;
    const said = [1, -1].map((sign) => {
      const part = strongestPart(evidence, sign);
      const place = part !== null && this.#words.say(`place_${part}`);
      return place && this.#words.say(sign > 0 ? "why_for" : "why_against", { digit, place });
    });
    this.#part("where").textContent = said.filter(Boolean).join(" ") || this.#words.say("why_none");
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
  /** The map with the largest value, and where it is. */
  strongest = null;

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
    this.strongest = this.#maps.reduce((best, map) => (map.peak > best.peak ? map : best));
    this.#slider.value = this.name === "glyph" ? 1 : 1 + this.#maps.indexOf(this.strongest);
    const parameters = layer.parameters.toLocaleString(document.documentElement.lang, LATIN);
    const size = layer.shape.slice(0, 2).join("\u00a0×\u00a0");
    this.#part.querySelector("[data-size]").textContent = layer.parameters
      ? this.#words.say("layer_size", { count: layer.shape[2], size, parameters })
      : "";
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

/** The maps of a picture, in colour, each with its largest value and where it is. */
function mapsOf(picture, [height, width, count]) {
  const columns = Math.min(COLUMNS, count);
  return Array.from({ length: count }, (_, index) => {
    const [left, top] = [(index % columns) * width, Math.floor(index / columns) * height];
    const pixels = pixelsOf(picture, left, top, width, height);
    let [peak, place] = [-1, 0];
    for (let i = 0; i < pixels.data.length; i += 4) {
      const value = pixels.data[i];
      if (value > peak) [peak, place] = [value, i / 4];
      pixels.data.set(COLOURS[value], i);
    }
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return { canvas, peak, x: place % width, y: Math.floor(place / width) };
  });
}

/** The pixels of a part of a picture, or of all of it. */
function pixelsOf(picture, x = 0, y = 0, width = picture.naturalWidth, height = picture.naturalHeight) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, x, y, width, height, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** Draw a square picture into the middle of a canvas, with a margin, and frame some of its pixels. */
function frame(canvas, picture, side, x, y, framed, margin = 0) {
  const context = canvas.getContext("2d");
  const scale = canvas.width / (side + 2 * margin);
  const [left, top] = [(x + margin) * scale, (y + margin) * scale];
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, margin * scale, margin * scale, side * scale, side * scale);
  context.strokeStyle = getComputedStyle(canvas).outlineColor;
  context.lineWidth = 4;
  context.strokeRect(left - 2, top - 2, framed * scale + 4, framed * scale + 4);
}

/** The digits of numbers, in every language. */
const LATIN = { numberingSystem: "latn" };

/** From dark over violet and orange to light: faint maps show more than in grey. */
const STOPS = [[8, 8, 20], [62, 34, 120], [150, 44, 118], [232, 104, 66], [250, 190, 90], [255, 250, 215]];

const COLOURS = Array.from({ length: 256 }, (_, value) => {
  const place = Math.sqrt(value / 255) * (STOPS.length - 1);
  const from = Math.min(STOPS.length - 2, Math.floor(place));
  return STOPS[from].map((part, i) => part + (place - from) * (STOPS[from + 1][i] - part));
});
