// The last readings of drawings: kept in this browser, and sent nowhere.

import { fromText, toText } from "./link.js";
import { pathOf, viewBoxOf } from "./share.js";
import { inBrowser } from "./storage.js";
import { oneLine } from "./words.js";

const KEY = "inkling-recent";
const MOST = 30;

export class Recent {
  #root;
  #list;
  #words;
  #callbacks;
  /** What is shown, by its ink: an item that stays keeps the focus. */
  #items = new Map();

  /**
   * @param {object} callbacks chosen(strokes); deleted(last): whether none is left; reading(): the
   *   answer about a drawing, if there is one, and the drawing's columns
   */
  constructor(root, words, callbacks) {
    this.#root = root;
    this.#list = root.querySelector("ul");
    this.#words = words;
    this.#callbacks = callbacks;
    root.addEventListener("toggle", () => this.#show());
    root.querySelector("[data-delete-all]").addEventListener("click", () => this.#delete([]));
    document.addEventListener("visibilitychange", () => document.hidden && this.keep());
    addEventListener("pagehide", () => this.keep());
    this.#show();
  }

  /** Before a drawing goes: keep its reading as the newest; of the same ink only that. */
  keep() {
    const { text, status, columns } = this.#callbacks.reading();
    if (!text) return;
    const ink = toText(columns);
    store([{ text, status, time: Date.now(), ink }, ...without(ink)]);
    this.#show();
  }

  #delete(entries) {
    store(entries);
    this.#show();
    this.#callbacks.deleted(this.#root.hidden);
  }

  #show() {
    const entries = kept();
    this.#root.hidden = !entries.length;
    const focused = document.activeElement;
    // Folded, it costs nothing.
    const shown = this.#root.open ? entries : [];
    this.#items = new Map(shown.map((entry) => [entry.ink, this.#itemOf(entry)]));
    this.#list.replaceChildren(...this.#items.values());
    if (this.#list.contains(focused)) focused.focus({ preventScroll: true });
  }

  #itemOf({ text, status, time, ink }) {
    const item = this.#items.get(ink) ?? this.#newItem(ink);
    item.querySelector("b").textContent = oneLine(text) + (status === "ok" ? "" : "?");
    // With the digits that the page has everywhere else.
    const parts = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
    const style = { ...parts, numberingSystem: "latn" };
    const when = new Date(time).toLocaleString(document.documentElement.lang, style);
    item.querySelector("small").textContent = when;
    const label = this.#words.say("delete_reading", { text: this.#words.heard(text) });
    item.querySelector("[data-delete]").setAttribute("aria-label", label);
    return item;
  }

  #newItem(ink) {
    const item = this.#root.querySelector("template").content.firstElementChild.cloneNode(true);
    const strokes = fromText(ink);
    const svg = item.querySelector("[data-ink]");
    svg.setAttribute("viewBox", viewBoxOf(strokes));
    svg.firstElementChild.setAttribute("d", strokes.map(pathOf).join(""));
    item.querySelector("[data-reading]").addEventListener("click", () => this.#callbacks.chosen(strokes));
    item.querySelector("[data-delete]").addEventListener("click", () => {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      this.#delete(without(ink));
      next?.querySelector("[data-delete]").focus();
    });
    return item;
  }
}

/** What is kept and can still be read, newest first. */
export function kept() {
  try {
    return JSON.parse(inBrowser.get(KEY)).filter(({ text, ink }) => text.trim() && fromText(ink));
  } catch {
    return [];
  }
}

function without(ink) {
  return kept().filter((entry) => entry.ink !== ink);
}

/** As many as there is room for. */
function store(entries) {
  const some = entries.slice(0, MOST);
  while (!inBrowser.set(KEY, JSON.stringify(some)) && some.length) some.pop();
}
