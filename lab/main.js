/** Bring the exercises of a page to life: a field after each attempt, a verdict below, marks where something is solved. */

import { field } from "./fields.js";
import { make } from "./make.js";
import { predictions } from "./predict.js";
import { progress } from "./progress.js";
import { mark, megabytes } from "./start.js";
import { Store } from "./store.js";
import { message } from "./verdicts.js";

const data = JSON.parse(document.getElementById("lab-data").textContent);
const root = `${document.documentElement.dataset.content_root ?? "./"}_static/`;
const store = new Store(storage());
const lastStartDied = Boolean(mark("get"));
mark("clear");
/** @type {import("./python.js").Python | null} */
let python = null;
const status = make("div", { role: "status", "aria-atomic": "true", class: "visually-hidden", id: "lab-status" });
document.body.append(status);

function announce(words) {
  status.textContent = words;
}

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

for (const [name, entry] of Object.entries(data.exercises)) {
  const cell = document.getElementById(`cell-ex-${name}-try`);
  const title = document.getElementById(`ex-${name}`)?.querySelector(".admonition-title, .exercise-title")?.textContent ?? name;
  cell.after(answer(name, entry, title.trim()));
  cell.classList.add("is-answered-below");
}
progress(store, data);
predictions(store, data.predictions, announce);
for (const [id, { knobs }] of Object.entries(data.cells)) {
  const cell = document.getElementById(`cell-${id}`);
  const labels = { [id.startsWith("assert-") ? "Check it here" : "Run"]: "run", ...(knobs && { "Other numbers": "adjust" }), Edit: "edit" };
  cell?.append(make("div", { class: "cell-tools" }, Object.entries(labels).map(([label, act]) => tool(cell, id, label, act))));
}

/** A button of a cell, whose tools are loaded when it is pressed. */
function tool(cell, id, label, act) {
  const button = make("button", { type: "button", "aria-label": `${label}: ${id}` }, [label]);
  button.addEventListener("click", async () => {
    try {
      await prepare();
      const { tools } = await load("cells");
      tools(cell, id, { data, python, announce })[act]();
    } catch (error) {
      status.textContent = error.message;
      button.after(make("span", { class: "cell-said" }, [error.message]));
    }
  });
  return button;
}

/** @param {"python" | "cells"} name */
const load = (name) => import(new URL(root + data.scripts[name], window.location.href));

/** Load what speaks with the worker. */
async function prepare() {
  if (window.location.protocol === "file:") throw new Error("Pages opened from a folder cannot start Python: browsers ask for a server. Run make serve, or use the site.");
  try {
    const { Python } = await load("python");
    python ??= new Python(data.python, root, mark);
  } catch {
    throw new Error("A script for Python is missing, blocked, or sent with a wrong type by this server. Reload the page, or try again later.");
  }
}

/** The form of one exercise. */
function answer(name, entry, title) {
  const own = field(name, entry);
  const needsPython = entry.kind === "function" || entry.kind === "numbers";
  const check = make("button", { type: "submit" }, ["Check"]);
  const stop = make("button", { type: "button", hidden: "" }, ["Stop"]);
  const verdict = make("p", { class: "answer-verdict" });
  const printed = make("div", { class: "answer-printed", hidden: "", tabindex: "0", role: "group", "aria-label": "Printed" });
  const form = make("form", { class: "answer", "data-exercise": name, "aria-label": `Answer: ${title}` }, [
    make("p", { class: "answer-title" }, ["Answer here"]), own.element, make("div", { class: "answer-buttons" }, [check, stop]), verdict, printed,
  ]);
  if (needsPython && data.python)
    form.querySelector(".answer-buttons").append(make("span", { class: "answer-note" }, [`The first check loads Python once: ${megabytes(Object.values(data.python.files).reduce((sum, file) => sum + file.bytes, 0))}.`]));
  if (!store.lasting) form.append(make("p", { class: "answer-note" }, ["This browser will not keep your answers."]));
  if (needsPython && lastStartDied) show("", "The last start of Python did not finish, and the page was loaded anew. It starts only when you press Check.");
  own.write(store.get(name).text);
  own.element.addEventListener("input", () => store.set(name, { text: own.read() }));
  own.element.addEventListener("change", () => store.set(name, { text: own.read() }));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.shiftKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  stop.addEventListener("click", () => python?.stop("Stopped."));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (check.disabled) return;
    check.disabled = true;
    form.dataset.status = "working";
    try {
      await judge();
    } catch (error) {
      show("unusable", error.message);
    } finally {
      check.disabled = false;
      stop.hidden = true;
    }
  });

  async function judge() {
    const kept = own.read();
    const tries = store.get(name).tries ?? 0;
    let found = own.judge(kept);
    printed.hidden = true;
    if (!found) {
      stop.hidden = false;
      const question = { type: "judge", name, source: own.source(kept), given: `${data.imports[0]}\n${entry.given ?? ""}`, tries };
      await prepare();
      found = (await python.ask(question, (words) => show("working", words))).verdict;
      printed.textContent = found.printed;
      printed.hidden = !found.printed;
    }
    if (found.status === "wrong") store.set(name, { tries: tries + 1 });
    if (found.status === "right") store.set(name, { tries: 0, solved: true });
    show(found.status, message(found, tries + 1));
    progress(store, data);
  }

  function show(kind, words) {
    const sign = { right: "✓ ", wrong: "✗ ", unusable: "✗ " }[kind] ?? "";
    form.dataset.status = kind;
    verdict.textContent = sign + words;
    if (status.textContent !== verdict.textContent) status.textContent = verdict.textContent;
  }

  return form;
}
