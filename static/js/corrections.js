// What the visitor has corrected: kept in this browser, sent nowhere, saved as a stroke file.

import { download } from "./files.js";
import { fromText } from "./link.js";
import { pathOf, viewBoxOf } from "./share.js";
import { inBrowser } from "./storage.js";
import { gzipped, toLines } from "./stroke-file.js";
import { oneLine } from "./words.js";

const KEY = "inkling-corrections";
const MOST = 100;

/** Characters of a number, at most: what is longer is none of ours. */
const MOST_TEXT = 1000;

export class Corrections {
  #root;
  #words;
  #said;
  #list;
  /** What is shown, by its ink: an item that stays keeps the focus. */
  #items = new Map();

  /** @param {(name: string, isEmpty?: boolean) => void} said what came of it, and whether none is left */
  constructor(root, words, said) {
    this.#root = root;
    this.#words = words;
    this.#said = said;
    this.#list = root.querySelector("ul");
    const click = (name, act) => root.querySelector(`[data-${name}]`).addEventListener("click", act);
    click("delete-all", () => this.#delete([]));
    click("export", () => this.#export());
    root.addEventListener("toggle", () => this.#show());
    this.#show();
  }

  /**
   * Keep a correction as the newest, or none, in the place of another.
   * @param {{ink: string, read: string, right: string} | null} correction texts; "": not a number
   * @param {string} before the ink of the one that it takes the place of
   * @returns {boolean} whether there is room; without it, what was there stays
   */
  keep(correction, before) {
    const others = kept().filter(({ ink }) => ink !== before && ink !== correction?.ink);
    return this.#store(correction ? [correction, ...others] : others);
  }

  /** What the visitor has said about this ink; undefined where nothing is kept. */
  rightOf(ink) {
    return kept().find((each) => each.ink === ink)?.right;
  }

  #store(corrections) {
    const some = corrections.slice(0, MOST).map(({ ink, read, right }) => ({ ink, read, right }));
    const isKept = inBrowser.replace(KEY, JSON.stringify(some));
    this.#show();
    return isKept;
  }

  #delete(corrections) {
    if (this.#store(corrections)) this.#said("deleted", this.#root.hidden);
  }

  async #export() {
    const numbers = kept().filter(({ right }) => right);
    try {
      const lines = toLines(numbers.map(({ right, strokes }) => ({ label: right, strokes })));
      download(await gzipped(lines), "inkling-corrections.jsonl.gz");
    } catch {
      this.#said("not_exported");
    }
  }

  #show() {
    const corrections = kept();
    this.#root.hidden = !corrections.length;
    // Folded, it costs nothing.
    const shown = this.#root.open ? corrections : [];
    const focused = document.activeElement;
    this.#items = new Map(shown.map((each) => [each.ink, this.#itemOf(each)]));
    this.#list.replaceChildren(...this.#items.values());
    if (this.#list.contains(focused)) focused.focus({ preventScroll: true });
    const numbers = corrections.filter(({ right }) => right);
    this.#root.querySelector("[data-export]").disabled = !numbers.length;
    this.#root.querySelector("[data-no-label]").hidden = numbers.length === corrections.length;
  }

  #itemOf({ ink, read, right, strokes }) {
    const words = this.#words;
    const item = this.#items.get(ink) ?? this.#newItem(ink, strokes);
    const text = item.querySelector("b");
    text.textContent = words.orNone(oneLine(right));
    // A number reads from left to right; words, as the language does.
    text.dir = right ? "ltr" : "";
    item.querySelector("small").textContent = words.readAs(read);
    const label = words.say("delete_correction", { text: words.orNone(words.heard(right)) });
    item.querySelector("[data-delete]").setAttribute("aria-label", label);
    return item;
  }

  #newItem(ink, strokes) {
    const item = this.#root.querySelector("template").content.firstElementChild.cloneNode(true);
    const svg = item.querySelector("svg");
    svg.setAttribute("viewBox", viewBoxOf(strokes));
    svg.firstElementChild.setAttribute("d", strokes.map(pathOf).join(""));
    item.querySelector("[data-delete]").addEventListener("click", () => {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      this.#delete(kept().filter((each) => each.ink !== ink));
      next?.querySelector("[data-delete]").focus();
    });
    return item;
  }
}

/** What is kept and can still be read, with its strokes, newest first; none twice. */
function kept() {
  let given;
  try {
    given = JSON.parse(inBrowser.get(KEY));
  } catch {
    // It is none of ours.
  }
  if (!Array.isArray(given)) return [];
  const found = new Map();
  for (const { ink, read, right } of given.filter((each) => each !== null).slice(0, MOST)) {
    const strokes = isText(read) && isText(right) && typeof ink === "string" && fromText(ink);
    if (strokes && !found.has(ink)) found.set(ink, { ink, read, right, strokes });
  }
  return [...found.values()];
}

function isText(value) {
  return typeof value === "string" && value.length <= MOST_TEXT;
}
