// What the browser keeps. Storage may be switched off or full: then nothing is kept, and all works.

class Kept {
  #storage;

  /** @param {() => Storage} storage asking for it may fail already */
  constructor(storage) {
    this.#storage = storage;
  }

  /** @returns {string | null} */
  get(key) {
    try {
      return this.#storage().getItem(key);
    } catch {
      return null;
    }
  }

  /** Get it and forget it. */
  take(key) {
    const value = this.get(key);
    try {
      this.#storage().removeItem(key);
    } catch {
      // There is none, then.
    }
    return value;
  }

  set(key, value) {
    try {
      this.#storage().setItem(key, value);
    } catch {
      // For this page only, then.
    }
  }
}

/** Until the tab is closed, and in this tab alone. */
export const inTab = new Kept(() => sessionStorage);

/** For good. */
export const inBrowser = new Kept(() => localStorage);
