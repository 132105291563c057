/** Run, edit and reset cells in the page. Loaded when the first cell is asked for. */

import { make } from "./make.js";

/** What ran last, by cell: its source, and a number that grows with each run. */
const ran = new Map();
/** The worker in which it ran; another one knows nothing of it. */
let home = null;
let clock = 0;
const opened = new Map();

/**
 * @typedef {{data: any, python: import("./python.js").Python, announce: (words: string) => void}} Lab
 */

/**
 * The tools of a cell, made once.
 * @param {HTMLElement} cell
 * @param {string} id
 * @param {Lab} lab
 */
export function tools(cell, id, lab) {
  if (!opened.has(id)) opened.set(id, new Tools(cell, id, lab));
  return opened.get(id);
}

/** The source of a cell as it stands on the page, or as the reader has changed it. @param {string} id */
function sourceOf(id) {
  const own = opened.get(id)?.area;
  return own ? own.value : original(document.getElementById(`cell-${id}`));
}

/** @param {HTMLElement} cell */
const original = (cell) => cell.querySelector(".cell_input pre").textContent.replace(/\n+$/, "");

class Tools {
  constructor(cell, id, lab) {
    Object.assign(this, { cell, id, lab, area: null, entry: lab.data.cells[id] });
    this.bar = cell.querySelector(".cell-tools");
    this.stopButton = this.button("Stop", () => this.lab.python.stop("Stopped."));
    this.resetButton = this.button("Reset", () => this.reset());
    this.stopButton.hidden = true;
    this.resetButton.hidden = true;
    this.said = make("p", { class: "cell-said" });
    this.shown = make("div", { class: "cell-run", hidden: "" });
    this.knobs = null;
    cell.append(this.said, this.shown);
  }

  button(label, act) {
    const made = make("button", { type: "button" }, [label]);
    made.addEventListener("click", act);
    this.bar.append(made);
    return made;
  }

  /** Show the numbers that this cell depends on. */
  adjust() {
    this.knobs ??= this.knobForm();
    this.knobs.querySelector("input").focus();
  }

  /** The numbers of the cell `parameters`, to change before the figure is drawn anew. */
  knobForm() {
    const lines = sourceOf("parameters").split("\n");
    const fields = lines.flatMap((line) => {
      const found = line.match(/^([A-Z][A-Z_0-9]*) = ([-+.\de]+)/);
      if (!found) return [];
      const input = make("input", { type: "text", inputmode: "decimal", value: found[2], autocomplete: "off" });
      const comment = line.split("#")[1]?.trim() ?? "";
      return [make("label", { title: comment }, [`${found[1]} `, input])];
    });
    const form = make("form", { class: "cell-knobs", "aria-label": "Parameters" }, fields);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
    this.bar.before(form);
    return form;
  }

  /** The source of a cell with the reader's numbers in it. @param {string} id */
  source(id) {
    let text = sourceOf(id);
    if (id === "parameters" && this.knobs) {
      for (const label of this.knobs.querySelectorAll("label")) {
        const name = label.textContent.trim();
        const value = label.querySelector("input").value.trim();
        if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value)) throw new Error(`${name} received ${value}; allowed: a number`);
        text = text.replace(new RegExp(`^${name} = [-+.\\de]+`, "m"), `${name} = ${value}`);
      }
    }
    return text;
  }

  edit() {
    if (this.area) return this.area.focus();
    const input = this.cell.querySelector(".cell_input");
    input.closest("details")?.setAttribute("open", "");
    this.area = make("textarea", { class: "cell-edit", "aria-label": `Code of ${this.id}`, spellcheck: "false", autocapitalize: "off", autocomplete: "off", autocorrect: "off" });
    this.area.value = original(this.cell);
    this.area.rows = this.area.value.split("\n").length + 1;
    input.hidden = true;
    input.after(this.area);
    this.area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.run();
      }
    });
    this.resetButton.hidden = false;
    this.area.focus();
  }

  reset() {
    this.area?.remove();
    this.area = null;
    this.cell.querySelector(".cell_input").hidden = false;
    for (const output of this.outputs()) output.hidden = false;
    this.shown.hidden = true;
    this.shown.replaceChildren();
    this.said.textContent = "";
    this.knobs?.remove();
    this.knobs = null;
    this.resetButton.hidden = true;
  }

  outputs() {
    return [...this.cell.querySelectorAll(".cell_output")];
  }

  /** Run what this cell needs and was not run with its present source, then the cell. */
  async run() {
    if (this.busy) return;
    this.busy = true;
    this.stopButton.hidden = false;
    const say = (words) => (this.said.textContent = words);
    try {
      const steps = this.steps();
      const needs = { plots: this.entry.plots, files: this.entry.files };
      const last = await this.lab.python.run(steps, { ...needs, dpi: Math.round(96 * Math.min(2, window.devicePixelRatio)) }, (words) => {
        say(words);
        if (words !== this.lastWords) this.lab.announce((this.lastWords = words));
      });
      home = this.lab.python.worker;
      for (const { id, source } of last.done) ran.set(id, { source, at: ++clock });
      this.show(last);
      say("");
      this.lab.announce(last.error ? last.error : "The cell has run.");
      return last;
    } catch (error) {
      say(error.message);
      this.lab.announce(error.message);
      return { error: error.message, broken: true };
    } finally {
      this.busy = false;
      this.stopButton.hidden = true;
      this.resetButton.hidden = false;
    }
  }

  steps() {
    if (!home || this.lab.python.worker !== home) ran.clear();
    const fresh = new Set();
    const steps = [];
    for (const id of ["imports", ...this.entry.needs, this.id]) {
      const source = id === "imports" ? this.lab.data.imports[Number(this.entry.plots)] : this.source(id);
      const before = ran.get(id);
      const stale = !before || before.source !== source || (this.lab.data.cells[id]?.needs ?? []).some((need) => fresh.has(need) || (ran.get(need)?.at ?? 0) > before.at);
      if (stale || id === this.id) {
        fresh.add(id);
        steps.push({ id, source });
      }
    }
    return steps;
  }

  /** The numbers that are not the committed ones. */
  changes() {
    const inputs = [...(this.knobs?.querySelectorAll("input") ?? [])].filter((input) => input.value.trim() !== input.defaultValue);
    return inputs.map((input) => `, with ${input.parentElement.textContent.trim()} = ${input.value.trim()}`).join("");
  }

  /** What the cell gave: text as text, figures as pictures with the words of the committed one. */
  show({ text, figures, error, cell }) {
    const alt = this.cell.querySelector(".cell_output img")?.alt ?? this.cell.closest("figure")?.querySelector("img")?.alt ?? "";
    const parts = [make("p", { class: "cell-yours" }, [cell && cell !== this.id ? `Your run, in the cell ${cell}:` : "Your run:"])];
    if (text) parts.push(make("pre", { tabindex: "0" }, [text]));
    for (const figure of figures) {
      const image = make("img", { alt: `Drawn by your run. With the committed numbers: ${alt}`, src: `data:image/png;base64,${figure}` });
      parts.push(image);
    }
    if (error) parts.push(make("pre", { class: "cell-error", tabindex: "0" }, [error]));
    if (this.id.startsWith("assert-")) parts.splice(1, 0, make("p", {}, [error ? (/^AssertionError/m.test(error) ? "✗ Here an assertion fails:" : "✗ It could not be run:") : `✓ Every assertion of this cell holds${this.changes()}.`]));
    else if (!text && !figures.length && !error) parts.push(make("p", {}, ["It ran, and shows nothing."]));
    this.shown.replaceChildren(...parts);
    this.shown.hidden = false;
    for (const output of this.outputs()) output.hidden = true;
  }
}
