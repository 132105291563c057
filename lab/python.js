/**
 * Python in a worker: started by the first question, ended when it hangs, and begun anew when it has grown too large.
 *
 * @typedef {{folder: string, worker: string, bytes: number, files: Record<string, {address: string, bytes: number, integrity: string}>}} Settings
 */

/** A worker above this size is replaced before the next question; its memory never shrinks. */
const LARGE = 500e6;
/** Python stops an answer after 10 seconds; what it cannot stop (a loop in C) ends with its worker. */
const PATIENCE = 14e3;
/** A start that says nothing for so long has failed. */
const SILENCE = 45e3;
const PROBE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/**
 * Why Python cannot run here, in words for the reader; empty if nothing is known to be in the way.
 * @param {Settings | null} settings
 * @param {{WebAssembly?: any, Worker?: any, DecompressionStream?: any}} browser
 */
export function obstacle(settings, browser) {
  if (!settings)
    return "This copy of the book was built without Python for the page. Build it once with a network (make book), and the button works; the notebook on Colab or Binder checks this answer as well.";
  if (!browser.Worker || !browser.DecompressionStream) return "This browser is too old to run Python in a page.";
  try {
    new browser.WebAssembly.Module(PROBE);
  } catch {
    return "This browser may not run WebAssembly here, perhaps by a rule of your school or company. The notebook on Colab checks this answer as well.";
  }
  return "";
}

export class Python {
  /**
   * @param {Settings} settings
   * @param {string} root address of the book's folder `_static`
   * @param {(what: "set" | "clear") => void} mark is there while Python starts
   */
  constructor(settings, root, mark) {
    Object.assign(this, { settings, root, mark, worker: null, started: null, size: 0, waiting: new Map(), asked: 0 });
    /** Whether cells ran: then the worker holds what the reader computed, and is not replaced. */
    this.holds = false;
    this.loaded = new Set();
  }

  /**
   * Ask the worker, and start it before if there is none.
   * @param {object} question
   * @param {(words: string) => void} report what goes on
   * @returns {Promise<any>}
   */
  async ask(question, report) {
    if (this.size > LARGE && !this.holds) this.stop("");
    this.report = report;
    await this.start();
    report("Checking …");
    return this.send(question, PATIENCE);
  }

  /**
   * Run cells one after the other, until one fails.
   * @param {{id: string, source: string}[]} steps
   * @param {{plots: boolean, files: string[], dpi: number}} needs
   * @param {(words: string) => void} report
   */
  async run(steps, { plots, files, dpi }, report) {
    this.report = report;
    await this.start();
    this.holds = true;
    await this.load("plots", plots ? Object.keys(this.settings.plots) : []);
    await this.load("data", files);
    const done = [];
    let answer = { text: "", figures: [], error: "" };
    for (const [i, { id, source }] of steps.entries()) {
      this.report(steps.length > 1 ? `Running cell ${i + 1} of ${steps.length} …` : "Running …");
      answer = await this.send({ type: "cell", cell: id, source, dpi }, 0);
      if (answer.error) return { ...answer, cell: id, done };
      done.push({ id, source });
    }
    return { ...answer, cell: steps.at(-1).id, done };
  }

  /** @param {"plots" | "data"} group @param {string[]} names */
  async load(group, names) {
    const files = Object.fromEntries(names.filter((name) => !this.loaded.has(name)).map((name) => [name, this.settings[group][name]]));
    if (!Object.keys(files).length) return;
    await this.send({ type: group, folder: this.folder, files }, SILENCE);
    for (const name of names) this.loaded.add(name);
  }

  start() {
    if (this.started) return this.started;
    const reason = obstacle(this.settings, window);
    if (reason) return Promise.reject(new Error(reason));
    this.mark("set");
    const folder = new URL(`${this.settings.folder}/`, new URL(this.root, location.href)).href;
    this.folder = folder;
    this.worker = new Worker(new URL(`../${this.settings.worker}`, folder), { type: "module" });
    this.worker.onmessage = (event) => this.receive(event.data);
    this.worker.onerror = (event) => {
      event.preventDefault?.();
      this.stop("The worker could not be loaded: the file is missing, blocked, or sent with a wrong type by this server.");
    };
    this.started = this.send({ type: "start", folder, files: this.settings.files }, SILENCE).then((answer) => {
      this.mark("clear");
      return answer;
    });
    this.started.catch(() => this.mark("clear"));
    return this.started;
  }

  /** @param {object} question @param {number} patience */
  send(question, patience) {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      const entry = { resolve, reject, patience, timer: 0 };
      this.waiting.set(id, entry);
      this.watch(entry);
      this.worker.postMessage({ ...question, id });
    });
  }

  watch(entry) {
    clearTimeout(entry.timer);
    if (!entry.patience) return;
    const words = entry.patience === SILENCE
      ? "Nothing came for 45 seconds. The connection may be too slow, or something is blocked."
      : "The answer took too long and was stopped: does a loop never end?";
    entry.timer = setTimeout(() => this.stop(words), entry.patience);
  }

  receive(message) {
    if (message.size) this.size = message.size;
    if (message.type === "progress") {
      for (const entry of this.waiting.values()) this.watch(entry);
      this.report(message.words);
      return;
    }
    if (message.type === "dead") return this.stop(message.words);
    const entry = this.waiting.get(message.id);
    if (!entry) return;
    clearTimeout(entry.timer);
    this.waiting.delete(message.id);
    if (message.type === "failed") {
      entry.reject(new Error(message.words));
      if (!message.alive) this.stop(message.words);
    } else entry.resolve(message);
  }

  /**
   * End the worker; the next question starts another.
   * @param {string} words why, for those who wait
   */
  stop(words = "Stopped.") {
    this.worker?.terminate();
    this.mark("clear");
    Object.assign(this, { worker: null, started: null, size: 0, holds: false, loaded: new Set() });
    for (const entry of this.waiting.values()) {
      clearTimeout(entry.timer);
      entry.reject(new Error(words));
    }
    this.waiting.clear();
  }
}
