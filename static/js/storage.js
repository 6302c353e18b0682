// What the browser keeps. Storage may be switched off or full: then nothing is kept, and all works.

class Kept {
  #storage;

  /** @param {() => Storage} storage asking for it may fail already */
  constructor(storage) {
    this.#storage = storage;
  }

  get(key) {
    try {
      return this.#storage().getItem(key);
    } catch {
      return null;
    }
  }

  /**
   * What was there goes, whether there is room for the new or not; the empty text is as good as none.
   * @returns {boolean} whether there is room
   */
  set(key, value) {
    if (this.replace(key, value)) return true;
    try {
      this.#storage().removeItem(key);
    } catch {
      // For this page only, then.
    }
    return false;
  }

  /**
   * What was there stays if there is no room for the new.
   * @returns {boolean} whether there is room
   */
  replace(key, value) {
    try {
      this.#storage().setItem(key, value);
      return true;
    } catch {
      return false;
    }
  }
}

/** Until the tab is closed, and in this tab alone. */
export const inTab = new Kept(() => sessionStorage);

/** For good. */
export const inBrowser = new Kept(() => localStorage);
