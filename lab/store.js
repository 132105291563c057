/**
 * What a reader wrote and solved, kept in their browser and nowhere else. Where the browser keeps nothing, it is kept
 * until the page is left.
 *
 * @typedef {{text?: unknown, solved?: boolean, tries?: number}} Kept
 */

const KEY = "warmstart:exercises";

export class Store {
  /** @param {Storage | null} storage */
  constructor(storage) {
    this.storage = storage;
    this.lasting = true;
    /** @type {Record<string, Kept>} */
    this.entries = {};
    try {
      this.entries = valid(JSON.parse(storage.getItem(KEY) ?? "{}"));
      storage.setItem(KEY, JSON.stringify(this.entries));
    } catch {
      this.lasting = false;
    }
  }

  /** @param {string} name */
  get(name) {
    return this.entries[name] ?? {};
  }

  /**
   * @param {string} name
   * @param {Kept} change
   */
  set(name, change) {
    this.entries[name] = { ...this.get(name), ...change };
    this.save();
  }

  clear() {
    this.entries = {};
    this.save();
  }

  /** All of it as a text to put into a file. */
  exported() {
    return JSON.stringify({ kind: KEY, entries: this.entries }, null, 1);
  }

  /**
   * Add what a file holds; what is solved stays solved.
   * @param {string} text
   */
  imported(text) {
    const file = JSON.parse(text);
    if (file?.kind !== KEY) throw new Error("This file holds no answers of this book.");
    for (const [name, entry] of Object.entries(valid(file.entries))) {
      this.entries[name] = { ...this.get(name), ...entry, solved: Boolean(entry.solved || this.get(name).solved) };
    }
    this.save();
  }

  save() {
    try {
      this.storage.setItem(KEY, JSON.stringify(this.entries));
    } catch {
      this.lasting = false;
    }
  }
}

/**
 * The entries of a text that anybody may have changed: names of exercises, and fields of the kinds that we write.
 * @param {unknown} entries
 * @returns {Record<string, Kept>}
 */
function valid(entries) {
  const found = {};
  for (const [name, entry] of Object.entries(entries ?? {})) {
    if (!/^[a-z0-9-]+$/.test(name) || typeof entry !== "object" || entry === null) continue;
    const kept = {};
    if (typeof entry.text === "string" || isTexts(entry.text)) kept.text = entry.text;
    if (typeof entry.solved === "boolean") kept.solved = entry.solved;
    if (Number.isInteger(entry.tries) && entry.tries >= 0) kept.tries = entry.tries;
    found[name] = kept;
  }
  return found;
}

/** @param {unknown} value */
function isTexts(value) {
  return Array.isArray(value) && value.every((part) => typeof part === "string");
}
