/** The fields in which a reader answers. Nothing that they write, and nothing that Python prints, becomes HTML. */

import { calculate, plain, shown } from "./arithmetic.js";
import { make } from "./make.js";
import { ofFlags, ofNumber } from "./verdicts.js";

/** A telephone changes what one types: not here. */
const AS_TYPED = { autocapitalize: "off", autocorrect: "off", autocomplete: "off", spellcheck: "false" };
let unique = 0;

/**
 * @typedef {{element: HTMLElement, read: () => any, write: (kept: any) => void,
 *   judge: (answer: any) => import("./verdicts.js").Verdict | null, source: (answer: any) => string}} Field
 * `read` returns what is kept; it throws a sentence if there is nothing to judge. `judge` returns null where Python is needed.
 */

/**
 * @param {string} name of the exercise
 * @param {any} entry what the build says of it
 * @returns {Field}
 */
export function field(name, entry) {
  if (entry.kind === "number") return numbers([""], (values) => ofNumber(entry.table, values[0]));
  if (entry.kind === "numbers") return numbers(entry.labels, () => null, entry.name);
  if (entry.kind === "flags") return flags(entry);
  return code(entry);
}

function numbers(labels, judge, name = "answer") {
  const inputs = labels.map(() => make("input", { type: "text", inputmode: "text", ...AS_TYPED }));
  const rows = inputs.map((input, i) => {
    const echo = make("output", { class: "answer-echo" });
    input.addEventListener("input", () => {
      let text = "";
      try {
        const value = calculate(input.value);
        if (!/^\s*[-+]?[\d.]+\s*$/.test(input.value)) text = `= ${shown(value)}`;
      } catch {
        /* not yet a number */
      }
      echo.textContent = text;
    });
    return make("label", { class: "answer-number" }, [labels[i] ? `${labels[i]} = ` : "Your number: ", input, echo]);
  });
  return {
    element: make("div", {}, rows),
    read: () => inputs.map((input) => input.value),
    write: (kept) => Array.isArray(kept) && inputs.forEach((input, i) => {
      input.value = kept[i] ?? "";
      input.dispatchEvent(new Event("input"));
    }),
    judge: (texts) => judge(texts.map(calculate)),
    source: (texts) => `${name} = (${texts.map(calculate).join(", ")},)`,
  };
}

/** A row for each label: true or false; for letters a box each. */
function flags(entry) {
  const rows = entry.labels.map((label) => (entry.letters ? box(label) : pair(label)));
  return {
    element: make("div", { class: entry.letters ? "answer-letters" : "answer-flags" }, rows.map((row) => row.element)),
    read: () => rows.map((row) => row.read()),
    write: (kept) => Array.isArray(kept) && rows.forEach((row, i) => row.write(kept[i] ?? "")),
    judge: (texts) => {
      if (texts.includes("")) throw new Error("Choose True or False in each row.");
      if (entry.letters && !texts.includes("true")) throw new Error("Choose one letter at least.");
      return ofFlags(entry.table, texts.map((text) => text === "true"));
    },
    source: () => "",
  };
}

function pair(label) {
  const group = `answer-${++unique}`;
  const inputs = ["true", "false"].map((value) => make("input", { type: "radio", name: group, value }));
  const choices = inputs.map((input, i) => make("label", {}, [input, i ? "False" : "True"]));
  return {
    element: make("div", { role: "radiogroup", "aria-label": label }, [make("span", {}, [label]), ...choices]),
    read: () => inputs.find((input) => input.checked)?.value ?? "",
    write: (kept) => inputs.forEach((input) => (input.checked = input.value === kept)),
  };
}

function box(label) {
  const input = make("input", { type: "checkbox" });
  return {
    element: make("label", {}, [input, label]),
    read: () => String(input.checked),
    write: (kept) => (input.checked = kept === "true"),
  };
}

function code(entry) {
  const start = `def ${entry.signature}:\n    return `;
  const area = make("textarea", { rows: "3", wrap: "soft", "aria-label": `Python: ${entry.signature}`, ...AS_TYPED });
  area.value = start;
  const grow = () => (area.rows = Math.max(3, area.value.split("\n").length + 1));
  area.addEventListener("input", grow);
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    area.setRangeText(`\n${indentation(area.value.slice(0, area.selectionStart))}`, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input"));
  });
  return {
    element: make("div", {}, [area]),
    read: () => area.value,
    write: (kept) => {
      if (typeof kept === "string") area.value = kept;
      grow();
    },
    judge: (text) => {
      if (text.trim() === start.trim()) throw new Error("Not attempted yet: complete the function.");
      return null;
    },
    source: plain,
  };
}

/**
 * How far the line after this text begins: as the last one, four more behind a colon, four less behind a return.
 * @param {string} before
 */
export function indentation(before) {
  const line = before.split("\n").pop();
  const spaces = line.match(/^ */)[0].length;
  if (line.trimEnd().endsWith(":")) return " ".repeat(spaces + 4);
  return " ".repeat(/^ *return\b.+/.test(line) ? Math.max(0, spaces - 4) : spaces);
}
